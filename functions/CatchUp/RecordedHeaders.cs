using QMoi.Handlers.Events;

namespace QMoi.Functions.CatchUp;

/// <summary>The headers of a delivery as the forge has kept them.</summary>
internal sealed class RecordedHeaders(IReadOnlyDictionary<string, string> headers) : WebhookHeaders
{
    private readonly Dictionary<string, string> headers = new(headers, StringComparer.OrdinalIgnoreCase);

    public override IReadOnlyList<string> All(string name) => headers.TryGetValue(name, out var value) ? [value] : [];
}
