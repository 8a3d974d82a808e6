namespace QMoi.Functions;

/// <summary>
/// Webhooks go before work: a forge waits 10 s for its answer and GitHub never sends twice, while work may begin a moment later. Where many deliveries wait for the disk at the same time, each
/// worker lets them pass before it takes the next one, but not for long, so that work never stands still.
/// </summary>
public sealed class WebhookPriority(TimeProvider clock)
{
    /// <summary>About what 1,000 deliveries a second keep waiting where a commit takes 8 ms.</summary>
    private const int Many = 8;

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(25);

    private int storing;

    /// <summary>Counts as one that waits until it is stored, or could not be.</summary>
    public async Task<T> StoreAsync<T>(Func<Task<T>> store)
    {
        Interlocked.Increment(ref storing);
        try
        {
            return await store();
        }
        finally
        {
            Interlocked.Decrement(ref storing);
        }
    }

    /// <summary>Before work is begun.</summary>
    public async Task LetPassAsync(CancellationToken stop)
    {
        var began = clock.GetTimestamp();
        while (Volatile.Read(ref storing) >= Many && clock.GetElapsedTime(began) < Longest)
            await Task.Delay(Step, clock, stop);
    }
}
