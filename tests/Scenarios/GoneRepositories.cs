using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>The App is uninstalled, the project deleted, or the name taken by another: nothing is tried for ever, an admin is told, and the data goes.</summary>
public sealed class GoneRepositories
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public enum Way { Deleted, Uninstalled }

    [Theory, InlineData("gitlab", Way.Deleted), InlineData("github", Way.Deleted), InlineData("github", Way.Uninstalled)]
    public async Task A_delivery_of_a_repository_that_is_gone_is_declined_and_not_tried_again(string forge, Way way)
    {
        await using var world = await StartAsync(way);
        var (repository, _) = await HealedAsync(world, forge, way);
        world.Forge(forge).HoldDeliveries();
        await repository.PushAsync("main", "again.md", "again\n", "Once more");
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        Leave(world, repository, way);
        world.Forge(forge).ReleaseDeliveries();
        await world.SettleAsync();

        Assert.Null(await world.Bot.Store.NextDueAsync(Stop));
        Assert.Contains(await world.OutcomesAsync(), outcome => outcome.StartsWith("the forge refused", StringComparison.Ordinal));
        Assert.All(await world.StatesAsync(), state => Assert.True(state is "done" or "ignored", state));
    }

    [Theory, InlineData("gitlab", Way.Deleted), InlineData("github", Way.Deleted), InlineData("github", Way.Uninstalled)]
    public async Task What_is_stored_about_it_is_removed_within_a_day_and_an_admin_is_told_before(string forge, Way way)
    {
        await using var world = await StartAsync(way);
        var (repository, other) = await HealedAsync(world, forge, way);
        Leave(world, repository, way);

        // The admin is told at the next look, and nothing is lost yet.
        world.Leap(TimeSpan.FromMinutes(10));
        await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop);
        var finding = Assert.Single(world.Bot.SafeMode.Findings);
        Assert.Contains($"no longer lets the bot see acme/app ({repository.Id})", finding.Wrong, StringComparison.Ordinal);
        Assert.Contains("removed within a day", finding.Instead, StringComparison.Ordinal);
        Assert.NotEmpty(await StoredAsync(world, forge, repository));

        // Nothing but whether it is back is asked of it, now and then.
        var asked = await RequestsAsync(world, forge, repository, sweeps: 12, every: TimeSpan.FromMinutes(30));
        Assert.InRange(asked, 0, 2);
        asked = await RequestsAsync(world, forge, repository, sweeps: 34, every: TimeSpan.FromMinutes(30));
        Assert.InRange(asked, 1, 4);

        Assert.Empty(await StoredAsync(world, forge, repository));
        Assert.Empty(await world.Bot.Store.AttemptsAsync($"{forge}:{repository.Id}", Stop));
        Assert.Empty(world.Bot.SafeMode.Findings);
        Assert.Equal(["repository_gone", "repository_forgotten"], await world.ActsAsync());
        Assert.NotEmpty(await StoredAsync(world, forge, other));
        Assert.NotEmpty(await world.Bot.Store.AttemptsAsync($"{forge}:{other.Id}", Stop));
        Assert.Equal(0, await RequestsAsync(world, forge, repository, sweeps: 3, every: TimeSpan.FromHours(9)));
    }

    [Fact]
    public async Task One_that_comes_back_in_time_keeps_everything()
    {
        await using var world = await StartAsync(Way.Uninstalled);
        var (repository, _) = await HealedAsync(world, "github", Way.Uninstalled);
        var before = await StoredAsync(world, "github", repository);
        Leave(world, repository, Way.Uninstalled);
        world.Leap(TimeSpan.FromMinutes(10));
        await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop);
        Assert.NotEmpty(world.Bot.SafeMode.Findings);

        // Installed anew: under another id.
        world.GitHub.InstallApp(repository, 8);
        await RequestsAsync(world, "github", repository, sweeps: 3, every: TimeSpan.FromHours(5));
        Assert.Empty(world.Bot.SafeMode.Findings);
        Assert.Equal(["repository_gone", "repository_back"], await world.ActsAsync());
        Assert.Equal(before, await StoredAsync(world, "github", repository));

        await repository.PushAsync("main", "more.md", "more\n", "More");
        await world.SettleAsync();
        Assert.Equal(before.Count + 1, (await StoredAsync(world, "github", repository)).Count);
    }

    /// <summary>A token that has run out, a proxy before the forge that knows nothing of it.</summary>
    [Theory, InlineData("gitlab", 401), InlineData("gitlab", 404), InlineData("github", 401), InlineData("github", 404)]
    public async Task A_forge_that_refuses_everything_removes_nothing(string forge, int status)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var (repository, _) = await HealedAsync(world, forge, Way.Deleted);
        var before = await StoredAsync(world, forge, repository);
        world.Forge(forge).AddFault(new Fault("*", ".*", status));
        await RequestsAsync(world, forge, repository, sweeps: 5, every: TimeSpan.FromHours(9));
        Assert.Equal(before, await StoredAsync(world, forge, repository));
        Assert.Empty(world.Bot.SafeMode.Findings);
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_delivery_under_a_name_that_another_repository_has_taken_touches_only_its_own(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        world.Forge(forge).HoldDeliveries();
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SimulatorIdleAsync();
        // The other has the very same commits.
        var squatter = await world.Forge(forge).ForkAsync(repository, world.Forge(forge).AddUser("mallory"));
        (repository.FullName, squatter.FullName) = ("acme/app-of-old", "acme/app");
        world.Forge(forge).ReleaseDeliveries();
        await world.SettleAsync();

        Assert.Empty(squatter.MergeRequests);
        Assert.Empty(squatter.CommitComments);
        Assert.Single(squatter.Branches);
        // GitLab is asked by the id alone, GitHub by a name, which must be that of the id.
        Assert.Equal(forge == "gitlab" ? 1 : 0, repository.MergeRequests.Count);
        Assert.Null(await world.Bot.Store.NextDueAsync(Stop));
        Assert.Equal(forge == "github", (await world.OutcomesAsync()).Any(outcome => outcome.StartsWith("the forge refused", StringComparison.Ordinal)));
    }

    // ---- words

    private static Task<World> StartAsync(Way way) => World.StartAsync(allowWarnings: true, settings: way == Way.Uninstalled ? World.AsApp : null);

    /// <summary>Two repositories, each with a fix and with what is stored about it; the first is to go.</summary>
    private static async Task<(SimulatedRepository Repository, SimulatedRepository Other)> HealedAsync(World world, string forge, Way way)
    {
        var repositories = new List<SimulatedRepository>();
        foreach (var (name, installation) in ((string, long)[])[("acme/app", 7), ("other/app", 17)])
        {
            var repository = await world.NamedRepositoryAsync(forge, name, World.Script);
            if (way == Way.Uninstalled)
                world.GitHub.InstallApp(repository, installation);
            await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
            await repository.FailPipelineAsync("main", "check", World.MissingRight);
            repositories.Add(repository);
        }
        await world.SettleAsync();
        await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop);
        Assert.All(repositories, repository => Assert.Single(repository.MergeRequests));
        return (repositories[0], repositories[1]);
    }

    private static void Leave(World world, SimulatedRepository repository, Way way)
    {
        if (way == Way.Uninstalled)
            world.GitHub.UninstallApp(repository);
        else
            repository.Forge.DeleteRepository(repository);
    }

    /// <summary>How often the forge was asked something about a repository in so many sweeps.</summary>
    private static async Task<int> RequestsAsync(World world, string forge, SimulatedRepository repository, int sweeps, TimeSpan every)
    {
        var before = world.Forge(forge).Requests.Count;
        for (var sweep = 0; sweep < sweeps; sweep++)
        {
            world.Leap(every);
            await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop);
        }
        string[] names = [$"/repos/{repository.FullName}/", $"/repositories/{repository.Id}", $"/projects/{repository.Id}"];
        return world.Forge(forge).Requests.Skip(before).Count(request => Array.Exists(names, name => request.PathAndQuery.Contains(name, StringComparison.Ordinal)));
    }

    private static async Task<List<string>> StoredAsync(World world, string forge, SimulatedRepository repository) =>
        [.. (await world.RowsAsync()).Where(row => row.Repository == repository.FullName && world.Forge(forge) == repository.Forge).Select(row => row.Id)];
}
