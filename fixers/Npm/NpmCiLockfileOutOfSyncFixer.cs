namespace QMoi.Fixers.Npm;

/// <summary>package.json was changed without package-lock.json: npm writes the lock file, with the scripts of packages off.</summary>
public sealed class NpmCiLockfileOutOfSyncFixer : IFixer
{
    public string FailureId => "npm-ci-lockfile-out-of-sync";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await NpmFolders.FindAsync(diagnosis, checkout, besides: "package-lock.json", cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with package.json and package-lock.json that the command can have meant");
        var lockfile = CheckoutPaths.Join(folder, "package-lock.json");
        // Scripts stay off: they belong to packages that nobody has looked at yet.
        var command = new ToolCommand(["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], NeedsRegistry: true);
        return new FixResult.NeedsTool(new ToolRun([command], folder, $"Brought `{lockfile}` in line with package.json."), [lockfile]);
    }
}
