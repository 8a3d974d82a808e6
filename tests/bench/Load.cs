using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace QMoi.Bench;

internal sealed record LoadResult(int Accepted, int Other, double Seconds, double P50, double P99)
{
    public double PerSecond => Accepted / Seconds;
}

/// <summary>Signed GitHub deliveries with unique ids and bodies, over kept-alive connections.</summary>
internal static class Load
{
    /// <summary>Requests made ahead for each second.</summary>
    private const int Prepared = 16_000;

    private static readonly Lazy<Task<Deliveries>> Made = new(Deliveries.MakeAsync);
    private static long number = Stopwatch.GetTimestamp();

    /// <param name="perSecond">Paced over all connections; <c>null</c>: as fast as the answers come.</param>
    public static async Task<LoadResult> RunAsync(Uri url, string path, string secret, int connections, TimeSpan time, int? perSecond = null)
    {
        var latencies = new ConcurrentBag<List<double>>();
        var (accepted, other) = (0, 0);
        await Made.Value;
        var made = perSecond is null ? await PrepareAsync(url, path, secret, time) : new ConcurrentQueue<byte[]>();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(connection => Task.Run(async () =>
        {
            var mine = new List<double>();
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(url.Host, url.Port);
            var stream = client.GetStream();
            var buffer = new byte[16 * 1024];
            for (var i = 0; watch.Elapsed < time; i++)
            {
                var due = TimeSpan.Zero;
                if (perSecond is { } rate)
                {
                    due = TimeSpan.FromSeconds(((double)i * connections + connection) / rate);
                    if (due > time)
                        break;
                    if (due > watch.Elapsed)
                        await Task.Delay(due - watch.Elapsed);
                }
                var request = made.TryDequeue(out var ready) ? ready : await RequestAsync(url, path, secret);
                var sent = perSecond is null ? watch.Elapsed : due;
                await stream.WriteAsync(request);
                if (await StatusAsync(stream, buffer) is 200 or 202)
                    Interlocked.Increment(ref accepted);
                else
                    Interlocked.Increment(ref other);
                mine.Add((watch.Elapsed - sent).TotalMilliseconds);
            }
            latencies.Add(mine);
        })));
        var seconds = watch.Elapsed.TotalSeconds;
        var all = latencies.SelectMany(list => list).Order().ToList();
        return new LoadResult(accepted, other, seconds, At(0.5), At(0.99));

        double At(double quantile) => all.Count == 0 ? 0 : all[(int)(quantile * (all.Count - 1))];
    }

    /// <summary>Made before the clock runs, as by the usual load generators: on the same processors, making and signing them would take from the server. Should they run out, they are made as they are sent.</summary>
    private static async Task<ConcurrentQueue<byte[]>> PrepareAsync(Uri url, string path, string secret, TimeSpan time)
    {
        var made = new ConcurrentQueue<byte[]>();
        for (var count = Prepared * time.TotalSeconds; count > 0; count--)
            made.Enqueue(await RequestAsync(url, path, secret));
        return made;
    }

    public static async Task<byte[]> RequestAsync(Uri url, string path, string secret)
    {
        var id = Interlocked.Increment(ref number);
        var (name, body) = (await Made.Value).Number(id);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));
        var headers = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {url.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nX-GitHub-Event: {name}\r\nX-GitHub-Delivery: {id}\r\n"
            + $"X-GitHub-Hook-ID: 1\r\nUser-Agent: GitHub-Hookshot/bench\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n");
        return [.. headers, .. body];
    }

    /// <summary>Reads one answer, with a length or chunked.</summary>
    public static async Task<int> StatusAsync(NetworkStream stream, byte[] buffer)
    {
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length));
            if (read == 0)
                return 0;
            length += read;
            var text = buffer.AsSpan(0, length);
            var end = text.IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;
            var headers = Encoding.ASCII.GetString(text[..end]);
            var at = headers.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            var isWhole = at >= 0
                ? length >= end + 4 + int.Parse(headers.AsSpan(at + 16, (headers.IndexOf('\r', at) is > 0 and var stop ? stop : headers.Length) - at - 16), CultureInfo.InvariantCulture)
                : !headers.Contains("chunked", StringComparison.OrdinalIgnoreCase) || text.EndsWith("0\r\n\r\n"u8);
            if (isWhole)
                return int.Parse(headers.AsSpan(9, 3), CultureInfo.InvariantCulture);
        }
    }
}
