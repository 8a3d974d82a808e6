using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>A pipeline passed: what was run again on its commit is told as healed.</summary>
public sealed class RetryResult(IForges forges, StickyComment comment, TimeProvider clock)
{
    public async Task<Outcome> PassedAsync(Repository repository, Pipeline pipeline, ILedger ledger, CancellationToken cancellationToken)
    {
        var retried = (await ledger.AttemptsOnAsync(repository.Key, pipeline.Sha, cancellationToken))
            .Where(attempt => attempt is { State: AttemptState.Retried or AttemptState.Verified, FixBranch: null } && attempt.PipelineId == pipeline.Id).ToList();
        if (retried.Count == 0)
            return new Outcome.Ignored("the pipeline passed");
        foreach (var attempt in retried.Where(attempt => attempt.State == AttemptState.Retried))
        {
            // The bot's retry has failed before; this run is somebody's.
            if (!RetryEnds.IsRunning(attempt))
                await ledger.SaveAsync(attempt with { State = AttemptState.Verified, Summary = "Passed when it was run once more.", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
            else
                await RetryEnds.PassedAsync(ledger, attempt, clock.GetUtcNow(), cancellationToken);
        }
        var number = AttemptDetails.Of(retried[0]).MergeRequestNumber;
        await comment.UpdateAsync(forges.Open(repository), ledger, repository, pipeline.Sha, number, cancellationToken);
        return new Outcome.Acted($"{retried[0].FailureId}: passed on retry");
    }
}
