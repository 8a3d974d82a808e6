using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>A person ticks "Undo" in the bot's comment.</summary>
public sealed class Undoing
{
    public static TheoryData<string> BothForges => ["gitlab", "github"];

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_writer_who_ticks_undo_gets_the_commit_taken_back_once_and_for_good(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        await world.SettleAsync();
        var writer = world.Forge(forge).AddUser("writer");
        repository.SetPermission(writer, AccessLevel.Write);
        request.TickUndo(writer);
        request.EditComment(request.Told(), request.Told().Body, writer);
        await world.SettleAsync();

        Assert.Equal("100644", await repository.FileModeAsync("topic", "check.sh"));
        Assert.Equal("#!/bin/sh\necho better\n", await repository.ReadTextAsync("topic", "check.sh"));
        Assert.Equal(3, (await repository.CommitMessagesAsync("main..topic")).Count);
        Assert.Equal([request], repository.MergeRequests);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("writer asked for it", StringComparison.Ordinal));
        // What stays red for the same reason is told, and left to people.
        Assert.Contains("undone by a person", request.Told().Body, StringComparison.Ordinal);
        Assert.DoesNotContain("- [ ] Undo", request.Told().Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_tick_of_somebody_without_write_permission_undoes_nothing(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        await world.SettleAsync();
        var healed = repository.Branches["topic"];
        var stranger = world.Forge(forge).AddUser("stranger");
        repository.SetPermission(stranger, AccessLevel.Triage);
        request.TickUndo(stranger);
        await world.SettleAsync();

        Assert.Equal(healed, repository.Branches["topic"]);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("stranger has no write permission", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_box_in_a_strangers_own_comment_undoes_nothing_even_when_a_writer_edits_it(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        await world.SettleAsync();
        var healed = repository.Branches["topic"];
        var stranger = world.Forge(forge).AddUser("stranger");
        var copy = request.Comment(request.Told().Body.Replace("- [ ] Undo", "- [x] Undo", StringComparison.Ordinal), stranger);
        request.EditComment(copy, copy.Body + "\n", stranger);
        request.EditComment(copy, copy.Body + "\n", repository.Owner);
        await world.SettleAsync();

        Assert.Equal(healed, repository.Branches["topic"]);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("not the comment of the bot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_attempt_of_another_merge_request_is_not_undone_from_here()
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync("gitlab", RedMergeRequest.CommitMode);
        await world.SettleAsync();
        var healed = repository.Branches["topic"];
        await repository.PushAsync("other", "check.sh", "#!/bin/sh\necho 'assertion failed: 1 != 2'\nexit 1\n", "Break it");
        var other = await repository.OpenMergeRequestAsync("other", "main", "Other");
        await world.SettleAsync();
        var box = request.Told().Body.Split('\n').Single(line => line.StartsWith("- [ ] Undo", StringComparison.Ordinal)).Replace("[ ]", "[x]", StringComparison.Ordinal);
        other.EditComment(other.Told(), $"{other.Told().Body}\n{box}\n");
        await world.SettleAsync();

        Assert.Equal(healed, repository.Branches["topic"]);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("told elsewhere", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task What_people_pushed_on_top_stays(string forge)
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        await world.SettleAsync();
        await repository.PushAsync("topic", "more.txt", "more\n", "Write more");
        await world.SettleAsync();
        request.TickUndo();
        await world.SettleAsync();

        Assert.Equal("100644", await repository.FileModeAsync("topic", "check.sh"));
        Assert.Equal("more\n", await repository.ReadTextAsync("topic", "more.txt"));
        Assert.Equal(4, (await repository.CommitMessagesAsync("main..topic")).Count);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_commit_whose_push_got_no_answer_and_its_undoing_that_got_none_are_there_once_each(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var (repository, request) = await world.WithRedMergeRequestAsync(forge, RedMergeRequest.CommitMode);
        // The backup is one push, the commit another; git sends what got no answer once more by itself.
        var lost = new Fault("POST", "/git-receive-pack$", times: 4, effect: FaultEffect.BreakAfterEffect);
        world.Forge(forge).AddFault(lost);
        await world.SettleWithRetriesAsync();
        Assert.Equal(0, lost.Remaining);
        Assert.Equal("100755", await repository.FileModeAsync("topic", "check.sh"));
        Assert.Equal(2, (await repository.CommitMessagesAsync("main..topic")).Count);

        lost = new Fault("POST", "/git-receive-pack$", times: 2, effect: FaultEffect.BreakAfterEffect);
        world.Forge(forge).AddFault(lost);
        request.TickUndo();
        await world.SettleWithRetriesAsync();
        Assert.Equal(0, lost.Remaining);
        Assert.Equal("100644", await repository.FileModeAsync("topic", "check.sh"));
        Assert.Equal(3, (await repository.CommitMessagesAsync("main..topic")).Count);
        Assert.Contains("the commit was taken back", string.Join("\n", await world.OutcomesAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forge_that_is_away_when_undo_is_ticked_is_asked_again()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var (repository, request) = await world.WithRedMergeRequestAsync("gitlab", RedMergeRequest.CommitMode);
        await world.SettleAsync();
        world.GitLab.AddFault(new Fault("*", "/git-(receive|upload)-pack$", status: 503, times: 3));
        request.TickUndo();
        await world.SettleWithRetriesAsync();

        Assert.Equal("100644", await repository.FileModeAsync("topic", "check.sh"));
    }

    [Fact]
    public async Task What_cannot_be_separated_from_peoples_work_stays_and_it_is_said_why()
    {
        await using var world = await World.StartAsync();
        var (repository, request) = await world.WithRedMergeRequestAsync("gitlab", RedMergeRequest.CommitMode);
        await world.SettleAsync();
        await repository.PushAsync("topic", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal)
        {
            ["check.sh"] = null,
            [".gitlab-ci.yml"] = SimulatedFile.Text("check:\n  script: [echo ok]\n"),
        }, "Do without the script");
        await world.SettleAsync();
        var head = repository.Branches["topic"];
        request.TickUndo();
        await world.SettleAsync();

        Assert.Equal(head, repository.Branches["topic"]);
        Assert.Contains("asked to undo it, but", request.Told().Body, StringComparison.Ordinal);
    }
}
