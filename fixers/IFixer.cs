namespace QMoi.Fixers;

/// <summary>Repairs one known failure, or the part of it that a rule can repair safely; it declines the rest. Found by scanning this assembly; made once, used from many threads, so it holds no state.</summary>
public interface IFixer
{
    /// <summary>The catalogue entry it repairs; the entry's signatures diagnose.</summary>
    string FailureId { get; }

    /// <summary>Works out the repair. Never writes and never starts a process: it returns a patch, asks for a tool, or declines with a reason.</summary>
    Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken);
}

public abstract record FixResult
{
    private FixResult() { }

    /// <param name="Summary">What was changed, one sentence without trailing line break.</param>
    public sealed record Fixed(Patch Patch, string Summary) : FixResult;

    /// <param name="MayChange">Globs of the only files the tool's run may leave changed.</param>
    public sealed record NeedsTool(ToolRun Tool, IReadOnlyList<string> MayChange) : FixResult;

    /// <param name="Reason">For people: why there is no safe repair.</param>
    public sealed record Declined(string Reason) : FixResult;
}

/// <summary>Commands to run in a sandboxed checkout, in order; the first that fails ends the run, except where its exit code is expected.</summary>
/// <param name="Folder">Working folder inside the checkout, <c>""</c> for its root.</param>
/// <param name="Summary">What the run changes, one sentence.</param>
public sealed record ToolRun(IReadOnlyList<ToolCommand> Commands, string Folder, string Summary);

/// <param name="Arguments">Program and arguments, never a shell string.</param>
/// <param name="NeedsRegistry">The command may use the configured package registries; without them it runs with no network.</param>
/// <param name="ExpectedExitCodes">Exit codes that are not a failure (0 always is).</param>
public sealed record ToolCommand(IReadOnlyList<string> Arguments, bool NeedsRegistry = false, IReadOnlyList<int>? ExpectedExitCodes = null);

/// <summary>The repository's files at the failing commit. Paths use <c>/</c> and never begin with one.</summary>
public interface ICheckout
{
    /// <summary><c>null</c> when there is no regular file at the path (symlinks are not followed) or it is over 4 MiB.</summary>
    Task<RepositoryFile?> ReadAsync(string path, CancellationToken cancellationToken);

    /// <summary>The entries directly in a folder (<c>""</c> is the root); empty when there is no such folder.</summary>
    Task<IReadOnlyList<TreeEntry>> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Every file's path, sorted. Costs a clone where the files lie on a forge, so only when the files that the log names do not tell.</summary>
    Task<IReadOnlyList<string>> ListAllAsync(CancellationToken cancellationToken);
}

/// <param name="IsExecutable"><c>null</c> when the source cannot tell.</param>
public sealed record RepositoryFile(string Path, ReadOnlyMemory<byte> Content, bool? IsExecutable);

/// <param name="Path">Full path in the repository.</param>
public sealed record TreeEntry(string Path, bool IsFolder);
