namespace QMoi.Tests;

/// <summary>A machine's clock that is set while time passes as ever: what it says jumps, what is waited for and measured does not.</summary>
public sealed class JumpingClock(TimeProvider inner) : TimeProvider
{
    private long ahead;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public void Jump(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref ahead));

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
}
