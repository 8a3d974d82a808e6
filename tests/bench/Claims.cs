using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Tests.Stores;

namespace QMoi.Bench;

/// <summary>What a claim costs beside much that is finished and much that cannot be claimed: half of the latter lies in a lane that is held, half waits in a thousand others.</summary>
internal sealed class Claims(string temporary)
{
    private const int Rounds = 1_500;
    private const int WarmUp = 300;

    private static readonly CancellationToken None = CancellationToken.None;

    /// <param name="cases">Rows that are finished and rows that wait, a database each; they are visited in turn, so that what else the machine does meets all alike.</param>
    public async Task RunAsync(IReadOnlyList<(int Finished, int Waiting)> cases)
    {
        Console.WriteLine($"{"store",-11} {"finished",9} {"waiting",8}   claim ms: {"p50",6} {"p99",6} {"p50 to first",13}   insert + claim + finish: {"p50",6} {"p99",6}");
        await MeasureAsync("SQLite", cases, (name, finished, waiting) =>
        {
            var folder = Path.Combine(temporary, name);
            InSqlite(folder, FinishedInSqlite(finished) + WaitingInSqlite(waiting));
            return SqliteStore.Open(folder, TimeProvider.System);
        });
        if (!PostgresCluster.IsPossible)
        {
            Console.WriteLine("PostgreSQL is left out: it is not on this machine.");
            return;
        }
        await using var cluster = await PostgresCluster.StartAsync();
        await MeasureAsync("PostgreSQL", cases, (_, finished, waiting) =>
        {
            var url = cluster.CreateDatabase();
            InPostgres(url, FinishedInPostgres(finished) + WaitingInPostgres(waiting));
            return PostgresStore.Open(url, TimeProvider.System);
        });
    }

    private static async Task MeasureAsync(string database, IReadOnlyList<(int Finished, int Waiting)> cases, Func<string, int, int, IStore> open)
    {
        var stores = cases.Select((one, number) => open($"claims-{number}", one.Finished, one.Waiting)).ToList();
        var claims = cases.Select(_ => new List<double>()).ToList();
        var wholes = cases.Select(_ => new List<double>()).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            for (var number = 0; number < stores.Count; number++)
            {
                var (claim, whole) = await OneAsync(stores[number], string.Create(CultureInfo.InvariantCulture, $"id-{round}"), lane: round % 200);
                if (round < WarmUp)
                    continue;
                claims[number].Add(claim);
                wholes[number].Add(whole);
            }
        }
        for (var number = 0; number < stores.Count; number++)
        {
            await stores[number].DisposeAsync();
            Console.WriteLine($"{database,-11} {cases[number].Finished,9:N0} {cases[number].Waiting,8:N0}             {At(claims[number], 0.5),6:0.00} {At(claims[number], 0.99),6:0.00} {At(claims[number], 0.5) / At(claims[0], 0.5),13:0.00}                            {At(wholes[number], 0.5),6:0.00} {At(wholes[number], 0.99),6:0.00}");
        }
    }

    private static async Task<(double Claim, double Whole)> OneAsync(IStore store, string id, long lane)
    {
        var whole = Stopwatch.GetTimestamp();
        await store.InsertAsync(new NewDelivery(
            ForgeKind.GitHub, new Envelope(id, "push", lane, "acme/app", IsPing: false), new Dictionary<string, string>(), Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\"}}"), TimeProvider.System.GetUtcNow()), None);
        var start = Stopwatch.GetTimestamp();
        if ((await store.ClaimAsync(1, None)).Claims is not [var claim])
            throw new InvalidOperationException("There was nothing to claim.");
        var claimed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (claim.DeliveryId != id)
            throw new InvalidOperationException($"{claim.DeliveryId} was claimed in the place of {id}.");
        await store.FinishAsync(claim, DeliveryState.Done, "", None);
        return (claimed, Stopwatch.GetElapsedTime(whole).TotalMilliseconds);
    }

    // ---- rows made by the database itself; their names and hashes rise, so that making them is quick

    private static string FinishedInSqlite(int count) => $"""
        INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, headers, body, body_sha256, received_at, state, result)
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})
        SELECT 'gitlab', printf('done-%012d', n), 'push', n % 5000, 'acme/app', '', randomblob(100), CAST(printf('%032d', n) AS BLOB), 1, 'done', 'healed' FROM number;

        """;

    private static string WaitingInSqlite(int rows) => $"""
        INSERT INTO lanes (lane, turn, leased_until, fence) VALUES ('github:held', 1, {long.MaxValue / 2}, 1);
        INSERT INTO work (sequence, lane, run_after, rank)
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {rows})
        SELECT -n, CASE WHEN n % 2 = 0 THEN 'github:held' ELSE 'github:wait-' || n % 2000 END, CASE WHEN n % 2 = 0 THEN 0 ELSE {long.MaxValue / 2} END, n FROM number WHERE {rows} > 0;
        INSERT INTO lanes (lane) SELECT DISTINCT lane FROM work WHERE true ON CONFLICT DO NOTHING
        """;

    private static void InSqlite(string folder, string sql)
    {
        SqliteStore.Open(folder, TimeProvider.System).DisposeAsync().AsTask().GetAwaiter().GetResult();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "qmoi.db")};Pooling=False");
        connection.Open();
        connection.Execute("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF", commandTimeout: 0);
        connection.Execute(sql, commandTimeout: 0);
        connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)", commandTimeout: 0);
    }

    private static string FinishedInPostgres(int count) => $"""
        INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, headers, body, body_sha256, received_at, state, result)
        SELECT 'gitlab', 'done-' || lpad(n::text, 12, '0'), 'push', n % 5000, 'acme/app', '', decode(repeat(md5(n::text), 6), 'hex'), convert_to(lpad(n::text, 32, '0'), 'UTF8'), 1, 'done', 'healed'
        FROM generate_series(1, {count}) AS n;

        """;

    private static string WaitingInPostgres(int rows) => $"""
        INSERT INTO lanes (lane, turn, leased_until, fence) VALUES ('github:held', 1, {long.MaxValue / 2}, 1);
        INSERT INTO work (sequence, lane, run_after, rank)
        SELECT -n, CASE WHEN n % 2 = 0 THEN 'github:held' ELSE 'github:wait-' || n % 2000 END, CASE WHEN n % 2 = 0 THEN 0 ELSE {long.MaxValue / 2} END, n FROM generate_series(1, {rows}) AS n;
        INSERT INTO lanes (lane) SELECT DISTINCT lane FROM work ON CONFLICT DO NOTHING
        """;

    private static void InPostgres(string url, string sql)
    {
        PostgresStore.Open(url, TimeProvider.System).DisposeAsync().AsTask().GetAwaiter().GetResult();
        using var connection = new NpgsqlConnection(PostgresCluster.Form(url));
        connection.Open();
        connection.Execute(sql, commandTimeout: 0);
        // What it would do by itself a minute later, and the dirt of making the rows is not the claim's.
        connection.Execute("VACUUM ANALYZE", commandTimeout: 0);
        connection.Execute("CHECKPOINT ", commandTimeout: 0);
    }

    private static double At(List<double> values, double quantile) => values.Order().ElementAt((int)(quantile * (values.Count - 1)));
}
