using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>Which event goes to which handler: the whole list, one screen.</summary>
public sealed class Router(PipelineFinishedHandler pipelineFinished, JobFinishedHandler jobFinished, MergeRequestClosedHandler mergeRequestClosed, CommentEditedHandler commentEdited)
{
    public Task<Outcome> RouteAsync(ForgeEvent forgeEvent, ILedger ledger, CancellationToken cancellationToken) => forgeEvent switch
    {
        ForgeEvent.PipelineFinished e => pipelineFinished.HandleAsync(e, ledger, cancellationToken),
        ForgeEvent.JobFinished e => jobFinished.HandleAsync(e, ledger, cancellationToken),
        ForgeEvent.MergeRequestClosed e => mergeRequestClosed.HandleAsync(e, ledger, cancellationToken),
        ForgeEvent.CommentEdited e => commentEdited.HandleAsync(e, ledger, cancellationToken),
        ForgeEvent.Nothing e => Task.FromResult<Outcome>(new Outcome.Ignored(e.Reason)),
        _ => throw new InvalidOperationException("ForgeEvent is a closed set."),
    };
}
