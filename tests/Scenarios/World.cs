using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using QMoi.Fixers;
using QMoi.Forges;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;
using QMoi.Simulator;
using QMoi.Tests.Functions;

namespace QMoi.Tests.Scenarios;

/// <summary>Both simulated forges and the bot, joined by real HTTP. Nothing sleeps: <see cref="SettleAsync"/> works until nothing is left to do.</summary>
public sealed class World : IAsyncDisposable
{
    /// <summary>What a job of <see cref="Script"/> prints.</summary>
    public const string MissingRight = "section_start:1:step_script\r\u001b[0K$ ./check.sh\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n";

    /// <summary>Good, but not executable.</summary>
    public static readonly (string, SimulatedFile) Script = ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n"));

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly RecordedLog loggers = new();
    private readonly LeapingClock clock = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly bool allowWarnings;
    private ForgeSimulator simulator = null!;
    private BotSettings settings = null!;
    private Func<string, IFixer?>? fixers;
    private TimeProvider botClock = null!;
    private Bot bot = null!;
    private Task working = Task.CompletedTask;

    private World(bool allowWarnings) => this.allowWarnings = allowWarnings;

    public GitHubForge GitHub => simulator.GitHub;

    public GitLabForge GitLab => simulator.GitLab;

    /// <summary>The bot under test.</summary>
    public Bot Bot => bot;

    public SimulatedForge Forge(string name) => name == "github" ? GitHub : GitLab;

    /// <param name="repair">Without it retries do not wait.</param>
    /// <param name="botClock">The clock of the bot's machine where it is another one than the forges', made from theirs.</param>
    /// <param name="appPublicKey">With it GitHub looks at the claims of an App.</param>
    /// <param name="door">The address at which the bot finds a forge's API, in the place of the forge's own.</param>
    public static async Task<World> StartAsync(TimeSpan latency = default, bool allowWarnings = false, Func<SimulatedForge, Task<string>>? door = null, RepairSettings? repair = null, Func<string, IFixer?>? fixers = null, Func<World, BotSettings, BotSettings>? settings = null, Func<TimeProvider, TimeProvider>? botClock = null, string? appPublicKey = null)
    {
        door ??= forge => Task.FromResult(forge.ApiUrl);
        var world = new World(allowWarnings) { fixers = fixers };
        world.botClock = botClock?.Invoke(world.clock) ?? world.clock;
        // Leaps of the clock are the forges' too.
        world.simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = SignedPost.Secret, GitLabWebhookSecret = SignedPost.Secret, Latency = latency, Clock = world.clock, GitHubAppPublicKey = appPublicKey }, default);
        world.settings = new BotSettings
        {
            DataFolder = world.data.FullName,
            Repair = repair ?? new RepairSettings { MaxRetryWait = TimeSpan.Zero },
            GitHub = new GitHubSettings(new Uri(await door(world.GitHub)), world.GitHub.Token),
            GitLab = new GitLabSettings(new Uri(await door(world.GitLab)), world.GitLab.Token),
            GitHubSecrets = new WebhookSecrets([SignedPost.Secret], []),
            GitLabSecrets = new WebhookSecrets([SignedPost.Secret], []),
        };
        world.settings = settings?.Invoke(world, world.settings) ?? world.settings;
        await world.StartBotAsync("http://127.0.0.1:0");
        world.simulator.PointHooks(world.bot.Url);
        return world;
    }

    /// <summary>The bot comes up, at the address where it was.</summary>
    public Task StartBotAsync() => StartBotAsync(bot.Url);

    private async Task StartBotAsync(string url)
    {
        bot = Bot.Open(settings, botClock, loggers, fixers);
        await bot.ListenAsync(url, loggers, default);
    }

    /// <summary>Nobody answers webhooks any more.</summary>
    public async Task StopBotAsync() => await bot.DisposeAsync();

    /// <summary>The bot is restored from the newest backup of its database, and comes up again.</summary>
    public async Task RestoreBackupAsync()
    {
        await StopBotAsync();
        var database = Path.Combine(data.FullName, "qmoi.db");
        foreach (var log in (string[])["-wal", "-shm"])
            File.Delete(database + log);
        File.Copy(Directory.GetFiles(Path.Combine(data.FullName, "backups"), "qmoi-*.db").Max(StringComparer.Ordinal)!, database, overwrite: true);
        await StartBotAsync();
    }

    /// <summary>The bot comes to GitHub as an App.</summary>
    public static BotSettings AsApp(World world, BotSettings settings) => settings with { GitHub = new GitHubSettings(settings.GitHub.ApiUrl, Token: null, AppId: 1, PrivateKeyPem: PrivateKey) };

    private static string PrivateKey => field ??= NewKey();

    private static string NewKey()
    {
        using var key = RSA.Create(2048);
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>A hook of the repository's own that leads to the bot, in the place of the one for all.</summary>
    public SimulatedHook HookOf(SimulatedRepository repository)
    {
        repository.Forge.HookUrl = null;
        return repository.Forge.AddHook(repository, $"{bot.Url}/webhooks/{(repository.Forge == GitHub ? "github" : "gitlab")}", SignedPost.Secret);
    }

    /// <summary>Looks for what was missed, works what is found, and says what became of it.</summary>
    public async Task<string?> CatchUpAsync()
    {
        await bot.Sweep.SweepAsync(TimeSpan.Zero, TestContext.Current.CancellationToken);
        await SettleAsync();
        return await bot.Sweep.TellAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A CI file whose one job, <c>check</c>, runs a command.</summary>
    public static (string Path, SimulatedFile File) Ci(SimulatedForge forge, string command) => Ci(forge is GitHubForge ? "github" : "gitlab", command);

    public static (string Path, SimulatedFile File) Ci(string forge, string command) => forge == "github"
        ? (".github/workflows/ci.yml", SimulatedFile.Text($"name: CI\non: [push, pull_request]\njobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: {command}\n"))
        : (".gitlab-ci.yml", SimulatedFile.Text($"check:\n  script:\n    - {command}\n"));

    /// <summary>A download that fails a number of times before it works.</summary>
    public static string FlakyDownload(int failures) => $$"""
        #!/bin/bash
        echo x >> "${SIM_STATE_DIR:?}/downloads"
        if [ "$(wc -l < "$SIM_STATE_DIR/downloads")" -le {{failures}} ]; then
            echo "curl: (6) Could not resolve host: schemas.acme.example" >&2
            exit 6
        fi
        echo '{"version": 7}'
        """;

    public Task<SimulatedRepository> RepositoryAsync(string forge, params (string Path, SimulatedFile File)[] files) => NamedRepositoryAsync(forge, "acme/app", files);

    public Task<SimulatedRepository> NamedRepositoryAsync(string forge, string name, params (string Path, SimulatedFile File)[] files) =>
        Forge(forge).WithFilesAsync(name, files);

    public Task<SimulatedRepository> WithBrokenScriptAsync(string forge, params (string Path, SimulatedFile File)[] more) => Forge(forge).WithBrokenScriptAsync("acme/app", more);

    public Task<SimulatedRepository> WithCommaTooManyAsync(string forge, string name = "acme/app", bool executable = false) => Forge(forge).WithCommaTooManyAsync(name, executable);

    public async Task<SimulatedRepository> WithFlakyDownloadAsync(string forge, int failures)
    {
        var (path, file) = Ci(forge, "fetch-schema");
        var repository = await Forge(forge).CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = file });
        repository.AddRunnerCommand("fetch-schema", FlakyDownload(failures));
        await repository.PushAsync("main", "readme.md", "Feeds\n", "Say what this is");
        return repository;
    }

    /// <summary>From now on deliveries are worked as they come, as <c>serve</c> does it.</summary>
    public void Work() => working = bot.Worker.RunAsync(stopping.Token);

    /// <summary>Until the forges are at rest and no delivery can be worked now.</summary>
    public async Task SettleAsync()
    {
        for (var before = -1; before != Deliveries;)
        {
            before = Deliveries;
            await SimulatorIdleAsync();
            await bot.Worker.DrainAsync(TestContext.Current.CancellationToken);
            await SimulatorIdleAsync();
        }
        AssertNoWarnings();
    }

    /// <summary>The same, with the clock moved on whenever something only waits for its next try.</summary>
    public async Task SettleWithRetriesAsync()
    {
        await SettleAsync();
        for (var round = 0; round < 12 && await bot.Store.NextDueAsync(default) is not null; round++)
        {
            clock.Leap(TimeSpan.FromMinutes(20) * (round + 1));
            await SettleAsync();
        }
    }

    public IReadOnlyCollection<string> Warnings => loggers.Warnings;

    /// <summary>Everything that is written to disk.</summary>
    public string DataFolder => data.FullName;

    /// <summary>The one clock of the bot and the forges.</summary>
    public TimeProvider Clock => clock;

    public void Leap(TimeSpan time) => clock.Leap(time);

    public Task SimulatorIdleAsync() => simulator.DrainAsync(TestContext.Current.CancellationToken);

    /// <summary>What stands on each delivery.</summary>
    public async Task<IReadOnlyList<string>> OutcomesAsync() => [.. (await RowsAsync()).Select(row => row.Result ?? "")];

    public async Task<IReadOnlyList<string>> StatesAsync() => [.. (await RowsAsync()).Select(row => row.State.ToString().ToLowerInvariant())];

    /// <summary>What the audit log says was done.</summary>
    public ValueTask<List<string>> ActsAsync() => bot.Store.Control.AuditAsync(default).Select(row => row.Act).ToListAsync();

    public ValueTask<List<DeliveryRow>> RowsAsync() => bot.Store.ListAsync(null, null, default).ToListAsync();

    /// <summary>The flake register: job, test, how often retried, passed and failed again.</summary>
    public IReadOnlyList<string> Flakes()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(DataFolder, "qmoi.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT job_name || '/' || test_name || '/' || retried || '/' || passed || '/' || failed FROM flakes ORDER BY 1";
        using var reader = command.ExecuteReader();
        var flakes = new List<string>();
        while (reader.Read())
            flakes.Add(reader.GetString(0));
        return flakes;
    }

    public void AssertNoWarnings()
    {
        if (!allowWarnings)
            Assert.True(loggers.Warnings.Count == 0, string.Join("\n", loggers.Warnings));
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await working;
        stopping.Dispose();
        await bot.DisposeAsync();
        await simulator.DisposeAsync();
        data.Delete(recursive: true);
    }

    private int Deliveries => GitHub.Deliveries.Count + GitLab.Deliveries.Count;

    /// <summary>The real time, and leaps ahead of it.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        private long ahead;

        public void Leap(TimeSpan time) => Interlocked.Add(ref ahead, time.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref ahead));

        public override long GetTimestamp() => base.GetTimestamp() + (Interlocked.Read(ref ahead) * (TimestampFrequency / TimeSpan.TicksPerSecond));
    }
}
