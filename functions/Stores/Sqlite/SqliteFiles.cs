using Microsoft.Data.Sqlite;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>The database's files in a data folder, and how damage of them is told from other trouble.</summary>
internal sealed class SqliteFiles(string dataFolder)
{
    /// <summary>A database up to this size is checked as a whole when it is opened, a larger one while the bot runs already.</summary>
    /// <remarks>quick_check reads about 1 GB/s once the file is in memory (SQLite 3.40, 2026-11): 8 ms, and Kestrel gets ready meanwhile.</remarks>
    private const long SmallBytes = 8L << 20;

    public string Database { get; } = Path.Combine(dataFolder, "qmoi.db");

    /// <summary>Held by every process that has the database open; alone by the one that restores it.</summary>
    public string Lock { get; } = Path.Combine(dataFolder, "store.lock");

    /// <summary>Held by the one process that works the data folder.</summary>
    public string WorkerLock { get; } = Path.Combine(dataFolder, "worker.lock");

    /// <summary>Restored and complete, about to take the place of the database.</summary>
    public string Restored => Database + ".restored";

    public SqliteBackups Backups { get; } = new(Path.Combine(dataFolder, "backups"));

    public bool IsSmall => new FileInfo(Database).Length <= SmallBytes;

    /// <summary>Why a database that was there is not any more, or not yet again; <c>null</c> where one is, or where none has been.</summary>
    /// <remarks>To SQLite an empty file is a new database, so it would begin anew without a word.</remarks>
    public string? WhyLost()
    {
        if (File.Exists(Restored))
            return "its restoring was interrupted";
        var file = new FileInfo(Database);
        if (file is { Exists: true, Length: > 0 } || Backups.Newest is null)
            return null;
        return file.Exists ? "the file is empty, and there are backups of it" : "the file is gone, and there are backups of it";
    }

    /// <summary>What every connection of ours is made with.</summary>
    public static string ConnectionString(string file, SqliteOpenMode mode = SqliteOpenMode.ReadWriteCreate, bool pooling = true)
    {
        SqliteLibrary.Load();
        return new SqliteConnectionStringBuilder { DataSource = file, ForeignKeys = true, DefaultTimeout = 5, Mode = mode, Pooling = pooling }.ToString();
    }

    /// <summary>What is wrong with the database; empty when it is sound.</summary>
    public static IReadOnlyList<string> Check(SqliteConnection connection)
    {
        try
        {
            // Not through Dapper: what it makes for a first query costs more than the check, at each start.
            using var check = connection.CreateCommand();
            check.CommandText = "PRAGMA quick_check(1)";
            var found = (string?)check.ExecuteScalar() ?? "the check said nothing";
            return found == "ok" ? [] : [found.Split('\n').FirstOrDefault(line => !line.StartsWith("***", StringComparison.Ordinal)) ?? found];
        }
        catch (SqliteException exception) when (IsDamage(exception))
        {
            return [Words(exception)];
        }
    }

    /// <summary>SQLITE_CORRUPT and SQLITE_NOTADB; everything else (locked, full, read-only) says nothing about the content.</summary>
    public static bool IsDamage(Exception exception) => exception is SqliteException { SqliteErrorCode: 11 or 26 };

    /// <summary>SQLite's own words without what the library puts around them.</summary>
    public static string Words(Exception exception)
    {
        var (first, last) = (exception.Message.IndexOf('\'', StringComparison.Ordinal), exception.Message.LastIndexOf('\''));
        return first >= 0 && last > first ? exception.Message[(first + 1)..last] : exception.Message;
    }

}

/// <summary>
/// Many may have the database open, or one alone may exchange its file. The lock goes with the process, however it ends.
/// </summary>
internal sealed class SqliteFileLock : IDisposable
{
    private readonly FileStream file;

    private SqliteFileLock(FileStream file) => this.file = file;

    /// <exception cref="StoreUnusableException">Somebody is restoring it now.</exception>
    public static SqliteFileLock Share(SqliteFiles files) =>
        TryOpen(files, FileAccess.Read, FileShare.Read) ?? throw new StoreUnusableException($"The database {files.Database} is being restored by another qmoi; start again in a moment.");

    /// <summary><c>null</c> while any process has the database open.</summary>
    public static SqliteFileLock? TryAlone(SqliteFiles files) => TryOpen(files, FileAccess.ReadWrite, FileShare.None);

    private static SqliteFileLock? TryOpen(SqliteFiles files, FileAccess access, FileShare share)
    {
        try
        {
            return new SqliteFileLock(new FileStream(files.Lock, FileMode.OpenOrCreate, access, share));
        }
        // What cannot be written at all is told by SQLite, which needs more than this file.
        catch (IOException) when (File.Exists(files.Lock))
        {
            return null;
        }
    }

    public void Dispose() => file.Dispose();
}
