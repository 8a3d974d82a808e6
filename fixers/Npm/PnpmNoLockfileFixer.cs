namespace QMoi.Fixers.Npm;

/// <summary>
/// A project of pnpm whose pnpm-lock.yaml was never committed: pnpm makes it. Unsafe where there is one that the job's pnpm cannot read: then the versions have to
/// be brought together by somebody who knows which is meant.
/// </summary>
public sealed class PnpmNoLockfileFixer : IFixer
{
    public string FailureId => "pnpm-no-lockfile";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { } project)
            return new FixResult.Declined("there is not exactly one package.json that the command can have meant");
        if (project.Lock is { } other)
            return new FixResult.Declined(project.Manager == PackageManager.Pnpm ? $"`{other}` is there, but of a format that this pnpm does not read; let packageManager in package.json name the pnpm that wrote it" : $"the project is locked by `{other}`");
        if (project.Manager != PackageManager.Pnpm)
            return new FixResult.Declined($"`{project.PackagePath}` does not say with packageManager that the project uses pnpm, nor which version");
        var lockfile = CheckoutPaths.Join(project.Folder, "pnpm-lock.yaml");
        return new FixResult.NeedsTool(new ToolRun([project.Relock()], project.Folder, $"Added `{lockfile}`."), [lockfile]);
    }
}
