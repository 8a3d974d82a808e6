using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Waiting for the forge is nearly all the time from webhook to merge request, so the calls that wait for each other are counted.</summary>
public sealed class RoundTrips
{
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(250);

    /// <summary>GitLab: log, commit, merge request. GitHub: the log's address, the log, and one request for branch, file and pull request.</summary>
    [Theory, InlineData("gitlab", "/merge_requests"), InlineData("github", "/graphql")]
    public async Task From_webhook_to_merge_request_the_forge_is_asked_three_times_one_after_the_other(string forge, string opening)
    {
        await using var world = await World.StartAsync(latency: Latency);
        var repository = await world.WithCommaTooManyAsync(forge);
        await world.SettleAsync();
        AssertSequentialCalls(world.Forge(forge), repository, 3, opening);
    }

    [Fact]
    public async Task A_GitHub_that_refuses_GraphQL_is_asked_five_times_and_not_for_GraphQL_again()
    {
        await using var world = await World.StartAsync();
        world.GitHub.TakesGraphQl = false;
        await world.WithCommaTooManyAsync("github", "acme/first");
        await world.SettleAsync();
        Assert.Single(world.GitHub.Requests, request => request.PathAndQuery == "/graphql");

        world.GitHub.Latency = Latency;
        var since = world.GitHub.Requests.Count;
        var repository = await world.WithCommaTooManyAsync("github");
        await world.SettleAsync();
        AssertSequentialCalls(world.GitHub, repository, 5, "/pulls", since);
        Assert.Single(world.GitHub.Requests, request => request.PathAndQuery == "/graphql");
    }

    [Fact]
    public async Task A_CI_file_costs_one_call_more_for_the_forges_lint()
    {
        await using var world = await World.StartAsync(latency: Latency);
        var repository = await world.RepositoryAsync("gitlab", (".gitlab-ci.yml", SimulatedFile.Text("stages: [build]\nunit:\n  stage: test\n  script: [echo ok]\n")));
        await world.SettleAsync();
        // Without jobs there is no log: the pipeline's errors are asked for in its place.
        AssertSequentialCalls(world.GitLab, repository, 4, "/merge_requests");
        Assert.Contains(world.GitLab.Requests, request => request.PathAndQuery.EndsWith("/ci/lint", StringComparison.Ordinal));
    }

    /// <summary>The log has to name the script before it can be read. GitHub: the log's address, the log, the script, the old tree, the new one, commit, branch, pull request.</summary>
    [Theory, InlineData("gitlab", 4, "/merge_requests"), InlineData("github", 8, "/pulls")]
    public async Task A_mode_goes_by_the_tree(string forge, int expected, string opening)
    {
        await using var world = await World.StartAsync(latency: Latency);
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        AssertSequentialCalls(world.Forge(forge), repository, expected, opening);
    }

    /// <summary>Its files are read when the log has told which; that is one more.</summary>
    [Theory, InlineData("gitlab", "/merge_requests", 2), InlineData("github", "/graphql", 1)]
    public async Task A_fix_of_several_files_is_written_as_one_of_one(string forge, string opening, int writes)
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(
            forge, ("README.md", SimulatedFile.Text("# Lamp\n\nYou recieve light.\n")), ("src/lamp.c", SimulatedFile.Text("/*\n * Each is seperate.\n */\nint lamp;\n")));
        await world.SettleAsync();
        await repository.FailPipelineAsync("main", "spelling", "$ codespell\n./README.md:3: recieve ==> receive\n./src/lamp.c:2: seperate ==> separate\nERROR: Job failed: exit code 65\n");
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests);
        Assert.Equal("# Lamp\n\nYou receive light.\n", await repository.ReadTextAsync(fix.SourceBranch, "README.md"));
        Assert.Equal("/*\n * Each is separate.\n */\nint lamp;\n", await repository.ReadTextAsync(fix.SourceBranch, "src/lamp.c"));
        var opened = Assert.Single(world.Forge(forge).Requests, request => request.Method == "POST" && request.PathAndQuery.EndsWith(opening, StringComparison.Ordinal));
        Assert.Equal(writes, world.Forge(forge).Requests.Count(request => request.Method is not "GET" && request.Sequence <= opened.Sequence));
    }

    [Fact]
    public async Task An_executable_without_a_script_line_stays_one()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithCommaTooManyAsync("github", executable: true);
        await world.SettleAsync();
        var fix = Assert.Single(repository.MergeRequests);
        Assert.Equal("100755", await repository.FileModeAsync(fix.SourceBranch, "package.json"));
        Assert.Equal(2, (await repository.CommitMessagesAsync(fix.SourceBranch)).Count);
    }

    /// <summary>The longest chain of calls of which each began after the one before had ended: that many times the latency has to be waited.</summary>
    private static void AssertSequentialCalls(SimulatedForge forge, SimulatedRepository repository, int expected, string opening, int since = 0)
    {
        Assert.Single(repository.MergeRequests);
        var requests = forge.Requests.Skip(since).ToList();
        var opened = Assert.Single(requests, request => request.Method == "POST" && request.PathAndQuery.EndsWith(opening, StringComparison.Ordinal));
        var line = requests.Where(request => request.EndedAt <= opened.EndedAt).OrderBy(request => request.EndedAt).ToList();
        var chain = new List<RequestRecord>();
        foreach (var request in line)
            if (chain.Count == 0 || request.StartedAt >= chain[^1].EndedAt)
                chain.Add(request);
        Assert.True(chain.Count == expected, $"{chain.Count} calls in a row: {string.Join(", ", chain.Select(request => $"{request.Method} {request.PathAndQuery}"))}");
    }
}
