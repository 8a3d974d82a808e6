namespace QMoi.Fixers.Diagnosing;

/// <summary>Lines near each other that one entry matched in one part of a log, with a little context.</summary>
internal sealed class Cluster(int firstLine, List<RawLine> lines)
{
    internal const int LongestRange = 10;
    internal const int LongestKept = 512;
    internal const int Context = 3;

    internal int First { get; } = firstLine;

    internal int Last { get; private set; } = firstLine;

    /// <summary>The most telling line: the first one that a part could be captured from, else the first.</summary>
    internal string Text { get; private set; } = "";

    internal bool HasCaptures { get; private set; }

    internal bool IsEstablished { get; private set; }

    /// <summary>From a few lines before the first to a few lines after the last, without gaps.</summary>
    internal IReadOnlyList<RawLine> Lines => lines;

    internal bool Needs(int line) => line <= Last + Context;

    internal void AddContext(RawLine line) => lines.Add(line);

    internal void Hit(int line, string text, bool hasCaptures, bool establishes)
    {
        Last = line;
        if (Text.Length == 0 || (hasCaptures && !HasCaptures))
            Text = text;

        HasCaptures |= hasCaptures;
        IsEstablished |= establishes;
    }

    internal bool CanTake(int line) => line - First < LongestRange && line - Last <= Context;
}

/// <summary>What one entry matched in one part of a log.</summary>
internal sealed class SegmentHits(Segment segment)
{
    internal Segment Segment { get; } = segment;

    internal Cluster? FirstCluster { get; set; }

    internal Cluster? FirstEstablished { get; set; }

    internal Cluster? LastCluster { get; set; }

    /// <summary>The first one with an error that the runner itself marks.</summary>
    internal Cluster? FirstMarked { get; set; }

    /// <summary>All that matched only says that something failed.</summary>
    internal bool IsConsequence { get; set; } = true;

    internal bool IsEstablished { get; set; }

    internal bool HasError { get; set; }

    internal bool IsWarningOnly { get; set; } = true;

    internal Dictionary<string, string> Captures { get; } = new(StringComparer.Ordinal);
}

/// <summary>What one entry matched in a log: in the first and the last parts in which it matched anything.</summary>
internal sealed class EntryHits
{
    internal const int MostMatches = 500;
    private const int MostFirstParts = 2;
    private const int MostParts = 6;

    internal List<SegmentHits> Parts { get; } = [];

    internal List<(Segment Segment, SignatureMatch Match)> Matches { get; } = [];

    internal SegmentHits In(Segment segment)
    {
        // A line about the job can come between two lines of a step: look further back than the last part.
        for (var at = Parts.Count - 1; at >= 0; at--)
        {
            if (Parts[at].Segment == segment)
                return Parts[at];
        }

        if (Parts.Count == MostParts)
            Parts.RemoveAt(MostFirstParts);

        var part = new SegmentHits(segment);
        Parts.Add(part);
        return part;
    }
}
