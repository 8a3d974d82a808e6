using System.Net;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Functions;

/// <summary>Several processes of the bot on one PostgreSQL database, seen from outside: one dies, or the database does.</summary>
public sealed class SharedDatabase : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task What_one_process_receives_another_works_at_once()
    {
        var environment = Environment(await SharedPostgres.DatabaseAsync());
        await using var web = await ServeAsync(environment, "--role", "web");
        await using var worker = await ServeAsync(environment, "--role", "worker");
        Assert.StartsWith("ready", await worker.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await worker.GetAsync("/healthz"));
        Assert.Equal(HttpStatusCode.NotFound, await SignedPost.WorkedAsync(worker.Url, "nowhere"));
        await using var store = PostgresStore.Open(environment["DATABASE_URL"], TimeProvider.System);
        for (var number = 0; number < 20; number++)
        {
            Assert.Equal(HttpStatusCode.Accepted, await SignedPost.WorkedAsync(web.Url, $"id-{number}"));
            // Looking by itself the worker would take up to 15 seconds, each time.
            await Waiting.UntilAsync(async () => (await store.FindAsync($"id-{number}", Stop))!.State == DeliveryState.Ignored, TimeSpan.FromSeconds(10));
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
        var senders = new Senders(qmoi.Url, 12);
        for (var round = 0; round < 3; round++)
        {
            await senders.AcknowledgedAsync(200);
            await (round == 1 ? cluster.StopAsync() : cluster.KillAsync());
            await senders.RefusedAsync(21);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await qmoi.GetAsync("/readyz")).Status);
            await cluster.StartAgainAsync();
        }
        await senders.AcknowledgedAsync(200);
        await senders.StopAsync();

        await using var store = PostgresStore.Open(environment["DATABASE_URL"], TimeProvider.System);
        await Waiting.UntilAsync(async () => await store.NextDueAsync(Stop) is null);
        await senders.AssertWorkedAsync(store);
    }

    [Fact, Trait("speed", "slow")]
    public async Task What_a_killed_process_had_in_hand_another_takes_over_and_every_fix_arrives_once()
    {
        await using var simulator = await BothForges.StartAsync();
        SimulatedForge[] forges = [simulator.GitHub, simulator.GitLab];
        var environment = simulator.Environment();
        environment["DATABASE_URL"] = await SharedPostgres.DatabaseAsync();
        await using var web = await ServeAsync(environment, "--role", "web");
        simulator.PointHooks(web.Url);
        var repositories = new List<SimulatedRepository>();
        foreach (var forge in forges)
            for (var number = 0; number < 3; number++)
                repositories.Add(await forge.WithBrokenScriptAsync($"acme/app-{number}"));
        await simulator.DrainAsync(Stop);

        await using var survivor = await ServeAsync(environment, "--role", "worker");
        foreach (var more in (int[])[6, 14])
        {
            var target = forges.Sum(forge => forge.Requests.Count) + more;
            await using var victim = await ServeAsync(environment, "--role", "worker");
            await Waiting.UntilAsync(() => forges.Sum(forge => forge.Requests.Count) >= target || AllTold());
            await victim.KillAsync();
        }
        await Waiting.UntilAsync(AllTold);
        Assert.All(repositories, BothForges.AssertHealedOnce);

        bool AllTold() => repositories.TrueForAll(BothForges.IsTold);
    }

    private int folders;

    private Task<QmoiProcess> ServeAsync(IReadOnlyDictionary<string, string> environment, params string[] more) =>
        QmoiProcess.ServeAsync(Path.Combine(data.FullName, $"process-{Interlocked.Increment(ref folders)}"), environment, more);

    private static Dictionary<string, string> Environment(string url) => new(StringComparer.Ordinal) { ["DATABASE_URL"] = url, ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };
}
