using System.Security.Cryptography;
using QMoi.Functions.Control;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.CatchUp;

/// <summary>
/// Finds what was missed: at the start, every few minutes, and when the process notices that it was away. Of all processes that share a store one sweeps at a time. Nothing depends on
/// it as long as every webhook arrives, so it may end at any point; the next one takes up what is left.
/// </summary>
public sealed partial class Sweeper
{
    /// <summary>Where several processes share a store, one that starts so soon after a sweep of another finds nothing new.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>A report waits so long for the work on what was found.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Requests to one forge after an outage: there is much to find.</summary>
    private const int BudgetAfterOutage = 2_000;

    /// <summary>
    /// Requests to one forge in one sweep, for each minute between two, so that webhooks and repairs have the rest: a quarter of what GitHub allows an installation (5,000 an hour), and little of what
    /// GitLab allows a user (2,000 a minute), enough to look at the hooks of 300 projects within 15 minutes.
    /// </summary>
    private static int BudgetPerMinute(ForgeKind forge) => forge == ForgeKind.GitHub ? 20 : 60;

    private const int MinBudget = 50;
    private const string Swept = "swept";
    private const string Complete = "complete";
    private const string AlarmAbout = "webhook ";

    private readonly IReadOnlyDictionary<ForgeKind, IWebhookFormat> formats;
    private readonly IStore store;
    private readonly Func<IForges> forges;
    private readonly ControlWatch control;
    private readonly SafeMode safeMode;
    private readonly SweepSettings settings;
    private readonly Action arrived;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly ILogger audit;
    private readonly HashSet<string> refused = new(StringComparer.Ordinal);
    private readonly HashSet<string> alarmed = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private Untold? untold;
    private int isSweeping;

    internal Sweeper(
        IReadOnlyDictionary<ForgeKind, IWebhookFormat> formats, IStore store, Func<IForges> forges, ControlWatch control, SafeMode safeMode, SweepSettings settings, Action arrived, TimeProvider clock, ILoggerFactory loggers) =>
        (this.formats, this.store, this.forges, this.control, this.safeMode, this.settings, this.arrived, this.clock, logger, audit) =
        (formats, store, forges, control, safeMode, settings, arrived, clock, loggers.CreateLogger<Sweeper>(), loggers.CreateLogger(Logging.Audit));

    /// <summary>The last sweep of this process that found something, in one line, once the work on it is done.</summary>
    public string? Told { get; private set; }

    /// <summary>Until cancelled. Nothing that goes wrong here stops the bot.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            // The rest of the start may have both processors first.
            await Task.Delay(TimeSpan.FromSeconds(1), clock, stop);
            for (var age = store.IsShared ? Fresh : TimeSpan.Zero; ; age = settings.Every)
            {
                await TrySweepAsync(age, stop);
                await Task.Delay(LookEvery, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The bot stops.
        }
    }

    private async Task TrySweepAsync(TimeSpan age, CancellationToken stop)
    {
        try
        {
            await SweepAsync(age, stop);
            await TellAsync(stop);
        }
        catch (StoreUnavailableException away)
        {
            Log.Later(logger, away.Message);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Beside the two places where exceptions end: our mistake must not end the loop that finds what was missed.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Bug(logger, bug, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        }
    }

    /// <summary>Sweeps, unless that is switched off, another process does, or one did less than <paramref name="age"/> ago: then <c>null</c>.</summary>
    public async Task<SweepReport?> SweepAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        await control.LookAsync(cancellationToken);
        var table = store.Sweeps;
        await ShowAlarmsAsync(table, cancellationToken);
        if (!control.State.IsOn(Module.Sweep) || !await IsDueAsync(table, age, cancellationToken) || Interlocked.Exchange(ref isSweeping, 1) == 1)
            return null;
        try
        {
            if (await table.TryLeaseAsync(cancellationToken) is not { } lease)
                return null;
            var held = new HeldLease(table, lease, clock);
            try
            {
                // Another process may have ended one since the first look.
                if (!await IsDueAsync(table, age, cancellationToken))
                    return null;
                var report = await SweepAsync(table, held, cancellationToken);
                await ShowAlarmsAsync(table, cancellationToken);
                return report;
            }
            finally
            {
                await table.ReleaseAsync(held.Until, CancellationToken.None);
            }
        }
        finally
        {
            Volatile.Write(ref isSweeping, 0);
        }
    }

    private async Task<bool> IsDueAsync(SweepTable table, TimeSpan age, CancellationToken cancellationToken) =>
        await table.MarkAsync(Swept, cancellationToken) is not { } last || DateTimeOffset.FromUnixTimeMilliseconds(last) is var at && (clock.GetUtcNow() - at >= age || at > clock.GetUtcNow());

    private async Task<SweepReport> SweepAsync(SweepTable table, HeldLease lease, CancellationToken cancellationToken)
    {
        var (started, now) = (clock.GetTimestamp(), clock.GetUtcNow());
        var last = await table.MarkAsync(Swept, cancellationToken);
        var wasAway = last is null || now - DateTimeOffset.FromUnixTimeMilliseconds(last.Value) > settings.Every * 2 || await table.MarkAsync(Complete, cancellationToken) is 0L;
        await table.NoticeAsync(cancellationToken);

        var (missed, requests, repositories) = (0, 0, 0);
        var (recovered, skipped, left) = (new List<(ForgeKind, string)>(), new List<string>(), new List<string>());
        foreach (var (kind, format) in formats)
        {
            if (forges().History(kind) is not { } history)
                continue;
            var budget = wasAway ? BudgetAfterOutage : Math.Max(MinBudget, (int)(BudgetPerMinute(kind) * settings.Every.TotalMinutes));
            var sweep = new ForgeSweep(history, format, store, refused, budget, async stop => control.State.IsOn(Module.Sweep) && await lease.KeepAsync(stop), clock, logger) { Audited = LogAudit };
            try
            {
                await sweep.RunAsync(cancellationToken);
            }
            finally
            {
                // What is stored is worked, however this ends.
                if (sweep.Recovered.Count > 0)
                    arrived();
            }
            (missed, requests, repositories) = (missed + sweep.Missed, requests + history.RequestCount, repositories + sweep.Repositories);
            recovered.AddRange(sweep.Recovered);
            skipped.AddRange(sweep.Skipped);
            left.AddRange(sweep.Left);
        }
        await table.SetAsync(Complete, left.Count == 0 ? 1 : 0, cancellationToken);
        await table.SetAsync(Swept, now.ToUnixTimeMilliseconds(), cancellationToken);
        var report = new SweepReport(missed, recovered, skipped, left, requests, repositories, clock.GetElapsedTime(started));
        if (report.Missed == 0)
            Log.NothingMissed(logger, repositories, requests, report.Elapsed);
        else
            Log.Found(logger, missed, recovered.Count, requests, report.Elapsed);
        foreach (var what in left)
            Log.Left(logger, what);
        if (report.Missed > 0)
            untold = new Untold(untold is { } before ? Joined(before.Report, report) : report, now);
        return report;
    }

    private static SweepReport Joined(SweepReport before, SweepReport after) => after with
    {
        Missed = before.Missed + after.Missed,
        Recovered = [.. before.Recovered, .. after.Recovered],
        Skipped = [.. before.Skipped, .. after.Skipped],
    };

    /// <summary>Tells what was found, once all of it is worked or has been waited for long enough: "missed 212, recovered 212, of which 9 acted on".</summary>
    public async Task<string?> TellAsync(CancellationToken cancellationToken)
    {
        if (untold is not { } told)
            return null;
        var (report, at) = told;
        var (actedOn, unfinished) = (0, 0);
        foreach (var forge in report.Recovered.GroupBy(delivery => delivery.Forge))
        {
            var (acted, waiting) = await store.Sweeps.ResultsAsync(forge.Key, [.. forge.Select(delivery => delivery.Id)], cancellationToken);
            (actedOn, unfinished) = (actedOn + acted, unfinished + waiting);
        }
        if (unfinished > 0 && clock.GetUtcNow() - at < Patience)
            return null;
        // It may be told by the loop and by a timer.
        if (Interlocked.CompareExchange(ref untold, null, told) != told)
            return null;
        Told = report.Say(actedOn, unfinished);
        Log.Told(logger, Told);
        return Told;
    }

    /// <summary>Every process shows what whichever of them has found.</summary>
    private async Task ShowAlarmsAsync(SweepTable table, CancellationToken cancellationToken)
    {
        var alarms = await table.AlarmsAsync(cancellationToken);
        lock (gate)
        {
            foreach (var (about, words) in alarms)
            {
                alarmed.Add(about);
                safeMode.Set(AlarmAbout + about, words, RemedyFor(about));
            }
            foreach (var over in alarmed.Where(about => !alarms.ContainsKey(about)).ToList())
            {
                alarmed.Remove(over);
                safeMode.Clear(AlarmAbout + over);
            }
        }
    }

    private sealed record Untold(SweepReport Report, DateTimeOffset At);

    /// <summary>What is done about a hook that is off, and what a person can do.</summary>
    internal const string Remedy = "failed pipelines are found by asking the forge instead, later than by webhook; see that the bot can be reached from the forge, then press Test at the webhook (Settings, Webhooks), which switches it on again; the role Maintainer lets the bot do so itself";

    internal static string RemedyFor(string alarm) => RollCall.IsAbout(alarm) ? RollCall.Remedy : Remedy;

    /// <summary>The same row out of the database's reach.</summary>
    private void LogAudit(AuditRow row) => Log.Audit(audit, row.Act, row.Actor, row.Details, row.Sequence, row.Hash);

    /// <summary>Renewed while the sweep goes on.</summary>
    private sealed class HeldLease(SweepTable table, long until, TimeProvider clock)
    {
        private long renewed = clock.GetTimestamp();

        public long Until { get; private set; } = until;

        /// <summary>False when it has passed to another process.</summary>
        public async Task<bool> KeepAsync(CancellationToken cancellationToken)
        {
            if (clock.GetElapsedTime(renewed) < SweepTable.Lease / 5)
                return true;
            if (await table.RenewAsync(Until, cancellationToken) is not { } next)
                return false;
            (Until, renewed) = (next, clock.GetTimestamp());
            return true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Catching up: {Report}")]
        public static partial void Told(ILogger logger, string report);

        [LoggerMessage(Level = LogLevel.Information, Message = "Catching up: {Missed} deliveries were missed, {Recovered} are stored now ({Requests} requests, {Elapsed})")]
        public static partial void Found(ILogger logger, int missed, int recovered, int requests, TimeSpan elapsed);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Catching up: nothing was missed in {Repositories} repositories ({Requests} requests, {Elapsed})")]
        public static partial void NothingMissed(ILogger logger, int repositories, int requests, TimeSpan elapsed);

        [LoggerMessage(Level = LogLevel.Information, Message = "Catching up: left for the next sweep: {What}")]
        public static partial void Left(ILogger logger, string what);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Catching up waits for the store: {Reason}")]
        public static partial void Later(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "Incident {Incident} while catching up; tried again in a minute")]
        public static partial void Bug(ILogger logger, Exception exception, string incident);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Act} by {Actor}: {Details} #{Sequence} {Hash}")]
        public static partial void Audit(ILogger logger, string act, string actor, string details, long sequence, string hash);
    }
}
