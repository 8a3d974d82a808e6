using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>A person pushes; the pipeline ends red; a comment explains it, and where it can be healed a retry or a fix follows.</summary>
public sealed class PipelineFinishedHandler(PipelineRepair repair, FixPipeline fixPipeline, RetryResult retryResult)
{
    public async Task<Outcome> HandleAsync(ForgeEvent.PipelineFinished finished, ILedger ledger, CancellationToken cancellationToken)
    {
        var (repository, pipeline, _) = finished;
        if (!pipeline.IsTag && pipeline.Branch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal))
            return await fixPipeline.FinishAsync(finished, await ledger.AttemptOfFixBranchAsync(repository.Key, pipeline.Branch, cancellationToken), ledger, cancellationToken);
        if (pipeline.Branch.StartsWith(BranchCommit.BackupPrefix, StringComparison.Ordinal))
            return new Outcome.Ignored("a backup of the bot's own");
        if (await ledger.AttemptOfFixHeadAsync(repository.Key, pipeline.Sha, cancellationToken) is { FixBranch: null, State: not AttemptState.Undone } committed)
            return await fixPipeline.FinishAsync(finished, committed, ledger, cancellationToken);
        return pipeline.Status switch
        {
            RunStatus.Failed => await repair.RepairAsync(new FailedPipeline(repository, pipeline, finished.Jobs, IsOver: true), ledger, cancellationToken),
            RunStatus.Success => await retryResult.PassedAsync(repository, pipeline, ledger, cancellationToken),
            var status => new Outcome.Ignored($"the pipeline ended {status.ToString().ToLowerInvariant()}"),
        };
    }
}
