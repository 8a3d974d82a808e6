using System.Security.Cryptography;
using System.Text.Json;

namespace QMoi.Functions.Stores;

/// <summary>A delivery as its table takes it.</summary>
internal sealed record StoredDelivery(string Forge, string Id, string Event, long? RepositoryId, string? Repository, string Headers, byte[] Body, byte[] Hash, long ReceivedAt, bool IsOfDefaultBranch, string? Ignored)
{
    public static StoredDelivery Of(NewDelivery delivery, StoredBody bodies) => new(
        SqlStore.Name(delivery.Forge), delivery.Envelope.DeliveryId, delivery.Envelope.EventName, delivery.Envelope.RepositoryId, delivery.Envelope.RepositoryName,
        JsonSerializer.Serialize(delivery.Headers), bodies.Keep(delivery.Body.Span), SHA256.HashData(delivery.Body.Span),
        delivery.ReceivedAt.ToUnixTimeMilliseconds(), delivery.Envelope.IsOfDefaultBranch, delivery.Ignored);

    public string State => SqlStore.Name(Ignored is null ? DeliveryState.Stored : DeliveryState.Ignored);

    public string Lane => $"{Forge}:{RepositoryId}";

    /// <summary>Added to the time of receipt: the lowest sum is worked first.</summary>
    public long Handicap => IsOfDefaultBranch ? -(long)SqlStore.HeadStart.TotalMilliseconds : 0;
}
