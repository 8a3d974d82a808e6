using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>A person pushes; the pipeline ends red; a comment explains it, and where it can be healed a retry or a fix merge request follows.</summary>
public sealed class PipelineFinishedHandler(PipelineRepair repair, FixPipeline fixPipeline, RetryResult retryResult)
{
    public Task<Outcome> HandleAsync(ForgeEvent.PipelineFinished finished, ILedger ledger, CancellationToken cancellationToken) => finished.Pipeline switch
    {
        { Branch: var branch, IsTag: false } when branch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal) => fixPipeline.FinishAsync(finished, ledger, cancellationToken),
        { Status: RunStatus.Failed } => repair.RepairAsync(new FailedPipeline(finished.Repository, finished.Pipeline, finished.Jobs, IsOver: true), ledger, cancellationToken),
        { Status: RunStatus.Success } => retryResult.PassedAsync(finished.Repository, finished.Pipeline, ledger, cancellationToken),
        { Status: var status } => Task.FromResult<Outcome>(new Outcome.Ignored($"the pipeline ended {status.ToString().ToLowerInvariant()}")),
    };
}
