using System.Collections.Concurrent;

namespace QMoi.Tests;

/// <summary>The time of another clock; waiting for it can be cut short.</summary>
public sealed class WaitedClock(TimeProvider inner) : TimeProvider
{
    private readonly ConcurrentQueue<Waiting> waiting = new();

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Waiting(inner.CreateTimer(callback, state, dueTime, period), dueTime, () => callback(state));
        waiting.Enqueue(timer);
        return timer;
    }

    /// <summary>Those who wait for so long have waited long enough.</summary>
    public void EndWaiting(TimeSpan time)
    {
        foreach (var one in waiting.Where(one => one.Time == time && !one.IsOver))
            one.End();
    }

    private sealed class Waiting(ITimer timer, TimeSpan time, Action end) : ITimer
    {
        public TimeSpan Time => time;

        public bool IsOver { get; private set; }

        public void End() => end();

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            IsOver = true;
            timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            IsOver = true;
            return timer.DisposeAsync();
        }
    }
}
