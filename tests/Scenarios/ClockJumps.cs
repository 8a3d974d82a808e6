using System.Security.Cryptography;
using QMoi.Forges;
using QMoi.Handlers.Repair;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>The clock of the bot's machine is set while it works, or is off all the time; the forges keep theirs.</summary>
public sealed class ClockJumps
{
    public static TheoryData<string, int> Jumps => new() { { "gitlab", 10 }, { "gitlab", -60 }, { "github", -10 }, { "github", 60 } };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Jumps))]
    public async Task A_clock_that_is_set_in_the_middle_of_a_repair_takes_it_from_nobody(string forge, int minutes)
    {
        var (world, clock) = await WorldAsync();
        await using var _ = world;
        var log = new Fault("GET", "/(trace|logs)$", times: 1, effect: FaultEffect.HoldAnswer);
        world.Forge(forge).AddFault(log);
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SimulatorIdleAsync();
        var working = world.Bot.Worker.DrainAsync(Stop);
        await log.Struck;
        clock.Jump(TimeSpan.FromMinutes(minutes));
        // The other workers of the process look for something to do.
        await world.Bot.Worker.DrainAsync(Stop);
        Assert.False(working.IsCompleted);
        Assert.Empty(repository.MergeRequests);
        log.Release();
        await working;
        await world.SettleAsync();
        repository.AssertHealedOnce();

        var direction = minutes > 0 ? "ahead of" : "behind";
        Assert.Contains(world.Bot.SafeMode.Findings, finding => finding.Wrong == $"the clock of this machine is {Math.Abs(minutes)} minutes {direction} {(forge == "github" ? "GitHub" : "GitLab")}'s");
        clock.Jump(TimeSpan.FromMinutes(-minutes));
        await world.NamedRepositoryAsync(forge, "acme/other", World.Ci(forge, "exit 1"));
        await world.SettleAsync();
        Assert.DoesNotContain(world.Bot.SafeMode.Findings, finding => finding.Wrong.Contains("clock", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Jumps))]
    public async Task A_try_that_waits_is_neither_forgotten_nor_put_off_when_the_clock_is_set(string forge, int minutes)
    {
        var (world, clock) = await WorldAsync();
        await using var _ = world;
        // Two deliveries tell of it on GitHub, the end of the job and that of the run; each asks three times before it waits.
        world.Forge(forge).AddFault(new Fault("*", "/(trace|logs)$", 500, times: forge == "github" ? 6 : 3));
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        Assert.Empty(repository.MergeRequests);
        Assert.Contains("waiting", await world.StatesAsync());
        clock.Jump(TimeSpan.FromMinutes(minutes));
        await world.SettleAsync();
        Assert.Empty(repository.MergeRequests);
        world.Leap(TimeSpan.FromSeconds(6));
        await world.SettleAsync();
        repository.AssertHealedOnce();
    }

    [Theory, InlineData("gitlab", -60), InlineData("github", 10)]
    public async Task A_retry_that_waits_comes_once_though_the_clock_is_set(string forge, int minutes)
    {
        var (world, clock) = await WorldAsync(new RepairSettings());
        await using var _ = world;
        var repository = await world.WithFlakyDownloadAsync(forge, failures: 1);
        await world.SettleAsync();
        Assert.Contains("waiting", await world.StatesAsync());
        clock.Jump(TimeSpan.FromMinutes(minutes));
        await world.SettleAsync();
        // At the latest when the clock says again what it would have said.
        world.Leap(TimeSpan.FromMinutes(20 + Math.Max(0, -minutes)));
        await world.SettleAsync();
        Assert.DoesNotContain("waiting", await world.StatesAsync());
        Assert.Contains(repository.Pipelines, pipeline => pipeline.AllJobs.Count == 2 && pipeline.Status == CiStatus.Success);
    }

    /// <summary>Nobody told the bot, so it looks; by the forge's time, since its own is another one.</summary>
    [Theory, InlineData("gitlab", 60), InlineData("github", -60)]
    public async Task What_was_missed_is_found_while_the_clock_is_off_and_after_it_was_set(string forge, int minutes)
    {
        var (world, clock) = await WorldAsync();
        await using var _ = world;
        var (first, second) = (await world.NamedRepositoryAsync(forge, "acme/first", World.Script), await world.NamedRepositoryAsync(forge, "acme/second", World.Script));
        foreach (var repository in (SimulatedRepository[])[first, second])
            await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
        await world.SettleAsync();

        clock.Jump(TimeSpan.FromMinutes(minutes));
        await world.CatchUpAsync();
        await MissAsync(world, first);
        await world.CatchUpAsync();
        Assert.Single(first.MergeRequests);
        clock.Jump(TimeSpan.FromMinutes(-minutes));
        await MissAsync(world, second);
        await world.CatchUpAsync();
        Assert.Single(second.MergeRequests);

        world.Leap(TimeSpan.FromMinutes(10));
        await world.CatchUpAsync();
        Assert.All([first, second], repository => Assert.Single(repository.MergeRequests));
        Assert.All([first, second], repository => Assert.Single(repository.CommitComments));
    }

    /// <summary>GitHub takes no claim of an App that is made for another time than its own.</summary>
    [Theory, InlineData(60), InlineData(-60)]
    public async Task An_App_is_let_in_though_the_clock_is_an_hour_off(int minutes)
    {
        using var key = RSA.Create(2048);
        JumpingClock? clock = null;
        await using var world = await World.StartAsync(
            allowWarnings: true, botClock: inner => clock = new JumpingClock(inner), appPublicKey: key.ExportSubjectPublicKeyInfoPem(),
            settings: (_, settings) => settings with { GitHub = new GitHubSettings(settings.GitHub.ApiUrl, Token: null, AppId: 1, PrivateKeyPem: key.ExportPkcs8PrivateKeyPem()) });
        clock!.Jump(TimeSpan.FromMinutes(minutes));
        var repository = await world.RepositoryAsync("github", ("readme.md", SimulatedFile.Text("App\n")));
        world.GitHub.InstallApp(repository, 7);
        await repository.BreakAsync();
        await world.SettleAsync();
        repository.AssertHealedOnce();
        Assert.InRange(world.GitHub.Requests.Count(request => request.Status == 401), 1, 2);
        // A token is good for an hour, by the clock of who gave it.
        Assert.InRange(world.GitHub.Requests.Count(request => request.PathAndQuery.EndsWith("/access_tokens", StringComparison.Ordinal) && request.Status == 201), 1, 1);
    }

    private static async Task MissAsync(World world, SimulatedRepository repository)
    {
        world.Leap(TimeSpan.FromMinutes(10));
        var address = repository.Forge.HookUrl;
        repository.Forge.HookUrl = null;
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await world.SimulatorIdleAsync();
        repository.Forge.HookUrl = address;
        world.Leap(TimeSpan.FromMinutes(10));
    }

    private static async Task<(World World, JumpingClock Clock)> WorldAsync(RepairSettings? repair = null)
    {
        JumpingClock? clock = null;
        var world = await World.StartAsync(allowWarnings: true, repair: repair, botClock: inner => clock = new JumpingClock(inner));
        return (world, clock!);
    }
}
