namespace QMoi.Fixers.Npm;

/// <summary>Lets a package manager bring its own lock file in line with package.json.</summary>
internal static class Lockfiles
{
    public static async Task<FixResult> UpdateAsync(Diagnosis diagnosis, ICheckout checkout, PackageManager manager, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        if (await NpmFolders.FindAsync(diagnosis, checkout, names, cancellationToken) is not { } folder)
            return new FixResult.Declined($"there is not exactly one folder with package.json and {names[0]} that the command can have meant");
        if (await NodeProject.OfFolderAsync(checkout, folder, cancellationToken) is not { Lock: { } lockfile } project || project.Manager != manager)
            return new FixResult.Declined($"{names[0]} lies beside the lock file of another package manager, or is not one that this command reads");
        return new FixResult.NeedsTool(new ToolRun([project.Relock()], project.Root, $"Brought `{lockfile}` in line with package.json."), [lockfile]);
    }
}
