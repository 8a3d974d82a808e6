namespace QMoi.Fixers.JavaScript;

/// <summary>Files that Prettier would write otherwise. Lets the project's own Prettier write these; unsafe where files by the hundred are named.</summary>
public sealed class PrettierCheckFailedFixer : IFixer
{
    public string FailureId => "prettier-check-failed";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return JavaScriptTool.RunAsync("prettier", ["--write"], files, [], diagnosis, checkout, cancellationToken);
    }
}
