using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace QMoi.Tests.Contracts;

internal sealed record Exchange(string Method, string Path, string Query, string RequestType, string RequestBody, int Status, string ContentType, string Body)
{
    public string Line => $"{Method} {Path}{Query}: {Status}";
}

/// <summary>Stands on loopback before a forge, passes everything on as it came and keeps a copy. The forge hears the proxy's own name, so its links lead here too.</summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None });
    private readonly ConcurrentQueue<Exchange> exchanges = new();
    private readonly WebApplication app;
    private readonly string forge;

    private RecordingProxy(string forge)
    {
        this.forge = forge;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        app = builder.Build();
        app.Run(PassAsync);
    }

    public string Url => app.Urls.Single();

    public IReadOnlyList<Exchange> Exchanges => [.. exchanges];

    /// <param name="forge">scheme://host:port of the forge.</param>
    public static async Task<RecordingProxy> StartAsync(string forge)
    {
        var proxy = new RecordingProxy(forge);
        await proxy.app.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var body = await BytesAsync(context.Request.Body, context.RequestAborted);
        // Not made canonical: "%2F" in the name of a project or a file has to arrive as it was sent.
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(forge + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body.Length > 0 || context.Request.ContentType is not null) request.Content = new ByteArrayContent(body);
        foreach (var (name, values) in context.Request.Headers)
        {
            if (name is "Connection" or "Transfer-Encoding" or "Content-Length" or "Expect") continue;
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray())) request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        var answer = await BytesAsync(await response.Content.ReadAsStreamAsync(context.RequestAborted), context.RequestAborted);
        var query = target.IndexOf('?', StringComparison.Ordinal);
        exchanges.Enqueue(new Exchange(
            context.Request.Method, query < 0 ? target : target[..query], query < 0 ? "" : target[query..], context.Request.ContentType ?? "", Encoding.UTF8.GetString(body),
            (int)response.StatusCode, response.Content.Headers.ContentType?.ToString() ?? "", Encoding.UTF8.GetString(answer)));

        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
            if (name is not ("Connection" or "Transfer-Encoding" or "Content-Length")) context.Response.Headers[name] = values.ToArray();
        if (context.Response.StatusCode is not (204 or 304)) await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    private static async Task<byte[]> BytesAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, cancellationToken);
        return copy.ToArray();
    }
}
