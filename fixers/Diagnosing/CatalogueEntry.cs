namespace QMoi.Fixers.Diagnosing;

/// <summary>Whether running the job again can help: <c>Maybe</c> only where history says so.</summary>
public enum Transience { No, Maybe, Yes }

/// <summary>One known failure: how it is recognised, what it means and what to do about it. Read from <c>catalogue/*.yaml</c>.</summary>
public sealed record CatalogueEntry
{
    /// <summary>Unique, lower-case words with hyphens.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the catalogue file without its ending.</summary>
    public required string Ecosystem { get; init; }
    public required string Title { get; init; }
    public required FailureCategory Category { get; init; }

    /// <summary>1 to 99; the higher one wins when several entries match in the failed part of a log. 70 and more: specific; 40 to 69: test and compile output; below: catch-alls.</summary>
    public required int Priority { get; init; }
    public required Transience Transient { get; init; }
    public required FailureAction Action { get; init; }

    /// <summary>True where the entry says <c>approval: auto</c>: an upper bound, the rules of the repository still hold.</summary>
    public required bool MayBeAutomatic { get; init; }

    /// <summary>What a repair may break: <c>low</c>, <c>medium</c> or <c>high</c>.</summary>
    public required string Risk { get; init; }

    /// <summary>How often a failed job may be run again for this entry; 0 where a retry is not the answer.</summary>
    public int MaxRetries { get; init; }

    /// <summary>Waiting time before each retry; the last one counts for all further ones.</summary>
    public IReadOnlyList<TimeSpan> RetryWaits { get; init; } = [];

    /// <summary>Globs of the files that a repair may change. <c>{name}</c> stands for each value of a capture.</summary>
    public IReadOnlyList<string> MayChange { get; init; } = [];
    public required IReadOnlyList<Signature> Signatures { get; init; }

    /// <summary>True where the last match in the failed part is the cause (shell scripts, retry loops, stack traces), false where the first is (compilers, resolvers).</summary>
    public bool LastMatchIsCause { get; init; }

    /// <summary>Captures that make two failures the same one; empty: the normalised text of the cause does.</summary>
    public IReadOnlyList<string> Identity { get; init; } = [];

    /// <summary>What happened. Sentences with <c>{capture}</c> placeholders; the first whose placeholders are all known is used.</summary>
    public required IReadOnlyList<string> Summary { get; init; }

    /// <summary>What to do next; as <see cref="Summary"/>.</summary>
    public required IReadOnlyList<string> Next { get; init; }

    /// <summary>Where in a log the cause stands, for people; empty when there is nothing to say.</summary>
    public string Why { get; init; } = "";

    /// <summary>A piece of a job log in which this entry is the primary diagnosis.</summary>
    public required string Sample { get; init; }

    /// <summary>A piece of a job log that looks similar and must not be taken for this failure; empty where none is known.</summary>
    public string LookAlike { get; init; } = "";
}
