using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>The network between the bot and the forge breaks at each request of a repair, whichever it is; the forge ends as if it had not.</summary>
public sealed class ForgeCuts
{
    /// <summary>The first request and all that write, broken before or after they have their effect in turn; <c>QMOI_TEST_CUTS</c> set to anything: every request, in both ways.</summary>
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("QMOI_TEST_CUTS") is not null;

    [Theory, InlineData("gitlab"), InlineData("github"), Trait("speed", "slow")]
    public async Task Whichever_request_of_a_repair_is_cut_off_its_effects_are_there_once(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var whole = await RepositoryAsync(world, forge, "acme/whole");
        await world.SettleAsync();
        whole.AssertHealedOnce();
        var requests = Of(world, forge, whole);
        var chosen = requests.Index().Where(request => IsLong || request.Index == 0 || request.Item.Method != "GET").Select(request => request.Index).ToList();
        Assert.True(chosen.Count >= 5, $"only {chosen.Count} requests");

        var cut = new List<(SimulatedRepository Repository, Fault Fault)>();
        FaultEffect[] effects = [FaultEffect.BreakBeforeEffect, FaultEffect.BreakAfterEffect];
        foreach (var (turn, number) in chosen.Index())
        {
            foreach (var effect in IsLong ? effects : [effects[turn % 2]])
            {
                // So many repairs in a row would wait for the bot's own limit of writes.
                world.Leap(TimeSpan.FromMinutes(1));
                var repository = await world.NamedRepositoryAsync(forge, $"acme/cut-{number}-{effect}", Readme);
                var fault = new Fault("*", PathOf(forge, repository), times: 1, effect: effect) { Passing = number };
                world.Forge(forge).AddFault(fault);
                await repository.BreakAsync();
                await world.SettleAsync();
                cut.Add((repository, fault));
            }
        }
        await world.SettleWithRetriesAsync();
        Assert.All(cut, broken =>
        {
            broken.Repository.AssertHealedOnce();
            // The last ones are not needed where an earlier answer was found again.
            Assert.True(broken.Fault.Remaining == 0 || broken.Fault.Passing < 3, $"{broken.Repository.FullName} was never cut");
        });
        Assert.InRange(cut.Count(broken => broken.Fault.Remaining == 0), cut.Count - 2, cut.Count);
    }

    /// <summary>Nothing comes back, not even that the connection is gone: the bot gives up after its time limit, and asks before it does it again.</summary>
    [Theory, InlineData("gitlab", "/merge_requests$"), InlineData("github", "/pulls$")]
    public async Task A_request_whose_answer_never_comes_is_given_up_and_done_once(string forge, string path)
    {
        var clock = default(WaitedClock)!;
        await using var world = await World.StartAsync(allowWarnings: true, botClock: inner => clock = new WaitedClock(inner));
        var silent = new Fault("POST", path, times: 1, effect: FaultEffect.HoldAnswer);
        world.Forge(forge).AddFault(silent);
        var repository = await RepositoryAsync(world, forge, "acme/app");
        await world.SimulatorIdleAsync();
        var working = world.Bot.Worker.DrainAsync(TestContext.Current.CancellationToken);
        await silent.Struck;
        clock.EndWaiting(TimeSpan.FromSeconds(30));
        await working;
        await world.SettleWithRetriesAsync();
        repository.AssertHealedOnce();
        silent.Release();
    }

    private static readonly (string, SimulatedFile) Readme = ("readme.md", SimulatedFile.Text("App\n"));

    private static async Task<SimulatedRepository> RepositoryAsync(World world, string forge, string name)
    {
        var repository = await world.NamedRepositoryAsync(forge, name, Readme);
        await repository.BreakAsync();
        return repository;
    }

    private static string PathOf(string forge, SimulatedRepository repository) => forge == "github" ? $"/repos/{repository.FullName}(/|$)" : $"/projects/{repository.Id}(/|$)";

    private static List<RequestRecord> Of(World world, string forge, SimulatedRepository repository)
    {
        var path = new System.Text.RegularExpressions.Regex(PathOf(forge, repository), System.Text.RegularExpressions.RegexOptions.NonBacktracking);
        return [.. world.Forge(forge).Requests.Where(request => path.IsMatch(request.PathAndQuery)).OrderBy(request => request.Sequence)];
    }
}
