using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>
/// Lists whose items hold what somebody else wrote, such as recorded deliveries: read as they are, item by item, so that one that cannot be used costs itself and not the page. What is
/// taken from them goes through the strict reader of deliveries like everything that arrives.
/// </summary>
[JsonSourceGenerationOptions(MaxDepth = 512)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(IReadOnlyList<JsonElement>))]
internal sealed partial class RecordedJson : JsonSerializerContext
{
    /// <summary><c>null</c> where it is not what it should be.</summary>
    public static T? TryRead<T>(JsonElement item, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return item.Deserialize(type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static JsonElement? Property(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? value : null;

    public static string? Text(JsonElement item, string name) => Property(item, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>The items of a list, in an object by that name or as they are.</summary>
    public static IReadOnlyList<JsonElement> Items(JsonElement answer, string? name)
    {
        var list = name is null ? answer : Property(answer, name);
        return list is { ValueKind: JsonValueKind.Array } items
            ? [.. items.EnumerateArray()]
            : throw new ForgeException(ForgeProblem.ServerError, "The forge's answer is not the list that was asked for.");
    }

    /// <param name="headers">An object of names and texts; what else stands there is left out.</param>
    /// <param name="payload">The body, which has to be an object.</param>
    public static RecordedRequest Request(JsonElement? headers, JsonElement? payload)
    {
        if (payload is not { ValueKind: JsonValueKind.Object } body) return RecordedRequest.Unreadable(payload is null ? "the forge has not kept what it sent" : "what the forge has kept is not a JSON object");
        var kept = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (headers is { ValueKind: JsonValueKind.Object } given)
        {
            foreach (var header in given.EnumerateObject().Where(header => header.Value.ValueKind == JsonValueKind.String)) kept[header.Name] = header.Value.GetString()!;
        }

        return new RecordedRequest(kept, System.Text.Encoding.UTF8.GetBytes(body.GetRawText()));
    }

    /// <summary>True for an address that ends in the bot's own path, wherever the bot is reached.</summary>
    public static bool LeadsTo(string path, string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && url.AbsolutePath.TrimEnd('/').EndsWith(path, StringComparison.Ordinal);

    public static ReadOnlyMemory<byte> Source(JsonElement item) => System.Text.Encoding.UTF8.GetBytes(item.GetRawText());
}
