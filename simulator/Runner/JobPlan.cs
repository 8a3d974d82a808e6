namespace QMoi.Simulator;

internal enum StartWhen
{
    OnSuccess,
    OnFailure,
    Always,
    Manual,
}

/// <summary>Why pipelines are being looked for.</summary>
internal sealed record CiTrigger(string Source, string Ref, bool IsTag, GitCommit Commit, string BeforeSha, SimulatedMergeRequest? MergeRequest, SimulatedUser Actor);

/// <param name="Error">The configuration is refused; there are no jobs.</param>
internal sealed record PipelinePlan(string Name, string Path, IReadOnlyList<JobPlan> Jobs, string? Error);

internal abstract record JobPlan
{
    public required string Name { get; init; }
    public required string Stage { get; init; }

    /// <summary>Names of jobs that end before this one begins.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];
    public StartWhen When { get; init; }
    public bool AllowFailure { get; init; }

    /// <summary>Whether its turn has come, now that what it needs has ended.</summary>
    /// <param name="hasFailed">Something it needs failed, and was not allowed to.</param>
    public virtual bool IsWanted(SimulatedJob job, bool allPassed, bool hasFailed) => When switch
    {
        StartWhen.OnFailure => hasFailed,
        StartWhen.Always => true,
        _ => allPassed,
    };

    /// <summary>How often the forge itself tries again.</summary>
    public int MaxRetries { get; init; }
}

/// <summary>A job that is not run: it fails and has printed this.</summary>
internal sealed record DeclaredJobPlan(JobLog Log) : JobPlan;

internal sealed record JobOutcome(bool Passed, string? FailureReason)
{
    public static JobOutcome Success { get; } = new(Passed: true, null);
    public static JobOutcome ScriptFailure { get; } = new(Passed: false, "script_failure");
    public static JobOutcome Timeout { get; } = new(Passed: false, "job_execution_timeout");
}
