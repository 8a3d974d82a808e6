using System.Diagnostics;
using System.Globalization;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Simulator;

namespace QMoi.Bench;

/// <summary>How long repositories wait for each other, and for a worker that died.</summary>
internal static class Lanes
{
    private const int Noise = 10_000;

    /// <summary>While ten thousand deliveries of one repository wait, one of another comes: until it is worked.</summary>
    public static async Task FairAsync(string name, IStore store, Func<Task<Server>> start)
    {
        foreach (var part in Enumerable.Range(0, Noise).Chunk(500))
            await Task.WhenAll(part.Select(number => store.InsertAsync(Delivery($"noise-{number}", 1), default)));
        var waits = new List<double>();
        var behind = 0L;
        using (await start())
        {
            for (var number = 0; number < 20; number++)
            {
                var ready = (await store.QueueAsync(default)).Ready;
                if (ready < 1_000)
                    break;
                behind = ready;
                var watch = Stopwatch.StartNew();
                await store.InsertAsync(Delivery($"other-{number}", 100 + number), default);
                while ((await store.FindAsync($"other-{number}", default))!.State is DeliveryState.Stored or DeliveryState.Working)
                    await Task.Delay(2);
                waits.Add(watch.Elapsed.TotalMilliseconds);
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {waits.Count} deliveries of other repositories while at least {behind} of {Noise} of one wait: worked after {waits.Order().ElementAt(waits.Count / 2):0} ms (median), {waits.Max():0} ms (longest)"));
    }

    /// <summary>A worker is killed in the middle of a repair: until another one asks the forge for the same.</summary>
    public static async Task TakeoverAsync(string url, Func<string, IReadOnlyDictionary<string, string>, string, Task<Server>> start, string secret)
    {
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = secret, GitLabWebhookSecret = secret }, default);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATABASE_URL"] = url, ["GITLAB_API_URL"] = simulator.GitLab.ApiUrl, ["GITLAB_TOKEN"] = simulator.GitLab.Token, ["GITLAB_WEBHOOK_SECRET"] = secret,
        };
        using var web = await start("web", environment, "web");
        simulator.GitLab.HookUrl = new Uri(web.Url, "/webhooks/gitlab").ToString();
        var times = new List<double>();
        var survivor = await start("worker-0", environment, "worker");
        try
        {
            for (var round = 1; round <= 3; round++)
            {
                var held = new Fault("GET", "/trace$", times: 1, effect: FaultEffect.HoldAnswer);
                simulator.GitLab.AddFault(held);
                await simulator.GitLab.CreateRepositoryAsync($"acme/takeover-{round}", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal)
                {
                    [".gitlab-ci.yml"] = SimulatedFile.Text("check:\n  script:\n    - ./check.sh\n"), ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho fine\n"),
                }, announce: true);
                await held.Struck;
                var asked = Asked();
                var next = await start($"worker-{round}", environment, "worker");
                survivor.Dispose();
                var watch = Stopwatch.StartNew();
                held.Release();
                while (Asked() == asked)
                    await Task.Delay(20);
                times.Add(watch.Elapsed.TotalSeconds);
                survivor = next;
            }
        }
        finally
        {
            survivor.Dispose();
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"takeover from a killed worker on PostgreSQL: {string.Join(", ", times.Select(seconds => $"{seconds:0.0}"))} s"));

        int Asked() => simulator.GitLab.Requests.Count(request => request.PathAndQuery.EndsWith("/trace", StringComparison.Ordinal));
    }

    private static NewDelivery Delivery(string id, long repository) => new(
        ForgeKind.GitHub, new Envelope(id, "pull_request", repository, "acme/app", IsPing: false), new Dictionary<string, string>(StringComparer.Ordinal), System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"action":"closed","pull_request":{"number":1,"head":{"ref":"qmoi/fix/{{{id}}}","sha":"1111111111111111111111111111111111111111","repo":{"id":{{{repository}}}}},"base":{"ref":"main"}},"repository":{"id":{{{repository}}},"full_name":"acme/app","default_branch":"main"}}"""),
        TimeProvider.System.GetUtcNow());
}
