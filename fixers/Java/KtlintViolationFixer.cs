namespace QMoi.Fixers.Java;

/// <summary>Violations that ktlint reports. Runs <c>ktlint --format</c> over the files named; what it cannot correct (names, for one) stays for a person.</summary>
public sealed class KtlintViolationFixer : IFixer
{
    public string FailureId => "ktlint-violation";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var hard = diagnosis.Matches.FirstOrDefault(match => match.Text.Contains("cannot be auto-corrected", StringComparison.Ordinal));
        return hard is null
            ? await JavaFormatterFiles.RunAsync(["ktlint", "--format"], [], diagnosis, checkout, cancellationToken)
            : new FixResult.Declined($"ktlint does not correct this itself: {hard.Text.Trim()}");
    }
}
