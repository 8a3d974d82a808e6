namespace QMoi.Fixers.JavaScript;

/// <summary>Findings that ESLint can repair. Runs the project's own <c>eslint --fix</c> over the files named; what it cannot repair stays for a person.</summary>
public sealed class EslintFixableFixer : IFixer
{
    public string FailureId => "eslint-fixable";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Where(match => match.Captures.ContainsKey("rule")).Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>();
        // Exit code 1: problems remain that --fix cannot repair. What it did repair is still right.
        return JavaScriptTool.RunAsync("eslint", ["--fix"], [.. files.Distinct(StringComparer.Ordinal)], [1], diagnosis, checkout, cancellationToken);
    }
}
