using System.Net;
using System.Net.Sockets;
using System.Text;
using QMoi.Handlers.Git;
using QMoi.Handlers.Tools;

namespace QMoi.Tests.Tools;

/// <summary>A tool in the sandbox asks the proxy for connections; it gets those to the configured registries.</summary>
public sealed class RegistryProxyTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("qmoi-test-").FullName;
    private readonly TinyServer registry = new("registry");
    private readonly TinyServer other = new("other");
    private RegistryProxy? proxy;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (proxy is not null) await proxy.DisposeAsync();
        await registry.DisposeAsync();
        await other.DisposeAsync();
        Folders.Remove(folder);
    }

    [Fact]
    public async Task Connect_and_plain_requests_reach_the_configured_registry()
    {
        Start($"127.0.0.1:{registry.Port}");
        Assert.EndsWith("registry", await AskAsync($"CONNECT 127.0.0.1:{registry.Port} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.EndsWith("registry", await AskAsync($"GET http://127.0.0.1:{registry.Port}/a%20b?c HTTP/1.1\r\nHost: evil\r\nProxy-Authorization: x\r\nAccept: y\r\nConnection: keep-alive\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith($"GET /a%20b?c HTTP/1.1\r\nHost: 127.0.0.1:{registry.Port}\r\nConnection: close\r\nAccept: y\r\n\r\n", registry.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_else_is_refused_and_never_connected_to()
    {
        Start($"127.0.0.1:{registry.Port}", "registry.invalid");
        foreach (var request in new[]
        {
            $"CONNECT 127.0.0.1:{other.Port} HTTP/1.1", $"CONNECT localhost:{registry.Port} HTTP/1.1", $"CONNECT 127.1:{registry.Port} HTTP/1.1", $"CONNECT [::ffff:127.0.0.1]:{registry.Port} HTTP/1.1",
            $"CONNECT 127.0.0.1:{registry.Port}@127.0.0.1:{other.Port} HTTP/1.1", "CONNECT 127.0.0.1 HTTP/1.1", "CONNECT registry.invalid:22 HTTP/1.1", "CONNECT registry.invalid:443 HTTP/1.1",
            $"GET http://127.0.0.1:{other.Port}/ HTTP/1.1", $"GET http://127.0.0.1:{registry.Port}@127.0.0.1:{other.Port}/ HTTP/1.1", $"GET ftp://127.0.0.1:{registry.Port}/ HTTP/1.1", "GET / HTTP/1.1",
        })
            Assert.StartsWith("HTTP/1.1 403", await AskAsync(request + "\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 405", await AskAsync($"POST http://127.0.0.1:{registry.Port}/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400", await AskAsync("nonsense\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400", await AskAsync("GET " + new string('a', 20_000) + "\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(0, registry.Requests + other.Requests);
    }

    [Fact]
    public async Task A_name_without_a_port_leads_to_public_addresses_only()
    {
        Start("localhost");
        Assert.StartsWith("HTTP/1.1 403", await AskAsync("CONNECT localhost:443 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403", await AskAsync("GET http://localhost/ HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8.8.8.8", true), InlineData("2606:4700::1111", true), InlineData("172.32.0.1", true), InlineData("::ffff:8.8.8.8", true)]
    [InlineData("127.0.0.1", false), InlineData("10.1.2.3", false), InlineData("172.16.0.1", false), InlineData("172.31.255.255", false), InlineData("192.168.1.1", false), InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false), InlineData("0.0.0.0", false), InlineData("224.0.0.1", false), InlineData("255.255.255.255", false), InlineData("::1", false), InlineData("::", false), InlineData("fe80::1", false)]
    [InlineData("fc00::1", false), InlineData("fd00:ec2::254", false), InlineData("ff02::1", false), InlineData("::ffff:127.0.0.1", false), InlineData("64:ff9b::7f00:1", false), InlineData("2002:7f00:1::", false), InlineData("2001:0:1::", false), InlineData("::7f00:1", false)]
    public void Public_addresses_are_told_from_others(string address, bool isPublic) => Assert.Equal(isPublic, RegistryProxy.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("host", "host", null), InlineData("host:80", "host", 80), InlineData("[::1]:8080", "::1", 8080), InlineData("host.example.", "host.example", null)]
    public void Settings_are_read(string text, string host, int? port) => Assert.Equal(new RegistryHost(host, port), RegistryHost.TryParse(text));

    [Theory]
    [InlineData(""), InlineData("http://host"), InlineData("host:"), InlineData("host:0"), InlineData("host:65536"), InlineData("host:x"), InlineData("a b"), InlineData("host/path"), InlineData("u@host")]
    public void Wrong_settings_are_not(string text) => Assert.Null(RegistryHost.TryParse(text));

    private string SocketPath => Path.Combine(folder, "s");

    private void Start(params string[] allowed) => proxy = RegistryProxy.Start([.. allowed.Select(text => RegistryHost.TryParse(text)!)], SocketPath, TimeProvider.System);

    private async Task<string> AskAsync(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        try
        {
            return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            return "HTTP/1.1 400"; // closed with our bytes unread, which the kernel tells as a reset
        }
    }
}
