using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

public sealed class PipelineFinishedHandler
{
    public Task<Outcome> HandleAsync(ForgeEvent.PipelineFinished finished, ILedger ledger, CancellationToken cancellationToken) =>
        Task.FromResult<Outcome>(new Outcome.Ignored("not built yet"));
}
