using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary>The process is killed in the middle of its work, again and again; the forge ends as if it had not been.</summary>
public sealed class KillingEffects : IDisposable
{
    private const int RepositoriesPerForge = 4;

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose() => data.Delete(recursive: true);

    [Fact, Trait("speed", "slow")]
    public async Task No_fix_is_lost_and_none_is_doubled_when_the_process_is_killed_while_it_works()
    {
        await using var simulator = await BothForges.StartAsync();
        SimulatedForge[] forges = [simulator.GitHub, simulator.GitLab];
        var environment = simulator.Environment();

        // Every delivery is stored first, by a bot that does not work, so that each kill meets work and none loses a delivery that was never acknowledged.
        var repositories = new List<SimulatedRepository>();
        var requests = new List<(SimulatedRepository Repository, SimulatedMergeRequest Request)>();
        await using (var receiver = await QmoiProcess.ServeAsync(data.FullName, environment, "--role", "web"))
        {
            simulator.PointHooks(receiver.Url);
            foreach (var forge in forges)
            {
                requests.Add(await RedMergeRequest.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode));
                // By the tree, by one request of GraphQL.
                for (var i = 0; i < RepositoriesPerForge; i++)
                    repositories.Add(await (i % 2 == 0 ? forge.WithBrokenScriptAsync($"acme/app-{i}") : forge.WithCommaTooManyAsync($"acme/app-{i}")));
            }
            await simulator.DrainAsync(TestContext.Current.CancellationToken);
        }

        foreach (var more in (int[])[3, 9, 12, 7, 10, 14, 5, 11, 6, 8])
        {
            var target = Requests() + more;
            await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
            simulator.PointHooks(qmoi.Url);
            await Waiting.UntilAsync(() => Requests() >= target || AllTold());
            await qmoi.KillAsync();
        }
        await using (var last = await QmoiProcess.ServeAsync(data.FullName, environment))
        {
            simulator.PointHooks(last.Url);
            // Webhooks that met a dead process are sent again, as catch-up will do.
            await simulator.DrainAsync(TestContext.Current.CancellationToken);
            foreach (var forge in forges)
                foreach (var missed in forge.Deliveries.Where(delivery => delivery.StatusCode is not (200 or 202)).Select(delivery => delivery.DeliveryId).Distinct(StringComparer.Ordinal).ToList())
                    forge.Redeliver(missed);
            await Waiting.UntilAsync(AllTold);
        }

        Assert.All(repositories, BothForges.AssertHealedOnce);
        foreach (var (repository, request) in requests)
        {
            Assert.Equal([request], repository.MergeRequests);
            Assert.Single(request.Comments);
            Assert.Equal(2, (await repository.CommitMessagesAsync("main..topic")).Count);
        }

        int Requests() => forges.Sum(forge => forge.Requests.Count);
        bool AllTold() => repositories.TrueForAll(BothForges.IsTold)
            && requests.TrueForAll(merge => merge.Request.Comments.Any(comment => comment.Body.Contains("heals it", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_data_folder_is_worked_by_one_process_only()
    {
        await using (await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal)))
        {
            var (exitCode, _, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", data.FullName]);
            Assert.Equal(2, exitCode);
            Assert.Contains("another qmoi", error, StringComparison.Ordinal);
        }
    }
}
