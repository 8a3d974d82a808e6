using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Waiting for the forge is nearly all the time from webhook to merge request, so the calls that wait for each other are counted.</summary>
public sealed class RoundTrips
{
    /// <summary>GitLab: log, commit, merge request. GitHub: the log's address, the log, branch, file, pull request.</summary>
    [Theory, InlineData("gitlab", 3, "/merge_requests"), InlineData("github", 5, "/pulls")]
    public async Task From_webhook_to_merge_request_the_forge_is_asked_so_many_times_one_after_the_other(string forge, int expected, string opening)
    {
        await using var world = await World.StartAsync(latency: TimeSpan.FromMilliseconds(250));
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "npm test"), ("package.json", SimulatedFile.Text("{\n  \"scripts\": { \"test\": \"echo ok\" }\n}\n")));
        await world.SettleAsync();
        await repository.PushAsync("main", "package.json", "{\n  \"scripts\": { \"test\": \"echo ok\", }\n}\n", "A comma too many");
        await world.SettleAsync();
        AssertSequentialCalls(world.Forge(forge), repository, expected, opening);
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
