using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary>The process is killed in the middle of its work, again and again; the forge ends as if it had not been.</summary>
public sealed class KillingEffects
{
    private const string Secret = "a-secret-of-the-tests";
    private const int RepositoriesPerForge = 4;

    [Fact, Trait("speed", "slow")]
    public async Task No_fix_is_lost_and_none_is_doubled_when_the_process_is_killed_while_it_works()
    {
        var data = Directory.CreateTempSubdirectory("qmoi-test-");
        try
        {
            await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = Secret, GitLabWebhookSecret = Secret }, TestContext.Current.CancellationToken);
            SimulatedForge[] forges = [simulator.GitHub, simulator.GitLab];
            var environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["GITHUB_API_URL"] = simulator.GitHub.ApiUrl, ["GITHUB_TOKEN"] = simulator.GitHub.Token, ["GITHUB_WEBHOOK_SECRET"] = Secret,
                ["GITLAB_API_URL"] = simulator.GitLab.ApiUrl, ["GITLAB_TOKEN"] = simulator.GitLab.Token, ["GITLAB_WEBHOOK_SECRET"] = Secret,
            };

            // Every delivery is stored first, by a bot that does not work, so that each kill meets work and none loses a delivery that was never acknowledged.
            var repositories = new List<SimulatedRepository>();
            var requests = new List<(SimulatedRepository Repository, SimulatedMergeRequest Request)>();
            await using (var receiver = await QmoiProcess.ServeAsync(data.FullName, environment, "--role", "web"))
            {
                PointHooks(receiver);
                foreach (var forge in forges)
                {
                    requests.Add(await RedMergeRequest.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode));
                    for (var i = 0; i < RepositoriesPerForge; i++)
                    {
                        // By the tree, by one request of GraphQL.
                        var (command, broken, content) = i % 2 == 0 ? ("./check.sh", "check.sh", "#!/bin/sh\necho ok\n") : ("npm test", "package.json", "{\n  \"scripts\": { \"test\": \"echo ok\", }\n}\n");
                        var (path, ci) = World.Ci(forge is GitHubForge ? "github" : "gitlab", command);
                        repositories.Add(await forge.CreateRepositoryAsync(
                            $"acme/app-{i}", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = ci, [broken] = SimulatedFile.Text(content) }, announce: true));
                    }
                }
                await simulator.DrainAsync(TestContext.Current.CancellationToken);
            }

            foreach (var more in (int[])[3, 9, 12, 7, 10, 14, 5, 11, 6, 8])
            {
                var target = Requests() + more;
                await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
                PointHooks(qmoi);
                await UntilAsync(() => Requests() >= target || AllTold());
                await qmoi.KillAsync();
            }
            await using (var last = await QmoiProcess.ServeAsync(data.FullName, environment))
            {
                PointHooks(last);
                // Webhooks that met a dead process are sent again, as catch-up will do.
                await simulator.DrainAsync(TestContext.Current.CancellationToken);
                foreach (var forge in forges)
                    foreach (var missed in forge.Deliveries.Where(delivery => delivery.StatusCode is not (200 or 202)).Select(delivery => delivery.DeliveryId).Distinct(StringComparer.Ordinal).ToList())
                        forge.Redeliver(missed);
                await UntilAsync(AllTold);
            }

            Assert.All(repositories, repository =>
            {
                Assert.Contains("**Verified.**", Assert.Single(repository.MergeRequests).Body, StringComparison.Ordinal);
                Assert.Equal(2, repository.Branches.Count);
                Assert.Contains("Fix ready", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
            });
            foreach (var (repository, request) in requests)
            {
                Assert.Equal([request], repository.MergeRequests);
                Assert.Single(request.Comments);
                Assert.Equal(2, (await repository.CommitMessagesAsync("main..topic")).Count);
            }

            int Requests() => forges.Sum(forge => forge.Requests.Count);
            bool AllTold() => repositories.TrueForAll(repository => repository.CommitComments.Any(comment => comment.Body.Contains("Fix ready", StringComparison.Ordinal)))
                && requests.TrueForAll(merge => merge.Request.Comments.Any(comment => comment.Body.Contains("heals it", StringComparison.Ordinal)));
            void PointHooks(QmoiProcess process) => (simulator.GitHub.HookUrl, simulator.GitLab.HookUrl) = (process.Url + "/webhooks/github", process.Url + "/webhooks/gitlab");
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_data_folder_is_worked_by_one_process_only()
    {
        var data = Directory.CreateTempSubdirectory("qmoi-test-");
        await using (await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal)))
        {
            var (exitCode, _, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", data.FullName]);
            Assert.Equal(2, exitCode);
            Assert.Contains("another qmoi", error, StringComparison.Ordinal);
        }
        data.Delete(recursive: true);
    }

    /// <summary>Another process does the work, so it can only be looked at; gives up after two minutes.</summary>
    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
            await Task.Delay(5, limit.Token);
    }
}
