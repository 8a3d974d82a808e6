namespace QMoi.Fixers.Npm;

/// <summary>package.json was changed without yarn.lock: the Yarn of the repository resolves again and writes the lock file, nothing is linked or built.</summary>
public sealed class YarnBerryImmutableFixer : IFixer
{
    public string FailureId => "yarn-berry-immutable";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        Lockfiles.UpdateAsync(diagnosis, checkout, PackageManager.YarnBerry, ["yarn.lock"], cancellationToken);
}
