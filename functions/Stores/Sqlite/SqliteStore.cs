using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using QMoi.Functions.SelfHealing;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>The embedded store: <c>qmoi.db</c> in the data folder, WAL, <c>synchronous=FULL</c>, one writer with group commit.</summary>
public sealed class SqliteStore : SqlStore
{
    private readonly string connectionString;
    private readonly SqliteConnection writing;
    private readonly SqliteWriter writer;
    private readonly SqliteFileLock inUse;
    private readonly TaskCompletionSource<string> damage = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly (long Time, long Timestamp) opened;
    private FileStream? onlyWorker;

    private SqliteStore(SqliteFiles files, SqliteConnection writing, SqliteFileLock inUse, bool isChecked, TimeProvider clock, StoredBody bodies) : base(clock, bodies)
    {
        connectionString = SqliteFiles.ConnectionString(files.Database);
        this.writing = writing;
        this.inUse = inUse;
        (Files, IsChecked) = (files, isChecked);
        opened = (clock.GetUtcNow().ToUnixTimeMilliseconds(), clock.GetTimestamp());
        writer = new SqliteWriter(writing, new SqliteCheckpoints(files), NoteDamage, NoteWrite);
    }

    internal SqliteFiles Files { get; }

    /// <summary>It was small enough to be checked as a whole when it was opened.</summary>
    internal bool IsChecked { get; }

    /// <summary>Ends, with what was found, when the database turns out to be damaged while it is used. Then it should be closed and opened again, which restores it.</summary>
    public Task<string> Damaged => damage.Task;

    /// <summary>Opens or makes the database and brings its schema up to date.</summary>
    /// <exception cref="StoreDamagedException">The file is broken, or gone while there are backups of it. Nothing was changed.</exception>
    /// <exception cref="StoreUnusableException">The folder cannot be written, something holds the file, or it is from a newer version.</exception>
    public static SqliteStore Open(string dataFolder, TimeProvider clock, StoredBody? bodies = null)
    {
        var files = new SqliteFiles(dataFolder);
        SqliteFileLock? shared = null;
        SqliteConnection? connection = null;
        try
        {
            OwnFiles.MakeFolder(dataFolder);
            shared = SqliteFileLock.Share(files);
            if (files.WhyLost() is { } lost)
                throw new StoreDamagedException(files.Database, lost);
            connection = Open(files, out var isChecked);
            SqliteSchema.Update(connection, files.Database);
            // Then it was opened for reading, without a word.
            if (SQLitePCL.raw.sqlite3_db_readonly(connection.Handle, "main") == 1)
                throw new UnauthorizedAccessException("its file can only be read");
            // From here on every commit is synced; the first one takes the schema to the disk with it, since both are in the same log.
            connection.Execute("PRAGMA synchronous=FULL");
            return new SqliteStore(files, connection, shared, isChecked, clock, bodies ?? StoredBody.Readable);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            shared?.Dispose();
            if (SqliteFiles.IsDamage(exception))
                throw new StoreDamagedException(files.Database, SqliteFiles.Words(exception), exception);
            throw new StoreUnusableException($"The database {files.Database} cannot be opened: {exception.Message.TrimEnd('.')}. Check that the data folder can be written and has room.", exception);
        }
        catch
        {
            connection?.Dispose();
            shared?.Dispose();
            throw;
        }
    }

    private static SqliteConnection Open(SqliteFiles files, out bool isChecked)
    {
        // Not pooled: closed means closed, so that the file can be exchanged.
        var connection = new SqliteConnection(SqliteFiles.ConnectionString(files.Database, pooling: false));
        try
        {
            connection.Open();
            connection.Execute(SqliteSchema.Pages + "; PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=8000; PRAGMA cache_size=-16000");
            isChecked = files.IsSmall;
            if (isChecked && SqliteFiles.Check(connection) is [var problem, ..])
                throw new StoreDamagedException(files.Database, problem);
            return connection;
        }
        catch
        {
            // What is damaged is kept as it is found: closing must not move the log into it.
            if (connection.State == System.Data.ConnectionState.Open)
                SQLitePCL.raw.sqlite3_db_config(connection.Handle, SQLitePCL.raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            connection.Dispose();
            throw;
        }
    }

    // ---- deliveries

    public override async Task<InsertResult> InsertAsync(NewDelivery delivery, CancellationToken cancellationToken)
    {
        var stored = StoredDelivery.Of(delivery, Bodies);
        return await writer.WriteOneStatementAsync(connection => Insert(connection, stored), cancellationToken);
    }

    private SqliteCommand? insertDelivery;
    private SqliteCommand? insertWork;
    private SqliteCommand? raiseLane;

    /// <summary>On the writer's thread; commands are prepared once.</summary>
    private InsertResult Insert(SqliteConnection connection, StoredDelivery delivery)
    {
        var command = insertDelivery ??= Command(connection, """
            INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, headers, body, body_sha256, received_at, state, result)
            VALUES (@forge, @id, @event, @repositoryId, @repository, @headers, @body, @hash, @at, @state, @result) ON CONFLICT DO NOTHING
            """, "@forge", "@id", "@event", "@repositoryId", "@repository", "@headers", "@body", "@hash", "@at", "@state", "@result");
        Bind(command, delivery.Forge, delivery.Id, delivery.Event, delivery.RepositoryId, delivery.Repository, delivery.Headers, delivery.Body, delivery.Hash, delivery.ReceivedAt, delivery.State, delivery.Ignored);
        if (command.ExecuteNonQuery() == 0)
        {
            var known = connection.ExecuteScalar<byte[]?>("SELECT body_sha256 FROM deliveries WHERE forge = @Forge AND delivery_id = @Id", new { delivery.Forge, delivery.Id });
            return known is not null && !known.AsSpan().SequenceEqual(delivery.Hash) ? InsertResult.DuplicateIdWithAnotherBody : InsertResult.Duplicate;
        }
        if (delivery.Ignored is not null)
            return InsertResult.Stored;
        var rank = Now + delivery.Handicap;
        var work = insertWork ??= Command(connection, "INSERT INTO work (sequence, lane, run_after, rank) VALUES (last_insert_rowid(), @lane, 0, @rank)", "@lane", "@rank");
        Bind(work, delivery.Lane, rank);
        work.ExecuteNonQuery();
        var raise = raiseLane ??= Command(connection, RaiseLane, "@Lane", "@Rank");
        Bind(raise, delivery.Lane, rank);
        raise.ExecuteNonQuery();
        return InsertResult.Stored;
    }

    protected override string RaiseLane => """
        INSERT INTO lanes (lane, turn) VALUES (@Lane, @Rank)
        ON CONFLICT (lane) DO UPDATE SET turn = max(excluded.turn, served_at) WHERE turn IS NULL OR turn > max(excluded.turn, served_at)
        """;

    // ---- work

    protected override async Task<Taken> TakeAsync(int most, CancellationToken cancellationToken)
    {
        var claims = most > 0 ? await writer.WriteAsync(connection => Claim(connection, most), cancellationToken) : [];
        return await ReadAsync(async reading =>
        {
            var taken = new List<(Claim, byte[])>(claims.Count);
            foreach (var claim in claims)
            {
                var delivery = await reading.QuerySingleAsync<BodyRow>("SELECT forge, delivery_id, event, body FROM deliveries WHERE sequence = @Sequence", claim);
                taken.Add((new Claim(claim.Sequence, claim.Fence, (int)claim.Tries, Forge(delivery.Forge), delivery.Delivery_id, delivery.Event, claim.Lane, Body: default), delivery.Body));
            }
            return new Taken(taken, most == 0 || taken.Count < most ? await NextDueAsync(reading) : null);
        }, cancellationToken);
    }

    private List<ClaimRow> Claim(SqliteConnection connection, int most)
    {
        var now = Now;
        WakeDue(connection, now);
        var claims = new List<ClaimRow>();
        while (claims.Count < most)
        {
            var lane = connection.QueryFirstOrDefault<LaneRow>("""
                UPDATE lanes SET leased_until = @until, fence = fence + 1
                WHERE lane = (SELECT lane FROM lanes WHERE turn IS NOT NULL AND leased_until = 0 ORDER BY turn LIMIT 1)
                RETURNING lane, fence
                """, new { until = now + (long)Lease.TotalMilliseconds });
            if (lane is null)
                break;
            var row = connection.QueryFirstOrDefault<HeadRow>("SELECT sequence, tries FROM work WHERE lane = @Lane AND run_after = 0 ORDER BY rank, sequence LIMIT 1", lane);
            if (row is null)
            {
                // Rows were removed by hand: the lane must not stand in the way of the others for ever.
                connection.Execute("UPDATE lanes SET turn = NULL, leased_until = 0 WHERE lane = @Lane", lane);
                continue;
            }
            connection.Execute("UPDATE deliveries SET state = 'working' WHERE sequence = @Sequence", row);
            claims.Add(new ClaimRow(row.Sequence, lane.Fence, row.Tries, lane.Lane));
        }
        return claims;
    }

    /// <summary>What fell due is ready from now on. A lane whose lease ran out goes behind those that waited meanwhile.</summary>
    private void WakeDue(SqliteConnection connection, long now)
    {
        connection.Execute("UPDATE lanes SET leased_until = 0, served_at = @now, turn = max(turn, @now) WHERE leased_until > 0 AND leased_until <= @now", new { now });
        var due = connection.Query<ReadyRow>("""
            UPDATE work SET run_after = 0 WHERE sequence IN (SELECT sequence FROM work WHERE run_after > 0 AND run_after <= @now ORDER BY run_after LIMIT @MaxDue) RETURNING lane, rank
            """, new { now, MaxDue });
        foreach (var row in due)
            connection.Execute(RaiseLane, row);
    }

    public override Task<bool> RenewAsync(Claim claim, CancellationToken cancellationToken)
    {
        var until = Now + (long)Lease.TotalMilliseconds;
        return writer.WriteAsync(connection => connection.Execute("UPDATE lanes SET leased_until = @until WHERE lane = @Lane AND fence = @Fence", new { until, claim.Lane, claim.Fence }) == 1, cancellationToken);
    }

    public override Task<bool> FinishAsync(Claim claim, DeliveryState state, string result, CancellationToken cancellationToken) => writer.WriteAsync(
        connection => IsHeld(connection, claim)
            && connection.Execute("DELETE FROM work WHERE sequence = @Sequence", claim) == 1
            && Release(connection, claim, state, result),
        cancellationToken);

    public override Task<bool> PostponeAsync(Claim claim, DateTimeOffset notBefore, string reason, bool countsAsTry, CancellationToken cancellationToken)
    {
        var at = Now + Math.Max(0, (long)(notBefore - Clock.GetUtcNow()).TotalMilliseconds);
        return writer.WriteAsync(
            connection => IsHeld(connection, claim)
                && connection.Execute("UPDATE work SET run_after = @at, tries = tries + @more WHERE sequence = @Sequence", new { at, more = countsAsTry ? 1 : 0, claim.Sequence }) == 1
                && Release(connection, claim, DeliveryState.Waiting, reason),
            cancellationToken);
    }

    private static bool IsHeld(SqliteConnection connection, Claim claim) => connection.ExecuteScalar<long>("SELECT count(*) FROM lanes WHERE lane = @Lane AND fence = @Fence", claim) == 1;

    private bool Release(SqliteConnection connection, Claim claim, DeliveryState state, string result)
    {
        connection.Execute("UPDATE deliveries SET state = @state, result = @result WHERE sequence = @Sequence", new { state = Name(state), result, claim.Sequence });
        connection.Execute("""
            UPDATE lanes SET leased_until = 0, fence = fence + 1, served_at = @Now,
                turn = (SELECT max(rank, @Now) FROM work WHERE work.lane = lanes.lane AND run_after = 0 ORDER BY rank LIMIT 1)
            WHERE lane = @Lane
            """, new { claim.Lane, Now });
        return true;
    }

    /// <summary>One process works a data folder. Its lock goes with the process, however it ends, so nothing has to be waited for after a crash.</summary>
    public override async Task BeginWorkAsync(CancellationToken cancellationToken)
    {
        try
        {
            onlyWorker = new FileStream(Files.WorkerLock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"{Path.GetDirectoryName(Files.Database)} is worked by another qmoi, or cannot be written: {taken.Message} One process works a data folder; stop the other one or use --role web.", taken);
        }
        await writer.WriteAsync(connection => connection.Execute("UPDATE lanes SET leased_until = 0 WHERE leased_until > 0"), cancellationToken);
    }

    /// <summary>Only this process works here, and it knows what it stored.</summary>
    public override Task ListenAsync(Action mayBeClaimable, CancellationToken stop) => Task.CompletedTask;

    private async Task<DateTimeOffset?> NextDueAsync(DbConnection reading)
    {
        var (time, now) = (Clock.GetUtcNow(), Now);
        var due = await reading.ExecuteScalarAsync<long?>("""
            SELECT min(due) FROM (
                SELECT @now AS due WHERE EXISTS (SELECT 1 FROM lanes WHERE turn IS NOT NULL AND leased_until = 0)
                UNION ALL SELECT min(run_after) FROM work WHERE run_after > 0
                UNION ALL SELECT min(leased_until) FROM lanes WHERE leased_until > 0)
            """, new { now });
        return due is { } at ? time + TimeSpan.FromMilliseconds(at - now) : null;
    }

    // ---- reading and writing

    /// <summary>Room is given back only while nobody else has the file open: they would be told to wait for as long as that takes.</summary>
    public override async Task<IReadOnlyList<string>> OptimizeAsync(CancellationToken cancellationToken)
    {
        await writer.WriteAsync(connection => connection.Execute("ANALYZE main"), cancellationToken);
        await using var alone = new SqliteConnection(SqliteFiles.ConnectionString(Files.Database, SqliteOpenMode.ReadWrite, pooling: false));
        await alone.OpenAsync(cancellationToken);
        await alone.ExecuteAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        var free = await alone.ExecuteScalarAsync<long>("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size") >> 20;
        var done = new List<string> { "Statistics of the database are up to date." };
        if (free == 0)
            return done;
        inUse.Dispose();
        using var lockAlone = SqliteFileLock.TryAlone(Files);
        if (lockAlone is null)
            return [.. done, $"{free} MB in qmoi.db are free for new rows. To give them back to the disk, run this while the bot is stopped."];
        await alone.ExecuteAsync("VACUUM");
        return [.. done, $"{free} MB were given back to the disk."];
    }

    public override Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken) => Task.FromResult(Check());

    internal IReadOnlyList<string> Check()
    {
        try
        {
            using var reading = new SqliteConnection(connectionString);
            reading.Open();
            var problems = SqliteFiles.Check(reading);
            if (problems.Count > 0)
                NoteDamage(problems[0]);
            return problems;
        }
        catch (SqliteException exception)
        {
            throw Unreadable(exception);
        }
    }

    internal override async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new SqliteConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            return await read(connection);
        }
        catch (SqliteException exception)
        {
            throw Unreadable(exception);
        }
    }

    private StoreUnavailableException Unreadable(SqliteException exception)
    {
        if (SqliteFiles.IsDamage(exception))
            NoteDamage(SqliteFiles.Words(exception));
        return new StoreUnavailableException("The database cannot be read: " + exception.Message, exception);
    }

    private void NoteDamage(string found) => damage.TrySetResult(found);

    public override bool IsShared => false;

    internal override Task<long> NowAsync(DbConnection connection) => Task.FromResult(Now);

    internal override Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) => writer.WriteAsync(connection => Ended(write(connection)), cancellationToken);

    internal override Task<T> WriteFencedAsync<T>(Claim claim, Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        writer.WriteAsync(connection => IsHeld(connection, claim) ? Ended(write(connection)) : throw new LeaseLostException(), cancellationToken);

    /// <summary>SQLite does its work inside the call: the task is over when it is returned.</summary>
    private static T Ended<T>(Task<T> task) => task.GetAwaiter().GetResult();

    /// <summary>When the database was opened, and what has passed since: a clock that is set meanwhile ends no lease early and puts no retry off.</summary>
    private long Now => opened.Time + (long)Clock.GetElapsedTime(opened.Timestamp).TotalMilliseconds;

    public override async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        if (insertDelivery is not null)
            await insertDelivery.DisposeAsync();
        if (insertWork is not null)
            await insertWork.DisposeAsync();
        if (raiseLane is not null)
            await raiseLane.DisposeAsync();
        await writing.DisposeAsync();
        using (var reading = new SqliteConnection(connectionString))
            SqliteConnection.ClearPool(reading);
        if (onlyWorker is not null)
            await onlyWorker.DisposeAsync();
        inUse.Dispose();
    }

    // ---- shapes

    private sealed record ClaimRow(long Sequence, long Fence, long Tries, string Lane);

    private sealed record LaneRow(string Lane, long Fence);

    private sealed record HeadRow(long Sequence, long Tries);

    private sealed record BodyRow(string Forge, string Delivery_id, string Event, byte[] Body);

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var name in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }

    private static void Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
    }
}
