using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Nearly three days away, while people went on.</summary>
public sealed class CatchingUpOutage
{
    private static readonly TimeSpan Outage = TimeSpan.FromHours(70);

    [Fact]
    public async Task After_an_outage_of_70_hours_everything_is_found_and_healed_once_and_the_report_is_right()
    {
        await using var world = await World.StartAsync(settings: World.AsApp);
        var repositories = new List<SimulatedRepository>();
        for (var number = 0; number < 9; number++)
        {
            var repository = await world.NamedRepositoryAsync(number < 6 ? "github" : "gitlab", $"acme/app-{number}", World.Script);
            if (number < 6)
                world.GitHub.InstallApp(repository, 7);
            else
                world.HookOf(repository);
            await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
            repositories.Add(repository);
        }
        await world.SettleAsync();
        await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, TestContext.Current.CancellationToken);
        await world.StopBotAsync();

        // People comment all the time; each repository's pipeline fails once, somewhere on the way.
        const int steps = 35;
        for (var step = 0; step < steps; step++)
        {
            foreach (var repository in repositories.Where((_, which) => which < 6 || step % 5 == 0))
                repository.CommentOnCommit(repository.Branches["main"], $"Look at this, {step}");
            if (step % 4 == 1 && step / 4 < repositories.Count)
                await repositories[step / 4].FailPipelineAsync("main", "check", World.MissingRight);
            await world.SimulatorIdleAsync();
            world.Leap(Outage / steps);
        }
        var unanswered = world.GitHub.Deliveries.Concat(world.GitLab.Deliveries).Count(delivery => delivery.StatusCode == 0);
        // GitLab paused the hooks after four failures: of what happened then it remembers only what it tried again.
        var untold = repositories.Skip(6).Count(repository => !world.GitLab.Deliveries.Any(delivery => delivery.Repository == repository && delivery.Event == "Pipeline Hook" && delivery.Action == "failed"));
        Assert.InRange(unanswered, 200, 300);
        await world.StartBotAsync();

        var report = (await world.CatchUpAsync())!;
        TestContext.Current.TestOutputHelper!.WriteLine($"70 hours: {unanswered} deliveries unanswered, {untold} failed pipelines never sent by GitLab. {report}. GitHub was asked {world.GitHub.Requests.Count} times, GitLab {world.GitLab.Requests.Count} times, repairs among them.");
        Assert.StartsWith($"missed {unanswered + untold}, recovered {unanswered + untold}, of which ", report, StringComparison.Ordinal);
        Assert.All(repositories, repository => Assert.Single(repository.MergeRequests));
        world.Leap(TimeSpan.FromMinutes(10));
        Assert.Null(await world.CatchUpAsync());
        Assert.All(repositories, repository => Assert.Single(repository.MergeRequests));
    }
}
