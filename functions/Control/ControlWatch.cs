using QMoi.Functions.Stores;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Control;

/// <summary>
/// What an admin wants, as this process knows it: looked up often enough that an emergency stop pressed anywhere ends what is done here within five seconds.
/// </summary>
public sealed partial class ControlWatch(ControlTable table, TimeProvider clock, ILogger<ControlWatch> logger) : ISwitches, IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private CancellationTokenSource effects = new();

    public ControlState State { get; private set; } = ControlState.Running;

    /// <summary>Cancelled by the emergency stop: what is being done ends there, and is taken up again after it.</summary>
    public CancellationToken MayAct
    {
        get
        {
            lock (gate)
                return effects.Token;
        }
    }

    public bool MayFix => State.IsOn(Module.Fix);

    public bool MayRetry => State.IsOn(Module.Retry);

    /// <summary>Looks now. A store that is away changes nothing: then nothing new can be claimed either.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            Take(await table.ReadAsync(cancellationToken));
        }
        catch (StoreUnavailableException)
        {
            // Whoever works meets the same and tells it.
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await LookAsync(stop);
                await Task.Delay(LookEvery, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The bot stops.
        }
    }

    private void Take(ControlState now)
    {
        CancellationTokenSource? ended = null;
        lock (gate)
        {
            var before = State;
            State = now;
            if (now.StoppedBy == before.StoppedBy && now.Off.SetEquals(before.Off))
                return;
            if (now.IsStopped && !before.IsStopped)
            {
                Log.Stopped(logger, now.StoppedBy!);
                ended = effects;
            }
            else if (before.IsStopped && !now.IsStopped)
            {
                Log.Resumed(logger);
                effects = new CancellationTokenSource();
            }
            if (!now.Off.SetEquals(before.Off))
                Log.Modules(logger, now.Off.Count == 0 ? "none" : string.Join(", ", now.Off.Order().Select(module => module.Name())));
        }
        // Outside the gate: who is told may ask at once.
        ended?.Cancel();
    }

    public void Dispose() => effects.Dispose();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Emergency stop by {By}: nothing is done any more, deliveries are still stored. 'qmoi admin resume' goes on")]
        public static partial void Stopped(ILogger logger, string by);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Resumed after an emergency stop")]
        public static partial void Resumed(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Modules switched off: {Modules}")]
        public static partial void Modules(ILogger logger, string modules);
    }
}
