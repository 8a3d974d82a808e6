using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Dapper;
using QMoi.Functions.CatchUp;
using QMoi.Functions.Control;
using QMoi.Functions.Hooks;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores;

/// <summary>
/// What both databases are asked in the same words: everything but storing, claiming and releasing, which each does in the way that is quick and safe there.
/// Times are milliseconds since 1970.
/// </summary>
public abstract class SqlStore(TimeProvider clock, StoredBody bodies) : IStore
{
    /// <summary>How long a worker that shows no sign of life keeps a delivery.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>The default branch, which everybody builds on, comes before merge requests; one that has waited longer than this is as urgent.</summary>
    internal static readonly TimeSpan HeadStart = TimeSpan.FromMinutes(5);

    /// <summary>Rows whose time has come that one claim makes ready: so many that none waits long, so few that the claim does not.</summary>
    protected const int MaxDue = 100;

    /// <summary>So long a delivery waits whose key is not given; another process may have it already.</summary>
    private static readonly TimeSpan WithoutKey = TimeSpan.FromMinutes(1);

    private const string Finished = "('done', 'ignored', 'dead')";

    private volatile bool cannotWrite;

    protected TimeProvider Clock => clock;

    internal StoredBody Bodies => bodies;

    public abstract Task<InsertResult> InsertAsync(NewDelivery delivery, CancellationToken cancellationToken);

    /// <summary>Claims, with the bodies as they are kept.</summary>
    protected abstract Task<Taken> TakeAsync(int most, CancellationToken cancellationToken);

    public abstract Task<bool> RenewAsync(Claim claim, CancellationToken cancellationToken);

    public abstract Task<bool> FinishAsync(Claim claim, DeliveryState state, string result, CancellationToken cancellationToken);

    public abstract Task<bool> PostponeAsync(Claim claim, DateTimeOffset notBefore, string reason, bool countsAsTry, CancellationToken cancellationToken);

    public abstract Task BeginWorkAsync(CancellationToken cancellationToken);

    public abstract Task ListenAsync(Action mayBeClaimable, CancellationToken stop);

    public abstract Task<IReadOnlyList<string>> OptimizeAsync(CancellationToken cancellationToken);

    public abstract Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    internal abstract Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>One transaction, durable when this returns; undone when <paramref name="write"/> throws.</summary>
    internal abstract Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken);

    /// <summary>Writes on behalf of a claim; refused with <see cref="LeaseLostException"/> when its lease has passed to another worker.</summary>
    internal abstract Task<T> WriteFencedAsync<T>(Claim claim, Func<DbConnection, Task<T>> write, CancellationToken cancellationToken);

    public abstract bool IsShared { get; }

    /// <summary>The time by which leases are given.</summary>
    internal abstract Task<long> NowAsync(DbConnection connection);

    /// <summary>Inserts a lane, or moves its turn forward: parameters <c>@Lane</c> and <c>@Rank</c>, the rank of a row that became ready.</summary>
    protected abstract string RaiseLane { get; }

    /// <summary>Told of every write, whether it could be kept.</summary>
    protected void NoteWrite(bool isKept) => cannotWrite = !isKept;

    // ---- the same for both

    public async Task ProveAsync(CancellationToken cancellationToken)
    {
        await NextDueAsync(cancellationToken);
        // The row is there from the start, and written as it is.
        if (cannotWrite)
            await WriteAsync(connection => connection.ExecuteAsync("UPDATE sweep_marks SET value = value WHERE name = 'lease'"), cancellationToken);
    }

    public ControlTable Control => new(this, clock);

    public SweepTable Sweeps => new(this, clock);

    public HookTable Hooks => new(this);

    public async Task<QueueState> QueueAsync(CancellationToken cancellationToken)
    {
        var row = await ReadAsync(
            reading => reading.QuerySingleAsync<QueueRow>("""
                SELECT (SELECT count(*) FROM work WHERE run_after = 0) AS ready, (SELECT count(*) FROM work WHERE run_after > 0) AS waiting, (SELECT count(*) FROM lanes WHERE leased_until > 0) AS held,
                    (SELECT min(received_at) FROM work JOIN deliveries ON deliveries.sequence = work.sequence WHERE run_after = 0) AS oldest, (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead
                """), cancellationToken);
        var age = row.Oldest is { } oldest ? clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(oldest) : TimeSpan.Zero;
        return new QueueState(row.Ready, row.Waiting, row.Held, age > TimeSpan.Zero ? age : TimeSpan.Zero, row.Dead);
    }

    public ILedger Ledger(Claim claim) => new Ledger(this, claim, clock);

    public async IAsyncEnumerable<DeliveryRow> ListAsync(DeliveryState? state, DateTimeOffset? since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int page = 500;
        var last = 0L;
        while (true)
        {
            var after = last;
            var rows = (await ReadAsync(
                reading => reading.QueryAsync<ListRow>("""
                    SELECT sequence, forge, delivery_id, event, repository, state, result, received_at FROM deliveries
                    WHERE sequence > @after AND (@state IS NULL OR state = @state) AND received_at >= @since ORDER BY sequence LIMIT 500
                    """, new { after, state = state is { } wanted ? Name(wanted) : null, since = since?.ToUnixTimeMilliseconds() ?? 0 }), cancellationToken)).AsList();
            foreach (var row in rows)
                yield return Row(row);
            if (rows.Count < page)
                yield break;
            last = rows[^1].Sequence;
        }
    }

    public async Task<DeliveryRow?> FindAsync(string deliveryId, CancellationToken cancellationToken)
    {
        // The forge is named so that the index is used, which begins with it.
        var row = await ReadAsync(
            reading => reading.QueryFirstOrDefaultAsync<ListRow>(
                "SELECT sequence, forge, delivery_id, event, repository, state, result, received_at FROM deliveries WHERE forge IN ('github', 'gitlab') AND delivery_id = @deliveryId", new { deliveryId }), cancellationToken);
        return row is null ? null : Row(row);
    }

    public Task<string?> FindIdOfBodyAsync(ForgeKind forge, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(body.Span);
        return ReadAsync(
            reading => reading.ExecuteScalarAsync<string?>("SELECT delivery_id FROM deliveries WHERE forge = @forge AND body_sha256 = @hash", new { forge = Name(forge), hash }), cancellationToken);
    }

    public Task<bool> RequeueAsync(long sequence, CancellationToken cancellationToken) => WriteAsync(
        async connection =>
        {
            if (await connection.ExecuteAsync($"UPDATE deliveries SET state = 'stored', result = NULL WHERE sequence = @sequence AND state IN {Finished}", new { sequence }) == 0)
                return false;
            var ready = await connection.QuerySingleAsync<ReadyRow>("""
                INSERT INTO work (sequence, lane, run_after, rank)
                SELECT sequence, forge || ':' || coalesce(CAST(repository_id AS TEXT), ''), 0, received_at FROM deliveries WHERE sequence = @sequence
                RETURNING lane, rank
                """, new { sequence });
            await connection.ExecuteAsync(RaiseLane, ready);
            return true;
        },
        cancellationToken);

    public Task<int> RemoveFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken) => WriteAsync(
        // Sequences follow the time of receipt, so the oldest are found without an index on it. Asked twice for the state: one may be made to work again meanwhile.
        async connection =>
        {
            var parameters = new { before = before.ToUnixTimeMilliseconds() };
            await connection.ExecuteAsync("""
                DELETE FROM flakes WHERE (repository_key, job_name, test_name) IN (SELECT repository_key, job_name, test_name FROM flakes WHERE last_seen_at < @before LIMIT 500)
                """, parameters);
            return await connection.ExecuteAsync($"""
                DELETE FROM deliveries WHERE state IN {Finished} AND sequence IN (
                    SELECT sequence FROM (SELECT sequence, state, received_at FROM deliveries ORDER BY sequence LIMIT 500) AS oldest
                    WHERE received_at < @before AND state IN {Finished})
                """, parameters);
        },
        cancellationToken);

    public async Task<IReadOnlyList<Attempt>> AttemptsAsync(string repositoryKey, CancellationToken cancellationToken) =>
        await AttemptsAsync("repository_key = @repositoryKey ORDER BY id", new { repositoryKey }, cancellationToken);

    internal async Task<IReadOnlyList<Attempt>> AttemptsAsync(string condition, object parameters, CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(reading => reading.QueryAsync<AttemptRow>($"{AttemptRow.Select} WHERE {condition}", parameters), cancellationToken);
        return [.. rows.Select(row => row.ToAttempt())];
    }

    public async Task<Claimed> ClaimAsync(int most, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (taken, nextDue) = await TakeAsync(most, cancellationToken);
            var claims = new List<Claim>(taken.Count);
            foreach (var (claim, kept) in taken)
            {
                if (await ReadAsync(claim, kept, cancellationToken) is { } readable)
                    claims.Add(readable);
            }
            if (claims.Count == taken.Count)
                return new Claimed(claims, nextDue);
            if (claims.Count > 0)
                return new Claimed(claims, clock.GetUtcNow());
            // Instead of those that could not be read, the next ones.
        }
    }

    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken) => (await ClaimAsync(0, cancellationToken)).NextDue;

    /// <summary>The claim with its body; <c>null</c> when that cannot be read, and the claim is over.</summary>
    private async Task<Claim?> ReadAsync(Claim claim, byte[] kept, CancellationToken cancellationToken)
    {
        try
        {
            if (bodies.TryRead(kept) is { } body)
                return claim with { Body = body };
            // No try will read it, and the lane must not wait for it.
            await FinishAsync(claim, DeliveryState.Dead, "its stored body is damaged", cancellationToken);
        }
        catch (KeyMissingException missing)
        {
            await PostponeAsync(claim, clock.GetUtcNow() + WithoutKey, missing.Message, countsAsTry: false, cancellationToken);
        }
        return null;
    }

    public async Task<IReadOnlyList<string>> MissingKeysAsync(CancellationToken cancellationToken)
    {
        var kept = await ReadAsync(
            reading => reading.QueryAsync<byte[]>("""
                SELECT substr(body, 1, 5) FROM deliveries WHERE sequence IN (
                    SELECT sequence FROM (SELECT sequence FROM work ORDER BY sequence LIMIT 100) AS oldest UNION SELECT sequence FROM (SELECT sequence FROM work ORDER BY sequence DESC LIMIT 100) AS newest)
                """), cancellationToken);
        return [.. kept.Select(start => bodies.MissingKey(start)).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    // ---- shapes

    private sealed class QueueRow
    {
        public long Ready { get; init; }
        public long Waiting { get; init; }
        public long Held { get; init; }
        public long? Oldest { get; init; }
        public long Dead { get; init; }
    }

    protected sealed record Taken(IReadOnlyList<(Claim Claim, byte[] Kept)> Claims, DateTimeOffset? NextDue);

    protected sealed record ReadyRow(string Lane, long Rank);

    private sealed record ListRow(long Sequence, string Forge, string Delivery_id, string Event, string? Repository, string State, string? Result, long Received_at);

    private static DeliveryRow Row(ListRow row) => new(
        row.Sequence, Forge(row.Forge), row.Delivery_id, row.Event, row.Repository, Enum.Parse<DeliveryState>(row.State, ignoreCase: true), row.Result,
        DateTimeOffset.FromUnixTimeMilliseconds(row.Received_at));

    internal static string Name(ForgeKind forge) => forge == ForgeKind.GitHub ? "github" : "gitlab";

    internal static ForgeKind Forge(string name) => name == "github" ? ForgeKind.GitHub : ForgeKind.GitLab;

    internal static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;

    internal static string Name(DeliveryState state) => state.ToString().ToLowerInvariant();
}
