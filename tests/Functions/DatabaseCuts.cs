using System.Collections.Concurrent;
using System.Net;
using System.Text;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Functions;

/// <summary>The network between the bot and its database breaks under load, and is whole again. That the database itself dies is shown by <see cref="SharedDatabase"/>.</summary>
public sealed class DatabaseCuts : IDisposable
{
    private const string Secret = "a-secret-of-the-tests";

    /// <summary>How often it breaks; <c>QMOI_TEST_CUTS=100</c> makes it a long run.</summary>
    private static readonly int Cuts = int.TryParse(Environment.GetEnvironmentVariable("QMOI_TEST_CUTS"), out var cuts) ? cuts : 1;

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly HttpClient client = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        data.Delete(recursive: true);
    }

    [Theory, InlineData(TcpDoor.Way.Cut), InlineData(TcpDoor.Way.Stalled), InlineData(TcpDoor.Way.HalfClosed), Trait("speed", "slow")]
    public async Task Nothing_acknowledged_is_lost_when_the_way_to_the_database_breaks_and_the_bot_recovers_by_itself(TcpDoor.Way how)
    {
        var cluster = await SharedPostgres.ClusterAsync();
        var url = cluster.CreateDatabase();
        await using var door = new TcpDoor(cluster.Port);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // What is not answered is given up sooner than by default, so that the test is short.
            ["DATABASE_URL"] = $"{PostgresCluster.Form(url).Replace($"Port={cluster.Port}", $"Port={door.Port}", StringComparison.Ordinal).Replace("Pooling=false;Timeout=60;Command Timeout=120", "Timeout=1;Command Timeout=1;Cancellation Timeout=500", StringComparison.Ordinal)}",
            ["QMOI__Receive__ReplyTimeout"] = "00:00:01", ["GITHUB_WEBHOOK_SECRET"] = Secret,
        };
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
        var (acknowledged, statuses) = (new ConcurrentDictionary<string, bool>(StringComparer.Ordinal), new ConcurrentDictionary<HttpStatusCode, int>());
        using var enough = new CancellationTokenSource();
        var senders = Enumerable.Range(1, 8).Select(sender => SendAsync(qmoi.Url, sender, acknowledged, statuses, enough.Token)).ToList();

        for (var cut = 0; cut < Cuts; cut++)
        {
            await AcknowledgedAsync(100);
            var refused = statuses.GetValueOrDefault(HttpStatusCode.ServiceUnavailable);
            door.Set(how);
            await UntilAsync(() => statuses.GetValueOrDefault(HttpStatusCode.ServiceUnavailable) >= refused + 16);
            using (var unready = await client.GetAsync(qmoi.Url + "/readyz", Stop))
                Assert.Equal((HttpStatusCode.ServiceUnavailable, "the store cannot be used\n"), (unready.StatusCode, await unready.Content.ReadAsStringAsync(Stop)));
            Assert.Equal("alive\n", await client.GetStringAsync(qmoi.Url + "/healthz", Stop));
            door.Set(TcpDoor.Way.Open);
        }
        await AcknowledgedAsync(100);
        await enough.CancelAsync();
        await Task.WhenAll(senders);
        Assert.StartsWith("ready\n", await qmoi.ReadyAsync(), StringComparison.Ordinal);

        // What was in hand when it broke is free again when its lease has run out, by the database's clock.
        cluster.Execute(new Uri(url).AbsolutePath[1..], PostgresCluster.Later(TimeSpan.FromSeconds(31)));
        await using var store = PostgresStore.Open(url, TimeProvider.System);
        await UntilAsync(async () => await store.NextDueAsync(Stop) is null);
        var rows = new Dictionary<string, DeliveryState>(StringComparer.Ordinal);
        await foreach (var row in store.ListAsync(null, null, Stop))
            rows.Add(row.Id, row.State);
        Assert.Empty(acknowledged.Keys.Except(rows.Keys, StringComparer.Ordinal));
        Assert.All(rows.Values, state => Assert.Equal(DeliveryState.Ignored, state));
        Assert.Empty(statuses.Keys.Except([HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]));

        Task AcknowledgedAsync(int more)
        {
            var target = acknowledged.Count + more;
            return UntilAsync(() => acknowledged.Count >= target);
        }
    }

    /// <summary>As a forge that sends again what was not taken, under the same id.</summary>
    private async Task SendAsync(string url, int sender, ConcurrentDictionary<string, bool> acknowledged, ConcurrentDictionary<HttpStatusCode, int> statuses, CancellationToken enough)
    {
        for (var number = 0; !enough.IsCancellationRequested; number++)
        {
            var id = $"{sender}-{number}";
            HttpStatusCode status;
            do
            {
                status = await PostAsync(url, sender, id);
                statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            }
            while (status == HttpStatusCode.ServiceUnavailable && !enough.IsCancellationRequested);
            if (status is HttpStatusCode.Accepted or HttpStatusCode.OK)
                acknowledged[id] = true;
        }
    }

    private async Task<HttpStatusCode> PostAsync(string url, int repository, string id)
    {
        var (name, body) = Receiving.Worked(id, repository);
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/webhooks/github") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-GitHub-Event", name);
        request.Headers.Add("X-Hub-Signature-256", Receiving.Signature(body, Secret));
        using var response = await client.SendAsync(request, Stop);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.RetryAfter?.Delta);
        return response.StatusCode;
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <summary>Another process does the work, so it can only be looked at; gives up after two minutes.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await condition())
            await Task.Delay(20, limit.Token);
    }
}
