using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Somebody breaks a pipeline; later the forge looks healed. Real git, real jobs, signed webhooks.</summary>
public sealed class Healing
{
    public static TheoryData<string> BothForges => ["gitlab", "github"];

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_known_failure_on_the_default_branch_gets_a_verified_merge_request_and_one_comment(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests);
        Assert.StartsWith("qmoi/fix/shell-permission-denied-", fix.SourceBranch, StringComparison.Ordinal);
        Assert.Equal("main", fix.TargetBranch);
        Assert.Equal("100755", await repository.FileModeAsync(fix.SourceBranch, "check.sh"));
        Assert.Equal(CiStatus.Success, repository.Pipelines.Last(pipeline => pipeline.Ref == fix.SourceBranch).Status);
        Assert.Contains("**Verified.**", fix.Body, StringComparison.Ordinal);
        Assert.Contains("Permission denied", fix.Body, StringComparison.Ordinal);
        var comment = Assert.Single(repository.CommitComments);
        Assert.Contains("Fix ready", comment.Body, StringComparison.Ordinal);
        Assert.Contains(fix.SourceBranch.Split('-')[^1], comment.Body, StringComparison.Ordinal);
        world.AssertNoWarnings();
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_red_merge_request_is_told_on_the_merge_request_and_the_fix_goes_into_its_branch(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true)));
        await world.SettleAsync();
        await repository.PushAsync("topic", "readme.md", "topic\n", "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();
        await repository.PushAsync("topic", "check.sh", "#!/bin/sh\necho better\n", "Lose the mode");
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests, candidate => candidate != request);
        Assert.Equal("topic", fix.TargetBranch);
        Assert.Contains("Fix ready", Assert.Single(request.Comments).Body, StringComparison.Ordinal);
        Assert.Empty(repository.CommitComments);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_transient_failure_runs_again_once_and_is_told_as_passed(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithFlakyDownloadAsync(forge, failures: 1);
        await world.SettleAsync();

        Assert.Equal(CiStatus.Success, Assert.Single(repository.Pipelines).Status);
        Assert.Empty(repository.MergeRequests);
        Assert.Contains("Passed when it was run again", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_failure_that_comes_back_after_the_retry_is_explained_and_left_alone(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithFlakyDownloadAsync(forge, failures: 100);
        await world.SettleAsync();

        Assert.Equal(CiStatus.Failed, Assert.Single(repository.Pipelines).Status);
        Assert.Equal(2, repository.Pipelines[0].AllJobs.Count);
        Assert.Contains("came back after 1 retry", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_missing_secret_is_explained_and_nothing_is_touched(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "bash send.sh"), ("send.sh", SimulatedFile.Text("if [ -z \"$REPORT_TOKEN\" ]; then echo \"Error: Environment variable REPORT_TOKEN is not set\"; exit 1; fi\n")));
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Single(repository.Branches);
        Assert.Single(repository.Pipelines[0].AllJobs);
        Assert.Contains("REPORT_TOKEN", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_stage_is_repaired_with_the_forges_own_lint()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", (".gitlab-ci.yml", SimulatedFile.Text("stages: [build]\nunit:\n  stage: test\n  script: [echo ok]\n")));
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests);
        Assert.Equal("stages: [build, test]\nunit:\n  stage: test\n  script: [echo ok]\n", await repository.ReadTextAsync(fix.SourceBranch, ".gitlab-ci.yml"));
        Assert.Equal(CiStatus.Success, repository.Pipelines.Last(pipeline => pipeline.Ref == fix.SourceBranch).Status);
        Assert.Contains(world.GitLab.Requests, request => request.PathAndQuery.EndsWith("/ci/lint", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_jobs_with_one_cause_get_one_fix_and_one_comment()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(
            "gitlab", (".gitlab-ci.yml", SimulatedFile.Text("unit:\n  script: [./check.sh]\nlint:\n  script: [./check.sh]\n")), World.Script);
        await world.SettleAsync();

        Assert.Single(repository.MergeRequests);
        var comment = Assert.Single(repository.CommitComments).Body;
        Assert.Contains("`unit`", comment, StringComparison.Ordinal);
        Assert.Contains("`lint`", comment, StringComparison.Ordinal);
    }
}
