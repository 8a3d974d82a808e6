using System.Text;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>What the bot leaves alone, and how it says so.</summary>
public sealed class Guards
{
    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_repository_that_says_enabled_false_sees_nothing_of_the_bot(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge, (".qmoi.yml", SimulatedFile.Text("enabled: false\n")));
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Empty(repository.CommitComments);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("disabled by .qmoi.yml", StringComparison.Ordinal));
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_dry_run_says_what_would_be_done_and_does_nothing(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge, (".qmoi.yml", SimulatedFile.Text("dry_run: true\n")));
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Single(repository.Branches);
        var comment = Assert.Single(repository.CommitComments).Body;
        Assert.Contains("Dry run", comment, StringComparison.Ordinal);
        Assert.Contains("new mode 100755", comment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_in_the_settings_file_is_named_with_its_line_and_nothing_is_fixed()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync("gitlab", (".qmoi.yml", SimulatedFile.Text("version: 1\nenabeld: true\n")));
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        var comment = Assert.Single(repository.CommitComments).Body;
        Assert.Contains("line 2", comment, StringComparison.Ordinal);
        Assert.Contains("enabled", comment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_settings_of_a_merge_request_do_not_count_before_they_are_merged()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true)), (".qmoi.yml", SimulatedFile.Text("enabled: false\n")));
        await world.SettleAsync();
        await repository.PushAsync("topic", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal)
        {
            [".qmoi.yml"] = SimulatedFile.Text("enabled: true\n"),
            ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho no\n"),
        }, "Enable the bot from a branch");
        await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();

        Assert.Single(repository.MergeRequests);
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_fork_gets_a_comment_at_most(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true)));
        await world.SettleAsync();
        var stranger = world.Forge(forge).AddUser("stranger");
        var request = await repository.CreateForkMergeRequestAsync(stranger, "topic", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho no\n") }, "Topic");
        await world.SettleAsync();

        Assert.Equal([request], repository.MergeRequests);
        Assert.Single(repository.Branches);
        // GitLab runs the pipeline of a fork in the fork, and tells this repository nothing of it.
        if (forge == "github")
            Assert.Contains("comes from a fork", Assert.Single(request.Comments).Body, StringComparison.Ordinal);
        else
            Assert.Empty(request.Comments);
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_head_that_moved_on_is_left_alone(string forge)
    {
        await using var world = await World.StartAsync();
        world.Forge(forge).HoldDeliveries();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SimulatorIdleAsync();
        await repository.PushAsync("main", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true) }, "Mend it by hand");
        await world.SimulatorIdleAsync();
        world.Forge(forge).ReleaseDeliveries();
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Empty(repository.CommitComments);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("moved on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_deleted_branch_is_left_alone()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true)));
        await world.SettleAsync();
        world.GitLab.HoldDeliveries();
        await repository.PushAsync("topic", "check.sh", "#!/bin/sh\necho no\n", "Lose the mode");
        await world.SimulatorIdleAsync();
        await repository.DeleteBranchAsync("topic");
        world.GitLab.ReleaseDeliveries();
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("is gone", StringComparison.Ordinal));
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_fix_that_does_not_heal_is_closed_with_its_reason_and_nothing_is_stacked_on_it(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho 'assertion failed: 1 != 2'\nexit 3\n")));
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests);
        Assert.Equal(MergeRequestState.Closed, fix.State);
        Assert.Contains("did not heal", fix.Body, StringComparison.Ordinal);
        Assert.Equal(["main"], repository.Branches.Keys);
        Assert.Contains("Fix closed", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fix_whose_pipeline_met_a_passing_failure_is_tried_once_more_from_the_original_head()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\nfetch-schema\n")));
        repository.AddRunnerCommand("fetch-schema", World.FlakyDownload(failures: 1));
        await repository.PushAsync("main", "readme.md", "now\n", "Start");
        await world.SettleAsync();

        var fixes = repository.MergeRequests.Where(request => request.SourceBranch.StartsWith("qmoi/fix/", StringComparison.Ordinal)).ToList();
        Assert.Contains(fixes, fix => fix.State == MergeRequestState.Closed);
        Assert.Contains(fixes, fix => fix.State == MergeRequestState.Open && fix.SourceBranch.EndsWith("-2", StringComparison.Ordinal) && fix.Body.Contains("**Verified.**", StringComparison.Ordinal));
        Assert.Equal(fixes.Count, fixes.Select(fix => fix.SourceBranch).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task A_fix_that_a_person_closed_is_not_offered_again_on_that_commit()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests).Close();
        await repository.FailPipelineAsync("main", "again", "section_start:1:step_script\r\u001b[0K$ ./check.sh\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n");
        await world.SettleAsync();

        Assert.Single(repository.MergeRequests);
        Assert.Contains("closed by a person", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_who_pushes_to_the_fix_branch_owns_it()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SettleAsync();
        var fix = Assert.Single(repository.MergeRequests);
        await repository.PushAsync(fix.SourceBranch, "check.sh", "#!/bin/sh\nexit 9\n", "Try something else");
        await world.SettleAsync();

        Assert.Equal(MergeRequestState.Open, fix.State);
        Assert.Single(repository.MergeRequests);
    }

    [Fact]
    public async Task A_deploy_job_is_never_run_again()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", (".gitlab-ci.yml", SimulatedFile.Text("deploy-site:\n  script: [\"echo 'curl: (6) Could not resolve host: site.acme.example'; exit 6\"]\n")));
        await world.SettleAsync();

        Assert.Single(Assert.Single(repository.Pipelines).AllJobs);
        Assert.Contains("deploy or release", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_file_that_may_not_be_written_is_shown_as_a_patch_instead()
    {
        await using var world = await World.StartAsync();
        world.GitHub.MayWriteWorkflows = false;
        var repository = await world.RepositoryAsync("github", (".github/workflows/ci.yml", SimulatedFile.Text(
            "name: CI\non: [push]\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/upload-artifact@v3\n        with: { name: site, path: out }\n")));
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        var comment = Assert.Single(repository.CommitComments).Body;
        Assert.Contains("+      - uses: actions/upload-artifact@v4", comment, StringComparison.Ordinal);
        Assert.Contains("workflows", comment, StringComparison.OrdinalIgnoreCase);
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_job_without_a_log_and_a_log_of_garbage_end_in_a_recorded_outcome(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(forge, ("readme.md", SimulatedFile.Text("hello\n")));
        await world.SettleAsync();
        await repository.FailPipelineAsync("main", "silent", JobLog.Missing());
        await world.SettleAsync();
        var garbage = new byte[200_000];
        new Random(7).NextBytes(garbage);
        await repository.FailPipelineAsync("main", "noise", garbage);
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.All(await world.StatesAsync(), state => Assert.True(state is "done" or "ignored", state));
        var body = Assert.Single(repository.CommitComments).Body;
        Assert.DoesNotContain(body, c => char.IsControl(c) && c != '\n');
        Assert.Equal(body, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(body)));
    }
}
