using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using QMoi.Functions.Telemetry;
using QMoi.Handlers;
using QMoi.Tests.Functions;

namespace QMoi.Tests.Telemetry;

/// <summary>The names that dashboards, alerts and pages use are those that the bot tells.</summary>
public sealed partial class MetricNames
{
    [Fact]
    public void The_dashboard_and_the_alerts_know_every_metric_and_no_other()
    {
        var folder = Path.Combine(QmoiProcess.Root, "infra", "grafana");
        if (!Directory.Exists(folder))
            Assert.Skip("infra/grafana is not part of this checkout yet.");
        var used = Directory.GetFiles(folder).SelectMany(file => Name().Matches(File.ReadAllText(file)).Select(match => match.Value)).ToHashSet(StringComparer.Ordinal);
        var known = Instruments().ToDictionary(Prometheus, instrument => instrument, StringComparer.Ordinal);
        Assert.All(used, name => Assert.True(known.ContainsKey(name) || (Suffix().Replace(name, "") is var whole && known.TryGetValue(whole, out var histogram) && histogram is Histogram<double>), $"{name} is told by nobody"));
        Assert.All(known.Keys, name => Assert.True(used.Any(one => one == name || Suffix().Replace(one, "") == name), $"{name} is shown nowhere"));
    }

    [Fact]
    public async Task Every_metric_is_on_the_page_with_its_unit()
    {
        var rows = (await File.ReadAllTextAsync(Path.Combine(QmoiProcess.Root, "docs", "telemetry.md"))).Split('\n').Where(line => line.StartsWith("| `qmoi.", StringComparison.Ordinal) && line.Contains("`qmoi_", StringComparison.Ordinal)).ToList();
        var instruments = Instruments();
        Assert.Equal(instruments.Count, rows.Count);
        Assert.All(instruments, instrument => Assert.Contains(rows, row => row.StartsWith($"| `{instrument.Name}` | {instrument.Unit} |", StringComparison.Ordinal) && row.Contains($"`{Prometheus(instrument)}`", StringComparison.Ordinal)));
    }

    private static List<Instrument> Instruments()
    {
        var found = new Dictionary<string, Instrument>(StringComparer.Ordinal);
        _ = new QueueGauges(TimeProvider.System);
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => { if (instrument.Meter.Name == Signals.Name) found[instrument.Name] = instrument; } };
        listener.Start();
        return [.. found.Values];
    }

    /// <summary>opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics (read 2026-11): units in braces are dropped.</summary>
    private static string Prometheus(Instrument instrument) =>
        instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "") + (instrument is Counter<long> ? "_total" : "");

    [GeneratedRegex("qmoi_[a-z_]+", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    [GeneratedRegex("_(?:bucket|sum|count)$", RegexOptions.NonBacktracking)]
    private static partial Regex Suffix();
}
