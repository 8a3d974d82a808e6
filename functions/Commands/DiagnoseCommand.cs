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
        var passed = new Option<string?>("--passed") { Description = "Log of the last run of the same job that passed: what it printed as well is not taken for the cause", HelpName = "LOG" };
        var command = CommandLine.Command("diagnose", "Finds the root cause in job logs, offline.\nEnds with 0 when every log was recognised, 3 when one was not, 4 or 2 when one could not be read.",
            "qmoi diagnose job.log", "glab ci trace 123 | qmoi diagnose -", "qmoi diagnose --format codequality job.log > gl-code-quality-report.json", "qmoi diagnose --passed yesterday.log today.log");
        command.Arguments.Add(files);
        command.Options.Add(format);
        command.Options.Add(passed);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(files)!, parsed.GetValue(format)!, parsed.GetValue(passed), stop));
        return command;
    }

    private static async Task<int> RunAsync(string[] files, string format, string? passed, CancellationToken stop)
    {
        var diagnoser = new LogDiagnoser(KnownFailures.Load(CommandLine.Settings(null), refused => Terminal.Error.WriteLine("qmoi: " + refused)));
        var known = passed is null ? null : await ReadPassedAsync(passed, stop);
        var results = new Result[files.Length];
        await Parallel.ForAsync(0, files.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = stop }, async (at, ct) =>
            results[at] = await ReadAsync(diagnoser, files[at], known, ct));

        foreach (var problem in results.Select(result => result.Problem).OfType<string>())
            await Terminal.Error.WriteLineAsync("qmoi: " + problem);

        var logs = results.Select(result => result.Json).OfType<LogJson>().ToList();
        var reports = results.Where(result => result.Report is not null).Select(result => (result.Log, Report: result.Report!)).ToList();
        var exitCode = results.Select(result => result.ExitCode).MaxBy(Gravity);
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

    // A log that is not there is worse than one that cannot be read, and that than one which is not recognised.
    private static int Gravity(int exitCode) => exitCode switch { ExitCode.NotFound => 3, ExitCode.WrongUse => 2, ExitCode.Declined => 1, _ => 0 };

    private static async Task<Result> ReadAsync(LogDiagnoser diagnoser, string file, LineTemplates? passed, CancellationToken stop)
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            await using var stream = Open(file);
            var report = await diagnoser.DiagnoseAsync(stream, JobFacts.None, stop, passed);
            var elapsed = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
            var json = new LogJson(file, report.Lines, report.Bytes, Math.Round(elapsed, 2), [.. report.Diagnoses.Select(DiagnosisJson.Of)]);
            return new Result(file, report, json, null, report.Diagnoses[0].FailureId == Diagnosis.UnrecognisedId ? ExitCode.Declined : ExitCode.Done);
        }
        catch (Exception unreadable) when (unreadable is FileNotFoundException or DirectoryNotFoundException)
        {
            return new Result(file, null, null, $"{file}: there is no such file", ExitCode.NotFound);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new Result(file, null, null, $"{file}: cannot be read: {(Directory.Exists(file) ? "it is a folder" : unreadable.Message)}", ExitCode.WrongUse);
        }
    }

    private static async Task<LineTemplates> ReadPassedAsync(string file, CancellationToken stop)
    {
        try
        {
            await using var stream = Open(file);
            return await LineTemplates.ReadAsync(stream, stop);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(File.Exists(file) ? ExitCode.WrongUse : ExitCode.NotFound, $"--passed {file}: cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>Gzip is known by its first two bytes, whatever the name.</summary>
    internal static Stream Open(string file)
    {
        if (file == "-")
            return Terminal.OpenInput();
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1, FileOptions.SequentialScan);
        if (!stream.CanSeek)
            return stream;
        Span<byte> magic = stackalloc byte[2];
        var isGzip = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        stream.Position = 0;
        return isGzip ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    private sealed record Result(string Log, LogReport? Report, LogJson? Json, string? Problem, int ExitCode);
}
