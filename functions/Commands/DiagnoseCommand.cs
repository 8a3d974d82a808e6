using System.CommandLine;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi diagnose</c>: the root cause of job logs, offline.</summary>
internal static class DiagnoseCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Job logs; '-' is standard input; gzip is read", Arity = ArgumentArity.OneOrMore };
        var format = new Option<string>("--format") { Description = "How to write the result", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json", "sarif", "codequality", "github");
        var command = CommandLine.Command("diagnose", "Finds the root cause in job logs, offline.\nEnds with 0 when every log was recognised, 3 when one was not, 4 or 2 when one could not be read.",
            "qmoi diagnose job.log", "glab ci trace 123 | qmoi diagnose -", "qmoi diagnose --format codequality job.log > gl-code-quality-report.json");
        command.Arguments.Add(files);
        command.Options.Add(format);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(files)!, parsed.GetValue(format)!, stop));
        return command;
    }

    private static async Task<int> RunAsync(string[] files, string format, CancellationToken stop)
    {
        var diagnoser = new LogDiagnoser(Catalogue.Embedded);
        var (logs, exitCode) = (new List<LogJson>(), ExitCode.Done);
        var reports = new List<(string Log, LogReport Report)>();
        foreach (var file in files)
        {
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                await using var stream = Open(file);
                var report = await diagnoser.DiagnoseAsync(stream, JobFacts.None, stop);
                var elapsed = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
                reports.Add((file, report));
                logs.Add(new LogJson(file, report.Lines, report.Bytes, Math.Round(elapsed, 2), [.. report.Diagnoses.Select(DiagnosisJson.Of)]));
                if (report.Diagnoses[0].FailureId == Diagnosis.UnrecognisedId && exitCode == ExitCode.Done)
                    exitCode = ExitCode.Declined;
            }
            catch (Exception unreadable) when (unreadable is FileNotFoundException or DirectoryNotFoundException)
            {
                await Terminal.Error.WriteLineAsync($"qmoi: {file}: there is no such file");
                exitCode = ExitCode.NotFound;
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                await Terminal.Error.WriteLineAsync($"qmoi: {file}: cannot be read: {(Directory.Exists(file) ? "it is a folder" : unreadable.Message)}");
                exitCode = exitCode == ExitCode.NotFound ? exitCode : ExitCode.WrongUse;
            }
        }
        await Terminal.Out.WriteLineAsync(format switch
        {
            "json" => JsonSerializer.Serialize(logs, OutputJson.Readable.IReadOnlyListLogJson),
            "sarif" => Sarif(reports),
            "codequality" => CodeQuality(reports),
            "github" => string.Join('\n', reports.Select(Annotation)),
            _ => string.Join("\n\n", reports.Select(Text)),
        });
        return exitCode;
    }

    /// <summary>Gzip is known by its first two bytes, whatever the name.</summary>
    internal static Stream Open(string file)
    {
        if (file == "-")
            return Terminal.OpenInput();
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1, FileOptions.SequentialScan);
        Span<byte> magic = stackalloc byte[2];
        var isGzip = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        stream.Position = 0;
        return isGzip ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    private static string Text((string Log, LogReport Report) item)
    {
        var diagnosis = item.Report.Diagnoses[0];
        var lines = diagnosis.Evidence.Select(line => $"  {(line.Number >= diagnosis.RootCause.Line && line.Number <= diagnosis.RootCause.EndLine ? '>' : ' ')}{line.Number,6} | {line.Text}");
        return string.Join('\n', [
            $"{item.Log}: {diagnosis.Title}",
            $"  {diagnosis.Summary}",
            .. lines,
            $"  next: {diagnosis.Next}",
            $"  ({diagnosis.FailureId}, {diagnosis.Category.Name()}, {(diagnosis.IsTransient ? "a retry may help" : "a retry does not help")}, {diagnosis.Confidence:P0} sure)"]);
    }

    private static string Annotation((string Log, LogReport Report) item)
    {
        var diagnosis = item.Report.Diagnoses[0];
        return $"::error title={Escape(diagnosis.Title).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal)}::{Escape($"{diagnosis.Summary} (line {diagnosis.RootCause.Line}: {diagnosis.RootCause.Text}) {diagnosis.Next}")}";

        static string Escape(string text) =>
            text.Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);
    }

    private static string CodeQuality(List<(string Log, LogReport Report)> reports)
    {
        IReadOnlyList<CodeQualityJson> issues = [.. reports.Select(item => (item.Log, Diagnosis: item.Report.Diagnoses[0])).Select(item => new CodeQualityJson(
            $"{item.Diagnosis.Summary} {item.Diagnosis.Next}", item.Diagnosis.FailureId, Fingerprint(item.Log, item.Diagnosis), item.Diagnosis.IsTransient ? "minor" : "major",
            new CodeQualityLocation(item.Log == "-" ? "stdin" : item.Log, new CodeQualityLines(item.Diagnosis.RootCause.Line))))];
        return JsonSerializer.Serialize(issues, CodeQualityContext.IReadOnlyListCodeQualityJson);
    }

    /// <summary>GitLab shows one issue for each fingerprint: the same cause in two logs has to be two.</summary>
    private static string Fingerprint(string log, Diagnosis diagnosis) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{diagnosis.FailureSignature} {log}")))[..32];

    /// <summary>GitLab's keys are in snake case.</summary>
    private static readonly OutputJson CodeQualityContext = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower });

    /// <summary>SARIF 2.1.0: one rule per failure, one result per log.</summary>
    private static string Sarif(List<(string Log, LogReport Report)> reports)
    {
        var primaries = reports.Select(item => (item.Log, Diagnosis: item.Report.Diagnoses[0])).ToList();
        var rules = primaries.Select(item => item.Diagnosis).DistinctBy(diagnosis => diagnosis.FailureId).Select(diagnosis => (JsonNode)new JsonObject
        {
            ["id"] = diagnosis.FailureId,
            ["shortDescription"] = new JsonObject { ["text"] = diagnosis.Title },
            ["help"] = new JsonObject { ["text"] = diagnosis.Next },
        }).ToArray();
        var results = primaries.Select(item => (JsonNode)new JsonObject
        {
            ["ruleId"] = item.Diagnosis.FailureId,
            ["level"] = "error",
            ["message"] = new JsonObject { ["text"] = $"{item.Diagnosis.Summary} {item.Diagnosis.Next}" },
            ["locations"] = new JsonArray(new JsonObject
            {
                ["physicalLocation"] = new JsonObject
                {
                    ["artifactLocation"] = new JsonObject { ["uri"] = item.Log == "-" ? "stdin" : new Uri(item.Log, UriKind.RelativeOrAbsolute) is { IsAbsoluteUri: true } uri ? uri.AbsoluteUri : Uri.EscapeDataString(item.Log).Replace("%2F", "/", StringComparison.Ordinal) },
                    ["region"] = new JsonObject { ["startLine"] = item.Diagnosis.RootCause.Line, ["endLine"] = item.Diagnosis.RootCause.EndLine, ["snippet"] = new JsonObject { ["text"] = item.Diagnosis.RootCause.Text } },
                },
            }),
            ["partialFingerprints"] = new JsonObject { ["failureSignature/v1"] = item.Diagnosis.FailureSignature },
        }).ToArray();
        return new JsonObject
        {
            ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject { ["driver"] = new JsonObject { ["name"] = "qmoi", ["rules"] = new JsonArray(rules) } },
                ["results"] = new JsonArray(results),
            }),
        }.ToJsonString();
    }
}
