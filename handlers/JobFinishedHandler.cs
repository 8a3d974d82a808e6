using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>GitHub tells of a failed job while its siblings still run: the fix can be on its way before the pipeline is over.</summary>
public sealed class JobFinishedHandler(PipelineRepair repair)
{
    public Task<Outcome> HandleAsync(ForgeEvent.JobFinished finished, ILedger ledger, CancellationToken cancellationToken) => finished switch
    {
        { Job.Status: not RunStatus.Failed } => Task.FromResult<Outcome>(new Outcome.Ignored("the job did not fail")),
        { Pipeline.Branch: var branch } when branch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal) =>
            Task.FromResult<Outcome>(new Outcome.Ignored("a job of a fix branch; its whole pipeline decides")),
        _ => repair.RepairAsync(new FailedPipeline(finished.Repository, finished.Pipeline, [finished.Job], IsOver: false), ledger, cancellationToken),
    };
}
