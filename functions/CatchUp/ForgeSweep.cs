using QMoi.Functions.Control;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.CatchUp;

/// <summary>
/// One sweep of one forge: first what the forge remembers of the deliveries it made, then the state of each repository, of which is told what no delivery has. All of it is stored like a
/// webhook and takes the same way from there, so that whatever is found twice is done once.
/// </summary>
/// <param name="refused">What the forge does not let the bot see, told once in the life of the process.</param>
/// <param name="goOn">Asked before each step: false when nothing more may be begun.</param>
internal sealed partial class ForgeSweep(IForgeHistory history, IWebhookFormat format, IStore store, HashSet<string> refused, int budget, Func<CancellationToken, Task<bool>> goOn, TimeProvider clock, ILogger logger)
{
    /// <summary>Of a repository from which nothing has come for so long, no more is asked than whether it is there.</summary>
    private static readonly TimeSpan Seen = TimeSpan.FromDays(30);

    /// <summary>The furthest look back at a repository's state.</summary>
    private static readonly TimeSpan Furthest = TimeSpan.FromDays(7);

    /// <summary>What ended just now is told by a webhook that may be on its way.</summary>
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMinutes(2);

    /// <summary>Forges tell times in seconds, and their clock may be a little behind this one.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(1);

    /// <summary>A delivery that told what ended may have come so long before that time by this machine's clock.</summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    /// <summary>Of one repository: attempts whose pipelines are asked for one by one.</summary>
    private const int MaxAwaited = 10;

    private readonly SweepTable table = store.Sweeps;
    private RollCall rollCall = null!;
    private bool isAway;
    private int unlimited;

    public int Missed { get; private set; }

    public int Repositories { get; private set; }

    public List<(ForgeKind, string)> Recovered { get; } = [];

    public List<string> Skipped { get; } = [];

    public List<string> Left { get; } = [];

    private bool IsSpent => history.RequestCount - unlimited >= budget;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        rollCall = new RollCall(history, table, (act, details) => NoteAsync(act, details, cancellationToken), clock, logger);
        if (history.OwnHook is { } own)
            await TryAsync("its deliveries", () => CatchUpAsync(own, $"{Name(history.Kind)}:app", cancellationToken));
        var looked = 0;
        var repositories = await table.RepositoriesAsync(history.Kind, cancellationToken);
        foreach (var known in repositories)
        {
            if (isAway || IsSpent || !await goOn(cancellationToken))
            {
                // Whoever is left over comes first the next time: they were looked at least recently.
                Left.Add($"{repositories.Count - looked} repositories on {history.Kind}");
                return;
            }
            looked++;
            var isGone = false;
            await TryAsync($"whether {known.Repository.FullName} is there", async () => isGone = await rollCall.IsGoneAsync(known, cancellationToken));
            if (isGone || known.LastSeenAt < clock.GetUtcNow() - Seen)
                continue;
            if (history.OwnHook is null)
                await TryAsync($"the webhooks of {known.Repository.FullName}", () => LookAtHooksAsync(known.Repository, cancellationToken), known.Repository);
            await TryAsync($"the pipelines of {known.Repository.FullName}", () => ReconcileAsync(known, cancellationToken), known.Repository);
        }
    }

    /// <summary>What the forge refuses for now is left for the next sweep; what it refuses for good is told once.</summary>
    private async Task TryAsync(string what, Func<Task> work, Repository? of = null)
    {
        if (isAway || refused.Contains($"{history.Kind} {what}"))
            return;
        try
        {
            await work();
        }
        catch (ForgeException trouble) when (trouble.IsTransient)
        {
            // An account that was told to wait sends nothing more by itself; others go on.
            isAway |= trouble.Problem == ForgeProblem.Unreachable;
            Left.Add($"{what}: {trouble.Message}");
        }
        catch (ForgeException refusal) when (refusal.Problem == ForgeProblem.Unauthorized)
        {
            // The token is of no use for anything.
            isAway = true;
            Left.Add($"{what}: {refusal.Message}");
        }
        catch (ForgeException refusal) when (of is not null && refusal.Problem is ForgeProblem.NotFound or ForgeProblem.Forbidden)
        {
            await TryAsync($"whether {of!.FullName} is there", async () =>
            {
                if (await rollCall.IsGoneNowAsync(of, CancellationToken.None))
                    return;
                refused.Add($"{history.Kind} {what}");
                Log.Refused(logger, what, history.Kind, refusal.Message);
            });
        }
        catch (ForgeException refusal)
        {
            refused.Add($"{history.Kind} {what}");
            Log.Refused(logger, what, history.Kind, refusal.Message);
        }
    }

    // ---- hooks and what was sent through them

    private async Task LookAtHooksAsync(Repository repository, CancellationToken cancellationToken)
    {
        var hooks = await history.HooksAsync(repository, cancellationToken);
        string About(ForgeHook hook) => $"{Name(history.Kind)}:{repository.Id}:{hook.Id}";
        await EndAlarmsOfOthersAsync($"{Name(history.Kind)}:{repository.Id}:", [.. hooks.Select(About)], cancellationToken);
        foreach (var hook in hooks)
        {
            var about = About(hook);
            if (hook.State != HookState.On)
                await SwitchOnAsync(hook, repository, about, cancellationToken);
            else if (await table.EndAlarmAsync(about, cancellationToken))
                Log.HookIsOn(logger, repository.FullName, history.Kind);
            await CatchUpAsync(hook, about, cancellationToken);
        }
    }

    /// <summary>A hook that was removed is nobody's concern any more.</summary>
    private async Task EndAlarmsOfOthersAsync(string prefix, IReadOnlyList<string> hooks, CancellationToken cancellationToken)
    {
        foreach (var about in (await table.AlarmsAsync(cancellationToken)).Keys.Where(about => about.StartsWith(prefix, StringComparison.Ordinal) && !hooks.Contains(about, StringComparer.Ordinal)))
            await table.EndAlarmAsync(about, cancellationToken);
    }

    private async Task SwitchOnAsync(ForgeHook hook, Repository repository, string about, CancellationToken cancellationToken)
    {
        var found = hook.State == HookState.Paused ? "has paused" : "has switched off";
        var words = $"{history.Kind} {found} the webhook {hook.Id} of {repository.FullName} because the bot did not answer it";
        var isNew = await table.RaiseAsync(about, words, cancellationToken);
        if (isNew)
            await NoteAsync("hook_disabled", words, cancellationToken);
        try
        {
            if ((await history.EnableAsync(hook, cancellationToken)).State != HookState.On)
                return;
        }
        catch (ForgeException refusal) when (refusal.Problem != ForgeProblem.RateLimited)
        {
            if (isNew)
                Log.NotSwitchedOn(logger, hook.Id, repository.FullName, refusal.Message);
            return;
        }
        await table.EndAlarmAsync(about, cancellationToken);
        await NoteAsync("hook_enabled", $"the webhook {hook.Id} of {repository.FullName} on {history.Kind} was tested and is on again", cancellationToken);
        Log.SwitchedOn(logger, history.Kind, found, hook.Id, repository.FullName);
    }

    private async Task NoteAsync(string act, string details, CancellationToken cancellationToken)
    {
        var row = await store.Control.NoteAsync("qmoi", act, details, cancellationToken);
        Audited?.Invoke(row);
    }

    /// <summary>Takes what was written into the audit.</summary>
    public Action<AuditRow>? Audited { get; init; }

    private async Task CatchUpAsync(ForgeHook hook, string about, CancellationToken cancellationToken)
    {
        var mark = "history:" + about;
        var before = await table.MarkAsync(mark, cancellationToken);
        var sent = new List<SentDelivery>();
        try
        {
            await foreach (var page in history.DeliveriesAsync(hook, before, cancellationToken))
                sent.AddRange(page);
        }
        catch (ForgeException cut) when (cut.Problem == ForgeProblem.Invalid && sent.Count > 0)
        {
            // Endless pages, or one on another host. What was read counts; the state is looked at anyway.
            Log.Cut(logger, history.Kind, cut.Message);
        }
        // However long the list is: else a sweep that ended with it would be followed by one that does the same.
        if (hook.Repository is null)
            unlimited += history.RequestCount;
        // Redeliveries share the id of the first: one that was answered well is enough. The newest comes first.
        var missed = sent.GroupBy(delivery => delivery.DeliveryId ?? $"#{delivery.Handle}", StringComparer.Ordinal).Where(group => !group.Any(delivery => delivery.IsAcknowledged)).Select(group => group.First()).Reverse().ToList();
        var known = await table.KnownAsync(history.Kind, [.. missed.Select(delivery => delivery.DeliveryId).OfType<string>()], cancellationToken);
        foreach (var delivery in missed.Where(delivery => delivery.DeliveryId is null || !known.Contains(delivery.DeliveryId)))
        {
            if (IsSpent || !await goOn(cancellationToken))
            {
                Left.Add($"deliveries of {history.Kind}");
                return;
            }
            // Gone meanwhile: too old.
            if (await history.ReadAsync(hook, delivery, cancellationToken) is { } request)
                await StoreAsync(request, delivery.DeliveryId ?? $"#{delivery.Handle}", hook.Repository, cancellationToken);
        }
        if (sent.Count > 0 && sent.Max(delivery => delivery.Position) is var last && last > (before ?? 0))
            await table.SetAsync(mark, last, cancellationToken);
    }

    // ---- state

    /// <summary>What has ended since the last look and was told by no delivery: failed pipelines, pipelines that the bot waits for, merge requests of fixes.</summary>
    /// <remarks>Comments are to be looked for here too, once they hold commands: only those of the last hour, as an older command is not run (threats.md, Commands).</remarks>
    private async Task ReconcileAsync(KnownRepository known, CancellationToken cancellationToken)
    {
        var (repository, now) = (known.Repository, history.Now);
        var since = known.LookedUntil ?? known.FirstSeenAt;
        if (since < now - Furthest)
            since = now - Furthest;
        // Noted while this machine's clock was ahead.
        if (since > now)
            since = now - ClockDifference;
        var (from, until) = (since - Overlap, now - OnItsWay);
        Repositories++;

        var ended = new List<ForgeChange>(await history.FailedPipelinesAsync(repository, from, cancellationToken));
        var open = await table.OpenAttemptsAsync(repository, now - Seen, cancellationToken);
        var awaited = open.Where(attempt => attempt.State != AttemptState.Verified && attempt.UpdatedAt >= now - Furthest).ToList();
        foreach (var head in awaited.Where(attempt => attempt is { State: AttemptState.Delivered, FixHead: not null }).Select(attempt => attempt.FixHead!.Value).Distinct().Take(MaxAwaited))
            ended.AddRange(await history.EndedPipelinesAsync(repository, head, cancellationToken));
        foreach (var pipeline in awaited.Where(attempt => attempt.State != AttemptState.Delivered).Select(attempt => attempt.PipelineId).Distinct().Take(MaxAwaited))
            if (await history.EndedPipelineAsync(repository, pipeline, cancellationToken) is { } change)
                ended.Add(change);
        if (open.Any(attempt => attempt is { State: AttemptState.Delivered or AttemptState.Verified, MergeRequestNumber: not null, FixBranch: not null }))
        {
            ended.AddRange(await history.ClosedMergeRequestsAsync(repository, from, PipelineRepair.BranchPrefix, cancellationToken));
        }

        var candidates = ended.Where(change => change.At >= from && change.At <= until).DistinctBy(change => change.Key, StringComparer.Ordinal).OrderBy(change => change.At).ToList();
        if (candidates.Count > 0)
        {
            var told = (await table.TellingAsync(repository, from - ClockDifference, cancellationToken)).Select(stored => history.KeyOf(stored.Event, stored.Body)).OfType<string>().ToHashSet(StringComparer.Ordinal);
            foreach (var change in candidates.Where(change => !told.Contains(change.Key)))
                if (await history.DescribeAsync(repository, change, cancellationToken) is { } described && told.Add(described.Key))
                    await StoreAsync(described.Request, described.Key, repository, cancellationToken);
        }
        await table.LookedAsync(repository, until > since ? until : since, cancellationToken);
    }

    // ---- the same way as a webhook's

    /// <remarks>
    /// A webhook proves itself by a signature over its bytes, which a forge does not keep. This came in the answer to a request of our own, over our own connection to the address that the
    /// settings name: as authentic as everything else that is read from the forge, and never more than that.
    /// </remarks>
    private async Task StoreAsync(RecordedRequest request, string name, Repository? of, CancellationToken cancellationToken)
    {
        if (request.Problem is not null)
        {
            Skip(name, request.Problem);
            return;
        }
        var headers = new RecordedHeaders(request.Headers);
        if (format.ReadEnvelope(headers, request.Body.Span, out var problem) is not { } envelope)
        {
            Skip(name, problem ?? "it cannot be read");
            return;
        }
        if (envelope.IsPing)
            return;
        if (of is not null && envelope.RepositoryId != of.Id)
        {
            Skip(name, $"it was sent by a hook of {of.FullName} and is about another repository");
            return;
        }
        switch (await store.InsertAsync(new NewDelivery(history.Kind, envelope, format.Kept(headers), request.Body, clock.GetUtcNow()), cancellationToken))
        {
            case InsertResult.Stored:
                Missed++;
                Recovered.Add((history.Kind, envelope.DeliveryId));
                break;
            default:
                // It came meanwhile.
                break;
        }
    }

    private void Skip(string name, string reason)
    {
        Missed++;
        Skipped.Add($"{name}: {reason}");
        Log.Skipped(logger, name, history.Kind, reason);
    }

    private static string Name(ForgeKind forge) => SqlStore.Name(forge);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Catching up: {What} on {Forge} cannot be looked at: {Reason}. Not asked again until the next start; what else can be seen is looked at")]
        public static partial void Refused(ILogger logger, string what, ForgeKind forge, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Catching up: the deliveries that {Forge} lists were not read to the end: {Reason}")]
        public static partial void Cut(ILogger logger, ForgeKind forge, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Catching up: the delivery {Name} of {Forge} is skipped: {Reason}")]
        public static partial void Skipped(ILogger logger, string name, ForgeKind forge, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Forge} {Found} the webhook {Hook} of {Repository}; it was tested and is on again")]
        public static partial void SwitchedOn(ILogger logger, ForgeKind forge, string found, long hook, string repository);

        [LoggerMessage(Level = LogLevel.Error, Message = "The webhook {Hook} of {Repository} is off and could not be switched on: {Reason}")]
        public static partial void NotSwitchedOn(ILogger logger, long hook, string repository, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "The webhook of {Repository} on {Forge} is on again")]
        public static partial void HookIsOn(ILogger logger, string repository, ForgeKind forge);
    }
}
