using System.Text.Json.Nodes;
using QMoi.Simulator;

namespace QMoi.Tests.Simulator;

public sealed class SimulatedForgeTests : SimulatorWorld
{
    [Fact]
    public async Task A_repository_is_cloned_and_pushed_over_http()
    {
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/git", Files(("a.txt", "a\n")));
        var folder = Directory.CreateTempSubdirectory("clone-");
        try
        {
            var url = new UriBuilder(repository.CloneUrl) { UserName = "any", Password = Simulator.GitLab.Token }.Uri.ToString();
            await GitAsync(folder.FullName, "clone", "--quiet", repository.CloneUrl, ".");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, ".gitlab-ci.yml"), "ok:\n  script: cat a.txt\n", TestContext.Current.CancellationToken);
            await GitAsync(folder.FullName, "add", ".");
            await GitAsync(folder.FullName, "commit", "--quiet", "-m", "Add CI");
            await GitAsync(folder.FullName, "push", "--quiet", url, "HEAD:refs/heads/work/one");
            await DrainAsync();
            Assert.Equal(CiStatus.Success, Assert.Single(repository.Pipelines).Status);
            Assert.Equal("refs/heads/work/one", Listener.Of("X-Gitlab-Event", "Push Hook").Single().Json["ref"]!.GetValue<string>());
            await Assert.ThrowsAnyAsync<Exception>(() => GitAsync(folder.FullName, "push", "--quiet", repository.CloneUrl, "HEAD:refs/heads/other"));

            await GitAsync(folder.FullName, "push", "--quiet", $"http://any:{Simulator.GitLab.Token}@{new Uri(Simulator.GitLab.Url).Authority}/qmoi/fresh.git", "HEAD:main");
            Assert.NotNull(Simulator.GitLab.FindRepository("qmoi/fresh"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        var gitHub = await Simulator.GitHub.CreateRepositoryAsync("acme/pages", Files(("a", "a")));
        var gitLab = await Simulator.GitLab.CreateRepositoryAsync("acme/pages", Files(("a", "a")));
        for (var i = 0; i < 5; i++)
        {
            await gitHub.FailPipelineAsync("main", "test", "log");
            await gitLab.FailPipelineAsync("main", "test", "log");
        }
        using var second = await GitHub.SendAsync(HttpMethod.Get, "/repos/acme/pages/actions/runs?per_page=2&page=2");
        var link = Assert.Single(second.Headers.GetValues("Link"));
        Assert.Contains("rel=\"next\"", link, StringComparison.Ordinal);
        Assert.Contains("rel=\"prev\"", link, StringComparison.Ordinal);
        using var last = await GitLab.SendAsync(HttpMethod.Get, "/projects/acme%2Fpages/pipelines?per_page=2&page=3");
        Assert.Equal("5", Assert.Single(last.Headers.GetValues("X-Total")));
        Assert.Equal("", Assert.Single(last.Headers.GetValues("X-Next-Page")));
    }

    [Fact]
    public async Task Faults_strike_as_often_as_they_were_told()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/faults", Files(("a", "a")));
        var pull = await OpenAsync(repository);
        Simulator.GitHub.AddFault(new Fault("GET", "/user$", 429, times: 1) { Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Retry-After"] = "7" } });
        using var limited = await GitHub.SendAsync(HttpMethod.Get, "/user");
        Assert.Equal((429, "7"), ((int)limited.StatusCode, limited.Headers.RetryAfter!.ToString()));
        await GitHub.GetAsync("/user");

        Simulator.GitHub.AddFault(new Fault("POST", "/comments$", times: 1, effect: FaultEffect.BreakAfterEffect));
        await Assert.ThrowsAsync<HttpRequestException>(() => GitHub.SendAsync(HttpMethod.Post, $"/repos/acme/faults/issues/{pull.Number}/comments", new JsonObject { ["body"] = "hi" }));
        Assert.Equal("hi", Assert.Single(pull.Comments).Body);
        Assert.Equal([429, 200, 0], Simulator.GitHub.Requests.Select(request => request.Status));
    }

    [Fact]
    public async Task Deliveries_can_be_held_back_and_sent_again()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/held", Files(("a", "a")));
        var pull = await OpenAsync(repository);
        await DrainAsync();
        var before = Listener.Received.Count;
        Simulator.GitHub.HoldDeliveries();
        pull.Comment("/qmoi retry", Simulator.GitHub.AddUser("bob"));
        await DrainAsync();
        Assert.Equal(before, Listener.Received.Count);
        Simulator.GitHub.ReleaseDeliveries(shuffled: true);
        await DrainAsync();
        var delivery = Simulator.GitHub.Deliveries[^1];
        Assert.Equal(("issue_comment", 202), (delivery.Event, delivery.StatusCode));
        Simulator.GitHub.Redeliver(delivery.DeliveryId);
        await DrainAsync();
        Assert.Equal(2, Listener.Of("X-GitHub-Delivery", delivery.DeliveryId).Count());
        var listed = await GitHub.GetAsync("/app/hook/deliveries?per_page=1");
        Assert.True(listed[0]!["redelivery"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_log_may_be_large_or_lost()
    {
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/logs", Files(("a", "a")));
        var large = new byte[8 * 1024 * 1024];
        large.AsSpan().Fill((byte)'x');
        var pipeline = await repository.FailPipelineAsync("main", "test", large);
        Assert.Equal(large.Length, (await GitLab.TextAsync($"/projects/{repository.Id}/jobs/{pipeline.Jobs[0].Id}/trace")).Length);
        var lost = await repository.FailPipelineAsync("main", "test", JobLog.Missing());
        using var answer = await GitLab.SendAsync(HttpMethod.Get, $"/projects/{repository.Id}/jobs/{lost.Jobs[0].Id}/trace");
        Assert.Equal(404, (int)answer.StatusCode);
        Assert.Equal("boom", (await repository.ConfigErrorPipelineAsync("main", "boom")).ConfigError);
    }

    [Fact]
    public async Task Whoever_has_no_token_is_told_so_in_the_words_of_the_forge()
    {
        using var gitHub = new ForgeClient(Simulator.GitHub, "wrong");
        using var gitLab = new ForgeClient(Simulator.GitLab, "wrong");
        using var one = await gitHub.SendAsync(HttpMethod.Get, "/user");
        using var other = await gitLab.SendAsync(HttpMethod.Get, "/user");
        Assert.Equal((401, 401), ((int)one.StatusCode, (int)other.StatusCode));
        Assert.Contains("Bad credentials", await one.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("401 Unauthorized", await other.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var missing = await GitLab.SendAsync(HttpMethod.Get, "/projects/no%2Fsuch");
        Assert.Contains("404 Project Not Found", await missing.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_job_leaves_behind_ends_with_its_time()
    {
        const string hangs = "hang:\n  timeout: 1 second\n  script:\n    - timeout 300 sleep 300 & sleep 300\n";
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/hang", Files((".gitlab-ci.yml", hangs)), announce: true);
        await DrainAsync();
        var job = Assert.Single(Assert.Single(repository.Pipelines).Jobs);
        Assert.Equal("job_execution_timeout", job.FailureReason);
        Assert.Contains("ERROR: Job failed: execution took longer than 1s seconds", job.Log.Text, StringComparison.Ordinal);
    }

    private static async Task<SimulatedMergeRequest> OpenAsync(SimulatedRepository repository)
    {
        await repository.PushAsync("topic", "b.txt", "b", "Change");
        return await repository.OpenMergeRequestAsync("topic", "main", "A change");
    }
}
