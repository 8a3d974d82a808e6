namespace QMoi.Handlers.Forges;

/// <summary>
/// What a forge remembers of what it sent, and what has ended there since: how deliveries that were missed are found again. One object serves one sweep, so that its requests can be
/// counted. Every verb throws <see cref="ForgeException"/> when the forge cannot be asked or refuses; all but <see cref="EnableAsync"/> only read.
/// </summary>
public interface IForgeHistory
{
    ForgeKind Kind { get; }

    /// <summary>The forge's own time, as far as its answers have told it: this machine's clock may be off, and what ended there has ended by that one.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Requests sent so far.</summary>
    int RequestCount { get; }

    /// <summary>The hook that serves all repositories (of a GitHub App); <c>null</c> where each repository has its own.</summary>
    ForgeHook? OwnHook { get; }

    /// <summary>The repository's hooks that lead to this bot, by the path of their address.</summary>
    Task<IReadOnlyList<ForgeHook>> HooksAsync(Repository repository, CancellationToken cancellationToken);

    /// <summary>What was sent through a hook, newest first, a page at a time, as far back as the forge keeps it.</summary>
    /// <param name="after">The highest <see cref="SentDelivery.Position"/> that was looked at before: no older ones are asked for, but for a small overlap.</param>
    IAsyncEnumerable<IReadOnlyList<SentDelivery>> DeliveriesAsync(ForgeHook hook, long? after, CancellationToken cancellationToken);

    /// <summary>The request as it was sent; <c>null</c> when it has gone meanwhile.</summary>
    Task<RecordedRequest?> ReadAsync(ForgeHook hook, SentDelivery delivery, CancellationToken cancellationToken);

    /// <summary>Lets the forge try a hook that it has switched off, which switches it on again where the bot answers; the hook as it is then.</summary>
    Task<ForgeHook> EnableAsync(ForgeHook hook, CancellationToken cancellationToken);

    /// <summary>Pipelines that have failed since then.</summary>
    Task<IReadOnlyList<ForgeChange>> FailedPipelinesAsync(Repository repository, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Pipelines of a commit that have passed or failed.</summary>
    Task<IReadOnlyList<ForgeChange>> EndedPipelinesAsync(Repository repository, CommitSha head, CancellationToken cancellationToken);

    /// <summary>A pipeline that has passed or failed; <c>null</c> while it runs, when it ended otherwise or is gone.</summary>
    Task<ForgeChange?> EndedPipelineAsync(Repository repository, long pipelineId, CancellationToken cancellationToken);

    /// <summary>Merge requests from branches with that prefix that were closed or merged since then.</summary>
    Task<IReadOnlyList<ForgeChange>> ClosedMergeRequestsAsync(Repository repository, DateTimeOffset since, string branchPrefix, CancellationToken cancellationToken);

    /// <summary>The delivery that would have told the change, in the forge's own shape; <c>null</c> when what changed is gone. The same change always gives the same delivery id.</summary>
    Task<DescribedChange?> DescribeAsync(Repository repository, ForgeChange change, CancellationToken cancellationToken);

    /// <summary>False when the forge says that there is no such repository for the bot: deleted, or no longer in its reach. Asked by its id, whatever its name is now.</summary>
    Task<bool> IsReachableAsync(Repository repository, CancellationToken cancellationToken);

    /// <summary>The <see cref="ForgeChange.Key"/> of what a stored delivery tells; <c>null</c> for all that is no such change.</summary>
    string? KeyOf(string eventName, ReadOnlySpan<byte> body);
}

/// <param name="Repository"><c>null</c>: of all.</param>
public sealed record ForgeHook(Repository? Repository, long Id, HookState State);

/// <summary>Paused: the forge has stopped it for a while. Off: until a person, or a request that is answered, switches it on.</summary>
public enum HookState { On, Paused, Off }

/// <summary>One delivery as the forge lists it.</summary>
/// <param name="Handle">What <see cref="IForgeHistory.ReadAsync"/> needs; opaque elsewhere.</param>
/// <param name="DeliveryId">As it was sent; <c>null</c> where the forge does not tell.</param>
/// <param name="Position">Grows with time; comparable within one hook.</param>
/// <param name="IsAcknowledged">It was answered 2xx.</param>
/// <param name="Request">Where the list holds it already.</param>
public sealed record SentDelivery(long Handle, string? DeliveryId, long Position, bool IsAcknowledged, RecordedRequest? Request = null);

/// <param name="Problem">Why it cannot be used, in words; then there is no body.</param>
public sealed record RecordedRequest(IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body, string? Problem = null)
{
    public static RecordedRequest Unreadable(string problem) => new(new Dictionary<string, string>(StringComparer.Ordinal), default, problem);
}

/// <summary>Something ended on the forge.</summary>
/// <param name="Key">Names it; what ends again has another one.</param>
/// <param name="Source">The forge's own description; opaque elsewhere.</param>
public sealed record ForgeChange(string Key, DateTimeOffset At, ReadOnlyMemory<byte> Source);

/// <param name="Key">The change's key, which may be known better now.</param>
public sealed record DescribedChange(string Key, RecordedRequest Request);
