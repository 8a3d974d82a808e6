using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>Takes one attempt's effect back: the commit reverted, or the merge request closed and its branch removed. Twice is the same as once.</summary>
public sealed class FixUndo(FixCommit commits, StickyComment comment, TimeProvider clock)
{
    /// <param name="by">Who asked, for people.</param>
    /// <returns>What was done, or why not.</returns>
    public async Task<Outcome> UndoAsync(IForge forge, ILedger ledger, Repository repository, Attempt attempt, string by, CancellationToken cancellationToken)
    {
        var details = AttemptDetails.Of(attempt);
        if (attempt.State == AttemptState.Undone ? details.IsTakenBack : attempt.State is not (AttemptState.Delivered or AttemptState.Verified))
            return new Outcome.Ignored($"nothing of attempt {attempt.Id} is there to undo: it is {attempt.State.ToString().ToLowerInvariant()}");
        // Written first: the pipeline of the branch without the fix may be over before this is recorded, and must not bring the fix back.
        attempt = await SaveAsync(ledger, attempt, AttemptState.Undone, $"{by} asked to undo it.", cancellationToken);
        (attempt, var reason) = details.IsCommit
            ? await commits.TakeBackAsync(forge, ledger, repository, attempt, cancellationToken)
            : await RemoveAsync(forge, repository, attempt, cancellationToken);
        attempt = reason is null
            ? await SaveAsync(ledger, attempt, AttemptState.Undone, $"Undone: {by} asked for it, and the {(details.IsCommit ? "commit was taken back" : "branch was removed")}.", cancellationToken)
            : await SaveAsync(ledger, attempt, details.Result is null ? AttemptState.Delivered : AttemptState.Verified, $"{by} asked to undo it, but {reason}.", cancellationToken);
        await comment.UpdateAsync(forge, ledger, repository, attempt.Head, details.MergeRequestNumber, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: {attempt.Summary}");
    }

    /// <summary>A branch to which people have pushed is theirs and stays.</summary>
    private static async Task<(Attempt Attempt, string? Reason)> RemoveAsync(IForge forge, Repository repository, Attempt attempt, CancellationToken cancellationToken)
    {
        if (attempt.FixBranch is not { } branch)
            return (attempt, "there is no branch to remove");
        if (await forge.GetBranchHeadAsync(repository, branch, cancellationToken) is { } head && head != attempt.FixHead)
            return (attempt, "people have pushed to the fix branch; it is theirs now");
        await forge.DeleteBranchAsync(repository, branch, cancellationToken);
        return (attempt with { DetailsJson = (AttemptDetails.Of(attempt) with { IsTakenBack = true }).ToJson() }, null);
    }

    private async Task<Attempt> SaveAsync(ILedger ledger, Attempt attempt, AttemptState state, string summary, CancellationToken cancellationToken) =>
        await ledger.SaveAsync(attempt with { State = state, Summary = summary, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
}
