using System.Collections.Concurrent;
using System.Net;

namespace QMoi.Tests.Functions;

/// <summary>The process is killed under load; what it had acknowledged is there when it comes back.</summary>
public sealed class Killing : IDisposable
{
    /// <summary>With those of <see cref="KillingEffects"/> a hundred; <c>QMOI_TEST_KILLS=1000</c> makes it a long run.</summary>
    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("QMOI_TEST_KILLS"), out var kills) ? kills : 90;

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose() => data.Delete(recursive: true);

    [Fact, Trait("speed", "slow")]
    public async Task Nothing_acknowledged_is_lost_or_doubled_when_the_process_is_killed_at_any_moment()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };
        var acknowledged = new ConcurrentBag<string>();
        var moments = new Random(7);
        for (var round = 0; round < Kills; round++)
        {
            await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
            // From the first answer on: while it stores, works, finishes, backs up.
            await SendUntilKilledAsync(qmoi, round, acknowledged, acknowledged.Count + moments.Next(1, 80));
        }
        // What is left over is worked to its end by one that is not killed.
        await using (var last = await QmoiProcess.ServeAsync(data.FullName, environment))
            await last.IdleAsync();
        var rows = await QmoiProcess.DeliveriesAsync(data.FullName);
        var stored = rows.Select(row => row.Id).ToList();
        Assert.Empty(acknowledged.Except(stored, StringComparer.Ordinal));
        Assert.Equal(stored.Count, stored.Distinct(StringComparer.Ordinal).Count());
        Assert.All(rows, row => Assert.Equal("ignored", row.State));
        Assert.True(acknowledged.Count >= Kills * 10, $"only {acknowledged.Count} acknowledged");
        TestContext.Current.SendDiagnosticMessage($"{Kills} kills, {acknowledged.Count} acknowledged, 0 lost, 0 doubled");
    }

    private static async Task SendUntilKilledAsync(QmoiProcess qmoi, int round, ConcurrentBag<string> acknowledged, int target)
    {
        var kills = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async sender =>
        {
            for (var i = 0; ; i++)
            {
                var id = $"{round}-{sender}-{i}";
                try
                {
                    if (await SignedPost.WorkedAsync(qmoi.Url, id, sender) == HttpStatusCode.Accepted)
                        acknowledged.Add(id);
                }
                catch (HttpRequestException)
                {
                    return;     // killed
                }
                if (acknowledged.Count >= target && Interlocked.Exchange(ref kills, 1) == 0)
                    await qmoi.KillAsync();
            }
        }));
    }

    [Fact]
    public async Task A_polite_stop_ends_with_zero()
    {
        await using (var qmoi = await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret }))
            Assert.Equal(0, await qmoi.TerminateAsync());
    }
}
