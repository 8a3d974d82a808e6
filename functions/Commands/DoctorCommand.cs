using System.CommandLine;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Functions.CatchUp;
using QMoi.Functions.Hooks;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi doctor</c>: what is set up, what is missing, and how to get it.</summary>
internal static class DoctorCommand
{
    private const long MinFreeBytes = 1L << 30;
    private static readonly TimeSpan MaxBackupAge = TimeSpan.FromDays(1);

    public static Command Create()
    {
        var fix = new Option<bool>("--fix") { Description = "Repair what can be repaired: restore a damaged database and qmoi.json from their last good versions, make folders, close the data folder to others. Removes nothing" };
        var (data, json) = (CommandLine.DataOption(), CommandLine.JsonOption());
        var command = CommandLine.Command("doctor", "Checks settings, database, templates, disk and tools, and asks the forges whether they know the bot. Ends with 1 while something fails.", "qmoi doctor", "qmoi doctor --fix --data /var/lib/qmoi");
        command.Options.Add(fix);
        command.Options.Add(json);
        command.Options.Add(data);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(data), parsed.GetValue(fix), parsed.GetValue(json), stop));
        return command;
    }

    public static async Task<int> RunAsync(string? data, bool fix, bool json, CancellationToken stop)
    {
        var findings = new List<Finding>();
        var safeMode = new SafeMode();
        var withOwnSecrets = new HashSet<ForgeKind>();
        try
        {
            var settings = Settings(data, fix, safeMode, findings);
            findings.AddRange(Folder(settings, fix));
            if (findings.TrueForAll(finding => finding.Check != "data folder" || finding.Health == Health.Ok))
            {
                findings.AddRange(Rights(settings, fix));
                findings.AddRange(settings.DatabaseUrl is null ? await DatabaseAsync(settings, fix, safeMode, stop) : [await ServerAsync(settings, stop)]);
                if (findings.Exists(finding => finding is { Check: "database", Health: Health.Ok }) && (settings.DatabaseUrl is not null || File.Exists(new SqliteFiles(settings.DataFolder).Database)))
                    findings.AddRange(await StoredAsync(settings, withOwnSecrets, stop));
            }
            findings.AddRange(await DoctorForges.LookAsync(settings, withOwnSecrets, stop));
            findings.Add(await SandboxAsync(settings, stop));
            findings.Add(Knowledge(settings, safeMode));
        }
        catch (SettingsException wrong)
        {
            findings.Add(new Finding("settings", Health.Fail, wrong.Message, "Correct the setting named."));
        }
        findings.AddRange(Program("git", Health.Fail, "Repositories cannot be fetched for tool runs.", "Install git."));
        Care.LookForGit(safeMode);
        findings.Add(safeMode.Findings.Count == 0
            ? new Finding("safe mode", Health.Ok, "off: the bot uses its own files as they are")
            : new Finding("safe mode", Health.Warn, "on: " + string.Join(". ", safeMode.Findings), "Mend what is named above."));
        findings.AddRange(Program("npm", Health.Warn, "npm lock files, Prettier and ESLint findings are explained, not fixed.", "Install nodejs and npm."));

        if (json)
            await Terminal.Out.WriteLineAsync(JsonSerializer.Serialize([.. findings.Select(finding => new DoctorJson(finding.Check, Name(finding.Health), finding.Message, finding.Remedy))], OutputJson.Readable.IReadOnlyListDoctorJson));
        else
            foreach (var finding in findings)
                await Terminal.Out.WriteLineAsync($"{Name(finding.Health),-4}  {finding.Check}: {finding.Message}{(finding.Remedy is null ? "" : $"\n      -> {finding.Remedy}")}");
        return findings.Exists(finding => finding.Health == Health.Fail) ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>As <c>qmoi serve</c> reads them: a torn <c>qmoi.json</c> gives way to its last good copy, and with <c>--fix</c> is replaced by it.</summary>
    private static BotSettings Settings(string? data, bool fix, SafeMode safeMode, List<Finding> findings)
    {
        var (environment, program) = (Environment.GetEnvironmentVariables(), AppContext.BaseDirectory);
        try
        {
            var settings = SettingsReader.Read(environment, data, program);
            findings.Add(new Finding("settings", Health.Ok, "every setting is known and in range"));
            return settings;
        }
        catch (BrokenSettingsFileException broken) when (File.Exists(LastGoodSettings.CopyOf(broken.File)))
        {
            if (!fix)
            {
                var settings = LastGoodSettings.Read(environment, data, program, safeMode).Settings;
                findings.Add(new Finding("settings", Health.Fail, broken.Message, $"Correct the file, or run 'qmoi doctor --fix' to put its copy of {OwnFiles.WrittenAt(LastGoodSettings.CopyOf(broken.File))} back."));
                return settings;
            }
            var kept = PutBack(broken);
            var settingsAgain = SettingsReader.Read(environment, data, program);
            findings.Add(new Finding("settings", Health.Ok, $"repaired: qmoi.json is its last good copy again; the broken one ({broken.Message}) is kept as {kept}"));
            return settingsAgain;
        }
    }

    private static string PutBack(BrokenSettingsFileException broken)
    {
        try
        {
            return LastGoodSettings.PutBack(broken.File, TimeProvider.System);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{broken.Message} Its last good copy cannot be put back: {unwritable.Message}");
        }
    }

    private static IEnumerable<Finding> Folder(BotSettings settings, bool fix)
    {
        var folder = settings.DataFolder;
        if (!Directory.Exists(folder) && !fix)
        {
            if (WhyItCannotBeMade(folder) is { } obstacle)
            {
                yield return new Finding("data folder", Health.Fail, $"{folder} cannot be made: {obstacle}", "Choose another folder with --data.");
                yield break;
            }
            yield return new Finding("data folder", Health.Warn, $"{folder} does not exist yet", "It is made at the first start; or run 'qmoi doctor --fix'.");
            yield break;
        }
        string? problem = null;
        try
        {
            OwnFiles.MakeFolder(folder);
            var probe = Path.Combine(folder, $".probe-{Guid.NewGuid():N}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception.Message;
        }
        if (problem is not null)
        {
            yield return new Finding("data folder", Health.Fail, $"{folder} cannot be written: {problem}", "Give the bot's user write access, or choose another folder with --data.");
            yield break;
        }
        yield return new Finding("data folder", Health.Ok, folder);
        var free = new DriveInfo(folder).AvailableFreeSpace;
        yield return free >= MinFreeBytes
            ? new Finding("disk", Health.Ok, $"{free >> 30} GB free")
            : new Finding("disk", Health.Warn, $"only {free >> 20} MB free", "Deliveries are refused with 503 when the disk is full; make room.");
    }

    /// <summary>The nearest thing that exists on the way to the folder has to be a folder itself.</summary>
    private static string? WhyItCannotBeMade(string folder)
    {
        for (var above = folder; above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
                return $"{above} is a file.";
            if (Directory.Exists(above))
                return null;
        }
        return null;
    }

    /// <summary>Tokens and deliveries lie in there.</summary>
    private static IEnumerable<Finding> Rights(BotSettings settings, bool fix)
    {
        var folder = settings.DataFolder;
        if (fix)
        {
            string[] wanted = [Path.Combine(folder, "logs"), new SqliteFiles(folder).Backups.Folder, KnownFailures.FolderOf(settings)];
            var missing = wanted.Where(path => !Directory.Exists(path)).ToList();
            string? problem = null;
            try
            {
                missing.ForEach(OwnFiles.MakeFolder);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                problem = exception.Message;
            }
            if (problem is not null)
                yield return new Finding("folders", Health.Fail, problem, "Give the bot's user write access.");
            else if (missing.Count > 0)
                yield return new Finding("folders", Health.Ok, $"repaired: made {string.Join(", ", missing)}");
        }
        if (!OwnFiles.IsOpenToOthers(folder))
            yield break;
        var remedy = $"chmod 700 {folder}, or run 'qmoi doctor --fix' as the owner of the folder.";
        var isClosed = fix && TryClose(folder);
        yield return isClosed
            ? new Finding("rights", Health.Ok, "repaired: only its owner can enter the data folder now")
            : new Finding("rights", Health.Warn, "other users of this machine can enter the data folder, which holds tokens and deliveries", remedy);
    }

    private static bool TryClose(string folder)
    {
        try
        {
            OwnFiles.CloseToOthers(folder);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A database on a server: backing it up and restoring it is its admin's.</summary>
    private static async Task<Finding> ServerAsync(BotSettings settings, CancellationToken stop)
    {
        try
        {
            await using var store = Bot.OpenStore(settings, TimeProvider.System);
            var problems = await store.CheckAsync(stop);
            return problems.Count == 0
                ? new Finding("database", Health.Ok, "PostgreSQL answers, and its schema is the one of this program")
                : new Finding("database", Health.Warn, string.Join("; ", problems), "Correct the settings of the server, or the clock (NTP).");
        }
        catch (Exception exception) when (exception is StoreUnusableException or StoreUnavailableException)
        {
            return new Finding("database", Health.Fail, exception.Message, "Correct DATABASE_URL or the server.");
        }
    }

    /// <summary>Whether deliveries can be read, by the bot and by others, and what catching up has noticed of webhooks that a forge has switched off.</summary>
    private static async Task<IReadOnlyList<Finding>> StoredAsync(BotSettings settings, HashSet<ForgeKind> withOwnSecrets, CancellationToken stop)
    {
        try
        {
            await using var store = Bot.OpenStore(settings, TimeProvider.System);
            var hooks = await store.Hooks.AllAsync(stop);
            withOwnSecrets.UnionWith(hooks.Select(hook => hook.Owner.Forge));
            var encryption = await store.MissingKeysAsync(stop) is { Count: > 0 } missing
                ? new Finding("encryption", Health.Fail, Bot.WhyUnreadable(missing), "Give the key again, as the second of two separated by a comma.")
                : new Finding("encryption", Health.Ok, settings.EncryptionKeys.Count > 0
                    ? "deliveries are encrypted"
                    : "deliveries are stored readable, as they were received without their tokens (set QMOI_ENCRYPTION_KEY to encrypt them)");
            return [encryption, Credentials(hooks, settings), .. (await store.Sweeps.AlarmsAsync(stop)).OrderBy(alarm => alarm.Value, StringComparer.Ordinal).Select(alarm => new Finding("webhooks", Health.Warn, alarm.Value, Sweeper.RemedyFor(alarm.Key)))];
        }
        catch (Exception exception) when (exception is StoreUnusableException or StoreUnavailableException)
        {
            return [new Finding("webhooks", Health.Warn, exception.Message)];
        }
    }

    private static Finding Credentials(IReadOnlyList<HookRow> hooks, BotSettings settings)
    {
        if (hooks.Count == 0)
            return new Finding("credentials", Health.Ok, "none are stored");
        var key = settings.EncryptionKeys.Count > 0 ? "QMOI_ENCRYPTION_KEY" : $"the key in {CredentialKey.FileOf(settings)}, which no backup holds: keep a copy of it elsewhere";
        var lost = hooks.Where(hook => !CredentialKey.CanOpen(hook, settings)).Select(hook => hook.Path).ToList();
        return lost.Count == 0
            ? new Finding("credentials", Health.Ok, $"{hooks.Count} webhook secret(s), encrypted with {key}")
            : new Finding("credentials", Health.Fail, $"the webhook secrets of {string.Join(", ", lost)} cannot be read, so their deliveries are refused", "Give the key again (QMOI_ENCRYPTION_KEY takes two, or put the key file back), or run 'qmoi install' for them.");
    }

    private static async Task<IReadOnlyList<Finding>> DatabaseAsync(BotSettings settings, bool fix, SafeMode safeMode, CancellationToken stop)
    {
        var files = new SqliteFiles(settings.DataFolder);
        var findings = new List<Finding>();
        if (!File.Exists(files.Database) && files.WhyLost() is null)
            findings.Add(new Finding("database", Health.Ok, "none yet; it is made at the first start"));
        else
            findings.Add(await LookAtAsync(settings, fix, stop));
        if (File.Exists(files.Database))
            findings.Add(Backups(files));
        var kept = Directory.GetFiles(settings.DataFolder, "qmoi.db.damaged-*").Select(Path.GetFileName).Where(name => !name!.EndsWith("-wal", StringComparison.Ordinal) && !name.EndsWith("-shm", StringComparison.Ordinal)).ToList();
        if (kept.Count > 0)
        {
            safeMode.Set("database", $"qmoi.db was damaged and is kept as {string.Join(", ", kept)}", "a database restored from a backup is used");
            findings.Add(new Finding("damaged databases", Health.Warn, $"the database was restored {kept.Count} time(s); kept are {string.Join(", ", kept)}", "Look whether something is missing, and at the disk; then remove them."));
        }
        return findings;
    }

    private static async Task<Finding> LookAtAsync(BotSettings settings, bool fix, CancellationToken stop)
    {
        const string remedy = "Stop the bot and run 'qmoi doctor --fix', or start it again: the newest good backup is restored, the damaged file is kept.";
        StoreDamagedException? damage;
        try
        {
            await using var store = SqliteStore.Open(settings.DataFolder, TimeProvider.System);
            var problems = await store.CheckAsync(stop);
            if (problems.Count == 0)
                return new Finding("database", Health.Ok, "sound");
            damage = new StoreDamagedException(store.Files.Database, string.Join("; ", problems));
        }
        catch (StoreDamagedException found)
        {
            damage = found;
        }
        catch (StoreUnusableException unusable)
        {
            return new Finding("database", Health.Fail, unusable.Message, "Free the file or its folder if something else holds it.");
        }
        if (!fix)
            return new Finding("database", Health.Fail, $"damaged: {damage.Reason}", remedy);
        try
        {
            var restored = SqliteRepair.Restore(settings.DataFolder, damage, Bot.BodiesOf(settings), TimeProvider.System);
            return new Finding("database", Health.Ok, $"repaired: {restored.Wrong}; {restored.Instead}");
        }
        catch (StoreUnusableException unusable)
        {
            return new Finding("database", Health.Fail, unusable.Message, remedy);
        }
    }

    private static Finding Backups(SqliteFiles files) => files.Backups.Newest switch
    {
        null => new Finding("backups", Health.Warn, "there is none", "'qmoi serve' makes one at its start and each hour."),
        var newest when TimeProvider.System.GetUtcNow() - newest.At > MaxBackupAge =>
            new Finding("backups", Health.Warn, $"the newest is of {OwnFiles.Said(newest.At)}, more than a day ago", "'qmoi serve' makes one at its start and each hour; its log says why it could not."),
        var newest => new Finding("backups", Health.Ok, $"the newest is of {OwnFiles.Said(newest.At)}"),
    };

    private static async Task<Finding> SandboxAsync(BotSettings settings, CancellationToken stop)
    {
        var sandbox = await Sandbox.ProbeAsync(settings.Sandbox, TimeProvider.System, stop);
        return sandbox.Kind == SandboxKind.None
            ? new Finding("sandbox", Health.Warn, sandbox.Reason, "Install bubblewrap and allow user namespaces; until then tools are off and text fixers stay on.")
            : new Finding("sandbox", Health.Ok, sandbox.Kind.ToString().ToLowerInvariant());
    }

    private static Finding Knowledge(BotSettings settings, SafeMode safeMode)
    {
        _ = new Templates();
        var refused = new List<RefusedFile>();
        var catalogue = KnownFailures.Load(settings, refused.Add);
        foreach (var file in refused)
            safeMode.Set("catalogue " + file.Name, file.Problem, file.Instead);
        return refused.Count == 0
            ? new Finding("catalogue", Health.Ok, $"{catalogue.Entries.Count} known failures, {FixerIndex.All.Count} with a repair")
            : new Finding("catalogue", Health.Warn, string.Join("; ", refused), "Correct the file; docs/catalogue.md describes the keys.");
    }

    private static IEnumerable<Finding> Program(string name, Health without, string consequence, string remedy)
    {
        yield return Programs.Find(name, Environment.GetEnvironmentVariable("PATH") ?? "") is { } path
            ? new Finding(name, Health.Ok, path)
            : new Finding(name, without, $"not found on PATH. {consequence}", remedy);
    }

    private static string Name(Health health) => health.ToString().ToLowerInvariant();
}
