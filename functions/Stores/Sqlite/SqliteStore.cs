using System.Buffers;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using QMoi.Functions.SelfHealing;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>The embedded store: <c>qmoi.db</c> in the data folder, WAL, <c>synchronous=FULL</c>, one writer with group commit.</summary>
public sealed class SqliteStore : IStore
{
    /// <summary>How long a worker that shows no sign of life keeps a delivery.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>The default branch, which everybody builds on, comes before merge requests; one that has waited longer than this is as urgent.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromMinutes(5);

    private const int MaxBodyBytes = 26_214_400;

    private readonly string connectionString;
    private readonly SqliteConnection writing;
    private readonly SqliteWriter writer;
    private readonly SqliteFileLock inUse;
    private readonly TimeProvider clock;
    private readonly TaskCompletionSource<string> damage = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SqliteStore(SqliteFiles files, SqliteConnection writing, SqliteFileLock inUse, bool isChecked, TimeProvider clock)
    {
        connectionString = SqliteFiles.ConnectionString(files.Database);
        this.writing = writing;
        this.inUse = inUse;
        this.clock = clock;
        (Files, IsChecked) = (files, isChecked);
        writer = new SqliteWriter(writing, NoteDamage);
    }

    internal SqliteFiles Files { get; }

    /// <summary>It was small enough to be checked as a whole when it was opened.</summary>
    internal bool IsChecked { get; }

    /// <summary>Ends, with what was found, when the database turns out to be damaged while it is used. Then it should be closed and opened again, which restores it.</summary>
    public Task<string> Damaged => damage.Task;

    /// <summary>Opens or makes the database and brings its schema up to date.</summary>
    /// <exception cref="StoreDamagedException">The file is broken, or gone while there are backups of it. Nothing was changed.</exception>
    /// <exception cref="StoreUnusableException">The folder cannot be written, something holds the file, or it is from a newer version.</exception>
    public static SqliteStore Open(string dataFolder, TimeProvider clock)
    {
        SqliteLibrary.Load();
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
            // From here on every commit is synced; the first one takes the schema to the disk with it, since both are in the same log.
            connection.Execute("PRAGMA synchronous=FULL");
            return new SqliteStore(files, connection, shared, isChecked, clock);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            shared?.Dispose();
            if (SqliteFiles.IsDamage(exception))
                throw new StoreDamagedException(files.Database, SqliteFiles.Words(exception), exception);
            throw new StoreUnusableException($"The database {files.Database} cannot be opened: {exception.Message}. Check that the data folder can be written and has room.", exception);
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
            connection.Execute("PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-16000");
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

    public async Task<InsertResult> InsertAsync(NewDelivery delivery, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(delivery.Body.Span);
        var body = Compress(delivery.Body.Span);
        var headers = JsonSerializer.Serialize(delivery.Headers);
        return await writer.WriteOneStatementAsync(connection => Insert(connection, delivery, hash, body, headers), cancellationToken);
    }

    private SqliteCommand? insertDelivery;
    private SqliteCommand? insertWork;

    /// <summary>On the writer's thread; commands are prepared once.</summary>
    private InsertResult Insert(SqliteConnection connection, NewDelivery delivery, byte[] hash, byte[] body, string headers)
    {
        var envelope = delivery.Envelope;
        var command = insertDelivery ??= Command(connection, """
            INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, headers, body, body_sha256, received_at, state)
            VALUES ($forge, $id, $event, $repositoryId, $repository, $headers, $body, $hash, $at, 'stored') ON CONFLICT DO NOTHING
            """, "$forge", "$id", "$event", "$repositoryId", "$repository", "$headers", "$body", "$hash", "$at");
        var at = delivery.ReceivedAt.ToUnixTimeMilliseconds();
        Bind(command, Name(delivery.Forge), envelope.DeliveryId, envelope.EventName, envelope.RepositoryId, envelope.RepositoryName, headers, body, hash, at);
        if (command.ExecuteNonQuery() == 0)
        {
            var known = connection.ExecuteScalar<byte[]?>("SELECT body_sha256 FROM deliveries WHERE forge = $forge AND delivery_id = $id", new { forge = Name(delivery.Forge), id = envelope.DeliveryId });
            return known is not null && !known.AsSpan().SequenceEqual(hash) ? InsertResult.DuplicateIdWithAnotherBody : InsertResult.Duplicate;
        }
        var work = insertWork ??= Command(connection, "INSERT INTO work (sequence, lane, run_after, rank) VALUES (last_insert_rowid(), $lane, $at, $rank)", "$lane", "$at", "$rank");
        Bind(work, $"{Name(delivery.Forge)}:{envelope.RepositoryId}", at, envelope.IsOfDefaultBranch ? at - (long)HeadStart.TotalMilliseconds : at);
        work.ExecuteNonQuery();
        return InsertResult.Stored;
    }

    // ---- work

    public async Task<Claim?> ClaimAsync(CancellationToken cancellationToken)
    {
        var now = Now;
        var claimed = await writer.WriteAsync(
            connection =>
            {
                var row = connection.QueryFirstOrDefault<ClaimRow>("""
                    UPDATE work SET leased_until = $until, fence = fence + 1
                    WHERE sequence = (
                        SELECT ready.sequence FROM work AS ready
                        WHERE ready.run_after <= $now AND ready.leased_until <= $now
                          AND NOT EXISTS (SELECT 1 FROM work AS held WHERE held.lane = ready.lane AND held.leased_until > $now)
                        ORDER BY ready.rank, ready.sequence LIMIT 1)
                    RETURNING sequence, fence, tries, lane
                    """, new { now, until = now + (long)Lease.TotalMilliseconds });
                if (row is not null)
                    connection.Execute("UPDATE deliveries SET state = 'working' WHERE sequence = $Sequence", row);
                return row;
            },
            cancellationToken);
        if (claimed is null)
            return null;
        var delivery = await ReadAsync(
            reading => reading.QuerySingleAsync<BodyRow>("SELECT forge, delivery_id, event, body FROM deliveries WHERE sequence = $Sequence", claimed), cancellationToken);
        var claim = new Claim(claimed.Sequence, claimed.Fence, (int)claimed.Tries, Forge(delivery.Forge), delivery.Delivery_id, delivery.Event, claimed.Lane, Body: default);
        if (TryDecompress(delivery.Body) is { } body)
            return claim with { Body = body };
        // A page that went bad without SQLite noticing. No try will read it, and the lane must not wait for it.
        await FinishAsync(claim, DeliveryState.Dead, "its stored body is damaged", cancellationToken);
        return await ClaimAsync(cancellationToken);
    }

    public Task<bool> RenewAsync(Claim claim, CancellationToken cancellationToken)
    {
        var until = Now + (long)Lease.TotalMilliseconds;
        return writer.WriteAsync(
            connection => connection.Execute("UPDATE work SET leased_until = $until WHERE sequence = $Sequence AND fence = $Fence", new { until, claim.Sequence, claim.Fence }) == 1, cancellationToken);
    }

    public Task<bool> FinishAsync(Claim claim, DeliveryState state, string result, CancellationToken cancellationToken) => writer.WriteAsync(
        connection =>
        {
            if (connection.Execute("DELETE FROM work WHERE sequence = $Sequence AND fence = $Fence", claim) == 0)
                return false;
            connection.Execute("UPDATE deliveries SET state = $state, result = $result WHERE sequence = $Sequence", new { state = Name(state), result, claim.Sequence });
            return true;
        },
        cancellationToken);

    public Task<bool> PostponeAsync(Claim claim, DateTimeOffset notBefore, string reason, bool countsAsTry, CancellationToken cancellationToken) => writer.WriteAsync(
        connection =>
        {
            var at = notBefore.ToUnixTimeMilliseconds();
            if (connection.Execute("UPDATE work SET run_after = $at, tries = tries + $more, leased_until = 0 WHERE sequence = $Sequence AND fence = $Fence", new { at, more = countsAsTry ? 1 : 0, claim.Sequence, claim.Fence }) == 0)
                return false;
            connection.Execute("UPDATE deliveries SET state = 'waiting', result = $reason WHERE sequence = $Sequence", new { reason, claim.Sequence });
            return true;
        },
        cancellationToken);

    public Task ReleaseLeasesAsync(CancellationToken cancellationToken) =>
        writer.WriteAsync(connection => connection.Execute("UPDATE work SET leased_until = 0 WHERE leased_until > 0"), cancellationToken);

    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken)
    {
        var due = await ReadAsync(reading => reading.ExecuteScalarAsync<long?>("SELECT min(max(run_after, leased_until)) FROM work"), cancellationToken);
        return due is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
    }

    public ILedger Ledger(Claim claim) => new SqliteLedger(this, claim);

    // ---- reading

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
                    WHERE sequence > $after AND ($state IS NULL OR state = $state) AND received_at >= $since ORDER BY sequence LIMIT 500
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
        var row = await ReadAsync(
            reading => reading.QueryFirstOrDefaultAsync<ListRow>(
                "SELECT sequence, forge, delivery_id, event, repository, state, result, received_at FROM deliveries WHERE delivery_id = $deliveryId", new { deliveryId }), cancellationToken);
        return row is null ? null : Row(row);
    }

    public Task<string?> FindIdOfBodyAsync(ForgeKind forge, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(body.Span);
        return ReadAsync(
            reading => reading.ExecuteScalarAsync<string?>("SELECT delivery_id FROM deliveries WHERE forge = $forge AND body_sha256 = $hash", new { forge = Name(forge), hash }), cancellationToken);
    }

    public Task<bool> RequeueAsync(long sequence, CancellationToken cancellationToken)
    {
        var now = Now;
        return writer.WriteAsync(
            connection => connection.Execute("""
                INSERT INTO work (sequence, lane, run_after, rank)
                SELECT sequence, forge || ':' || coalesce(repository_id, ''), $now, received_at FROM deliveries WHERE sequence = $sequence AND state IN ('done', 'ignored', 'dead')
                ON CONFLICT DO NOTHING
                """, new { sequence, now }) == 1 && connection.Execute("UPDATE deliveries SET state = 'stored', result = NULL WHERE sequence = $sequence", new { sequence }) == 1,
            cancellationToken);
    }

    public async Task<IReadOnlyList<Attempt>> AttemptsAsync(string repositoryKey, CancellationToken cancellationToken) =>
        await AttemptsAsync("repository_key = $repositoryKey ORDER BY id", new { repositoryKey }, cancellationToken);

    public Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken) => Task.FromResult(Check());

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

    internal async Task<IReadOnlyList<Attempt>> AttemptsAsync(string condition, object parameters, CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(reading => reading.QueryAsync<AttemptRow>($"SELECT * FROM attempts WHERE {condition}", parameters), cancellationToken);
        return [.. rows.Select(row => row.ToAttempt())];
    }

    internal async Task<T> ReadAsync<T>(Func<SqliteConnection, Task<T>> read, CancellationToken cancellationToken)
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

    /// <summary>Writes on behalf of a claim; refused when its lease has passed to another worker.</summary>
    internal Task<T> WriteFencedAsync<T>(Claim claim, Func<SqliteConnection, T> write, CancellationToken cancellationToken) => writer.WriteAsync(
        connection => connection.ExecuteScalar<long>("SELECT count(*) FROM work WHERE sequence = $Sequence AND fence = $Fence", claim) == 1 ? write(connection) : throw new LeaseLostException(),
        cancellationToken);

    internal long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        if (insertDelivery is not null)
            await insertDelivery.DisposeAsync();
        if (insertWork is not null)
            await insertWork.DisposeAsync();
        await writing.DisposeAsync();
        using (var reading = new SqliteConnection(connectionString))
            SqliteConnection.ClearPool(reading);
        inUse.Dispose();
    }

    // ---- shapes

    private sealed record ClaimRow(long Sequence, long Fence, long Tries, string Lane);

    private sealed record BodyRow(string Forge, string Delivery_id, string Event, byte[] Body);

    private sealed record ListRow(long Sequence, string Forge, string Delivery_id, string Event, string? Repository, string State, string? Result, long Received_at);

    private static DeliveryRow Row(ListRow row) => new(
        row.Sequence, Forge(row.Forge), row.Delivery_id, row.Event, row.Repository, Enum.Parse<DeliveryState>(row.State, ignoreCase: true), row.Result,
        DateTimeOffset.FromUnixTimeMilliseconds(row.Received_at));

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

    private static string Name(ForgeKind forge) => forge == ForgeKind.GitHub ? "github" : "gitlab";

    private static ForgeKind Forge(string name) => name == "github" ? ForgeKind.GitHub : ForgeKind.GitLab;

    private static string Name(DeliveryState state) => state.ToString().ToLowerInvariant();

    /// <summary>Bodies shrink about tenfold, which more than pays for the work: fewer pages to write and to sync.</summary>
    private static byte[] Compress(ReadOnlySpan<byte> body)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(body.Length));
        try
        {
            if (!BrotliEncoder.TryCompress(body, buffer, out var length, quality: 0, window: 18))
                throw new InvalidOperationException("The largest compressed size was too small.");
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary><c>null</c> where the bytes are not what was stored.</summary>
    internal static byte[]? TryDecompress(byte[] compressed)
    {
        try
        {
            return Decompress(compressed);
        }
        catch (Exception garbled) when (garbled is InvalidDataException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[] Decompress(byte[] compressed)
    {
        using var brotli = new BrotliStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = brotli.Read(buffer)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MaxBodyBytes)
                throw new InvalidDataException("A stored body is larger than any that is accepted.");
        }
        return body.ToArray();
    }
}
