using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>The commit of a fix is made, and then the forge refuses its merge request for good.</summary>
public sealed class RefusedOffers
{
    /// <summary>A fix by one request of GitHub's GraphQL, and one by its REST API.</summary>
    public static TheoryData<string, int, bool> Refusals => new()
    {
        { "gitlab", 403, false }, { "gitlab", 422, true },
        { "github", 403, false }, { "github", 422, false }, { "github", 403, true },
    };

    [Theory, MemberData(nameof(Refusals))]
    public async Task The_branch_is_removed_and_the_refusal_is_told(string forge, int status, bool isText)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        Refuse(world, forge, status);
        var repository = isText ? await world.WithCommaTooManyAsync(forge) : await world.WithBrokenScriptAsync(forge);
        await world.SettleWithRetriesAsync();

        await AssertNothingIsLeftAsync(world, repository);
        foreach (var delivery in world.Forge(forge).Deliveries.Where(delivery => !delivery.IsRedelivery).ToList())
            world.Forge(forge).Redeliver(delivery.DeliveryId);
        await world.SettleWithRetriesAsync();
        await AssertNothingIsLeftAsync(world, repository);
    }

    [Theory]
    [InlineData("gitlab", "POST", "/merge_requests$", FaultEffect.BreakBeforeEffect)]
    [InlineData("gitlab", "DELETE", "/repository/branches/", FaultEffect.BreakBeforeEffect)]
    [InlineData("gitlab", "DELETE", "/repository/branches/", FaultEffect.BreakAfterEffect)]
    [InlineData("github", "POST", "/pulls$", FaultEffect.BreakBeforeEffect)]
    [InlineData("github", "DELETE", "/git/refs/", FaultEffect.BreakBeforeEffect)]
    [InlineData("github", "DELETE", "/git/refs/", FaultEffect.BreakAfterEffect)]
    public async Task Cut_off_while_it_is_removed_it_ends_the_same(string forge, string method, string path, FaultEffect effect)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var cut = new Fault(method, path, times: 4, effect: effect);
        world.Forge(forge).AddFault(cut);
        Refuse(world, forge, 403);
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleWithRetriesAsync();

        Assert.True(cut.Remaining < 4);
        await AssertNothingIsLeftAsync(world, repository);
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_branch_that_holds_anything_but_the_fix_stays(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        Refuse(world, forge, 403);
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SimulatorIdleAsync();
        var branch = $"qmoi/fix/shell-permission-denied-{repository.Branches["main"][..8]}";
        var theirs = await repository.PushAsync(branch, "notes.md", "Mine\n", "Keep this");
        await world.SettleWithRetriesAsync();

        Assert.Empty(repository.MergeRequests);
        Assert.Equal(theirs, repository.Branches[branch]);
        Assert.Contains("refused the fix", repository.CommitComments.First(comment => comment.CommitSha == repository.Branches["main"]).Body, StringComparison.Ordinal);
    }

    private static void Refuse(World world, string forge, int status)
    {
        world.Forge(forge).AddFault(new Fault("POST", "/(merge_requests|pulls)$", status));
        if (forge == "github")
            world.GitHub.AddFault(new Fault("GRAPHQL", "^createPullRequest$", status));
    }

    private static async Task AssertNothingIsLeftAsync(World world, SimulatedRepository repository)
    {
        Assert.Empty(repository.MergeRequests);
        Assert.Equal(["main"], repository.Branches.Keys);
        Assert.Contains("The forge refused the fix", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
        Assert.All(await world.StatesAsync(), state => Assert.True(state is "done" or "ignored", state));
    }
}
