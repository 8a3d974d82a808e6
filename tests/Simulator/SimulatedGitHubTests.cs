using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using QMoi.Simulator;

namespace QMoi.Tests.Simulator;

public sealed class SimulatedGitHubTests : SimulatorWorld
{
    private const string Workflow = """
        name: CI
        on:
          push: { branches: ['**'] }
        env: { COLOUR: blue }
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Set
                id: set
                run: |
                  echo "SHADE=dark" >> "$GITHUB_ENV"
                  echo "answer=42" >> "$GITHUB_OUTPUT"
              - run: echo "$SHADE ${{ env.COLOUR }} ${{ steps.set.outputs.answer }} ${{ github.ref_name }}"
              - run: test -f fixed.txt
              - if: always()
                run: echo at the end
        """;

    [Fact]
    public async Task A_failing_job_is_told_by_signed_webhooks_and_goes_green_on_the_branch_of_a_fix()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/app", Files((".github/workflows/ci.yml", Workflow)));
        Simulator.GitHub.InstallApp(repository, 4711);
        await repository.PushAsync("main", "README.md", "hello\n", "Say hello");
        await DrainAsync();

        var completed = Listener.Of("X-GitHub-Event", "workflow_run").Single(hook => hook.Json["action"]!.GetValue<string>() == "completed");
        var signature = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Simulator.GitHub.WebhookSecret), completed.Body));
        Assert.Equal(signature, completed.Headers["X-Hub-Signature-256"]);
        Assert.Equal(4711, completed.Json["installation"]!["id"]!.GetValue<int>());
        Assert.Equal("failure", completed.Json["workflow_run"]!["conclusion"]!.GetValue<string>());
        Assert.Equal(["queued", "in_progress", "completed"], Listener.Of("X-GitHub-Event", "workflow_job").Select(hook => hook.Json["action"]!.GetValue<string>()));

        var run = completed.Json["workflow_run"]!["id"]!.GetValue<long>();
        var job = (await GitHub.GetAsync($"/repos/acme/app/actions/runs/{run}/jobs"))["jobs"]![0]!;
        Assert.Equal("failure", job["conclusion"]!.GetValue<string>());
        var log = Encoding.UTF8.GetString(await GitHub.DownloadAsync($"/repos/acme/app/actions/jobs/{job["id"]}/logs"));
        Assert.All(log.TrimEnd('\n').Split('\n'), line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ", line));
        Assert.Contains("Z dark blue 42 main\n", log, StringComparison.Ordinal);
        Assert.Contains("Z ##[group]Run test -f fixed.txt\n", log, StringComparison.Ordinal);
        Assert.Contains("Z ##[error]Process completed with exit code 1.\n", log, StringComparison.Ordinal);
        Assert.Contains("Z at the end\n", log, StringComparison.Ordinal);
        using var zip = new ZipArchive(new MemoryStream(await GitHub.DownloadAsync($"/repos/acme/app/actions/runs/{run}/logs")));
        Assert.Contains("test/5_Run test -f fixed.txt.txt", zip.Entries.Select(entry => entry.FullName));

        var head = repository.Branches["main"];
        var tree = await GitHub.PostAsync("/repos/acme/app/git/trees", new JsonObject
        {
            ["base_tree"] = head,
            ["tree"] = new JsonArray(new JsonObject { ["path"] = "fixed.txt", ["mode"] = "100644", ["type"] = "blob", ["content"] = "x" }),
        });
        var commit = await GitHub.PostAsync("/repos/acme/app/git/commits",
            new JsonObject { ["message"] = "Add it", ["tree"] = tree["sha"]!.GetValue<string>(), ["parents"] = new JsonArray(head) });
        await GitHub.PostAsync("/repos/acme/app/git/refs", new JsonObject { ["ref"] = "refs/heads/bot/fix", ["sha"] = commit["sha"]!.GetValue<string>() });
        var pull = await GitHub.PostAsync("/repos/acme/app/pulls", new JsonObject { ["head"] = "bot/fix", ["base"] = "main", ["title"] = "Fix it" });
        await DrainAsync();

        Assert.Equal(CiStatus.Success, repository.Pipelines.Single(p => p.Ref == "bot/fix").Status);
        Assert.Equal(1, pull["commits"]!.GetValue<int>());
        Assert.True(pull["mergeable"]!.GetValue<bool>());
        await GitHub.PostAsync("/repos/acme/app/pulls", new JsonObject { ["head"] = "bot/fix", ["base"] = "main", ["title"] = "Fix it" }, 422);
    }

    [Fact]
    public async Task Failed_jobs_run_again_as_another_attempt()
    {
        const string flaky = """
            on: push
            jobs:
              good: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
              flaky:
                runs-on: ubuntu-latest
                steps:
                  - run: network-call
            """;
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/flaky", Files((".github/workflows/ci.yml", flaky)));
        repository.AddRunnerCommand("network-call", "#!/bin/bash\n[ -f \"$SIM_STATE_DIR/up\" ] || { touch \"$SIM_STATE_DIR/up\"; echo 'connection reset' >&2; exit 5; }\nuntil [ -f \"$SIM_STATE_DIR/asked\" ]; do sleep 0.02; done\n");
        await repository.PushAsync("main", "a.txt", "a", "Change");
        await DrainAsync();
        var run = Assert.Single(repository.Pipelines);
        Assert.True(run.Status == CiStatus.Failed, run.Job("flaky").Log.Text);
        var good = run.Job("good");

        await GitHub.PostAsync($"/repos/acme/flaky/actions/runs/{run.Id}/rerun-failed-jobs", null);
        var busy = await GitHub.PostAsync($"/repos/acme/flaky/actions/runs/{run.Id}/rerun-failed-jobs", null, 403);
        Assert.Equal("This workflow is already running", busy["message"]!.GetValue<string>());
        await File.WriteAllTextAsync(Path.Combine(repository.StateFolder, "asked"), "", TestContext.Current.CancellationToken);
        await DrainAsync();

        Assert.Equal((CiStatus.Success, 2), (run.Status, run.Attempt));
        Assert.Same(good, run.Job("good"));
        var first = await GitHub.GetAsync($"/repos/acme/flaky/actions/runs/{run.Id}/attempts/1/jobs");
        Assert.Contains("failure", first["jobs"]!.AsArray().Select(job => job!["conclusion"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_retired_action_fails_the_job_before_its_first_step()
    {
        const string retired = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/upload-artifact@v3\n";
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/retired", Files((".github/workflows/ci.yml", retired)), announce: true);
        await DrainAsync();
        var job = Assert.Single(Assert.Single(repository.Pipelines).Jobs);
        Assert.Equal(CiStatus.Failed, job.Status);
        Assert.Equal("Set up job", Assert.Single(job.Steps).Name);
        Assert.Contains("##[error]This request has been automatically failed because it uses a deprecated version of `actions/upload-artifact: v3`. Learn more: https://github.blog/changelog/2024-04-16-deprecation-notice-v3-of-the-artifact-actions/\n",
            job.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_that_cannot_be_read_is_a_run_that_never_starts()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/broken", Files((".github/workflows/ci.yml", "on: push\njobs:\n  a:\n   - [\n")), announce: true);
        await DrainAsync();
        var run = await GitHub.GetAsync($"/repos/acme/broken/actions/runs/{Assert.Single(repository.Pipelines).Id}");
        Assert.Equal("startup_failure", run["conclusion"]!.GetValue<string>());
        Assert.Equal(".github/workflows/ci.yml", run["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_matrix_makes_a_job_for_each_value()
    {
        const string matrix = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        version: [1, 2]\n        include:\n          - version: 2\n            extra: x\n    steps:\n      - run: echo v${{ matrix.version }}-${{ matrix.extra }}\n";
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/matrix", Files((".github/workflows/ci.yml", matrix)), announce: true);
        await DrainAsync();
        var run = Assert.Single(repository.Pipelines);
        Assert.Equal(["build (1)", "build (2, x)"], run.Jobs.Select(job => job.Name));
        Assert.Contains("Z v2-x\n", run.Jobs[1].Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_asks_how_the_others_ended()
    {
        const string conditions = "on: push\njobs:\n  bad: { runs-on: x, steps: [{ run: exit 3 }] }\n  after: { runs-on: x, needs: bad, steps: [{ run: 'true' }] }\n"
            + "  tell: { runs-on: x, needs: [bad], if: failure(), steps: [{ run: 'echo ${{ needs.bad.result }}' }] }\n"
            + "  elsewhere: { runs-on: x, if: github.ref_name == 'other', steps: [{ run: 'true' }] }\n";
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/if", Files((".github/workflows/ci.yml", conditions)), announce: true);
        await DrainAsync();
        var run = Assert.Single(repository.Pipelines);
        Assert.Equal([CiStatus.Failed, CiStatus.Skipped, CiStatus.Success, CiStatus.Skipped], run.Jobs.Select(job => job.Status));
        Assert.Contains("Z failure\n", run.Job("tell").Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_updated_only_by_who_knows_its_present_state()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/files", Files(("dir/a b.txt", "one\n")));
        var file = await GitHub.GetAsync("/repos/acme/files/contents/dir/a%20b.txt");
        var body = new JsonObject { ["message"] = "Two", ["content"] = Convert.ToBase64String("two\n"u8), ["branch"] = "main" };
        await GitHub.PutAsync("/repos/acme/files/contents/dir/a%20b.txt", body, 422);
        body["sha"] = "0123456789012345678901234567890123456789";
        await GitHub.PutAsync("/repos/acme/files/contents/dir/a%20b.txt", body, 409);
        body["sha"] = file["sha"]!.GetValue<string>();
        await GitHub.PutAsync("/repos/acme/files/contents/dir/a%20b.txt", body);
        Assert.Equal("two\n", await repository.ReadTextAsync("main", "dir/a b.txt"));
        Simulator.GitHub.MayWriteWorkflows = false;
        var refused = await GitHub.PutAsync("/repos/acme/files/contents/.github/workflows/x.yml", new JsonObject { ["message"] = "m", ["content"] = "" }, 403);
        Assert.Contains("without `workflows` permission", refused["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_App_gets_a_token_for_its_installation()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/app", Files(("a", "a")));
        Simulator.GitHub.InstallApp(repository, 7);
        var token = await GitHub.PostAsync("/app/installations/7/access_tokens", null);
        using var app = new ForgeClient(Simulator.GitHub, token["token"]!.GetValue<string>());
        var comment = await app.PostAsync($"/repos/acme/app/commits/{repository.Branches["main"]}/comments", new JsonObject { ["body"] = "hi" });
        Assert.Equal("Bot", comment["user"]!["type"]!.GetValue<string>());
        Assert.Equal(1, (await app.GetAsync("/installation/repositories"))["total_count"]!.GetValue<int>());
    }
}
