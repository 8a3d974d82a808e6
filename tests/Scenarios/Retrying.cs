using System.Text.Json.Nodes;
using QMoi.Handlers.Repair;
using QMoi.Simulator;
using QMoi.Tests.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>When a failed job is run again, how often, and when it waits.</summary>
public sealed class Retrying
{
    public static TheoryData<string> BothForges => ["gitlab", "github"];

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_retry_waits_as_long_as_its_kind_of_failure_needs(string forge)
    {
        await using var world = await World.StartAsync(repair: new RepairSettings());
        var repository = await WithPullLimitAsync(world, forge);
        await world.SettleAsync();

        Assert.All(repository.Pipelines, pipeline => Assert.Single(pipeline.AllJobs));
        Assert.Contains(repository.CommitComments, comment => comment.Body.Contains("runs again in about", StringComparison.Ordinal));
        Assert.Contains("waiting", await world.StatesAsync());
        world.Leap(TimeSpan.FromMinutes(20));
        await world.SettleAsync();

        Assert.Contains(repository.Pipelines, pipeline => pipeline.AllJobs.Count == 2 && pipeline.Status == CiStatus.Success);
        Assert.Contains(repository.CommitComments, comment => comment.Body.Contains("Passed when it was run again", StringComparison.Ordinal));
        Assert.DoesNotContain("waiting", await world.StatesAsync());
    }

    [Fact]
    public async Task A_retry_that_waits_is_given_up_when_the_branch_moves_on()
    {
        await using var world = await World.StartAsync(repair: new RepairSettings());
        var repository = await WithPullLimitAsync(world, "gitlab");
        await world.SettleAsync();
        await repository.PushAsync("main", "readme.md", "More images\n", "Say more");
        await world.SettleAsync();
        world.Leap(TimeSpan.FromMinutes(20));
        await world.SettleAsync();

        Assert.All(repository.Pipelines, pipeline => Assert.Single(pipeline.AllJobs));
        Assert.Contains(repository.CommitComments, comment => comment.Body.Contains("was not run again: the branch main has moved on", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_test_that_passed_on_the_same_commit_before_is_run_again(string forge)
    {
        await using var world = await World.StartAsync();
        // Passes, fails, passes.
        var repository = await world.Forge(forge).CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [World.Ci(forge, "").Path] = World.Ci(forge, "run-tests").File });
        repository.AddRunnerCommand("run-tests", """
            #!/bin/bash
            echo x >> "${SIM_STATE_DIR:?}/runs"
            [ "$(wc -l < "$SIM_STATE_DIR/runs")" = 2 ] || exit 0
            echo "FAILED tests/test_queue.py::test_order - AssertionError: assert [1, 2] == [2, 1]"
            echo "=========== 1 failed, 4 passed in 0.31s ==========="
            exit 1
            """);
        await repository.PushAsync("main", "readme.md", "Queue\n", "Say what this is");
        await world.SettleAsync();
        using var person = new ForgeClient(world.Forge(forge));
        var first = Assert.Single(repository.Pipelines);
        if (forge == "gitlab")
            await person.PostAsync($"/projects/{repository.Id}/pipeline?ref=main", new JsonObject());
        else
            await person.PostAsync($"/repos/acme/app/actions/runs/{first.Id}/rerun", null);
        await world.SettleAsync();

        Assert.Equal(CiStatus.Success, repository.Pipelines[^1].Status);
        Assert.Equal(3, repository.Pipelines.Sum(pipeline => pipeline.AllJobs.Count));
        Assert.Contains("Passed when it was run again", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_test_that_came_and_went_before_is_known_whatever_failed_beside_it(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await WithTestsAsync(world, forge, "", "test_order test_size", "", "test_size", "");
        await RunAgainAsync(world, repository);
        Assert.Contains(
            "**Flaky:** `tests/test_queue.py::test_order` passed on retry 1 of 1 times, `tests/test_queue.py::test_size` passed on retry 1 of 1 times.", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
        await repository.PushAsync("main", "readme.md", "A longer queue\n", "Say more");
        await world.SettleAsync();

        Assert.Equal(CiStatus.Success, repository.Pipelines[^1].Status);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("This test comes and goes: `tests/test_queue.py::test_size` passed on retry 1 of 1 times.", StringComparison.Ordinal));
        Assert.Contains("**Flaky:** `tests/test_queue.py::test_size` passed on retry 2 of 2 times.", repository.CommitComments[^1].Body, StringComparison.Ordinal);
        Assert.Equal(["check//2/2/0", "check/tests/test_queue.py::test_order/1/1/0", "check/tests/test_queue.py::test_size/2/2/0"], world.Flakes());
    }

    [Fact]
    public async Task The_name_of_a_test_is_shown_as_text_whatever_it_is()
    {
        await using var world = await World.StartAsync();
        var repository = await WithTestsAsync(world, "gitlab", "", "test_a[`/close@all</details>]", "");
        await RunAgainAsync(world, repository);

        Assert.Contains("\n**Flaky:** ``tests/test_queue.py::test_a[`/close@all</details>]`` passed on retry 1 of 1 times.", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task What_fails_again_is_counted_against_the_tests_that_are_named_again(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await WithTestsAsync(world, forge, "", "test_order test_size", "test_size");
        await RunAgainAsync(world, repository);

        Assert.Equal(["check//1/0/1", "check/tests/test_queue.py::test_order/1/0/0", "check/tests/test_queue.py::test_size/1/0/1"], world.Flakes());
        var comment = Assert.Single(repository.CommitComments).Body;
        Assert.Contains("It was run again, and failed again.", comment, StringComparison.Ordinal);
        Assert.Contains("this needs a person", comment, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_retry_is_counted_once_though_the_forge_breaks_off_and_tells_everything_three_times(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var broken = new Fault(forge == "gitlab" ? "PUT" : "PATCH", "/(comments|notes)/[0-9]+$", times: 6, effect: FaultEffect.BreakBeforeEffect);
        world.Forge(forge).AddFault(broken);
        var repository = await world.WithFlakyDownloadAsync(forge, failures: 1);
        await world.SettleWithRetriesAsync();
        for (var round = 0; round < 2; round++)
        {
            foreach (var delivery in world.Forge(forge).Deliveries.Where(delivery => !delivery.IsRedelivery).ToList())
                world.Forge(forge).Redeliver(delivery.DeliveryId);
            await world.SettleWithRetriesAsync();
        }

        Assert.Equal(["check//1/1/0"], world.Flakes());
        Assert.Contains("**Flaky:** `check` passed on retry 1 of 1 times.", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
        Assert.Equal(0, broken.Remaining);
    }

    [Fact]
    public async Task A_rule_of_the_repository_may_ask_for_what_is_known_to_be_flaky()
    {
        await using var world = await World.StartAsync();
        var repository = await WithTestsAsync(world, "gitlab", "", "test_order test_size", "", "test_order test_size", "test_size", "test_size", "");
        await RunAgainAsync(world, repository);
        await repository.PushAsync("main", ".qmoi.yml", "version: 1\nretry:\n  rules:\n    - { name: known-flaky, when: ['flaky=true', 'retry_pass_rate>=0.4', 'retry_pass_rate<=0.6'] }\n", "Ask for it");
        await world.SettleAsync();
        Assert.Equal(["check//2/1/1", "check/tests/test_queue.py::test_order/2/1/0", "check/tests/test_queue.py::test_size/2/1/1"], world.Flakes());
        await repository.PushAsync("main", "readme.md", "A longer queue\n", "Say more");
        await world.SettleAsync();

        Assert.Equal(CiStatus.Success, repository.Pipelines[^1].Status);
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.Contains("The rule `known-flaky` of .qmoi.yml asks for it.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_test_that_never_passed_on_its_commit_is_explained()
    {
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync("gitlab", World.Ci("gitlab", "sh run.sh"), ("run.sh", SimulatedFile.Text("echo 'FAILED tests/test_queue.py::test_order - AssertionError: assert [1, 2] == [2, 1]'\nexit 1\n")));
        await world.SettleAsync();

        Assert.Single(Assert.Single(repository.Pipelines).AllJobs);
        Assert.Contains("this needs a person", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_repositories_that_fail_alike_wait_until_the_incident_is_over()
    {
        await using var world = await World.StartAsync(repair: new RepairSettings { MaxRetryWait = TimeSpan.Zero, IncidentRepositories = 3 });
        var repositories = new List<SimulatedRepository>();
        for (var number = 0; number < 4; number++)
        {
            var (path, file) = World.Ci("gitlab", "fetch-schema");
            var repository = await world.GitLab.CreateRepositoryAsync($"acme/app{number}", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = file });
            repository.AddRunnerCommand("fetch-schema", World.FlakyDownload(failures: 1));
            await repository.PushAsync("main", "readme.md", "Feeds\n", "Say what this is");
            repositories.Add(repository);
            await world.SettleAsync();
        }

        // The third repository makes it an incident; the first two had their retries before.
        Assert.Equal([2, 2, 1, 1], repositories.Select(repository => repository.Pipelines[0].AllJobs.Count));
        Assert.Contains("3 repositories failed alike", Assert.Single(repositories[2].CommitComments).Body, StringComparison.Ordinal);
        world.Leap(TimeSpan.FromMinutes(11));
        await world.SettleAsync();

        Assert.All(repositories, repository => Assert.Equal(CiStatus.Success, Assert.Single(repository.Pipelines).Status));
    }

    [Fact]
    public async Task The_days_budget_of_a_repository_holds()
    {
        await using var world = await World.StartAsync(repair: new RepairSettings { MaxRetryWait = TimeSpan.Zero, MaxRetriesPerDay = 1 });
        var repository = await world.WithFlakyDownloadAsync("gitlab", failures: 1);
        await world.SettleAsync();
        repository.AddRunnerCommand("fetch-schema", World.FlakyDownload(failures: 3));
        await repository.PushAsync("main", "readme.md", "More feeds\n", "Say more");
        await world.SettleAsync();

        Assert.Equal([2, 1], repository.Pipelines.Select(pipeline => pipeline.AllJobs.Count));
        Assert.Contains("1 jobs of this repository were run again within a day", repository.CommitComments[^1].Body, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task An_unknown_failure_is_read_beside_the_last_log_that_passed(string forge)
    {
        await using var world = await World.StartAsync();
        const string Noise = "error: cannot read /etc/plant.d, using the defaults\nerror: no sensor in slot 3\n";
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "sh plant.sh"), ("plant.sh", SimulatedFile.Text($"printf '{Noise.Replace("\n", "\\n", StringComparison.Ordinal)}'\necho watered\n")));
        await world.SettleAsync();
        await repository.PushAsync("main", "plant.sh", $"printf '{Noise.Replace("\n", "\\n", StringComparison.Ordinal)}'\necho the pump gave up\nexit 3\n", "Water more");
        await world.SettleAsync();

        var comment = Assert.Single(repository.CommitComments).Body;
        Assert.Contains("unrecognised", comment, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^> *\d+ \| the pump gave up$", comment);
    }

    /// <param name="runs">The tests that fail in each run of the job; the last one counts for all further ones.</param>
    private static async Task<SimulatedRepository> WithTestsAsync(World world, string forge, params string[] runs)
    {
        var (path, file) = World.Ci(forge, "run-tests");
        var repository = await world.Forge(forge).CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = file });
        repository.AddRunnerCommand("run-tests", $$"""
            #!/bin/bash
            echo x >> "${SIM_STATE_DIR:?}/runs"
            runs=({{string.Join(' ', runs.Select(run => $"'{run}'"))}})
            run=$(($(wc -l < "$SIM_STATE_DIR/runs") - 1))
            failing=${runs[$((run < {{runs.Length}} ? run : {{runs.Length - 1}}))]}
            [ -n "$failing" ] || exit 0
            for test in $failing; do echo "FAILED tests/test_queue.py::$test - AssertionError: assert [1, 2] == [2, 1]"; done
            echo "=========== some failed, 4 passed in 0.31s ==========="
            exit 1
            """);
        await repository.PushAsync("main", "readme.md", "Queue\n", "Say what this is");
        await world.SettleAsync();
        return repository;
    }

    /// <summary>A person runs what has passed once more: that it passed on this commit is a reason for the bot to retry.</summary>
    private static async Task RunAgainAsync(World world, SimulatedRepository repository)
    {
        using var person = new ForgeClient(repository.Forge);
        var (path, body) = repository.Forge == world.GitLab ? ($"/projects/{repository.Id}/pipeline?ref=main", new JsonObject()) : ($"/repos/acme/app/actions/runs/{Assert.Single(repository.Pipelines).Id}/rerun", null);
        await person.PostAsync(path, body);
        await world.SettleAsync();
    }

    /// <summary>The first pull meets the registry's limit.</summary>
    private static async Task<SimulatedRepository> WithPullLimitAsync(World world, string forge)
    {
        var (path, file) = World.Ci(forge, "get-image");
        var repository = await world.Forge(forge).CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = file });
        repository.AddRunnerCommand("get-image", """
            #!/bin/bash
            echo x >> "${SIM_STATE_DIR:?}/pulls"
            if [ "$(wc -l < "$SIM_STATE_DIR/pulls")" -le 1 ]; then echo "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating" >&2; exit 1; fi
            """);
        await repository.PushAsync("main", "readme.md", "Images\n", "Say what this is");
        return repository;
    }
}
