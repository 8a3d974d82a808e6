using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>
/// A person merges or closes a fix. Closing is a "no": the branch goes with it, and the same fix is not offered again. Merging lets everything that waited for it
/// run again.
/// </summary>
public sealed class MergeRequestClosedHandler(IForges forges, WaitingForFix waiting, StickyComment comment, TimeProvider clock)
{
    public async Task<Outcome> HandleAsync(ForgeEvent.MergeRequestClosed closed, ILedger ledger, CancellationToken cancellationToken)
    {
        var repository = closed.Repository;
        if (!closed.SourceBranch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal)
            || await ledger.AttemptOfFixBranchAsync(repository.Key, closed.SourceBranch, cancellationToken) is not { } attempt)
            return new Outcome.Ignored("not a fix of the bot");
        var forge = forges.Open(repository);
        if (attempt.State is not (AttemptState.Delivered or AttemptState.Verified or AttemptState.Merged or AttemptState.Closed))
            return new Outcome.Ignored($"the fix is {attempt.State.ToString().ToLowerInvariant()} already");
        // Recorded first; told again by whoever comes after a crash, which changes nothing.
        if (attempt.State is AttemptState.Delivered or AttemptState.Verified)
        {
            var (state, words) = closed.IsMerged ? (AttemptState.Merged, "merged") : (AttemptState.Closed, "closed by a person");
            attempt = await ledger.SaveAsync(attempt with { State = state, Summary = $"the fix was {words}", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
        }
        if (attempt.State == AttemptState.Closed && await forge.GetBranchHeadAsync(repository, closed.SourceBranch, cancellationToken) == attempt.FixHead)
            await forge.DeleteBranchAsync(repository, closed.SourceBranch, cancellationToken);
        await comment.UpdateAsync(forge, ledger, repository, attempt.Head, AttemptDetails.Of(attempt).MergeRequestNumber, cancellationToken);
        var told = await waiting.TellAsync(forge, ledger, repository, attempt, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: {attempt.Summary}{(told == 0 ? "" : $"; {told} that waited for it told")}");
    }
}
