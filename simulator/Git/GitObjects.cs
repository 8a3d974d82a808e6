namespace QMoi.Simulator;

internal sealed record GitSignature(string Name, string Email, DateTimeOffset When);

internal sealed record GitCommit(string Sha, string Tree, IReadOnlyList<string> Parents, GitSignature Author, GitSignature Committer, string Message)
{
    public string? FirstParent => Parents is [var first, ..] ? first : null;
    public string Title => Message.Split('\n', 2)[0];
}

internal sealed record GitTreeEntry(string Mode, string Type, string Sha, long? Size, string Path)
{
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}

/// <summary>One path to set in a tree; without a blob the path is removed.</summary>
internal sealed record GitTreeEdit(string Path, string Mode, string? Sha);

internal sealed record GitFileChange(string Status, string OldPath, string Path, string OldMode, string Mode, string Sha, int Additions, int Deletions, string Patch);
