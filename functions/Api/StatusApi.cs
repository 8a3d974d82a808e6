using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using QMoi.Functions.Control;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Stores;

namespace QMoi.Functions.Api;

/// <summary><c>GET /api/qmoi/status</c>: how the bot is, in one object.</summary>
internal sealed class StatusApi(IStore store, ControlWatch control, SafeMode safeMode, AdminAccess access, Role role)
{
    public async Task AnswerAsync(HttpContext context)
    {
        if (!access.Allows(context))
        {
            context.Response.StatusCode = (int)HttpStatusCode.Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return;
        }
        if (context.Request.Method != HttpMethods.Get)
        {
            context.Response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
            context.Response.Headers.Allow = "GET";
            return;
        }
        var status = await StatusAsync(context.RequestAborted);
        context.Response.StatusCode = (int)(status.Health == "unavailable" ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await JsonSerializer.SerializeAsync(context.Response.Body, status, StatusJson.Default.Status, context.RequestAborted);
    }

    private async Task<Status> StatusAsync(CancellationToken cancellationToken)
    {
        var findings = safeMode.Findings.Select(finding => finding.ToString()).ToList();
        try
        {
            await control.LookAsync(cancellationToken);
            var queue = await store.QueueAsync(cancellationToken);
            return Of(safeMode.Findings.Count > 0 ? "degraded" : control.State.IsStopped ? "stopped" : "ok", findings, new Queue(queue.Ready, queue.Waiting, queue.HeldLanes, (long)queue.Age.TotalSeconds, queue.Dead));
        }
        catch (StoreUnavailableException unavailable)
        {
            return Of("unavailable", [.. findings, unavailable.Message], null);
        }
    }

    private Status Of(string health, IReadOnlyList<string> findings, Queue? queue) => new(
        health, findings, role.ToString().ToLowerInvariant(), control.State.StoppedBy,
        Modules.All.ToDictionary(module => module.Name(), module => control.State.IsOn(module) ? "on" : "off", StringComparer.Ordinal), queue);
}

/// <param name="Health"><c>ok</c>, <c>degraded</c> (safe mode), <c>stopped</c> (emergency stop) or <c>unavailable</c> (the store cannot be used).</param>
/// <param name="StoppedBy">Who pressed the emergency stop, and when.</param>
/// <param name="Modules">Each with <c>on</c> or <c>off</c>.</param>
internal sealed record Status(string Health, IReadOnlyList<string> Findings, string Role, string? StoppedBy, IReadOnlyDictionary<string, string> Modules, Queue? Queue);

/// <param name="Ready">Deliveries that could be worked now.</param>
/// <param name="AgeSeconds">How long the oldest of them has been here.</param>
/// <param name="Dead">Given up.</param>
internal sealed record Queue(long Ready, long Waiting, long HeldLanes, long AgeSeconds, long Dead);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Status))]
internal sealed partial class StatusJson : JsonSerializerContext;
