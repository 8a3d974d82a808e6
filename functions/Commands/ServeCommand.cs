using System.CommandLine;
using QMoi.Functions.AzureFunctions;
using QMoi.Functions.Hooks;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Telemetry;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Commands;

/// <summary>
/// <c>qmoi serve</c>: the bot as one process, until SIGTERM or Ctrl+C, which lets it finish what it has in hand. Where files of its own are broken it starts with their
/// last good versions and says so: <see cref="SafeMode"/>. Started by an Azure Functions host it listens where that one asks.
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
        var role = new Option<string>("--role") { Description = "web: receive only; worker: work only; all: both. Many of each may share one PostgreSQL database", DefaultValueFactory = _ => "all" };
        role.AcceptOnlyFromAmong("web", "worker", "all");
        var command = CommandLine.Command("serve", "Runs the bot: webhooks and workers in one process. Prints 'ready URL' when it answers.",
            "qmoi serve", "qmoi serve --urls http://0.0.0.0:8080 --data /var/lib/qmoi");
        command.Options.Add(urls);
        command.Options.Add(data);
        command.Options.Add(role);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(urls)!, parsed.GetValue(data), Enum.Parse<Role>(parsed.GetValue(role)!, ignoreCase: true), stop));
        return command;
    }

    private static async Task<int> RunAsync(string urls, string? data, Role role, CancellationToken stop)
    {
        var safeMode = new SafeMode();
        var environment = Environment.GetEnvironmentVariables();
        var host = FunctionsHost.Find(environment);
        if (host is not null && !environment.Contains("QMOI__Data"))
            data ??= FunctionsHost.DataFolder;
        var lastGood = LastGoodSettings.Read(environment, data, AppContext.BaseDirectory, safeMode);
        var settings = lastGood.Settings;
        if (host is not null)
        {
            FunctionsHost.Check(settings);
            urls = host.Url;
        }
        using var loggers = Logging.Create(settings, settings.ConsoleLog);
        using var export = Export.Start(settings.Telemetry, role, loggers);
        var logger = loggers.CreateLogger("QMoi.Serve");
        for (var restores = 0; ; restores++)
        {
            string damage;
            await using (var bot = await StartAsync(settings, safeMode, role, host, urls, loggers, stop))
            {
                if (role != Role.Web)
                    bot.Care.LookAround();
                if (restores == 0)
                {
                    WarnOfGaps(logger, settings, bot.HookSecrets);
                    await Terminal.Out.WriteLineAsync($"ready {bot.Url}");
                    await Terminal.Out.FlushAsync(stop);
                    Keep(lastGood, logger);
                }
                else
                {
                    Log.Back(logger, bot.Url);
                }
                if (await WorkAsync(bot, role, export, stop) is not { } found)
                    return ExitCode.Done;
                (damage, urls) = (found, bot.Urls);
            }
            Log.Damaged(logger, damage);
            if (restores == MaxRestores)
                throw new CommandException(ExitCode.Failed, $"the database was restored {MaxRestores} times and is damaged again: {damage}. Look at the disk, then start again.");
            Bot.Restore(settings, new StoreDamagedException(Path.Combine(settings.DataFolder, "qmoi.db"), damage), safeMode, TimeProvider.System);
        }
    }

    /// <summary>Until the bot is to stop, or its database turns out to be damaged: then what was found.</summary>
    private static async Task<string?> WorkAsync(Bot bot, Role role, Export? export, CancellationToken stop)
    {
        using var running = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var watching = Task.WhenAll(bot.Control.RunAsync(running.Token), role == Role.Worker ? Task.CompletedTask : bot.HookSecrets.RunAsync(running.Token));
        var telling = export?.WatchAsync(bot.Store, running.Token) ?? Task.CompletedTask;
        var caring = role == Role.Web ? Task.CompletedTask : Task.WhenAll(bot.Care.RunAsync(running.Token), bot.Sweep.RunAsync(running.Token));
        var working = role == Role.Web
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
            await Task.WhenAll(caring, watching, telling);
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

    private static async Task<Bot> StartAsync(BotSettings settings, SafeMode safeMode, Role role, FunctionsHost? host, string urls, ILoggerFactory loggers, CancellationToken stop)
    {
        try
        {
            return await Bot.StartAsync(settings, urls, role, host, safeMode, TimeProvider.System, loggers, stop);
        }
        catch (IOException taken)
        {
            throw new CommandException(ExitCode.WrongUse, $"--urls {urls} cannot be listened on: {taken.Message}");
        }
    }

    private static void WarnOfGaps(ILogger logger, BotSettings settings, HookSecrets hooks)
    {
        if (settings.GitHubSecrets.Secrets.Count == 0 && !hooks.Has(ForgeKind.GitHub))
            Log.NoSecret(logger, ForgeKind.GitHub, "GITHUB_WEBHOOK_SECRET");
        if (settings.GitLabSecrets is { Secrets.Count: 0, SigningTokens.Count: 0 } && !hooks.Has(ForgeKind.GitLab))
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
