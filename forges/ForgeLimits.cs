using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>
/// What one token may still send: nothing inside a waiting time that the forge has told, no more writes than our own share of its limits, few requests at once.
/// Measured on the monotonic clock, so that a clock set back keeps nobody waiting.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle is never asked for holds nothing to dispose of.")]
internal sealed class ForgeLimits(TimeProvider clock, TimeSpan patience)
{
    public static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>Where the forge names no time. GitHub: "wait for at least one minute", longer each time:
    /// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (read 2026-11).</summary>
    private static readonly TimeSpan UnnamedWait = TimeSpan.FromMinutes(1);

    // GitHub allows 80 content-creating requests a minute and 500 an hour, and 100 at once (same page); we stay well below.
    private const int WritesPerMinute = 60;
    private const int WritesPerHour = 400;
    private const int WriteBurst = 10;
    private const int MaxConcurrent = 10;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim places = new(MaxConcurrent);
    private readonly long[] writes = new long[WritesPerHour];
    private long written;
    private double burst = WriteBurst;
    private long burstAt = clock.GetTimestamp();
    private long waitFrom;
    private TimeSpan wait;
    private int unnamedWaits;

    public void ThrowIfWaiting()
    {
        var left = TimeLeft();
        if (left > TimeSpan.Zero)
            throw new ForgeException(ForgeProblem.RateLimited, "Not sent: the forge has asked to wait.", left);
    }

    private TimeSpan TimeLeft()
    {
        lock (gate) return wait == TimeSpan.Zero ? TimeSpan.Zero : wait - clock.GetElapsedTime(waitFrom);
    }

    /// <summary>Counts writes before they are sent; all of them or, by throwing, none. A short wait for our own share is waited out here: to give up the work and
    /// begin again would cost more requests than it spares.</summary>
    public async Task TakeWritesAsync(int count, CancellationToken cancellationToken)
    {
        while (TryTakeWrites(count) is var until && until > TimeSpan.Zero)
        {
            if (until > patience)
                throw new ForgeException(ForgeProblem.RateLimited, "Not sent: the bot's own limit for writes is used up.", Clamp(until));
            await Task.Delay(until, clock, cancellationToken);
        }
    }

    private TimeSpan TryTakeWrites(int count)
    {
        lock (gate)
        {
            burst = Math.Min(WriteBurst, burst + clock.GetElapsedTime(burstAt).TotalSeconds);
            burstAt = clock.GetTimestamp();
            var needed = Math.Min(count, WriteBurst);
            var untilBurst = TimeSpan.FromSeconds(Math.Max(0, needed - burst));
            var untilMinute = UntilOlder(WritesPerMinute + 1 - count, TimeSpan.FromMinutes(1));
            var untilHour = UntilOlder(WritesPerHour + 1 - count, TimeSpan.FromHours(1));
            var until = new[] { untilBurst, untilMinute, untilHour }.Max();
            if (until > TimeSpan.Zero)
                return until;
            burst -= needed;
            for (var i = 0; i < count; i++) writes[written++ % writes.Length] = clock.GetTimestamp();
            return TimeSpan.Zero;
        }
    }

    // Time until the n-th newest write is older than the window.
    private TimeSpan UntilOlder(int nth, TimeSpan window)
    {
        if (nth < 1 || written < nth) return TimeSpan.Zero;
        return window - clock.GetElapsedTime(writes[(written - nth) % writes.Length]);
    }

    public async Task<Place> EnterAsync(CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        return new Place(places);
    }

    /// <summary>Reads what an answer says about waiting, and keeps to it from now on.</summary>
    /// <returns>How long to wait where the answer is a refusal for too many requests, else <c>null</c>.</returns>
    public TimeSpan? Learn(int status, HttpResponseHeaders headers, string message)
    {
        var retryAfter = Value(headers, "Retry-After");
        var isUsedUp = (Value(headers, "X-RateLimit-Remaining") ?? Value(headers, "RateLimit-Remaining")) == "0"
            && (Value(headers, "X-RateLimit-Resource") ?? "core") == "core";
        var untilReset = isUsedUp ? UntilReset(Value(headers, "X-RateLimit-Reset") ?? Value(headers, "RateLimit-Reset")) : null;
        var isRefusal = status == 429
            || (status == 403 && (retryAfter is not null || isUsedUp || message.Contains("rate limit", StringComparison.OrdinalIgnoreCase)
                || message.Contains("abuse", StringComparison.OrdinalIgnoreCase)));
        lock (gate)
        {
            if (isRefusal)
            {
                var named = retryAfter is not null ? UntilRetry(retryAfter) : untilReset;
                // Requests that ran beside each other are refused together: that is one refusal.
                var isAnother = wait == TimeSpan.Zero || clock.GetElapsedTime(waitFrom) >= wait;
                if (named is null && isAnother) unnamedWaits++;
                var told = Clamp(named ?? UnnamedWait * Math.Pow(2, Math.Clamp(unnamedWaits - 1, 0, 6)));
                Wait(told);
                return told;
            }

            if (status == 503 && retryAfter is not null)
            {
                var told = Clamp(UntilRetry(retryAfter) ?? UnnamedWait);
                Wait(told);
                return told;
            }

            if (status < 400) unnamedWaits = 0;
            // The last request the window had room for: a reset that has passed asks for nothing.
            if (untilReset > TimeSpan.Zero) Wait(Clamp(untilReset.Value));
            return null;
        }
    }

    private void Wait(TimeSpan time)
    {
        if (wait != TimeSpan.Zero && wait - clock.GetElapsedTime(waitFrom) > time) return;
        waitFrom = clock.GetTimestamp();
        wait = time;
    }

    private TimeSpan? UntilRetry(string retryAfter)
    {
        if (long.TryParse(retryAfter, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, (long)LongestWait.TotalSeconds));
        return DateTimeOffset.TryParseExact(retryAfter, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date - clock.GetUtcNow() : null;
    }

    private TimeSpan? UntilReset(string? reset) =>
        long.TryParse(reset, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) - clock.GetUtcNow()
            : null;

    private static TimeSpan Clamp(TimeSpan time) => time < ShortestWait ? ShortestWait : time > LongestWait ? LongestWait : time;

    private static string? Value(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString().Trim() : null;

    internal readonly struct Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
