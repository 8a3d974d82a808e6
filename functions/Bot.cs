using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Forges.GitHub;
using QMoi.Forges.GitLab;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers;
using QMoi.Handlers.Checks;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Repair;
using QMoi.Handlers.Tools;

namespace QMoi.Functions;

/// <summary>The bot put together: the one place where parts meet. Used by <c>serve</c>, <c>replay</c>, <c>demo</c> and the tests alike.</summary>
public sealed partial class Bot : IAsyncDisposable
{
    private readonly Lazy<Forges.Forges> apis;
    private WebApplication? web;

    private Bot(BotSettings settings, IStore store, Lazy<Forges.Forges> forges, Lazy<Router> router, TimeProvider clock, ILoggerFactory loggers)
    {
        Settings = settings;
        Store = store;
        apis = forges;
        Worker = new Worker(store, Formats, router, settings.Work, clock, loggers.CreateLogger<Worker>());
        Webhooks = new Webhooks(Formats, store, settings, Worker.Wake, clock, loggers.CreateLogger<Webhooks>());
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

    /// <summary>Where it answers, once <see cref="ListenAsync"/> has returned.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Opens the store; nothing listens and nothing is worked yet.</summary>
    public static Bot Open(BotSettings settings, TimeProvider clock, ILoggerFactory loggers)
    {
        var store = SqliteStore.Open(settings.DataFolder, clock);
        var forges = new Lazy<Forges.Forges>(() => new Forges.Forges(settings.GitHub, settings.GitLab, clock, loggers));
        return new Bot(settings, store, forges, new Lazy<Router>(() => Assemble(settings, forges.Value, clock, loggers.CreateLogger<Catalogue>())), clock, loggers);
    }

    /// <summary>Opens the store and listens; disk and network get ready beside each other, because a forge waits for nobody.</summary>
    public static async Task<Bot> StartAsync(BotSettings settings, string urls, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var opening = Task.Run(() => Open(settings, clock, loggers), cancellationToken);
        var application = Build(urls, loggers);
        var bot = await opening;
        try
        {
            await bot.ListenAsync(application, cancellationToken);
            return bot;
        }
        catch
        {
            await bot.DisposeAsync();
            throw;
        }
    }

    public Task ListenAsync(string urls, ILoggerFactory loggers, CancellationToken cancellationToken) => ListenAsync(Build(urls, loggers), cancellationToken);

    /// <summary>What handles deliveries. Made when the first one is worked: receiving does not need it.</summary>
    private static Router Assemble(BotSettings settings, IForges forges, TimeProvider clock, ILogger log)
    {
        var diagnoser = new LogDiagnoser(KnownFailures.Load(settings, refused => Log.Refused(log, refused)));
        var messages = new BotMessages(new Templates());
        var comment = new StickyComment(messages);
        var git = new GitRepository(clock);
        var planner = new FixPlanner(settings.Sandbox with { HiddenFolders = [settings.DataFolder, .. settings.Sandbox.HiddenFolders] }, clock);
        var commits = new FixCommit(git, messages, clock);
        var delivery = new FixDelivery(new FixOffer(messages, clock), commits, new FixSuggestions(messages, clock), clock);
        var fix = new JobFix(planner, new CheckedPlanner(planner, new FixCheck(diagnoser), settings.Repair), delivery, git, settings.Repair, clock);
        var repair = new PipelineRepair(forges, new FailedJobs(diagnoser, settings.Repair), new JobRetry(settings.Repair, clock), fix, comment, clock);
        return new Router(
            new PipelineFinishedHandler(repair, new FixPipeline(forges, diagnoser, repair, commits, comment, messages, clock), new RetryResult(forges, comment, clock)),
            new JobFinishedHandler(repair),
            new MergeRequestClosedHandler(forges, comment, clock),
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

    /// <summary>One terminal function instead of a routing table: three paths do not need one.</summary>
    private async Task ListenAsync(WebApplication application, CancellationToken cancellationToken)
    {
        web = application;
        web.Run(AnswerAsync);
        await web.StartAsync(cancellationToken);
        Url = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (path, method) = (context.Request.Path.Value ?? "", context.Request.Method);
        switch (path)
        {
            case "/webhooks/github" or "/webhooks/gitlab" when method == HttpMethods.Post:
                await Webhooks.ReceiveAsync(context, path.EndsWith("github", StringComparison.Ordinal) ? ForgeKind.GitHub : ForgeKind.GitLab);
                break;
            case "/webhooks/github" or "/webhooks/gitlab":
                context.Response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
                context.Response.Headers.Allow = "POST";
                break;
            case "/healthz":
                await context.Response.WriteAsync("alive\n", context.RequestAborted);
                break;
            case "/readyz":
                await AnswerReadyAsync(context);
                break;
            default:
                context.Response.StatusCode = (int)HttpStatusCode.NotFound;
                break;
        }
    }

    private async Task AnswerReadyAsync(HttpContext context)
    {
        try
        {
            await Store.NextDueAsync(context.RequestAborted);
            await context.Response.WriteAsync("ready\n", context.RequestAborted);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or System.Data.Common.DbException)
        {
            context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            await context.Response.WriteAsync("the store cannot be used\n", context.RequestAborted);
        }
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
        if (apis.IsValueCreated)
            apis.Value.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Refused}")]
        public static partial void Refused(ILogger logger, string refused);
    }
}
