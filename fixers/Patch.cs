namespace QMoi.Fixers;

/// <summary>Edits to files, at most one per path.</summary>
public sealed record Patch(IReadOnlyList<FileEdit> Edits)
{
    public IReadOnlyList<string> Paths => [.. Edits.Select(edit => edit.Path)];
}

public abstract record FileEdit(string Path)
{
    /// <summary>New content for a file; <paramref name="Before"/> is <c>null</c> where the file is new. The mode stays as it was.</summary>
    public sealed record Write(string Path, ReadOnlyMemory<byte>? Before, ReadOnlyMemory<byte> After) : FileEdit(Path);

    /// <summary>Mode change of an existing file.</summary>
    public sealed record SetExecutable(string Path, bool IsExecutable) : FileEdit(Path);

    public sealed record Delete(string Path, ReadOnlyMemory<byte> Before) : FileEdit(Path);
}
