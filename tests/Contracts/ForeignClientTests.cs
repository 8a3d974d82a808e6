using System.Text;
using System.Text.Json.Nodes;
using QMoi.Handlers.Tools;
using QMoi.Simulator;

namespace QMoi.Tests.Contracts;

/// <summary>Clients that others wrote for the real forges, as real processes, find on the simulated ones what they expect.</summary>
public sealed class ForeignClientTests : IAsyncLifetime
{
    private const string Python = "/usr/bin/python3";   // Debian's own; python3-gitlab is installed for no other
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("qmoi-foreign-");
    private ForgeSimulator simulator = null!;

    public async ValueTask InitializeAsync() =>
        simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubHttps = true, JobTimeout = TimeSpan.FromSeconds(30) }, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await simulator.DisposeAsync();
        home.Delete(recursive: true);
    }

    [Fact]
    public async Task Gh_lists_a_red_and_a_green_run_and_shows_the_log_of_the_red_one()
    {
        await SkipWithoutAsync("gh", ["--version"], "gh is not installed: apt-get install gh");
        var repository = await RedThenGreenAsync(
            simulator.GitHub, ".github/workflows/ci.yml", "name: CI\non: push\njobs:\n  unit:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - name: Look\n        run: echo looking; test -f fixed.txt\n");
        var (red, green) = (repository.Pipelines[0], repository.Pipelines[1]);

        var found = JsonNode.Parse(await GhAsync("api", "repos/acme/app"))!;
        Assert.Equal("acme/app", found["full_name"]!.GetValue<string>());
        Assert.Equal($"{green.Id}\n{red.Id}\n", await GhAsync("api", "--paginate", "repos/acme/app/actions/runs?per_page=1", "--jq", ".workflow_runs[].id"));

        var runs = JsonNode.Parse(await GhAsync("run", "list", "--repo", Repo, "--json", "databaseId,conclusion,status,headBranch,headSha,event,name,workflowName,displayTitle,url,createdAt,updatedAt"))!.AsArray();
        Assert.Equal([green.Id, red.Id], runs.Select(run => run!["databaseId"]!.GetValue<long>()));
        Assert.Equal(["success", "failure"], runs.Select(run => run!["conclusion"]!.GetValue<string>()));
        Assert.All(runs, run => Assert.Equal("CI", run!["workflowName"]!.GetValue<string>()));
        Assert.Contains("CI", await GhAsync("run", "list", "--repo", Repo, "--workflow", "CI"), StringComparison.Ordinal);

        var shown = await GhAsync("run", "view", red.Id.ToString(), "--repo", Repo);
        Assert.Contains("X unit in", shown, StringComparison.Ordinal);
        Assert.Contains("X Look", await GhAsync("run", "view", red.Id.ToString(), "--repo", Repo, "--verbose"), StringComparison.Ordinal);
        var log = await GhAsync("run", "view", red.Id.ToString(), "--repo", Repo, "--log");
        Assert.Contains(log.Split('\n'), line => line.StartsWith("unit\tLook\t", StringComparison.Ordinal) && line.EndsWith("Z looking", StringComparison.Ordinal));
        var failed = await GhAsync("run", "view", "--repo", Repo, "--log-failed", "--job", Assert.Single(red.Jobs).Id.ToString());
        Assert.Contains("##[error]Process completed with exit code 1.", failed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Python_gitlab_walks_from_the_project_to_the_log_and_through_a_merge_request()
    {
        await SkipWithoutAsync(Python, ["-c", "import gitlab"], "python-gitlab is not installed for /usr/bin/python3: apt-get install python3-gitlab");
        var repository = await RedThenGreenAsync(simulator.GitLab, ".gitlab-ci.yml", "unit:\n  script:\n    - echo looking\n    - test -f fixed.txt\n");
        await repository.PushAsync("topic", "more.txt", "more\n", "Write more");
        await simulator.DrainAsync(TestContext.Current.CancellationToken);
        var (red, green) = (repository.Pipelines[0], repository.Pipelines[1]);
        await using var proxy = await RecordingProxy.StartAsync(simulator.GitLab.Url);

        var told = JsonNode.Parse(await RunAsync(Python, ["-", proxy.Url, simulator.GitLab.Token], Walk))!;
        Assert.Equal("acme/app", told["path"]!.GetValue<string>());
        Assert.Equal([green.Id, red.Id], told["pipelines"]!.AsArray().Select(id => id!.GetValue<long>()).Where(id => id == red.Id || id == green.Id));
        Assert.Equal("failed", told["status"]!.GetValue<string>());
        Assert.Equal(["unit failed script_failure"], told["jobs"]!.AsArray().Select(job => job!.GetValue<string>()));
        Assert.Contains("looking\n", told["log"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("ERROR: Job failed: exit code 1", told["log"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["hello again"], told["notes"]!.AsArray().Select(note => note!.GetValue<string>()));
        Assert.Equal("closed", told["state"]!.GetValue<string>());
        Assert.Equal("404", told["missing"]!.GetValue<string>());
        Assert.Equal(MergeRequestState.Closed, Assert.Single(repository.MergeRequests).State);
        Assert.Equal("written by a client\n", await repository.ReadTextAsync("written", "note.txt"));

        if (!OpenApi.HasGitLab) return;
        var verdict = ContractVerdict.Of(OpenApi.GitLab(), proxy.Exchanges, withRequests: false);
        verdict.Report("python-gitlab");
        Assert.Empty(verdict.Problems);
    }

    private const string Walk = """
        import json, sys
        import gitlab
        url, token = sys.argv[1:]
        gl = gitlab.Gitlab(url, private_token=token)
        gl.auth()
        project = gl.projects.get("acme/app")
        pipelines = project.pipelines.list(iterator=True, per_page=1)
        ids = [pipeline.id for pipeline in pipelines]
        red = project.pipelines.list(status="failed", get_all=True)[-1]
        pipeline = project.pipelines.get(red.id)
        jobs = pipeline.jobs.list(get_all=True)
        log = project.jobs.get(jobs[0].id).trace().decode()
        merge_request = project.mergerequests.create({"source_branch": "topic", "target_branch": "main", "title": "Topic"})
        note = merge_request.notes.create({"body": "hello"})
        note.body = "hello again"
        note.save()
        merge_request.state_event = "close"
        merge_request.save()
        found = project.mergerequests.list(source_branch="topic", state="closed", get_all=True)
        project.commits.create({"branch": "written", "start_branch": "main", "commit_message": "Write",
            "actions": [{"action": "create", "file_path": "note.txt", "content": "written by a client\n"}]})
        assert project.files.get("note.txt", ref="written").decode() == b"written by a client\n"
        assert "written" in [branch.name for branch in project.branches.list(get_all=True)]
        assert [entry["path"] for entry in project.repository_tree(ref="written", get_all=True)].count("note.txt") == 1
        try:
            project.pipelines.get(999999)
            missing = "found"
        except gitlab.exceptions.GitlabGetError as error:
            missing = str(error.response_code)
        json.dump({"path": project.path_with_namespace, "pipelines": ids, "status": pipeline.status, "log": log, "missing": missing,
            "jobs": [f"{job.name} {job.status} {job.attributes.get('failure_reason')}" for job in jobs],
            "notes": [note.body for note in found[0].notes.list(get_all=True) if not note.system], "state": found[0].state}, sys.stdout)
        """;

    private string Repo => $"{new Uri(simulator.GitHub.HttpsUrl!).Authority}/acme/app";

    /// <summary>A pipeline that fails, then one that passes: both were really run.</summary>
    private async Task<SimulatedRepository> RedThenGreenAsync(SimulatedForge forge, string ciPath, string ci)
    {
        var repository = await forge.CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [ciPath] = SimulatedFile.Text(ci) }, announce: true);
        await simulator.DrainAsync(TestContext.Current.CancellationToken);
        await repository.PushAsync("main", "fixed.txt", "x\n", "Add what was missing");
        await simulator.DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal([CiStatus.Failed, CiStatus.Success], repository.Pipelines.Select(pipeline => pipeline.Status));
        return repository;
    }

    private async Task<string> GhAsync(params string[] arguments)
    {
        var certificate = Path.Combine(home.FullName, "certificate.pem");
        await File.WriteAllTextAsync(certificate, simulator.GitHub.CertificatePem, TestContext.Current.CancellationToken);
        return await RunAsync("gh", arguments, "", ("GH_HOST", new Uri(simulator.GitHub.HttpsUrl!).Authority), ("GH_ENTERPRISE_TOKEN", simulator.GitHub.Token), ("SSL_CERT_FILE", certificate),
            ("GH_PROMPT_DISABLED", "1"), ("GH_NO_UPDATE_NOTIFIER", "1"), ("NO_COLOR", "1"));
    }

    private async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string input, params (string Name, string Value)[] environment)
    {
        var result = await ChildAsync(program, arguments, input, environment);
        var ran = Assert.IsType<ChildResult.Ran>(result);
        Assert.True(ran.Succeeded, $"{program} {string.Join(' ', arguments.Take(4))}: {ran.ExitCode} {ran.Stopped}\n{ran.Errors.Text}\n{ran.Output.Text}");
        return ran.Output.Text;
    }

    private async Task SkipWithoutAsync(string program, IReadOnlyList<string> arguments, string reason) =>
        Assert.SkipUnless(await ChildAsync(program, arguments, "", []) is ChildResult.Ran { Succeeded: true }, reason);

    private Task<ChildResult> ChildAsync(string program, IReadOnlyList<string> arguments, string input, (string Name, string Value)[] environment)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = home.FullName,
            ["XDG_CACHE_HOME"] = home.FullName,
            ["TZ"] = "UTC",
        };
        foreach (var (name, value) in environment) all[name] = value;
        return ChildProcess.RunAsync(
            new ChildSpec(program, arguments, home.FullName) { Environment = all, Input = Encoding.UTF8.GetBytes(input), Timeout = TimeSpan.FromMinutes(1) },
            TimeProvider.System, TestContext.Current.CancellationToken);
    }
}
