using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Data.Sqlite;
using QMoi.Functions.Stores.Postgres;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Functions;

/// <summary>A worker stands still in the middle of its repairs, as on a machine that is moved or starved, for longer than its leases last; another takes them over; then the first goes on where it was.</summary>
public sealed class Freezing : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => data.Delete(recursive: true);

    /// <summary>Where the repairs are when the worker stands still: the forge has done what was asked and its answer is on the way.</summary>
    private static readonly (string Forge, string Method, string Path)[] Moments =
    [
        ("gitlab", "GET", "/trace$"), ("gitlab", "POST", "/repository/commits$"), ("gitlab", "POST", "/(comments|discussions|notes)$"), ("github", "POST", "/git/refs$"), ("github", "POST", "/pulls$"),
    ];

    [Fact, Trait("speed", "slow")]
    public async Task A_worker_that_wakes_up_after_its_leases_have_passed_on_writes_nothing_and_doubles_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGSTOP on Windows.");
        var database = await SharedPostgres.DatabaseAsync();
        await using var simulator = await BothForges.StartAsync();
        SimulatedForge[] forges = [simulator.GitHub, simulator.GitLab];
        var environment = simulator.Environment();
        (environment["DATABASE_URL"], environment["QMOI__Work__Workers"]) = (database, "16");
        await using var web = await QmoiProcess.ServeAsync(Path.Combine(data.FullName, "web"), environment, "--role", "web");
        simulator.PointHooks(web.Url);
        var log = Path.Combine(data.FullName, "first", "logs");
        await using var first = await QmoiProcess.ServeAsync(Path.Combine(data.FullName, "first"), environment, "--role", "worker");

        var stuck = (await Task.WhenAll(forges.Select(forge => StuckAsync(simulator, forge)))).SelectMany(held => held).ToList();
        await first.FreezeAsync();
        // Half a minute passes for the database, by whose clock leases are given.
        PostgresCluster.Execute(database, PostgresCluster.Later(TimeSpan.FromSeconds(31)));

        await using var second = await QmoiProcess.ServeAsync(Path.Combine(data.FullName, "second"), environment, "--role", "worker");
        await Waiting.UntilAsync(() => stuck.TrueForAll(held => IsHealed(held.Repository)));
        await using var store = PostgresStore.Open(database, TimeProvider.System);
        await Waiting.UntilAsync(async () => await store.NextDueAsync(Stop) is null);
        var writes = Writes();

        stuck.ForEach(held => held.Fault.Release());
        await first.WakeAsync();
        Assert.Equal(0, await first.TerminateAsync());
        Assert.Equal(0, await second.TerminateAsync());
        await simulator.DrainAsync(Stop);

        // What it asks for before it looks at its ledger again, the forge has and refuses.
        Assert.Equal(writes, Writes());
        Assert.All(stuck, held =>
        {
            Assert.Single(held.Repository.MergeRequests);
            Assert.Equal(2, held.Repository.Branches.Count);
            Assert.True(IsHealed(held.Repository));
        });
        var told = Directory.GetFiles(log, "qmoi*.log").SelectMany(File.ReadAllLines).ToList();
        Assert.Equal(stuck.Count, told.Count(line => line.Contains("Another worker has taken this delivery over", StringComparison.Ordinal)));
        Assert.DoesNotContain(told, line => line.Contains("Incident", StringComparison.Ordinal) || line.Contains("Tried again", StringComparison.Ordinal));

        int Writes() => forges.Sum(forge => forge.Requests.Count(request => request.Method != "GET" && request.Status is >= 200 and < 300));
    }

    /// <summary>The same from within, where it is the renewal of the lease that finds out.</summary>
    [Fact]
    public async Task A_repair_whose_lease_cannot_be_renewed_ends_without_a_word_to_people()
    {
        WaitedClock? clock = null;
        await using var world = await World.StartAsync(botClock: inner => clock = new WaitedClock(inner));
        var log = new Fault("GET", "/trace$", times: 1, effect: FaultEffect.Hold);
        world.GitLab.AddFault(log);
        var repository = await world.WithBrokenScriptAsync("gitlab");
        await world.SimulatorIdleAsync();
        var working = world.Bot.Worker.DrainAsync(Stop);
        await log.Struck;
        Execute("UPDATE lanes SET fence = fence + 1");
        clock!.EndWaiting(TimeSpan.FromSeconds(10));
        await working;
        world.AssertNoWarnings();
        Assert.Contains("working", await world.StatesAsync());
        Assert.Empty(repository.CommitComments);

        Execute("UPDATE lanes SET leased_until = 0");
        await world.SettleAsync();
        Assert.True(IsHealed(repository));

        void Execute(string sql)
        {
            using var connection = new SqliteConnection($"Data Source={Path.Combine(world.Bot.Settings.DataFolder, "qmoi.db")};Pooling=False");
            connection.Open();
            connection.Execute(sql);
        }
    }

    /// <summary>Nothing has told it: no timer has run, and its lease has not been taken.</summary>
    [Theory, InlineData("gitlab", "/trace$", "/branches/main$"), InlineData("github", "/logs$", "/ref/heads/main$")]
    public async Task A_repair_that_stood_still_for_longer_than_its_lease_writes_nothing_and_begins_anew(string name, string path, string first)
    {
        StoodStillClock? clock = null;
        await using var world = await World.StartAsync(botClock: inner => clock = new StoodStillClock(inner));
        var forge = world.Forge(name);
        var log = new Fault("GET", path, times: 1, effect: FaultEffect.HoldAnswer);
        forge.AddFault(log);
        var repository = await world.WithBrokenScriptAsync(name);
        await world.SimulatorIdleAsync();
        var working = world.Bot.Worker.DrainAsync(Stop);
        await log.Struck;
        clock!.StandStill(TimeSpan.FromSeconds(31));
        log.Release();
        await working;
        await world.SettleAsync();
        Assert.True(IsHealed(repository));
        var asked = forge.Requests.Select((request, place) => (Request: request, Place: place)).ToList();
        var begun = asked.Where(one => one.Request.Method == "GET" && Regex.IsMatch(one.Request.PathAndQuery, first, RegexOptions.None, TimeSpan.FromSeconds(1))).Select(one => one.Place).ToList();
        Assert.True(begun.Count >= 2, "It did not begin anew.");
        Assert.DoesNotContain(asked, one => one.Place < begun[1] && one.Request.Method != "GET");
    }

    /// <summary>Time goes by while nothing runs: it shows when it is looked at, and no timer has told it.</summary>
    private sealed class StoodStillClock(TimeProvider inner) : TimeProvider
    {
        private long stood;

        public override long TimestampFrequency => inner.TimestampFrequency;

        public void StandStill(TimeSpan time) => Interlocked.Add(ref stood, (long)(time.TotalSeconds * TimestampFrequency));

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override long GetTimestamp() => inner.GetTimestamp() + Interlocked.Read(ref stood);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>A repair for each moment; each is held there before the next one begins.</summary>
    private static async Task<List<(SimulatedRepository Repository, Fault Fault)>> StuckAsync(ForgeSimulator simulator, SimulatedForge forge)
    {
        var name = forge == simulator.GitHub ? "github" : "gitlab";
        var stuck = new List<(SimulatedRepository, Fault)>();
        foreach (var (number, moment) in Moments.Where(moment => moment.Forge == name).Index())
        {
            var fault = new Fault(moment.Method, moment.Path, times: 1, effect: FaultEffect.HoldAnswer);
            forge.AddFault(fault);
            var repository = await forge.WithBrokenScriptAsync($"acme/app-{number}");
            await fault.Struck.WaitAsync(TimeSpan.FromMinutes(1), Stop);
            stuck.Add((repository, fault));
        }
        return stuck;
    }

    private static bool IsHealed(SimulatedRepository repository) =>
        repository.MergeRequests is [var fix] && fix.Body.Contains("**Verified.**", StringComparison.Ordinal)
        && repository.CommitComments is [var told] && told.Body.Contains("Fix ready", StringComparison.Ordinal);
}
