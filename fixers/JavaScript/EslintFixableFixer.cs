namespace QMoi.Fixers.JavaScript;

public sealed class EslintFixableFixer : IFixer
{
    public string FailureId => "eslint-fixable";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // A file's path stands on the line above its problems; any other line that looks like a path is something else.
        var matches = diagnosis.Matches;
        var files = new List<string>();
        for (var index = 0; index + 1 < matches.Count; index++)
            if (matches[index].Captures.TryGetValue("file", out var file) && matches[index + 1].Line == matches[index].Line + 1 && matches[index + 1].Captures.ContainsKey("rule"))
                files.Add(file);
        // Exit code 1: problems remain that --fix cannot repair. What it did repair is still right.
        return JavaScriptTool.RunAsync("eslint", "--fix", [.. files.Distinct(StringComparer.Ordinal)], [1], diagnosis, checkout, cancellationToken);
    }
}
