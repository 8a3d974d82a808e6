#pragma warning disable RS0030 // Process.Start: this is the one place that starts processes; everything else comes through here
using System.Buffers;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace QMoi.Handlers.Tools;

/// <summary>One program to run. There is no shell anywhere: an argument reaches the program as it is written.</summary>
/// <param name="Program">Absolute path, or a name looked up on the PATH of <see cref="Environment"/> (without one: of this process).</param>
/// <param name="Folder">Working folder; must exist.</param>
public sealed record ChildSpec(string Program, IReadOnlyList<string> Arguments, string Folder)
{
    /// <summary>All of the child's environment; nothing is inherited.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Bytes for its standard input; <c>null</c> closes it at once.</summary>
    public ReadOnlyMemory<byte>? Input { get; init; }

    /// <summary>Bytes kept of each of output and errors; the rest is read and dropped. Default 1 MiB.</summary>
    public int OutputLimit { get; init; } = 1 << 20;

    /// <summary>After it the program and all its children are killed. Default 5 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Runs beside the program, given its process id; the first reason it returns ends the program. <c>null</c> = it saw nothing wrong.</summary>
    public Func<int, CancellationToken, Task<string?>>? Watch { get; init; }
}

/// <summary>What became of a program.</summary>
public abstract record ChildResult
{
    private ChildResult() { }

    /// <param name="ExitCode">128 + n where signal n ended it.</param>
    /// <param name="Stopped">Why we killed it (time, output, the watch's reason); <c>null</c> where it ended by itself.</param>
    /// <param name="Output">The first bytes of standard output, at most <see cref="ChildSpec.OutputLimit"/>.</param>
    public sealed record Ran(int ExitCode, string? Stopped, bool HasTimedOut, Captured Output, Captured Errors, TimeSpan Elapsed) : ChildResult
    {
        public bool Succeeded => ExitCode == 0 && Stopped is null;
    }

    /// <param name="Reason">For people: not found, or not runnable.</param>
    public sealed record Missing(string Program, string Reason) : ChildResult;
}

/// <param name="Bytes">The beginning, up to the limit.</param>
/// <param name="Tail">The last bytes, at most 16 KiB, also of what was dropped.</param>
public sealed record Captured(ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Tail, long Total)
{
    public bool IsCut => Total > Bytes.Length;

    /// <summary>The kept beginning as UTF-8; wrong bytes become U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes.Span);
}

/// <summary>Starts programs: argument list, explicit environment, capped output, time limit, killed as a tree.</summary>
public static class ChildProcess
{
    /// <summary>A child that has written this many times its kept output is only filling the disk of somebody's patience.</summary>
    private const int DroppedFactor = 64;

    /// <summary>Grandchildren may hold the pipes open after the program is gone; we wait this long for their last words.</summary>
    private static readonly TimeSpan PipeGrace = TimeSpan.FromSeconds(2);

    /// <summary>All children are started by this one thread, which never ends: bwrap and setpriv can tie a child's life to its parent *thread*
    /// (PR_SET_PDEATHSIG), and a pool thread that retires would kill a healthy child.</summary>
    private static readonly Lazy<BlockingCollection<Action>> Starter = new(() =>
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in work.GetConsumingEnumerable()) start();
        })
        { IsBackground = true, Name = "process starter" }.Start();
        return work;
    });

    public static async Task<ChildResult> RunAsync(ChildSpec spec, TimeProvider clock, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Directory.Exists(spec.Folder)) throw new DirectoryNotFoundException("The working folder of a child process does not exist.");
        var searchPath = spec.Environment.TryGetValue("PATH", out var path) ? path : System.Environment.GetEnvironmentVariable("PATH") ?? "";
        if (Programs.Find(spec.Program, searchPath) is not { } program)
            return new ChildResult.Missing(spec.Program, "not found on the PATH");

        using var process = new Process { StartInfo = StartInfo(spec, program) };
        var started = clock.GetTimestamp();
        if (await StartAsync(process) is { } problem) return new ChildResult.Missing(spec.Program, problem);

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timeout = new CancellationTokenSource(spec.Timeout, clock);
        using var overOrLate = CancellationTokenSource.CreateLinkedTokenSource(over.Token, timeout.Token);
        string? stopped = null;

        void Stop(string reason)
        {
            Interlocked.CompareExchange(ref stopped, reason, null);
            Kill(process);
        }

        var input = WriteInputAsync(process, spec.Input, overOrLate.Token);
        var output = ReadAsync(process.StandardOutput.BaseStream, spec.OutputLimit, Stop);
        var errors = ReadAsync(process.StandardError.BaseStream, spec.OutputLimit, Stop);
        var watch = spec.Watch is { } look ? WatchAsync(look, process.Id, Stop, overOrLate.Token) : Task.CompletedTask;
        try
        {
            await process.WaitForExitAsync(overOrLate.Token);
        }
        catch (OperationCanceledException)
        {
            if (!cancellationToken.IsCancellationRequested) Interlocked.CompareExchange(ref stopped, "it took longer than " + Words(spec.Timeout), null);
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        var elapsed = clock.GetElapsedTime(started);
        await over.CancelAsync();
        await watch;
        await input;
        var captured = await Task.WhenAll(Finished(output, clock), Finished(errors, clock));
        cancellationToken.ThrowIfCancellationRequested();
        return new ChildResult.Ran(process.ExitCode, stopped, timeout.IsCancellationRequested && stopped is not null, captured[0], captured[1], elapsed);
    }

    /// <summary>Runs a program on this process's own input, output and environment and returns its exit code; 127 where it cannot be started.
    /// Only for launchers inside a sandbox, whose end is the end of the sandbox.</summary>
    public static async Task<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { UseShellExecute = false } };
        if (await StartAsync(process) is not null) return 127;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    /// <summary>Runs a program of the machine to its end, whatever that is. For cleaning up, where nobody can wait asynchronously.</summary>
    internal static void RunQuietly(string program, IReadOnlyList<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true });
            process?.StandardError.ReadToEnd();
            process?.WaitForExit();
        }
        catch (Win32Exception)
        {
            // It is not installed.
        }
    }

    private static ProcessStartInfo StartInfo(ChildSpec spec, string program)
    {
        var info = new ProcessStartInfo(program, spec.Arguments)
        {
            WorkingDirectory = spec.Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment.Clear();
        foreach (var (name, value) in spec.Environment) info.Environment[name] = value;
        return info;
    }

    private static async Task<string?> StartAsync(Process process)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starter.Value.Add(() =>
        {
            try
            {
                process.Start();
                done.SetResult(null);
            }
            catch (Win32Exception exception) when (exception.NativeErrorCode is 2 or 8 or 13) // ENOENT, ENOEXEC, EACCES
            {
                done.SetResult("cannot be run: " + exception.NativeErrorCode switch { 2 => "not found", 8 => "not a program", _ => "not permitted" });
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return await done.Task;
    }

    private static async Task WriteInputAsync(Process process, ReadOnlyMemory<byte>? input, CancellationToken cancellationToken)
    {
        try
        {
            var stream = process.StandardInput.BaseStream;
            if (input is { } bytes) await stream.WriteAsync(bytes, cancellationToken);
            process.StandardInput.Close();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // It ended without reading its input; its exit code tells more than this does.
        }
    }

    private static async Task WatchAsync(Func<int, CancellationToken, Task<string?>> look, int processId, Action<string> stop, CancellationToken cancellationToken)
    {
        try
        {
            if (await look(processId, cancellationToken) is { } reason) stop(reason);
        }
        catch (OperationCanceledException)
        {
            // The program is over.
        }
    }

    private sealed class Capture(int limit)
    {
        private const int TailLength = 16 * 1024;
        private readonly ArrayBufferWriter<byte> head = new();
        private byte[] tail = [];
        private long total;

        public long Total => total;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            lock (head)
            {
                total += bytes.Length;
                head.Write(bytes[..Math.Min(bytes.Length, limit - head.WrittenCount)]);
                tail = bytes.Length >= TailLength ? bytes[^TailLength..].ToArray() : [.. tail.AsSpan(Math.Max(0, tail.Length + bytes.Length - TailLength)), .. bytes];
            }
        }

        public Captured Snapshot()
        {
            lock (head) return new Captured(head.WrittenSpan.ToArray(), tail, total);
        }
    }

    private static (Capture Capture, Stream Stream, Task Done) ReadAsync(Stream stream, int limit, Action<string> stop)
    {
        var capture = new Capture(limit);
        return (capture, stream, Read());

        async Task Read()
        {
            var buffer = new byte[32 * 1024];
            try
            {
                while (await stream.ReadAsync(buffer) is var count and > 0)
                {
                    capture.Add(buffer.AsSpan(0, count));
                    if (capture.Total > (long)limit * DroppedFactor) stop("it printed without end");
                }
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // The pipe is gone; what was read stays.
            }
        }
    }

    private static async Task<Captured> Finished((Capture Capture, Stream Stream, Task Done) reading, TimeProvider clock)
    {
        try
        {
            await reading.Done.WaitAsync(PipeGrace, clock);
        }
        catch (TimeoutException)
        {
            await reading.Stream.DisposeAsync();
        }
        return reading.Capture.Snapshot();
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or AggregateException or Win32Exception)
        {
            // It has just ended by itself.
        }
    }

    private static string Words(TimeSpan time) => time.TotalSeconds < 120 ? $"{time.TotalSeconds:0.#} s" : $"{time.TotalMinutes:0.#} min";
}
