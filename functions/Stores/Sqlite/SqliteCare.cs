using Microsoft.Data.Sqlite;
using QMoi.Functions.SelfHealing;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>Looks after the database in the data folder: a large one is checked beside the work, and each hour it is backed up.</summary>
internal sealed partial class SqliteCare(SqliteStore store, SafeMode safeMode, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan BackupEvery = TimeSpan.FromHours(1);

    /// <summary>When this process has made one, by the time that passes: a clock that is set neither puts the next one off nor brings it forward.</summary>
    private long? made;

    public Task<string> Damaged => store.Damaged;

    /// <summary>A small one was checked when it was opened.</summary>
    public async Task<bool> IsDamagedAsync() => !store.IsChecked && await Care.Blocking(() => store.Check().Count > 0);

    /// <summary>Returns how long the next one has time.</summary>
    public async Task<TimeSpan> BackUpWhenDueAsync()
    {
        var age = made is { } at ? clock.GetElapsedTime(at) : clock.GetUtcNow() - store.Files.Backups.Newest?.At;
        // A clock that was put back while the bot was down must not keep it from being made.
        if (age is { } known && known < BackupEvery && known >= TimeSpan.Zero)
            return BackupEvery - known;
        await BackUpAsync();
        return BackupEvery;
    }

    public Task<bool> BackUpAsync() => Care.Blocking(BackUp);

    private bool BackUp()
    {
        try
        {
            var backup = store.Files.Backups.Make(store.Files.Database, clock.GetUtcNow());
            made = clock.GetTimestamp();
            safeMode.Clear("backup");
            Log.BackedUp(logger, Path.GetFileName(backup.File));
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            // Where the database itself is the reason, the check says so and it is restored.
            if (SqliteFiles.IsDamage(failed) && store.Check().Count > 0)
                return false;
            var newest = store.Files.Backups.Newest;
            safeMode.Set("backup", $"the database cannot be backed up: {failed.Message}", newest is null ? "there is none" : $"the newest backup stays the one of {OwnFiles.Said(newest.At)}");
            return false;
        }
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The database is backed up as {File}")]
        public static partial void BackedUp(ILogger logger, string file);
    }
}
