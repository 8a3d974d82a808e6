using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace QMoi.Tests.Forges;

/// <summary>A real HTTP server on loopback that answers by script and keeps what it was asked.</summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication app;
    /// <summary>Its port may have been that of another test's server a moment ago, to which somebody still sends.</summary>
    private readonly string start = $"/{Guid.NewGuid():N}";
    private readonly ConcurrentQueue<Request> requests = new();
    private int running;

    private ScriptedServer(Func<Request, Reply> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(options => options.AllowResponseHeaderCompression = false);
        app = builder.Build();
        app.Run(async context =>
        {
            var now = Interlocked.Increment(ref running);
            MostAtOnce = Math.Max(MostAtOnce, now);
            try
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
                if (!raw.StartsWith(start, StringComparison.Ordinal))
                {
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    return;
                }
                raw = raw[start.Length..];
                var request = new Request(
                    context.Request.Method, raw.Split('?')[0], raw.Contains('?', StringComparison.Ordinal) ? raw[raw.IndexOf('?', StringComparison.Ordinal)..] : "",
                    context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                    System.Text.Encoding.UTF8.GetString(body.ToArray()));
                requests.Enqueue(request);
                var reply = answer(request);
                if (reply.Wait is not null) await reply.Wait(context.RequestAborted);
                context.Response.StatusCode = reply.Status;
                // The clocks of the tests are their own; a server that tells no time says nothing about them.
                context.Response.Headers.Date = "-";
                foreach (var (name, value) in reply.Headers) context.Response.Headers.Append(name, value);
                if (reply.Status is not (204 or 304)) await context.Response.WriteAsync(reply.Body);
                if (reply.Stall is null) return;
                await context.Response.Body.FlushAsync();
                await reply.Stall(context.RequestAborted);
            }
            finally
            {
                Interlocked.Decrement(ref running);
            }
        });
    }

    public static async Task<ScriptedServer> StartAsync(Func<Request, Reply> answer)
    {
        var server = new ScriptedServer(answer);
        await server.app.StartAsync();
        return server;
    }

    public string Url => app.Urls.Single() + start;

    public int MostAtOnce { get; private set; }

    public IReadOnlyList<Request> Requests => [.. requests];

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}

public sealed record Request(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Line => $"{Method} {Path}";

    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}

public sealed record Reply(int Status, string Body = "{}", params (string Name, string Value)[] Headers)
{
    /// <summary>Awaited before the answer begins.</summary>
    public Func<CancellationToken, Task>? Wait { get; init; }

    /// <summary>Awaited after the body, before the answer ends.</summary>
    public Func<CancellationToken, Task>? Stall { get; init; }

    public static Reply NotFound { get; } = new(404, """{"message":"Not Found"}""");
}
