using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>What the API says to one request.</summary>
internal sealed record Answer(int Status, JsonNode? Json)
{
    public static JsonSerializerOptions JsonOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public ReadOnlyMemory<byte> Bytes { get; init; }
    public string ContentType { get; init; } = "application/json; charset=utf-8";
    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    public static Answer Ok(JsonNode? json) => new(200, json);
    public static Answer Created(JsonNode? json) => new(201, json);
    public static Answer Accepted(JsonNode? json) => new(202, json);
    public static Answer NoContent() => new(204, (JsonNode?)null);
    public static Answer Of(ReadOnlyMemory<byte> bytes, string contentType) => new(200, (JsonNode?)null) { Bytes = bytes, ContentType = contentType };

    public static Answer Redirect(string location)
    {
        var answer = new Answer(302, (JsonNode?)null);
        answer.Headers["Location"] = location;
        return answer;
    }
}

/// <summary>Ends a request with an error in the forge's words.</summary>
internal sealed class ApiError(int status, JsonNode body) : Exception
{
    public Answer Answer { get; } = new(status, body);
}

/// <summary>Ends a request without an answer.</summary>
internal sealed class ConnectionBroken : Exception;
