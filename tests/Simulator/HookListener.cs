using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace QMoi.Tests.Simulator;

internal sealed record ReceivedHook(IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public JsonNode Json { get; } = JsonNode.Parse(Body)!;
}

/// <summary>Takes webhooks and answers 202.</summary>
internal sealed class HookListener : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedHook> received = new();
    private readonly WebApplication app;

    private HookListener(WebApplication app) => this.app = app;

    public string Url { get; private set; } = "";
    public IReadOnlyList<ReceivedHook> Received => [.. received];

    public IEnumerable<ReceivedHook> Of(string header, string value) => Received.Where(hook => hook.Headers.GetValueOrDefault(header) == value);

    public static async Task<HookListener> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var listener = new HookListener(builder.Build());
        listener.app.Run(listener.ReceiveAsync);
        await listener.app.StartAsync(TestContext.Current.CancellationToken);
        listener.Url = listener.app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First() + "/hook";
        return listener;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        received.Enqueue(new ReceivedHook(context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
        context.Response.StatusCode = 202;
    }
}
