using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace QMoi.Simulator;

/// <summary>The HTTP side of one forge: git, the API with its faults and request log, and what lies beside the API.</summary>
internal sealed class ForgeServer : IAsyncDisposable
{
    private readonly ForgeApi api;
    private readonly SimulatedForge forge;
    private readonly WebApplication app;

    private ForgeServer(ForgeApi api, SimulatedForge forge, WebApplication app) => (this.api, this.forge, this.app) = (api, forge, app);

    public IReadOnlyList<string> Addresses { get; private set; } = [];

    public static async Task<ForgeServer> StartAsync(SimulatedForge forge, ForgeApi api, string? url, X509Certificate2? certificate, CancellationToken cancellationToken)
    {
        // Empty: no settings file or variable of the process that holds the simulator may change where it listens.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // Forges stop when they are told to, not when the process that holds them gets a signal.
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoLifetime>();
        var address = new Uri(url ?? "http://127.0.0.1:0");
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.TryParse(address.Host, out var ip) ? ip : IPAddress.Loopback, address.Port);
            if (certificate is not null)
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate));
        });
        var server = new ForgeServer(api, forge, builder.Build());
        server.app.Run(server.HandleAsync);
        await server.app.StartAsync(cancellationToken);
        server.Addresses = [.. server.app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (await GitHttpBackend.TryHandleAsync(context, forge))
            return;
        var path = RawPath.Of(context.Request);
        var apiPath = api.PathOf(path);
        if (apiPath is null || api.IsBesideTheApi(path))
        {
            await HandleOtherAsync(context, path);
            return;
        }
        await HandleApiAsync(context, path, apiPath);
    }

    /// <summary>What clients are redirected to is a request like any other: it waits and is listed.</summary>
    private async Task HandleOtherAsync(HttpContext context, string path)
    {
        var started = forge.Now;
        var sequence = forge.BeginRequest();
        if (forge.Latency > TimeSpan.Zero)
            await Task.Delay(forge.Latency, context.RequestAborted);
        var answer = await api.HandleOtherAsync(context, path);
        forge.EndRequest(new RequestRecord(sequence, context.Request.Method, path, answer.Status, started, forge.Now));
        await WriteAsync(context, answer);
    }

    private async Task HandleApiAsync(HttpContext context, string path, string apiPath)
    {
        var started = forge.Now;
        var sequence = forge.BeginRequest();
        var pathAndQuery = path + context.Request.QueryString;
        if (forge.Latency > TimeSpan.Zero)
            await Task.Delay(forge.Latency, context.RequestAborted);
        var fault = forge.TakeFault(context.Request.Method, pathAndQuery);
        if (fault is { Effect: FaultEffect.Hold })
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            forge.EndRequest(new RequestRecord(sequence, context.Request.Method, pathAndQuery, 0, started, forge.Now));
            return;
        }
        var isBroken = fault is { Effect: FaultEffect.BreakAfterEffect or FaultEffect.BreakBeforeEffect };
        Answer answer;
        try
        {
            if (fault is null or { Effect: FaultEffect.BreakAfterEffect or FaultEffect.HoldAnswer })
                answer = await AnswerAsync(context, path, apiPath);
            else
                answer = new Answer(fault.Status, (JsonNode?)null) { Bytes = System.Text.Encoding.UTF8.GetBytes(fault.Body) };
        }
        catch (ConnectionBroken)
        {
            (answer, isBroken) = (Answer.NoContent(), true);
        }
        foreach (var (name, value) in fault?.Headers ?? new Dictionary<string, string>(StringComparer.Ordinal))
            answer.Headers[name] = value;
        forge.EndRequest(new RequestRecord(sequence, context.Request.Method, pathAndQuery, isBroken ? 0 : answer.Status, started, forge.Now));
        if (fault is { Effect: FaultEffect.HoldAnswer })
            await fault.HoldAsync(context.RequestAborted);
        if (isBroken)
            context.Abort();
        else
            await WriteAsync(context, answer);
    }

    private async Task<Answer> AnswerAsync(HttpContext context, string path, string apiPath)
    {
        var root = $"{context.Request.Scheme}://{context.Request.Host}";
        try
        {
            var user = api.Authenticate(context, apiPath);
            if (api.Router.Find(context.Request.Method, apiPath) is not { } route)
                throw api.NoSuchRoute();
            var body = await Call.ReadBodyAsync(context.Request, context.RequestAborted) ?? throw api.BadJson();
            var apiRoot = root + path[..^apiPath.Length];
            return api.Finish(context, await route.Handler(new Call(context, route.Values, body, user, root, apiRoot)));
        }
        catch (ApiError error)
        {
            return api.Finish(context, error.Answer);
        }
        catch (GitFailedException problem)
        {
            return api.Finish(context, new Answer(500, new JsonObject { ["message"] = $"500 Internal Server Error: {problem.Message}" }));
        }
    }

    private async Task WriteAsync(HttpContext context, Answer answer)
    {
        var response = context.Response;
        response.Headers.Date = forge.Now.ToString("r", System.Globalization.CultureInfo.InvariantCulture);
        response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            response.Headers[name] = value;
        var bytes = answer.Json is { } json ? System.Text.Encoding.UTF8.GetBytes(json.ToJsonString(Answer.JsonOptions)) : answer.Bytes;
        if (answer.Status is 204 or 304)
            return;
        response.ContentType = answer.ContentType;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private sealed class NoLifetime : Microsoft.Extensions.Hosting.IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
