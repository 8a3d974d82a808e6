namespace QMoi.Fixers.Terraform;

/// <summary>
/// A provider is used that .terraform.lock.hcl has no version of. Terraform itself adds it; versions that are locked stay. Unsafe where several folders have a lock file,
/// and where checksums differ: that may be an attack.
/// </summary>
public sealed class TerraformProviderNotLockedFixer : IFixer
{
    private const string LockFile = ".terraform.lock.hcl";

    public string FailureId => "terraform-provider-not-locked";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var folders = await CheckoutPaths.FoldersAsync(checkout, async folder => await checkout.ReadAsync(CheckoutPaths.Join(folder, LockFile), cancellationToken) is not null, cancellationToken);
        if (folders is not [var folder])
            return new FixResult.Declined(folders.Count == 0 ? $"there is no {LockFile} in the repository" : $"more than one folder has a {LockFile}");
        var program = (diagnosis.Job.FailedCommand ?? "").Contains("tofu", StringComparison.Ordinal) ? "tofu" : "terraform";
        var path = CheckoutPaths.Join(folder, LockFile);
        return new FixResult.NeedsTool(
            new ToolRun([new ToolCommand([program, "providers", "lock", "-platform=linux_amd64"], NeedsRegistry: true)], folder, $"Added the missing provider to `{path}`."), [path]);
    }
}
