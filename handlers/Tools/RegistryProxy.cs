using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace QMoi.Handlers.Tools;

/// <param name="Port"><c>null</c>: 80 and 443, at public addresses only. With a port: that one, wherever the name leads.</param>
public sealed record RegistryHost(string Host, int? Port)
{
    /// <summary>Reads <c>host</c>, <c>host:port</c> or <c>[v6]:port</c>; <c>null</c> where it is neither.</summary>
    public static RegistryHost? TryParse(string text)
    {
        var (host, port) = Split(text.Trim());
        if (host.Length == 0 || Uri.CheckHostName(host) == UriHostNameType.Unknown) return null;
        if (port is null) return new RegistryHost(Plain(host), null);
        return int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535 ? new RegistryHost(Plain(host), number) : null;
    }

    internal bool Allows(string host, int port) => Plain(host).Equals(Plain(Host), StringComparison.OrdinalIgnoreCase) && (Port is { } exact ? port == exact : port is 80 or 443);

    internal static string Plain(string host) => host.TrimEnd('.').Trim('[', ']');

    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is var end and > 0)
            return (text[..(end + 1)], text.Length > end + 1 ? text[(end + 1)..].TrimStart(':') : null);
        var colon = text.LastIndexOf(':');
        return colon < 0 || text.IndexOf(':', StringComparison.Ordinal) != colon ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }
}

/// <summary>The only way out of the sandbox: an HTTP proxy on a Unix socket that opens connections to the configured registries and to nothing else.</summary>
/// <remarks>It resolves names itself and connects to the very address it has checked, so a name that changes its address between two looks gains nothing.
/// What the checkout holds can be sent to a registry; nothing else is in the sandbox to be sent.</remarks>
public sealed class RegistryProxy : IAsyncDisposable
{
    private const int MaxHead = 16 * 1024;
    private const int MaxConnections = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<RegistryHost> allowed;
    private readonly TimeProvider clock;
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim slots = new(MaxConnections, MaxConnections);
    private readonly HashSet<Task> running = [];
    private Task accepting = Task.CompletedTask;

    private RegistryProxy(IReadOnlyList<RegistryHost> allowed, TimeProvider clock)
    {
        this.allowed = allowed;
        this.clock = clock;
    }

    /// <summary>Listens on a new socket file, which whoever can reach it may use: keep its folder closed.</summary>
    public static RegistryProxy Start(IReadOnlyList<RegistryHost> allowed, string socketPath, TimeProvider clock)
    {
        var proxy = new RegistryProxy(allowed, clock);
        proxy.listener.Bind(new UnixDomainSocketEndPoint(socketPath));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(socketPath, (UnixFileMode)0b110_110_110);
        proxy.listener.Listen(MaxConnections);
        proxy.accepting = proxy.AcceptAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        Task[] open;
        lock (running) open = [.. running];
        await Task.WhenAll(open);
        stop.Dispose();
        slots.Dispose();
    }

    /// <summary>True for addresses of the public internet: nothing private, local, shared, mapped, reserved or multicast.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            var v6 = address.GetAddressBytes();
            return (v6[0] & 0xe0) == 0x20 && !(v6[0] == 0x20 && v6[1] == 0x02) && !(v6[0] == 0x20 && v6[1] == 0x01 && ((v6[2] == 0 && v6[3] == 0) || (v6[2] == 0x0d && v6[3] == 0xb8)));
        }
        var v4 = address.GetAddressBytes();
        return (v4[0], v4[1], v4[2]) switch
        {
            (0 or 10 or 127 or >= 224, _, _) => false,
            (100, >= 64 and <= 127, _) or (169, 254, _) or (172, >= 16 and <= 31, _) or (192, 168, _) or (198, 18 or 19, _) => false,
            (192, 0, 0 or 2) or (192, 88, 99) or (198, 51, 100) or (203, 0, 113) => false,
            _ => true,
        };
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await slots.WaitAsync(stop.Token);
                var client = await listener.AcceptAsync(stop.Token);
                var task = HandleAsync(client);
                lock (running) running.Add(task);
                _ = task.ContinueWith(done => { lock (running) running.Remove(done); }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task HandleAsync(Socket client)
    {
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            await ServeAsync(stream);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side hung up.
        }
        finally
        {
            if (!stop.IsCancellationRequested) slots.Release();
        }
    }

    private async Task ServeAsync(NetworkStream client)
    {
        using var late = new CancellationTokenSource(Patience, clock);
        using var lateOrStopped = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop.Token);
        if (await ReadHeadAsync(client, lateOrStopped.Token) is not var (head, rest))
        {
            await AnswerAsync(client, 400);
            return;
        }
        var lines = head.Split("\r\n");
        var words = lines[0].Split(' ');
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            await AnswerAsync(client, 400);
            return;
        }
        if (words[0] == "CONNECT")
        {
            // The host and port of CONNECT are taken apart by our own rule, not as a URL: no user part, no path can hide in them.
            if (RegistryHost.TryParse(words[1]) is not { Port: { } port } target || await OpenAsync(target.Host, port, lateOrStopped.Token) is not { } upstream)
            {
                await AnswerAsync(client, 403);
                return;
            }
            await using (upstream)
            {
                await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), stop.Token);
                if (rest.Length > 0) await upstream.WriteAsync(rest, stop.Token);
                await PipeAsync(client, upstream);
            }
            return;
        }
        await ServePlainAsync(client, words, lines, lateOrStopped.Token);
    }

    // Reading a registry over plain HTTP needs GET and HEAD only: one request a connection, no body.
    private async Task ServePlainAsync(NetworkStream client, string[] words, string[] lines, CancellationToken cancellationToken)
    {
        if (words[0] is not ("GET" or "HEAD"))
        {
            await AnswerAsync(client, 405);
            return;
        }
        if (!Uri.TryCreate(words[1], UriKind.Absolute, out var url) || url.Scheme != "http" || url.UserInfo.Length > 0 || await OpenAsync(url.IdnHost, url.Port, cancellationToken) is not { } upstream)
        {
            await AnswerAsync(client, 403);
            return;
        }
        await using (upstream)
        {
            var request = new StringBuilder($"{words[0]} {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: close\r\n");
            foreach (var line in lines.Skip(1).Where(line => IsForwarded(line))) request.Append(line).Append("\r\n");
            await upstream.WriteAsync(Encoding.Latin1.GetBytes(request.Append("\r\n").ToString()), stop.Token);
            await upstream.CopyToAsync(client, stop.Token);
        }
    }

    private static bool IsForwarded(string line)
    {
        var name = line.Split(':')[0].Trim();
        return name.Length > 0 && line.Contains(':', StringComparison.Ordinal) && !line.Any(character => char.IsControl(character) && character != '\t')
            && name.ToLowerInvariant() is not ("host" or "connection" or "keep-alive" or "te" or "upgrade" or "content-length" or "transfer-encoding" or "expect")
            && !name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase);
    }

    private async Task<NetworkStream?> OpenAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (allowed.FirstOrDefault(entry => entry.Allows(host, port)) is not { } entry) return null;
        try
        {
            var addresses = IPAddress.TryParse(entry.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(entry.Host, cancellationToken);
            foreach (var address in addresses.Where(address => entry.Port is not null || IsPublic(address)).Take(4))
                if (await ConnectAsync(address, port, cancellationToken) is { } socket) return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException)
        {
            // No such name now.
        }
        return null;
    }

    private static async Task<Socket?> ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, port, cancellationToken);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<(string Head, byte[] Body)?> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxHead];
        var length = 0;
        while (length < buffer.Length)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (count == 0) return null;
            length += count;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0) return (Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
        }
        return null;
    }

    private async Task AnswerAsync(NetworkStream client, int status)
    {
        var reason = status switch { 400 => "Bad Request", 405 => "Method Not Allowed", _ => "Forbidden" };
        await client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), stop.Token);
    }

    private async Task PipeAsync(NetworkStream left, NetworkStream right) => await Pipes.JoinAsync(left, right, stop.Token);
}

internal static class Pipes
{
    /// <summary>Copies both ways until both sides have finished sending, or one breaks.</summary>
    public static async Task JoinAsync(NetworkStream left, NetworkStream right, CancellationToken cancellationToken)
    {
        await Task.WhenAll(OneWay(left, right), OneWay(right, left));

        async Task OneWay(NetworkStream from, NetworkStream to)
        {
            try
            {
                await from.CopyToAsync(to, cancellationToken);
                to.Socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                left.Socket.Close();
                right.Socket.Close();
            }
        }
    }
}
