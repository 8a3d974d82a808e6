using System.Diagnostics;

namespace QMoi.Bench;

/// <summary>A server under test: a process of its own that prints a line with its address when it answers.</summary>
internal sealed class Server : IDisposable
{
    private readonly Process process;

    private Server(string name, Process process, Uri url, TimeSpan toReady) => (Name, this.process, Url, ToReady) = (name, process, url, toReady);

    public string Name { get; }
    public Uri Url { get; }
    public TimeSpan ToReady { get; }

    public static async Task<Server> StartAsync(string name, string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, Uri? fixedUrl = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        var watch = Stopwatch.StartNew();
        var started = Process.Start(start)!;
        _ = Task.Run(() => started.StandardError.BaseStream.CopyToAsync(Stream.Null));
        Uri url;
        if (fixedUrl is null)
        {
            string? line;
            while ((line = await started.StandardOutput.ReadLineAsync()) is not null && !line.StartsWith("ready http", StringComparison.Ordinal))
            {
            }
            url = new Uri((line ?? throw new InvalidOperationException($"{name} ended before it was ready."))["ready ".Length..]);
        }
        else
        {
            url = fixedUrl;
            for (var tries = 0; !await AnswersAsync(url); tries++)
            {
                if (tries > 200)
                    throw new InvalidOperationException($"{name} does not answer at {url}.");
                await Task.Delay(50);
            }
        }
        _ = Task.Run(() => started.StandardOutput.BaseStream.CopyToAsync(Stream.Null));
        return new Server(name, started, url, watch.Elapsed);
    }

    /// <summary>CPU time used so far, user and system.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }

    private static async Task<bool> AnswersAsync(Uri url)
    {
        try
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(url.Host, url.Port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
