using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>Who requests are sent as, and what the forge lets them send.</summary>
internal abstract class ForgeAccount(ForgeLimits limits)
{
    public ForgeLimits Limits { get; } = limits;

    public abstract Task<ForgeCredential> GetCredentialAsync(CallLog calls, CancellationToken cancellationToken);

    /// <summary>The forge refused the credential. True where the next one will be another.</summary>
    public virtual bool Discard(ForgeCredential refused) => false;
}

internal sealed class FixedAccount(ForgeLimits limits, ForgeCredential credential) : ForgeAccount(limits)
{
    public override Task<ForgeCredential> GetCredentialAsync(CallLog calls, CancellationToken cancellationToken) => Task.FromResult(credential);
}

/// <summary>A header that authenticates. A class, not a record: nothing must print it.</summary>
internal sealed class ForgeCredential(string header, string value, string secret)
{
    public string Header { get; } = header;

    public string Value { get; } = value;

    /// <summary>The token itself, without the scheme.</summary>
    public string Secret { get; } = secret;

    /// <summary>So much this machine's clock was known to be ahead when it was made, where it tells a time.</summary>
    public TimeSpan Ahead { get; private init; }

    public static ForgeCredential Bearer(string token, TimeSpan ahead = default) => new("Authorization", $"Bearer {token}", token) { Ahead = ahead };
}
