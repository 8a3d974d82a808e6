using System.Diagnostics;

namespace QMoi.Simulator;

internal sealed record JobProcessResult(int ExitCode, bool TimedOut);

/// <summary>A job's shell: in its own session, so that everything it starts can be ended with it.</summary>
internal static class JobProcess
{
    // How long a process that left the session may keep the output open after the shell has ended.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(2);

    public static async Task<JobProcessResult> RunAsync(string script, IReadOnlyList<string> shellOptions, string folder,
        IReadOnlyDictionary<string, string> environment, TimeSpan timeout, Action<ReadOnlyMemory<byte>> output, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("bash",
            ["--noprofile", "--norc", "-c", "exec \"$@\" 2>&1 </dev/null", "job", "setsid", "bash", "--noprofile", "--norc", .. shellOptions, script])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start");
        process.StandardInput.Close();
        var reading = CopyAsync(process.StandardOutput.BaseStream, output);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        var timedOut = false;
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            timedOut = !cancellationToken.IsCancellationRequested;
        }
        EndSession(process);
        await process.WaitForExitAsync(CancellationToken.None);
        await Task.WhenAny(reading, Task.Delay(OutputGrace, CancellationToken.None));
        cancellationToken.ThrowIfCancellationRequested();
        return new JobProcessResult(process.ExitCode, timedOut);
    }

    private static async Task CopyAsync(Stream stream, Action<ReadOnlyMemory<byte>> output)
    {
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer) is var count and > 0)
            output(buffer.AsMemory(0, count));
    }

    /// <summary>Every process of the session, also those in process groups of their own (timeout(1) makes such).</summary>
    private static void EndSession(Process leader)
    {
        if (!leader.HasExited)
            leader.Kill(entireProcessTree: true);
        if (!OperatingSystem.IsLinux())
            return;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(name => char.IsAsciiDigit(name["/proc/".Length])))
        {
            try
            {
                // pid (name) state parent group session ...; the name may hold anything, so count from its end
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[3] != leader.Id.ToString())
                    continue;
                using var member = Process.GetProcessById(int.Parse(Path.GetFileName(folder)));
                member.Kill();
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException
                or System.ComponentModel.Win32Exception)
            {
                // it ended by itself meanwhile
            }
        }
    }
}
