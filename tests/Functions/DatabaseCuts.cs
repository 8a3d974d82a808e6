using System.Net;
using QMoi.Functions.Stores.Postgres;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Functions;

/// <summary>The network between the bot and its database breaks under load, and is whole again. That the database itself dies is shown by <see cref="SharedDatabase"/>.</summary>
public sealed class DatabaseCuts : IDisposable
{
    /// <summary>How often it breaks; <c>QMOI_TEST_CUTS=100</c> makes it a long run.</summary>
    private static readonly int Cuts = int.TryParse(Environment.GetEnvironmentVariable("QMOI_TEST_CUTS"), out var cuts) ? cuts : 1;

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => data.Delete(recursive: true);

    [Theory, InlineData(TcpDoor.Way.Cut), InlineData(TcpDoor.Way.Stalled), InlineData(TcpDoor.Way.HalfClosed), Trait("speed", "slow")]
    public async Task Nothing_acknowledged_is_lost_when_the_way_to_the_database_breaks_and_the_bot_recovers_by_itself(TcpDoor.Way how)
    {
        var cluster = await SharedPostgres.ClusterAsync();
        var url = cluster.CreateDatabase();
        await using var door = new TcpDoor(cluster.Port);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // What is not answered is given up sooner than by default, so that the test is short.
            ["DATABASE_URL"] = $"{PostgresCluster.Form(url).Replace($"Port={cluster.Port}", $"Port={door.Port}", StringComparison.Ordinal).Replace("Pooling=false;Timeout=60;Command Timeout=120", "Timeout=1;Command Timeout=1;Cancellation Timeout=500", StringComparison.Ordinal)}",
            ["QMOI__Receive__ReplyTimeout"] = "00:00:01", ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret,
        };
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
        var senders = new Senders(qmoi.Url, 8);

        for (var cut = 0; cut < Cuts; cut++)
        {
            await senders.AcknowledgedAsync(100);
            door.Set(how);
            await senders.RefusedAsync(16);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "the store cannot be used\n"), await qmoi.GetAsync("/readyz"));
            Assert.Equal((HttpStatusCode.OK, "alive\n"), await qmoi.GetAsync("/healthz"));
            door.Set(TcpDoor.Way.Open);
        }
        await senders.AcknowledgedAsync(100);
        await senders.StopAsync();
        Assert.StartsWith("ready\n", await qmoi.ReadyAsync(), StringComparison.Ordinal);

        // What was in hand when it broke is free again when its lease has run out, by the database's clock.
        PostgresCluster.Execute(url, PostgresCluster.Later(TimeSpan.FromSeconds(31)));
        await using var store = PostgresStore.Open(url, TimeProvider.System);
        await Waiting.UntilAsync(async () => await store.NextDueAsync(Stop) is null);
        await senders.AssertWorkedAsync(store);
    }
}
