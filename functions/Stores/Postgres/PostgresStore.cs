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
/// from rows that another transaction is just changing. Locks are taken in one order: work, then lanes by name. Claims and releases are functions of the database (<c>migrations/</c>).
/// </remarks>
public sealed class PostgresStore : SqlStore
{
    /// <summary>How often a transaction that stood in another's way is tried.</summary>
    private const int MaxTries = 5;

    private const string Channel = "qmoi_work";

    private static readonly TimeSpan TellAtMostEvery = TimeSpan.FromMilliseconds(10);

    private readonly NpgsqlDataSource source;
    private readonly NpgsqlDataSource listening;
    private readonly PostgresWriter writer;
    private int isTelling;
    private long lastTold;
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
        // A commit that is answered is on disk, whatever the server's default is; what promises more stays. What is read after a lock must be what it guards.
        // And whoever vanishes in the middle of a transaction, without the server being told, keeps its locks no longer than this; servers wait for ever by default.
        const string settings = """
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
            SELECT set_config('default_transaction_isolation', 'read committed', false);
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

    protected override string RaiseLane => $"INSERT INTO lanes (lane, turn) VALUES (@Lane, @Rank) {PostgresWriter.RaiseKnown}";

    // ---- work

    protected override async Task<Taken> TakeAsync(int most, CancellationToken cancellationToken)
    {
        var now = Clock.GetUtcNow();
        var rows = await TryAsync(
            connection => connection.QueryAsync<TakenRow>("SELECT * FROM qmoi_claim(@most, @lease, @MaxDue)", new { most, lease = (long)Lease.TotalMilliseconds, MaxDue }), cancellationToken);
        var (claims, nextDue) = (new List<(Claim, byte[])>(), (DateTimeOffset?)null);
        foreach (var row in rows)
        {
            if (row.Lane is null)
                nextDue = row.Pause is { } pause ? now + TimeSpan.FromMilliseconds(pause) : null;
            else
                claims.Add((new Claim(row.Sequence, row.Fence, (int)row.Tries, Forge(row.Forge), row.Delivery_id, row.Event, row.Lane, Body: default), row.Body));
        }
        if (claims.Count > 0)
            NoteWrite(isKept: true);
        return new Taken(claims, nextDue);
    }

    public override Task<bool> RenewAsync(Claim claim, CancellationToken cancellationToken) => WriteAsync(
        async connection => await connection.ExecuteAsync($"UPDATE lanes SET leased_until = qmoi_now() + {(long)Lease.TotalMilliseconds} WHERE lane = @Lane AND fence = @Fence", Key(claim)) == 1, cancellationToken);

    public override Task<bool> FinishAsync(Claim claim, DeliveryState state, string result, CancellationToken cancellationToken) => ReleaseAsync(claim, wait: null, more: 0, state, result, cancellationToken);

    public override Task<bool> PostponeAsync(Claim claim, DateTimeOffset notBefore, string reason, bool countsAsTry, CancellationToken cancellationToken) =>
        // So long from now: this machine's clock may be off.
        ReleaseAsync(claim, Math.Max(0, (long)(notBefore - Clock.GetUtcNow()).TotalMilliseconds), countsAsTry ? 1 : 0, DeliveryState.Waiting, reason, cancellationToken);

    private async Task<bool> ReleaseAsync(Claim claim, long? wait, long more, DeliveryState state, string why, CancellationToken cancellationToken)
    {
        var isReleased = await TryAsync(
            connection => connection.ExecuteScalarAsync<bool>(
                "SELECT qmoi_release(@Lane, @Fence, @Sequence, @wait, @more, @state, @why)", new { claim.Lane, claim.Fence, claim.Sequence, wait, more, state = Name(state), why }), cancellationToken);
        NoteWrite(isKept: true);
        return isReleased;
    }

    /// <summary>Locks the lane until the transaction ends.</summary>
    private static async Task<bool> IsHeldAsync(DbConnection connection, Claim claim) =>
        await connection.ExecuteScalarAsync<long?>("SELECT fence FROM lanes WHERE lane = @Lane AND fence = @Fence FOR UPDATE", Key(claim)) is not null;

    private static object Key(Claim claim) => new { claim.Lane, claim.Fence };

    /// <summary>Many may work here; what a dead one held is free when its lease has run out.</summary>
    public override Task BeginWorkAsync(CancellationToken cancellationToken)
    {
        isWorking = true;
        return Task.CompletedTask;
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
        if (lastTold != 0 && TellAtMostEvery - Clock.GetElapsedTime(lastTold) is var early && early > TimeSpan.Zero)
            await Task.Delay(early, Clock);
        lastTold = Clock.GetTimestamp();
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

    internal override Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) => TryAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var result = await write(connection);
            await transaction.CommitAsync(CancellationToken.None);
            NoteWrite(isKept: true);
            return result;
        },
        cancellationToken);

    /// <summary>Once more where another transaction stood in the way.</summary>
    private async Task<T> TryAsync<T>(Func<DbConnection, Task<T>> act, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                return await act(connection);
            }
            catch (Exception exception) when (PostgresErrors.IsConflict(exception) && tries < MaxTries)
            {
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

    /// <summary>A claim, or (without a lane) when to look again.</summary>
    private sealed class TakenRow
    {
        public long? Pause { get; init; }
        public string? Lane { get; init; }
        public long Fence { get; init; }
        public long Sequence { get; init; }
        public long Tries { get; init; }
        public string Forge { get; init; } = "";
        public string Delivery_id { get; init; } = "";
        public string Event { get; init; } = "";
        public byte[] Body { get; init; } = [];
    }

    private sealed record ServerRow(string Fsync, string Full_page_writes, long Now);
}
