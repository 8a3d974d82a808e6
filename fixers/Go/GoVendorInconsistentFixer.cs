namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises a vendor folder that does not fit go.mod. Runs <c>go mod vendor</c> in that module.
/// Unsafe where somebody changed vendored code by hand: the merge request shows it.
/// </summary>
public sealed class GoVendorInconsistentFixer : IFixer
{
    public string FailureId => "go-vendor-inconsistent";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var mod = await CheckoutPaths.FindAsync(checkout, $"{diagnosis.Captures.GetValueOrDefault("dir", "").TrimEnd('/')}/go.mod", cancellationToken);
        if ((mod is null ? await GoFolders.FindAsync(diagnosis, checkout, cancellationToken) : mod[..^"go.mod".Length].TrimEnd('/')) is not { } folder)
            return new FixResult.Declined("there is not exactly one go.mod that the command can have meant");
        var vendor = CheckoutPaths.Join(folder, "vendor");
        if (await checkout.ReadAsync(vendor + "/modules.txt", cancellationToken) is null)
            return new FixResult.Declined($"`{vendor}` is not committed; the job makes it");
        var command = new ToolCommand(["go", "mod", "vendor"], NeedsRegistry: true);
        return new FixResult.NeedsTool(new ToolRun([command], folder, $"Brought `{vendor}` in line with go.mod."), [vendor + "/**"]);
    }
}
