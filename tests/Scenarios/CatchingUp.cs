using QMoi.Functions.Control;
using QMoi.Handlers.Repair;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>The bot was away, or a webhook did not arrive: what it missed is found again, and healed once.</summary>
public sealed class CatchingUp
{
    public static TheoryData<string> BothForges => ["gitlab", "github"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // ---- what the forges remember

    [Theory, MemberData(nameof(BothForges))]
    public async Task What_failed_while_the_bot_was_down_is_healed_once_and_the_report_counts_it(string forge)
    {
        await using var world = await World.StartAsync(settings: World.AsApp);
        var repository = await KnownRepositoryAsync(world, forge);
        await world.StopBotAsync();
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        var missed = world.Forge(forge).Deliveries.Count(delivery => delivery.StatusCode == 0);
        Assert.True(missed > 1);
        world.Leap(TimeSpan.FromHours(2));
        await world.StartBotAsync();

        var report = await world.CatchUpAsync();
        Assert.Single(repository.MergeRequests);
        Assert.Single(repository.CommitComments);
        Assert.StartsWith($"missed {missed}, recovered {missed}, of which ", report, StringComparison.Ordinal);
        Assert.Equal(0, await world.Bot.Store.NextDueAsync(Stop) is null ? 0 : 1);

        // Nothing is found twice.
        world.Leap(TimeSpan.FromMinutes(20));
        Assert.Null(await world.CatchUpAsync());
        Assert.Equal(0, (await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!.Missed);
        Assert.Single(repository.MergeRequests);
    }

    [Fact]
    public async Task With_a_plain_token_the_deliveries_of_a_repositorys_own_hook_are_asked_for()
    {
        await using var world = await World.StartAsync();
        var repository = await KnownRepositoryAsync(world, "github", withOwnHook: true);
        await world.StopBotAsync();
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        var missed = world.GitHub.Deliveries.Count(delivery => delivery.StatusCode == 0);
        world.Leap(TimeSpan.FromHours(2));
        await world.StartBotAsync();
        Assert.StartsWith($"missed {missed}, recovered {missed}, ", await world.CatchUpAsync(), StringComparison.Ordinal);
        Assert.Single(repository.MergeRequests);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task Deliveries_that_were_answered_with_503_are_found(string forge)
    {
        await using var world = await World.StartAsync(settings: World.AsApp, allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, forge);
        await SwitchAsync(world, Module.Receive, isOn: false);
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        var refused = world.Forge(forge).Deliveries.Count(delivery => delivery.StatusCode == 503);
        Assert.True(refused > 1);
        await SwitchAsync(world, Module.Receive, isOn: true);

        Assert.StartsWith($"missed {refused}, recovered {refused}, ", await world.CatchUpAsync(), StringComparison.Ordinal);
        Assert.Single(repository.MergeRequests);
    }

    [Fact]
    public async Task A_delivery_that_was_sent_again_and_arrived_was_not_missed()
    {
        await using var world = await World.StartAsync(settings: World.AsApp);
        var repository = await KnownRepositoryAsync(world, "github");
        await world.StopBotAsync();
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        var missed = world.GitHub.Deliveries.Where(delivery => delivery.StatusCode == 0).ToList();
        await world.StartBotAsync();
        world.GitHub.Redeliver(missed[^1].DeliveryId);
        await world.SettleAsync();
        Assert.StartsWith($"missed {missed.Count - 1}, ", await world.CatchUpAsync(), StringComparison.Ordinal);
        Assert.Single(repository.MergeRequests);
    }

    [Theory]
    [InlineData("GET", "/app/hook/deliveries/[0-9]+$", 404, "recovered 0")]
    [InlineData("GET", "/app/hook/deliveries/[0-9]+$", 200, "recovered 0")]
    public async Task A_recorded_delivery_that_is_gone_or_malformed_costs_itself_and_not_the_sweep(string method, string path, int status, string said)
    {
        await using var world = await World.StartAsync(settings: World.AsApp, allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, "github");
        await world.StopBotAsync();
        await repository.PushAsync("topic", "readme.md", "topic\n", "Start a topic");
        await repository.PushAsync("topic", "readme.md", "more\n", "Go on");
        await world.SimulatorIdleAsync();
        await world.StartBotAsync();
        world.GitHub.AddFault(new Fault(method, path, status, times: 1) { Body = """{"id":1,"guid":"x","event":"push","request":{"headers":{},"payload":{"repository":{"id":1,"id":2}}}}""" });

        var report = (await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!;
        Assert.Single(report.Recovered);
        Assert.Equal(status == 404 ? 0 : 1, report.Skipped.Count);
        Assert.Equal(status == 404 ? 1 : 2, report.Missed);
        Assert.StartsWith("recovered", said, StringComparison.Ordinal);
        Assert.All(report.Skipped, reason => Assert.Contains("the same key twice", reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_hook_of_one_project_sent_about_another_is_skipped()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, "gitlab");
        var before = await IdsAsync(world);
        var other = await world.NamedRepositoryAsync("gitlab", "other/app", World.Script);
        world.GitLab.AddFault(new Fault("GET", $"/projects/{repository.Id}/hooks/[0-9]+/events", 200)
        {
            Body = $$$"""
                [{"id":99999,"response_status":"500","request_headers":{"webhook-id":"foreign"},"request_data":{"object_kind":"push","ref":"refs/heads/main","project":{"id":{{{other.Id}}},"path_with_namespace":"other/app"} } }]
                """,
        });
        world.Leap(TimeSpan.FromMinutes(10));
        var report = (await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!;
        Assert.Contains("about another repository", Assert.Single(report.Skipped), StringComparison.Ordinal);
        Assert.Empty(report.Recovered);
        Assert.Equal(before, await IdsAsync(world));
    }

    [Theory]
    [InlineData("<http://elsewhere.example/app/hook/deliveries?cursor=1>; rel=\"next\"", "another host")]
    [InlineData("</app/hook/deliveries?per_page=100&cursor=99999>; rel=\"next\"", "more than 200 pages")]
    public async Task A_history_without_end_or_on_another_host_is_not_followed_and_what_was_read_counts(string link, string why)
    {
        await using var world = await World.StartAsync(settings: World.AsApp, allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, "github");
        await world.StopBotAsync();
        await repository.PushAsync("topic", "readme.md", "topic\n", "Start a topic");
        await world.SimulatorIdleAsync();
        await world.StartBotAsync();
        var sent = world.GitHub.Deliveries.Last(delivery => delivery.StatusCode == 0);
        var time = sent.SentAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        world.GitHub.AddFault(new Fault("GET", "/app/hook/deliveries[?]", 200)
        {
            Body = $$"""[{"id":{{sent.Id}},"guid":"{{sent.DeliveryId}}","delivered_at":"{{time}}","redelivery":false,"duration":0.1,"status":"failed to connect","status_code":0,"event":"push","action":null}]""",
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Link"] = link },
        });

        Assert.Single((await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!.Recovered);
        Assert.Contains(world.Warnings, warning => warning.Contains(why, StringComparison.Ordinal));
        Assert.True(world.GitHub.Requests.Count(request => request.PathAndQuery.StartsWith("/app/hook/deliveries?", StringComparison.Ordinal)) <= 201);
    }

    // ---- the state of the forges

    [Theory, MemberData(nameof(BothForges))]
    public async Task Where_the_history_may_not_be_seen_the_failed_pipeline_is_found_and_the_missing_right_told_once(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, forge, withOwnHook: true);
        repository.SetPermission(world.Forge(forge).Bot, AccessLevel.Write);
        await world.StopBotAsync();
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        world.Leap(TimeSpan.FromHours(2));
        await world.StartBotAsync();

        Assert.StartsWith("missed 1, recovered 1, of which 1 acted on", await world.CatchUpAsync(), StringComparison.Ordinal);
        Assert.Single(repository.MergeRequests);
        world.Leap(TimeSpan.FromMinutes(20));
        Assert.Null(await world.CatchUpAsync());
        Assert.Single(repository.MergeRequests);
        Assert.Single(world.Warnings, warning => warning.Contains("the webhooks of acme/app", StringComparison.Ordinal));
        Assert.Single(world.Forge(forge).Requests, request => request.PathAndQuery.Contains("/hooks", StringComparison.Ordinal) && request.Status is 403 or 404);
        // What was found can be replayed like what was received.
        Assert.Contains(await IdsAsync(world), id => id.StartsWith(forge == "github" ? "reconciled:run:" : "reconciled:pipeline:", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task What_is_older_than_the_history_is_found_by_the_state_of_the_pipelines(string forge)
    {
        await using var world = await World.StartAsync(settings: World.AsApp, allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, forge);
        await world.StopBotAsync();
        world.Leap(TimeSpan.FromHours(1));
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        world.Leap(forge == "github" ? TimeSpan.FromDays(4) : TimeSpan.FromDays(6.9));
        if (forge == "gitlab")
            world.GitLab.AddFault(new Fault("GET", "/hooks", 404));
        await world.StartBotAsync();
        Assert.StartsWith("missed 1, recovered 1, of which 1 acted on", await world.CatchUpAsync(), StringComparison.Ordinal);
        Assert.Single(repository.MergeRequests);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task The_end_of_a_fix_is_found_its_pipeline_and_then_its_merge(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var repository = await world.WithBrokenScriptAsync(forge);
        world.Forge(forge).HookUrl = null;
        await world.SimulatorIdleAsync();
        // The failure alone arrived.
        await world.SettleAsync();
        if (repository.MergeRequests.Count == 0)
        {
            world.Leap(TimeSpan.FromMinutes(10));
            await world.CatchUpAsync();
        }
        await world.SimulatorIdleAsync();
        var fix = Assert.Single(repository.MergeRequests);
        world.Leap(TimeSpan.FromMinutes(10));
        await world.CatchUpAsync();
        Assert.Contains("**Verified.**", fix.Body, StringComparison.Ordinal);

        await fix.MergeAsync();
        await world.SimulatorIdleAsync();
        world.Leap(TimeSpan.FromMinutes(10));
        await world.CatchUpAsync();
        Assert.Contains(await world.Bot.Store.AttemptsAsync($"{forge}:{repository.Id}", Stop), attempt => attempt.State == AttemptState.Merged);
        Assert.Contains(await IdsAsync(world), id => id.StartsWith($"reconciled:merge_request:{repository.Id}:{fix.Number}:merged", StringComparison.Ordinal));
        world.Leap(TimeSpan.FromMinutes(10));
        Assert.Null(await world.CatchUpAsync());
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task Nothing_is_made_up_of_what_arrived(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests);
        for (var round = 0; round < 3; round++)
        {
            world.Leap(TimeSpan.FromMinutes(10));
            Assert.Equal(0, (await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!.Missed);
        }
        Assert.DoesNotContain(await IdsAsync(world), id => id.StartsWith("reconciled:", StringComparison.Ordinal));
    }

    // ---- limits and switches

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_told_waiting_time_ends_the_sweep_and_the_next_one_goes_on(string forge)
    {
        await using var world = await World.StartAsync(settings: World.AsApp, allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, forge);
        await world.StopBotAsync();
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        world.Leap(TimeSpan.FromHours(2));
        await world.StartBotAsync();
        var before = world.Forge(forge).Requests.Count;

        world.Forge(forge).AddFault(new Fault("GET", "/(hook|hooks|actions|pipelines)", 429, times: 1) { Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Retry-After"] = "600" } });

        var report = (await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!;
        Assert.NotEmpty(report.Left);
        Assert.Empty(report.Recovered);
        Assert.InRange(world.Forge(forge).Requests.Count - before, 1, 3);
        Assert.DoesNotContain(world.Forge(forge).Faults, fault => fault.Remaining > 0);
        world.Leap(TimeSpan.FromMinutes(11));
        var next = (await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop))!;
        Assert.Empty(next.Left);
        Assert.NotEmpty(next.Recovered);
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests);
    }

    [Fact]
    public async Task Switched_off_or_stopped_nothing_is_asked()
    {
        await using var world = await World.StartAsync(settings: World.AsApp, allowWarnings: true);
        await KnownRepositoryAsync(world, "github");
        var before = world.GitHub.Requests.Count;
        await SwitchAsync(world, Module.Sweep, isOn: false);
        Assert.Null(await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop));
        await SwitchAsync(world, Module.Sweep, isOn: true);
        await world.Bot.Store.Control.ChangeAsync("ada", "emergency_stop", state => state with { StoppedBy = "ada" }, Stop);
        Assert.Null(await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop));
        Assert.Equal(before, world.GitHub.Requests.Count);
    }

    // ---- webhooks that GitLab switches off

    [Theory, InlineData(4), InlineData(40)]
    public async Task A_hook_that_GitLab_switched_off_is_told_tested_and_on_again(int failures)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, "gitlab");
        var hook = Assert.Single(repository.Hooks);
        world.GitLab.FailHook(hook, failures);
        Assert.NotEqual("executable", world.GitLab.HookState(hook));
        await world.CatchUpAsync();
        Assert.Equal("executable", world.GitLab.HookState(hook));
        Assert.Contains(world.Warnings, warning => warning.Contains($"the webhook {hook.Id} of acme/app", StringComparison.Ordinal));
        Assert.Empty(world.Bot.SafeMode.Findings);
        Assert.Equal(["hook_disabled", "hook_enabled"], await world.ActsAsync());
    }

    [Fact]
    public async Task A_hook_that_cannot_be_switched_on_stays_an_alarm_until_it_is_on_again()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var repository = await KnownRepositoryAsync(world, "gitlab");
        var hook = Assert.Single(repository.Hooks);
        world.GitLab.FailHook(hook, 40);
        world.GitLab.AddFault(new Fault("POST", "/test/push_events", 422));
        await world.CatchUpAsync();
        using var client = new HttpClient();
        var ready = await client.GetStringAsync(world.Bot.Url + "/readyz", Stop);
        Assert.StartsWith("ready\n", ready, StringComparison.Ordinal);
        Assert.Contains("GitLab has switched off the webhook", ready, StringComparison.Ordinal);
        Assert.Contains("press Test", ready, StringComparison.Ordinal);
        Assert.Equal(["hook_disabled"], await world.ActsAsync());

        // What fails meanwhile is found all the same.
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        world.Leap(TimeSpan.FromMinutes(10));
        Assert.StartsWith("missed 1, recovered 1, of which 1 acted on", await world.CatchUpAsync(), StringComparison.Ordinal);
        Assert.Single(repository.MergeRequests);

        world.GitLab.ClearFaults();
        world.GitLab.FailHook(hook, 0);
        await world.CatchUpAsync();
        Assert.Empty(world.Bot.SafeMode.Findings);
        Assert.Equal(["hook_disabled"], await world.ActsAsync());
    }

    // ---- words

    /// <summary>The repository has been seen and looked at; nothing is amiss yet.</summary>
    private static async Task<SimulatedRepository> KnownRepositoryAsync(World world, string forge, bool withOwnHook = false, string name = "acme/app")
    {
        var repository = await world.NamedRepositoryAsync(forge, name, World.Script);
        world.GitHub.HookUrl = world.Bot.Url + "/webhooks/github";
        if (forge == "github")
            world.GitHub.InstallApp(repository, 7);
        if (withOwnHook || forge == "gitlab")
            world.HookOf(repository);
        await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
        await world.SettleAsync();
        await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop);
        return repository;
    }

    private static async Task SwitchAsync(World world, Module module, bool isOn)
    {
        await world.Bot.Store.Control.ChangeAsync("ada", "start_all_modules", state => state with { Off = isOn ? new HashSet<Module>() : new HashSet<Module> { module } }, Stop);
        await world.Bot.Control.LookAsync(Stop);
    }

    private static async Task<IEnumerable<string>> IdsAsync(World world) => (await world.RowsAsync()).Select(row => row.Id);
}
