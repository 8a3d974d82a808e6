using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace QMoi.Tests.AzureFunctions;

/// <summary>
/// Stands in for the Azure Functions host, which cannot be had as a package: reads the app's <c>host.json</c> and <c>function.json</c> files, starts the custom handler with the
/// environment that the host sets, waits until it answers, forwards HTTP as it came where a function has one trigger and one answer, and sends everything else as an envelope.
/// </summary>
/// <remarks>After learn.microsoft.com/azure/azure-functions/functions-custom-handlers and Azure/azure-functions-host, DefaultHttpWorkerService.cs (read 2026-11). Not shown by it: scaling, cold storage of
/// timers, Azure's own network.</remarks>
internal sealed class StandInHost : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string root;
    private readonly IReadOnlyDictionary<string, string> environment;
    private readonly List<(string Name, string Route, IReadOnlyList<string> Methods)> forwarded = [];
    private readonly HashSet<string> timers = [];
    private readonly List<Instance> instances = [];
    private readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly JsonNode handler;
    private readonly WebApplication front;
    private int turn;

    private StandInHost(string root, IReadOnlyDictionary<string, string> environment)
    {
        (this.root, this.environment) = (root, environment);
        var host = JsonNode.Parse(File.ReadAllText(Path.Combine(root, "host.json")))!;
        Assert.Equal("2.0", host["version"]!.GetValue<string>());
        handler = host["customHandler"]!;
        var prefix = host["extensions"]?["http"]?["routePrefix"]?.GetValue<string>() ?? "api";
        foreach (var file in Directory.GetFiles(root, "function.json", SearchOption.AllDirectories))
            Add(Path.GetFileName(Path.GetDirectoryName(file)!), JsonNode.Parse(File.ReadAllText(file))!["bindings"]!.AsArray(), prefix);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        front = builder.Build();
        front.Run(ForwardAsync);
    }

    /// <summary>What the internet sees.</summary>
    public string Url => front.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public IReadOnlyCollection<string> Timers => timers;

    /// <param name="environment">App settings.</param>
    public static async Task<StandInHost> StartAsync(string root, IReadOnlyDictionary<string, string> environment, int instances = 1)
    {
        var host = new StandInHost(root, environment);
        await host.front.StartAsync();
        for (var number = 0; number < instances; number++)
            await host.AddInstanceAsync();
        return host;
    }

    /// <summary>Scales out by one.</summary>
    public async Task AddInstanceAsync()
    {
        var port = FreePort();
        var description = handler["description"]!;
        var start = new ProcessStartInfo(Path.Combine(root, description["defaultExecutablePath"]!.GetValue<string>()), description["arguments"]!.AsArray().Select(each => each!.GetValue<string>()))
        {
            WorkingDirectory = root, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("QMOI_", StringComparison.Ordinal) || name.StartsWith("GITHUB_", StringComparison.Ordinal) || name.StartsWith("GITLAB_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        start.Environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = start.Environment["FUNCTIONS_HTTPWORKER_PORT"] = port.ToString();
        start.Environment["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"] = Guid.NewGuid().ToString();
        start.Environment["FUNCTIONS_APP_ROOT_PATH"] = root;
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "Custom";
        var instance = new Instance(Process.Start(start)!, $"http://127.0.0.1:{port}");
        instance.Drain();
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            Assert.False(instance.Process.HasExited, "The handler ended: " + instance.Said);
            try
            {
                // Any answer will do.
                using var answer = await client.GetAsync(instance.Url + "/", limit.Token);
                break;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(25, limit.Token);
            }
        }
        lock (instances)
            instances.Add(instance);
    }

    /// <summary>An instance goes away without a word, as they do when an app is scaled in or moved.</summary>
    public async Task KillOneAsync()
    {
        Instance gone;
        lock (instances)
        {
            gone = instances[0];
            instances.RemoveAt(0);
        }
        gone.Process.Kill(entireProcessTree: true);
        await gone.Process.WaitForExitAsync();
    }

    /// <summary>The timer of a function fires.</summary>
    /// <returns>The handler's answer: 200 with <c>Outputs</c>, or the invocation has failed.</returns>
    public async Task<(HttpStatusCode Status, string Answer)> FireAsync(string function, string? envelope = null)
    {
        Assert.Contains(function, timers);
        envelope ??= $$$$"""
            {"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"{{{{DateTime.UtcNow:O}}}}","Next":"{{{{DateTime.UtcNow:O}}}}","LastUpdated":"{{{{DateTime.UtcNow:O}}}}"},"IsPastDue":false}},"Metadata":{"sys":{"MethodName":"{{{{function}}}}","UtcNow":"{{{{DateTime.UtcNow:O}}}}","RandGuid":"{{{{Guid.NewGuid()}}}}"}}}
            """;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Next().Url}/{function}") { Content = new StringContent(envelope, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Azure-Functions-InvocationId", Guid.NewGuid().ToString());
        request.Headers.Add("X-Azure-Functions-HostVersion", "4.1045.200");
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.IsSuccessStatusCode)
            // An answer that is no object never completes the invocation.
            Assert.NotNull(JsonNode.Parse(text)!.AsObject()["Outputs"]);
        return (answer.StatusCode, text);
    }

    public async ValueTask DisposeAsync()
    {
        await front.StopAsync();
        await front.DisposeAsync();
        client.Dispose();
        foreach (var instance in instances)
        {
            instance.Process.Kill(entireProcessTree: true);
            await instance.Process.WaitForExitAsync();
            instance.Process.Dispose();
        }
    }

    private void Add(string name, JsonArray bindings, string prefix)
    {
        var types = bindings.Select(binding => (Type: binding!["type"]!.GetValue<string>(), Direction: binding["direction"]!.GetValue<string>())).ToList();
        if (types.Any(each => each.Type == "httpTrigger"))
        {
            // Anything else would arrive as an envelope, in which the bytes that were signed are gone.
            Assert.True(handler["enableProxyingHttpRequest"]?.GetValue<bool>(), "host.json does not forward requests as they came");
            Assert.Equal([("httpTrigger", "in"), ("http", "out")], types);
            var trigger = bindings.First(binding => binding!["type"]!.GetValue<string>() == "httpTrigger")!;
            var route = trigger["route"]?.GetValue<string>() ?? name;
            forwarded.Add((name, (prefix.Length == 0 ? "/" : $"/{prefix}/") + route, [.. trigger["methods"]!.AsArray().Select(each => each!.GetValue<string>())]));
        }
        else
        {
            Assert.Equal([("timerTrigger", "in")], types);
            timers.Add(name);
        }
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var (request, path) = (context.Request, context.Request.Path.Value!);
        if (!forwarded.Exists(each => Fits(each.Route, path) && each.Methods.Contains(request.Method, StringComparer.OrdinalIgnoreCase)))
        {
            context.Response.StatusCode = 404;
            return;
        }
        using var onward = new HttpRequestMessage(new HttpMethod(request.Method), Next().Url + path + request.QueryString);
        if (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0)
            onward.Content = new StreamContent(request.Body);
        foreach (var (name, values) in request.Headers)
            if (name is not ("Host" or "Connection" or "Transfer-Encoding") && !onward.Headers.TryAddWithoutValidation(name, [.. values]))
                onward.Content?.Headers.TryAddWithoutValidation(name, [.. values]);
        onward.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        onward.Headers.Add("X-Azure-Functions-InvocationId", Guid.NewGuid().ToString());
        onward.Headers.Add("X-Azure-Functions-HostVersion", "4.1045.200");
        try
        {
            using var answer = await client.SendAsync(onward, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
                if (name is not "Transfer-Encoding")
                    context.Response.Headers[name] = values.ToArray();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (HttpRequestException)
        {
            context.Response.StatusCode = 502;
        }
    }

    /// <summary><c>{name}</c> stands for one segment, <c>{*name}</c> for all that follow.</summary>
    private static bool Fits(string route, string path)
    {
        var (wanted, given) = (route.Split('/'), path.Split('/'));
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i].StartsWith("{*", StringComparison.Ordinal))
                return true;
            if (i >= given.Length || (!wanted[i].StartsWith('{') && wanted[i] != given[i]))
                return false;
        }
        return wanted.Length == given.Length;
    }

    private Instance Next()
    {
        lock (instances)
            return instances[turn++ % instances.Count];
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Instance(Process process, string url)
    {
        private readonly StringBuilder said = new();

        public Process Process => process;

        public string Url => url;

        public string Said
        {
            get
            {
                lock (said)
                    return said.ToString();
            }
        }

        public void Drain()
        {
            void Add(object _, DataReceivedEventArgs line)
            {
                lock (said)
                    said.AppendLine(line.Data);
            }
            process.OutputDataReceived += Add;
            process.ErrorDataReceived += Add;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }
    }
}
