using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using QMoi.Simulator;
using QMoi.Tests.Simulator;

namespace QMoi.Tests.Contracts;

/// <summary>What the simulated forges answer beyond what the bot asks for: for commands to come, for other clients, for people with curl.</summary>
public sealed class SimulatorContractTests : IAsyncLifetime
{
    private ForgeSimulator simulator = null!;

    public async ValueTask InitializeAsync() =>
        simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { JobTimeout = TimeSpan.FromSeconds(30) }, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => simulator.DisposeAsync();

    [Fact]
    public async Task The_GitHub_side_answers_as_GitHub_describes()
    {
        var description = OpenApi.GitHub();
        var repository = await LivelyAsync(simulator.GitHub, ".github/workflows/ci.yml", "name: CI\non: push\njobs:\n  unit:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: test -f fixed.txt\n");
        simulator.GitHub.InstallApp(repository, 7);
        var (run, job, head, number) = (repository.Pipelines[0].Id, repository.Pipelines[0].Jobs[0].Id, repository.Branches["topic"], repository.MergeRequests[0].Number);
        var (note, onCommit) = (repository.MergeRequests[0].Comments[0].Id, repository.CommitComments[0].Id);
        await AssertDescribedAsync(description, simulator.GitHub, $$"""
            GET /
            GET /meta
            GET /rate_limit
            GET /user
            GET /users/qmoi
            GET /user/repos
            GET /orgs/acme/repos
            GET /app
            GET /app/installations
            GET /app/installations/7
            POST /app/installations/7/access_tokens {}
            GET /repos/acme/app
            GET /repos/acme/app/installation
            GET /repos/acme/app/actions/runs?status=failure&branch=main
            GET /repos/acme/app/actions/runs/{{run}}
            GET /repos/acme/app/actions/runs/{{run}}/jobs
            GET /repos/acme/app/actions/runs/{{run}}/attempts/1
            GET /repos/acme/app/actions/runs/{{run}}/attempts/1/jobs
            GET /repos/acme/app/actions/runs/{{run}}/logs
            GET /repos/acme/app/actions/runs/{{run}}/artifacts
            GET /repos/acme/app/actions/jobs/{{job}}
            GET /repos/acme/app/actions/workflows
            GET /repos/acme/app/actions/workflows/ci.yml
            GET /repos/acme/app/actions/workflows/ci.yml/runs
            GET /repos/acme/app/branches
            GET /repos/acme/app/branches/main
            GET /repos/acme/app/tags
            GET /repos/acme/app/commits
            GET /repos/acme/app/commits/{{head}}
            GET /repos/acme/app/commits/{{head}}/pulls
            GET /repos/acme/app/commits/{{head}}/comments
            POST /repos/acme/app/statuses/{{head}} {"state":"success","context":"qmoi"}
            GET /repos/acme/app/commits/{{head}}/status
            GET /repos/acme/app/commits/{{head}}/statuses
            GET /repos/acme/app/comments
            GET /repos/acme/app/comments/{{onCommit}}
            POST /repos/acme/app/comments/{{onCommit}}/reactions {"content":"+1"}
            GET /repos/acme/app/compare/main...topic
            GET /repos/acme/app/collaborators/qmoi
            GET /repos/acme/app/collaborators/qmoi/permission
            GET /repos/acme/app/contents
            GET /repos/acme/app/contents/fixed.txt
            GET /repos/acme/app/contents/absent.txt
            GET /repos/acme/app/readme
            GET /repos/acme/app/git/ref/heads/main
            GET /repos/acme/app/git/matching-refs/heads/
            GET /repos/acme/app/git/trees/{{head}}
            GET /repos/acme/app/git/commits/{{head}}
            POST /repos/acme/app/git/blobs {"content":"x"}
            GET /repos/acme/app/pulls?state=all
            GET /repos/acme/app/pulls/{{number}}
            GET /repos/acme/app/pulls/{{number}}/files
            GET /repos/acme/app/pulls/{{number}}/commits
            GET /repos/acme/app/pulls/{{number}}/reviews
            POST /repos/acme/app/pulls/{{number}}/comments {"body":"hello","commit_id":"{{head}}","path":"more.txt","line":1,"side":"RIGHT"}
            GET /repos/acme/app/pulls/{{number}}/comments
            GET /repos/acme/app/issues/{{number}}
            GET /repos/acme/app/issues/{{number}}/comments
            GET /repos/acme/app/issues/comments/{{note}}
            POST /repos/acme/app/issues/comments/{{note}}/reactions {"content":"eyes"}
            GET /repos/acme/app/issues/comments/{{note}}/reactions
            POST /repos/acme/app/labels {"name":"ci","color":"ededed"}
            GET /repos/acme/app/labels
            GET /repos/acme/app/labels/ci
            POST /repos/acme/app/issues/{{number}}/labels {"labels":["ci"]}
            GET /repos/acme/app/issues/{{number}}/labels
            POST /repos/acme/app/hooks {"config":{"url":"http://127.0.0.1:9/"},"events":["push"]}
            GET /repos/acme/app/hooks
            POST /repos/acme/app/actions/runs/{{run}}/rerun {}
            PUT /repos/acme/app/pulls/{{number}}/merge {}
            """);
    }

    [Fact]
    public async Task The_GitHub_side_sends_what_GitHub_describes_of_its_webhooks()
    {
        var description = OpenApi.GitHub();
        Assert.SkipUnless(description.HasWebhooks, $"{description.Origin} has no webhooks: ./test.sh fetches the description that has.");
        await using var listener = await HookListener.StartAsync();
        simulator.GitHub.HookUrl = listener.Url;
        var repository = await LivelyAsync(simulator.GitHub, ".github/workflows/ci.yml", "name: CI\non: push\njobs:\n  unit:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: test -f fixed.txt\n");
        await repository.PushAsync("topic", "more.txt", "still more\n", "Write still more");
        repository.MergeRequests[0].EditComment(repository.MergeRequests[0].Comments[0], "hello again");
        repository.MergeRequests[0].Close();
        await simulator.DrainAsync(TestContext.Current.CancellationToken);

        var seen = new SortedSet<string>(StringComparer.Ordinal);
        var problems = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var hook in listener.Received)
        {
            using var payload = JsonDocument.Parse(hook.Body);
            var name = hook.Headers["X-GitHub-Event"];
            var found = description.DeliveryProblems(name, payload.RootElement);
            seen.Add(found is null ? $"not covered: {name}" : $"checked: {name}");
            problems.UnionWith(found ?? []);
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join("\n", seen));
        Assert.True(problems.Count == 0, string.Join("\n", problems));
        Assert.Equal(["commit_comment", "issue_comment", "pull_request", "push", "workflow_job", "workflow_run"], seen.Where(name => name.StartsWith("checked: ", StringComparison.Ordinal)).Select(name => name["checked: ".Length..]));
    }

    [Fact]
    public async Task The_GitLab_side_answers_as_GitLab_describes()
    {
        var description = OpenApi.GitLab();
        var repository = await LivelyAsync(simulator.GitLab, ".gitlab-ci.yml", "unit:\n  script: [test -f fixed.txt]\n");
        var (pipeline, job, head, number) = (repository.Pipelines[0].Id, repository.Pipelines[0].Jobs[0].Id, repository.Branches["topic"], repository.MergeRequests[0].Number);
        var start = repository.MergeRequests[0].BaseSha;
        var (project, note, member) = ($"/projects/{repository.Id}", repository.MergeRequests[0].Comments[0].Id, simulator.GitLab.Bot.Id);
        await AssertDescribedAsync(description, simulator.GitLab, $$"""
            GET /version
            GET /metadata
            GET /user
            GET /users?username=qmoi
            GET /personal_access_tokens/self
            GET /projects
            GET /projects/acme%2Fapp
            GET {{project}}
            GET {{project}}/pipelines?status=failed
            GET {{project}}/pipelines/latest
            GET {{project}}/pipelines/{{pipeline}}
            GET {{project}}/pipelines/{{pipeline}}/jobs?include_retried=true
            GET {{project}}/pipelines/{{pipeline}}/bridges
            GET {{project}}/pipelines/{{pipeline}}/variables
            GET {{project}}/jobs
            GET {{project}}/jobs/{{job}}
            GET {{project}}/jobs/{{job}}/trace
            GET {{project}}/repository/commits
            GET {{project}}/repository/commits/{{head}}
            GET {{project}}/repository/commits/{{head}}/diff
            GET {{project}}/repository/commits/{{head}}/comments
            GET {{project}}/repository/commits/{{head}}/discussions
            GET {{project}}/repository/commits/{{head}}/merge_requests
            POST {{project}}/statuses/{{head}} {"state":"success","name":"qmoi"}
            GET {{project}}/repository/commits/{{head}}/statuses
            GET {{project}}/repository/files/fixed.txt?ref=main
            GET {{project}}/repository/files/absent.txt?ref=main
            GET {{project}}/repository/tree
            GET {{project}}/repository/branches
            GET {{project}}/repository/branches/main
            GET {{project}}/repository/tags
            GET {{project}}/repository/compare?from=main&to=topic
            GET {{project}}/members/all
            GET {{project}}/members/all/{{member}}
            POST {{project}}/labels {"name":"ci","color":"#ededed"}
            GET {{project}}/labels
            POST {{project}}/ci/lint {"content":"a: 1"}
            GET {{project}}/protected_branches
            GET {{project}}/forks
            GET {{project}}/merge_requests
            GET {{project}}/merge_requests/{{number}}
            GET {{project}}/merge_requests/{{number}}/changes
            GET {{project}}/merge_requests/{{number}}/diffs
            GET {{project}}/merge_requests/{{number}}/commits
            GET {{project}}/merge_requests/{{number}}/pipelines
            GET {{project}}/merge_requests/{{number}}/notes
            GET {{project}}/merge_requests/{{number}}/notes/{{note}}
            GET {{project}}/merge_requests/{{number}}/discussions
            POST {{project}}/merge_requests/{{number}}/discussions {"body":"hello","position":{"position_type":"text","base_sha":"{{start}}","start_sha":"{{start}}","head_sha":"{{head}}","old_path":"more.txt","new_path":"more.txt","new_line":1} }
            POST {{project}}/merge_requests/{{number}}/notes/{{note}}/award_emoji {"name":"eyes"}
            GET {{project}}/merge_requests/{{number}}/notes/{{note}}/award_emoji
            POST {{project}}/hooks {"url":"http://127.0.0.1:9/","push_events":true}
            GET {{project}}/hooks
            POST {{project}}/jobs/{{job}}/retry
            PUT {{project}}/merge_requests/{{number}}/merge {}
            """);
    }

    /// <summary>A red and a green pipeline, an open merge request with a comment, a comment on its commit.</summary>
    private async Task<SimulatedRepository> LivelyAsync(SimulatedForge forge, string ciPath, string ci)
    {
        var repository = await forge.CreateRepositoryAsync(
            "acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [ciPath] = SimulatedFile.Text(ci), ["README.md"] = SimulatedFile.Text("App\n") }, announce: true);
        await simulator.DrainAsync(TestContext.Current.CancellationToken);
        await repository.PushAsync("main", "fixed.txt", "x\n", "Add what was missing");
        await repository.PushAsync("topic", "more.txt", "more\n", "Write more");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic", "Some more");
        request.Comment("hello");
        repository.CommentOnCommit(repository.Branches["topic"], "hello");
        await simulator.DrainAsync(TestContext.Current.CancellationToken);
        return repository;
    }

    /// <param name="calls">Method, path, and for some a body; one on each line.</param>
    private async Task AssertDescribedAsync(OpenApi description, SimulatedForge forge, string calls)
    {
        await using var proxy = await RecordingProxy.StartAsync(forge.Url);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", forge.Token);
        http.DefaultRequestHeaders.UserAgent.ParseAdd("test/1");
        List<string> refused = [];
        foreach (var call in calls.Split('\n'))
        {
            var parts = call.Split(' ', 3);
            using var request = new HttpRequestMessage(new HttpMethod(parts[0]), proxy.Url + forge.ApiUrl[forge.Url.Length..] + parts[1]);
            if (parts.Length == 3) request.Content = new StringContent(parts[2], Encoding.UTF8, "application/json");
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            if ((int)response.StatusCode >= 400 != parts[1].Contains("absent", StringComparison.Ordinal)) refused.Add($"{call}: {(int)response.StatusCode}");
        }

        await simulator.DrainAsync(TestContext.Current.CancellationToken);
        var verdict = ContractVerdict.Of(description, proxy.Exchanges);
        verdict.Report(forge.GetType().Name);
        Assert.True(verdict.Problems.Count + refused.Count == 0, string.Join("\n", [.. refused, .. verdict.Problems]));
    }
}
