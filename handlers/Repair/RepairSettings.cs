namespace QMoi.Handlers.Repair;

/// <summary>What the bot may do alone, for the whole instance.</summary>
public sealed record RepairSettings
{
    /// <summary>Fixes tried for one head commit and failure signature. Default 2, 1 to 2.</summary>
    public int MaxAttempts { get; init; } = 2;

    /// <summary>Retries for one head commit and failure signature. Default 1, 0 to 3.</summary>
    public int MaxRetries { get; init; } = 1;

    /// <summary>A diagnosis below this is explained, never acted on. Default 0.6, 0 to 1.</summary>
    public double MinConfidence { get; init; } = 0.6;

    /// <summary>Failed jobs of one pipeline that are looked into. Default 10, 1 to 50.</summary>
    public int MaxJobsPerPipeline { get; init; } = 10;
}
