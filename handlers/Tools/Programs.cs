using System.Text;

namespace QMoi.Handlers.Tools;

/// <summary>Finds programs on this machine, and the folders they need to be able to run.</summary>
public static class Programs
{
    private const int MaxHops = 8;

    /// <summary>The executable file a name stands for; <c>null</c> where there is none. Never looks in the working folder.</summary>
    public static string? Find(string name, string searchPath)
    {
        if (name.Length == 0) return null;
        if (Path.IsPathRooted(name)) return IsExecutable(name) ? name : null;
        if (name.Contains('/', StringComparison.Ordinal)) return null;
        return searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() && !Path.HasExtension(name) ? name + ".exe" : name))
            .FirstOrDefault(IsExecutable);
    }

    /// <summary>Folders that hold the program, what its symlinks lead to and its interpreters, most of them under a home folder or <c>/opt</c>.
    /// Whoever shows them to a stranger's code shows them read-only.</summary>
    /// <remarks>A version manager keeps its tools beside other things of its user, so only the part with programs in it is named:
    /// of <c>~/.cargo</c> the <c>bin</c>, of <c>~/.local</c> the <c>bin</c> and <c>lib</c>, never a home folder itself.</remarks>
    public static IReadOnlyList<string> FoldersOf(string program, string searchPath)
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        Visit(program, 0);
        return [.. folders];

        void Visit(string file, int hops)
        {
            if (hops > MaxHops) return;
            foreach (var folder in Prefix(file)) folders.Add(folder);
            var info = new FileInfo(file);
            if (info.LinkTarget is { } target)
            {
                Visit(Path.GetFullPath(target, Path.GetDirectoryName(file)!), hops + 1);
                return;
            }
            if (Resolve(file) is { } real && real != file)
            {
                Visit(real, hops + 1);
                return;
            }
            if (Interpreter(file) is not { } line) return;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) return;
            Visit(words[0], hops + 1);
            if (Path.GetFileName(words[0]) == "env" && words.Skip(1).FirstOrDefault(word => !word.StartsWith('-')) is { } name && Find(name, searchPath) is { } found)
                Visit(found, hops + 1);
        }
    }

    /// <summary>The path with every symlink in it followed; <c>null</c> where it leads nowhere.</summary>
    public static string? Resolve(string path)
    {
        var current = Path.GetFullPath(path);
        for (var hops = 0; hops < 40; hops++)
        {
            var next = FollowFirst(current);
            if (next is null) return File.Exists(current) || Directory.Exists(current) ? current : null;
            current = next;
        }
        return null;
    }

    private static string? FollowFirst(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var walked = "/";
        for (var i = 0; i < parts.Length; i++)
        {
            var here = Path.Combine(walked, parts[i]);
            if (new FileInfo(here).LinkTarget is { } target)
                return Path.GetFullPath(Path.Combine([Path.GetFullPath(target, walked), .. parts[(i + 1)..]]));
            walked = here;
        }
        return null;
    }

    private static IEnumerable<string> Prefix(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        if (Path.GetFileName(folder) is not ("bin" or "sbin" or "shims" or "libexec"))
        {
            if (!IsTooMuch(folder)) yield return folder;
            yield break;
        }
        var parent = Path.GetDirectoryName(folder)!;
        if (IsTooMuch(parent) || Path.GetFileName(parent) is ".local" or ".cargo" or "go")
        {
            yield return folder;
            if (Directory.Exists(Path.Combine(parent, "lib"))) yield return Path.Combine(parent, "lib");
            var rust = Path.Combine(Path.GetDirectoryName(parent) ?? "/", ".rustup");
            if (Path.GetFileName(parent) == ".cargo" && Directory.Exists(rust)) yield return rust;
            yield break;
        }
        yield return parent;
    }

    /// <summary>A whole home folder, or a folder of home folders: never shown.</summary>
    private static bool IsTooMuch(string folder)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return folder is "/" or "/root" or "/home" or "/opt" or "/tmp" or "/var" or "/var/tmp" or "/srv" or "/mnt" or "/etc" or "/run"
            || Path.GetDirectoryName(folder) == "/home"
            || (home.Length > 1 && (home + "/").StartsWith(folder + "/", StringComparison.Ordinal));
    }

    private static string? Interpreter(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var buffer = new byte[256];
            var count = stream.Read(buffer);
            if (count < 3 || buffer[0] != '#' || buffer[1] != '!') return null;
            return Encoding.UTF8.GetString(buffer, 2, count - 2).Split('\n')[0].Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsExecutable(string file)
    {
        if (!File.Exists(file)) return false;
        if (OperatingSystem.IsWindows()) return true;
        try
        {
            return (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
