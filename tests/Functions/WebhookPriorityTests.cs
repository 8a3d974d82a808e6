using QMoi.Functions;

namespace QMoi.Tests.Functions;

public sealed class WebhookPriorityTests
{
    private readonly ManualClock clock = new();
    private readonly WebhookPriority priority;

    public WebhookPriorityTests() => priority = new WebhookPriority(clock);

    [Fact]
    public void A_few_deliveries_hold_no_work_up()
    {
        Store(7);
        Assert.True(priority.LetPassAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Work_waits_until_a_crowd_is_stored()
    {
        var stored = Store(8);
        var work = priority.LetPassAsync(TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.False(work.IsCompleted);
        // One that cannot be stored does not count for ever.
        stored[0].SetException(new TimeoutException());
        clock.Advance(TimeSpan.FromMilliseconds(25));
        await work;
    }

    [Fact]
    public async Task A_crowd_that_does_not_end_delays_work_for_a_quarter_of_a_second()
    {
        Store(100);
        var work = priority.LetPassAsync(TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromMilliseconds(225));
        Assert.False(work.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(25));
        await work;
    }

    private List<TaskCompletionSource<int>> Store(int count)
    {
        var stored = Enumerable.Range(0, count).Select(_ => new TaskCompletionSource<int>()).ToList();
        foreach (var one in stored)
            _ = priority.StoreAsync(() => one.Task);
        return stored;
    }
}
