using Microsoft.Data.Sqlite;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.SelfHealing;

/// <summary>What the bot does for its own health beside its work: checks a large database, keeps good copies, makes backups, says what is missing on the machine.</summary>
public sealed partial class Care
{
    private static readonly TimeSpan BackupEvery = TimeSpan.FromHours(1);

    private readonly BotSettings settings;
    private readonly SqliteStore store;
    private readonly Lazy<Router> router;
    private readonly SafeMode safeMode;
    private readonly TimeProvider clock;
    private readonly ILogger logger;

    internal Care(BotSettings settings, SqliteStore store, Lazy<Router> router, SafeMode safeMode, TimeProvider clock, ILogger logger) =>
        (this.settings, this.store, this.router, this.safeMode, this.clock, this.logger) = (settings, store, router, safeMode, clock, logger);

    /// <summary>Ends, with what was found, when the database turns out to be damaged; opening it anew restores it.</summary>
    public Task<string> Damaged => store.Damaged;

    /// <summary>Until cancelled. Nothing that goes wrong here stops the bot. For the one process that works the data folder.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // The rest of the start may have both processors first.
        await Task.Yield();
        try
        {
            // Ends the watch too: serve opens the database anew, and that one is watched again.
            if (!store.IsChecked && await Blocking(() => store.Check().Count > 0))
                return;
            await Blocking(LookAtCatalogue);
            var sandbox = await Sandbox.ProbeAsync(settings.Sandbox, clock, stop);
            if (sandbox.Kind == SandboxKind.None)
                Log.NoSandbox(logger, sandbox.Reason);
            await KeepBackupsAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The bot stops.
        }
        catch (Exception trouble) when (trouble is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            Log.Ended(logger, trouble);
        }
    }

    /// <summary>What is missed only when a repair needs it is told at once. Costs no more than a look at a few files.</summary>
    public void LookAround()
    {
        LookForGit(safeMode);
        var folder = KnownFailures.FolderOf(settings);
        if (Directory.Exists(folder))
            return;
        if (settings.CatalogueFolder is not null)
            safeMode.Set("catalogue", "the folder that Catalogue names is not there", "it is made, and the catalogue that the bot is delivered with is used");
        try
        {
            OwnFiles.MakeFolder(folder);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            Log.NoFolder(logger, unwritable);
        }
    }

    internal static void LookForGit(SafeMode safeMode)
    {
        if (Programs.Find("git", Environment.GetEnvironmentVariable("PATH") ?? "") is null)
            safeMode.Set("git", "git is not found on PATH", "repairs that need a clone are declined with this reason, all others go over the forge's API");
    }

    /// <summary>Loads it only where the admin added something: mistakes are then told at the start, not with the first delivery.</summary>
    private bool LookAtCatalogue()
    {
        try
        {
            if (!KnownFailures.HasOwn(settings))
                return false;
            _ = router.Value;
            KnownFailures.Keep(settings);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            Log.NoCopy(logger, unwritable);
        }
        return true;
    }

    private async Task KeepBackupsAsync(CancellationToken stop)
    {
        while (true)
        {
            var age = clock.GetUtcNow() - store.Files.Backups.Newest?.At;
            // A clock that was put back must not keep it from being made.
            if (age is not { } known || known >= BackupEvery || known < TimeSpan.Zero)
            {
                await BackUpAsync();
                age = TimeSpan.Zero;
            }
            await Task.Delay(BackupEvery - age.Value, clock, stop);
        }
    }

    /// <summary>A backup now, whatever the time of the last one; no two at once. False, and a finding, where none could be made.</summary>
    public Task<bool> BackUpAsync() => Blocking(BackUp);

    private bool BackUp()
    {
        try
        {
            var backup = store.Files.Backups.Make(store.Files.Database, clock.GetUtcNow());
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

    /// <summary>SQLite and files block; for seconds where they are large. A thread of the pool is not held for that.</summary>
    private static Task<T> Blocking<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The bot no longer looks after its database: no backups are made until the next start")]
        public static partial void Ended(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The folder for further catalogue files cannot be made")]
        public static partial void NoFolder(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "The database is backed up as {File}")]
        public static partial void BackedUp(ILogger logger, string file);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Repairs that need a tool are declined: {Reason}")]
        public static partial void NoSandbox(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The last good copies of the catalogue cannot be kept")]
        public static partial void NoCopy(ILogger logger, Exception exception);
    }
}
