using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Sqlite;

namespace QMoi.Tests.Stores;

public sealed class SqliteStoreTests : StoreContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly ManualClock clock = new();

    protected override DateTimeOffset Now => clock.GetUtcNow();

    protected override IStore Open(StoredBody bodies) => SqliteStore.Open(folder.FullName, clock, bodies);

    protected override Task PassAsync(TimeSpan time)
    {
        clock.Advance(time);
        return Task.CompletedTask;
    }

    protected override ValueTask PrepareAsync() => ValueTask.CompletedTask;

    protected override ValueTask RemoveAsync()
    {
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_a_killed_predecessor_held_is_free_at_once_and_no_second_process_works_here()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var held = await ClaimedAsync();
        var next = Another();
        await next.BeginWorkAsync(Stop);
        var taken = (await next.ClaimAsync(Stop))!;
        Assert.True(taken.Fence > held.Fence);
        var refused = await Assert.ThrowsAsync<StoreUnusableException>(() => Store.BeginWorkAsync(Stop));
        Assert.Contains("is worked by another qmoi", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bot_removes_what_was_finished_long_ago()
    {
        await using var bot = Bot.Open(new BotSettings { DataFolder = folder.CreateSubdirectory("kept").FullName }, clock, NullLoggerFactory.Instance);
        await bot.Store.InsertAsync(Delivery("old"), Stop);
        await bot.Store.FinishAsync((await bot.Store.ClaimAsync(Stop))!, DeliveryState.Done, "", Stop);
        clock.Advance(TimeSpan.FromDays(31));
        await bot.Store.InsertAsync(Delivery("young"), Stop);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var caring = bot.Care.RunAsync(ended.Token);
        await Waiting.UntilAsync(async () => await bot.Store.FindAsync("old", Stop) is null);
        await ended.CancelAsync();
        await caring;
        Assert.NotNull(await bot.Store.FindAsync("young", Stop));
    }

    [Fact]
    public async Task A_database_of_version_4_goes_on_with_what_waited_and_what_was_held()
    {
        var old = folder.CreateSubdirectory("old");
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(old.FullName, "qmoi.db")};Pooling=False"))
        {
            connection.Open();
            foreach (var step in Directory.GetFiles(Path.Combine(Functions.QmoiProcess.Root, "functions", "Stores", "Sqlite", "migrations"), "*.sql").Order(StringComparer.Ordinal).Take(4))
                Execute(connection, await File.ReadAllTextAsync(step, Stop));
            Execute(connection, "PRAGMA user_version=4");
            // sequence, lane, run_after, tries, fence, leased_until
            Add(1, 7, now - 9000, 0, 3, now + 20_000);      // held
            Add(2, 7, now - 8000, 0, 0, 0);                 // ready, in the same lane
            Add(3, 8, now - 100, 2, 5, 0);                  // waited, due by now
            Add(4, 8, now + 60_000, 1, 1, 0);               // waits
            Add(5, 9, now - 7000, 0, 0, 0);                 // ready

            void Add(long sequence, long lane, long runAfter, long tries, long fence, long leasedUntil) => Execute(connection, $"""
                INSERT INTO deliveries (sequence, forge, delivery_id, event, repository_id, headers, body, body_sha256, received_at, state)
                VALUES ({sequence}, 'github', 'id-{sequence}', 'push', {lane}, '', x'3b', x'{sequence:x2}', {now - 10_000 + (sequence * 1000)}, 'stored');
                INSERT INTO work (sequence, lane, run_after, tries, fence, leased_until, rank) VALUES ({sequence}, 'github:{lane}', {runAfter}, {tries}, {fence}, {leasedUntil}, {now - 10_000 + (sequence * 1000)});
                """);
        }

        await using var store = SqliteStore.Open(old.FullName, clock);
        var claims = new List<Claim>();
        while (await store.ClaimAsync(Stop) is { } claim)
            claims.Add(claim);
        Assert.Equal(["id-3 2", "id-5 0"], claims.Select(claim => $"{claim.DeliveryId} {claim.Tries}"));
        Assert.True(claims[0].Fence > 5);
        clock.Advance(TimeSpan.FromSeconds(21));
        var taken = (await store.ClaimAsync(Stop))!;
        Assert.Equal("id-1", taken.DeliveryId);
        Assert.True(taken.Fence > 3);
        foreach (var claim in claims.Append(taken))
            Assert.True(await store.FinishAsync(claim, DeliveryState.Done, "", Stop));
        Assert.Equal("id-2", (await store.ClaimAsync(Stop))!.DeliveryId);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("id-4", (await store.ClaimAsync(Stop))!.DeliveryId);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
