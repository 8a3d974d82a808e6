using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using QMoi.Functions.Stores;
using QMoi.Handlers;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Telemetry;

/// <summary>
/// One trace per delivery. Its id is the first half of the SHA-256 of forge and delivery id, so whoever receives the delivery and whoever works it, now or after a retry, here
/// or on another machine, write into the same trace and nothing has to be stored or sent along. Receiving and each working are roots in it: none knows the other's span.
/// </summary>
internal static class DeliveryTrace
{
    public static ActivityTraceId IdOf(ForgeKind forge, string deliveryId)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{Signals.Label(forge)}:{deliveryId}"));
        return ActivityTraceId.CreateFromBytes(hash.AsSpan(0, 16));
    }

    /// <summary>Only for a delivery that was proved: before that its id is anybody's.</summary>
    public static Activity? Receive(ForgeKind forge, string deliveryId, string eventName) =>
        Signals.Source.HasListeners() ? Root("receive", ActivityKind.Server, forge, deliveryId, eventName, startTime: default) : null;

    /// <param name="askedAt">When the claim was asked for, which is shown as a span of its own.</param>
    public static Activity? Work(Claim claim, DateTimeOffset askedAt, DateTimeOffset now)
    {
        if (!Signals.Source.HasListeners())
            return null;
        var work = Root("work", ActivityKind.Consumer, claim.Forge, claim.DeliveryId, claim.Event, askedAt);
        if (work is null)
            return null;
        work.SetTag("qmoi.lane", claim.Lane).SetTag("qmoi.try", claim.Tries + 1);
        using var asking = Signals.Source.StartActivity("claim", ActivityKind.Internal, work.Context, startTime: askedAt);
        asking?.SetEndTime(now.UtcDateTime);
        return work;
    }

    /// <summary>What is logged for one delivery carries its ids; the trace's too, whether or not anybody records it.</summary>
    public static IDisposable? Scope(ILogger logger, ForgeKind forge, string deliveryId, string? lane)
    {
        var scope = new Dictionary<string, object>(StringComparer.Ordinal) { ["Delivery"] = deliveryId, ["Trace"] = IdOf(forge, deliveryId).ToHexString() };
        if (lane is not null)
            scope["Lane"] = lane;
        return logger.BeginScope(scope);
    }

    private static Activity? Root(string name, ActivityKind kind, ForgeKind forge, string deliveryId, string eventName, DateTimeOffset startTime)
    {
        // The web server has an activity of its own for each request, of which nobody hears; it would become the parent.
        Activity.Current = null;
        var context = new ActivityContext(IdOf(forge, deliveryId), default, ActivityTraceFlags.Recorded);
        return Signals.Source.StartActivity(name, kind, context, startTime: startTime)
            ?.SetTag("qmoi.forge", Signals.Label(forge)).SetTag("qmoi.delivery", deliveryId).SetTag("qmoi.event", Signals.Word(eventName));
    }
}
