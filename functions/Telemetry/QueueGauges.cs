using System.Data.Common;
using System.Diagnostics.Metrics;
using QMoi.Functions.Stores;
using QMoi.Handlers;

namespace QMoi.Functions.Telemetry;

/// <summary>
/// What waits, as metrics. The store is asked beside the work, at most every 10 s; whoever collects metrics gets the last answer and never waits for the database. While
/// the store cannot be asked nothing is told, rather than something old.
/// </summary>
public sealed class QueueGauges
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly TimeProvider clock;
    private Snapshot? last;

    public QueueGauges(TimeProvider clock)
    {
        this.clock = clock;
        Signals.Meter.CreateObservableGauge("qmoi.queue.ready", () => Tell(queue => queue.Ready), "{delivery}", "Deliveries that could be worked now, those in work among them");
        Signals.Meter.CreateObservableGauge("qmoi.queue.waiting", () => Tell(queue => queue.Waiting), "{delivery}", "Deliveries that are due later");
        Signals.Meter.CreateObservableGauge("qmoi.queue.age", () => Tell(queue => queue.Age.TotalSeconds), "s", "How long the oldest ready delivery has waited");
        Signals.Meter.CreateObservableGauge("qmoi.lanes.held", () => Tell(queue => queue.HeldLanes), "{lane}", "Repositories that are being worked on");
    }

    /// <summary>Until it is told to stop.</summary>
    public async Task RunAsync(IStore store, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await LookAsync(store, stop);
                await Task.Delay(Every, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The bot ends, or its store is opened anew.
        }
        finally
        {
            last = null;
        }
    }

    private async Task LookAsync(IStore store, CancellationToken stop)
    {
        try
        {
            last = new Snapshot(await store.QueueAsync(stop), clock.GetTimestamp());
        }
        catch (Exception away) when (away is StoreUnavailableException or StoreDamagedException or DbException)
        {
            // The worker tells about it.
            last = null;
        }
    }

    private Measurement<T>[] Tell<T>(Func<QueueState, T> value) where T : struct =>
        last is { } known && clock.GetElapsedTime(known.At) < 6 * Every ? [new Measurement<T>(value(known.Queue))] : [];

    private sealed record Snapshot(QueueState Queue, long At);
}
