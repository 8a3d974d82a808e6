using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions;
using QMoi.Functions.CatchUp;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Simulator;
using QMoi.Tests.Functions;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Scenarios;

/// <summary>Of all processes that share a database one catches up at a time.</summary>
public sealed class CatchingUpTogether : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task Of_two_processes_one_sweeps_and_what_it_finds_is_healed_once()
    {
        var url = await SharedPostgres.DatabaseAsync();
        await using var world = await World.StartAsync(settings: (_, settings) => settings with { DatabaseUrl = url });
        var repository = await world.NamedRepositoryAsync("gitlab", "acme/app", World.Script);
        await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
        await world.SettleAsync();
        await world.Bot.Sweep.SweepAsync(TimeSpan.Zero, Stop);
        var address = world.GitLab.HookUrl;
        world.GitLab.HookUrl = null;
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        world.GitLab.HookUrl = address;
        world.Leap(TimeSpan.FromHours(2));

        await using var other = Bot.Open(world.Bot.Settings, world.Clock, NullLoggerFactory.Instance);
        var reports = await Task.WhenAll(world.Bot.Sweep.SweepAsync(TimeSpan.FromMinutes(1), Stop), other.Sweep.SweepAsync(TimeSpan.FromMinutes(1), Stop));
        Assert.Single(Assert.Single(reports, report => report is not null)!.Recovered);
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests);
    }

    [Fact]
    public async Task A_process_that_starts_again_looks_for_what_it_missed_by_itself()
    {
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitLabWebhookSecret = SignedPost.Secret }, Stop);
        var repository = await simulator.GitLab.CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho ok\n") });
        SimulatedHook hook;
        await using (var first = await QmoiProcess.ServeAsync(data.FullName, simulator.GitLab.Environment()))
        {
            hook = simulator.GitLab.AddHook(repository, first.Url + "/webhooks/gitlab", SignedPost.Secret);
            await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
            await simulator.DrainAsync(Stop);
            await first.KillAsync();
        }
        await repository.FailPipelineAsync("main", "check", World.MissingRight);
        await simulator.DrainAsync(Stop);
        Assert.Contains(simulator.GitLab.Deliveries, delivery => delivery.HookId == hook.Id && delivery.StatusCode == 0);

        await using var second = await QmoiProcess.ServeAsync(data.FullName, simulator.GitLab.Environment());
        Assert.Contains("stored now", await second.ErrorLineAsync("Catching up: "), StringComparison.Ordinal);
        await Waiting.UntilAsync(() => repository.MergeRequests.Count > 0);
        Assert.Equal(0, await second.TerminateAsync());
        Assert.Single(repository.MergeRequests);
    }

    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public async Task The_lease_is_one_processs_until_it_is_given_back_or_passes_on(string database)
    {
        await using IStore store = database == "sqlite" ? SqliteStore.Open(data.FullName, TimeProvider.System) : PostgresStore.Open(await SharedPostgres.DatabaseAsync(), TimeProvider.System);
        var lease = (await store.Sweeps.TryLeaseAsync(Stop))!.Value;
        if (database == "postgres")
            Assert.Null(await store.Sweeps.TryLeaseAsync(Stop));
        await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Stop);
        var renewed = (await store.Sweeps.RenewAsync(lease, Stop))!.Value;
        Assert.True(renewed > lease);
        Assert.Null(await store.Sweeps.RenewAsync(lease, Stop));
        await store.Sweeps.ReleaseAsync(lease, Stop);
        Assert.NotNull(await store.Sweeps.RenewAsync(renewed, Stop));
        await store.Sweeps.ReleaseAsync((await store.Sweeps.MarkAsync("lease", Stop))!.Value, Stop);
        Assert.NotNull(await store.Sweeps.TryLeaseAsync(Stop));
    }

    [Fact]
    public async Task Doctor_tells_of_a_webhook_that_is_off()
    {
        await using (var store = SqliteStore.Open(data.FullName, TimeProvider.System))
            Assert.True(await store.Sweeps.RaiseAsync("gitlab:1:2", "GitLab has switched off the webhook 2 of acme/app because the bot did not answer it", Stop));
        var (_, output, _) = await QmoiProcess.RunAsync(["doctor", "--data", data.FullName]);
        Assert.Contains("webhooks: GitLab has switched off the webhook 2 of acme/app", output, StringComparison.Ordinal);
        Assert.Contains("press Test", output, StringComparison.Ordinal);
    }
}
