using System.Globalization;

namespace QMoi.Handlers.Tools;

/// <summary>Looks at a running sandbox from outside, four times a second: number and memory of all its processes, growth of its checkout.</summary>
/// <remarks>Limits of single processes are the kernel's; sums are not, without a cgroup.</remarks>
internal sealed class SandboxWatch(SandboxSettings settings, string folder, TimeProvider clock)
{
    private const long WorthCounting = 64L << 20;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public async Task<string?> WatchAsync(int processId, CancellationToken cancellationToken)
    {
        var drive = new DriveInfo(folder);
        var freeAtCount = drive.AvailableFreeSpace;
        var allowed = await SizeAsync(folder, cancellationToken) + settings.DiskBytes;
        while (true)
        {
            await Task.Delay(Interval, clock, cancellationToken);
            var (processes, memory) = Use(processId);
            if (memory > settings.MemoryBytes) return "it used too much memory";
            // RLIMIT_NPROC holds first, except where the bot is root and can lend no other user.
            if (processes > settings.Processes) return "it started too many processes";
            // The walk is dear, so only where the disk has lost something meanwhile.
            if (freeAtCount - drive.AvailableFreeSpace < WorthCounting) continue;
            freeAtCount = drive.AvailableFreeSpace;
            if (await SizeAsync(folder, cancellationToken) > allowed) return "it wrote too much to the disk";
        }
    }

    // Not by our own walk: it cannot look at files whose names are no UTF-8, and they would count for nothing.
    private async Task<long> SizeAsync(string folder, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = Sandbox.SearchPath, ["LC_ALL"] = "C" };
        var du = await ChildProcess.RunAsync(new ChildSpec("du", ["-s", "-k", "-x", "--", folder], "/") { Environment = environment }, clock, cancellationToken);
        return du is ChildResult.Ran ran && long.TryParse(ran.Output.Text.Split('\t')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes << 10 : 0;
    }

    private static (int Processes, long Memory) Use(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && ParentOf(id) is { } parent) parents[id] = parent;
        var processes = 0;
        long memory = 0;
        foreach (var id in parents.Keys.Where(id => id != root && IsBelow(id)))
        {
            Expendable(id);
            processes++;
            memory += MemoryOf(id);
        }
        return (processes, memory);

        bool IsBelow(int id)
        {
            for (var hops = 0; hops < 4096 && parents.TryGetValue(id, out var parent); hops++, id = parent)
                if (parent == root) return true;
            return false;
        }
    }

    private static int? ParentOf(int id)
    {
        // pid (name, which may hold anything) state ppid ...
        var stat = Read($"/proc/{id}/stat");
        var words = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 1 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var parent) ? parent : null;
    }

    // Not the resident size: pages of a program that many processes share would count for each.
    private static long MemoryOf(int id)
    {
        long kibibytes = 0;
        foreach (var line in Read($"/proc/{id}/status").Split('\n'))
        {
            if (!line.StartsWith("RssAnon:", StringComparison.Ordinal) && !line.StartsWith("RssShmem:", StringComparison.Ordinal)) continue;
            if (long.TryParse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) kibibytes += value;
        }
        return kibibytes << 10;
    }

    private static void Expendable(int id)
    {
        try
        {
            File.WriteAllText($"/proc/{id}/oom_score_adj", "1000");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone already, or not ours to say.
        }
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
