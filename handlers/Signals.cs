using System.Diagnostics;
using System.Diagnostics.Metrics;
using QMoi.Handlers.Forges;

namespace QMoi.Handlers;

/// <summary>
/// What the bot tells about its own work: spans and metrics, all names in one place (docs/telemetry.md). Costs a look at a field where nobody listens. No span and no label
/// holds a body, a token, an address with its query, or a name that somebody outside has chosen freely.
/// </summary>
public static class Signals
{
    /// <summary>Of the source of spans and of the meter.</summary>
    public const string Name = "QMoi";

    public static ActivitySource Source { get; } = new(Name);

    public static Meter Meter { get; } = new(Name);

    /// <summary>Labels <c>forge</c> and <c>result</c>: stored, duplicate, ping, refused, malformed, unavailable.</summary>
    public static Counter<long> Deliveries { get; } = Meter.CreateCounter<long>("qmoi.deliveries", "{delivery}", "Deliveries by what became of them when they came");

    /// <summary>Label <c>forge</c>.</summary>
    public static Histogram<double> ReceiveDuration { get; } = Seconds("qmoi.receive.duration", "From the last byte read to the answer, which follows the commit", 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);

    /// <summary>Label <c>outcome</c>: acted, ignored, declined, later, retry, dead, lost.</summary>
    public static Counter<long> Work { get; } = Meter.CreateCounter<long>("qmoi.work", "{delivery}", "Worked deliveries by outcome");

    public static Histogram<double> WorkDuration { get; } = Seconds("qmoi.work.duration", "Time to work a delivery, with all that is waited for", 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900);

    /// <summary>Labels <c>failure</c> and <c>state</c>, in small letters. Passing states are not counted, the same state again neither.</summary>
    public static Counter<long> Attempts { get; } = Meter.CreateCounter<long>("qmoi.attempts", "{attempt}", "Attempts by failure and what they came to");

    /// <summary>Label <c>tool</c>: the program; <c>repository</c> for one that lies in the repository.</summary>
    public static Histogram<double> ToolDuration { get; } = Seconds("qmoi.tool.duration", "Time of one run in the sandbox", 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600);

    /// <summary>Labels <c>forge</c> and <c>status</c>, which is <c>none</c> where no answer came.</summary>
    public static Counter<long> ForgeRequests { get; } = Meter.CreateCounter<long>("qmoi.forge.requests", "{request}", "Requests to forges");

    /// <summary>Label <c>forge</c>.</summary>
    public static Histogram<double> ForgeRequestDuration { get; } = Seconds("qmoi.forge.request.duration", "Time of one request to a forge", 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30);

    /// <summary>Label <c>forge</c>. As its last answer told.</summary>
    public static Gauge<long> ForgeLimitRemaining { get; } = Meter.CreateGauge<long>("qmoi.forge.limit.remaining", "{request}", "Requests that the forge still grants");

    /// <summary>As labels and tags say it.</summary>
    public static string Label(ForgeKind forge) => forge == ForgeKind.GitHub ? "github" : "gitlab";

    /// <summary>A span below the one at hand; <c>null</c> when nobody listens or there is none: everything the bot does, it does for a delivery.</summary>
    public static Activity? Begin(string name, ActivityKind kind = ActivityKind.Internal) => Source.HasListeners() && Activity.Current is not null ? Source.StartActivity(name, kind) : null;

    /// <summary>A word that may stand in the name of a span; anything else becomes <c>other</c>.</summary>
    public static string Word(string word) => word.Length is > 0 and <= 40 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+') ? word : "other";

    private static Histogram<double> Seconds(string name, string description, params double[] bounds) =>
        Meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
