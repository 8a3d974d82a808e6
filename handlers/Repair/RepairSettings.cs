namespace QMoi.Handlers.Repair;

/// <summary>What the bot may do alone, for the whole instance.</summary>
public sealed record RepairSettings
{
    /// <summary>Fixes tried for one head commit and failure signature. Default 2, 1 to 2.</summary>
    public int MaxAttempts { get; init; } = 2;

    /// <summary>Retries for one head commit and failure signature. Default 1, 0 to 3.</summary>
    public int MaxRetries { get; init; } = 1;

    /// <summary>Jobs of one repository that are run again within 24 hours. Default 50, 0 to 10,000.</summary>
    public int MaxRetriesPerDay { get; init; } = 50;

    /// <summary>Longest pause before a retry; the catalogue asks for up to 15 minutes. Default 15 minutes, 0 to 2 hours.</summary>
    public TimeSpan MaxRetryWait { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>So many repositories that fail alike within 10 minutes are an incident: retries wait until it is over. Default 5, 2 to 1,000.</summary>
    public int IncidentRepositories { get; init; } = 5;

    /// <summary>When the failing command is run again in the sandbox before a fix is offered; the pipeline of the fix decides in any case. Default when needed.</summary>
    public VerifyMode Verify { get; init; } = VerifyMode.Needed;

    /// <summary>A diagnosis below this is explained, never acted on. Default 0.6, 0 to 1.</summary>
    public double MinConfidence { get; init; } = 0.6;

    /// <summary>Failed jobs of one pipeline that are looked into. Default 10, 1 to 50.</summary>
    public int MaxJobsPerPipeline { get; init; } = 10;
}

/// <summary>Needed: before a commit goes onto somebody's branch, and in <c>qmoi fix</c>. Always: before every fix, which costs the time of the command twice.</summary>
public enum VerifyMode { Needed, Always, Never }
