using System.CommandLine;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Checks;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi fix</c>: the patch that repairs a checked-out repository.</summary>
internal static class FixCommand
{
    public static Command Create()
    {
        var repository = new Argument<string>("REPO") { Description = "Folder of the checked-out repository" };
        var log = new Option<string>("--log") { Description = "The failed job's log; '-' is standard input", Required = true, HelpName = "FILE" };
        var job = new Option<string?>("--job") { Description = "Name of the failed job", HelpName = "NAME" };
        var apply = new Option<bool>("--apply") { Description = "Leave the patch in the work tree, uncommitted; without it the patch is only printed" };
        var noModel = new Option<bool>("--no-llm") { Description = "Rules and tools only (this version knows no models)" };
        var json = CommandLine.JsonOption();
        var command = CommandLine.Command("fix", "Diagnoses and repairs a checked-out repository.\nEnds with 0 when there is a patch, 10 when the job should be run again, 3 when nothing is safe to do.",
            "qmoi fix . --log job.log", "qmoi fix . --log job.log --apply && git diff");
        command.Arguments.Add(repository);
        foreach (var option in new Option[] { log, job, apply, noModel, json })
            command.Options.Add(option);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(repository)!, parsed.GetValue(log)!, parsed.GetValue(job), parsed.GetValue(apply), parsed.GetValue(json), stop));
        return command;
    }

    private static async Task<int> RunAsync(string repository, string logFile, string? job, bool apply, bool json, CancellationToken stop)
    {
        if (!Directory.Exists(repository))
            throw new CommandException(ExitCode.NotFound, $"{repository}: there is no such folder");
        var settings = CommandLine.Settings(null);
        var diagnoser = new LogDiagnoser(KnownFailures.Load(settings, refused => Terminal.Error.WriteLine("qmoi: " + refused)));
        var sandbox = settings.SandboxWithoutSecrets;
        var planner = new CheckedPlanner(
            new FixPlanner(sandbox, TimeProvider.System, fault => Terminal.Error.WriteLine($"qmoi: incident {fault.Incident}: {fault.FailureId}: {fault.Exception.GetType().Name}: {fault.Exception.Message}")), new FixCheck(diagnoser), settings.Repair);
        var fix = new LocalFix(diagnoser, planner, settings.Repair, TimeProvider.System);
        var report = await DiagnoseAsync(fix, Path.GetFullPath(repository), logFile, job, stop);
        if (apply && report.Patch is { } patch && await PatchWriter.ApplyAsync(patch, Path.GetFullPath(repository), stop) is PatchWriteResult.Refused refused)
            throw new CommandException(ExitCode.Failed, $"the patch was not written: {refused.Reason}");

        var diff = report.Patch is null ? null : UnifiedDiff.Render(report.Patch);
        if (json)
        {
            var result = new FixJson(
                report.Decision, DiagnosisJson.Of(report.Diagnosis), report.Patch is null ? null : report.Diagnosis.FailureId, report.Patch?.Paths ?? [], diff, report.IsVerified,
                report.Diagnosis.MayBeAutomatic ? "low" : "medium", report.Reason, new CostJson(0, 0), Math.Round(report.Elapsed.TotalMilliseconds, 1));
            await Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(result, OutputJson.Readable.FixJson));
        }
        else
        {
            await Terminal.Error.WriteLineAsync($"{report.Diagnosis.Title}: {report.Diagnosis.Summary}\n{report.Decision}: {report.Reason}");
            if (diff is not null)
                await Terminal.Out.WriteAsync(diff);
        }
        return report.Decision switch { "heal" => ExitCode.Done, "retry" => ExitCode.Retry, _ => ExitCode.Declined };
    }

    private static async Task<LocalFixReport> DiagnoseAsync(LocalFix fix, string repository, string logFile, string? job, CancellationToken stop)
    {
        try
        {
            await using var log = DiagnoseCommand.Open(logFile);
            return await fix.PlanAsync(repository, log, job, line => Terminal.Error.WriteLine($"qmoi: {line}"), stop);
        }
        catch (Exception unreadable) when (unreadable is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.NotFound, $"{logFile}: there is no such file");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(ExitCode.WrongUse, $"{logFile} cannot be read: {unreadable.Message}");
        }
    }
}
