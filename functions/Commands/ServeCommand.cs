using System.CommandLine;
using QMoi.Functions.Settings;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi serve</c>: the bot as one process, until SIGTERM or Ctrl+C, which lets it finish what it has in hand.</summary>
internal static partial class ServeCommand
{
    public static Command Create()
    {
        var urls = new Option<string>("--urls") { Description = "Where to listen", DefaultValueFactory = _ => "http://127.0.0.1:8080", HelpName = "URL" };
        CommandLine.AcceptOnlyHttp(urls);
        var data = CommandLine.DataOption();
        var role = new Option<string>("--role") { Description = "web: receive only; worker: work only; all: both", DefaultValueFactory = _ => "all" };
        role.AcceptOnlyFromAmong("web", "worker", "all");
        var command = CommandLine.Command("serve", "Runs the bot: webhooks and workers in one process. Prints 'ready URL' when it answers.",
            "qmoi serve", "qmoi serve --urls http://0.0.0.0:8080 --data /var/lib/qmoi");
        command.Options.Add(urls);
        command.Options.Add(data);
        command.Options.Add(role);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(urls)!, CommandLine.Settings(parsed.GetValue(data)), parsed.GetValue(role)!, stop));
        return command;
    }

    private static async Task<int> RunAsync(string urls, BotSettings settings, string role, CancellationToken stop)
    {
        using var loggers = Logging.Create(settings.DataFolder);
        var logger = loggers.CreateLogger("QMoi.Serve");
        using var onlyWorker = role == "web" ? null : BeOnlyWorker(settings.DataFolder);
        await using var bot = await StartAsync(settings, role, urls, loggers, stop);
        WarnOfGaps(logger, settings);
        if (onlyWorker is not null)
            await bot.Store.ReleaseLeasesAsync(stop);
        await Terminal.Out.WriteLineAsync($"ready {bot.Url}".TrimEnd());
        await Terminal.Out.FlushAsync(stop);
        if (role is "worker" or "all")
            await bot.Worker.RunAsync(stop);
        else
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return ExitCode.Done;
    }

    /// <summary>On SQLite one process works a data folder. The lock goes with the process, however it ends, so nothing has to be waited for after a crash.</summary>
    private static FileStream BeOnlyWorker(string dataFolder)
    {
        try
        {
            Directory.CreateDirectory(dataFolder);
            return new FileStream(Path.Combine(dataFolder, "worker.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUse, $"{dataFolder} is worked by another qmoi, or cannot be written: {taken.Message} One process works a data folder; stop the other one or use --role web.");
        }
    }

    private static async Task<Bot> StartAsync(BotSettings settings, string role, string urls, ILoggerFactory loggers, CancellationToken stop)
    {
        if (role == "worker")
            return Bot.Open(settings, TimeProvider.System, loggers);
        try
        {
            return await Bot.StartAsync(settings, urls, TimeProvider.System, loggers, stop);
        }
        catch (IOException taken)
        {
            throw new CommandException(ExitCode.WrongUse, $"--urls {urls} cannot be listened on: {taken.Message}");
        }
    }

    private static void WarnOfGaps(ILogger logger, BotSettings settings)
    {
        if (settings.GitHubSecrets.Secrets.Count == 0)
            Log.NoSecret(logger, ForgeKind.GitHub, "GITHUB_WEBHOOK_SECRET");
        if (settings.GitLabSecrets is { Secrets.Count: 0, SigningTokens.Count: 0 })
            Log.NoSecret(logger, ForgeKind.GitLab, "GITLAB_WEBHOOK_SIGNING_TOKEN or GITLAB_WEBHOOK_SECRET");
        if (settings.GitHub is { Token: null, AppId: null } && settings.GitHubSecrets.Secrets.Count > 0)
            Log.NoToken(logger, ForgeKind.GitHub, "GITHUB_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY_PATH");
        if (settings.GitLab.Token is null && settings.GitLabSecrets is not { Secrets.Count: 0, SigningTokens.Count: 0 })
            Log.NoToken(logger, ForgeKind.GitLab, "GITLAB_TOKEN");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Forge} deliveries are refused: no secret is set. Set {Setting}")]
        public static partial void NoSecret(ILogger logger, ForgeKind forge, string setting);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Forge} deliveries are stored but cannot be worked: no token is set. Set {Setting}")]
        public static partial void NoToken(ILogger logger, ForgeKind forge, string setting);
    }
}
