using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>Deliveries of GitHub: the proof is an HMAC-SHA256 over the raw body; the headers, with the event's name and the delivery's id, are not signed.</summary>
public sealed class GitHubWebhookFormat : IWebhookFormat
{
    private const string SignaturePrefix = "sha256=";

    public ForgeKind Forge => ForgeKind.GitHub;

    public IReadOnlyList<string> KeptHeaders { get; } =
    [
        "content-type", "user-agent", "x-github-delivery", "x-github-event", "x-github-hook-id",
        "x-github-hook-installation-target-id", "x-github-hook-installation-target-type",
    ];

    public HookOwner? SentBy(WebhookHeaders headers, string query) =>
        headers.One("X-GitHub-Hook-Installation-Target-Type") is { } type && type is "repository" or "organization" && DeliveryIds.TryNumber(headers.One("X-GitHub-Hook-Installation-Target-ID"), out var id)
            ? new HookOwner(ForgeKind.GitHub, IsGroup: type == "organization", id)
            : null;

    public VerificationResult Verify(WebhookHeaders headers, ReadOnlySpan<byte> body, WebhookSecrets secrets, DateTimeOffset now)
    {
        var signature = headers.One("X-Hub-Signature-256");
        if (signature is null || signature.Length != SignaturePrefix.Length + 2 * SHA256.HashSizeInBytes) return VerificationResult.Refused;
        if (!signature.StartsWith(SignaturePrefix, StringComparison.Ordinal)) return VerificationResult.Refused;

        Span<byte> sent = stackalloc byte[SHA256.HashSizeInBytes];
        var status = Convert.FromHexString(signature.AsSpan(SignaturePrefix.Length), sent, out _, out var length);
        if (status != OperationStatus.Done || length != sent.Length) return VerificationResult.Refused;

        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> keyBuffer = stackalloc byte[512];
        var isVerified = false;
        for (var i = 0; i < secrets.Secrets.Count; i++)
        {
            var secret = secrets.Secrets[i];
            if (string.IsNullOrEmpty(secret)) continue;
            var key = Encoding.UTF8.TryGetBytes(secret, keyBuffer, out var keyLength) ? keyBuffer[..keyLength] : Encoding.UTF8.GetBytes(secret);
            HMACSHA256.HashData(key, body, expected);
            isVerified |= CryptographicOperations.FixedTimeEquals(sent, expected);
        }

        return isVerified ? VerificationResult.Verified : VerificationResult.Refused;
    }

    public Envelope? ReadEnvelope(WebhookHeaders headers, ReadOnlySpan<byte> body, out string? problem)
    {
        var eventName = headers.One("X-GitHub-Event");
        var deliveryId = headers.One("X-GitHub-Delivery");
        if (!DeliveryIds.IsEventName(eventName)) return Unreadable("X-GitHub-Event is missing or malformed.", out problem);
        if (!DeliveryIds.IsSane(deliveryId)) return Unreadable("X-GitHub-Delivery is missing or malformed.", out problem);
        try
        {
            var reader = new StrictJsonReader(body, stackalloc ulong[512]);
            long? repositoryId = null;
            string? repositoryName = null, branch = null, defaultBranch = null;
            var hasZen = false;
            var (isInRepository, isInRun) = (false, false);
            if (reader.Read() && reader.TokenType != JsonTokenType.StartObject) return Unreadable("The body is not a JSON object.", out problem);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName) continue;
                if (reader.Depth == 1)
                {
                    isInRepository = reader.Is("repository"u8);
                    isInRun = reader.Is("workflow_run"u8) || reader.Is("workflow_job"u8);
                    hasZen |= reader.Is("zen"u8);
                }
                else if (reader.Depth == 2 && isInRun)
                {
                    if (reader.Is("head_branch"u8)) branch = TextOrNull(ref reader);
                }
                else if (reader.Depth == 2 && isInRepository)
                {
                    if (reader.Is("default_branch"u8)) defaultBranch = TextOrNull(ref reader);
                    else if (reader.Is("id"u8))
                    {
                        reader.Read();
                        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var id) || id <= 0)
                            return Unreadable("repository.id is not a positive whole number.", out problem);
                        repositoryId = id;
                    }
                    else if (reader.Is("full_name"u8))
                    {
                        reader.Read();
                        if (reader.TokenType != JsonTokenType.String) return Unreadable("repository.full_name is not text.", out problem);
                        repositoryName = reader.GetString();
                    }
                }
            }

            problem = null;
            return new Envelope(deliveryId!, eventName!, repositoryId, repositoryName, IsPing: hasZen && eventName == "ping", IsOfDefaultBranch: branch is not null && branch == defaultBranch);
        }
        catch (JsonException e)
        {
            return Unreadable(e.Message, out problem);
        }
    }

    public string? WhyIgnored(string eventName, ReadOnlySpan<byte> body) => GitHubEvents.WhyIgnored(eventName, body);

    public ForgeEvent ReadEvent(string eventName, ReadOnlySpan<byte> body) => GitHubEvents.Read(eventName, body);

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
