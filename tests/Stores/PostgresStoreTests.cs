using Dapper;
using Npgsql;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;

namespace QMoi.Tests.Stores;

public sealed class PostgresStoreTests : StoreContract
{
    private string url = "";
    private TimeSpan passed;

    /// <summary>To whole milliseconds, as the store keeps it.</summary>
    protected override DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds((TimeProvider.System.GetUtcNow() + passed).ToUnixTimeMilliseconds());

    protected override IStore Open() => PostgresStore.Open(url, new AheadClock(this));

    protected override async ValueTask PrepareAsync() => url = await SharedPostgres.DatabaseAsync();

    protected override ValueTask RemoveAsync() => ValueTask.CompletedTask;

    protected override async Task PassAsync(TimeSpan time)
    {
        passed += time;
        await ExecuteAsync(PostgresCluster.Later(passed));
    }

    [Fact]
    public async Task A_worker_of_another_process_is_told_when_something_arrives()
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var told = new SemaphoreSlim(0);
        var listening = Another().ListenAsync(() => told.Release(), ended.Token);
        await told.WaitAsync(Stop);     // it listens
        await Store.InsertAsync(Delivery("one"), Stop);
        await told.WaitAsync(Stop);
        // Its connection is cut: it comes back, and looks at what it may have missed.
        await ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()");
        await told.WaitAsync(Stop);
        await Store.InsertAsync(Delivery("two"), Stop);
        await told.WaitAsync(Stop);
        await ended.CancelAsync();
        await listening;
    }

    [Fact]
    public async Task Every_lane_with_something_ready_has_a_turn_after_much_has_happened_at_once()
    {
        IStore[] processes = [Store, Another(), Another()];
        var left = 900;
        await Task.WhenAll(processes.SelectMany((store, which) => Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var round = 0; round < 75; round++)
            {
                await store.InsertAsync(Delivery($"{which}-{worker}-{round}", lane: round % 5), Stop);
                if (await store.ClaimAsync(Stop) is not { } claim)
                    continue;
                if (round % 3 == 0)
                    await store.PostponeAsync(claim, Now + TimeSpan.FromMilliseconds(round), "", countsAsTry: true, Stop);
                else if (await store.FinishAsync(claim, DeliveryState.Done, "", Stop))
                    Interlocked.Decrement(ref left);
            }
        }, Stop))));
        await PassAsync(TimeSpan.FromMinutes(1));
        while (await Store.ClaimAsync(Stop) is { } claim)
        {
            Assert.True(await Store.FinishAsync(claim, DeliveryState.Done, "", Stop));
            left--;
        }
        Assert.Equal(0, left);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(PostgresCluster.Form(url));
        await connection.ExecuteAsync(sql);
    }

    private sealed class AheadClock(PostgresStoreTests tests) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + tests.passed;
    }
}
