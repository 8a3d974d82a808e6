using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Functions.Control;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi admin COMMAND</c>: master control. Each act is written down in the audit, with who did it.</summary>
internal static partial class AdminCommand
{
    /// <summary>Module switches and the emergency stop reach every process within that.</summary>
    private const string Soon = "Every process obeys within 5 seconds.";

    public static Command Create()
    {
        var by = new Option<string>("--by") { Description = "Who does it, for the audit", DefaultValueFactory = _ => Environment.UserName, HelpName = "NAME", Recursive = true };
        by.Validators.Add(result =>
        {
            if (!Name().IsMatch(result.GetValueOrDefault<string>() ?? ""))
                result.AddError($"--by: '{result.GetValueOrDefault<string>()}' is not valid; wanted is a letter or digit, and up to 59 more or spaces and . _ @ -.");
        });
        var data = CommandLine.DataOption();
        data.Recursive = true;
        var command = CommandLine.Command("admin", "Master control: switches modules, stops everything, backs up and restores, keeps the database in order, checks the audit.",
            "qmoi admin emergency_stop --by ada", "qmoi admin resume", "qmoi admin backup_system --to /mnt/backups/qmoi.db", "qmoi admin restore_system --drill", "qmoi admin verify_audit");
        command.Options.Add(by);
        command.Options.Add(data);

        Add("start_all_modules", $"Switches all modules on. {Soon}", (run, stop) => SwitchAsync(run, state => state with { Off = new HashSet<Module>() }, "All modules are on.", stop));
        Add("stop_all_modules", $"Switches all modules off: receiving too, so that forges are told to come again. {Soon}",
            (run, stop) => SwitchAsync(run, state => state with { Off = Modules.All.ToHashSet() }, "All modules are off. Forges give a webhook up that is refused for long: 'qmoi admin start_all_modules' soon.", stop));
        Add("emergency_stop", $"Ends what is being done, and nothing is done any more until 'resume'; deliveries are still stored. Survives restarts. {Soon}",
            (run, stop) => SwitchAsync(run, state => state with { StoppedBy = state.StoppedBy ?? $"{run.By}, {OwnFiles.Said(TimeProvider.System.GetUtcNow())}" }, "Stopped.", stop));
        Add("resume", "Ends the emergency stop. What was interrupted is taken up again.", (run, stop) => SwitchAsync(run, state => state with { StoppedBy = null }, "Resumed.", stop));
        Add("run_health_check", "The checks of 'qmoi doctor', and what waits. Ends with 1 while something fails.", HealthAsync);
        var to = new Option<string?>("--to") { Description = "File to write (default: in the folder backups of the data folder)", HelpName = "FILE" };
        Add("backup_system", "Backs the database up, while the bot runs. PostgreSQL: by pg_dump.", (run, stop) => BackUpAsync(run, run.Parsed.GetValue(to), stop), to);
        var from = new Option<string?>("--from") { Description = "Backup to take (default: the newest in the folder backups of the data folder)", HelpName = "FILE" };
        var drill = new Option<bool>("--drill") { Description = "Only try it: restore into a place of its own, check, count, remove" };
        Add("restore_system", "Puts a backup in the place of the database; what was there is kept. The bot has to be stopped.", (run, stop) => RestoreAsync(run, run.Parsed.GetValue(from), run.Parsed.GetValue(drill), stop), from, drill);
        Add("optimize_system", "Removes what is older than Store:KeepDays, brings the database's statistics up to date, gives room back.", OptimizeAsync);
        Add("update_system", "Brings the database to the schema of this program, and says what changed. Replicas of the version before may go on meanwhile.", UpdateAsync);
        Add("verify_audit", "Looks whether anything in the audit was edited, deleted, inserted, reordered or cut off. Ends with 1 when so.", VerifyAsync);
        return command;

        void Add(string name, string description, Func<Run, CancellationToken, Task<int>> act, params Option[] options)
        {
            var one = new Command(name, description);
            foreach (var option in options)
                one.Options.Add(option);
            one.SetAction((parsed, stop) => act(new Run(name, parsed, parsed.GetValue(by)!, CommandLine.Settings(parsed.GetValue(data))), stop));
            command.Subcommands.Add(one);
        }
    }

    private sealed record Run(string Act, ParseResult Parsed, string By, BotSettings Settings)
    {
        public string? DataFolder => Settings.DataFolder;
    }

    private static async Task<int> SwitchAsync(Run run, Func<ControlState, ControlState> change, string done, CancellationToken stop)
    {
        await using var store = Bot.OpenStore(run.Settings, TimeProvider.System);
        var (_, row) = await store.Control.ChangeAsync(run.By, run.Act, change, stop);
        Log(run, row);
        await Terminal.Out.WriteLineAsync($"{done} {Soon}");
        return ExitCode.Done;
    }

    private static async Task<int> HealthAsync(Run run, CancellationToken stop)
    {
        var healthy = await DoctorCommand.RunAsync(run.DataFolder, fix: false, json: false, stop);
        try
        {
            await using var store = Bot.OpenStore(run.Settings, TimeProvider.System);
            var (queue, control) = (await store.QueueAsync(stop), await store.Control.ReadAsync(stop));
            await Terminal.Out.WriteLineAsync($"queue: {queue.Ready} ready (the oldest for {queue.Age.TotalSeconds:0} s), {queue.Waiting} waiting, {queue.HeldLanes} repositories in work, {queue.Dead} given up");
            await Terminal.Out.WriteLineAsync(control.IsStopped ? $"STOPPED by {control.StoppedBy}: 'qmoi admin resume' goes on" : $"modules off: {(control.Off.Count == 0 ? "none" : string.Join(", ", control.Off.Order().Select(module => module.Name())))}");
            return healthy;
        }
        catch (Exception unusable) when (unusable is StoreUnusableException or StoreUnavailableException)
        {
            return ExitCode.Failed; // Told above, with its remedy.
        }
    }

    private static async Task<int> BackUpAsync(Run run, string? to, CancellationToken stop)
    {
        var file = await SystemBackup.MakeAsync(run.Settings, to, TimeProvider.System, stop);
        await NoteAsync(run, file, stop);
        await Terminal.Out.WriteLineAsync($"Backed up as {file} ({new FileInfo(file).Length / 1024.0 / 1024.0:0.0} MB). 'qmoi admin restore_system --drill' tries whether it can be restored.");
        return ExitCode.Done;
    }

    private static async Task<int> RestoreAsync(Run run, string? from, bool drill, CancellationToken stop)
    {
        if (drill)
        {
            await Terminal.Out.WriteLineAsync(await SystemBackup.DrillAsync(run.Settings, from, TimeProvider.System, stop));
            return ExitCode.Done;
        }
        var stoppedBy = await StoppedByAsync(run.Settings, stop);
        var done = await SystemBackup.RestoreAsync(run.Settings, from, TimeProvider.System, stop);
        await NoteAsync(run, done, stop);
        await Terminal.Out.WriteLineAsync(done);
        // A backup of quieter times must not let go what somebody has stopped since.
        return stoppedBy is null ? ExitCode.Done : await SwitchAsync(run with { Act = "emergency_stop" }, state => state with { StoppedBy = stoppedBy }, $"It stays stopped, by {stoppedBy}.", stop);
    }

    private static async Task<string?> StoppedByAsync(BotSettings settings, CancellationToken stop)
    {
        try
        {
            await using var store = Bot.OpenStore(settings, TimeProvider.System);
            return (await store.Control.ReadAsync(stop)).StoppedBy;
        }
        catch (Exception unusable) when (unusable is StoreUnusableException or StoreUnavailableException)
        {
            return null; // That is why it is restored.
        }
    }

    private static async Task<int> OptimizeAsync(Run run, CancellationToken stop)
    {
        await using var store = Bot.OpenStore(run.Settings, TimeProvider.System);
        var removed = 0;
        if (run.Settings.KeepDeliveries is { } kept)
            for (var step = -1; step != 0; removed += step)
                step = await store.RemoveFinishedAsync(TimeProvider.System.GetUtcNow() - kept, stop);
        var done = (await store.OptimizeAsync(stop)).Prepend($"{removed} deliveries older than Store:KeepDays were removed.").ToList();
        Log(run, await store.Control.NoteAsync(run.By, run.Act, string.Join(' ', done), stop));
        foreach (var line in done)
            await Terminal.Out.WriteLineAsync(line);
        return ExitCode.Done;
    }

    private static async Task<int> UpdateAsync(Run run, CancellationToken stop)
    {
        var before = SystemBackup.SchemaVersion(run.Settings);
        // Opening brings the schema up to date.
        await using var store = Bot.OpenStore(run.Settings, TimeProvider.System);
        var steps = SchemaSteps.Of(run.Settings.DatabaseUrl is null ? "sqlite" : "postgres");
        var taken = steps.Skip((int)before).Select(step => Path.GetFileNameWithoutExtension(step)).ToList();
        if (taken.Count > 0)
            Log(run, await store.Control.NoteAsync(run.By, run.Act, string.Join(", ", taken), stop));
        await Terminal.Out.WriteLineAsync(taken.Count == 0 ? $"Nothing to do: the database has schema {steps.Count}, as this program wants it." : $"The database had schema {before} and has {steps.Count} now: {string.Join(", ", taken)}.");
        return ExitCode.Done;
    }

    private static async Task<int> VerifyAsync(Run run, CancellationToken stop)
    {
        await using var store = Bot.OpenStore(run.Settings, TimeProvider.System);
        var (rows, problems) = await AuditChain.VerifyAsync(store.Control, Path.Combine(run.Settings.DataFolder, "logs"), stop);
        foreach (var problem in problems)
            await Terminal.Out.WriteLineAsync(problem);
        await Terminal.Out.WriteLineAsync(problems.Count == 0 ? $"{rows.ToString(CultureInfo.InvariantCulture)} rows, each as it was written." : $"The audit was changed: {problems.Count} {(problems.Count == 1 ? "place" : "places")} in {rows} rows.");
        return problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task NoteAsync(Run run, string details, CancellationToken stop)
    {
        await using var store = Bot.OpenStore(run.Settings, TimeProvider.System);
        Log(run, await store.Control.NoteAsync(run.By, run.Act, details, stop));
    }

    /// <summary>The same row out of the database's reach.</summary>
    private static void Log(Run run, AuditRow row)
    {
        using var loggers = Logging.Create(run.Settings, ConsoleLog.Text);
        Line.Audit(loggers.CreateLogger(Logging.Audit), row.Act, row.Actor, row.Details, row.Sequence, row.Hash);
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}][\p{L}\p{Nd} ._@-]{0,59}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    private static partial class Line
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Act} by {Actor}: {Details} #{Sequence} {Hash}")]
        public static partial void Audit(ILogger logger, string act, string actor, string details, long sequence, string hash);
    }
}
