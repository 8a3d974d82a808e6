namespace QMoi.Fixers.JavaScript;

/// <summary>Lets the project's own Stylelint repair what it can in the style sheets that the log names.</summary>
public sealed class StylelintErrorsFixer : IFixer
{
    public string FailureId => "stylelint-errors";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        // Exit code 2: problems remain that --fix cannot repair.
        return JavaScriptTool.RunAsync("stylelint", ["--fix"], files, [2], diagnosis, checkout, cancellationToken);
    }
}
