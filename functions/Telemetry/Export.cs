using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers;

namespace QMoi.Functions.Telemetry;

/// <summary>
/// Sends spans and metrics to a collector over OTLP. Only where one is set: without it nothing of this is loaded, nobody listens and nothing is measured. A collector that
/// cannot be reached costs the data and harms nothing else.
/// </summary>
internal sealed class Export : IDisposable
{
    /// <summary>A collector that does not answer must not hold up the end of the process for long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly QueueGauges? queue;
    private IReadOnlyList<IDisposable> providers = [];

    private Export(Role role) => queue = role == Role.Web ? null : new QueueGauges(TimeProvider.System);

    /// <summary><c>null</c> where no collector is set.</summary>
    public static Export? Start(TelemetrySettings settings, Role role, ILoggerFactory loggers)
    {
        if (settings.OtlpEndpoint is not { } endpoint)
            return null;
        var export = new Export(role);
        export.Open(settings, endpoint, role, loggers.CreateLogger("QMoi.Telemetry"));
        return export;
    }

    /// <summary>Looks at the queue from time to time, in a process that works.</summary>
    public Task WatchAsync(IStore store, CancellationToken stop) => queue?.RunAsync(store, stop) ?? Task.CompletedTask;

    /// <summary>Sends what is left.</summary>
    public void Dispose() => Parallel.ForEach(providers, static provider => provider.Dispose());

    /// <summary>By itself, so that the library is loaded only where it is used.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Open(TelemetrySettings settings, Uri endpoint, Role role, ILogger logger)
    {
        var watch = new CollectorWatch($"{endpoint.Scheme}://{endpoint.Authority}", logger);
        var resource = ResourceBuilder.CreateDefault()
            .AddService(settings.ServiceName, serviceVersion: typeof(Export).Assembly.GetName().Version!.ToString(3))
            .AddAttributes([new KeyValuePair<string, object>("qmoi.role", role.ToString().ToLowerInvariant())]);

        var traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(Signals.Name)
            .AddOtlpExporter(options => Set(options, "v1/traces"))
            .Build();
        var metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(Signals.Name)
            .AddOtlpExporter(options => Set(options, "v1/metrics"))
            .Build();
        providers = [traces, metrics];

        void Set(OtlpExporterOptions options, string path)
        {
            var isGrpc = settings.IsGrpc(endpoint);
            options.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = isGrpc ? endpoint : new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/" + path);
            options.TimeoutMilliseconds = (int)Patience.TotalMilliseconds;
            options.HttpClientFactory = () => watch.NewClient(Patience);
        }
    }
}
