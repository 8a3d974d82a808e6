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

internal sealed record GitFileChange(string Status, string OldPath, string Path, string OldMode, string Mode, string Sha, int Additions, int Deletions, string Patch)
{
    /// <summary>The lines that the change shows: those taken out have an old number, those put in a new one, unchanged ones near them both.</summary>
    public IEnumerable<(int Hunk, int? Old, int? New)> Lines()
    {
        var (hunk, old, now) = (0, 0, 0);
        foreach (var line in Patch.Split('\n'))
        {
            if (line.StartsWith("@@ -", StringComparison.Ordinal))
            {
                var ranges = line.Split(' ');
                (hunk, old, now) = (hunk + 1, Start(ranges[1]), Start(ranges[2]));
            }
            else if (line.StartsWith('-'))
            {
                yield return (hunk, old++, null);
            }
            else if (line.StartsWith('+'))
            {
                yield return (hunk, null, now++);
            }
            else if (line.StartsWith(' '))
            {
                yield return (hunk, old++, now++);
            }
        }

        static int Start(string range) => int.Parse(range[1..].Split(',')[0]);
    }
}
