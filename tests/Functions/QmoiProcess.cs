using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace QMoi.Tests.Functions;

/// <summary>The real program as a process of its own.</summary>
public sealed class QmoiProcess : IAsyncDisposable
{
    /// <summary>No wait is without an end: a test that stands still tells nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly HttpClient Client = new();

    private readonly Process process;
    private readonly Channel<string> errors = Channel.CreateUnbounded<string>();

    private QmoiProcess(Process process) => this.process = process;

    public static string Executable { get; } = Path.Combine(Root, "functions", "bin", "Release", "net10.0", "qmoi");

    /// <summary>Top folder of the project.</summary>
    public static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "QMoi.sln")))
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("QMoi.sln is not above the tests.");
            return folder;
        }
    }

    public string Url { get; private set; } = "";

    public int Id => process.Id;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="within">A command that runs the program given to it, in other surroundings.</param>
    public static async Task<(int ExitCode, string Out, string Error)> RunAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string input = "", string folder = "", IReadOnlyList<string>? within = null)
    {
        using var run = Start(arguments, environment, folder, within);
        using var patience = new CancellationTokenSource(Patience);
        await using var impatience = patience.Token.Register(() => run.Kill(entireProcessTree: true));
        await run.StandardInput.WriteAsync(input);
        run.StandardInput.Close();
        var (output, error) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync().WaitAsync(2 * Patience);
        return (run.ExitCode, await output.WaitAsync(Patience), await error.WaitAsync(Patience));
    }

    /// <summary>Starts <c>qmoi serve</c> and returns when it is ready.</summary>
    public static Task<QmoiProcess> ServeAsync(string data, IReadOnlyDictionary<string, string> environment, params string[] more) => ServeWithinAsync([], data, environment, more);

    /// <param name="within">A command that becomes the program given to it, in other surroundings.</param>
    public static async Task<QmoiProcess> ServeWithinAsync(IReadOnlyList<string> within, string data, IReadOnlyDictionary<string, string> environment, params string[] more)
    {
        var serving = new QmoiProcess(Start(["serve", "--urls", "http://127.0.0.1:0", "--data", data, .. more], environment, within: within));
        _ = serving.ReadErrorsAsync();
        var line = await serving.process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? "";
        Assert.StartsWith("ready http://", line, StringComparison.Ordinal);
        serving.Url = line["ready ".Length..];
        return serving;
    }

    /// <summary>The next line on standard error that contains a text; those before it are gone then. Gives up after a minute.</summary>
    public async Task<string> ErrorLineAsync(string containing)
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var line in errors.Reader.ReadAllAsync(patience.Token))
            if (line.Contains(containing, StringComparison.Ordinal))
                return line;
        throw new InvalidOperationException($"The process ended and never said '{containing}'.");
    }

    /// <summary>What <c>/readyz</c> says of a bot that is ready.</summary>
    public async Task<string> ReadyAsync()
    {
        var (status, said) = await GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, status);
        return said;
    }

    public async Task<(HttpStatusCode Status, string Said)> GetAsync(string path)
    {
        using var response = await Client.GetAsync(Url + path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Until no delivery waits to be worked.</summary>
    public Task IdleAsync() => Waiting.UntilAsync(async () =>
    {
        var queue = JsonDocument.Parse((await GetAsync("/api/qmoi/status")).Said).RootElement.GetProperty("queue");
        return queue.GetProperty("ready").GetInt64() + queue.GetProperty("waiting").GetInt64() == 0;
    }, what: "a bot without work");

    /// <summary>What <c>qmoi deliveries</c> lists.</summary>
    public static async Task<IReadOnlyList<(string Id, string State)>> DeliveriesAsync(string data, IReadOnlyList<string>? within = null)
    {
        var (exitCode, output, error) = await RunAsync(["deliveries", "--json", "--data", data], within: within);
        Assert.True(exitCode == 0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Select(row => (row.GetProperty("id").GetString()!, row.GetProperty("state").GetString()!))];
    }

    /// <summary>All of standard error up to now.</summary>
    public string ErrorsSoFar => string.Join('\n', everything);

    private readonly System.Collections.Concurrent.ConcurrentQueue<string> everything = new();

    private async Task ReadErrorsAsync()
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            everything.Enqueue(line);
            errors.Writer.TryWrite(line);
        }
        errors.Writer.Complete();
    }

    /// <summary>SIGKILL: no chance to finish anything.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>SIGSTOP: it lives on and does nothing, as on a machine that is moved or starved. Returns when all of it stands still.</summary>
    public async Task FreezeAsync()
    {
        await SignalAsync("-STOP");
        await Waiting.UntilAsync(() => Directory.GetDirectories($"/proc/{process.Id}/task").All(thread => File.ReadAllText(Path.Combine(thread, "stat")).Split(')')[^1].TrimStart()[0] == 'T'));
    }

    /// <summary>SIGCONT.</summary>
    public Task WakeAsync() => SignalAsync("-CONT");

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, process.Id.ToString()]);
        await kill.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>SIGTERM, as a service manager sends it; returns the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync("-TERM");
        await process.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await KillAsync();
        process.Dispose();
    }

    private static Process Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment, string folder = "", IReadOnlyList<string>? within = null)
    {
        string[] command = [.. within ?? [], Executable, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("QMOI_", StringComparison.Ordinal) || name.StartsWith("GITHUB_", StringComparison.Ordinal) || name.StartsWith("GITLAB_", StringComparison.Ordinal) || name.StartsWith("OTEL_", StringComparison.Ordinal) || name == "DATABASE_URL").ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
