using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using QMoi.Simulator;

namespace QMoi.Tests.Simulator;

public sealed class SimulatedGitLabTests : SimulatorWorld
{
    private const string Red = "test:\n  image: debian:12\n  script:\n    - echo checking\n    - test -f fixed.txt\n";

    [Fact]
    public async Task A_failing_job_is_told_by_signed_webhooks_and_goes_green_on_the_branch_of_a_fix()
    {
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/app", Files((".gitlab-ci.yml", Red)));
        await repository.PushAsync("main", "README.md", "hello\n", "Say hello");
        await DrainAsync();

        var pipeline = Assert.Single(repository.Pipelines);
        Assert.Equal(CiStatus.Failed, pipeline.Status);
        var failed = Listener.Of("X-Gitlab-Event", "Pipeline Hook").Single(hook => hook.Json["object_attributes"]!["status"]!.GetValue<string>() == "failed");
        Assert.Equal(Simulator.GitLab.WebhookSecret, failed.Headers["X-Gitlab-Token"]);
        var signed = Encoding.UTF8.GetBytes($"{failed.Headers["webhook-id"]}.{failed.Headers["webhook-timestamp"]}.").Concat(failed.Body).ToArray();
        var key = Convert.FromBase64String(SigningToken["whsec_".Length..]);
        Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed)), failed.Headers["webhook-signature"]);
        var build = failed.Json["builds"]![0]!;
        Assert.Equal("script_failure", build["failure_reason"]!.GetValue<string>());

        var log = await GitLab.TextAsync($"/projects/{repository.Id}/jobs/{build["id"]}/trace");
        Assert.StartsWith("\u001b[0KRunning with gitlab-runner", log, StringComparison.Ordinal);
        Assert.Matches("section_start:[0-9]+:step_script\r\u001b\\[0K", log);
        Assert.Contains("\u001b[32;1m$ echo checking\u001b[0;m\nchecking\n", log, StringComparison.Ordinal);
        Assert.EndsWith("\u001b[31;1mERROR: Job failed: exit code 1\u001b[0;m\n", log, StringComparison.Ordinal);
        Assert.DoesNotContain("/tmp/forge-simulator", log, StringComparison.Ordinal);

        await GitLab.PostAsync($"/projects/{repository.Id}/repository/commits", new JsonObject
        {
            ["branch"] = "fix",
            ["start_sha"] = pipeline.Sha,
            ["commit_message"] = "Add what was missing",
            ["actions"] = new JsonArray(new JsonObject { ["action"] = "create", ["file_path"] = "fixed.txt", ["content"] = "x" }),
        });
        var mr = await GitLab.PostAsync("/projects/acme%2Fapp/merge_requests",
            new JsonObject { ["source_branch"] = "fix", ["target_branch"] = "main", ["title"] = "Fix it" });
        await DrainAsync();

        Assert.Equal(1, mr["iid"]!.GetValue<int>());
        var fix = repository.Pipelines.Single(p => p.Ref == "fix");
        Assert.Equal(CiStatus.Success, fix.Status);
        Assert.Equal("success", (await GitLab.GetAsync($"/projects/{repository.Id}/merge_requests/1"))["head_pipeline"]!["status"]!.GetValue<string>());
        await GitLab.PutAsync($"/projects/{repository.Id}/merge_requests/1/merge", new JsonObject());
        Assert.Equal(MergeRequestState.Merged, Assert.Single(repository.MergeRequests).State);
        Assert.Equal("x", await repository.ReadTextAsync("main", "fixed.txt"));
    }

    [Fact]
    public async Task A_retried_job_is_a_new_job_in_the_same_pipeline()
    {
        const string flaky = "flaky:\n  script: ['test -f $SIM_STATE_DIR/again || { touch $SIM_STATE_DIR/again; exit 7; }']\nafter:\n  stage: deploy\n  script: echo done\n";
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/flaky", Files((".gitlab-ci.yml", flaky)), announce: true);
        await DrainAsync();
        var pipeline = Assert.Single(repository.Pipelines);
        Assert.Equal(CiStatus.Skipped, pipeline.Job("after").Status);
        Assert.Contains("exit code 7", pipeline.Job("flaky").Log.Text, StringComparison.Ordinal);

        var again = await GitLab.PostAsync($"/projects/{repository.Id}/jobs/{pipeline.Job("flaky").Id}/retry", null);
        await DrainAsync();

        Assert.NotEqual(pipeline.AllJobs[0].Id, again["id"]!.GetValue<long>());
        Assert.Equal(CiStatus.Success, pipeline.Status);
        Assert.Equal(CiStatus.Success, pipeline.Job("after").Status);
    }

    [Fact]
    public async Task A_configuration_the_forge_refuses_is_a_failed_pipeline_without_jobs()
    {
        const string wrong = "stages: [build, test]\nship:\n  stage: deploy\n  script: echo\n";
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/wrong", Files((".gitlab-ci.yml", wrong)), announce: true);
        await DrainAsync();
        var pipeline = Assert.Single(repository.Pipelines);
        var answer = await GitLab.GetAsync($"/projects/{repository.Id}/pipelines/{pipeline.Id}");
        Assert.Matches(@"^ship job: chosen stage (\S+ )?does not exist; available stages are (.+)$", answer["yaml_errors"]!.GetValue<string>());
        var hook = Listener.Of("X-Gitlab-Event", "Pipeline Hook").Single();
        Assert.Equal("failed", hook.Json["object_attributes"]!["status"]!.GetValue<string>());
        Assert.Empty(hook.Json["builds"]!.AsArray());
        var lint = await GitLab.PostAsync($"/projects/{repository.Id}/ci/lint", new JsonObject { ["content"] = "a:\n  script: echo\n" }, 200);
        Assert.True(lint["valid"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Artifacts_needs_extends_and_rules_are_followed()
    {
        const string ci = """
            variables: { GREETING: hello }
            .base:
              before_script: [echo before]
            make:
              extends: .base
              stage: build
              script:
                - mkdir out
                - echo "$GREETING $WHO" > out/greeting.txt
              variables: { WHO: world }
              artifacts: { paths: [out/] }
            read:
              needs: [make]
              script: ['grep "hello world" out/greeting.txt']
            never:
              script: exit 1
              rules:
                - if: $CI_COMMIT_BRANCH == "other"
            by-hand:
              script: exit 1
              rules:
                - if: $CI_COMMIT_BRANCH =~ /^ma/ && $CI_PIPELINE_SOURCE == "push"
                  when: manual
                  allow_failure: true
            may-fail:
              script: exit 1
              allow_failure: true
            """;
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/rules", Files((".gitlab-ci.yml", ci)), announce: true);
        await DrainAsync();
        var pipeline = Assert.Single(repository.Pipelines);
        Assert.True(pipeline.Status == CiStatus.Success, string.Join('\n', pipeline.Jobs.Select(job => job.Log.Text)));
        Assert.Equal(["make", "read", "by-hand", "may-fail"], pipeline.Jobs.Select(job => job.Name));
        Assert.Equal(CiStatus.Manual, pipeline.Job("by-hand").Status);
    }

    [Fact]
    public async Task A_stranger_offers_a_change_from_a_fork()
    {
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/lib", Files((".gitlab-ci.yml", Red)));
        var stranger = Simulator.GitLab.AddUser("mallory");
        var mr = await repository.CreateForkMergeRequestAsync(stranger, "patch", Changes(("fixed.txt", "x")), "A present");
        await DrainAsync();
        Assert.True(mr.IsFromFork);
        var answer = await GitLab.GetAsync($"/projects/{repository.Id}/merge_requests/{mr.Number}");
        Assert.NotEqual(answer["source_project_id"]!.GetValue<long>(), answer["target_project_id"]!.GetValue<long>());
        using var theirs = new ForgeClient(Simulator.GitLab, Simulator.GitLab.IssueToken(stranger));
        await theirs.PostAsync($"/projects/{repository.Id}/repository/branches", new JsonObject { ["branch"] = "x", ["ref"] = "main" }, 403);
    }

    [Fact]
    public async Task A_commit_keeps_modes_and_tells_apart_what_exists()
    {
        var repository = await Simulator.GitLab.CreateRepositoryAsync("acme/modes", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal)
        {
            ["run.sh"] = SimulatedFile.Text("#!/bin/sh\n", executable: true),
            ["old.txt"] = SimulatedFile.Text("old\n"),
        });
        Task<JsonNode> Commit(string branch, string? start, int status, params JsonObject[] actions) => GitLab.PostAsync($"/projects/{repository.Id}/repository/commits",
            new JsonObject { ["branch"] = branch, ["start_branch"] = start, ["commit_message"] = "m", ["actions"] = new JsonArray([.. actions]) }, status);

        await Commit("next", "main", 201,
            new JsonObject { ["action"] = "update", ["file_path"] = "run.sh", ["content"] = Convert.ToBase64String("#!/bin/bash\n"u8), ["encoding"] = "base64" },
            new JsonObject { ["action"] = "move", ["file_path"] = "new.txt", ["previous_path"] = "old.txt" });
        Assert.Equal("100755", await repository.FileModeAsync("next", "run.sh"));
        Assert.Equal("old\n", await repository.ReadTextAsync("next", "new.txt"));
        Assert.Null(await repository.ReadFileAsync("next", "old.txt"));
        var again = await Commit("next", "main", 400, new JsonObject { ["action"] = "delete", ["file_path"] = "run.sh" });
        Assert.StartsWith("A branch called 'next' already exists", again["message"]!.GetValue<string>(), StringComparison.Ordinal);
        await Commit("main", null, 400, new JsonObject { ["action"] = "create", ["file_path"] = "run.sh", ["content"] = "" });
        var file = await GitLab.GetAsync($"/projects/{repository.Id}/repository/files/run.sh?ref=next");
        Assert.True(file["execute_filemode"]!.GetValue<bool>());
    }
}
