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

    private static readonly CancellationToken None = CancellationToken.None;

    public async Task RunAsync(IReadOnlyList<int> finished, IReadOnlyList<int> waiting)
    {
        Console.WriteLine($"{"store",-11} {"finished",9} {"waiting",8}   claim ms: {"p50",6} {"p99",6}   insert + claim + finish: {"p50",6} {"p99",6}");
        await using var cluster = PostgresCluster.IsPossible ? await PostgresCluster.StartAsync() : null;
        if (cluster is null)
            Console.WriteLine("PostgreSQL is left out: it is not on this machine.");
        foreach (var stores in new[] { "SQLite", "PostgreSQL" }.Where(name => name == "SQLite" || cluster is not null))
        {
            var url = cluster?.CreateDatabase() ?? "";
            var folder = Path.Combine(temporary, "claims");
            var filled = 0;
            foreach (var count in finished)
            {
                if (stores == "SQLite")
                    FillSqlite(folder, filled, count);
                else
                    FillPostgres(url, filled, count);
                filled = count;
                foreach (var rows in waiting)
                {
                    if (stores == "SQLite")
                        WaitSqlite(folder, rows);
                    else
                        WaitPostgres(url, rows);
                    await using IStore store = stores == "SQLite" ? SqliteStore.Open(folder, TimeProvider.System) : PostgresStore.Open(url, TimeProvider.System);
                    var (claims, wholes) = await MeasureAsync(store, $"{count}-{rows}");
                    Console.WriteLine($"{stores,-11} {count,9:N0} {rows,8:N0}             {At(claims, 0.5),6:0.00} {At(claims, 0.99),6:0.00}                            {At(wholes, 0.5),6:0.00} {At(wholes, 0.99),6:0.00}");
                }
            }
        }
    }

    private static async Task<(List<double> Claims, List<double> Wholes)> MeasureAsync(IStore store, string run)
    {
        var (claims, wholes) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var whole = Stopwatch.GetTimestamp();
            var id = string.Create(CultureInfo.InvariantCulture, $"{run}-{round}");
            await store.InsertAsync(new NewDelivery(
                ForgeKind.GitHub, new Envelope(id, "push", round % 200, "acme/app", IsPing: false), new Dictionary<string, string>(), Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\"}}"), TimeProvider.System.GetUtcNow()), None);
            var start = Stopwatch.GetTimestamp();
            var claim = await store.ClaimAsync(None) ?? throw new InvalidOperationException("There was nothing to claim.");
            var claimed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (claim.DeliveryId != id)
                throw new InvalidOperationException($"{claim.DeliveryId} was claimed in the place of {id}.");
            await store.FinishAsync(claim, DeliveryState.Done, "", None);
            if (round < 300)
                continue;
            claims.Add(claimed);
            wholes.Add(Stopwatch.GetElapsedTime(whole).TotalMilliseconds);
        }
        return (claims, wholes);
    }

    // ---- rows made by the database itself; their names and hashes rise, so that making them is quick

    private static void FillSqlite(string folder, int from, int to) => InSqlite(folder, $"""
        INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, headers, body, body_sha256, received_at, state, result)
        WITH RECURSIVE number (n) AS (SELECT {from + 1} UNION ALL SELECT n + 1 FROM number WHERE n < {to})
        SELECT 'gitlab', printf('done-%012d', n), 'push', n % 5000, 'acme/app', '', randomblob(100), CAST(printf('%032d', n) AS BLOB), 1, 'done', 'healed' FROM number
        """);

    private static void WaitSqlite(string folder, int rows) => InSqlite(folder, $"""
        DELETE FROM work; DELETE FROM lanes;
        INSERT INTO lanes (lane, turn, leased_until, fence) VALUES ('github:held', 1, {long.MaxValue / 2}, 1);
        INSERT INTO work (sequence, lane, run_after, rank)
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {rows})
        SELECT -n, CASE WHEN n % 2 = 0 THEN 'github:held' ELSE 'github:wait-' || n % 2000 END, CASE WHEN n % 2 = 0 THEN 0 ELSE {long.MaxValue / 2} END, n FROM number WHERE {rows} > 0;
        INSERT INTO lanes (lane) SELECT DISTINCT lane FROM work WHERE true ON CONFLICT DO NOTHING;
        """);

    private static void InSqlite(string folder, string sql)
    {
        SqliteStore.Open(folder, TimeProvider.System).DisposeAsync().AsTask().GetAwaiter().GetResult();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "qmoi.db")};Pooling=False");
        connection.Open();
        connection.Execute("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF", commandTimeout: 0);
        connection.Execute(sql, commandTimeout: 0);
        connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)", commandTimeout: 0);
    }

    private static void FillPostgres(string url, int from, int to) => InPostgres(url, $"""
        INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, headers, body, body_sha256, received_at, state, result)
        SELECT 'gitlab', 'done-' || lpad(n::text, 12, '0'), 'push', n % 5000, 'acme/app', '', decode(repeat(md5(n::text), 6), 'hex'), convert_to(lpad(n::text, 32, '0'), 'UTF8'), 1, 'done', 'healed'
        FROM generate_series({from + 1}, {to}) AS n
        """);

    private static void WaitPostgres(string url, int rows) => InPostgres(url, $"""
        TRUNCATE work, lanes;
        INSERT INTO lanes (lane, turn, leased_until, fence) VALUES ('github:held', 1, {long.MaxValue / 2}, 1);
        INSERT INTO work (sequence, lane, run_after, rank)
        SELECT -n, CASE WHEN n % 2 = 0 THEN 'github:held' ELSE 'github:wait-' || n % 2000 END, CASE WHEN n % 2 = 0 THEN 0 ELSE {long.MaxValue / 2} END, n FROM generate_series(1, {rows}) AS n;
        INSERT INTO lanes (lane) SELECT DISTINCT lane FROM work ON CONFLICT DO NOTHING;
        """);

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
