using System.CommandLine;
using System.IO.Compression;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Functions.Commands.Diagnose;

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
        if (format == "text")
            TextReport.Write(reports, Terminal.Rich(onStandardError: false));
        else
            await Terminal.Out.WriteAsync(format switch
            {
                "json" => JsonReport.Of(logs),
                "sarif" => SarifReport.Of(reports),
                "codequality" => CodeQualityReport.Of(reports),
                _ => GitHubReport.Of(reports),
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
}
