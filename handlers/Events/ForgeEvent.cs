using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Events;

/// <summary>What a delivery means.</summary>
public abstract record ForgeEvent
{
    private ForgeEvent() { }

    /// <summary>A pipeline ended. <paramref name="Jobs"/> is <c>null</c> where the delivery does not list them (GitHub).</summary>
    public sealed record PipelineFinished(Repository Repository, Pipeline Pipeline, IReadOnlyList<Job>? Jobs) : ForgeEvent;

    /// <summary>A job ended while its pipeline may still run (GitHub <c>workflow_job</c>). The pipeline's fork flag is not known here.</summary>
    public sealed record JobFinished(Repository Repository, Pipeline Pipeline, Job Job) : ForgeEvent;

    /// <summary>A merge request was closed or merged.</summary>
    public sealed record MergeRequestClosed(Repository Repository, long Number, string SourceBranch, bool IsMerged, string? ClosedBy) : ForgeEvent;

    /// <summary>Somebody edited a comment on a merge request that another account wrote; <paramref name="Body"/> is the whole new text.</summary>
    public sealed record CommentEdited(Repository Repository, long MergeRequestNumber, CommentHandle Comment, string Body, long EditorId, string EditorName) : ForgeEvent;

    /// <summary>Authentic, but nothing the bot acts on; says why in words.</summary>
    public sealed record Nothing(string Reason) : ForgeEvent;
}
