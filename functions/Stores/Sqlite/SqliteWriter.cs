using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>
/// The one connection that writes. What waits together shares one transaction and one fsync (group commit), and everybody is answered after the commit.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int MaxQueue = 4096;
    private const int MaxBatch = 256;

    private readonly Channel<Entry> queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MaxQueue) { SingleReader = true, AllowSynchronousContinuations = true });
    private readonly ManualResetEventSlim arrived = new(initialState: false, spinCount: 0);
    private readonly SqliteConnection connection;
    private readonly Action<string> damaged;
    private readonly Action<bool> ended;
    private readonly SqliteCheckpoints checkpoints;
    private readonly Task loop;

    /// <param name="damaged">Told when a write has met a damaged page.</param>
    /// <param name="ended">Told after each transaction whether it could be kept.</param>
    public SqliteWriter(SqliteConnection connection, SqliteCheckpoints checkpoints, Action<string> damaged, Action<bool> ended)
    {
        (this.connection, this.checkpoints, this.damaged, this.ended) = (connection, checkpoints, damaged, ended);
        // A thread of its own: SQLite calls block on the disk and must not hold a thread of the pool.
        loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <param name="write">Runs inside the shared transaction; when it throws, its own writes alone are undone.</param>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> write, CancellationToken cancellationToken) => EnqueueAsync(write, needsSavepoint: true, cancellationToken);

    /// <summary>For the hot path: one statement that cannot fail alone.</summary>
    public Task<T> WriteOneStatementAsync<T>(Func<SqliteConnection, T> write, CancellationToken cancellationToken) => EnqueueAsync(write, needsSavepoint: false, cancellationToken);

    private async Task<T> EnqueueAsync<T>(Func<SqliteConnection, T> write, bool needsSavepoint, CancellationToken cancellationToken)
    {
        var entry = new Entry(c => write(c), needsSavepoint);
        if (!queue.Writer.TryWrite(entry))
            throw new StoreUnavailableException($"{MaxQueue} writes are waiting for the disk already.");
        return (T)(await entry.Done.Task.WaitAsync(cancellationToken))!;
    }

    private void Run()
    {
        var batch = new List<Entry>(MaxBatch);
        while (WaitForWrites())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && queue.Reader.TryRead(out var entry))
                batch.Add(entry);
            Commit(batch);
        }
    }

    /// <summary>Without spinning, as a blocked <see cref="Task"/> does: it takes the time of a core from those who make the next writes ready.</summary>
    private bool WaitForWrites()
    {
        var some = queue.Reader.WaitToReadAsync().AsTask();
        if (!some.IsCompleted)
        {
            some.GetAwaiter().UnsafeOnCompleted(arrived.Set);
            arrived.Wait();
            arrived.Reset();
        }
        return some.GetAwaiter().GetResult();
    }

    private void Commit(List<Entry> batch)
    {
        try
        {
            Execute("BEGIN IMMEDIATE");
            foreach (var entry in batch)
                Apply(entry);
            Execute("COMMIT");
        }
#pragma warning disable CA1031 // Whatever it was, nobody in the batch has been promised anything: all are told, and the loop lives on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            TryExecute("ROLLBACK");
            ended(false);
            if (SqliteFiles.IsDamage(exception))
                damaged(SqliteFiles.Words(exception));
            var unavailable = new StoreUnavailableException("The database cannot be written: " + exception.Message, exception);
            foreach (var entry in batch)
                entry.Done.TrySetException(unavailable);
            return;
        }
        ended(true);
        foreach (var entry in batch)
        {
            if (entry.Problem is { } problem)
                entry.Done.TrySetException(problem);
            else
                entry.Done.TrySetResult(entry.Result);
        }
        if (checkpoints.IsRestDue(batch.Count))
            TryExecute(SqliteCheckpoints.Carry);
    }

    private void Apply(Entry entry)
    {
        if (!entry.NeedsSavepoint)
        {
            entry.Result = entry.Write(connection);
            return;
        }
        Execute("SAVEPOINT entry");
        try
        {
            entry.Result = entry.Write(connection);
            entry.Problem = null;
        }
        catch (Exception exception) when (exception is not SqliteException { SqliteErrorCode: 8 or 10 or 11 or 13 or 26 })   // read-only, I/O, corrupt, full: the whole batch
        {
            Execute("ROLLBACK TO entry");
            entry.Problem = exception;
        }
        Execute("RELEASE entry");
    }

    private readonly Dictionary<string, SqliteCommand> prepared = new(StringComparer.Ordinal);

    private void Execute(string sql)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Called with constants of this class only.
            command.CommandText = sql;
#pragma warning restore CA2100
            prepared[sql] = command;
        }
        command.ExecuteNonQuery();
    }

    private void TryExecute(string sql)
    {
        try
        {
            Execute(sql);
        }
        catch (SqliteException)
        {
            // There was no transaction to roll back, or the next one will show what is wrong.
        }
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop;
        arrived.Dispose();
        await checkpoints.DisposeAsync();
        foreach (var command in prepared.Values)
            await command.DisposeAsync();
    }

    private sealed class Entry(Func<SqliteConnection, object?> write, bool needsSavepoint)
    {
        public bool NeedsSavepoint { get; } = needsSavepoint;
        public Func<SqliteConnection, object?> Write { get; } = write;
        public TaskCompletionSource<object?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public object? Result { get; set; }
        public Exception? Problem { get; set; }
    }
}
