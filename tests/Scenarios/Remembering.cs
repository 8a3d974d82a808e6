using QMoi.Handlers.Repair;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>What became of a fix counts for the next one.</summary>
public sealed class Remembering
{
    public static TheoryData<string> BothForges => ["gitlab", "github"];

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_fix_that_a_person_closed_loses_its_branch_and_is_not_offered_on_later_commits(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests).Close();
        await world.SettleAsync();
        Assert.Equal(["main"], repository.Branches.Keys);
        await repository.PushAsync("main", "readme.md", "More\n", "Say more");
        await world.SettleAsync();

        Assert.Single(repository.MergeRequests);
        Assert.Contains("closed or undone by a person before", repository.CommitComments[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_fix_on_which_people_worked_keeps_its_branch()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SettleAsync();
        var fix = Assert.Single(repository.MergeRequests);
        await repository.PushAsync(fix.SourceBranch, "readme.md", "Mine\n", "Go on from here");
        fix.Close();
        await world.SettleAsync();

        Assert.Equal("Mine\n", await repository.ReadTextAsync(fix.SourceBranch, "readme.md"));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_merge_request_that_fails_like_the_default_branch_waits_for_the_fix_there(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        var fix = Assert.Single(repository.MergeRequests);
        await repository.PushAsync("topic", "readme.md", "Topic\n", "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();

        Assert.Equal([fix, request], repository.MergeRequests);
        Assert.Contains("it waits for a fix", request.Told().Body, StringComparison.Ordinal);
        await fix.MergeAsync();
        await world.SettleAsync();

        Assert.Contains("landed on main", request.Told().Body, StringComparison.Ordinal);
        Assert.Contains("bring main into this branch", request.Told().Body, StringComparison.Ordinal);
        Assert.Contains("Fix merged", repository.CommitComments[0].Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_merge_request_that_waits_for_a_fix_is_told_when_a_person_closes_it(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        await repository.PushAsync("topic", "readme.md", "Topic\n", "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();
        repository.MergeRequests[0].Close();
        await world.SettleAsync();

        Assert.Contains("was closed by a person, so none is offered here", request.Told().Body, StringComparison.Ordinal);
        Assert.DoesNotContain("it waits for a fix", request.Told().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fix_that_lands_on_another_branch_than_the_default_one_wakes_nobody()
    {
        await using var world = await World.StartAsync();
        var broken = new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho ok\n") };
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true)));
        await repository.PushAsync("old", broken, "Lose the mode on an old line");
        await world.SettleAsync();
        await repository.PushAsync("main", broken, "Lose the mode");
        await world.SettleAsync();
        await repository.PushAsync("topic", "readme.md", "Topic\n", "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();
        Assert.Equal(["old", "main", "main"], repository.MergeRequests.Select(each => each.TargetBranch));
        await repository.MergeRequests[0].MergeAsync();
        await world.SettleAsync();

        Assert.Contains("it waits for a fix", request.Told().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_only_shown_in_a_dry_run_is_no_try()
    {
        const string log = "section_start:1:step_script\r\u001b[0K$ make all\nMakefile:5: *** missing separator.  Stop.\nERROR: Job failed: exit code 2\n";
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "true"), (".qmoi.yml", SimulatedFile.Text("dry_run: true\n")));
        await repository.PushAsync("topic", "Makefile", "all: build\n\nbuild:\n\techo build\n    echo built\n", "Make it");
        await world.SettleAsync();
        for (var run = 0; run < 3; run++)
        {
            await repository.FailPipelineAsync("topic", "build", log);
            await world.SettleAsync();
        }
        Assert.Empty(repository.MergeRequests);
        await repository.PushAsync("main", ".qmoi.yml", "dry_run: false\n", "Go");
        await repository.FailPipelineAsync("topic", "build", log);
        await world.SettleAsync();

        Assert.Equal("topic", Assert.Single(repository.MergeRequests).TargetBranch);
    }

    [Fact]
    public async Task GitLab_starts_a_pipeline_for_the_merge_request_that_waited()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(
            "gitlab", (".gitlab-ci.yml", SimulatedFile.Text("check:\n  rules: [{ if: '$CI_COMMIT_BRANCH == \"main\"' }, { if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"' }]\n  script: [./check.sh]\n")),
            World.Script);
        await world.SettleAsync();
        var fix = Assert.Single(repository.MergeRequests);
        await repository.PushAsync("topic", "readme.md", "Topic\n", "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();
        Assert.Contains("it waits for a fix", request.Told().Body, StringComparison.Ordinal);
        await fix.MergeAsync();
        await world.SettleAsync();

        Assert.Equal(2, repository.Pipelines.Count(pipeline => pipeline.MergeRequest == request));
        Assert.Contains(world.GitLab.Requests, call => call.Method == "POST" && call.PathAndQuery.EndsWith($"/merge_requests/{request.Number}/pipelines", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_two_fixes_that_did_not_heal_the_third_is_only_shown()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho 'assertion failed: 1 != 2'\nexit 3\n")));
        await world.SettleAsync();
        await repository.PushAsync("main", "readme.md", "More\n", "Say more");
        await world.SettleAsync();
        Assert.Equal([MergeRequestState.Closed, MergeRequestState.Closed], repository.MergeRequests.Select(fix => fix.State));
        await repository.PushAsync("main", "readme.md", "Still more\n", "Say still more");
        await world.SettleAsync();

        Assert.Equal(2, repository.MergeRequests.Count);
        var told = repository.CommitComments[^1].Body;
        Assert.Contains("only shown", told, StringComparison.Ordinal);
        Assert.Contains("new mode 100755", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fix_says_how_such_fixes_went_before()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SettleAsync();
        var first = Assert.Single(repository.MergeRequests);
        Assert.DoesNotContain("time here", first.Body, StringComparison.Ordinal);
        await first.MergeAsync();
        await world.SettleAsync();
        await repository.PushAsync("main", "check.sh", "#!/bin/sh\necho again\n", "Lose the mode again");
        await world.SettleAsync();

        Assert.Contains("worked 1 of 1 time here", repository.MergeRequests[^1].Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_commit_that_healed_does_not_count_as_a_retry(string forge)
    {
        await using var world = await World.StartAsync(repair: new RepairSettings { MaxRetryWait = TimeSpan.Zero, MaxRetriesPerDay = 1 });
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        await world.SettleAsync();
        Assert.Contains("heals it", request.Told().Body, StringComparison.Ordinal);
        repository.AddRunnerCommand("fetch-schema", World.FlakyDownload(failures: 1));
        await repository.PushAsync("main", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["check.sh"] = SimulatedFile.Text("#!/bin/sh\nfetch-schema\n", executable: true) }, "Fetch it");
        await world.SettleAsync();

        Assert.Equal(CiStatus.Success, repository.Pipelines.Last(pipeline => pipeline.Ref == "main").Status);
    }
}
