namespace QMoi.Fixers.Npm;

/// <summary>
/// The job runs <c>npm ci</c> in a project that was never locked: npm makes package-lock.json. Unsafe where another package manager's lock file, a setting or
/// .gitignore says that the project does not want one; then the job is wrong and not the repository.
/// </summary>
public sealed class NpmCiNoLockfileFixer : IFixer
{
    public string FailureId => "npm-ci-no-lockfile";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { } project)
            return new FixResult.Declined("there is not exactly one package.json that the command can have meant");
        if (project.Lock is { } other)
            return new FixResult.Declined(
                project.Manager == PackageManager.Npm ? $"`{other}` is there; the job runs in another folder, or its format is too old for `npm ci`" : $"the project is locked by `{other}`; the job has to install with that package manager");
        if (project.Manager != PackageManager.Npm)
            return new FixResult.Declined($"`{project.PackagePath}` names another package manager than npm; the job has to install with that one");
        if (await NpmFolders.FindAsync(diagnosis, checkout, NodeProject.LockNames, cancellationToken) is { } elsewhere && elsewhere != project.Folder)
            return new FixResult.Declined($"the lock file lies in `{elsewhere}`; the job may have to run there");
        foreach (var (name, forbidden) in new[] { (".gitignore", "package-lock.json"), (".npmrc", "package-lock=false") })
        {
            foreach (var folder in new[] { project.Folder, "" }.Distinct(StringComparer.Ordinal))
            {
                if (await TextFile.ReadAsync(checkout, CheckoutPaths.Join(folder, name), cancellationToken) is { } settings
                    && settings.Lines.Any(line => line.Replace(" ", "", StringComparison.Ordinal).TrimStart('/', '*').Equals(forbidden, StringComparison.Ordinal)))
                    return new FixResult.Declined($"`{settings.Path}` says that this project has no package-lock.json; the job has to run `npm install`");
            }
        }

        var lockfile = CheckoutPaths.Join(project.Folder, "package-lock.json");
        return new FixResult.NeedsTool(new ToolRun([project.Relock()], project.Folder, $"Added `{lockfile}`."), [lockfile]);
    }
}
