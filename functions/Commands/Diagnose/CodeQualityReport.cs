using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QMoi.Fixers;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>GitLab's Code Quality report: one issue for each log.</summary>
/// <remarks>docs.gitlab.com/ci/testing/code_quality, "Code Quality report format" (read 2026-11).</remarks>
internal static class CodeQualityReport
{
    private const int LongestDescription = 1000;

    private static readonly OutputJson SnakeCase = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower });

    public static string Of(IEnumerable<(string Log, LogReport Report)> reports)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        List<CodeQualityJson> issues = [];
        foreach (var (log, report) in reports)
        {
            var diagnosis = report.Diagnoses[0];
            var place = Place.InSource(diagnosis) ?? Place.InLog(log, diagnosis);
            // A path has to be relative; of a log somewhere else its name is what a reader can use.
            var path = place.IsInCheckout ? place.Path : place.Path[(place.Path.LastIndexOf('/') + 1)..];
            var cause = $"{diagnosis.FailureSignature} {path}";
            var count = seen[cause] = seen.GetValueOrDefault(cause) + 1;
            issues.Add(new CodeQualityJson(
                ReportText.OneLine($"{diagnosis.Summary} {diagnosis.Next}", LongestDescription), diagnosis.FailureId, Fingerprint(cause, count), Severity(diagnosis),
                new CodeQualityLocation(path, new CodeQualityLines(place.Line))));
        }
        return JsonSerializer.Serialize(issues, SnakeCase.IReadOnlyListCodeQualityJson) + "\n";
    }

    /// <summary>The same in every pipeline, so that GitLab can tell new issues from old; GitLab shows one issue for each, so the same cause in two logs has to have two.</summary>
    private static string Fingerprint(string cause, int count) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{cause} {count}")))[..32];

    private static string Severity(Diagnosis diagnosis) => diagnosis switch
    {
        { FailureId: Diagnosis.UnrecognisedId } => "info",
        { IsTransient: true } => "minor",
        { Category: FailureCategory.Security } => "critical",
        _ => "major",
    };
}
