using System.Collections.Concurrent;
using System.Net;
using System.Text;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Simulator;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Functions;

/// <summary>Several processes of the bot on one PostgreSQL database, seen from outside: one dies, or the database does.</summary>
public sealed class SharedDatabase : IDisposable
{
    private const string Secret = "a-secret-of-the-tests";

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly HttpClient client = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task What_one_process_receives_another_works_at_once()
    {
        var environment = Environment(await SharedPostgres.DatabaseAsync());
        await using var web = await ServeAsync(environment, "--role", "web");
        await using var worker = await ServeAsync(environment, "--role", "worker");
        Assert.StartsWith("ready", await worker.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal("alive\n", await client.GetStringAsync(worker.Url + "/healthz", Stop));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync(worker.Url, "nowhere"));
        await using var store = PostgresStore.Open(environment["DATABASE_URL"], TimeProvider.System);
        for (var number = 0; number < 20; number++)
        {
            Assert.Equal(HttpStatusCode.Accepted, await PostAsync(web.Url, $"id-{number}"));
            // Looking by itself the worker would take up to 15 seconds, each time.
            await UntilAsync(async () => (await store.FindAsync($"id-{number}", Stop))!.State == DeliveryState.Ignored, TimeSpan.FromSeconds(10));
        }
        Assert.Equal(0, await web.TerminateAsync());
        Assert.Equal(0, await worker.TerminateAsync());
    }

    [Fact, Trait("speed", "slow")]
    public async Task Nothing_acknowledged_is_lost_when_the_database_dies_or_is_restarted_under_load_and_work_goes_on_when_it_is_back()
    {
        SharedPostgres.SkipWhereMissing();
        await using var cluster = await PostgresCluster.StartAsync();
        var environment = Environment(cluster.CreateDatabase());
        await using var qmoi = await ServeAsync(environment);
        var (acknowledged, statuses) = (new ConcurrentDictionary<string, bool>(StringComparer.Ordinal), new ConcurrentDictionary<HttpStatusCode, int>());
        using var enough = new CancellationTokenSource();
        var senders = Enumerable.Range(0, 12).Select(async sender =>
        {
            for (var number = 0; !enough.IsCancellationRequested; number++)
            {
                var id = $"{sender}-{number}";
                HttpStatusCode status;
                do
                {
                    status = await PostAsync(qmoi.Url, id);
                    statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
                }
                while (status == HttpStatusCode.ServiceUnavailable && !enough.IsCancellationRequested);
                if (status is HttpStatusCode.Accepted or HttpStatusCode.OK)
                    acknowledged[id] = true;
            }
        }).ToList();
        for (var round = 0; round < 3; round++)
        {
            var target = acknowledged.Count + 200;
            await UntilAsync(() => Task.FromResult(acknowledged.Count >= target));
            await (round == 1 ? cluster.StopAsync() : cluster.KillAsync());
            var refused = statuses.GetValueOrDefault(HttpStatusCode.ServiceUnavailable);
            await UntilAsync(() => Task.FromResult(statuses.GetValueOrDefault(HttpStatusCode.ServiceUnavailable) > refused + 20));
            using var unready = await client.GetAsync(qmoi.Url + "/readyz", Stop);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, unready.StatusCode);
            await cluster.StartAgainAsync();
        }
        var last = acknowledged.Count + 200;
        await UntilAsync(() => Task.FromResult(acknowledged.Count >= last));
        await enough.CancelAsync();
        await Task.WhenAll(senders);

        await using var store = PostgresStore.Open(environment["DATABASE_URL"], TimeProvider.System);
        await UntilAsync(async () => await store.NextDueAsync(Stop) is null);
        var rows = new Dictionary<string, DeliveryState>(StringComparer.Ordinal);
        await foreach (var row in store.ListAsync(null, null, Stop))
            rows.Add(row.Id, row.State);
        Assert.Empty(acknowledged.Keys.Except(rows.Keys, StringComparer.Ordinal));
        Assert.All(rows.Values, state => Assert.Equal(DeliveryState.Ignored, state));
        Assert.Empty(statuses.Keys.Except([HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]));
    }

    [Fact, Trait("speed", "slow")]
    public async Task What_a_killed_process_had_in_hand_another_takes_over_and_every_fix_arrives_once()
    {
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = Secret, GitLabWebhookSecret = Secret }, Stop);
        SimulatedForge[] forges = [simulator.GitHub, simulator.GitLab];
        var environment = Environment(await SharedPostgres.DatabaseAsync());
        (environment["GITHUB_API_URL"], environment["GITHUB_TOKEN"]) = (simulator.GitHub.ApiUrl, simulator.GitHub.Token);
        (environment["GITLAB_API_URL"], environment["GITLAB_TOKEN"], environment["GITLAB_WEBHOOK_SECRET"]) = (simulator.GitLab.ApiUrl, simulator.GitLab.Token, Secret);
        await using var web = await ServeAsync(environment, "--role", "web");
        (simulator.GitHub.HookUrl, simulator.GitLab.HookUrl) = (web.Url + "/webhooks/github", web.Url + "/webhooks/gitlab");
        var repositories = new List<SimulatedRepository>();
        foreach (var forge in forges)
        {
            for (var number = 0; number < 3; number++)
            {
                var (path, ci) = Scenarios.World.Ci(forge is GitHubForge ? "github" : "gitlab", "./check.sh");
                repositories.Add(await forge.CreateRepositoryAsync(
                    $"acme/app-{number}", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = ci, ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho ok\n") }, announce: true));
            }
        }
        await simulator.DrainAsync(Stop);

        await using var survivor = await ServeAsync(environment, "--role", "worker");
        foreach (var more in (int[])[6, 14])
        {
            var target = forges.Sum(forge => forge.Requests.Count) + more;
            await using var victim = await ServeAsync(environment, "--role", "worker");
            await UntilAsync(() => Task.FromResult(forges.Sum(forge => forge.Requests.Count) >= target || AllTold()));
            await victim.KillAsync();
        }
        await UntilAsync(() => Task.FromResult(AllTold()));
        Assert.All(repositories, repository =>
        {
            Assert.Contains("**Verified.**", Assert.Single(repository.MergeRequests).Body, StringComparison.Ordinal);
            Assert.Equal(2, repository.Branches.Count);
            Assert.Contains("Fix ready", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
        });

        bool AllTold() => repositories.TrueForAll(repository => repository.CommitComments.Any(comment => comment.Body.Contains("Fix ready", StringComparison.Ordinal)));
    }

    private int folders;

    private Task<QmoiProcess> ServeAsync(IReadOnlyDictionary<string, string> environment, params string[] more) =>
        QmoiProcess.ServeAsync(Path.Combine(data.FullName, $"process-{Interlocked.Increment(ref folders)}"), environment, more);

    private static Dictionary<string, string> Environment(string url) => new(StringComparer.Ordinal) { ["DATABASE_URL"] = url, ["GITHUB_WEBHOOK_SECRET"] = Secret };

    private async Task<HttpStatusCode> PostAsync(string url, string id)
    {
        var (name, body) = Receiving.Worked(id, id.Length);
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/webhooks/github") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-GitHub-Event", name);
        request.Headers.Add("X-Hub-Signature-256", Receiving.Signature(body, Secret));
        using var response = await client.SendAsync(request, Stop);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.RetryAfter?.Delta);
        return response.StatusCode;
    }

    /// <summary>Other processes do the work, so it can only be looked at; gives up after two minutes.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan? patience = null)
    {
        using var limit = new CancellationTokenSource(patience ?? TimeSpan.FromMinutes(2));
        while (!await condition())
            await Task.Delay(20, limit.Token);
    }
}
