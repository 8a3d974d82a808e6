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

    protected override IStore Open(StoredBody bodies) => PostgresStore.Open(url, new AheadClock(this), bodies);

    protected override async ValueTask PrepareAsync() => url = await SharedPostgres.DatabaseAsync();

    protected override ValueTask RemoveAsync() => ValueTask.CompletedTask;

    protected override Task PassAsync(TimeSpan time)
    {
        passed += time;
        PostgresCluster.Execute(url, PostgresCluster.Later(passed));
        return Task.CompletedTask;
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
        PostgresCluster.Execute(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()");
        await told.WaitAsync(Stop);
        await Store.InsertAsync(Delivery("two"), Stop);
        await told.WaitAsync(Stop);
        await ended.CancelAsync();
        await listening;
    }

    /// <summary>Processes are exchanged one after the other: what a step of the schema adds must not disturb those who do not know of it.</summary>
    [Fact]
    public async Task A_process_of_the_version_before_goes_on_beside_a_newer_one_that_has_added_to_the_schema()
    {
        // Often enough that its statements are prepared.
        for (var round = 0; round < 8; round++)
            await WorkOneAsync($"before-{round}");
        await Store.InsertAsync(Delivery("in hand"), Stop);
        var inHand = await ClaimedAsync();
        PostgresCluster.Execute(url, """
            ALTER TABLE deliveries ADD COLUMN priority bigint NOT NULL DEFAULT 0;
            ALTER TABLE attempts ADD COLUMN cost bigint NOT NULL DEFAULT 0;
            ALTER TABLE work ADD COLUMN worker text;
            ALTER TABLE effects ADD COLUMN undone boolean NOT NULL DEFAULT false;
            CREATE TABLE of_the_newer_version (id bigint PRIMARY KEY);
            INSERT INTO qmoi_schema (version) SELECT max(version) + 1 FROM qmoi_schema
            """);
        Assert.True(await Store.RenewAsync(inHand, Stop));
        Assert.True(await Store.FinishAsync(inHand, DeliveryState.Done, "", Stop));
        for (var round = 0; round < 8; round++)
            await WorkOneAsync($"after-{round}");
        Assert.Equal(17, (await RowsAsync(DeliveryState.Done)).Count);
        Assert.Equal(16, (await Store.AttemptsAsync("github:7", Stop)).Count);

        async Task WorkOneAsync(string id)
        {
            Assert.Equal(InsertResult.Stored, await Store.InsertAsync(Delivery(id), Stop));
            var claim = await ClaimedAsync();
            var ledger = Store.Ledger(claim);
            var attempt = await ledger.SaveAsync(Attempt("github:7"), Stop);
            await ledger.SaveAsync(attempt with { Summary = id }, Stop);
            Assert.Contains(await ledger.AttemptsOnAsync("github:7", attempt.Head, Stop), saved => saved.Summary == id);
            Assert.IsType<QMoi.Handlers.Repair.EffectState.New>(await ledger.BeginEffectAsync(id, Stop));
            await ledger.CompleteEffectAsync(id, "done", Stop);
            Assert.True(await Store.FinishAsync(claim, DeliveryState.Done, "", Stop));
            Assert.Equal(id, (await Store.FindAsync(id, Stop))!.Id);
        }
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

    /// <summary>Plans are made once a connection, and a table with next to nothing in it is cheapest read whole.</summary>
    [Fact]
    public async Task A_connection_that_planned_while_the_tables_were_small_reads_none_of_them_whole_when_they_have_grown()
    {
        await using var connection = new NpgsqlConnection(PostgresCluster.Form(url));
        await connection.OpenAsync(Stop);
        // Plans that do not depend on the parameters are kept after the fifth time.
        for (var round = 0; round < 8; round++)
        {
            await Store.InsertAsync(Delivery($"small-{round}"), Stop);
            await connection.ExecuteAsync("ANALYZE lanes, work, deliveries");
            await WorkAsync();
        }
        await Task.WhenAll(Enumerable.Range(0, 300).Select(number => Store.InsertAsync(Delivery($"id-{number}", lane: number % 50), Stop)));

        await using var transaction = await connection.BeginTransactionAsync(Stop);
        await WorkAsync();
        Assert.Equal(0, await ScansAsync("seq_scan"));
        Assert.NotEqual(0, await ScansAsync("idx_scan"));

        async Task WorkAsync()
        {
            var claimed = (await connection.QueryAsync("SELECT * FROM qmoi_claim(3, 30000, 100) WHERE lane IS NOT NULL")).First();
            Assert.True(await connection.ExecuteScalarAsync<bool>("SELECT qmoi_release(@lane, @fence, @sequence, NULL, 0, 'done', '')", new { claimed.lane, claimed.fence, claimed.sequence }));
        }

        Task<long> ScansAsync(string kind) =>
            connection.ExecuteScalarAsync<long>($"SELECT sum({kind}) FROM pg_stat_xact_user_tables WHERE relname IN ('lanes', 'work', 'deliveries')");
    }

    /// <summary>In one snapshot for a whole transaction, what others have just made ready would not be seen.</summary>
    [Fact]
    public async Task A_server_that_isolates_transactions_more_by_default_changes_nothing()
    {
        var strict = await SharedPostgres.DatabaseAsync();
        PostgresCluster.Execute(strict, $"ALTER DATABASE {new Uri(strict).AbsolutePath[1..]} SET default_transaction_isolation = 'serializable'");
        await using var one = PostgresStore.Open(strict, TimeProvider.System);
        await using var two = PostgresStore.Open(strict, TimeProvider.System);
        var finished = 0;
        await Task.WhenAll(new[] { one, two }.SelectMany((store, which) => Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var round = 0; round < 40; round++)
            {
                await store.InsertAsync(Delivery($"{which}-{worker}-{round}", lane: round % 3), Stop);
                foreach (var claim in (await store.ClaimAsync(2, Stop)).Claims)
                {
                    if (await store.FinishAsync(claim, DeliveryState.Done, "", Stop))
                        Interlocked.Increment(ref finished);
                }
            }
        }, Stop))));
        for (IReadOnlyList<Claim> rest; (rest = (await one.ClaimAsync(9, Stop)).Claims).Count > 0;)
        {
            foreach (var claim in rest)
                finished += await one.FinishAsync(claim, DeliveryState.Done, "", Stop) ? 1 : 0;
        }
        Assert.Equal(320, finished);
    }

    private sealed class AheadClock(PostgresStoreTests tests) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + tests.passed;
    }
}
