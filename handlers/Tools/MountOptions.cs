namespace QMoi.Handlers.Tools;

/// <summary>What a sandbox shows, in the words of bwrap's command line; <see cref="ToolEnter"/> reads the same words where bwrap is missing.</summary>
internal sealed class MountOptions
{
    private readonly List<string> arguments = [];
    private readonly List<string> shown = [];
    private readonly HashSet<string> made = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Arguments => arguments;

    /// <summary>Shows a file or folder where it is; nothing happens where it does not exist or is shown already.</summary>
    public void ReadOnly(string path)
    {
        if (!Path.Exists(path) || IsShown(path)) return;
        ReadOnly(path, path);
    }

    public void ReadOnly(string path, string inside)
    {
        Parents(inside);
        arguments.AddRange(["--ro-bind", path, inside]);
        shown.Add(inside);
    }

    public void Writable(string path, string inside)
    {
        Parents(inside);
        arguments.AddRange(["--bind", path, inside]);
    }

    public void Link(string target, string path)
    {
        arguments.AddRange(["--symlink", target, path]);
        shown.Add(path);
    }

    public void Folder(string path)
    {
        if (made.Add(path)) arguments.AddRange(["--perms", "0755", "--dir", path]);
    }

    /// <summary>An empty folder over one that is shown; nothing where it is not.</summary>
    public void Hide(string path)
    {
        if (IsShown(path) || shown.Any(folder => folder.StartsWith(path + "/", StringComparison.Ordinal))) arguments.AddRange(["--perms", "0755", "--size", "4096", "--tmpfs", path]);
    }

    /// <summary>Processes, devices, and places to write that end with the run.</summary>
    public void System(long temporaryBytes)
    {
        arguments.AddRange(["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", "67108864", "--tmpfs", "/dev/shm"]);
        arguments.AddRange(["--perms", "1777", "--size", temporaryBytes.ToString(), "--tmpfs", "/tmp", "--perms", "0777", "--dir", "/tmp/home", "--perms", "0777", "--dir", "/tmp/tmp"]);
        arguments.AddRange(["--symlink", "/tmp/tmp", "/var/tmp"]);
        made.UnionWith(["/proc", "/dev", "/tmp"]);
    }

    public void Seal() => arguments.AddRange(["--remount-ro", "/dev", "--remount-ro", "/"]);

    private bool IsShown(string path) => shown.Any(folder => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal));

    // A parent made on the way would be closed to the sandbox's user.
    private void Parents(string inside)
    {
        for (var (end, path) = (inside.IndexOf('/', 1), inside); end > 0; end = path.IndexOf('/', end + 1))
            if (!IsShown(path[..end])) Folder(path[..end]);
    }
}
