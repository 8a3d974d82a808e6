using System.Data.Common;
using Dapper;
using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.CatchUp;

/// <summary>A repository that deliveries came from.</summary>
/// <param name="LookedUntil">What ended there before is known; <c>null</c>: nobody has looked yet.</param>
public sealed record KnownRepository(Repository Repository, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt, DateTimeOffset? LookedUntil);

/// <summary>What catching up has to know from one sweep to the next, as one store keeps it for all processes that share it.</summary>
public sealed class SweepTable(SqlStore store, TimeProvider clock)
{
    /// <summary>A process that dies while it sweeps keeps the others from it no longer.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    private const string AlarmPrefix = "alarm:";
    private const string Noticed = "noticed";
    private const int Page = 5_000;
    private const int ForgottenAtOnce = 200;

    /// <summary>So many deliveries of an older version's time are gone through when this is new.</summary>
    private const int MaxBefore = 100_000;

    /// <summary>The right to sweep, which nobody else gets while it lasts; <c>null</c> when somebody has it. By the clock of the database.</summary>
    public Task<long?> TryLeaseAsync(CancellationToken cancellationToken) => store.WriteAsync(
        async connection =>
        {
            var now = await store.NowAsync(connection);
            var until = now + (long)Lease.TotalMilliseconds;
            // Where one process works alone, what a predecessor held when it died is free.
            var free = store.IsShared ? now : long.MaxValue;
            return await connection.ExecuteAsync("UPDATE sweep_marks SET value = @until WHERE name = 'lease' AND value <= @free", new { until, free }) == 1 ? until : (long?)null;
        },
        cancellationToken);

    /// <summary>The lease from now on; <c>null</c> when it has passed to another process.</summary>
    public Task<long?> RenewAsync(long held, CancellationToken cancellationToken) => store.WriteAsync(
        async connection =>
        {
            var until = await store.NowAsync(connection) + (long)Lease.TotalMilliseconds;
            return await connection.ExecuteAsync("UPDATE sweep_marks SET value = @until WHERE name = 'lease' AND value = @held", new { until, held }) == 1 ? until : (long?)null;
        },
        cancellationToken);

    public Task ReleaseAsync(long held, CancellationToken cancellationToken) =>
        store.WriteAsync(connection => connection.ExecuteAsync("UPDATE sweep_marks SET value = 0 WHERE name = 'lease' AND value = @held", new { held }), cancellationToken);

    public Task<long?> MarkAsync(string name, CancellationToken cancellationToken) =>
        store.ReadAsync(reading => reading.ExecuteScalarAsync<long?>("SELECT value FROM sweep_marks WHERE name = @name", new { name }), cancellationToken);

    public Task SetAsync(string name, long value, CancellationToken cancellationToken) => store.WriteAsync(connection => SetAsync(connection, name, value, ""), cancellationToken);

    private static Task<int> SetAsync(DbConnection connection, string name, long value, string note) => connection.ExecuteAsync(
        "INSERT INTO sweep_marks (name, value, note) VALUES (@name, @value, @note) ON CONFLICT (name) DO UPDATE SET value = excluded.value, note = excluded.note", new { name, value, note });

    public async Task<IReadOnlyDictionary<string, long>> MarksAsync(string prefix, CancellationToken cancellationToken) =>
        (await store.ReadAsync(reading => reading.QueryAsync<(string Name, long Value)>("SELECT name, value FROM sweep_marks WHERE name LIKE @pattern", new { pattern = prefix + "%" }), cancellationToken))
            .ToDictionary(row => row.Name, row => row.Value, StringComparer.Ordinal);

    public Task RemoveMarkAsync(string name, CancellationToken cancellationToken) =>
        store.WriteAsync(connection => connection.ExecuteAsync("DELETE FROM sweep_marks WHERE name = @name", new { name }), cancellationToken);

    // ---- alarms

    /// <summary>What an admin has to know until it is over: what it is about, and the words.</summary>
    public async Task<IReadOnlyDictionary<string, string>> AlarmsAsync(CancellationToken cancellationToken) =>
        (await store.ReadAsync(reading => reading.QueryAsync<(string Name, string Note)>("SELECT name, note FROM sweep_marks WHERE name LIKE 'alarm:%'"), cancellationToken))
            .ToDictionary(row => row.Name[AlarmPrefix.Length..], row => row.Note, StringComparer.Ordinal);

    /// <summary>True when it was not known.</summary>
    public Task<bool> RaiseAsync(string about, string words, CancellationToken cancellationToken) => store.WriteAsync(
        async connection =>
        {
            var name = AlarmPrefix + about;
            var known = await connection.ExecuteScalarAsync<string?>("SELECT note FROM sweep_marks WHERE name = @name", new { name });
            if (known != words)
                await SetAsync(connection, name, clock.GetUtcNow().ToUnixTimeMilliseconds(), words);
            return known is null;
        },
        cancellationToken);

    /// <summary>True when there was one.</summary>
    public Task<bool> EndAlarmAsync(string about, CancellationToken cancellationToken) => store.WriteAsync(
        async connection => await connection.ExecuteAsync("DELETE FROM sweep_marks WHERE name = @name", new { name = AlarmPrefix + about }) == 1, cancellationToken);

    // ---- repositories

    /// <summary>Notes from which repositories deliveries have come since the last time. Costs as much as has come.</summary>
    public async Task NoticeAsync(CancellationToken cancellationToken)
    {
        var after = await MarkAsync(Noticed, cancellationToken)
            ?? Math.Max(0, await store.ReadAsync(reading => reading.ExecuteScalarAsync<long?>("SELECT max(sequence) FROM deliveries"), cancellationToken) - MaxBefore ?? 0);
        while (true)
        {
            var from = after;
            var rows = (await store.ReadAsync(
                reading => reading.QueryAsync<NoticedRow>("""
                    SELECT sequence, forge, repository_id, repository, received_at FROM deliveries WHERE sequence > @from ORDER BY sequence LIMIT 5000
                    """, new { from }), cancellationToken)).AsList();
            if (rows.Count == 0)
                return;
            after = rows[^1].Sequence;
            var until = after;
            var seen = rows.Where(row => row is { Repository_id: not null, Repository: not null }).GroupBy(row => (row.Forge, row.Repository_id)).Select(group => new
            {
                group.Key.Forge,
                Id = group.Key.Repository_id,
                Name = group.Last().Repository,
                First = group.Min(row => row.Received_at),
                Last = group.Max(row => row.Received_at),
            }).ToList();
            await store.WriteAsync(
                async connection =>
                {
                    foreach (var repository in seen)
                        await connection.ExecuteAsync("""
                            INSERT INTO known_repositories (forge, repository_id, name, first_seen_at, last_seen_at) VALUES (@Forge, @Id, @Name, @First, @Last)
                            ON CONFLICT (forge, repository_id) DO UPDATE SET name = excluded.name, last_seen_at = excluded.last_seen_at
                            """, repository);
                    return await SetAsync(connection, Noticed, until, "");
                },
                cancellationToken);
            if (rows.Count < Page)
                return;
        }
    }

    /// <summary>Those whose turn it is first.</summary>
    public async Task<IReadOnlyList<KnownRepository>> RepositoriesAsync(ForgeKind forge, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(
            reading => reading.QueryAsync<RepositoryRow>("""
                SELECT repository_id, name, first_seen_at, last_seen_at, looked_until FROM known_repositories
                WHERE forge = @forge ORDER BY coalesce(looked_until, 0), repository_id
                """, new { forge = SqlStore.Name(forge) }), cancellationToken);
        return [.. rows.Select(row => new KnownRepository(
            new Repository(forge, row.Repository_id, row.Name, ""), DateTimeOffset.FromUnixTimeMilliseconds(row.First_seen_at), DateTimeOffset.FromUnixTimeMilliseconds(row.Last_seen_at),
            row.Looked_until is { } until ? DateTimeOffset.FromUnixTimeMilliseconds(until) : null))];
    }

    public Task LookedAsync(Repository repository, DateTimeOffset until, CancellationToken cancellationToken) => store.WriteAsync(
        connection => connection.ExecuteAsync(
            "UPDATE known_repositories SET looked_until = @until WHERE forge = @forge AND repository_id = @Id",
            new { until = until.ToUnixTimeMilliseconds(), forge = SqlStore.Name(repository.Forge), repository.Id }),
        cancellationToken);

    /// <summary>Removes all that is stored about a repository, in small steps: deliveries of others wait for none of them. What is being done about it ends with a lost lease. Returns the number of deliveries.</summary>
    public async Task<int> ForgetAsync(Repository repository, CancellationToken cancellationToken)
    {
        var forge = SqlStore.Name(repository.Forge);
        var removed = 0;
        while (true)
        {
            var sequences = (await store.ReadAsync(
                reading => reading.QueryAsync<long>("SELECT sequence FROM deliveries WHERE forge = @forge AND repository_id = @Id", new { forge, repository.Id }), cancellationToken)).AsList();
            foreach (var some in sequences.Chunk(ForgottenAtOnce))
            {
                await store.WriteAsync(
                    async connection =>
                    {
                        await connection.ExecuteAsync("UPDATE lanes SET fence = fence + 1, leased_until = 0 WHERE lane = @Key", new { repository.Key });
                        foreach (var sequence in some)
                            await connection.ExecuteAsync("DELETE FROM work WHERE sequence = @sequence; DELETE FROM deliveries WHERE sequence = @sequence", new { sequence });
                        return true;
                    },
                    cancellationToken);
                removed += some.Length;
            }
            if (sequences.Count == 0)
                break;
        }
        await store.WriteAsync(
            connection => connection.ExecuteAsync("""
                DELETE FROM attempts WHERE repository_key = @Key;
                DELETE FROM flakes WHERE repository_key = @Key;
                DELETE FROM effects WHERE key LIKE @ofEffects;
                DELETE FROM sweep_marks WHERE name LIKE @ofHistory OR name LIKE @ofAlarms OR name LIKE @ofRollCall;
                DELETE FROM known_repositories WHERE forge = @forge AND repository_id = @Id;
                DELETE FROM hook_secrets WHERE forge = @forge AND scope = 'repository' AND id = @Id
                """,
                new { repository.Key, ofEffects = $"%:{repository.Key}:%", ofHistory = $"history:{repository.Key}:%", ofAlarms = $"{AlarmPrefix}{repository.Key}:%", ofRollCall = $"roll:{repository.Key}:%", forge, repository.Id }),
            cancellationToken);
        return removed;
    }

    // ---- what is known

    /// <summary>Those of the ids under which a delivery is stored.</summary>
    public async Task<IReadOnlySet<string>> KnownAsync(ForgeKind forge, IReadOnlyList<string> deliveryIds, CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var ids in deliveryIds.Chunk(200))
            known.UnionWith(await store.ReadAsync(
                reading => reading.QueryAsync<string>($"SELECT delivery_id FROM deliveries WHERE forge = @forge AND delivery_id IN {List(ids)}", Parameters(forge, ids)), cancellationToken));
        return known;
    }

    // Dapper's own lists are arrays to one database and expanded for the other.
    private static string List(string[] ids) => $"({string.Join(", ", ids.Select((_, number) => $"@id{number}"))})";

    private static DynamicParameters Parameters(ForgeKind forge, string[] ids)
    {
        var parameters = new DynamicParameters(new { forge = SqlStore.Name(forge) });
        foreach (var (number, id) in ids.Index())
            parameters.Add($"id{number}", id);
        return parameters;
    }

    /// <summary>The deliveries of a repository since then that may tell of an end: event and body.</summary>
    public async Task<IReadOnlyList<(string Event, byte[] Body)>> TellingAsync(Repository repository, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var first = await FirstSinceAsync(since, cancellationToken);
        var rows = await store.ReadAsync(
            reading => reading.QueryAsync<BodyRow>(
                "SELECT forge, event, body FROM deliveries WHERE sequence >= @first AND repository_id = @Id AND event IN ('workflow_run', 'pull_request', 'pipeline', 'merge_request') ORDER BY sequence",
                new { first, repository.Id }),
            cancellationToken);
        return [.. from row in rows where row.Forge == SqlStore.Name(repository.Forge) && store.Bodies.MissingKey(row.Body) is null let body = store.Bodies.TryRead(row.Body) where body is not null select (row.Event, body)];
    }

    /// <summary>Sequences follow the time of receipt, so no index on it is needed.</summary>
    private async Task<long> FirstSinceAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var (low, high) = await store.ReadAsync(
            reading => reading.QuerySingleAsync<(long, long)>("SELECT coalesce(min(sequence), 0), coalesce(max(sequence), 0) + 1 FROM deliveries"), cancellationToken);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var at = await store.ReadAsync(
                reading => reading.ExecuteScalarAsync<long?>("SELECT received_at FROM deliveries WHERE sequence >= @middle ORDER BY sequence LIMIT 1", new { middle }), cancellationToken);
            if (at < since.ToUnixTimeMilliseconds())
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>Attempts since then whose end is still to come: a pipeline's, or that of a merge request with a fix.</summary>
    public Task<IReadOnlyList<Attempt>> OpenAttemptsAsync(Repository repository, DateTimeOffset since, CancellationToken cancellationToken) => store.AttemptsAsync(
        "repository_key = @Key AND created_at >= @since AND state IN ('Delivered', 'Verified', 'Retried', 'WaitingForPipeline') ORDER BY id DESC",
        new { repository.Key, since = since.ToUnixTimeMilliseconds() }, cancellationToken);

    /// <summary>How many of these deliveries were acted on, and how many are not finished.</summary>
    public async Task<(int ActedOn, int Unfinished)> ResultsAsync(ForgeKind forge, IReadOnlyList<string> deliveryIds, CancellationToken cancellationToken)
    {
        var (done, unfinished) = (0L, 0L);
        foreach (var ids in deliveryIds.Chunk(200))
        {
            var rows = await store.ReadAsync(
                reading => reading.QueryAsync<(string State, long Count)>(
                    $"SELECT state, count(*) FROM deliveries WHERE forge = @forge AND delivery_id IN {List(ids)} GROUP BY state", Parameters(forge, ids)), cancellationToken);
            foreach (var (state, count) in rows)
            {
                done += state == "done" ? count : 0;
                unfinished += state is "stored" or "working" or "waiting" ? count : 0;
            }
        }
        return ((int)done, (int)unfinished);
    }

    private sealed record NoticedRow(long Sequence, string Forge, long? Repository_id, string? Repository, long Received_at);

    private sealed record RepositoryRow(long Repository_id, string Name, long First_seen_at, long Last_seen_at, long? Looked_until);

    private sealed record BodyRow(string Forge, string Event, byte[] Body);
}
