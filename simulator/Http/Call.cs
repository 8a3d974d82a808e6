using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace QMoi.Simulator;

/// <summary>One API request, read.</summary>
internal sealed class Call(HttpContext context, IReadOnlyDictionary<string, string> values, JsonObject body, SimulatedUser user, string root, string apiRoot)
{
    /// <summary>Who asks.</summary>
    public SimulatedUser User => user;

    /// <summary>scheme://host:port the client used.</summary>
    public string Root => root;

    /// <summary>Where the client found the API: with /api/v3 or /api/v4 where it used that.</summary>
    public string ApiRoot => apiRoot;
    public JsonObject Body => body;
    public HttpRequest Request => context.Request;
    public CancellationToken Aborted => context.RequestAborted;

    public string this[string name] => values[name];

    /// <summary>The path has this part.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    public long Id(string name) => long.TryParse(values[name], out var id) ? id : -1;

    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>A field of the body, or else of the query; GitLab takes either.</summary>
    public string? Field(string name) => body[name] switch
    {
        null => Query(name),
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        var other => other.ToJsonString(),
    };

    public bool Accepts(string mediaType) => context.Request.Headers.Accept.ToString().Contains(mediaType, StringComparison.Ordinal);

    /// <returns>Null when the body is not a JSON object.</returns>
    public static async Task<JsonObject?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var copy = new MemoryStream();
        await request.Body.CopyToAsync(copy, cancellationToken);
        if (copy.Length == 0)
            return [];
        if (request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true)
        {
            copy.Position = 0;
            using var reader = new StreamReader(copy);
            var form = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(await reader.ReadToEndAsync(cancellationToken));
            return new JsonObject(form.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)field.Value.ToString())));
        }
        try
        {
            return JsonNode.Parse(copy.ToArray()) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
