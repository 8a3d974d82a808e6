namespace QMoi.Handlers.Tools;

/// <summary>What one tool run may use. The defaults suit a lock file or a formatter on a small machine.</summary>
public sealed record SandboxSettings
{
    /// <summary>Package registries that tools may read, each <c>host</c> (ports 80 and 443, public addresses only) or <c>host:port</c> (exactly that, private addresses too).
    /// <c>null</c>: the sources this machine's NuGet is configured with for dotnet, the registry of its npm for all other tools. Empty: none, tools have no network at all.</summary>
    public IReadOnlyList<string>? Registries { get; init; }

    /// <summary>Folders that no tool may see even where they lie in a system folder: the data folder, settings.</summary>
    public IReadOnlyList<string> HiddenFolders { get; init; } = [];

    /// <summary>Longest time of one command. Default 5 minutes, 1 s to 1 h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>CPU time of each process (RLIMIT_CPU). Default 10 minutes.</summary>
    public TimeSpan CpuTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Processes and threads at a time (RLIMIT_NPROC, counted for a user of the run's own). Default 512.</summary>
    public int Processes { get; init; } = 512;

    /// <summary>Memory of all processes together, looked at four times a second; each alone is also held to it (RLIMIT_DATA). Default 4 GiB.</summary>
    /// <remarks>Not RLIMIT_AS: node, Java and .NET reserve far more addresses than they use. Not a cgroup: it needs rights that a service seldom has.
    /// Tools are also the first that the kernel ends when memory runs out (oom_score_adj 1000).</remarks>
    public long MemoryBytes { get; init; } = 4L << 30;

    /// <summary>Largest single file (RLIMIT_FSIZE). Default 1 GiB.</summary>
    public long FileBytes { get; init; } = 1L << 30;

    /// <summary>Growth of the checkout on disk, looked at four times a second. Default 4 GiB.</summary>
    public long DiskBytes { get; init; } = 4L << 30;

    /// <summary>Home and temporary files of a command, in memory. Default 1 GiB.</summary>
    public long TemporaryBytes { get; init; } = 1L << 30;

    /// <summary>Open files of each process. Default 4,096.</summary>
    public int OpenFiles { get; init; } = 4096;

    /// <summary>Try only this kind of sandbox. Default: all, the best first.</summary>
    public SandboxKind? Only { get; init; }

    /// <summary>Command that runs this program, to which <c>tool-forward</c> or <c>tool-enter</c> and more is added. Default: how this process was started.</summary>
    public IReadOnlyList<string>? Launcher { get; init; }
}

/// <summary>How tools are kept apart from the machine.</summary>
public enum SandboxKind
{
    /// <summary>Not at all, so they do not run.</summary>
    None,

    /// <summary>bwrap.</summary>
    Bubblewrap,

    /// <summary>unshare, setpriv and prlimit of util-linux.</summary>
    Unshare,
}
