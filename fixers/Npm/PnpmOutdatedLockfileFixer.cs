namespace QMoi.Fixers.Npm;

/// <summary>package.json was changed without pnpm-lock.yaml: pnpm writes the lock file and nothing else.</summary>
public sealed class PnpmOutdatedLockfileFixer : IFixer
{
    public string FailureId => "pnpm-outdated-lockfile";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        Lockfiles.UpdateAsync(diagnosis, checkout, PackageManager.Pnpm, ["pnpm-lock.yaml"], cancellationToken);
}
