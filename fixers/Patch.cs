namespace QMoi.Fixers;

/// <summary>Edits to files, at most one per path.</summary>
public sealed record Patch(IReadOnlyList<FileEdit> Edits)
{
    public IReadOnlyList<string> Paths => [.. Edits.Select(edit => edit.Path)];

    /// <summary>This patch and one made on top of it, as one.</summary>
    public Patch Then(Patch next)
    {
        var edits = Edits.ToDictionary(edit => edit.Path, StringComparer.Ordinal);
        foreach (var edit in next.Edits)
            edits[edit.Path] = (edits.GetValueOrDefault(edit.Path), edit) switch
            {
                (FileEdit.Write first, FileEdit.Write second) => second with { Before = first.Before },
                (FileEdit.Write { Before: { } before }, FileEdit.Delete deleted) => deleted with { Before = before },
                (FileEdit.Delete first, FileEdit.Write second) => second with { Before = first.Before },
                // A new mode and new content of one file are rare enough to be left to a second attempt.
                (null or FileEdit.SetExecutable, _) => edit,
                (_, FileEdit.SetExecutable) => edits[edit.Path],
                _ => edit,
            };
        return new Patch([.. edits.Values.OrderBy(edit => edit.Path, StringComparer.Ordinal)]);
    }
}

public abstract record FileEdit(string Path)
{
    /// <summary>New content for a file; <paramref name="Before"/> is <c>null</c> where the file is new. The mode stays as it was.</summary>
    public sealed record Write(string Path, ReadOnlyMemory<byte>? Before, ReadOnlyMemory<byte> After) : FileEdit(Path);

    /// <summary>Mode change of an existing file.</summary>
    public sealed record SetExecutable(string Path, bool IsExecutable) : FileEdit(Path);

    public sealed record Delete(string Path, ReadOnlyMemory<byte> Before) : FileEdit(Path);
}
