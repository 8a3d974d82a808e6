using System.Data.Common;
using Dapper;
using Npgsql;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores.Postgres;

/// <summary>
/// The store that many processes share. Deliveries are stored in batches, each lane is claimed by locking its row, and every time that decides something is the database's.
/// </summary>
/// <remarks>
/// A lane's row is locked by whoever adds a ready row of work to it, claims it or releases it, and what is ready is read after that: so its turn cannot be computed
/// from rows that another transaction is just changing. Locks are taken in one order: work, then lanes by name.
/// </remarks>
public sealed class PostgresStore : SqlStore
{
    /// <summary>How often a transaction that stood in another's way is tried.</summary>
    private const int MaxTries = 5;

    private const string Channel = "qmoi_work";

    private readonly NpgsqlDataSource source;
    private readonly NpgsqlDataSource listening;
    private readonly PostgresWriter writer;
    private int isTelling;
    private bool isWorking;

    private PostgresStore(NpgsqlDataSource source, NpgsqlDataSource listening, TimeProvider clock, StoredBody bodies) : base(clock, bodies)
    {
        (this.source, this.listening) = (source, listening);
        writer = new PostgresWriter(source, NoteWrite);
    }

    /// <summary>Brings the schema up to date.</summary>
    /// <exception cref="StoreUnusableException">It cannot be reached or used, or is from a newer version.</exception>
    public static PostgresStore Open(string url, TimeProvider clock, StoredBody? bodies = null)
    {
        var connection = PostgresUrl.Parse(url);
        // Bounds, so that whoever asks is answered: to connect, and for the longest statement.
        connection.Timeout = Math.Min(connection.Timeout, 5);
        connection.CommandTimeout = Math.Min(connection.CommandTimeout, 10);
        connection.MaxAutoPrepare = Math.Max(connection.MaxAutoPrepare, 40);
        connection.NoResetOnClose = true;
        connection.ApplicationName ??= "qmoi";
        var pool = Source(connection);
        var single = Source(new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false, KeepAlive = 10 });
        try
        {
            using (var first = Connected(pool))
                PostgresSchema.Update(first, PostgresUrl.Said(connection));
            return new PostgresStore(pool, single, clock, bodies ?? StoredBody.Readable);
        }
        catch (Exception exception)
        {
            pool.Dispose();
            single.Dispose();
            if (PostgresErrors.IsTrouble(exception))
                throw PostgresErrors.Unusable(exception, connection);
            throw;
        }
    }

    /// <summary>A server that is busy, because many processes start at once, is given a second chance.</summary>
    private static NpgsqlConnection Connected(NpgsqlDataSource pool)
    {
        try
        {
            return pool.OpenConnection();
        }
        catch (NpgsqlException slow) when (slow.InnerException is TimeoutException)
        {
            return pool.OpenConnection();
        }
    }

    private static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder connection)
    {
        // A commit that is answered is on disk, whatever the server's default is; what promises more stays.
        // And whoever vanishes in the middle of a transaction, without the server being told, keeps its locks no longer than this; servers wait for ever by default.
        const string settings = """
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
            SELECT set_config('idle_in_transaction_session_timeout', '5s', false) WHERE current_setting('idle_in_transaction_session_timeout') = '0'
            """;
        var builder = new NpgsqlSlimDataSourceBuilder(connection.ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        builder.UsePhysicalConnectionInitializer(opened => opened.Execute(settings), opened => opened.ExecuteAsync(settings));
        return builder.Build();
    }

    // ---- deliveries

    public override async Task<InsertResult> InsertAsync(NewDelivery delivery, CancellationToken cancellationToken)
    {
        var result = await writer.WriteAsync(StoredDelivery.Of(delivery, Bodies), cancellationToken);
        if (result == InsertResult.Stored && delivery.Ignored is null)
            Tell();
        return result;
    }

    protected override string RaiseLane => """
        INSERT INTO lanes (lane, turn) VALUES (@Lane, @Rank)
        ON CONFLICT (lane) DO UPDATE SET turn = least(lanes.turn, greatest(excluded.turn, lanes.served_at))
        """;

    // ---- work

    public override async Task<Claim?> ClaimAsync(CancellationToken cancellationToken)
    {
        // Most looks are in vain, since one delivery is told to all processes: those lock nothing.
        if (await NextDueAsync(cancellationToken) is not { } due || due > Clock.GetUtcNow())
            return null;
        var claimed = await WriteAsync(ClaimAsync, cancellationToken);
        if (claimed is not var (lane, head))
            return null;
        var claim = new Claim(head.Sequence, lane.Fence, (int)head.Tries, Forge(head.Forge), head.Delivery_id, head.Event, lane.Lane, Body: default);
        return await ReadAsync(claim, head.Body, cancellationToken);
    }

    private static async Task<(LaneRow Lane, HeadRow Head)?> ClaimAsync(DbConnection connection)
    {
        while (true)
        {
            // What fell due is ready from now on; a lane whose lease ran out goes behind those that waited meanwhile. Then the lane whose turn it is.
            var lane = await connection.QueryFirstOrDefaultAsync<LaneRow>($"""
                UPDATE lanes SET leased_until = 0, served_at = qmoi_now(), turn = greatest(turn, CASE WHEN turn IS NOT NULL THEN qmoi_now() END)
                WHERE lane IN (SELECT lane FROM lanes WHERE leased_until > 0 AND leased_until <= (SELECT qmoi_now()) ORDER BY lane LIMIT {MaxDue} FOR UPDATE SKIP LOCKED);

                WITH due AS (SELECT sequence FROM work WHERE run_after > 0 AND run_after <= (SELECT qmoi_now()) ORDER BY run_after LIMIT {MaxDue} FOR UPDATE SKIP LOCKED),
                     ready AS (UPDATE work SET run_after = 0 FROM due WHERE work.sequence = due.sequence RETURNING lane, rank)
                INSERT INTO lanes (lane, turn) SELECT lane, min(rank) FROM ready GROUP BY lane ORDER BY lane
                ON CONFLICT (lane) DO UPDATE SET turn = least(lanes.turn, greatest(excluded.turn, lanes.served_at));

                WITH next AS (SELECT lane FROM lanes WHERE turn IS NOT NULL AND leased_until = 0 ORDER BY turn LIMIT 1 FOR UPDATE SKIP LOCKED)
                UPDATE lanes SET leased_until = qmoi_now() + {(long)Lease.TotalMilliseconds}, fence = fence + 1 FROM next WHERE lanes.lane = next.lane
                RETURNING lanes.lane, fence
                """);
            if (lane is null)
                return null;
            var head = await connection.QueryFirstOrDefaultAsync<HeadRow>("""
                UPDATE deliveries SET state = 'working'
                FROM (SELECT sequence, tries FROM work WHERE lane = @Lane AND run_after = 0 ORDER BY rank, sequence LIMIT 1) AS head
                WHERE deliveries.sequence = head.sequence
                RETURNING deliveries.sequence, head.tries, forge, delivery_id, event, body
                """, lane);
            if (head is not null)
                return (lane, head);
            // Rows were removed by hand: the lane must not stand in the way of the others for ever.
            await connection.ExecuteAsync("""
                DELETE FROM work WHERE lane = @Lane AND NOT EXISTS (SELECT FROM deliveries WHERE deliveries.sequence = work.sequence);
                UPDATE lanes SET leased_until = 0, turn = (SELECT min(rank) FROM work WHERE work.lane = lanes.lane AND run_after = 0) WHERE lane = @Lane
                """, lane);
        }
    }

    public override Task<bool> RenewAsync(Claim claim, CancellationToken cancellationToken) => WriteAsync(
        async connection => await connection.ExecuteAsync($"UPDATE lanes SET leased_until = qmoi_now() + {(long)Lease.TotalMilliseconds} WHERE lane = @Lane AND fence = @Fence", Key(claim)) == 1, cancellationToken);

    public override Task<bool> FinishAsync(Claim claim, DeliveryState state, string result, CancellationToken cancellationToken) => WriteAsync(
        async connection => await IsHeldAsync(connection, claim)
            && await connection.ExecuteAsync("DELETE FROM work WHERE sequence = @Sequence", new { claim.Sequence }) == 1
            && await ReleaseAsync(connection, claim, state, result),
        cancellationToken);

    public override Task<bool> PostponeAsync(Claim claim, DateTimeOffset notBefore, string reason, bool countsAsTry, CancellationToken cancellationToken)
    {
        // So long from now: this machine's clock may be off.
        var pause = Math.Max(0, (long)(notBefore - Clock.GetUtcNow()).TotalMilliseconds);
        return WriteAsync(
            async connection => await IsHeldAsync(connection, claim)
                && await connection.ExecuteAsync("UPDATE work SET run_after = qmoi_now() + @pause, tries = tries + @more WHERE sequence = @Sequence", new { pause, more = countsAsTry ? 1L : 0, claim.Sequence }) == 1
                && await ReleaseAsync(connection, claim, DeliveryState.Waiting, reason),
            cancellationToken);
    }

    /// <summary>Locks the lane until the transaction ends.</summary>
    private static async Task<bool> IsHeldAsync(DbConnection connection, Claim claim) =>
        await connection.ExecuteScalarAsync<long?>("SELECT fence FROM lanes WHERE lane = @Lane AND fence = @Fence FOR UPDATE", Key(claim)) is not null;

    private static async Task<bool> ReleaseAsync(DbConnection connection, Claim claim, DeliveryState state, string result)
    {
        await connection.ExecuteAsync("""
            UPDATE deliveries SET state = @state, result = @result WHERE sequence = @Sequence;
            UPDATE lanes SET leased_until = 0, fence = fence + 1, served_at = qmoi_now(),
                turn = (SELECT greatest(rank, qmoi_now()) FROM work WHERE work.lane = lanes.lane AND run_after = 0 ORDER BY rank LIMIT 1)
            WHERE lane = @Lane
            """, new { state = Name(state), result, claim.Sequence, claim.Lane });
        return true;
    }

    private static object Key(Claim claim) => new { claim.Lane, claim.Fence };

    /// <summary>Many may work here; what a dead one held is free when its lease has run out.</summary>
    public override Task BeginWorkAsync(CancellationToken cancellationToken)
    {
        isWorking = true;
        return Task.CompletedTask;
    }

    public override async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken)
    {
        var now = Clock.GetUtcNow();
        var due = await ReadAsync(
            reading => reading.ExecuteScalarAsync<long?>("""
                SELECT least(
                    (SELECT 0::bigint FROM lanes WHERE turn IS NOT NULL AND leased_until = 0 LIMIT 1),
                    (SELECT min(run_after) FROM work WHERE run_after > 0) - qmoi_now(),
                    (SELECT min(leased_until) FROM lanes WHERE leased_until > 0) - qmoi_now())
                """), cancellationToken);
        return due is { } pause ? now + TimeSpan.FromMilliseconds(pause) : null;
    }

    // ---- between processes

    public override async Task ListenAsync(Action mayBeClaimable, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await listening.OpenConnectionAsync(stop);
                connection.Notification += (_, _) => mayBeClaimable();
                await connection.ExecuteAsync($"LISTEN {Channel}");
                // What came while nobody listened.
                mayBeClaimable();
                while (true)
                    await connection.WaitAsync(stop);
            }
            catch (Exception exception) when (stop.IsCancellationRequested || PostgresErrors.IsTrouble(exception))
            {
                // The worker meets the same trouble and tells it; here it is only waited for.
                await Task.Delay(TimeSpan.FromSeconds(1), Clock, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    /// <summary>
    /// After the commit and by itself: a transaction that notifies holds all others that do until it is on disk. Many at once become one; one that gets lost is made up for by looking now and then.
    /// </summary>
    private void Tell()
    {
        if (Interlocked.Exchange(ref isTelling, 1) == 0)
            _ = TellAsync();
    }

    private async Task TellAsync()
    {
        await Task.Yield();
        Volatile.Write(ref isTelling, 0);
        try
        {
            await using var connection = await source.OpenConnectionAsync(CancellationToken.None);
            await connection.ExecuteAsync($"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{Channel}', '')");
        }
        catch (Exception exception) when (PostgresErrors.IsTrouble(exception) || exception is ObjectDisposedException)
        {
            // They look by themselves.
        }
    }

    // ---- reading and writing

    public override async Task<IReadOnlyList<string>> OptimizeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        foreach (var table in (string[])["deliveries", "work", "lanes", "attempts", "flakes", "effects", "controls", "audit", "sweep_marks", "known_repositories"])
            await connection.ExecuteAsync($"VACUUM (ANALYZE) {table}", commandTimeout: 0);
        return ["Tables were vacuumed and their statistics are up to date."];
    }

    public override async Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken)
    {
        var now = Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var found = await ReadAsync(
            reading => reading.QuerySingleAsync<ServerRow>("SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, qmoi_now() AS now"), cancellationToken);
        var problems = new List<string>();
        if (found.Fsync == "off" || found.Full_page_writes == "off")
            problems.Add("the server runs with fsync or full_page_writes off: what was acknowledged is lost when its machine fails");
        if (Math.Abs(found.Now - now) > 60_000)
            problems.Add($"the clock of this machine is {Math.Abs(found.Now - now) / 1000} s {(found.Now < now ? "ahead of" : "behind")} the database's");
        return problems;
    }

    public override bool IsShared => true;

    internal override Task<long> NowAsync(DbConnection connection) => connection.ExecuteScalarAsync<long>("SELECT qmoi_now()");

    internal override async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            return await read(connection);
        }
        catch (Exception exception) when (PostgresErrors.IsTrouble(exception))
        {
            throw PostgresErrors.Unavailable(exception);
        }
    }

    internal override async Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var result = await write(connection);
                await transaction.CommitAsync(CancellationToken.None);
                NoteWrite(isKept: true);
                return result;
            }
            catch (Exception exception) when (PostgresErrors.IsConflict(exception) && tries < MaxTries)
            {
                // Once more.
            }
            catch (Exception exception) when (PostgresErrors.IsTrouble(exception))
            {
                NoteWrite(isKept: false);
                throw PostgresErrors.Unavailable(exception);
            }
        }
    }

    internal override Task<T> WriteFencedAsync<T>(Claim claim, Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        WriteAsync(async connection => await IsHeldAsync(connection, claim) ? await write(connection) : throw new LeaseLostException(), cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        // What waits behind the deliveries that were in hand here is for the others now.
        if (isWorking)
            await TellAsync();
        await source.DisposeAsync();
        await listening.DisposeAsync();
    }

    // ---- shapes

    private sealed record LaneRow(string Lane, long Fence);

    private sealed record HeadRow(long Sequence, long Tries, string Forge, string Delivery_id, string Event, byte[] Body);

    private sealed record ServerRow(string Fsync, string Full_page_writes, long Now);
}
