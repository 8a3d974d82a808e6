using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>Merge requests that fail like the default branch, and wait for its fix: told what became of it, and run again where it landed.</summary>
public sealed class WaitingForFix(StickyComment comment, TimeProvider clock)
{
    /// <summary>Safe to repeat: who was told waits no more.</summary>
    /// <param name="fix">As recorded, when it is open no longer.</param>
    /// <returns>How many were told.</returns>
    public async Task<int> TellAsync(IForge forge, ILedger ledger, Repository repository, Attempt fix, CancellationToken cancellationToken)
    {
        if (fix.Branch != repository.DefaultBranch)
            return 0;
        var waiting = await ledger.WaitingForFixAsync(repository.Key, fix.FailureSignature, cancellationToken);
        // A second attempt may be on its way.
        if (waiting.Count == 0 || (await ledger.OpenAttemptsAsync(repository.Key, fix.Branch, cancellationToken)).Any(open => open.FailureSignature == fix.FailureSignature))
            return 0;
        var branch = OutsideText.OneLine(fix.Branch, 100);
        foreach (var attempt in waiting)
        {
            var number = AttemptDetails.Of(attempt).MergeRequestNumber;
            var summary = fix.State switch
            {
                AttemptState.Merged when number is { } request && await RunAgainAsync(forge, repository, request, cancellationToken) =>
                    $"The fix for this landed on {branch} ({fix.MergeRequestUrl}); it runs again.",
                AttemptState.Merged => $"The fix for this landed on {branch} ({fix.MergeRequestUrl}); bring {branch} into this branch, and it runs again.",
                AttemptState.Failed => $"The fix for this on {branch} ({fix.MergeRequestUrl}) did not heal it and was closed.",
                _ => $"The fix for this on {branch} ({fix.MergeRequestUrl}) was closed by a person, so none is offered here.",
            };
            await ledger.SaveAsync(attempt with { State = AttemptState.Explained, Summary = summary, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
            await comment.UpdateAsync(forge, ledger, repository, attempt.Head, number, cancellationToken);
        }
        return waiting.Count;
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
