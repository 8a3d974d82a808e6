using QMoi.Functions.Control;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>An admin switches things off and on while the bot runs.</summary>
public sealed class Stopping
{
    [Fact]
    public async Task After_an_emergency_stop_deliveries_are_stored_and_nothing_is_done_until_it_is_resumed()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        await ChangeAsync(world, state => state with { StoppedBy = "ada" });
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SettleAsync();
        Assert.Empty(repository.MergeRequests);
        Assert.Empty(world.GitLab.Requests);
        Assert.All(world.GitLab.Deliveries, delivery => Assert.Equal(202, delivery.StatusCode));

        await ChangeAsync(world, state => state with { StoppedBy = null });
        await world.SettleAsync();
        Assert.Contains("**Verified.**", Assert.Single(repository.MergeRequests).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_being_done_ends_with_the_stop_and_is_done_once_after_it()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var door = new Fault("GET", "/trace$", times: 1, effect: FaultEffect.Hold);
        world.GitLab.AddFault(door);
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SimulatorIdleAsync();
        var working = world.Bot.Worker.DrainAsync(TestContext.Current.CancellationToken);
        await door.Struck;
        await ChangeAsync(world, state => state with { StoppedBy = "ada" });
        await world.Bot.Control.LookAsync(TestContext.Current.CancellationToken);
        await working;
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome == "ended by the emergency stop");
        Assert.Empty(repository.MergeRequests);

        await ChangeAsync(world, state => state with { StoppedBy = null });
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests);
        Assert.Single(repository.CommitComments);
    }

    [Fact]
    public async Task Without_the_fix_module_a_failure_is_explained_and_without_the_retry_module_it_is_not_run_again()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        await ChangeAsync(world, state => state with { Off = new HashSet<Module> { Module.Fix, Module.Retry } });
        var broken = await world.WithBrokenScriptAsync("gitlab");
        var flaky = await world.WithFlakyDownloadAsync("github", failures: 1);
        await world.SettleAsync();

        Assert.Empty(broken.MergeRequests);
        Assert.Contains("Fixes are switched off on this instance", Assert.Single(broken.CommitComments).Body, StringComparison.Ordinal);
        Assert.Contains("retries are switched off on this instance", Assert.Single(flaky.CommitComments).Body, StringComparison.Ordinal);
        Assert.DoesNotContain(world.GitHub.Requests, request => request.PathAndQuery.Contains("rerun", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_receive_module_forges_are_told_to_come_again()
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        await ChangeAsync(world, state => state with { Off = new HashSet<Module> { Module.Receive } });
        await world.Bot.Control.LookAsync(TestContext.Current.CancellationToken);
        await world.WithBrokenScriptAsync("gitlab");
        await world.SimulatorIdleAsync();
        Assert.All(world.GitLab.Deliveries, delivery => Assert.Equal(503, delivery.StatusCode));
    }

    private static Task ChangeAsync(World world, Func<ControlState, ControlState> change) => world.Bot.Store.Control.ChangeAsync("a test", "a_change", change, TestContext.Current.CancellationToken);
}
