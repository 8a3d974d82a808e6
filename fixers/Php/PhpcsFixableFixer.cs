namespace QMoi.Fixers.Php;

/// <summary>Runs phpcbf on the files in which phpcs marks violations with [x]. A violation without the mark is for a person: then nothing is changed, since the job would stay red.</summary>
public sealed class PhpcsFixableFixer : IFixer
{
    public string FailureId => "phpcs-fixable";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var findings = diagnosis.Matches.Where(match => match.Captures.ContainsKey("level")).ToList();
        if (findings.Find(match => match.Captures["level"] == "ERROR" && match.Captures.GetValueOrDefault("mark") != "x") is { } decision)
            return Task.FromResult<FixResult>(new FixResult.Declined($"a violation in `{decision.Captures.GetValueOrDefault("file")}`, line {decision.Captures["line"]}, has no automatic correction"));
        var files = findings.Where(match => match.Captures.GetValueOrDefault("mark") == "x").Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        // Up to version 3 it ends with 1 when all was corrected.
        return PhpTool.RunAsync("squizlabs/php_codesniffer", ["phpcbf"], files, [1], diagnosis, checkout, cancellationToken);
    }
}
