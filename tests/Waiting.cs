using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace QMoi.Tests;

/// <summary>For what is done beside the test, such as by another process, and can only be looked at.</summary>
internal static class Waiting
{
    /// <summary>Looks again and again; after two minutes, or the limit given, the test fails with what it waited for.</summary>
    public static Task UntilAsync(Func<bool> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(() => Task.FromResult(condition()), TimeSpan.FromMilliseconds(5), limit, what);

    /// <summary>The same where somebody has to be asked, which is not done as often.</summary>
    public static Task UntilAsync(Func<Task<bool>> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(condition, TimeSpan.FromMilliseconds(20), limit, what);

    private static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan pause, TimeSpan? limit, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < (limit ?? TimeSpan.FromMinutes(2)), "Waited in vain for " + what);
            await Task.Delay(pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
