using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Hooks;

/// <summary>What one webhook proves itself by: the newest first, and the one before while it is being changed. Secret.</summary>
public sealed record HookKeys(IReadOnlyList<string> Secrets, IReadOnlyList<string> SigningTokens)
{
    private const string TokenPrefix = "whsec_";

    /// <summary>Made anew, those before it behind it.</summary>
    public static HookKeys New(bool withSigningToken, HookKeys? before) => new(
        [Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), .. before?.Secrets.Take(1) ?? []],
        withSigningToken ? [TokenPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), .. before?.SigningTokens.Take(1) ?? []] : []);

    public HookProof Newest => new(Secrets[0], SigningTokens.Count > 0 ? SigningTokens[0] : null);

    public byte[] Seal(StoredBody keys) => keys.Keep(JsonSerializer.SerializeToUtf8Bytes(this, HookKeysJson.Default.HookKeys));

    /// <summary><c>null</c> where the bytes are not what was sealed.</summary>
    /// <exception cref="KeyMissingException">They were sealed with a key that is not given.</exception>
    public static HookKeys? Open(byte[] kept, StoredBody keys)
    {
        try
        {
            return keys.TryRead(kept) is { } json ? JsonSerializer.Deserialize(json, HookKeysJson.Default.HookKeys) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"HookKeys {{ {Secrets.Count} secrets, {SigningTokens.Count} signing tokens }}";
}

[JsonSerializable(typeof(HookKeys))]
internal sealed partial class HookKeysJson : JsonSerializerContext;
