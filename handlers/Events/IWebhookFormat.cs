using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Events;

/// <summary>How one forge signs, names and shapes its deliveries. Called in this order, each once: verify, read the envelope; and after storage: read the event.</summary>
public interface IWebhookFormat
{
    ForgeKind Forge { get; }

    /// <summary>Headers to keep with the delivery for a replay, lower case. Never one that carries a token or a signature.</summary>
    IReadOnlyList<string> KeptHeaders { get; }

    /// <summary>Of a delivery's headers those to keep.</summary>
    IReadOnlyDictionary<string, string> Kept(WebhookHeaders headers) => KeptHeaders.Select(name => (Name: name, Value: headers.One(name))).Where(header => header.Value is not null)
        .ToDictionary(header => header.Name, header => header.Value!, StringComparer.Ordinal);

    /// <summary>Whose webhook it says it is sent by, so that its own secret can be looked up; nothing of that is proved. <c>null</c>: it does not say.</summary>
    /// <param name="query">Of the address it was sent to, with the question mark; may be empty.</param>
    HookOwner? SentBy(WebhookHeaders headers, string query);

    /// <summary>Proof over the raw bytes, before anything is parsed. Constant time; never throws, whatever the headers hold.</summary>
    VerificationResult Verify(WebhookHeaders headers, ReadOnlySpan<byte> body, WebhookSecrets secrets, DateTimeOffset now);

    /// <summary>One small strict reader: ids, event and repository. Null (with the reason) when unreadable or self-contradictory: then 400 and nothing is stored.</summary>
    Envelope? ReadEnvelope(WebhookHeaders headers, ReadOnlySpan<byte> body, out string? problem);

    /// <summary>Why nothing has to be done, as far as that can be told in little time; <c>null</c>: <see cref="ReadEvent"/> decides.</summary>
    string? WhyIgnored(string eventName, ReadOnlySpan<byte> body);

    /// <summary>What the stored delivery means. Everything foreign ends as <see cref="ForgeEvent.Nothing"/>; throws <see cref="FormatException"/> when a known event lacks what it must have.</summary>
    ForgeEvent ReadEvent(string eventName, ReadOnlySpan<byte> body);
}

/// <summary>Request headers with case-insensitive names; repeated headers are all there.</summary>
public abstract class WebhookHeaders
{
    /// <summary>The values of a header, empty when absent.</summary>
    public abstract IReadOnlyList<string> All(string name);

    /// <summary>The header's value when it is there exactly once, else <c>null</c>.</summary>
    public virtual string? One(string name) => All(name) is [var value] ? value : null;
}

/// <summary>OtherTime: the proof holds, but is of another time than now. It is refused too; either somebody sends it again, or a clock is off.</summary>
public enum VerificationResult { Verified, Refused, OtherTime }

/// <summary>Secrets valid now; two of each while one is being changed. An empty list verifies nothing.</summary>
/// <param name="SigningTokens">GitLab <c>whsec_…</c>; where there is any, the weaker proof is not looked at.</param>
/// <param name="WeakerUntil">Until then what comes without any signature may be proved by its secret all the same; <c>null</c>: never.</param>
public sealed record WebhookSecrets(IReadOnlyList<string> Secrets, IReadOnlyList<string> SigningTokens, DateTimeOffset? WeakerUntil = null)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"WebhookSecrets {{ {Secrets.Count} secrets, {SigningTokens.Count} signing tokens }}";
}

/// <summary>What storage needs to know of a delivery.</summary>
/// <param name="DeliveryId">As the forge sent it; at most 200 characters, printable ASCII.</param>
/// <param name="RepositoryId">The lane; <c>null</c> for events without a repository.</param>
/// <param name="IsPing">Answered 200 and not worked.</param>
/// <param name="IsOfDefaultBranch">About a pipeline of the default branch: worked before others.</param>
public sealed record Envelope(string DeliveryId, string EventName, long? RepositoryId, string? RepositoryName, bool IsPing, bool IsOfDefaultBranch = false);
