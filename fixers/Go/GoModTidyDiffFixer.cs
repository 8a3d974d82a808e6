namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises the check that go.mod and go.sum are as <c>go mod tidy</c> leaves them. Runs it in the module whose files differ.
/// Unsafe where the files of several modules differ: declined.
/// </summary>
public sealed class GoModTidyDiffFixer : IFixer
{
    public string FailureId => "go-mod-tidy-diff";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // git names paths from the root; go -diff names none.
        var folders = diagnosis.Matches.Where(match => match.Captures.ContainsKey("git")).Select(match => match.Captures.GetValueOrDefault("dir", "").TrimEnd('/')).Distinct(StringComparer.Ordinal).ToList();
        return folders switch
        {
            [] => await GoModTidy.RunAsync(diagnosis, checkout, folder: null, cancellationToken),
            [var only] => await GoModTidy.RunAsync(diagnosis, checkout, only, cancellationToken),
            _ => new FixResult.Declined($"the files of several modules differ: {string.Join(", ", folders.Select(folder => $"`{CheckoutPaths.Join(folder, "go.mod")}`"))}"),
        };
    }
}
