using Dapper;
using Microsoft.Data.Sqlite;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>Carries the log over into the database beside the writing: who waits for a commit does not wait for that too. Only what was added meanwhile is carried over between two commits.</summary>
/// <remarks>Beside a busy writer alone the log would grow without end: it begins anew only where all of it is carried over when a transaction begins (sqlite.org/wal.html, read 2026-11).</remarks>
internal sealed class SqliteCheckpoints(SqliteFiles files) : IAsyncDisposable
{
    public const string Carry = "PRAGMA wal_checkpoint(PASSIVE)";

    /// <summary>Some megabytes of log.</summary>
    private const int EveryWrites = 1_000;

    private SqliteConnection? connection;
    private Task beside = Task.CompletedTask;
    private bool hasBegun;
    // What a predecessor left when it was killed counts too, or the log of one that never lives long would only grow.
    private int writes = new FileInfo(files.Database + "-wal") is { Exists: true, Length: > 4 << 20 } ? EveryWrites : 0;

    /// <summary>After each commit, on the writer's thread. True: it should carry the rest over now.</summary>
    /// <param name="count">Writes in this commit.</param>
    public bool IsRestDue(int count)
    {
        writes += count;
        if (hasBegun)
        {
            hasBegun = !beside.IsCompleted;
            return !hasBegun;
        }
        if (writes >= EveryWrites)
        {
            (hasBegun, writes) = (true, 0);
            beside = Task.Factory.StartNew(CarryBeside, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        return false;
    }

    private void CarryBeside()
    {
        try
        {
            if (connection is null)
            {
                connection = new SqliteConnection(SqliteFiles.ConnectionString(files.Database, SqliteOpenMode.ReadWrite, pooling: false));
                connection.Open();
            }
            connection.Execute(Carry);
        }
        catch (SqliteException)
        {
            // The log grows until the writer carries it over by itself, and says what is wrong where it cannot.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await beside;
        if (connection is not null)
            await connection.DisposeAsync();
    }
}
