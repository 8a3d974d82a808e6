namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises modules that the code needs and go.mod or go.sum do not name. Runs <c>go mod tidy</c> in the module of the command.
/// Unsafe where several modules lie beside each other and the command names none: declined.
/// </summary>
public sealed class GoModTidyNeededFixer : IFixer
{
    public string FailureId => "go-mod-tidy-needed";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) => GoModTidy.RunAsync(diagnosis, checkout, folder: null, cancellationToken);
}
