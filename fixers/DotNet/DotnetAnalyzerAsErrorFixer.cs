namespace QMoi.Fixers.DotNet;

/// <summary>
/// Findings of analyzers that fail the build. Applies the repair that the analyzer itself brings. Unsafe for rules of the compiler (a possible null, an old member,
/// a missing comment: the right answer is a decision), and where the rule has no repair: then the run changes nothing.
/// </summary>
public sealed class DotnetAnalyzerAsErrorFixer : IFixer
{
    public string FailureId => "dotnet-analyzer-as-error";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var rules = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("rule")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (rules.Find(rule => rule.StartsWith("CS", StringComparison.Ordinal)) is { } compilers)
            return new FixResult.Declined($"{compilers} is a rule of the compiler without a mechanical repair");
        return rules.Find(HasNoRepair) is { } hard
            ? new FixResult.Declined($"{hard} needs a decision, not a mechanical repair")
            : await DotnetFormatting.RunAsync(diagnosis, checkout, cancellationToken);
    }

    // Complexity, security, comments to be written, parameters that are part of an interface, tests that are switched off.
    private static bool HasNoRepair(string rule) =>
        rule is "IDE0060" or "IDE0079" or "CA1801" or "CA1502" or "CA1505" or "CA1506" or "CA1031" or "CA1062" or "CA2000" or "CA2100" or "CA1707" or "xUnit1004"
        || rule.StartsWith("CA3", StringComparison.Ordinal) || rule.StartsWith("CA5", StringComparison.Ordinal) || rule.StartsWith("SA16", StringComparison.Ordinal);
}
