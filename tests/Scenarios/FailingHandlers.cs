using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>A handler that hangs or throws: cut, tried again, given up with its reason. Other repositories do not notice. The worker knows no forges, so each is tried with one.</summary>
public sealed class FailingHandlers
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, InlineData("github")]
    public async Task What_hangs_is_cut_tried_five_times_more_and_given_up_while_others_are_worked(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true, settings: (_, settings) => settings with { Work = new WorkSettings { Workers = 4, HandlerTimeout = TimeSpan.FromMilliseconds(300) } });
        var quiet = await world.NamedRepositoryAsync(forge, "acme/quiet", ("readme.md", SimulatedFile.Text("read me\n")));
        world.Forge(forge).HoldDeliveries();
        var hanging = await world.WithCommaTooManyAsync(forge, "acme/hangs");
        await quiet.PushAsync("main", "readme.md", "read on\n", "Go on");
        await world.SimulatorIdleAsync();
        world.Forge(forge).AddFault(new Fault("GET", forge == "github" ? "/repos/acme/hangs" : $"/projects/{hanging.Id}/", effect: FaultEffect.Hold));
        world.Forge(forge).ReleaseDeliveries();
        await world.SettleAsync();
        Assert.All(await RowsAsync(world, quiet), row => Assert.Equal(DeliveryState.Ignored, row.State));
        Assert.Contains(await RowsAsync(world, hanging), row => row is { State: DeliveryState.Waiting, Result: "cut after 00:00:00.3000000" });

        await world.SettleWithRetriesAsync();
        Assert.Empty(hanging.MergeRequests);
        await AssertGivenUpAsync(world, hanging, "given up after 6 tries: cut after 00:00:00.3000000");
    }

    [Theory, InlineData("gitlab")]
    public async Task What_throws_is_tried_five_times_more_given_up_with_an_incident_and_can_be_replayed(string forge)
    {
        var isBroken = true;
        await using var world = await World.StartAsync(allowWarnings: true, fixers: id => isBroken ? throw new InvalidOperationException("a mistake of ours") : QMoi.Fixers.FixerIndex.Find(id));
        var repository = await world.WithCommaTooManyAsync(forge);
        await world.SettleWithRetriesAsync();
        var dead = await AssertGivenUpAsync(world, repository, "given up after 6 tries: our mistake, incident ");
        Assert.Contains(world.Warnings, warning => warning.Contains("a mistake of ours", StringComparison.Ordinal) && warning.Contains(dead[0].Result![^8..], StringComparison.Ordinal));
        Assert.Empty(repository.MergeRequests);

        isBroken = false;
        foreach (var row in dead)
            Assert.True(await world.Bot.Store.RequeueAsync(row.Sequence, Stop));
        await world.SettleWithRetriesAsync();
        Assert.Single(repository.MergeRequests);
        Assert.DoesNotContain("dead", await world.StatesAsync());
    }

    private static async Task<List<DeliveryRow>> AssertGivenUpAsync(World world, SimulatedRepository repository, string reason)
    {
        var dead = (await RowsAsync(world, repository)).FindAll(row => row.State == DeliveryState.Dead);
        Assert.NotEmpty(dead);
        Assert.All(dead, row => Assert.StartsWith(reason, row.Result, StringComparison.Ordinal));
        Assert.Null(await world.Bot.Store.NextDueAsync(Stop));
        return dead;
    }

    private static async Task<List<DeliveryRow>> RowsAsync(World world, SimulatedRepository repository) => (await world.RowsAsync()).FindAll(row => row.Repository == repository.FullName);
}
