using QMoi.Handlers.Repair;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>How a fix arrives, as <c>.qmoi.yml</c> wants it.</summary>
public sealed class Delivering
{
    private const string MakefileLog = "section_start:1:step_script\r\u001b[0K$ make all\nMakefile:5: *** missing separator.  Stop.\nERROR: Job failed: exit code 2\n";

    public static TheoryData<string> BothForges => ["gitlab", "github"];

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_checked_fix_is_committed_to_the_branch_after_its_head_was_kept(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        var before = repository.Branches["topic"];
        await world.SettleAsync();

        Assert.Equal([request], repository.MergeRequests);
        Assert.Equal("100755", await repository.FileModeAsync("topic", "check.sh"));
        Assert.Equal(2, (await repository.CommitMessagesAsync("main..topic")).Count);
        Assert.Equal(before, repository.RefHead(forge == "github" ? $"refs/qmoi/backup/topic-{before[..8]}" : $"refs/heads/qmoi/backup/topic-{before[..8]}"));
        Assert.DoesNotContain(repository.Pipelines, pipeline => pipeline.Ref.StartsWith("qmoi/", StringComparison.Ordinal));
        Assert.All(repository.Pipelines.Where(pipeline => pipeline.Sha == repository.Branches["topic"]), pipeline => Assert.Equal(CiStatus.Success, pipeline.Status));
        var told = request.Told().Body;
        Assert.Contains("the fix on the branch heals it", told, StringComparison.Ordinal);
        Assert.Contains("- [ ] Undo", told, StringComparison.Ordinal);
        Assert.Contains($"qmoi/backup/topic-{before[..8]}", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_could_not_be_checked_is_offered_and_the_branch_stays()
    {
        await using var world = await World.StartAsync(repair: new RepairSettings { MaxRetryWait = TimeSpan.Zero, Verify = VerifyMode.Never });
        var (repository, request) = await world.WithRedMergeRequestAsync("gitlab", RedMergeRequest.CommitMode);
        var before = repository.Branches["topic"];
        await world.SettleAsync();

        Assert.Equal("topic", Assert.Single(repository.MergeRequests, candidate => candidate != request).TargetBranch);
        Assert.Equal(before, repository.Branches["topic"]);
        Assert.DoesNotContain("- [ ] Undo", request.Told().Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fix:\n  deliver: { merge_request: commit }\n  protected_branches: [topic]\n")]
    [InlineData("fix:\n  deliver: { merge_request: commit }\n  auto_apply: { when: ['branch=release/*'] }\n")]
    [InlineData("fix:\n  deliver: { merge_request: commit }\n  auto_apply: { when: ['verified=true'], paths: ['docs/**'] }\n")]
    public async Task What_the_repository_does_not_let_be_committed_is_offered(string settings)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync("gitlab", settings);
        var before = repository.Branches["topic"];
        await world.SettleAsync();

        Assert.Single(repository.MergeRequests, candidate => candidate != request);
        Assert.Equal(before, repository.Branches["topic"]);
    }

    [Theory, InlineData("commit"), InlineData("suggestion")]
    public async Task A_CI_file_is_changed_by_a_merge_request_only(string way)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithMergeRequestAsync(
            "gitlab", $"fix: {{ deliver: {{ merge_request: {way} }} }}\n", [(".gitlab-ci.yml", SimulatedFile.Text("stages: [build]\nunit:\n  stage: build\n  script: [echo ok]\n"))],
            new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { [".gitlab-ci.yml"] = SimulatedFile.Text("stages: [build]\nunit:\n  stage: test\n  script: [echo ok]\n") });
        var before = repository.Branches["topic"];
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests, candidate => candidate != request);
        Assert.StartsWith("stages: [build, test]", await repository.ReadTextAsync(fix.SourceBranch, ".gitlab-ci.yml"), StringComparison.Ordinal);
        Assert.Equal(before, repository.Branches["topic"]);
        Assert.Empty(request.LineComments);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_commit_whose_pipeline_stays_red_is_taken_back_and_not_put_there_again(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode, RedMergeRequest.FailsInCiOnly);
        await world.SettleAsync();

        Assert.Equal("100644", await repository.FileModeAsync("topic", "check.sh"));
        var commits = await repository.CommitMessagesAsync("main..topic");
        Assert.Equal(3, commits.Count);
        Assert.StartsWith("Take back the fix", commits[0], StringComparison.Ordinal);
        Assert.Equal([request], repository.MergeRequests);
        Assert.Contains("was taken back", request.Told().Body, StringComparison.Ordinal);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("the fix's pipeline failed; taken back", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_suggestion_stands_on_the_line_it_changes(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await WithMakefileAsync(world, forge, "fix: { deliver: { merge_request: suggestion } }\n", isInDiff: true);
        var before = repository.Branches["topic"];
        await repository.FailPipelineAsync("topic", "build", MakefileLog);
        await world.SettleAsync();

        var suggestion = Assert.Single(request.LineComments);
        Assert.Equal(("Makefile", 5), (suggestion.Path, suggestion.Line));
        Assert.Contains("```suggestion", suggestion.Body, StringComparison.Ordinal);
        Assert.Contains("\n\techo built\n```", suggestion.Body, StringComparison.Ordinal);
        Assert.Contains("1 suggestion was made", request.Told().Body, StringComparison.Ordinal);
        Assert.Equal([request], repository.MergeRequests);
        Assert.Equal(before, repository.Branches["topic"]);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task What_fits_on_no_line_of_the_change_is_shown_as_a_patch(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await WithMakefileAsync(world, forge, "fix: { deliver: { merge_request: suggestion } }\n", isInDiff: false);
        await repository.FailPipelineAsync("topic", "build", MakefileLog);
        await world.SettleAsync();

        Assert.Empty(request.LineComments);
        Assert.Contains("outside the lines", request.Told().Body, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^\+\s+echo built$", request.Told().Body);
        Assert.Equal([request], repository.MergeRequests);
    }

    [Theory]
    [InlineData("gitlab", "merge_request")]
    [InlineData("github", "default_branch")]
    public async Task Where_only_words_are_wanted_the_patch_stands_in_the_comment(string forge, string where)
    {
        await using var world = await World.StartAsync();
        var settings = $"fix: {{ deliver: {{ {where}: comment }} }}\n";
        var repository = where == "default_branch"
            ? await world.WithBrokenScriptAsync(forge, (".qmoi.yml", SimulatedFile.Text(settings)))
            : (await world.WithRedMergeRequestAsync(forge, settings)).Repository;
        await world.SettleAsync();

        var told = where == "default_branch" ? Assert.Single(repository.CommitComments) : Assert.Single(repository.MergeRequests).Told();
        Assert.Contains("a fix is suggested", told.Body, StringComparison.Ordinal);
        Assert.Contains("new mode 100755", told.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(repository.Branches.Keys, branch => branch.StartsWith("qmoi/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fixer_that_is_switched_off_only_explains()
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync("gitlab", (".qmoi.yml", SimulatedFile.Text("fix: { rules: ['!shell-*'] }\n")));
        await world.SettleAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Contains("switches this fix off", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log~=the pump gave up", 2)]
    [InlineData("branch=release/*", 1)]
    public async Task A_rule_of_the_repository_says_what_runs_again(string condition, int runs)
    {
        await using var world = await World.StartAsync();
        var (path, file) = World.Ci("gitlab", "water");
        var repository = await world.GitLab.CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal)
        {
            [path] = file,
            [".qmoi.yml"] = SimulatedFile.Text($"retry:\n  rules:\n    - name: pump\n      when: ['{condition}']\n"),
        });
        repository.AddRunnerCommand("water", "#!/bin/sh\n[ -e \"${SIM_STATE_DIR:?}/ran\" ] && exit 0\ntouch \"$SIM_STATE_DIR/ran\"\necho the pump gave up\nexit 3\n");
        await repository.PushAsync("main", "readme.md", "Water\n", "Say what this is");
        await world.SettleAsync();

        Assert.Equal(runs, Assert.Single(repository.Pipelines).AllJobs.Count);
    }

    /// <summary>A Makefile with blanks where a tab belongs.</summary>
    /// <param name="isInDiff">The merge request brings it; else it was there before.</param>
    private static Task<(SimulatedRepository Repository, SimulatedMergeRequest Request)> WithMakefileAsync(World world, string forge, string settings, bool isInDiff)
    {
        const string Rest = ".PHONY: all\nCFLAGS = -O2\n\nall:\n";
        var bad = SimulatedFile.Text(Rest + "    echo built\n");
        return world.WithMergeRequestAsync(
            forge, settings, [("Makefile", isInDiff ? SimulatedFile.Text(Rest + "\techo all\n") : bad)],
            new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { [isInDiff ? "Makefile" : "readme.md"] = isInDiff ? bad : SimulatedFile.Text("Topic\n") });
    }
}
