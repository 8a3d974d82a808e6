using System.Threading.Channels;
using Npgsql;

namespace QMoi.Functions.Stores.Postgres;

/// <summary>Stores deliveries. Those that wait together share one statement, one transaction and one sync of the log (group commit), and everybody is answered after the commit.</summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private const int MaxQueue = 4096;
    private const int MaxBatch = 256;
    private const int MaxBatchBytes = 8 << 20;
    private const int MaxTries = 5;

    /// <summary>While one waits for the disk, the other is being put together.</summary>
    private const int Writers = 2;

    /// <summary>Moves the turn of a lane that is there forward. One that keeps its turn is locked all the same.</summary>
    internal const string RaiseKnown =
        "ON CONFLICT (lane) DO UPDATE SET turn = greatest(excluded.turn, lanes.served_at) WHERE lanes.turn IS NULL OR lanes.turn > greatest(excluded.turn, lanes.served_at)";

    private const string Insert = $"""
        WITH stored AS (
            INSERT INTO deliveries (forge, delivery_id, event, repository_id, repository, received_at, state, result, headers, body, body_sha256)
            SELECT forge, id, event, repository_id, repository, received_at, state, result, headers, body, hash
            FROM unnest(@forges, @ids, @events, @repositoryIds, @repositories, @times, @states, @results, @headers, @bodies, @hashes)
                AS arrived (forge, id, event, repository_id, repository, received_at, state, result, headers, body, hash)
            ON CONFLICT DO NOTHING RETURNING sequence, forge, delivery_id, state
        ), ready AS (
            INSERT INTO work (sequence, lane, run_after, rank)
            SELECT sequence, lane, 0, (SELECT qmoi_now()) + handicap
            FROM stored JOIN unnest(@forges, @ids, @lanes, @handicaps) AS arrived (forge, id, lane, handicap) ON arrived.forge = stored.forge AND arrived.id = stored.delivery_id
            WHERE state = 'stored'
            ORDER BY sequence RETURNING lane, rank
        ), raised AS (
            INSERT INTO lanes (lane, turn) SELECT lane, min(rank) FROM ready GROUP BY lane ORDER BY lane
            {RaiseKnown}
        )
        SELECT forge, delivery_id AS id FROM stored
        """;

    private const string Known = """
        SELECT deliveries.forge, delivery_id, body_sha256 FROM deliveries JOIN unnest(@forges, @ids) AS arrived (forge, id) ON arrived.forge = deliveries.forge AND arrived.id = delivery_id
        """;

    private readonly Channel<Entry> queue = Channel.CreateBounded<Entry>(MaxQueue);
    private readonly NpgsqlDataSource source;
    private readonly Action<bool> ended;
    private readonly Task loops;

    /// <param name="ended">Told of each batch whether it could be kept.</param>
    public PostgresWriter(NpgsqlDataSource source, Action<bool> ended)
    {
        (this.source, this.ended) = (source, ended);
        loops = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(RunAsync)));
    }

    public Task<InsertResult> WriteAsync(StoredDelivery delivery, CancellationToken cancellationToken)
    {
        var entry = new Entry(delivery);
        return queue.Writer.TryWrite(entry)
            ? entry.Done.Task.WaitAsync(cancellationToken)
            : throw new StoreUnavailableException($"{MaxQueue} deliveries are waiting for the database already.");
    }

    private async Task RunAsync()
    {
        var batch = new List<Entry>(MaxBatch);
        while (await queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            for (var bytes = 0; batch.Count < MaxBatch && bytes < MaxBatchBytes && queue.Reader.TryRead(out var entry); bytes += entry.Delivery.Body.Length)
                batch.Add(entry);
            if (batch.Count > 0)
                await StoreAsync(batch);
        }
    }

    private async Task StoreAsync(List<Entry> batch)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync();
                var results = await StoreAsync(connection, batch);
                ended(true);
                foreach (var (entry, result) in batch.Zip(results))
                    entry.Done.TrySetResult(result);
                return;
            }
            // A connection that was cut may have stored them: then they are duplicates now, which is as good.
            catch (Exception exception) when (tries < MaxTries && (PostgresErrors.IsConflict(exception) || PostgresErrors.IsCut(exception)))
            {
            }
#pragma warning disable CA1031 // Whatever it was, nobody in the batch has been promised anything: all are told, and the loop lives on.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                ended(false);
                var unavailable = PostgresErrors.Unavailable(exception);
                foreach (var entry in batch)
                    entry.Done.TrySetException(unavailable);
                return;
            }
        }
    }

    private static async Task<InsertResult[]> StoreAsync(NpgsqlConnection connection, List<Entry> batch)
    {
        // In the order of their names, so that receivers wait for each other in one order. What has the same name as another one waits for how that one ends.
        var sorted = batch.Select(entry => entry.Delivery).OrderBy(delivery => delivery.Forge, StringComparer.Ordinal).ThenBy(delivery => delivery.Id, StringComparer.Ordinal).ToList();
        var first = batch.Select(entry => entry.Delivery).DistinctBy(delivery => (delivery.Forge, delivery.Id)).ToHashSet(ReferenceEqualityComparer.Instance);
        var stored = await StoreAsync(connection, [.. sorted.Where(first.Contains)]);
        var rest = batch.Select(entry => entry.Delivery).Where(delivery => !first.Contains(delivery) || !stored.Contains((delivery.Forge, delivery.Id))).ToList();
        var known = rest.Count > 0 ? await KnownAsync(connection, rest) : [];
        return
        [
            .. batch.Select(entry => entry.Delivery).Select(delivery =>
                first.Contains(delivery) && stored.Contains((delivery.Forge, delivery.Id)) ? InsertResult.Stored
                : known.TryGetValue((delivery.Forge, delivery.Id), out var hash) && !hash.AsSpan().SequenceEqual(delivery.Hash) ? InsertResult.DuplicateIdWithAnotherBody
                : InsertResult.Duplicate),
        ];
    }

    private static async Task<HashSet<(string Forge, string Id)>> StoreAsync(NpgsqlConnection connection, List<StoredDelivery> deliveries)
    {
        await using var command = new NpgsqlCommand(Insert, connection);
        Add(command, "forges", deliveries, delivery => delivery.Forge);
        Add(command, "ids", deliveries, delivery => delivery.Id);
        Add(command, "events", deliveries, delivery => delivery.Event);
        Add(command, "repositoryIds", deliveries, delivery => delivery.RepositoryId);
        Add(command, "repositories", deliveries, delivery => delivery.Repository);
        Add(command, "times", deliveries, delivery => delivery.ReceivedAt);
        Add(command, "states", deliveries, delivery => delivery.State);
        Add(command, "results", deliveries, delivery => delivery.Ignored);
        Add(command, "headers", deliveries, delivery => delivery.Headers);
        Add(command, "bodies", deliveries, delivery => delivery.Body);
        Add(command, "hashes", deliveries, delivery => delivery.Hash);
        Add(command, "lanes", deliveries, delivery => delivery.Lane);
        Add(command, "handicaps", deliveries, delivery => delivery.Handicap);
        var stored = new HashSet<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            stored.Add((reader.GetString(0), reader.GetString(1)));
        return stored;
    }

    private static async Task<Dictionary<(string Forge, string Id), byte[]>> KnownAsync(NpgsqlConnection connection, List<StoredDelivery> deliveries)
    {
        await using var command = new NpgsqlCommand(Known, connection);
        Add(command, "forges", deliveries, delivery => delivery.Forge);
        Add(command, "ids", deliveries, delivery => delivery.Id);
        var known = new Dictionary<(string, string), byte[]>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            known[(reader.GetString(0), reader.GetString(1))] = reader.GetFieldValue<byte[]>(2);
        return known;
    }

    private static void Add<T>(NpgsqlCommand command, string name, List<StoredDelivery> deliveries, Func<StoredDelivery, T> column)
    {
        var values = new T[deliveries.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = column(deliveries[i]);
        command.Parameters.Add(new NpgsqlParameter<T[]>(name, values));
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loops;
    }

    private sealed class Entry(StoredDelivery delivery)
    {
        public StoredDelivery Delivery { get; } = delivery;
        public TaskCompletionSource<InsertResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
