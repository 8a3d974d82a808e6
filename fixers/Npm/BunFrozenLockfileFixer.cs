namespace QMoi.Fixers.Npm;

/// <summary>package.json was changed without bun's lock file: bun writes it and nothing else.</summary>
public sealed class BunFrozenLockfileFixer : IFixer
{
    public string FailureId => "bun-frozen-lockfile";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        Lockfiles.UpdateAsync(diagnosis, checkout, PackageManager.Bun, ["bun.lock", "bun.lockb"], cancellationToken);
}
