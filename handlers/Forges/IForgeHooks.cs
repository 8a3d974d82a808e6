namespace QMoi.Handlers.Forges;

/// <summary>The webhooks of repositories and groups, for those who may administer them. Throws <see cref="ForgeException"/>.</summary>
public interface IForgeHooks
{
    /// <param name="path"><c>owner/name</c>, or a group's path.</param>
    Task<HookPlace> FindAsync(string path, bool isGroup, CancellationToken cancellationToken);

    /// <summary>Where this webhook has to lead.</summary>
    /// <param name="bot">Where the bot is reached from the forge.</param>
    Uri Address(Uri bot, HookOwner owner);

    /// <summary>Those that lead to this bot. Throws <see cref="ForgeProblem.NotFound"/> or <see cref="ForgeProblem.Forbidden"/> where the bot may not administer webhooks.</summary>
    Task<IReadOnlyList<PlacedHook>> ListAsync(HookPlace place, Uri bot, CancellationToken cancellationToken);

    /// <summary>Makes the webhook, or changes the one that is there.</summary>
    Task<PlacedHook> PlaceAsync(HookPlace place, long? hookId, Uri bot, HookProof proof, CancellationToken cancellationToken);
}

/// <summary>A repository or group at its forge.</summary>
/// <param name="Path">As the forge writes it now.</param>
public sealed record HookPlace(HookOwner Owner, string Path);

/// <summary>A webhook as the forge has it.</summary>
/// <param name="IsOn">It is active, and the forge has not switched it off.</param>
/// <param name="MissingEvents">Of those that the bot needs.</param>
/// <param name="IsSigned">It signs what it sends; <c>null</c>: the forge does not say.</param>
public sealed record PlacedHook(long Id, Uri Url, bool IsOn, IReadOnlyList<string> MissingEvents, bool? IsSigned);

/// <summary>What one webhook proves itself by.</summary>
/// <param name="SigningToken">GitLab alone.</param>
public sealed record HookProof(string Secret, string? SigningToken)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => "HookProof";
}
