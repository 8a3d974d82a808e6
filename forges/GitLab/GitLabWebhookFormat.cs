using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitLab;

/// <summary>
/// Deliveries of GitLab. A hook with a signing token (GitLab 19.0 and later) must come with a valid <c>webhook-signature</c>; any other one with its secret in
/// <c>X-Gitlab-Token</c>. The configuration decides which, never the delivery.
/// </summary>
public sealed class GitLabWebhookFormat : IWebhookFormat
{
    private const string KeyPrefix = "whsec_";
    private const string SignatureVersion = "v1,";
    internal const string OfProject = "?project=";
    internal const string OfGroup = "?group=";
    private const int MaxSignatures = 8;
    private const int MaxSignatureHeader = 4096;
    private const int MaxKeys = 8;
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(300);

    public ForgeKind Forge => ForgeKind.GitLab;

    public IReadOnlyList<string> KeptHeaders { get; } =
    [
        "content-type", "idempotency-key", "user-agent", "webhook-id", "webhook-timestamp", "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-instance",
        "x-gitlab-webhook-uuid",
    ];

    /// <summary>GitLab does not tell in its headers; the address that the webhook was given does.</summary>
    public HookOwner? SentBy(WebhookHeaders headers, string query) => query switch
    {
        _ when query.StartsWith(OfProject, StringComparison.Ordinal) && DeliveryIds.TryNumber(query[OfProject.Length..], out var id) => new HookOwner(ForgeKind.GitLab, IsGroup: false, id),
        _ when query.StartsWith(OfGroup, StringComparison.Ordinal) && DeliveryIds.TryNumber(query[OfGroup.Length..], out var id) => new HookOwner(ForgeKind.GitLab, IsGroup: true, id),
        _ => null,
    };

    public VerificationResult Verify(WebhookHeaders headers, ReadOnlySpan<byte> body, WebhookSecrets secrets, DateTimeOffset now)
    {
        var isUnsigned = headers.All("webhook-signature").Count == 0;
        if (secrets.SigningTokens.Count == 0 || (isUnsigned && now < secrets.WeakerUntil)) return HasToken(headers, secrets.Secrets) ? VerificationResult.Verified : VerificationResult.Refused;
        if (!HasSignature(headers, body, secrets.SigningTokens, out var sentAt)) return VerificationResult.Refused;
        return Math.Abs(now.ToUnixTimeSeconds() - sentAt) <= (long)Tolerance.TotalSeconds ? VerificationResult.Verified : VerificationResult.OtherTime;
    }

    private static bool HasSignature(WebhookHeaders headers, ReadOnlySpan<byte> body, IReadOnlyList<string> signingTokens, out long sentAt)
    {
        sentAt = 0;
        var signatures = headers.One("webhook-signature");
        var id = headers.One("webhook-id");
        var timestamp = headers.One("webhook-timestamp");
        if (string.IsNullOrEmpty(signatures) || signatures.Length > MaxSignatureHeader) return false;
        // A point would let the id run over into the timestamp.
        if (!DeliveryIds.IsSane(id) || id!.Contains('.', StringComparison.Ordinal)) return false;
        if (!IsSeconds(timestamp, out sentAt)) return false;

        Span<byte> sent = stackalloc byte[MaxSignatures * SHA256.HashSizeInBytes];
        sent = sent[..(ReadSignatures(signatures, sent) * SHA256.HashSizeInBytes)];
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        var isVerified = false;
        for (var i = 0; i < signingTokens.Count && i < MaxKeys; i++)
        {
            if (!TrySign(signingTokens[i], id, timestamp!, body, expected)) continue;
            for (var at = 0; at < sent.Length; at += expected.Length)
                isVerified |= CryptographicOperations.FixedTimeEquals(sent.Slice(at, expected.Length), expected);
        }

        return isVerified;
    }

    private static bool IsSeconds(string? timestamp, out long seconds)
    {
        seconds = 0;
        return timestamp is { Length: > 0 and <= 11 } && !timestamp.AsSpan().ContainsAnyExceptInRange('0', '9') && long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out seconds);
    }

    private static int ReadSignatures(string header, Span<byte> into)
    {
        var (looked, read) = (0, 0);
        foreach (var range in header.AsSpan().Split(' '))
        {
            var entry = header.AsSpan(range);
            if (!entry.StartsWith(SignatureVersion, StringComparison.Ordinal)) continue;
            if (++looked > MaxSignatures) break;
            var text = entry[SignatureVersion.Length..];
            var isSignature = text.Length == 44 && Convert.TryFromBase64Chars(text, into[(read * SHA256.HashSizeInBytes)..], out var length) && length == SHA256.HashSizeInBytes;
            if (isSignature) read++;
        }

        return read;
    }

    private static bool TrySign(string signingToken, string id, string timestamp, ReadOnlySpan<byte> body, Span<byte> signature)
    {
        Span<byte> key = stackalloc byte[256];
        if (!signingToken.StartsWith(KeyPrefix, StringComparison.Ordinal)) return false;
        if (!Convert.TryFromBase64Chars(signingToken.AsSpan(KeyPrefix.Length), key, out var keyLength) || keyLength == 0) return false;

        Span<byte> prefix = stackalloc byte[256];
        var length = Encoding.ASCII.GetBytes(id, prefix);
        prefix[length++] = (byte)'.';
        length += Encoding.ASCII.GetBytes(timestamp, prefix[length..]);
        prefix[length++] = (byte)'.';
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key[..keyLength]);
        hash.AppendData(prefix[..length]);
        hash.AppendData(body);
        hash.GetHashAndReset(signature);
        return true;
    }

    private static bool HasToken(WebhookHeaders headers, IReadOnlyList<string> secrets)
    {
        var token = headers.One("X-Gitlab-Token");
        if (string.IsNullOrEmpty(token) || token.Length > 1024) return false;
        // Compared as digests, so that the time tells nothing of the length.
        Span<byte> sent = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        Digest(token, sent);
        var isVerified = false;
        for (var i = 0; i < secrets.Count; i++)
        {
            if (string.IsNullOrEmpty(secrets[i])) continue;
            Digest(secrets[i], expected);
            isVerified |= CryptographicOperations.FixedTimeEquals(sent, expected);
        }

        return isVerified;
    }

    private static void Digest(string text, Span<byte> digest)
    {
        Span<byte> buffer = stackalloc byte[512];
        var bytes = Encoding.UTF8.TryGetBytes(text, buffer, out var length) ? buffer[..length] : Encoding.UTF8.GetBytes(text);
        SHA256.HashData(bytes, digest);
    }

    public Envelope? ReadEnvelope(WebhookHeaders headers, ReadOnlySpan<byte> body, out string? problem)
    {
        try
        {
            var reader = new StrictJsonReader(body, stackalloc ulong[512]);
            string? objectKind = null, eventName = null, name = null, branch = null, defaultBranch = null;
            long? projectId = null, nestedId = null;
            var (isInProject, isInObject) = (false, false);
            if (reader.Read() && reader.TokenType != JsonTokenType.StartObject) return Unreadable("The body is not a JSON object.", out problem);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName) continue;
                if (reader.Depth == 1)
                {
                    isInProject = reader.Is("project"u8);
                    isInObject = reader.Is("object_attributes"u8);
                    if (reader.Is("object_kind"u8)) objectKind = Text(ref reader);
                    else if (reader.Is("event_name"u8)) eventName = Text(ref reader);
                    else if (reader.Is("project_id"u8)) projectId = Id(ref reader);
                    else if (reader.Is("path_with_namespace"u8)) name = Text(ref reader);
                }
                else if (reader.Depth == 2 && isInProject)
                {
                    if (reader.Is("id"u8)) nestedId = Id(ref reader);
                    else if (reader.Is("path_with_namespace"u8)) name = Text(ref reader);
                    else if (reader.Is("default_branch"u8)) defaultBranch = TextOrNull(ref reader);
                }
                else if (reader.Depth == 2 && isInObject && reader.Is("ref"u8))
                {
                    branch = TextOrNull(ref reader);
                }
            }

            var kind = objectKind ?? eventName;
            if (!DeliveryIds.IsEventName(kind)) return Unreadable("The body has neither object_kind nor event_name.", out problem);
            if (projectId is not null && nestedId is not null && projectId != nestedId) return Unreadable("project_id and project.id differ.", out problem);
            if (DeliveryId(headers, body) is not { } deliveryId) return Unreadable("webhook-id, Idempotency-Key and X-Gitlab-Event-UUID are missing or malformed.", out problem);
            problem = null;
            return new Envelope(deliveryId, kind!, nestedId ?? projectId, name, IsPing: false, IsOfDefaultBranch: kind == "pipeline" && branch is not null && branch == defaultBranch);
        }
        catch (JsonException e)
        {
            return Unreadable(e.Message, out problem);
        }
    }

    /// <summary>A pipeline is told at each step, and where its state stands is not fixed: all of it is read.</summary>
    public string? WhyIgnored(string eventName, ReadOnlySpan<byte> body)
    {
        try
        {
            return (ReadEvent(eventName, body) as ForgeEvent.Nothing)?.Reason;
        }
        catch (FormatException)
        {
            // For the worker to find and to say.
            return null;
        }
    }

    public ForgeEvent ReadEvent(string eventName, ReadOnlySpan<byte> body) => GitLabEvents.Read(eventName, body);

    // webhook-id is the one that a signature covers; Idempotency-Key has the same value. Hooks that set each other off share one event UUID,
    // so it only counts together with the body.
    private static string? DeliveryId(WebhookHeaders headers, ReadOnlySpan<byte> body)
    {
        if (headers.One("webhook-id") is { } id && DeliveryIds.IsSane(id)) return id;
        if (headers.One("Idempotency-Key") is { } key && DeliveryIds.IsSane(key)) return key;
        if (headers.One("X-Gitlab-Event-UUID") is not { Length: <= 100 } uuid || !DeliveryIds.IsSane(uuid)) return null;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, digest);
        return $"{uuid}-{Convert.ToHexStringLower(digest)}";
    }

    private static long? Id(ref StrictJsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var id) && id > 0
            ? id
            : throw new JsonException("The project's id is not a positive whole number.");
    }

    private static string? Text(ref StrictJsonReader reader)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => reader.GetString(),
            _ => throw new JsonException("A name in the body is not text."),
        };
    }

    /// <summary><c>null</c> for whatever is not text: what is wrong with it is said after storage.</summary>
    private static string? TextOrNull(ref StrictJsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }

    private static Envelope? Unreadable(string words, out string? problem)
    {
        problem = words;
        return null;
    }
}
