using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>Takes one attempt's effect back: the commit reverted, or the merge request closed and its branch removed. Twice is the same as once.</summary>
public sealed class FixUndo(FixCommit commits, StickyComment comment, TimeProvider clock)
{
    /// <param name="by">Who asked, for people.</param>
    /// <returns>What was done, or why not.</returns>
    public async Task<Outcome> UndoAsync(IForge forge, ILedger ledger, Repository repository, Attempt attempt, string by, CancellationToken cancellationToken)
    {
        if (attempt.State is not (AttemptState.Delivered or AttemptState.Verified))
            return new Outcome.Ignored($"nothing of attempt {attempt.Id} is there to undo: it is {attempt.State.ToString().ToLowerInvariant()}");
        var details = AttemptDetails.Of(attempt);
        var reason = details.IsCommit
            ? await ledger.OnceAsync(
                $"revert:{repository.Key}:{attempt.FixHead}", _ => Task.FromResult<string?>(null), async ct => await commits.RevertAsync(forge, repository, attempt, ct) ?? "", cancellationToken)
            : await RemoveAsync(forge, repository, attempt, cancellationToken);
        attempt = await ledger.SaveAsync(
            reason.Length == 0
                ? attempt with { State = AttemptState.Undone, Summary = $"Undone: {by} asked for it, and the {(details.IsCommit ? "commit was taken back" : "branch was removed")}.", UpdatedAt = clock.GetUtcNow() }
                : attempt with { Summary = $"{by} asked to undo it, but {reason}.", UpdatedAt = clock.GetUtcNow() },
            cancellationToken);
        await comment.UpdateAsync(forge, ledger, repository, attempt.Head, details.MergeRequestNumber, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: {attempt.Summary}");
    }

    /// <summary>A branch to which people have pushed is theirs and stays.</summary>
    private static async Task<string> RemoveAsync(IForge forge, Repository repository, Attempt attempt, CancellationToken cancellationToken)
    {
        if (attempt.FixBranch is not { } branch)
            return "there is no branch to remove";
        if (await forge.GetBranchHeadAsync(repository, branch, cancellationToken) is { } head && head != attempt.FixHead)
            return "people have pushed to the fix branch; it is theirs now";
        await forge.DeleteBranchAsync(repository, branch, cancellationToken);
        return "";
    }
}
