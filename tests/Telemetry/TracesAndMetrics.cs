using System.Security.Cryptography;
using System.Text;
using QMoi.Simulator;
using QMoi.Tests.Functions;
using QMoi.Tests.Scenarios;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Telemetry;

/// <summary>What a collector gets to see of a bot that repairs a failure; the bot is a process of its own.</summary>
public sealed class TracesAndMetrics : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => data.Delete(recursive: true);

    [Fact, Trait("speed", "slow")]
    public async Task One_repaired_failure_is_one_trace_from_the_delivery_to_the_merge_request_and_the_metrics_count_it()
    {
        await using var collector = await Collector.StartAsync();
        await using var simulator = await BothForges.StartAsync();
        var gitHub = simulator.GitHub;
        var environment = Environment(collector.Url);
        (environment["GITHUB_API_URL"], environment["GITHUB_TOKEN"], environment["GITHUB_WEBHOOK_SECRET"]) = (gitHub.ApiUrl, gitHub.Token, SignedPost.Secret);
        environment["QMOI__Repair__Verify"] = "always";
        await using (var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment))
        {
            gitHub.HookUrl = qmoi.Url + "/webhooks/github";
            var repository = await gitHub.WithCommaTooManyAsync("acme/hush-hush");
            await Waiting.UntilAsync(() => repository.MergeRequests.Any(request => request.Body.Contains("**Verified.**", StringComparison.Ordinal)));
            await simulator.DrainAsync(Stop);
            await Waiting.UntilAsync(() => collector.Points.Any(point => point.Metric == "qmoi.queue.ready" && point.Value == 0));
            Assert.Contains("OpenTelemetry", await File.ReadAllTextAsync($"/proc/{qmoi.Id}/maps", Stop), StringComparison.Ordinal);
            Assert.Equal(0, await qmoi.TerminateAsync());
        }
        Assert.Empty(collector.Wrong);
        Assert.Equal(("qmoi-test", "all"), (collector.Resource["service.name"], collector.Resource["qmoi.role"]));
        Assert.NotEmpty(collector.Resource["service.version"]);

        // The delivery that made the merge request.
        var spans = collector.Spans;
        var offered = Assert.Single(spans, span => span.Name == "POST /graphql");
        var trace = spans.Where(span => span.Trace == offered.Trace).ToList();
        var receive = Assert.Single(trace, span => span.Name == "receive");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("github:" + receive.Tags["qmoi.delivery"])).AsSpan(0, 16)), receive.Trace);
        Assert.Contains(gitHub.Deliveries, delivery => delivery.DeliveryId == receive.Tags["qmoi.delivery"]);
        var work = Assert.Single(trace, span => span.Name == "work");
        Assert.Equal(("acted", "", ""), (work.Tags["qmoi.outcome"], work.Parent, receive.Parent));
        Assert.Equal(work.Id, Assert.Single(trace, span => span.Name == "claim").Parent);
        var diagnose = Assert.Single(trace, span => span.Name == "diagnose");
        Assert.Equal((work.Id, "trailing-comma"), (diagnose.Parent, diagnose.Tags["qmoi.failure"].Contains("json", StringComparison.Ordinal) ? "trailing-comma" : diagnose.Tags["qmoi.failure"]));
        Assert.Single(trace, span => span.Name == "fixer");
        Assert.Contains(trace, span => span.Name == "GET /repos/{}/actions/jobs/{}/logs" && span.Parent == diagnose.Id);
        Assert.Contains(trace, span => span.Name.StartsWith("git ", StringComparison.Ordinal));
        Assert.Contains(trace, span => span.Name == "tool bash");
        // Nothing stands beside: each span leads to the work or to receiving it.
        var ids = trace.Select(span => span.Id).ToHashSet(StringComparer.Ordinal);
        Assert.All(trace, span => Assert.True(span.Parent.Length == 0 || ids.Contains(span.Parent), span.Name));

        // Every delivery has its trace.
        var received = gitHub.Deliveries.Count(delivery => delivery.StatusCode == 202);
        Assert.Equal(received, spans.Where(span => span.Name == "receive").Select(span => span.Trace).Distinct(StringComparer.Ordinal).Count());

        var said = spans.SelectMany(span => span.Tags.Select(tag => $"{tag.Key}={tag.Value}").Append(span.Name)).Concat(collector.Points.Select(point => point.Labels)).ToList();
        foreach (var hidden in (string[])[gitHub.Token, SignedPost.Secret, "hush", "acme", "?", "package.json"])
            Assert.DoesNotContain(said, text => text.Contains(hidden, StringComparison.Ordinal));

        var works = spans.Where(span => span.Name == "work").ToList();
        Assert.Equal(received, collector.Total("qmoi.deliveries", "forge=github,result=stored"));
        Assert.Equal(gitHub.Deliveries.Count(delivery => delivery.StatusCode is 202 or 200), collector.Total("qmoi.receive.duration", "forge=github"));
        Assert.Equal(works.Count, collector.Total("qmoi.work"));
        foreach (var outcome in works.GroupBy(span => span.Tags["qmoi.outcome"]))
            Assert.Equal(outcome.Count(), collector.Total("qmoi.work", "outcome=" + outcome.Key));
        Assert.Equal(works.Count, collector.Total("qmoi.work.duration"));
        // Looking for what was missed asks too, and is no delivery's.
        Assert.Equal(gitHub.Requests.Count, collector.Total("qmoi.forge.requests"));
        Assert.All(spans.Where(span => span.Tags.ContainsKey("http.request.method")), span => Assert.NotEmpty(span.Parent));
        Assert.Equal(collector.Total("qmoi.forge.requests"), collector.Total("qmoi.forge.request.duration"));
        Assert.Equal(spans.Count(span => span.Name == "tool bash"), collector.Total("qmoi.tool.duration", "tool=bash"));
        Assert.Equal((1, 1), (collector.Total("qmoi.attempts", "state=delivered"), collector.Total("qmoi.attempts", "state=verified")));
        Assert.Equal((0, 0, 0), (collector.Total("qmoi.queue.waiting"), collector.Total("qmoi.lanes.held"), collector.Total("qmoi.queue.age")));
    }

    [Fact]
    public async Task What_one_process_receives_and_another_works_is_one_trace()
    {
        var database = await SharedPostgres.DatabaseAsync();
        await using var collector = await Collector.StartAsync();
        await using var ofWorker = await Collector.StartAsync();
        await using var web = await ServeAsync(collector, "web");
        await using var worker = await ServeAsync(ofWorker, "worker");
        Assert.Equal(System.Net.HttpStatusCode.Accepted, await SignedPost.WorkedAsync(web.Url, "one"));
        await Waiting.UntilAsync(() => collector.Spans.Count == 1 && ofWorker.Spans.Count(span => span.Name == "work") == 1);
        var receive = Assert.Single(collector.Spans);
        Assert.Equal(("receive", "one"), (receive.Name, receive.Tags["qmoi.delivery"]));
        Assert.All(ofWorker.Spans, span => Assert.Equal(receive.Trace, span.Trace));

        async Task<QmoiProcess> ServeAsync(Collector told, string role)
        {
            var environment = Environment(told.Url);
            (environment["GITHUB_WEBHOOK_SECRET"], environment["DATABASE_URL"]) = (SignedPost.Secret, database);
            return await QmoiProcess.ServeAsync(Path.Combine(data.FullName, role), environment, "--role", role);
        }
    }

    [Fact]
    public async Task A_collector_may_speak_gRPC()
    {
        await using var collector = await Collector.StartAsync(isGrpc: true);
        var environment = Environment(collector.Url);
        (environment["GITHUB_WEBHOOK_SECRET"], environment["OTEL_EXPORTER_OTLP_PROTOCOL"]) = (SignedPost.Secret, "grpc");
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment, "--role", "web");
        Assert.Equal(System.Net.HttpStatusCode.Accepted, await SignedPost.PushAsync(qmoi.Url, "one"));
        await Waiting.UntilAsync(() => collector.Spans.Count == 1 && collector.Total("qmoi.deliveries") == 1);
        Assert.Equal("receive", collector.Spans[0].Name);
        Assert.DoesNotContain(collector.Points, point => point.Metric.StartsWith("qmoi.queue", StringComparison.Ordinal));
        Assert.Equal("web", collector.Resource["qmoi.role"]);
        Assert.Equal(0, await qmoi.TerminateAsync());
        Assert.Empty(collector.Wrong);
        Assert.DoesNotContain(await LogAsync("qmoi"), line => line.Contains("cannot be sent", StringComparison.Ordinal));
    }

    [Theory, InlineData("grpc"), InlineData("http/protobuf")]
    public async Task A_collector_that_is_away_is_told_once_and_harms_nothing(string protocol)
    {
        var environment = Environment("http://127.0.0.1:1");
        environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol;
        environment["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret;
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
        for (var number = 0; number < 3; number++)
        {
            Assert.Equal(System.Net.HttpStatusCode.Accepted, await SignedPost.PushAsync(qmoi.Url, $"id-{number}"));
            await Task.Delay(600, Stop);   // Each time the collector is tried anew.
        }
        await qmoi.ErrorLineAsync("cannot be sent to http://127.0.0.1:1");
        Assert.StartsWith("ready", await qmoi.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await qmoi.TerminateAsync());
        Assert.Single(await LogAsync("qmoi"), line => line.Contains("cannot be sent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_no_collector_is_set_nothing_of_it_is_loaded()
    {
        // As a compose file passes on what is not set.
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "", ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, await SignedPost.PushAsync(qmoi.Url, "one"));
        Assert.DoesNotContain("OpenTelemetry", await File.ReadAllTextAsync($"/proc/{qmoi.Id}/maps", Stop), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "an http(s) URL")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc or http/protobuf")]
    [InlineData("OTEL_SERVICE_NAME", "a b", "letters, digits")]
    [InlineData("QMOI__Log__Console", "xml", "auto, text or json")]
    public async Task A_setting_that_cannot_be_used_stops_the_start_with_what_would_be_right(string name, string value, string wanted)
    {
        var (exitCode, _, error) = await QmoiProcess.RunAsync(["serve", "--data", data.FullName], new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value });
        Assert.Equal(2, exitCode);
        Assert.Contains(name, error, StringComparison.Ordinal);
        Assert.Contains(wanted, error, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Environment(string collector) => new(StringComparer.Ordinal)
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector, ["OTEL_SERVICE_NAME"] = "qmoi-test", ["OTEL_METRIC_EXPORT_INTERVAL"] = "300", ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
    };

    private async Task<IReadOnlyList<string>> LogAsync(string name) => await File.ReadAllLinesAsync(Assert.Single(Directory.GetFiles(Path.Combine(data.FullName, "logs"), name + "*.log")), Stop);
}
