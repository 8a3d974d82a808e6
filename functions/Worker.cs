using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using QMoi.Functions.Control;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Telemetry;
using QMoi.Handlers;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions;

/// <summary>Works stored deliveries: claims, routes, writes the outcome. Different repositories in parallel, one repository in order.</summary>
public sealed partial class Worker(
    IStore store, IReadOnlyDictionary<ForgeKind, IWebhookFormat> formats, Lazy<Task<Router>> router, ControlWatch control, WebhookPriority priority, WorkSettings settings, TimeProvider clock, ILogger<Worker> logger) : IDisposable
{
    /// <summary>Pauses before the five retries : together about 73 minutes, so that a forge may be away for an hour.</summary>
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1)];

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(15);

    /// <summary>Where many processes share a store, each is told of all that arrives: so they do not ask it for every single one.</summary>
    private static readonly TimeSpan LookAtMostEvery = TimeSpan.FromMilliseconds(10);

    private readonly SemaphoreSlim wakeUps = new(0);
    private int isStoreAway;

    /// <summary>There may be something to claim. Cheap; called on every stored delivery.</summary>
    public void Wake()
    {
        if (wakeUps.CurrentCount == 0)
            wakeUps.Release();
    }

    /// <summary>Works until cancelled; then the deliveries in hand are finished.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(LoopAsync(stop), store.ListenAsync(Wake, stop));

    /// <summary>Works until nothing is claimable now, or nothing may be done.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await control.LookAsync(cancellationToken);
        var inHand = new List<Task>();
        try
        {
            while (control.State.IsOn(Module.Work))
            {
                var isNone = (await ClaimAsync(inHand, cancellationToken)).Claims.Count == 0;
                if (isNone && inHand.Count == 0)
                    return;
                if (isNone || inHand.Count == settings.Workers)
                    await Task.WhenAny(inHand);
            }
        }
        finally
        {
            await Task.WhenAll(inHand);
        }
    }

    /// <summary>One looks for all: as much is claimed as there is room for, and worked side by side.</summary>
    private async Task LoopAsync(CancellationToken stop)
    {
        var inHand = new List<Task>();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!control.State.IsOn(Module.Work))
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), clock, stop);
                    continue;
                }
                var asked = clock.GetTimestamp();
                var claimed = await ClaimAsync(inHand, stop);
                if (Interlocked.Exchange(ref isStoreAway, 0) == 1)
                    Log.StoreBack(logger);
                if (inHand.Count == settings.Workers)
                    await Task.WhenAny(inHand).WaitAsync(stop);
                else
                    await WaitAsync(claimed.NextDue, stop);
                if (store.IsShared && LookAtMostEvery - clock.GetElapsedTime(asked) is var early && early > TimeSpan.Zero)
                    await Task.Delay(early, clock, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (StoreUnavailableException unavailable)
            {
                NoteStoreAway(unavailable);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
        await Task.WhenAll(inHand);
    }

    private async Task<Claimed> ClaimAsync(List<Task> inHand, CancellationToken stop)
    {
        await priority.LetPassAsync(stop);
        inHand.RemoveAll(static work => work.IsCompleted);
        var (askedAt, asked) = (clock.GetUtcNow(), clock.GetTimestamp());
        var claimed = await store.ClaimAsync(settings.Workers - inHand.Count, stop);
        inHand.AddRange(claimed.Claims.Select(claim => WorkAsync(claim, askedAt, asked, stop)));
        return claimed;
    }

    /// <summary>Once, however many workers meet it.</summary>
    private void NoteStoreAway(StoreUnavailableException unavailable)
    {
        if (Interlocked.Exchange(ref isStoreAway, 1) == 0)
            Log.StoreUnavailable(logger, unavailable);
    }

    private async Task WaitAsync(DateTimeOffset? nextDue, CancellationToken stop)
    {
        var due = nextDue - clock.GetUtcNow();
        var pause = due is { } until && until < LookAtLeastEvery ? until : LookAtLeastEvery;
        if (pause <= TimeSpan.Zero)
            pause = TimeSpan.FromMilliseconds(200);
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var waiting = wakeUps.WaitAsync(woken.Token);
        await Task.WhenAny(waiting, Task.Delay(pause, clock, woken.Token));
        await woken.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>To the end: what is in hand when the process stops is finished. Never fails.</summary>
    private async Task WorkAsync(Claim claim, DateTimeOffset askedAt, long asked, CancellationToken stop)
    {
        await Task.Yield();
        using var span = DeliveryTrace.Work(claim, askedAt, clock.GetUtcNow());
        using var scope = DeliveryTrace.Scope(logger, claim.Forge, claim.DeliveryId, claim.Lane);
        var mayAct = control.MayAct;
        using var limit = new CancellationTokenSource(settings.HandlerTimeout, clock);
        using var lost = new CancellationTokenSource();
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, mayAct, lost.Token);
        using var renewing = new CancellationTokenSource();
        // Not later than the store's, which began when it was asked.
        var held = new StrongBox<long>(asked);
        LeaseGuard.Set(() => clock.GetElapsedTime(Volatile.Read(ref held.Value)) < SqlStore.Lease);
        var renewal = RenewAsync(claim, held, lost, renewing.Token);
        try
        {
            var verdict = await HandleAsync(claim, mayAct, lost.Token, cut.Token);
            if (!await FinishWhenPossibleAsync(claim, verdict, stop))
                verdict = new Verdict.Lost();
            if (verdict is Verdict.Lost)
                Log.Lost(logger);
            Signals.Work.Add(1, new KeyValuePair<string, object?>("outcome", NameOf(claim, verdict)));
            Signals.WorkDuration.Record(clock.GetElapsedTime(asked).TotalSeconds);
            span?.SetTag("qmoi.outcome", NameOf(claim, verdict));
        }
        catch (StoreUnavailableException unavailable)
        {
            // When its lease has run out somebody takes it up again.
            NoteStoreAway(unavailable);
        }
#pragma warning disable CA1031 // A mistake in keeping the outcome: it must not end the work of all others.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            TellBug(bug, claim);
        }
        finally
        {
            await renewing.CancelAsync();
            await renewal;
            // There is room for one more, and its lane may have another.
            Wake();
        }
    }

    /// <summary>The outcome, or why the delivery has to wait.</summary>
    private async Task<Verdict> HandleAsync(Claim claim, CancellationToken mayAct, CancellationToken lost, CancellationToken cancellationToken)
    {
        try
        {
            var forgeEvent = formats[claim.Forge].ReadEvent(claim.Event, claim.Body.Span);
            return new Verdict.Ended(await (await router.Value).RouteAsync(forgeEvent, store.Ledger(claim), cancellationToken));
        }
        catch (LeaseLostException)
        {
            return new Verdict.Lost();
        }
        catch (StoreUnavailableException unavailable)
        {
            NoteStoreAway(unavailable);
            return new Verdict.Later("the store could not be used", Pauses[0]);
        }
        catch (FormatException unreadable)
        {
            return new Verdict.Ended(new Outcome.Ignored($"not understood: {unreadable.Message}"));
        }
        catch (ForgeException limit) when (limit is { Problem: ForgeProblem.RateLimited, RetryAfter: not null })
        {
            return new Verdict.Later(limit.Message, limit.RetryAfter.Value);
        }
        catch (ForgeException trouble) when (trouble.IsTransient)
        {
            return new Verdict.Again(trouble.Message, trouble.RetryAfter);
        }
        catch (ForgeException refusal)
        {
            return new Verdict.Ended(new Outcome.Declined(refusal.Message));
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            return new Verdict.Lost();
        }
        catch (OperationCanceledException) when (mayAct.IsCancellationRequested)
        {
            return new Verdict.Later("ended by the emergency stop", TimeSpan.Zero);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new Verdict.Again($"cut after {settings.HandlerTimeout}", null);
        }
#pragma warning disable CA1031 // The other place where exceptions end (beside Webhooks.cs): our bug parks this delivery and no other.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            return new Verdict.Again($"our mistake, incident {TellBug(bug, claim)}", null);
        }
    }

    private string TellBug(Exception bug, Claim claim)
    {
        var incident = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        Log.Bug(logger, bug, incident, claim.DeliveryId);
        return incident;
    }

    private static string NameOf(Claim claim, Verdict verdict) => verdict switch
    {
        Verdict.Ended { Outcome: Outcome.Acted } => "acted",
        Verdict.Ended { Outcome: Outcome.Declined } => "declined",
        Verdict.Ended { Outcome: Outcome.Ignored } => "ignored",
        Verdict.Again when claim.Tries >= Pauses.Length => "dead",
        Verdict.Again => "retry",
        Verdict.Lost => "lost",
        _ => "later",
    };

    /// <summary>What was done need not be done again because the store was away for a moment; while the lease lasts nobody else has begun it. False when somebody else has.</summary>
    private async Task<bool> FinishWhenPossibleAsync(Claim claim, Verdict verdict, CancellationToken stop)
    {
        for (var start = clock.GetTimestamp(); ;)
        {
            try
            {
                return await FinishAsync(claim, verdict);
            }
            catch (StoreUnavailableException unavailable) when (!stop.IsCancellationRequested && clock.GetElapsedTime(start) < SqlStore.Lease)
            {
                NoteStoreAway(unavailable);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, CancellationToken.None);
            }
        }
    }

    /// <summary>False when the lease has passed to another worker: then nothing was written, and what is told is told by that one.</summary>
    private async Task<bool> FinishAsync(Claim claim, Verdict verdict)
    {
        switch (verdict)
        {
            case Verdict.Ended { Outcome: Outcome.Later later }:
                if (!await store.PostponeAsync(claim, later.NotBefore, later.Text, countsAsTry: false, CancellationToken.None))
                    return false;
                Log.Acted(logger, later.Text);
                return true;
            case Verdict.Ended { Outcome: var outcome }:
                if (!await store.FinishAsync(claim, outcome is Outcome.Ignored ? DeliveryState.Ignored : DeliveryState.Done, outcome.Text, CancellationToken.None))
                    return false;
                if (outcome is Outcome.Acted)
                    Log.Acted(logger, outcome.Text);
                else
                    Log.NotActed(logger, outcome.Text);
                return true;
            case Verdict.Again { Reason: var reason } when claim.Tries >= Pauses.Length:
                if (!await store.FinishAsync(claim, DeliveryState.Dead, $"given up after {claim.Tries + 1} tries: {reason}", CancellationToken.None))
                    return false;
                Log.Dead(logger, claim.DeliveryId, reason);
                return true;
            case Verdict.Again { Reason: var reason, NotBefore: var wait }:
                var pause = wait is { } told && told > Pauses[claim.Tries] ? told : Pauses[claim.Tries];
                if (!await store.PostponeAsync(claim, clock.GetUtcNow() + pause, reason, countsAsTry: true, CancellationToken.None))
                    return false;
                Log.Postponed(logger, pause, reason);
                return true;
            case Verdict.Later { Reason: var reason, Wait: var wait }:
                if (!await store.PostponeAsync(claim, clock.GetUtcNow() + wait, reason, countsAsTry: false, CancellationToken.None))
                    return false;
                Log.Limited(logger, wait, reason);
                return true;
            default:
                return true;
        }
    }

    /// <summary>Keeps the lease alive while the handler works; when it is lost, the handler is stopped.</summary>
    private async Task RenewAsync(Claim claim, StrongBox<long> held, CancellationTokenSource lost, CancellationToken ended)
    {
        var start = clock.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(RenewEvery, clock, ended);
                Log.StillWorking(logger, claim.Event, claim.Lane, (int)clock.GetElapsedTime(start).TotalSeconds);
                try
                {
                    var asked = clock.GetTimestamp();
                    if (await store.RenewAsync(claim, ended))
                    {
                        Volatile.Write(ref held.Value, asked);
                        continue;
                    }
                    await lost.CancelAsync();
                    return;
                }
                catch (StoreUnavailableException unavailable)
                {
                    // It may be back before the lease ends.
                    NoteStoreAway(unavailable);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The work ended.
        }
    }

    public void Dispose() => wakeUps.Dispose();

    private abstract record Verdict
    {
        public sealed record Ended(Outcome Outcome) : Verdict;
        public sealed record Again(string Reason, TimeSpan? NotBefore) : Verdict;

        /// <summary>The forge's limits say when, or the store was away; nothing went wrong with it, so it is not one of the tries.</summary>
        public sealed record Later(string Reason, TimeSpan Wait) : Verdict;
        public sealed record Lost : Verdict;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Outcome}")]
        public static partial void Acted(ILogger logger, string outcome);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Nothing done: {Outcome}")]
        public static partial void NotActed(ILogger logger, string outcome);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Tried again in {Pause}: {Reason}")]
        public static partial void Postponed(ILogger logger, TimeSpan pause, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Put back for {Pause}, which is not a try: {Reason}")]
        public static partial void Limited(ILogger logger, TimeSpan pause, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {DeliveryId} was given up: {Reason}. 'qmoi replay {DeliveryId}' tries it again")]
        public static partial void Dead(ILogger logger, string deliveryId, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Still at it: {Event} of {Lane}, for {Seconds} s")]
        public static partial void StillWorking(ILogger logger, string @event, string lane, int seconds);

        [LoggerMessage(Level = LogLevel.Error, Message = "Incident {Incident} while working delivery {DeliveryId}")]
        public static partial void Bug(ILogger logger, Exception exception, string incident, string deliveryId);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Another worker has taken this delivery over")]
        public static partial void Lost(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "The store cannot be used now; the worker waits")]
        public static partial void StoreUnavailable(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "The store can be used again")]
        public static partial void StoreBack(ILogger logger);
    }
}
