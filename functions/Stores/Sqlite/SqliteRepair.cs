using Dapper;
using Microsoft.Data.Sqlite;
using QMoi.Functions.SelfHealing;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>What became of a damaged database.</summary>
/// <param name="KeptAs">Name of the damaged file; <c>null</c> where there was none any more.</param>
/// <param name="Backup">The time of what was restored; <c>null</c>: no backup passed its check, so it begins empty.</param>
internal sealed record Restored(string Reason, string? KeptAs, DateTimeOffset? Backup, Salvaged Salvaged)
{
    public string Wrong => $"qmoi.db was damaged ({Reason})" + (KeptAs is null ? "" : $" and is kept as {KeptAs}");

    public string Instead =>
        (Backup is { } at ? $"the backup of {OwnFiles.Said(at)} is used" : "there was no good backup, so an EMPTY database is used")
        + (KeptAs is null ? "" : $", with {Salvaged.Deliveries} deliveries, {Salvaged.Attempts} attempts and {Salvaged.Effects} effects read from the damaged file")
        + ". What came later and could not be read is lost";
}

/// <summary>Puts a sound database in the place of a damaged one, and keeps the damaged one.</summary>
internal static class SqliteRepair
{
    /// <param name="bodies">Tells which of the damaged one's deliveries are whole.</param>
    /// <exception cref="StoreUnusableException">Another process has it open, or there is no room; then nothing was changed.</exception>
    public static Restored Restore(string dataFolder, StoreDamagedException damage, StoredBody bodies, TimeProvider clock)
    {
        var files = new SqliteFiles(dataFolder);
        using var alone = SqliteFileLock.TryAlone(files) ?? throw new StoreUnusableException($"{damage.Message} Another qmoi has it open: stop that one first.", damage);
        try
        {
            var source = Build(files, bodies, out var salvaged);
            File.Move(Unfinished(files), files.Restored, overwrite: true);
            return new Restored(damage.Reason, Exchange(files, clock, "damaged"), source, salvaged);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"{damage.Message} It cannot be restored: {exception.Message}", exception);
        }
        finally
        {
            Remove(Unfinished(files));
        }
    }

    /// <summary>Puts a backup in the place of the database because somebody wants it so.</summary>
    /// <param name="backup">A file; <c>null</c>: the newest.</param>
    /// <returns>What was restored, and under which name the database that was there is kept (<c>null</c> where there was none).</returns>
    /// <exception cref="StoreUnusableException">Another process has it open, there is no such backup, or it is not sound; then nothing was changed.</exception>
    public static (string Backup, string? KeptAs) RestoreFrom(string dataFolder, string? backup, TimeProvider clock)
    {
        var files = new SqliteFiles(dataFolder);
        var source = Find(files, backup);
        using var alone = SqliteFileLock.TryAlone(files) ?? throw new StoreUnusableException($"Another qmoi has {files.Database} open: stop that one first.");
        try
        {
            if (!TryFill(Unfinished(files), source, files.Database, null, out _))
                throw new StoreUnusableException($"The backup {source} is not sound, or is from a newer version. Nothing was changed; name another one with --from.");
            File.Move(Unfinished(files), files.Restored, overwrite: true);
            return (source, Exchange(files, clock, "replaced"));
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"{source} cannot be restored: {exception.Message}", exception);
        }
        finally
        {
            Remove(Unfinished(files));
        }
    }

    /// <exception cref="StoreUnusableException">There is none.</exception>
    public static string Find(SqliteFiles files, string? backup) =>
        backup is null ? files.Backups.Newest?.File ?? throw new StoreUnusableException($"There is no backup in {files.Backups.Folder}.")
        : File.Exists(backup) ? backup
        : throw new StoreUnusableException($"{backup}: there is no such backup.");

    private static string Unfinished(SqliteFiles files) => files.Database + ".restoring";

    /// <summary>The newest copy that passes, with what the damaged file still tells. Returns the time of the copy.</summary>
    private static DateTimeOffset? Build(SqliteFiles files, StoredBody bodies, out Salvaged salvaged)
    {
        var file = Unfinished(files);
        // A restored one that did not get its place before a power cut holds all that a backup holds, and more.
        var sources = files.Backups.List().Select(backup => (backup.File, At: (DateTimeOffset?)backup.At)).ToList();
        if (File.Exists(files.Restored))
            sources.Insert(0, (files.Restored, sources is [var newest, ..] ? newest.At : null));
        foreach (var (source, at) in sources)
        {
            if (TryFill(file, source, files.Database, bodies, out salvaged) || TryFill(file, source, files.Database, null, out salvaged))
                return at;
        }
        if (!TryFill(file, null, files.Database, bodies, out salvaged))
            TryFill(file, null, files.Database, null, out salvaged);
        return null;
    }

    /// <param name="salvage">To read the damaged one's deliveries; <c>null</c> leaves them.</param>
    private static bool TryFill(string file, string? source, string damaged, StoredBody? salvage, out Salvaged salvaged)
    {
        salvaged = Salvaged.Nothing;
        Remove(file);
        try
        {
            if (source is not null)
                File.Copy(source, file);
            using (var connection = new SqliteConnection(SqliteFiles.ConnectionString(file, pooling: false)))
            {
                connection.Open();
                connection.Execute(SqliteSchema.Pages);
                if (SqliteFiles.Check(connection).Count > 0)
                    return false;
                SqliteSchema.Update(connection, file);
                if (salvage is not null)
                    salvaged = SqliteSalvage.Into(connection, damaged, salvage);
            }
            SqliteBackups.Finish(file);
            return true;
        }
        // Full, unwritable: no other source would do better.
        catch (Exception exception) when (SqliteFiles.IsDamage(exception) || exception is StoreUnusableException or SqliteException { SqliteErrorCode: 1 or 19 })
        {
            return false;
        }
    }

    /// <summary>First the log: SQLite would play it into whatever lies beside it. After a power cut in here the restored file is found and used.</summary>
    private static string? Exchange(SqliteFiles files, TimeProvider clock, string why)
    {
        string? kept = null;
        if (File.Exists(files.Database))
        {
            kept = OwnFiles.KeptAs(files.Database, clock, why);
            foreach (var end in new[] { "-wal", "-shm", "" })
                if (File.Exists(files.Database + end))
                    File.Move(files.Database + end, kept + end);
        }
        File.Move(files.Restored, files.Database, overwrite: true);
        return kept is null ? null : Path.GetFileName(kept);
    }

    private static void Remove(string database)
    {
        foreach (var end in new[] { "", "-journal", "-wal", "-shm" })
            File.Delete(database + end);
    }
}
