namespace QMoi.Fixers.Python;

/// <summary>Runs ruff's safe fixes and its formatter on the files that it names. Findings without a safe fix are for a person: then nothing is changed, since the job would stay red.</summary>
public sealed class RuffFindingsFixer : IFixer
{
    private static readonly PythonTool Ruff = new()
    {
        Name = "ruff",
        Flags = new HashSet<string>(StringComparer.Ordinal) { "--preview", "--isolated" },
        Values = new HashSet<string>(StringComparer.Ordinal) { "--select", "--ignore", "--extend-select", "--extend-ignore", "--line-length", "--target-version", "--config" },
    };

    public string FailureId => "ruff-findings";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var findings = diagnosis.Matches.Where(match => match.Captures.ContainsKey("rule")).ToList();
        if (findings.Find(match => !match.Captures.ContainsKey("fixable")) is { } decision)
            return new FixResult.Declined($"{decision.Captures["rule"]} in `{decision.Captures.GetValueOrDefault("file")}` has no safe fix");
        List<string> Files(IEnumerable<SignatureMatch> matches) => [.. matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal)];
        var formatted = Files(diagnosis.Matches.Where(match => match.Captures.ContainsKey("unformatted")));
        return await Ruff.RunAsync([(["check", "--fix"], Files(findings)), (["format"], formatted)], diagnosis, checkout, cancellationToken);
    }
}
