using System.CommandLine;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi doctor</c>: what is set up, what is missing, and how to get it.</summary>
internal static class DoctorCommand
{
    private const long MinFreeBytes = 1L << 30;

    private enum Health { Ok, Warn, Fail }

    private sealed record Finding(string Check, Health Health, string Message, string? Remedy = null);

    public static Command Create()
    {
        var fix = new Option<bool>("--fix") { Description = "Repair what can be repaired" };
        var (data, json) = (CommandLine.DataOption(), CommandLine.JsonOption());
        var command = CommandLine.Command("doctor", "Checks settings, database, templates, tokens, disk and tools. Ends with 1 while something fails.", "qmoi doctor", "qmoi doctor --fix --data /var/lib/qmoi");
        command.Options.Add(fix);
        command.Options.Add(json);
        command.Options.Add(data);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(data), parsed.GetValue(fix), parsed.GetValue(json), stop));
        return command;
    }

    private static async Task<int> RunAsync(string? data, bool fix, bool json, CancellationToken stop)
    {
        var findings = new List<Finding>();
        try
        {
            var settings = CommandLine.Settings(data);
            findings.Add(new Finding("settings", Health.Ok, "every setting is known and in range"));
            findings.AddRange(Folder(settings, fix));
            if (findings.TrueForAll(finding => finding.Health != Health.Fail))
                findings.Add(await DatabaseAsync(settings, stop));
            findings.AddRange(Forges(settings));
            findings.Add(await SandboxAsync(settings, stop));
            findings.Add(Knowledge(settings));
        }
        catch (SettingsException wrong)
        {
            findings.Add(new Finding("settings", Health.Fail, wrong.Message, "Correct the setting named."));
        }
        findings.AddRange(Program("git", Health.Fail, "Repositories cannot be fetched for tool runs.", "Install git."));
        findings.AddRange(Program("npm", Health.Warn, "npm lock files, Prettier and ESLint findings are explained, not fixed.", "Install nodejs and npm."));

        if (json)
            await Terminal.Out.WriteLineAsync(JsonSerializer.Serialize([.. findings.Select(finding => new DoctorJson(finding.Check, Name(finding.Health), finding.Message, finding.Remedy))], OutputJson.Readable.IReadOnlyListDoctorJson));
        else
            foreach (var finding in findings)
                await Terminal.Out.WriteLineAsync($"{Name(finding.Health),-4}  {finding.Check}: {finding.Message}{(finding.Remedy is null ? "" : $"\n      -> {finding.Remedy}")}");
        return findings.Exists(finding => finding.Health == Health.Fail) ? ExitCode.Failed : ExitCode.Done;
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
            Directory.CreateDirectory(folder);
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

    private static async Task<Finding> DatabaseAsync(BotSettings settings, CancellationToken stop)
    {
        if (!File.Exists(Path.Combine(settings.DataFolder, "qmoi.db")))
            return new Finding("database", Health.Ok, "none yet; it is made at the first start");
        try
        {
            await using var store = SqliteStore.Open(settings.DataFolder, TimeProvider.System);
            var problems = await store.CheckAsync(stop);
            return problems.Count == 0
                ? new Finding("database", Health.Ok, "sound")
                : new Finding("database", Health.Fail, $"damaged: {string.Join("; ", problems)}", "Stop the bot, keep the file aside, and restore a backup.");
        }
        catch (StoreUnusableException unusable)
        {
            return new Finding("database", Health.Fail, unusable.Message, "Free the file or its folder if something else holds it; if the file is damaged, stop the bot, keep the file aside, and restore a backup.");
        }
    }

    private static IEnumerable<Finding> Forges(BotSettings settings)
    {
        var gitHub = (Secret: settings.GitHubSecrets.Secrets.Count > 0, Token: settings.GitHub.Token is not null || settings.GitHub.AppId is not null);
        var gitLab = (Secret: settings.GitLabSecrets.Secrets.Count + settings.GitLabSecrets.SigningTokens.Count > 0, Token: settings.GitLab.Token is not null);
        yield return Forge("GitHub", gitHub, "GITHUB_WEBHOOK_SECRET", "GITHUB_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY_PATH");
        yield return Forge("GitLab", gitLab, "GITLAB_WEBHOOK_SIGNING_TOKEN or GITLAB_WEBHOOK_SECRET", "GITLAB_TOKEN");
        if (!gitHub.Secret && !gitLab.Secret)
            yield return new Finding("forges", Health.Warn, "no forge is set up: every delivery would be refused", "Set a webhook secret and a token of at least one forge.");
    }

    private static Finding Forge(string name, (bool Secret, bool Token) has, string secret, string token) => has switch
    {
        (true, true) => new Finding(name, Health.Ok, "webhook secret and token are set"),
        (true, false) => new Finding(name, Health.Fail, "deliveries are accepted but cannot be worked: no token", $"Set {token}."),
        (false, true) => new Finding(name, Health.Fail, "a token is set but every delivery is refused: no webhook secret", $"Set {secret}."),
        _ => new Finding(name, Health.Ok, "not used"),
    };

    private static async Task<Finding> SandboxAsync(BotSettings settings, CancellationToken stop)
    {
        var sandbox = await Sandbox.ProbeAsync(settings.Sandbox, TimeProvider.System, stop);
        return sandbox.Kind == SandboxKind.None
            ? new Finding("sandbox", Health.Warn, sandbox.Reason, "Install bubblewrap and allow user namespaces; until then tools are off and text fixers stay on.")
            : new Finding("sandbox", Health.Ok, sandbox.Kind.ToString().ToLowerInvariant());
    }

    private static Finding Knowledge(BotSettings settings)
    {
        _ = new Templates();
        var refused = new List<string>();
        var catalogue = KnownFailures.Load(settings, refused.Add);
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
