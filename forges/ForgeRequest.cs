using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QMoi.Forges;

/// <summary>One request to the API.</summary>
/// <param name="Path">Below the API's URL, without leading slash; escaped; may have a query.</param>
internal sealed record ForgeRequest(HttpMethod Method, string Path)
{
    public byte[]? Json { get; private init; }

    public string Accept { get; init; } = "application/json";

    /// <summary>Sent again after a passing failure.</summary>
    public bool IsRepeatable { get; init; }

    /// <summary>Counts against our own limit of writes.</summary>
    public bool IsWrite { get; init; }

    /// <summary>The caller takes a redirect as an answer; else another host is refused.</summary>
    public bool TakesRedirect { get; init; }

    /// <summary>The caller reads the body as it comes.</summary>
    public bool TakesStream { get; init; }

    /// <summary>The next page, as the forge gave it; checked to be on the forge's own host.</summary>
    public Uri? Page { get; init; }

    public static ForgeRequest Get(string path) => new(HttpMethod.Get, path) { IsRepeatable = true };

    /// <summary>Makes something new: never repeated.</summary>
    public static ForgeRequest Post<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Post, path) { Json = JsonSerializer.SerializeToUtf8Bytes(body, type), IsWrite = true };

    public static ForgeRequest Post(string path) => new(HttpMethod.Post, path) { IsWrite = true };

    /// <summary>Sets something: the same twice as once.</summary>
    public static ForgeRequest Set<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type) =>
        new(method, path) { Json = JsonSerializer.SerializeToUtf8Bytes(body, type), IsWrite = true, IsRepeatable = true };

    public static ForgeRequest Delete(string path) => new(HttpMethod.Delete, path) { IsWrite = true, IsRepeatable = true };
}
