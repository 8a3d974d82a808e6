using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>A person merges or closes a fix. Closing is a "no": on this commit the fix is not offered again.</summary>
public sealed class MergeRequestClosedHandler(TimeProvider clock)
{
    public async Task<Outcome> HandleAsync(ForgeEvent.MergeRequestClosed closed, ILedger ledger, CancellationToken cancellationToken)
    {
        if (!closed.SourceBranch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal)
            || await ledger.AttemptOfFixBranchAsync(closed.Repository.Key, closed.SourceBranch, cancellationToken) is not { } attempt)
            return new Outcome.Ignored("not a fix of the bot");
        if (attempt.State is not (AttemptState.Delivered or AttemptState.Verified))
            return new Outcome.Ignored($"the fix is {attempt.State.ToString().ToLowerInvariant()} already");
        var (state, words) = closed.IsMerged ? (AttemptState.Merged, "merged") : (AttemptState.Closed, "closed by a person");
        await ledger.SaveAsync(attempt with { State = state, Summary = $"the fix was {words}", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: the fix was {words}");
    }
}
