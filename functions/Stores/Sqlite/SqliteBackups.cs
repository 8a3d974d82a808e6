using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using QMoi.Functions.SelfHealing;

namespace QMoi.Functions.Stores.Sqlite;

internal sealed record SqliteBackup(string File, DateTimeOffset At);

/// <summary>Copies of the database, <c>backups/qmoi-&lt;utc&gt;.db</c>. What bears such a name has passed its check.</summary>
internal sealed class SqliteBackups(string folder)
{
    /// <summary>A day of hours.</summary>
    private const int Kept = 24;

    /// <summary>So many stay however little room there is.</summary>
    private const int KeptAlways = 2;

    /// <summary>Left free for deliveries: what a backup would take from them is not worth it.</summary>
    private const long SpareBytes = 256L << 20;

    private const string Unfinished = "unfinished-";

    private const string TimeInName = "'qmoi-'yyyyMMdd'T'HHmmss'Z.db'";

    public string Folder => folder;

    public SqliteBackup? Newest => List() is [var newest, ..] ? newest : null;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<SqliteBackup> List() => !Directory.Exists(folder) ? [] :
    [
        .. Directory.GetFiles(folder, "qmoi-*.db")
            .Select(file => (file, IsOurs: DateTimeOffset.TryParseExact(Path.GetFileName(file), TimeInName, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at), at))
            .Where(found => found.IsOurs).Select(found => new SqliteBackup(found.file, found.at)).OrderByDescending(backup => backup.At),
    ];

    /// <summary>
    /// Copies a database that may be in use. In WAL mode a reader holds no writer up; the copy is one snapshot. Several may be made at the same time; twice at the same second is one backup.
    /// </summary>
    /// <remarks>The pages are copied as they are (not <c>VACUUM INTO</c>): a third of the work, and the first page of a backup fits the database it came from, which
    /// <see cref="SqliteSalvage"/> needs.</remarks>
    /// <exception cref="SqliteException">It cannot be read or written, or the copy is not sound.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    public SqliteBackup Make(string database, DateTimeOffset at)
    {
        OwnFiles.MakeFolder(folder);
        RemoveAbandoned(at);
        var half = Path.Combine(folder, $"{Unfinished}{Path.GetRandomFileName()}.db");
        MakeRoom(new FileInfo(database).Length + SpareBytes);
        try
        {
            Copy(database, half);
            var backup = new SqliteBackup(Path.Combine(folder, at.UtcDateTime.ToString(TimeInName, CultureInfo.InvariantCulture)), at);
            File.Move(half, backup.File, overwrite: true);
            Prune();
            return backup;
        }
        finally
        {
            Remove(half);
        }
    }

    private static void Copy(string from, string to)
    {
        using (var source = new SqliteConnection(SqliteFiles.ConnectionString(from, SqliteOpenMode.ReadWrite, pooling: false)))
        using (var target = new SqliteConnection(SqliteFiles.ConnectionString(to, pooling: false)))
        {
            source.Open();
            target.Open();
            // A copy that a power cut leaves half done never gets its name, so it needs no journal; it is synced once, below.
            target.Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
            source.BackupDatabase(target);
        }
        Finish(to);
    }

    /// <summary>Checks a copy, makes it one file without a log beside it, and brings it to the disk.</summary>
    internal static void Finish(string file)
    {
        using (var copy = new SqliteConnection(SqliteFiles.ConnectionString(file, SqliteOpenMode.ReadWrite, pooling: false)))
        {
            copy.Open();
            copy.Execute("PRAGMA journal_mode=DELETE");
            if (SqliteFiles.Check(copy) is [var problem, ..])
                throw new SqliteException($"The copy is not sound: {problem}", 11);
        }
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }

    private void MakeRoom(long bytes)
    {
        var drive = new DriveInfo(folder);
        var backups = List();
        for (var oldest = backups.Count - 1; drive.AvailableFreeSpace < bytes && oldest >= KeptAlways; oldest--)
            File.Delete(backups[oldest].File);
        if (drive.AvailableFreeSpace < bytes)
            throw new IOException($"there is no room for it: {drive.AvailableFreeSpace >> 20} MB are free, {bytes >> 20} MB are wanted");
    }

    /// <summary>The newest stay: a day of them, but together never more than half of the room there is.</summary>
    private void Prune()
    {
        var backups = List();
        // Another may prune at the same time: what is gone has no size.
        var sizes = backups.Select(backup => new FileInfo(backup.File) is { Exists: true } file ? file.Length : 0).ToList();
        var room = new DriveInfo(folder).AvailableFreeSpace + sizes.Sum();
        var used = 0L;
        for (var number = 0; number < backups.Count; number++)
        {
            used += sizes[number];
            if (number >= Kept || (number >= KeptAlways && used > room / 2))
                File.Delete(backups[number].File);
        }
    }

    /// <summary>What was left by who was killed over it. One that is being made is written to all the time.</summary>
    private void RemoveAbandoned(DateTimeOffset at)
    {
        foreach (var file in Directory.GetFiles(folder, Unfinished + "*").Where(file => File.GetLastWriteTimeUtc(file) < at.UtcDateTime.AddDays(-1)))
            File.Delete(file);
    }

    private static void Remove(string database)
    {
        foreach (var end in new[] { "", "-journal", "-wal", "-shm" })
            File.Delete(database + end);
    }
}
