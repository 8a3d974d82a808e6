namespace QMoi.Fixers.Rust;

/// <summary>
/// Recognises a Cargo.lock that no longer fits Cargo.toml. Lets cargo bring the entries of the workspace's own members up to date; what else is locked stays.
/// Unsafe where the lock file was never committed: declined.
/// </summary>
public sealed class CargoLockOutdatedFixer : IFixer
{
    public string FailureId => "cargo-lock-outdated";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var named = diagnosis.Captures.GetValueOrDefault("file") ?? "Cargo.lock";
        var lockfile = await CheckoutPaths.FindAsync(checkout, named, cancellationToken);
        if (lockfile is null && await CargoFolders.FindAsync(diagnosis, checkout, cancellationToken) is { } found && await checkout.ReadAsync(CheckoutPaths.Join(found, "Cargo.lock"), cancellationToken) is not null)
            lockfile = CheckoutPaths.Join(found, "Cargo.lock");
        if (lockfile is null)
            return new FixResult.Declined("no Cargo.lock is committed, so --locked has nothing to hold on to");
        var folder = lockfile.LastIndexOf('/') is >= 0 and var at ? lockfile[..at] : "";
        var command = new ToolCommand(["cargo", "update", "--workspace"], NeedsRegistry: true);
        return new FixResult.NeedsTool(new ToolRun([command], folder, $"Brought `{lockfile}` in line with Cargo.toml."), [lockfile]);
    }
}
