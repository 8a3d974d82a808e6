using System.Text;
using System.Text.Json;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>What a forge says when it refuses: its words for people, and which problem they mean.</summary>
/// <param name="hide">Takes what must not be told out of them.</param>
internal sealed class ForgeRefusals(Func<string, string> hide)
{
    private const int MaxMessage = 300;

    /// <param name="secret">Was sent, and is not told.</param>
    public static ForgeException Of(ForgeHttp.Exchange exchange, string shown, TimeSpan? retryAfter, string? secret)
    {
        var said = exchange.Message;
        var problem = exchange.Status switch
        {
            429 => ForgeProblem.RateLimited,
            403 when retryAfter is not null => ForgeProblem.RateLimited,
            401 => ForgeProblem.Unauthorized,
            403 => ForgeProblem.Forbidden,
            404 or 410 => ForgeProblem.NotFound,
            409 => ForgeProblem.Conflict,
            400 or 422 when SaysExists(said) => ForgeProblem.Conflict,
            408 => ForgeProblem.Unreachable,
            >= 500 => ForgeProblem.ServerError,
            _ => ForgeProblem.Invalid,
        };
        var words = said.Length == 0 ? "no message" : said;
        if (secret is not null) words = words.Replace(secret, "***", StringComparison.Ordinal);
        return new ForgeException(problem, $"{shown}: {exchange.Status}, {words}", retryAfter);
    }

    // GitHub: "Reference already exists", "A pull request already exists for ..."; GitLab: "A branch called '...' already exists. ...".
    // "A file with this name already exists" is a wrong patch, not a second try.
    private static bool SaysExists(string message) =>
        message.Contains("already exists", StringComparison.OrdinalIgnoreCase) && !message.Contains("a file with this name", StringComparison.OrdinalIgnoreCase);

    /// <summary>Empty where it said nothing that can be read.</summary>
    public string MessageOf(byte[] body)
    {
        var words = new StringBuilder();
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                // GitHub: message, errors[].message; GitLab: message (text, list or field: list), error, error_description.
                foreach (var name in (ReadOnlySpan<string>)["message", "error", "error_description", "errors"])
                    if (document.RootElement.TryGetProperty(name, out var value)) Collect(value, words);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A proxy's page, not the forge's words.
        }

        return OneLine(words.ToString());
    }

    private static void Collect(JsonElement value, StringBuilder words)
    {
        if (words.Length > MaxMessage) return;
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                if (words.Length > 0) words.Append("; ");
                words.Append(value.GetString());
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Collect(item, words);
                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                    if (property.Name != "documentation_url") Collect(property.Value, words);
                break;
        }
    }

    /// <summary>A forge's words for people. Cut after everything is hidden: half a secret would not be recognised.</summary>
    public string OneLine(string words)
    {
        words = hide(words);
        var text = new StringBuilder(Math.Min(words.Length, MaxMessage));
        for (var i = 0; i < words.Length && text.Length < MaxMessage; i++)
            text.Append(char.IsControl(words[i]) || words[i] is '\u2028' or '\u2029' ? ' ' : words[i]);
        if (text.Length > 0 && char.IsHighSurrogate(text[^1])) text.Length--;
        return text.ToString().Trim();
    }
}
