namespace QMoi.Fixers.Npm;

/// <summary>package.json was changed without yarn.lock: Yarn 1 writes the lock file, with the scripts of packages off.</summary>
public sealed class Yarn1FrozenLockfileFixer : IFixer
{
    public string FailureId => "yarn1-frozen-lockfile";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        Lockfiles.UpdateAsync(diagnosis, checkout, PackageManager.YarnClassic, ["yarn.lock"], cancellationToken);
}
