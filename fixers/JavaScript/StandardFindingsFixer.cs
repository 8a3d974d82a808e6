namespace QMoi.Fixers.JavaScript;

/// <summary>Lets the project's own Standard repair what it can in the files that the log names.</summary>
public sealed class StandardFindingsFixer : IFixer
{
    public string FailureId => "standard-findings";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        // Exit code 1: problems remain that --fix cannot repair.
        return JavaScriptTool.RunAsync("standard", ["--fix"], files, [1], diagnosis, checkout, cancellationToken);
    }
}
