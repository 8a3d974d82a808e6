using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Waiting for the forge is nearly all the time from webhook to merge request, so the calls that wait for each other are counted.</summary>
public sealed class RoundTrips
{
    [Fact]
    public async Task From_webhook_to_merge_request_GitLab_is_asked_three_times_one_after_the_other()
    {
        await using var world = await World.StartAsync(latency: TimeSpan.FromMilliseconds(40));
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "npm test"), ("package.json", SimulatedFile.Text("{\n  \"scripts\": { \"test\": \"echo ok\" }\n}\n")));
        await world.SettleAsync();
        await repository.PushAsync("main", "package.json", "{\n  \"scripts\": { \"test\": \"echo ok\", }\n}\n", "A comma too many");
        await world.SettleAsync();
        AssertSequentialCalls(world.GitLab, repository, 3, "/merge_requests");
    }

    [Fact]
    public async Task From_webhook_to_pull_request_GitHub_is_asked_five_times_one_after_the_other()
    {
        await using var world = await World.StartAsync(latency: TimeSpan.FromMilliseconds(40));
        var repository = await world.RepositoryAsync("github", World.Ci("github", "npm test"), ("package.json", SimulatedFile.Text("{\n  \"scripts\": { \"test\": \"echo ok\" }\n}\n")));
        await world.SettleAsync();
        await repository.PushAsync("main", "package.json", "{\n  \"scripts\": { \"test\": \"echo ok\", }\n}\n", "A comma too many");
        await world.SettleAsync();
        AssertSequentialCalls(world.GitHub, repository, 5, "/pulls");
    }

    /// <summary>The longest chain of calls of which each began after the one before had ended: that many times the latency has to be waited.</summary>
    private static void AssertSequentialCalls(SimulatedForge forge, SimulatedRepository repository, int expected, string opening)
    {
        Assert.Single(repository.MergeRequests);
        var opened = Assert.Single(forge.Requests, request => request.Method == "POST" && request.PathAndQuery.EndsWith(opening, StringComparison.Ordinal));
        var line = forge.Requests.Where(request => request.EndedAt <= opened.EndedAt).OrderBy(request => request.EndedAt).ToList();
        var chain = new List<RequestRecord>();
        foreach (var request in line)
            if (chain.Count == 0 || request.StartedAt >= chain[^1].EndedAt)
                chain.Add(request);
        Assert.True(chain.Count == expected, $"{chain.Count} calls in a row: {string.Join(", ", chain.Select(request => $"{request.Method} {request.PathAndQuery}"))}");
    }
}
