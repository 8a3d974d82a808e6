using System.Collections.Frozen;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Hooks;

/// <summary>What one webhook is known by.</summary>
/// <param name="Path">Of the repository or group when it was installed; what lies below a group is told by it.</param>
public sealed record KnownHook(HookOwner Owner, string Path, HookKeys Keys, DateTimeOffset? OldUntil, DateTimeOffset? WeakerUntil)
{
    public WebhookSecrets At(DateTimeOffset now) =>
        now < OldUntil ? new(Keys.Secrets, Keys.SigningTokens, WeakerUntil) : new([.. Keys.Secrets.Take(1)], [.. Keys.SigningTokens.Take(1)], WeakerUntil);

    /// <summary>It was made a moment ago: what was sent before that is proved by the secrets of the settings, and still counts.</summary>
    public bool IsNew(DateTimeOffset now) => Keys.Secrets.Count == 1 && now < OldUntil;

    /// <summary>Its webhook may tell of this. What names no repository concerns none.</summary>
    public bool Covers(Envelope envelope) => envelope.RepositoryId is null
        ? Owner.IsGroup || envelope.IsPing
        : Owner.IsGroup ? envelope.RepositoryName?.StartsWith(Path + "/", StringComparison.OrdinalIgnoreCase) == true : envelope.RepositoryId == Owner.Id;
}

/// <summary>
/// The secrets of single webhooks, as this process knows them: looked up every few seconds, and at once where a proof does not hold, so that they change without a restart.
/// </summary>
public sealed partial class HookSecrets(HookTable table, BotSettings settings, TimeProvider clock, ILogger<HookSecrets> logger) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim looking = new(1);
    private volatile View known = View.Empty;
    private long? lookedAgainAt;

    /// <summary><c>null</c> where it has no secret of its own: then those of the settings count.</summary>
    public KnownHook? Find(HookOwner? owner) => owner is null ? null : known.Hooks.GetValueOrDefault(owner);

    /// <summary>There is a webhook with a secret of its own that tells of this repository: no other proof counts for it.</summary>
    public bool IsToldByItsOwn(ForgeKind forge, Envelope envelope, DateTimeOffset now)
    {
        if (envelope.RepositoryId is not { } id)
            return false;
        var hook = Find(new HookOwner(forge, IsGroup: false, id)) ?? known.Groups.FirstOrDefault(group => group.Owner.Forge == forge && group.Covers(envelope));
        return hook?.IsNew(now) == false;
    }

    /// <summary>Some of its webhooks have a secret of their own.</summary>
    public bool Has(ForgeKind forge) => known.Hooks.Keys.Any(owner => owner.Forge == forge);

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await LookAsync(stop);
                await Task.Delay(LookEvery, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The bot stops.
        }
    }

    public Task LookAsync(CancellationToken cancellationToken) => LookAsync(isAgain: false, cancellationToken);

    /// <summary>Whether something else is known now. A flood of bad proofs asks the store ten times a second.</summary>
    public Task<bool> LookAgainAsync() => LookAsync(isAgain: true, CancellationToken.None);

    private async Task<bool> LookAsync(bool isAgain, CancellationToken cancellationToken)
    {
        var before = known;
        // Nobody waits long for a store that stands still: what is asked for again is not proved yet.
        if (!await looking.WaitAsync(isAgain ? LongestWait : Timeout.InfiniteTimeSpan, cancellationToken))
            return known != before;
        try
        {
            // Somebody else has looked while this one waited.
            if (known != before)
                return true;
            if (isAgain && lookedAgainAt is { } last && clock.GetElapsedTime(last) < LookAgainAfter)
                return false;
            if (isAgain)
                lookedAgainAt = clock.GetTimestamp();
            var version = await table.VersionAsync(cancellationToken);
            if (version == known.Version)
                return false;
            known = await ReadAsync(version, await table.AllAsync(cancellationToken), cancellationToken);
            return true;
        }
        catch (StoreUnavailableException)
        {
            // Nothing can be stored either, which is told.
            return false;
        }
        finally
        {
            looking.Release();
        }
    }

    public void Dispose() => looking.Dispose();

    private async Task<View> ReadAsync((long, long) version, IReadOnlyList<HookRow> rows, CancellationToken cancellationToken)
    {
        var hooks = new Dictionary<HookOwner, KnownHook>();
        foreach (var row in rows)
        {
            // One that cannot be read verifies nothing, and the weaker proof must not count in its place.
            var keys = await OpenAsync(row, cancellationToken) ?? new HookKeys([], []);
            hooks[row.Owner] = new KnownHook(row.Owner, row.Path, keys, row.OldUntil, row.WeakerUntil);
        }
        return new View(version, hooks.ToFrozenDictionary(), [.. hooks.Values.Where(hook => hook.Owner.IsGroup)]);
    }

    /// <summary>What an older key has encrypted is encrypted with the newest one, so that the older one can be given up.</summary>
    private async Task<HookKeys?> OpenAsync(HookRow row, CancellationToken cancellationToken)
    {
        try
        {
            var seal = CredentialKey.ToRead(settings);
            if (HookKeys.Open(row.Sealed, seal) is not { } keys)
            {
                Log.Unreadable(logger, row.Path, row.Owner.Forge, "what is stored is damaged");
                return null;
            }
            if (!seal.IsOfNewestKey(row.Sealed))
                await table.SealAgainAsync(row, keys.Seal(seal), cancellationToken);
            return keys;
        }
        catch (Exception missing) when (missing is KeyMissingException or SettingsException)
        {
            Log.Unreadable(logger, row.Path, row.Owner.Forge, missing.Message);
            return null;
        }
    }

    private sealed record View((long, long) Version, FrozenDictionary<HookOwner, KnownHook> Hooks, IReadOnlyList<KnownHook> Groups)
    {
        public static View Empty { get; } = new((0, 0), FrozenDictionary<HookOwner, KnownHook>.Empty, []);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The webhook secret of {Path} on {Forge} cannot be read, so all its deliveries are refused: {Reason}. Give the key again, or run 'qmoi install' for it")]
        public static partial void Unreadable(ILogger logger, string path, ForgeKind forge, string reason);
    }
}
