using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace QMoi.Tests.Telemetry;

internal sealed record Span(string Trace, string Id, string Parent, string Name, int Kind, TimeSpan Duration, bool IsError, IReadOnlyDictionary<string, string> Tags);

/// <param name="Value">The sum, the last value, or how often it was measured.</param>
internal sealed record Point(string Metric, string Unit, string Labels, double Value, double Sum);

/// <summary>A collector that speaks OTLP over HTTP on loopback. Field numbers: opentelemetry.io/docs/specs/otlp, opentelemetry-proto 1.x (read 2026-11).</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Span> spans = new();
    private readonly ConcurrentDictionary<(string, string), Point> points = new();

    private Collector(bool isGrpc)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            try
            {
                Assert.Equal(("POST", isGrpc ? "application/grpc" : "application/x-protobuf"), (context.Request.Method, context.Request.ContentType));
                // gRPC puts a flag (not compressed) and the length before the message.
                Assert.True(!isGrpc || (body.ToArray()[0] == 0 && System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(body.ToArray().AsSpan(1)) == body.Length - 5));
                var message = Protobuf.Read(body.ToArray().AsMemory(isGrpc ? 5 : 0));
                if (context.Request.Path == (isGrpc ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export" : "/v1/traces"))
                    TakeSpans(message);
                else if (context.Request.Path == (isGrpc ? "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" : "/v1/metrics"))
                    TakeMetrics(message);
                else
                    throw new InvalidDataException(context.Request.Path);
                context.Response.ContentType = context.Request.ContentType;
                if (!isGrpc)
                    return;
                context.Response.DeclareTrailer("grpc-status");
                await context.Response.Body.WriteAsync(new byte[5]);
                context.Response.AppendTrailer("grpc-status", "0");
            }
            catch (Exception wrong)
            {
                Wrong.Enqueue(wrong.ToString());
                context.Response.StatusCode = 400;
            }
        });
    }

    public static async Task<Collector> StartAsync(bool isGrpc = false)
    {
        var collector = new Collector(isGrpc);
        await collector.app.StartAsync();
        return collector;
    }

    public string Url => app.Urls.Single();

    public ConcurrentQueue<string> Wrong { get; } = new();

    public ConcurrentDictionary<string, string> Resource { get; } = new();

    public IReadOnlyList<Span> Spans => [.. spans];

    /// <summary>The newest of each metric and set of labels.</summary>
    public IReadOnlyList<Point> Points => [.. points.Values];

    public double Total(string metric, string labels = "") =>
        Points.Where(point => point.Metric == metric && point.Labels.Contains(labels, StringComparison.Ordinal)).Sum(point => point.Value);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private void TakeSpans(Protobuf request)
    {
        foreach (var resource in request.Messages(1))
        {
            TakeResource(resource);
            foreach (var scope in resource.Messages(2))
            {
                Assert.Equal("QMoi", scope.Message(1)!.Text(1));
                foreach (var span in scope.Messages(2))
                    spans.Enqueue(new Span(
                        span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), (int)span.Whole(6), TimeSpan.FromMicroseconds((span.Fixed(8) - span.Fixed(7)) / 1000.0),
                        span.Message(15)?.Whole(3) == 2, Attributes(span, 9)));
            }
        }
    }

    private void TakeMetrics(Protobuf request)
    {
        foreach (var resource in request.Messages(1))
        {
            TakeResource(resource);
            foreach (var metric in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                var (name, unit) = (metric.Text(1), metric.Text(3));
                foreach (var number in (int[])[5, 7])
                    foreach (var point in metric.Messages(number).SelectMany(data => data.Messages(1)))
                        Take(new Point(name, unit, Labels(point, 7), point.Has(6) ? (long)point.Fixed(6) : point.Double(4), 0));
                foreach (var point in metric.Messages(9).SelectMany(data => data.Messages(1)))
                    Take(new Point(name, unit, Labels(point, 9), point.Fixed(4), point.Double(5)));
            }
        }
    }

    private void Take(Point point) => points[(point.Metric, point.Labels)] = point;

    private void TakeResource(Protobuf resource)
    {
        foreach (var (key, value) in Attributes(resource.Message(1)!, 1))
            Resource[key] = value;
    }

    private static string Labels(Protobuf point, int number) =>
        string.Join(',', Attributes(point, number).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    private static Dictionary<string, string> Attributes(Protobuf message, int number) =>
        message.Messages(number).ToDictionary(pair => pair.Text(1), pair => Value(pair.Message(2)!), StringComparer.Ordinal);

    private static string Value(Protobuf any) =>
        any.Has(1) ? any.Text(1) : any.Has(3) ? any.Whole(3).ToString(CultureInfo.InvariantCulture) : any.Has(2) ? (any.Whole(2) == 1 ? "true" : "false") : any.Double(4).ToString(CultureInfo.InvariantCulture);
}
