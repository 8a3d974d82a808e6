using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>A successful answer (or a redirect that was asked for).</summary>
internal sealed class ForgeAnswer(ForgeHttp.Exchange exchange, Uri apiUrl)
{
    public int Status => exchange.Status;

    public byte[] Body => exchange.Body;

    public HttpResponseHeaders Headers => exchange.Headers;

    public Stream? Stream => exchange.Stream;

    /// <summary>The answer says it has no body.</summary>
    public bool IsEmpty => exchange.IsEmpty;

    public string? Location => exchange.Location;

    public T Read<T>(JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(exchange.Body, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new ForgeException(ForgeProblem.ServerError, $"The forge's answer cannot be read: {e.Message}", inner: e);
        }
    }

    /// <summary>A page's neighbour by its <c>Link</c> header; one on another host is refused.</summary>
    public Uri? Link(string relation)
    {
        if (!exchange.Headers.NonValidated.TryGetValues("Link", out var values)) return null;
        foreach (var value in values)
        {
            foreach (var part in value.Split(','))
            {
                var (open, close) = (part.IndexOf('<', StringComparison.Ordinal), part.IndexOf('>', StringComparison.Ordinal));
                if (open < 0 || close < open || !part.AsSpan(close).Contains($"rel=\"{relation}\"", StringComparison.Ordinal)) continue;
                if (!Uri.TryCreate(apiUrl, part[(open + 1)..close], out var address) || !ForgeHttp.IsSameOrigin(address, apiUrl))
                    throw new ForgeException(ForgeProblem.Invalid, "The forge's next page is on another host; refused.");
                return address;
            }
        }

        return null;
    }
}
