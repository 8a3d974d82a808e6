using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>
/// A person merges or closes a fix. Closing is a "no": the branch goes with it, and the same fix is not offered again. Merging lets everything that waited for it
/// run again.
/// </summary>
public sealed class MergeRequestClosedHandler(IForges forges, StickyComment comment, TimeProvider clock)
{
    public async Task<Outcome> HandleAsync(ForgeEvent.MergeRequestClosed closed, ILedger ledger, CancellationToken cancellationToken)
    {
        var repository = closed.Repository;
        if (!closed.SourceBranch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal)
            || await ledger.AttemptOfFixBranchAsync(repository.Key, closed.SourceBranch, cancellationToken) is not { } attempt)
            return new Outcome.Ignored("not a fix of the bot");
        var forge = forges.Open(repository);
        if (attempt.State is AttemptState.Merged)
            return await LandedAsync(forge, ledger, repository, attempt, cancellationToken);
        if (attempt.State is not (AttemptState.Delivered or AttemptState.Verified))
            return new Outcome.Ignored($"the fix is {attempt.State.ToString().ToLowerInvariant()} already");
        var (state, words) = closed.IsMerged ? (AttemptState.Merged, "merged") : (AttemptState.Closed, "closed by a person");
        attempt = await ledger.SaveAsync(attempt with { State = state, Summary = $"the fix was {words}", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
        if (state == AttemptState.Merged)
            return await LandedAsync(forge, ledger, repository, attempt, cancellationToken);

        if (await forge.GetBranchHeadAsync(repository, closed.SourceBranch, cancellationToken) == attempt.FixHead)
            await forge.DeleteBranchAsync(repository, closed.SourceBranch, cancellationToken);
        await comment.UpdateAsync(forge, ledger, repository, attempt.Head, AttemptDetails.Of(attempt).MergeRequestNumber, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: the fix was {words}");
    }

    /// <summary>Safe to repeat: what has run again waits no more.</summary>
    private async Task<Outcome> LandedAsync(IForge forge, ILedger ledger, Repository repository, Attempt fix, CancellationToken cancellationToken)
    {
        await comment.UpdateAsync(forge, ledger, repository, fix.Head, AttemptDetails.Of(fix).MergeRequestNumber, cancellationToken);
        var waiting = await ledger.WaitingForFixAsync(repository.Key, fix.FailureSignature, cancellationToken);
        foreach (var attempt in waiting)
        {
            var number = AttemptDetails.Of(attempt).MergeRequestNumber;
            var isRunning = number is { } mergeRequest && await RunAgainAsync(forge, repository, mergeRequest, cancellationToken);
            var words = isRunning ? "it runs again" : $"bring {OutsideText.OneLine(fix.Branch, 100)} into this branch, and it runs again";
            await ledger.SaveAsync(
                attempt with { State = AttemptState.Explained, Summary = $"The fix for this landed on {OutsideText.OneLine(fix.Branch, 100)} ({fix.MergeRequestUrl}); {words}.", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
            await comment.UpdateAsync(forge, ledger, repository, attempt.Head, number, cancellationToken);
        }
        return new Outcome.Acted($"{fix.FailureId}: the fix was merged{(waiting.Count == 0 ? "" : $"; {waiting.Count} that waited for it told")}");
    }

    private static async Task<bool> RunAgainAsync(IForge forge, Repository repository, long number, CancellationToken cancellationToken)
    {
        try
        {
            return await forge.RunMergeRequestAgainAsync(repository, number, cancellationToken);
        }
        catch (ForgeException refusal) when (!refusal.IsTransient)
        {
            return false;
        }
    }
}
