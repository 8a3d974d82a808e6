using System.Security.Cryptography;
using System.Text;
using QMoi.Handlers.Events;

namespace QMoi.Tests.Forges;

internal sealed class Headers(params (string Name, string Value)[] headers) : WebhookHeaders
{
    public override IReadOnlyList<string> All(string name) =>
        [.. headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];
}

internal static class Deliveries
{
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string GitHubSignature(string secret, byte[] body) => "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Bytes(secret), body));

    public static string GitHubSignature(string secret, string body) => GitHubSignature(secret, Bytes(body));

    public static string GitLabSignature(byte[] key, string id, string timestamp, byte[] body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. Bytes($"{id}.{timestamp}."), .. body]));
}
