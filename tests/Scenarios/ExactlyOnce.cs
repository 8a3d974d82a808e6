using System.Text;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Delivered twice, late, in another order, or interrupted: the forge ends up the same.</summary>
public sealed class ExactlyOnce
{
    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task Every_delivery_three_times_ends_as_once(string forge)
    {
        await using var world = await World.StartAsync();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        for (var round = 0; round < 2; round++)
        {
            foreach (var delivery in world.Forge(forge).Deliveries.Where(delivery => !delivery.IsRedelivery).ToList())
                world.Forge(forge).Redeliver(delivery.DeliveryId);
            await world.SettleAsync();
        }
        repository.AssertHealedOnce();
        Assert.All(world.Forge(forge).Deliveries.Where(delivery => delivery.IsRedelivery), delivery => Assert.Equal(200, delivery.StatusCode));
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task Deliveries_out_of_order_end_as_in_order(string forge)
    {
        await using var world = await World.StartAsync();
        world.Forge(forge).HoldDeliveries();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SimulatorIdleAsync();
        world.Forge(forge).ReleaseDeliveries(shuffled: true);
        await world.SettleAsync();
        repository.AssertHealedOnce();
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task An_older_pipeline_that_is_told_after_a_newer_one_changes_nothing(string forge)
    {
        await using var world = await World.StartAsync();
        world.Forge(forge).HoldDeliveries();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SimulatorIdleAsync();
        await repository.PushAsync("main", "check.sh", "#!/bin/sh\necho other\n", "Say something else");
        await world.SimulatorIdleAsync();
        var held = world.Forge(forge).Deliveries;
        var newer = held.Where(delivery => Encoding.UTF8.GetString(delivery.Body).Contains("Say something else", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(newer);
        world.Forge(forge).ReleaseDeliveries(shuffled: true);
        await world.SettleAsync();
        foreach (var older in held.Except(newer))
            world.Forge(forge).Redeliver(older.DeliveryId);
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests);
        Assert.Equal(["Say something else", "Initial commit"], (await repository.CommitMessagesAsync(fix.SourceBranch)).Skip(1).Select(message => message.Trim()));
        Assert.Equal(repository.Branches["main"], Assert.Single(repository.CommitComments).CommitSha);
    }

    [Theory]
    [InlineData("gitlab", "POST", "/repository/commits$")]
    [InlineData("gitlab", "POST", "/merge_requests$")]
    [InlineData("gitlab", "POST", "/(comments|discussions|notes)$")]
    [InlineData("github", "POST", "/git/refs$")]
    [InlineData("github", "POST", "/pulls$")]
    [InlineData("github", "POST", "/comments$")]
    public async Task An_answer_lost_after_the_effect_does_not_double_it(string forge, string method, string path)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        world.Forge(forge).AddFault(new Fault(method, path, times: 1, effect: FaultEffect.BreakAfterEffect));
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleWithRetriesAsync();
        repository.AssertHealedOnce();
    }

    /// <summary>Broken off before or after each of the three things that one request makes; the next try goes the same way, or by REST.</summary>
    [Theory]
    [InlineData("POST", "/graphql$", FaultEffect.BreakBeforeEffect)]
    [InlineData("POST", "/graphql$", FaultEffect.BreakAfterEffect)]
    [InlineData("GRAPHQL", "^createRef$", FaultEffect.BreakAfterEffect)]
    [InlineData("GRAPHQL", "^createCommitOnBranch$", FaultEffect.BreakAfterEffect)]
    [InlineData("GRAPHQL", "^createRef$", FaultEffect.Answer)]
    [InlineData("GRAPHQL", "^createCommitOnBranch$", FaultEffect.Answer)]
    [InlineData("GRAPHQL", "^createPullRequest$", FaultEffect.Answer)]
    public async Task A_request_for_three_effects_that_makes_some_of_them_is_made_whole(string method, string path, FaultEffect effect)
    {
        foreach (var isRefusedThen in (bool[])[false, true])
        {
            await using var world = await World.StartAsync(allowWarnings: true);
            world.GitHub.AddFault(new Fault(method, path, times: 1, effect: effect));
            var repository = await world.WithCommaTooManyAsync("github");
            await world.SettleAsync();
            world.GitHub.TakesGraphQl = !isRefusedThen;
            await world.SettleWithRetriesAsync();

            repository.AssertHealedOnce();
            Assert.DoesNotContain(world.GitHub.Faults, fault => fault.Remaining > 0);
            Assert.Equal(2, (await repository.CommitMessagesAsync(repository.MergeRequests[0].SourceBranch)).Count);
        }
    }

    [Theory]
    [InlineData("gitlab", 500)]
    [InlineData("gitlab", 429)]
    [InlineData("github", 502)]
    [InlineData("github", 429)]
    public async Task A_forge_in_trouble_is_waited_for(string forge, int status)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        world.Forge(forge).AddFault(new Fault("*", "/(trace|logs|commits|pulls|merge_requests)", status, times: 6) { Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Retry-After"] = "7" } });
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleWithRetriesAsync();
        repository.AssertHealedOnce();
    }

    [Theory]
    [InlineData("gitlab", 403)]
    [InlineData("gitlab", 404)]
    [InlineData("github", 403)]
    [InlineData("github", 404)]
    public async Task A_forge_that_refuses_is_recorded_and_not_asked_for_ever(string forge, int status)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        world.Forge(forge).AddFault(new Fault("POST", "/(repository/commits|git/refs|git/trees|merge_requests|pulls)$", status));
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleWithRetriesAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Contains("refused the fix", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
        Assert.All(await world.StatesAsync(), state => Assert.True(state is "done" or "ignored", state));
    }
}
