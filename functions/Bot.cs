using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Forges.GitHub;
using QMoi.Forges.GitLab;
using QMoi.Functions.Api;
using QMoi.Functions.AzureFunctions;
using QMoi.Functions.CatchUp;
using QMoi.Functions.Control;
using QMoi.Functions.Hooks;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Functions.Telemetry;
using QMoi.Handlers;
using QMoi.Handlers.Checks;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Repair;
using QMoi.Handlers.Tools;

namespace QMoi.Functions;

/// <summary>What one process of a bot does. Several share a PostgreSQL database.</summary>
public enum Role
{
    /// <summary>Both.</summary>
    All,

    /// <summary>Receives deliveries and stores them.</summary>
    Web,

    /// <summary>Works what is stored; answers for its health only.</summary>
    Worker,
}

/// <summary>The bot put together: the one place where parts meet. Used by <c>serve</c>, <c>replay</c>, <c>demo</c> and the tests alike.</summary>
public sealed partial class Bot : IAsyncDisposable
{
    private readonly Lazy<Forges.Forges> apis;
    private Role role = Role.All;
    private TimerTriggers? triggers;
    private WebApplication? web;

    private Bot(BotSettings settings, IStore store, ControlWatch control, SafeMode safeMode, Lazy<Forges.Forges> forges, Lazy<Task<Router>> router, TimeProvider clock, ILoggerFactory loggers)
    {
        (Settings, Store, Control, SafeMode) = (settings, store, control, safeMode);
        apis = forges;
        var embedded = store is SqliteStore file ? new SqliteCare(file, safeMode, clock, loggers.CreateLogger<SqliteCare>()) : null;
        Care = new Care(settings, store, embedded, router, safeMode, clock, loggers.CreateLogger<Care>());
        var priority = new WebhookPriority(clock);
        Worker = new Worker(store, Formats, router, control, priority, settings.Work, clock, loggers.CreateLogger<Worker>());
        Sweep = new Sweeper(Formats, store, () => forges.Value, control, safeMode, settings.Sweep, Worker.Wake, clock, loggers);
        HookSecrets = new HookSecrets(store.Hooks, settings, clock, loggers.CreateLogger<HookSecrets>());
        Webhooks = new Webhooks(Formats, store, control, HookSecrets, settings, priority, Worker.Wake, clock, loggers.CreateLogger<Webhooks>());
    }

    public static IReadOnlyDictionary<ForgeKind, IWebhookFormat> Formats { get; } = new Dictionary<ForgeKind, IWebhookFormat>
    {
        [ForgeKind.GitHub] = new GitHubWebhookFormat(),
        [ForgeKind.GitLab] = new GitLabWebhookFormat(),
    };

    public BotSettings Settings { get; }
    public IStore Store { get; }
    public Worker Worker { get; }
    public Webhooks Webhooks { get; }
    public SafeMode SafeMode { get; }

    /// <summary>What an admin has switched.</summary>
    public ControlWatch Control { get; }

    /// <summary>Of single webhooks.</summary>
    public HookSecrets HookSecrets { get; }

    /// <summary>What the bot does for its own health while it runs.</summary>
    public Care Care { get; }

    /// <summary>Finds what was missed.</summary>
    public Sweeper Sweep { get; }

    /// <summary>Where it answers, once it listens.</summary>
    public string Url { get; private set; } = "";

    /// <summary>All addresses it answers at, with the port it got where 0 was asked for.</summary>
    public string Urls { get; private set; } = "";

    /// <summary>Opens the store; nothing listens and nothing is worked yet.</summary>
    /// <exception cref="StoreUnusableException">The database cannot be used; a damaged one is left as it is.</exception>
    /// <param name="fixers">The fixer of a failure; those of the catalogue unless given.</param>
    public static Bot Open(BotSettings settings, TimeProvider clock, ILoggerFactory loggers, Func<string, IFixer?>? fixers = null) =>
        Open(settings, OpenStore(settings, clock), new SafeMode(), clock, loggers, fixers);

    /// <summary>The store that the settings name.</summary>
    /// <exception cref="StoreUnusableException">It cannot be used.</exception>
    public static IStore OpenStore(BotSettings settings, TimeProvider clock) =>
        settings.DatabaseUrl is { } url ? OpenServer(url, BodiesOf(settings), clock) : SqliteStore.Open(settings.DataFolder, clock, BodiesOf(settings));

    internal static StoredBody BodiesOf(BotSettings settings) => new(settings.EncryptionKeys);

    internal static string WhyUnreadable(IReadOnlyList<string> missingKeys) => $"Deliveries that wait were encrypted with a key that QMOI_ENCRYPTION_KEY does not name ({string.Join(", ", missingKeys)})";

    /// <summary>By itself, so that its library is loaded only where it is used.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static PostgresStore OpenServer(string url, StoredBody bodies, TimeProvider clock) => PostgresStore.Open(url, clock, bodies);

    /// <summary>The same; a damaged database is restored from its newest good backup.</summary>
    /// <param name="safeMode">Is told about it.</param>
    public static Bot OpenOrRestore(BotSettings settings, SafeMode safeMode, TimeProvider clock, ILoggerFactory loggers)
    {
        try
        {
            return Open(settings, OpenStore(settings, clock), safeMode, clock, loggers);
        }
        catch (StoreDamagedException damage)
        {
            Restore(settings, damage, safeMode, clock);
            return Open(settings, OpenStore(settings, clock), safeMode, clock, loggers);
        }
    }

    /// <summary>Puts a sound database in the place of a damaged one that nobody has open.</summary>
    public static void Restore(BotSettings settings, StoreDamagedException damage, SafeMode safeMode, TimeProvider clock)
    {
        var restored = SqliteRepair.Restore(settings.DataFolder, damage, BodiesOf(settings), clock);
        safeMode.Set("database", restored.Wrong, restored.Instead);
    }

    private static Bot Open(BotSettings settings, IStore store, SafeMode safeMode, TimeProvider clock, ILoggerFactory loggers, Func<string, IFixer?>? fixers = null)
    {
        safeMode.LogTo(loggers.CreateLogger<SafeMode>());
        var forges = new Lazy<Forges.Forges>(() => new Forges.Forges(settings.GitHub, settings.GitLab, clock, loggers, hide: LogGate.Of(settings).Hidden, alarms: safeMode));
        var control = new ControlWatch(store.Control, clock, loggers.CreateLogger<ControlWatch>());
        // It takes a second of one core: on a thread of its own, so that receiving does not wait behind workers that all wait for it.
        var router = new Lazy<Task<Router>>(() => Task.Factory.StartNew(
            () => Assemble(settings, forges.Value, control, safeMode, clock, loggers.CreateLogger<FixPlanner>(), fixers), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return new Bot(settings, store, control, safeMode, forges, router, clock, loggers);
    }

    /// <summary>Opens the store, restoring a damaged one, and listens; disk and network get ready beside each other, because a forge waits for nobody.</summary>
    public static async Task<Bot> StartAsync(BotSettings settings, string urls, Role role, FunctionsHost? host, SafeMode safeMode, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var opening = Task.Run(() => OpenOrRestore(settings, safeMode, clock, loggers), cancellationToken);
        var application = Build(urls, loggers);
        var bot = await opening;
        try
        {
            bot.role = role;
            if (await MissingKeysAsync(bot.Store, cancellationToken) is { Count: > 0 } missing)
                throw new StoreUnusableException($"{WhyUnreadable(missing)}. Give that key as the second of two, separated by a comma, until they are worked.");
            if (host is not null)
                bot.triggers = new TimerTriggers(bot.Worker, bot.Care, bot.Sweep, clock, loggers.CreateLogger<TimerTriggers>());
            if (role != Role.Web)
                await bot.Store.BeginWorkAsync(cancellationToken);
            await bot.ListenAsync(application, cancellationToken);
            return bot;
        }
        catch
        {
            await bot.DisposeAsync();
            throw;
        }
    }

    private static async Task<IReadOnlyList<string>> MissingKeysAsync(IStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await store.MissingKeysAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // What is wrong with the database is looked at, and told, elsewhere.
            return [];
        }
    }

    public Task ListenAsync(string urls, ILoggerFactory loggers, CancellationToken cancellationToken) => ListenAsync(Build(urls, loggers), cancellationToken);

    /// <summary>What handles deliveries. Made when the first one is worked: receiving does not need it.</summary>
    private static Router Assemble(BotSettings settings, IForges forges, ISwitches switches, SafeMode safeMode, TimeProvider clock, ILogger logger, Func<string, IFixer?>? fixers)
    {
        var diagnoser = new LogDiagnoser(KnownFailures.Load(settings, refused => safeMode.Set("catalogue " + refused.Name, refused.Problem, refused.Instead)));
        var messages = new BotMessages(new Templates());
        var comment = new StickyComment(messages);
        var waiting = new WaitingForFix(comment, clock);
        var git = new GitRepository(clock);
        var planner = new FixPlanner(
            settings.SandboxWithoutSecrets, clock, fault => Log.FixerFault(logger, fault.Exception, fault.Incident, fault.FailureId), fixers);
        var commits = new FixCommit(git, messages, clock);
        var delivery = new FixDelivery(new FixOffer(messages, clock), commits, new FixSuggestions(messages, clock), clock);
        var fix = new JobFix(planner, new CheckedPlanner(planner, new FixCheck(diagnoser), settings.Repair), delivery, git, switches, settings.Repair, clock);
        var repair = new PipelineRepair(forges, new FailedJobs(diagnoser, settings.Repair), new JobRetry(switches, settings.Repair, clock), fix, comment, clock);
        return new Router(
            new PipelineFinishedHandler(repair, new FixPipeline(forges, diagnoser, repair, commits, waiting, comment, messages, clock), new RetryResult(forges, comment, clock)),
            new JobFinishedHandler(repair),
            new MergeRequestClosedHandler(forges, waiting, comment, clock),
            new CommentEditedHandler(forges, new FixUndo(commits, comment, clock)));
    }

    private static WebApplication Build(string urls, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.Limits.MaxRequestBodySize = Functions.Webhooks.MaxBodyBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MinRequestBodyDataRate = new Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate(1024, TimeSpan.FromSeconds(5));
        });
        builder.WebHost.UseUrls(urls);
        return builder.Build();
    }

    private async Task ListenAsync(WebApplication application, CancellationToken cancellationToken)
    {
        web = application;
        var access = new AdminAccess(Settings.AdminTokens, isBehindProxy: triggers is not null);
        web.Run(new Routes(Webhooks, Store, SafeMode, new StatusApi(Store, Control, SafeMode, access, role), role, triggers).AnswerAsync);
        await HookSecrets.LookAsync(cancellationToken);
        await web.StartAsync(cancellationToken);
        var addresses = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        (Url, Urls) = (addresses.First(), string.Join(';', addresses));
    }

    public async ValueTask DisposeAsync()
    {
        if (web is not null)
        {
            await web.StopAsync();
            await web.DisposeAsync();
        }
        await Store.DisposeAsync();
        Worker.Dispose();
        Control.Dispose();
        HookSecrets.Dispose();
        if (apis.IsValueCreated)
            apis.Value.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Incident {Incident} while a fixer worked on {FailureId}; its attempt is declined")]
        public static partial void FixerFault(ILogger logger, Exception exception, string incident, string failureId);
    }
}
