using Microsoft.AspNetCore.Http.Features;
using QMoi.Functions.Control;
using QMoi.Functions.Hooks;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Telemetry;
using QMoi.Handlers;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Functions;

/// <summary>
/// What a forge sends: read once, proved over the raw bytes, its envelope read, stored, answered. Nothing is parsed before it is proved and nothing is answered 2xx
/// before it is on disk.
/// </summary>
public sealed partial class Webhooks(IReadOnlyDictionary<ForgeKind, IWebhookFormat> formats, IStore store, ControlWatch control, HookSecrets hooks, BotSettings settings, WebhookPriority priority, Action arrived, TimeProvider clock, ILogger<Webhooks> logger)
{
    /// <summary>Both forges' own limit: 25 MB.</summary>
    public const int MaxBodyBytes = 26_214_400;

    private readonly BodyRoom room = new();
    private readonly RefusalLog refusals = new(clock);
    private readonly OutageLog outage = new(clock);

    public async Task ReceiveAsync(HttpContext context, ForgeKind forge)
    {
        var (status, result, words) = await AcceptAsync(context, forge);
        Signals.Deliveries.Add(1, new KeyValuePair<string, object?>("forge", Signals.Label(forge)), new KeyValuePair<string, object?>("result", result));
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "10";
        if (words is not null)
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(words + "\n", context.RequestAborted);
        }
    }

    private async Task<(int Status, string Result, string? Words)> AcceptAsync(HttpContext context, ForgeKind forge)
    {
        var request = context.Request;
        if (request.Headers.ContentEncoding.Count > 0)
            return (StatusCodes.Status415UnsupportedMediaType, "malformed", "Send the body as it is, without Content-Encoding.");
        if (!IsJson(request.ContentType))
            return (StatusCodes.Status415UnsupportedMediaType, "malformed", "Set the webhook's content type to application/json.");
        if (request.ContentLength > MaxBodyBytes)
            return (StatusCodes.Status413PayloadTooLarge, "malformed", $"At most {MaxBodyBytes} bytes are read.");

        try
        {
            using var body = await IncomingBody.ReadAsync(request, room, clock, context.RequestAborted);
            var began = clock.GetTimestamp();
            var answer = await AcceptAsync(new RequestHeaders(request.Headers), request.QueryString.Value ?? "", body.Bytes, forge);
            Signals.ReceiveDuration.Record(clock.GetElapsedTime(began).TotalSeconds, new KeyValuePair<string, object?>("forge", Signals.Label(forge)));
            return answer;
        }
        catch (BodyRefusedException refused)
        {
            return (refused.Status, refused.Status == StatusCodes.Status503ServiceUnavailable ? "unavailable" : "malformed", refused.Message);
        }
        catch (BadHttpRequestException bad)
        {
            return (bad.StatusCode, "malformed", null);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            return (StatusCodes.Status400BadRequest, "malformed", null);
        }
    }

    /// <summary>The same for every host: proves, reads the envelope, stores.</summary>
    private async Task<(int Status, string Result, string? Words)> AcceptAsync(WebhookHeaders headers, string query, ReadOnlyMemory<byte> body, ForgeKind forge)
    {
        var format = formats[forge];
        var now = clock.GetUtcNow();
        var (proof, hook) = await ProveAsync(format, headers, query, body, now);
        if (proof != VerificationResult.Verified)
        {
            if (refusals.ShouldTell(out var untold))
                TellRefused(forge, proof, untold);
            return (StatusCodes.Status401Unauthorized, "refused", null);
        }
        if (!control.State.IsOn(Module.Receive))
            return (StatusCodes.Status503ServiceUnavailable, "unavailable", "Receiving is switched off for now; come again.");
        if (format.ReadEnvelope(headers, body.Span, out var problem) is not { } envelope)
            return (StatusCodes.Status400BadRequest, "malformed", problem);
        if (hook is null ? hooks.IsToldByItsOwn(forge, envelope, now) : !hook.Covers(envelope))
        {
            if (refusals.ShouldTell(out var untold))
                Log.RefusedForItsHook(logger, forge, envelope.RepositoryId, untold);
            return (StatusCodes.Status401Unauthorized, "refused", null);
        }
        if (envelope.IsPing)
            return (StatusCodes.Status200OK, "ping", null);

        using var span = DeliveryTrace.Receive(forge, envelope.DeliveryId, envelope.EventName);
        var answer = await StoreAsync(format, headers, envelope, body, forge, now);
        span?.SetTag("qmoi.result", answer.Result);
        return answer;
    }

    /// <summary>By the secret of the webhook that it says it comes from; where that has none of its own, by those of the settings.</summary>
    private async ValueTask<(VerificationResult Proof, KnownHook? Hook)> ProveAsync(IWebhookFormat format, WebhookHeaders headers, string query, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        var ofAll = format.Forge == ForgeKind.GitHub ? settings.GitHubSecrets : settings.GitLabSecrets;
        var owner = format.SentBy(headers, query);
        while (true)
        {
            var hook = hooks.Find(owner);
            var proof = format.Verify(headers, body.Span, hook?.At(now) ?? ofAll, now);
            if (proof == VerificationResult.Refused && hook?.IsNew(now) == true)
                (proof, hook) = (format.Verify(headers, body.Span, ofAll, now), null);
            // It may have been installed just now.
            if (proof != VerificationResult.Refused || owner is null || !await hooks.LookAgainAsync())
                return (proof, hook);
        }
    }

    private void TellRefused(ForgeKind forge, VerificationResult proof, long untold)
    {
        if (proof == VerificationResult.OtherTime)
            Log.RefusedForItsTime(logger, forge, untold);
        else
            Log.Refused(logger, forge, untold);
    }

    private async Task<(int Status, string Result, string? Words)> StoreAsync(
        IWebhookFormat format, WebhookHeaders headers, Envelope envelope, ReadOnlyMemory<byte> body, ForgeKind forge, DateTimeOffset now)
    {
        try
        {
            // Most of what forges send is of no concern. Told here, it costs one write instead of three, and no lane waits for it.
            var ignored = format.WhyIgnored(envelope.EventName, body.Span);
            var delivery = new NewDelivery(forge, envelope, format.Kept(headers), body, now, ignored);
            var inserted = await priority.StoreAsync(() => store.InsertAsync(delivery, CancellationToken.None).WaitAsync(settings.ReplyTimeout, clock));
            if (outage.IsOver(out var turnedAway))
                Log.CanStoreAgain(logger, turnedAway);
            switch (inserted)
            {
                case InsertResult.Stored:
                    if (ignored is null)
                        arrived();
                    return (StatusCodes.Status202Accepted, "stored", null);
                case InsertResult.DuplicateIdWithAnotherBody:
                    using (DeliveryTrace.Scope(logger, forge, envelope.DeliveryId, lane: null))
                        Log.SameIdAnotherBody(logger, forge, envelope.DeliveryId);
                    return (StatusCodes.Status200OK, "duplicate", null);
                default:
                    return (StatusCodes.Status200OK, "duplicate", null);
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            return TurnAway(unavailable, unavailable.Message);
        }
        catch (TimeoutException)
        {
            return TurnAway(null, $"it took longer than {settings.ReplyTimeout}");
        }
    }

    private (int Status, string Result, string? Words) TurnAway(Exception? trouble, string reason)
    {
        var (told, count) = outage.Note();
        if (told == OutageLog.Line.Begins)
            Log.CannotStore(logger, trouble, reason, count);
        else if (told == OutageLog.Line.GoesOn)
            Log.StillCannotStore(logger, reason, count);
        return (StatusCodes.Status503ServiceUnavailable, "unavailable", null);
    }

    private static bool IsJson(string? contentType)
    {
        var parts = (contentType ?? "").Split(';', 2, StringSplitOptions.TrimEntries);
        return parts[0].Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (parts.Length == 1 || parts[1].Replace("\"", "", StringComparison.Ordinal).Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase));
    }

    private sealed class RequestHeaders(IHeaderDictionary headers) : WebhookHeaders
    {
        public override IReadOnlyList<string> All(string name) => headers.TryGetValue(name, out var values) ? [.. values.Select(value => value ?? "")] : [];

        public override string? One(string name) => headers.TryGetValue(name, out var values) && values.Count == 1 ? values[0] ?? "" : null;
    }

    /// <summary>A flood of bad proofs must not become a flood of log lines: one a second, with the count of those not told.</summary>
    private sealed class RefusalLog(TimeProvider clock)
    {
        private long lastTold;
        private long untoldCount;

        public bool ShouldTell(out long untold)
        {
            untold = 0;
            var now = clock.GetTimestamp();
            var last = Interlocked.Read(ref lastTold);
            if ((last != 0 && clock.GetElapsedTime(last, now) < TimeSpan.FromSeconds(1)) || Interlocked.CompareExchange(ref lastTold, now, last) != last)
            {
                Interlocked.Increment(ref untoldCount);
                return false;
            }
            untold = Interlocked.Exchange(ref untoldCount, 0);
            return true;
        }
    }

    /// <summary>While the store is away every delivery is turned away: one line when it begins, one a minute with their number, one when it is over.</summary>
    private sealed class OutageLog(TimeProvider clock)
    {
        public enum Line { None, Begins, GoesOn }

        private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

        private readonly Lock gate = new();
        private volatile bool isAway;
        private long? lastTold;
        private long turnedAway;

        /// <summary>One more was turned away. What begins again within a minute is counted, and told with the next line.</summary>
        public (Line Line, long TurnedAway) Note()
        {
            lock (gate)
            {
                turnedAway++;
                if (lastTold is { } told && clock.GetElapsedTime(told) < Every)
                    return (Line.None, turnedAway);
                lastTold = clock.GetTimestamp();
                var line = isAway ? Line.GoesOn : Line.Begins;
                isAway = true;
                return (line, turnedAway);
            }
        }

        /// <summary>True once after an outage that was told.</summary>
        public bool IsOver(out long turnedAway)
        {
            turnedAway = 0;
            if (!isAway)
                return false;
            lock (gate)
            {
                if (!isAway)
                    return false;
                (turnedAway, this.turnedAway, isAway) = (this.turnedAway, 0, false);
                return true;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A {Forge} delivery was refused: its proof does not hold ({Untold} more since the last such line)")]
        public static partial void Refused(ILogger logger, ForgeKind forge, long untold);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A {Forge} delivery was refused: its proof holds, but it was signed more than five minutes before or after this machine's time; see that the clock is right (NTP). A right clock means that somebody sent an old one again ({Untold} more refused since the last such line)")]
        public static partial void RefusedForItsTime(ILogger logger, ForgeKind forge, long untold);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A {Forge} delivery about repository {Repository} was refused: it was proved by the secret of another webhook than the one that tells of it. After a group was renamed, run 'qmoi install' for it again ({Untold} more refused since the last such line)")]
        public static partial void RefusedForItsHook(ILogger logger, ForgeKind forge, long? repository, long untold);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Security: a {Forge} delivery came under the known id {DeliveryId} with another body; the first one stands")]
        public static partial void SameIdAnotherBody(ILogger logger, ForgeKind forge, string deliveryId);

        [LoggerMessage(Level = LogLevel.Error, Message = "Deliveries cannot be stored: {Reason}. The forges are asked to come again ({TurnedAway} turned away); told once a minute until it is over")]
        public static partial void CannotStore(ILogger logger, Exception? exception, string reason, long turnedAway);

        [LoggerMessage(Level = LogLevel.Error, Message = "Deliveries still cannot be stored: {Reason}. {TurnedAway} turned away since it began")]
        public static partial void StillCannotStore(ILogger logger, string reason, long turnedAway);

        [LoggerMessage(Level = LogLevel.Information, Message = "Deliveries can be stored again; {TurnedAway} were turned away, and catching up finds what the forges do not send again")]
        public static partial void CanStoreAgain(ILogger logger, long turnedAway);
    }
}
