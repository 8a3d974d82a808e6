using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.SelfHealing;

/// <summary>What the bot does for its own health beside its work: looks after the database, keeps good copies, removes what is old, says what is missing on the machine.</summary>
public sealed partial class Care
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromHours(1);

    private readonly BotSettings settings;
    private readonly IStore store;
    private readonly SqliteCare? embedded;
    private readonly Lazy<Task<Router>> router;
    private readonly SafeMode safeMode;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly TaskCompletionSource<string> never = new();

    /// <param name="embedded">For a database in the data folder; one on a server has its own admin, who backs it up.</param>
    internal Care(BotSettings settings, IStore store, SqliteCare? embedded, Lazy<Task<Router>> router, SafeMode safeMode, TimeProvider clock, ILogger logger) =>
        (this.settings, this.store, this.embedded, this.router, this.safeMode, this.clock, this.logger) = (settings, store, embedded, router, safeMode, clock, logger);

    /// <summary>Ends, with what was found, when the database turns out to be damaged; opening it anew restores it.</summary>
    public Task<string> Damaged => embedded?.Damaged ?? never.Task;

    /// <summary>Until cancelled. Nothing that goes wrong here stops the bot. For a process that works.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // The rest of the start may have both processors first.
        await Task.Yield();
        try
        {
            // Ends the watch too: serve opens the database anew, and that one is watched again.
            if (embedded is not null && await embedded.IsDamagedAsync())
                return;
            await LookAtCatalogueAsync();
            var sandbox = await Sandbox.ProbeAsync(settings.Sandbox, clock, stop);
            if (sandbox.Kind == SandboxKind.None)
                Log.NoSandbox(logger, sandbox.Reason);
            await LookAfterAsync(stop);
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
    private async Task LookAtCatalogueAsync()
    {
        try
        {
            if (!KnownFailures.HasOwn(settings))
                return;
            await router.Value;
            KnownFailures.Keep(settings);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            Log.NoCopy(logger, unwritable);
        }
    }

    /// <summary>A backup now, whatever the time of the last one; no two at once. False, and a finding, where none could be made.</summary>
    public Task<bool> BackUpAsync() => embedded?.BackUpAsync() ?? Task.FromResult(false);

    private async Task LookAfterAsync(CancellationToken stop)
    {
        while (true)
        {
            var pause = embedded is null ? LookEvery : await embedded.BackUpWhenDueAsync();
            await RemoveOldAsync(stop);
            await Task.Delay(pause, clock, stop);
        }
    }

    /// <summary>In small steps: deliveries that come and go meanwhile wait for none of them.</summary>
    public async Task RemoveOldAsync(CancellationToken stop)
    {
        if (settings.KeepDeliveries is not { } kept)
            return;
        try
        {
            var removed = 0;
            for (var step = -1; step != 0; removed += step)
                step = await store.RemoveFinishedAsync(clock.GetUtcNow() - kept, stop);
            if (removed > 0)
                Log.Removed(logger, removed, kept.TotalDays);
        }
        catch (StoreUnavailableException away)
        {
            Log.NotRemoved(logger, away);
        }
    }

    /// <summary>SQLite and files block; for seconds where they are large. A thread of the pool is not held for that.</summary>
    internal static Task<T> Blocking<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The bot no longer looks after its database: no backups are made until the next start")]
        public static partial void Ended(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The folder for further catalogue files cannot be made")]
        public static partial void NoFolder(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} finished deliveries older than {Days} days are removed")]
        public static partial void Removed(ILogger logger, int count, double days);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Old deliveries cannot be removed now; tried again in an hour")]
        public static partial void NotRemoved(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Repairs that need a tool are declined: {Reason}")]
        public static partial void NoSandbox(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The last good copies of the catalogue cannot be kept")]
        public static partial void NoCopy(ILogger logger, Exception exception);
    }
}
