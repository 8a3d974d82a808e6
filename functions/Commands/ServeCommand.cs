using System.CommandLine;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Commands;

/// <summary>
/// <c>qmoi serve</c>: the bot as one process, until SIGTERM or Ctrl+C, which lets it finish what it has in hand. Where files of its own are broken it starts with their
/// last good versions and says so: <see cref="SafeMode"/>.
/// </summary>
internal static partial class ServeCommand
{
    /// <summary>A disk that damages the database again and again is not healed by restoring it.</summary>
    private const int MaxRestores = 3;

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
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(urls)!, parsed.GetValue(data), parsed.GetValue(role)!, stop));
        return command;
    }

    private static async Task<int> RunAsync(string urls, string? data, string role, CancellationToken stop)
    {
        var safeMode = new SafeMode();
        var lastGood = LastGoodSettings.Read(Environment.GetEnvironmentVariables(), data, AppContext.BaseDirectory, safeMode);
        var settings = lastGood.Settings;
        using var onlyWorker = role == "web" ? null : BeOnlyWorker(settings.DataFolder);
        using var loggers = Logging.Create(settings.DataFolder);
        var logger = loggers.CreateLogger("QMoi.Serve");
        for (var restores = 0; ; restores++)
        {
            string damage;
            await using (var bot = await StartAsync(settings, safeMode, role, urls, loggers, stop))
            {
                if (onlyWorker is not null)
                {
                    bot.Care.LookAround();
                    await bot.Store.ReleaseLeasesAsync(stop);
                }
                if (restores == 0)
                {
                    WarnOfGaps(logger, settings);
                    await Terminal.Out.WriteLineAsync($"ready {bot.Url}".TrimEnd());
                    await Terminal.Out.FlushAsync(stop);
                    Keep(lastGood, logger);
                }
                else
                {
                    Log.Back(logger, bot.Url);
                }
                if (await WorkAsync(bot, role, stop) is not { } found)
                    return ExitCode.Done;
                (damage, urls) = (found, bot.Urls.Length > 0 ? bot.Urls : urls);
            }
            Log.Damaged(logger, damage);
            if (restores == MaxRestores)
                throw new CommandException(ExitCode.Failed, $"the database was restored {MaxRestores} times and is damaged again: {damage}. Look at the disk, then start again.");
            Bot.Restore(settings, new StoreDamagedException(Path.Combine(settings.DataFolder, "qmoi.db"), damage), safeMode, TimeProvider.System);
        }
    }

    /// <summary>Until the bot is to stop, or its database turns out to be damaged: then what was found.</summary>
    private static async Task<string?> WorkAsync(Bot bot, string role, CancellationToken stop)
    {
        using var running = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var caring = role == "web" ? Task.CompletedTask : bot.Care.RunAsync(running.Token);
        var working = role == "web"
            ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, running.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)
            : bot.Worker.RunAsync(running.Token);
        try
        {
            await Task.WhenAny(working, bot.Care.Damaged);
            await running.CancelAsync();
            await working;
        }
        finally
        {
            await running.CancelAsync();
            await caring;
        }
        return bot.Care.Damaged.IsCompleted && !stop.IsCancellationRequested ? await bot.Care.Damaged : null;
    }

    private static void Keep(LastGoodSettings settings, ILogger logger)
    {
        try
        {
            settings.Keep();
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            Log.NotKept(logger, unwritable);
        }
    }

    /// <summary>On SQLite one process works a data folder. The lock goes with the process, however it ends, so nothing has to be waited for after a crash.</summary>
    private static FileStream BeOnlyWorker(string dataFolder)
    {
        try
        {
            OwnFiles.MakeFolder(dataFolder);
            return new FileStream(Path.Combine(dataFolder, "worker.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUse, $"{dataFolder} is worked by another qmoi, or cannot be written: {taken.Message} One process works a data folder; stop the other one or use --role web.");
        }
    }

    private static async Task<Bot> StartAsync(BotSettings settings, SafeMode safeMode, string role, string urls, ILoggerFactory loggers, CancellationToken stop)
    {
        if (role == "worker")
            return Bot.OpenOrRestore(settings, safeMode, TimeProvider.System, loggers);
        try
        {
            return await Bot.StartAsync(settings, urls, safeMode, TimeProvider.System, loggers, stop);
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
        [LoggerMessage(Level = LogLevel.Error, Message = "The database is damaged: {Found}. It is restored now; the bot is away for a moment")]
        public static partial void Damaged(ILogger logger, string found);

        [LoggerMessage(Level = LogLevel.Information, Message = "The bot is back at {Url}")]
        public static partial void Back(ILogger logger, string url);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The last good copy of the settings cannot be kept")]
        public static partial void NotKept(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Forge} deliveries are refused: no secret is set. Set {Setting}")]
        public static partial void NoSecret(ILogger logger, ForgeKind forge, string setting);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Forge} deliveries are stored but cannot be worked: no token is set. Set {Setting}")]
        public static partial void NoToken(ILogger logger, ForgeKind forge, string setting);
    }
}
