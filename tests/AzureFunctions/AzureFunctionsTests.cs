using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using QMoi.Simulator;
using QMoi.Tests.Functions;
using QMoi.Tests.Scenarios;
using QMoi.Tests.Stores;

namespace QMoi.Tests.AzureFunctions;

/// <summary>The bot as the custom handler of an Azure Functions app, laid out as <c>infra/azure-functions</c> has it.</summary>
public sealed class AzureFunctionsTests : IDisposable
{
    private const string AdminToken = "an-admin-token-of-the-tests";

    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public AzureFunctionsTests()
    {
        var source = Path.Combine(QmoiProcess.Root, "infra", "azure-functions");
        foreach (var file in Directory.GetFiles(source, "*.json", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(root.FullName, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        File.Copy(Path.Combine(QmoiProcess.Root, "host.json"), Path.Combine(root.FullName, "host.json"));
        File.CreateSymbolicLink(Path.Combine(root.FullName, "qmoi"), QmoiProcess.Executable);
    }

    public void Dispose() => root.Delete(recursive: true);

    [Fact]
    public async Task A_failed_pipeline_is_healed_through_the_host_and_its_timers()
    {
        await using var simulator = await BothForges.StartAsync();
        await using var host = await StandInHost.StartAsync(root.FullName, Environment(simulator, await SharedPostgres.DatabaseAsync()));
        var repositories = await BreakAsync(simulator, host);
        await UntilHealedAsync(simulator, host, repositories);
        await simulator.DrainAsync(Stop);
        Assert.All(simulator.GitHub.Deliveries.Concat(simulator.GitLab.Deliveries), delivery => Assert.True(delivery.StatusCode is 200 or 202, $"{delivery.StatusCode}"));
        Assert.Equal(HttpStatusCode.OK, (await host.FireAsync("retention")).Status);
    }

    [Fact, Trait("speed", "slow")]
    public async Task Instances_that_come_and_go_lose_nothing_and_double_nothing()
    {
        await using var simulator = await BothForges.StartAsync();
        var database = await SharedPostgres.DatabaseAsync();
        await using var host = await StandInHost.StartAsync(root.FullName, Environment(simulator, database), instances: 2);
        var repositories = await BreakAsync(simulator, host);
        for (var round = 0; round < 3; round++)
        {
            var target = Requests(simulator) + 5;
            using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (Requests(simulator) < target && !enough.IsCancellationRequested)
                await Task.Delay(5, Stop);
            await host.AddInstanceAsync();
            await host.KillOneAsync();
        }
        await UntilHealedAsync(simulator, host, repositories);
    }

    [Theory]
    [InlineData("""{"Metadata":{}}""", "there is no Data in it")]
    [InlineData("[]", "there is no Data in it")]
    [InlineData("hello", "it is not JSON")]
    [InlineData("", "it is not JSON")]
    public async Task An_envelope_of_an_unknown_kind_fails_the_invocation_with_one_clear_line(string envelope, string said)
    {
        await using var simulator = await BothForges.StartAsync();
        await using var host = await StandInHost.StartAsync(root.FullName, Environment(simulator, await SharedPostgres.DatabaseAsync()));
        var (status, answer) = await host.FireAsync("work", envelope);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(said, Assert.Single(answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Through_the_host_the_API_wants_its_token_and_triggers_are_not_to_be_had()
    {
        await using var simulator = await BothForges.StartAsync();
        var environment = Environment(simulator, await SharedPostgres.DatabaseAsync());
        await using var host = await StandInHost.StartAsync(root.FullName, environment);
        using var client = new HttpClient();
        // Each request comes from this machine, as far as the handler can see.
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(host.Url + "/api/qmoi/status", Stop)).StatusCode);
        using var asking = new HttpRequestMessage(HttpMethod.Get, host.Url + "/api/qmoi/status");
        asking.Headers.Authorization = new("Bearer", AdminToken);
        var status = await (await client.SendAsync(asking, Stop)).Content.ReadFromJsonAsync<JsonObject>(Stop);
        Assert.Equal("ok", status!["health"]!.GetValue<string>());
        Assert.Equal("ready\n", await client.GetStringAsync(host.Url + "/readyz", Stop));
        foreach (var timer in host.Timers)
            Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync($"{host.Url}/{timer}", new StringContent("{\"Data\":{}}"), Stop)).StatusCode);
    }

    [Fact]
    public async Task Without_a_database_that_instances_share_it_does_not_start_and_says_why()
    {
        var (exitCode, _, error) = await QmoiProcess.RunAsync(["serve"], new Dictionary<string, string>(StringComparer.Ordinal) { ["FUNCTIONS_CUSTOMHANDLER_PORT"] = "7071" });
        Assert.Equal(2, exitCode);
        Assert.Contains("DATABASE_URL is not set. On Azure Functions", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_host_may_invoke_nobody_else_may()
    {
        await using var qmoi = await QmoiProcess.ServeAsync(root.FullName, new Dictionary<string, string>(StringComparer.Ordinal));
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync(qmoi.Url + "/work", new StringContent("{\"Data\":{}}"), Stop)).StatusCode);
    }

    private static Dictionary<string, string> Environment(ForgeSimulator simulator, string database) =>
        new(simulator.Environment(), StringComparer.Ordinal) { ["DATABASE_URL"] = database, ["QMOI_ADMIN_TOKEN"] = AdminToken };

    private static int Requests(ForgeSimulator simulator) => simulator.GitHub.Requests.Count + simulator.GitLab.Requests.Count;

    private static async Task<IReadOnlyList<SimulatedRepository>> BreakAsync(ForgeSimulator simulator, StandInHost host)
    {
        simulator.PointHooks(host.Url);
        var repositories = new List<SimulatedRepository>();
        foreach (SimulatedForge forge in (SimulatedForge[])[simulator.GitHub, simulator.GitLab])
            repositories.Add(await forge.WithBrokenScriptAsync("acme/app"));
        return repositories;
    }

    /// <summary>Timers fire until both are; gives up after two minutes.</summary>
    private static async Task UntilHealedAsync(ForgeSimulator simulator, StandInHost host, IReadOnlyList<SimulatedRepository> repositories)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!repositories.All(BothForges.IsTold))
        {
            await simulator.DrainAsync(limit.Token);
            foreach (SimulatedForge forge in (SimulatedForge[])[simulator.GitHub, simulator.GitLab])
                foreach (var missed in forge.Deliveries.Where(delivery => !delivery.IsRedelivery && delivery.StatusCode is not (null or 200 or 202)).Select(delivery => delivery.DeliveryId).Distinct(StringComparer.Ordinal).ToList())
                    forge.Redeliver(missed);
            Assert.Equal(HttpStatusCode.OK, (await host.FireAsync("work")).Status);
        }
        Assert.All(repositories, repository =>
        {
            Assert.Single(repository.MergeRequests);
            Assert.Single(repository.CommitComments);
            Assert.Equal(2, repository.Branches.Count);
        });
    }
}
