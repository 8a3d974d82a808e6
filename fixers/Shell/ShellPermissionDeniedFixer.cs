namespace QMoi.Fixers.Shell;

/// <summary>A script that is not executable. Sets its mode; unsafe where it does not begin with <c>#!</c>, or is executable already.</summary>
public sealed class ShellPermissionDeniedFixer : IFixer
{
    public string FailureId => "shell-permission-denied";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("file", out var named))
            return new FixResult.Declined("the log does not name the script");
        if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await checkout.ReadAsync(path, cancellationToken) is not { } file)
            return new FixResult.Declined($"`{named}` is not a file of the repository");
        if (!file.Content.Span.StartsWith("#!"u8))
            return new FixResult.Declined($"`{path}` does not begin with `#!`, so the mode alone would not make it run");
        if (file.IsExecutable == true)
            return new FixResult.Declined($"`{path}` is executable already; something else denies the permission, such as a file system mounted without exec");
        return new FixResult.Fixed(new Patch([new FileEdit.SetExecutable(path, IsExecutable: true)]), $"Made `{path}` executable.");
    }
}
