using System.Reflection;
using System.Text.Json.Nodes;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>SARIF 2.1.0: one rule for each failure, one result for each log.</summary>
/// <remarks>What code scanning wants beyond the standard, and how much of each: docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support (read 2026-11).</remarks>
internal static class SarifReport
{
    private const int LongestText = 1000;

    public static string Of(IReadOnlyList<(string Log, LogReport Report)> reports)
    {
        var primaries = reports.Select(item => (item.Log, Diagnosis: item.Report.Diagnoses[0])).ToList();
        var rules = primaries.Select(item => item.Diagnosis).DistinctBy(diagnosis => diagnosis.FailureId).ToList();
        return new JsonObject
        {
            ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = Array(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "qmoi",
                        ["version"] = typeof(SarifReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
                        ["rules"] = Array([.. rules.Select(Rule)]),
                    },
                },
                ["results"] = Array([.. primaries.Select(item => Result(item.Log, item.Diagnosis, rules.FindIndex(rule => rule.FailureId == item.Diagnosis.FailureId)))]),
            }),
        }.ToJsonString() + "\n";
    }

    /// <summary>Says the same whatever the logs: what is of one log stands in its result.</summary>
    private static JsonObject Rule(Diagnosis diagnosis) => new()
    {
        ["id"] = diagnosis.FailureId,
        ["shortDescription"] = Text(diagnosis.Title),
        ["fullDescription"] = Text($"{diagnosis.Title}. A failure of a CI job, of the category {diagnosis.Category.Name()}{(diagnosis.IsTransient ? ", that a retry may heal" : "")}."),
        ["help"] = Text(diagnosis.Action switch
        {
            FailureAction.Retry => "Run the job again. Where it keeps failing, read the lines of the log that the result shows.",
            FailureAction.Edit => "A file of the repository has to be changed. The result says which and how.",
            FailureAction.Run => "A tool has to be run and what it changes committed. The result says which.",
            _ => "Read the lines of the log that the result shows, and what it says to do next.",
        }),
        ["defaultConfiguration"] = new JsonObject { ["level"] = "error" },
        ["properties"] = new JsonObject { ["tags"] = Array(diagnosis.Category.Name()) },
    };

    private static JsonObject Result(string log, Diagnosis diagnosis, int ruleIndex)
    {
        var inLog = Location(Place.InLog(log, diagnosis), ReportText.Cause(diagnosis));
        var result = new JsonObject
        {
            ["ruleId"] = diagnosis.FailureId,
            ["ruleIndex"] = ruleIndex,
            ["level"] = "error",
            ["message"] = Text($"{diagnosis.Summary} {diagnosis.Next}"),
        };
        if (Place.InSource(diagnosis) is { } source)
        {
            inLog["id"] = 1;
            inLog["message"] = Text("What the job printed.");
            result["locations"] = Array(Location(source, snippet: null));
            result["relatedLocations"] = Array(inLog);
        }
        else
        {
            result["locations"] = Array(inLog);
        }
        // The second name is the one that code scanning tells alerts apart by.
        result["partialFingerprints"] = new JsonObject { ["failureSignature/v1"] = diagnosis.FailureSignature, ["primaryLocationLineHash"] = $"{diagnosis.FailureSignature}:1" };
        result["rank"] = Math.Round(diagnosis.Confidence * 100, 1);
        result["properties"] = new JsonObject { ["confidence"] = Math.Round(diagnosis.Confidence, 3), ["transient"] = diagnosis.IsTransient };
        return result;
    }

    /// <summary>Code scanning wants all four numbers of a region: a place in a source file is one character wide, as its tool named it.</summary>
    private static JsonObject Location(Place place, string? snippet)
    {
        var startColumn = place.Column ?? 1;
        var region = new JsonObject
        {
            ["startLine"] = place.Line,
            ["startColumn"] = startColumn,
            ["endLine"] = place.EndLine,
            ["endColumn"] = snippet is null ? startColumn + 1 : snippet.Length - snippet.LastIndexOf('\n'),
        };
        if (!string.IsNullOrEmpty(snippet))
            region["snippet"] = new JsonObject { ["text"] = snippet };
        return new JsonObject
        {
            ["physicalLocation"] = new JsonObject { ["artifactLocation"] = new JsonObject { ["uri"] = place.Uri }, ["region"] = region },
        };
    }

    /// <summary>Viewers make a link of <c>[text](target)</c>: what a log says is never one.</summary>
    private static JsonObject Text(string text) => new() { ["text"] = ReportText.OneLine(text, LongestText).Replace("](", "] (", StringComparison.Ordinal) };

    private static JsonArray Array(params JsonNode[] items) => new(items);
}
