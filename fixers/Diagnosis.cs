namespace QMoi.Fixers;

/// <summary>What kind of thing went wrong. Printed in snake_case (<c>lint_format</c>).</summary>
public enum FailureCategory { Unknown, Config, Dependency, LintFormat, Compile, Test, Infrastructure, Timeout, Resource, AuthSecret, Network, Vcs, Security }

/// <summary>The right next step for a failure, as its catalogue entry says. Printed in lower case.</summary>
public enum FailureAction { Explain, Retry, Edit, Run, Llm }

/// <summary>A recognised failure (or the best guess, id <c>unrecognised</c>) with its evidence. All text in it is redacted and free of control characters.</summary>
public sealed record Diagnosis
{
    public const string UnrecognisedId = "unrecognised";

    /// <summary>The catalogue entry's id, or <see cref="UnrecognisedId"/>.</summary>
    public required string FailureId { get; init; }
    public required string Title { get; init; }
    public required FailureCategory Category { get; init; }

    /// <summary>True only where running the job again is the right next step.</summary>
    public required bool IsTransient { get; init; }

    /// <summary>A retry helps only if earlier ones of the same failure did: the log alone cannot tell.</summary>
    public bool MayBeTransient { get; init; }

    /// <summary>How often the job may be run again for this failure; 0 where the catalogue does not say.</summary>
    public int MaxRetries { get; init; }

    /// <summary>Waiting time before each retry; the last one counts for all further ones.</summary>
    public IReadOnlyList<TimeSpan> RetryWaits { get; init; } = [];

    /// <summary>0 to 1: how often a diagnosis like this one is right.</summary>
    public required double Confidence { get; init; }
    public required LogRange RootCause { get; init; }

    /// <summary>The named parts of the primary match, e.g. <c>package</c>.</summary>
    public IReadOnlyDictionary<string, string> Captures { get; init; } = new Dictionary<string, string>();

    /// <summary>Every line the entry's signatures matched, in log order, at most 500.</summary>
    public IReadOnlyList<SignatureMatch> Matches { get; init; } = [];
    public required FailureAction Action { get; init; }

    /// <summary>One sentence: what happened.</summary>
    public required string Summary { get; init; }

    /// <summary>One sentence: what to do next.</summary>
    public required string Next { get; init; }

    /// <summary>The root-cause lines with a little context, numbered as in the file, at most 20.</summary>
    public IReadOnlyList<LogLine> Evidence { get; init; } = [];

    /// <summary>Stable hash of the normalised cause (16 hex digits): the same failure has the same one in every job, branch and repository.</summary>
    public required string FailureSignature { get; init; }

    /// <summary>Globs of the files that a tool may change for this entry.</summary>
    public IReadOnlyList<string> MayChange { get; init; } = [];

    /// <summary>True where a patch or retry for this entry needs no person, as an upper bound (catalogue: <c>approval: auto</c>).</summary>
    public bool MayBeAutomatic { get; init; }

    public JobFacts Job { get; init; } = JobFacts.None;
}

/// <summary>What is known of the failed job beside its log.</summary>
/// <param name="Forge"><c>github</c> or <c>gitlab</c>; <c>null</c> when not known.</param>
/// <param name="CiFile">Path of the CI file: <c>.gitlab-ci.yml</c> or the workflow's file.</param>
/// <param name="FailedCommand">The script line that was running when the job failed, as echoed in the log.</param>
public sealed record JobFacts(string? Forge, string? JobName, string? CiFile, string? FailedCommand)
{
    public static JobFacts None { get; } = new(null, null, null, null);
}

/// <summary>Lines of a job log, counted from 1 on LF only; at most 10 lines.</summary>
public sealed record LogRange(int Line, int EndLine, string Text);

public sealed record LogLine(int Number, string Text);

public sealed record SignatureMatch(int Line, string Text, IReadOnlyDictionary<string, string> Captures);

/// <summary>Everything one job log says. The first diagnosis is the primary one; there is always at least one.</summary>
public sealed record LogReport(int Lines, long Bytes, IReadOnlyList<Diagnosis> Diagnoses);
