using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions;
using QMoi.Functions.Hooks;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Tests.Functions;

/// <summary>The database is damaged in one way or another; the bot starts all the same, says what it lost, and keeps the damaged file.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SelfHealingDatabase : IDisposable
{
    private static readonly Dictionary<string, string> NoSettings = new(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    // ---- damage at the start

    /// <summary>Of 300 deliveries 200 are in the backup. The number: how many of the later ones are read from the damaged file at least.</summary>
    public static TheoryData<string, int> Damages => new()
    {
        { "middle", 60 },       // pages in the middle overwritten
        { "header", 100 },      // the first page overwritten: nothing says any more what is where
        { "truncated", 25 },    // the last tenth is gone
        { "empty", 0 },
        { "garbage", 0 },
        { "zeros", 0 },
        { "gone", 0 },
    };

    [Theory, MemberData(nameof(Damages))]
    public async Task A_damaged_database_gives_way_to_its_backup_and_what_can_still_be_read(string damage, int salvaged)
    {
        await FillAsync(0, 200);
        await BackUpAsync();
        await FillAsync(200, 100);
        var damaged = Damage(damage);

        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings))
        {
            Assert.Contains("qmoi.db was damaged", await qmoi.ErrorLineAsync("Safe mode: "), StringComparison.Ordinal);
            var lines = (await qmoi.ReadyAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("ready", lines[0]);
            Assert.StartsWith("safe mode: qmoi.db was damaged", lines[1], StringComparison.Ordinal);
            Assert.Contains("the backup of 20", lines[1], StringComparison.Ordinal);
            Assert.Equal(0, await qmoi.TerminateAsync());
        }

        var ids = (await StoredAsync()).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(ids, Ids(0, 200));
        var later = ids.Intersect(Ids(200, 100), StringComparer.Ordinal).Count();
        Assert.True(later >= salvaged, $"only {later} of the later deliveries were carried over");
        AssertKept(damaged);

        await using var again = await QmoiProcess.ServeAsync(folder.FullName, NoSettings);
        Assert.Equal("ready\n", await again.ReadyAsync());
        AssertKept(damaged);
    }

    [Theory, InlineData("header", 200, "an EMPTY database is used, with 200 deliveries"), InlineData("garbage", 0, "an EMPTY database is used, with 0 deliveries")]
    public async Task Without_a_backup_it_begins_empty_but_for_what_can_be_read_and_says_so(string damage, int salvaged, string said)
    {
        await FillAsync(0, 200);
        var damaged = Damage(damage);
        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings))
            Assert.Contains(said, await qmoi.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal(salvaged, (await StoredAsync()).Count);
        AssertKept(damaged);
    }

    [Fact]
    public async Task A_backup_that_is_damaged_itself_is_passed_over_for_the_one_before_it()
    {
        await FillAsync(0, 50);
        await BackUpAsync(new DateTimeOffset(2026, 11, 20, 8, 0, 0, TimeSpan.Zero));
        await FillAsync(50, 50);
        await BackUpAsync(new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.Zero));
        var newest = Backups()[^1];
        Overwrite(newest, new FileInfo(newest).Length / 2, 40_000);
        Damage("garbage");
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings);
        Assert.Contains("the backup of 2026-11-20 08:00:00Z is used", await qmoi.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal(Ids(0, 50), (await StoredAsync()).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_finished_after_the_backup_is_not_worked_again_and_what_was_not_is_not_forgotten()
    {
        await FillAsync(0, 40);
        await BackUpAsync();
        await using (var bot = Open())
        {
            // The first ones are finished, with an attempt and an effect of each; then one more comes.
            for (var i = 0; i < 10; i++)
            {
                var claim = (await bot.Store.ClaimAsync(default))!;
                var ledger = bot.Store.Ledger(claim);
                await ledger.SaveRetryEndAsync(await ledger.SaveAsync(Attempt(i), default), [new RetryEnd("", HasPassed: true), new RetryEnd($"test {i}", HasPassed: i % 2 == 0)], default);
                await ledger.BeginEffectAsync($"effect-{i}", default);
                await ledger.CompleteEffectAsync($"effect-{i}", "done", default);
                await bot.Store.FinishAsync(claim, DeliveryState.Done, "healed", default);
            }
        }
        await FillAsync(40, 1);
        Damage("header");
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["doctor", "--fix", "--data", folder.FullName]);
        Assert.True(exitCode == 0, output + error);
        Assert.Contains("with 11 deliveries, 10 attempts and 10 effects read from the damaged file", output, StringComparison.Ordinal);

        await using var restored = Open();
        var rows = await restored.Store.ListAsync(null, null, default).ToListAsync();
        Assert.Equal((10, 31), (rows.Count(row => row is { State: DeliveryState.Done, Result: "healed" }), rows.Count(row => row.State == DeliveryState.Stored)));
        Assert.Equal(10, (await restored.Store.AttemptsAsync("github:7", default)).Count);
        var claimed = new HashSet<string>(StringComparer.Ordinal);
        while (await restored.Store.ClaimAsync(default) is { } claim)
        {
            Assert.IsType<EffectState.Done>(await restored.Store.Ledger(claim).BeginEffectAsync("effect-3", default));
            Assert.Equal([(10, 10, 0), (1, 0, 1)], from flake in await restored.Store.Ledger(claim).FlakesAsync("github:7", "test", ["", "test 3"], default) select (flake.Retried, flake.Passed, flake.Failed));
            claimed.Add(claim.DeliveryId);
            await restored.Store.FinishAsync(claim, DeliveryState.Ignored, "", default);
        }
        Assert.Equal(Ids(10, 31), claimed);
    }

    [Fact]
    public async Task What_lies_only_in_the_log_beside_a_damaged_file_is_carried_over_too()
    {
        await FillAsync(0, 20);
        await BackUpAsync();
        using (var snapshot = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            // Somebody reads: the log cannot be moved into the file when the bot closes it.
            snapshot.Open();
            using var reading = snapshot.BeginTransaction(deferred: true);
            using var command = snapshot.CreateCommand();
            command.CommandText = "SELECT count(*) FROM deliveries";
            command.ExecuteScalar();
            await FillAsync(20, 20);
            File.Copy(Database, Database + ".copy");
            File.Copy(Database + "-wal", Database + "-wal.copy");
        }
        File.Move(Database + ".copy", Database, overwrite: true);
        File.Move(Database + "-wal.copy", Database + "-wal", overwrite: true);
        Overwrite(Database, 3 * 4096, 8 * 4096);

        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings);
        Assert.Contains("qmoi.db was damaged", await qmoi.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal(Ids(0, 40), (await StoredAsync()).ToHashSet(StringComparer.Ordinal));
        Assert.NotEmpty(Directory.GetFiles(folder.FullName, "qmoi.db.damaged-*-wal"));
    }

    [Fact]
    public async Task A_webhook_installed_after_the_backup_is_still_known()
    {
        await FillAsync(0, 20);
        await BackUpAsync();
        await using (var bot = Open())
            await bot.Store.Hooks.SaveAsync(new HookRow(new HookOwner(ForgeKind.GitLab, IsGroup: false, 7), "acme/app", [1, 2, 3], null, null), default);
        Damage("header");
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings);
        Assert.Equal(0, await qmoi.TerminateAsync());
        await using var restored = Open();
        Assert.Equal([1, 2, 3], Assert.Single(await restored.Store.Hooks.AllAsync(default)).Sealed);
    }

    // ---- what is no damage

    [Fact]
    public async Task A_killed_bot_leaves_a_sound_database()
    {
        string[] ids;
        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings))
        {
            ids = [.. Enumerable.Range(0, 30).Select(number => $"id-{number}")];
            Assert.All(await Task.WhenAll(ids.Select(id => SignedPost.WorkedAsync(qmoi.Url, id))), status => Assert.Equal(HttpStatusCode.Accepted, status));
            await qmoi.KillAsync();
        }
        Assert.True(new FileInfo(Database + "-wal").Length > 0);
        await using var again = await QmoiProcess.ServeAsync(folder.FullName, NoSettings);
        Assert.Equal("ready\n", await again.ReadyAsync());
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await StoredAsync()).Order(StringComparer.Ordinal));
        Assert.Empty(Damaged());
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_left_alone()
    {
        await FillAsync(0, 3);
        await BackUpAsync();
        using (var newer = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            newer.Open();
            using var command = newer.CreateCommand();
            command.CommandText = "PRAGMA user_version=99";
            command.ExecuteNonQuery();
        }
        var before = Hash(Database);
        var (exitCode, _, error) = await ServeToItsEndAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains("schema 99", error, StringComparison.Ordinal);
        Assert.Equal(before, Hash(Database));
        Assert.Empty(Damaged());
    }

    [Fact]
    public async Task A_damaged_database_that_another_process_has_open_is_left_alone()
    {
        await FillAsync(0, 50);
        await BackUpAsync();
        Damage("middle");
        var before = Hash(Database);
        using (new FileStream(Path.Combine(folder.FullName, "store.lock"), FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read))
        {
            var (exitCode, _, error) = await ServeToItsEndAsync();
            Assert.Equal(2, exitCode);
            Assert.Contains("Another qmoi has it open", error, StringComparison.Ordinal);
            var (fixing, output, _) = await QmoiProcess.RunAsync(["doctor", "--fix", "--data", folder.FullName]);
            Assert.Equal(1, fixing);
            Assert.Contains("Another qmoi has it open", output, StringComparison.Ordinal);
        }
        Assert.Equal(before, Hash(Database));
        Assert.Empty(Damaged());
    }

    // ---- damage while it runs

    [Fact]
    public async Task A_large_database_is_checked_while_the_bot_runs_and_restored_without_a_restart_by_hand()
    {
        await FillAsync(0, 50, padding: 400_000);
        Assert.True(new FileInfo(Database).Length > 8 << 20);
        await BackUpAsync();
        Overwrite(Database, new FileInfo(Database).Length / 2, 300_000);
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, NoSettings);
        await qmoi.ErrorLineAsync("The database is damaged");
        await qmoi.ErrorLineAsync("Safe mode: qmoi.db was damaged");
        await qmoi.ErrorLineAsync("The bot is back");
        Assert.Contains("safe mode: qmoi.db was damaged", await qmoi.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal(Ids(0, 50), (await StoredAsync()).ToHashSet(StringComparer.Ordinal));
    }

    // ---- backups

    [Fact]
    public async Task A_backup_is_made_at_the_start_and_not_again_within_the_hour()
    {
        await using (var first = await QmoiProcess.ServeAsync(folder.FullName, NoSettings))
        {
            await first.ErrorLineAsync("The database is backed up");
            Assert.Equal(0, await first.TerminateAsync());
        }
        var backup = Assert.Single(Backups());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(backup)!));
        await using (var second = await QmoiProcess.ServeAsync(folder.FullName, NoSettings))
            Assert.Equal(0, await second.TerminateAsync());
        Assert.Equal([backup], Backups());
    }

    [Fact]
    public async Task Backups_are_made_each_hour_and_a_day_of_them_is_kept()
    {
        var clock = new ManualClock();
        using var loggers = new BackupLog();
        await using var bot = Bot.Open(Settings, clock, loggers);
        using var stop = new CancellationTokenSource();
        var caring = bot.Care.RunAsync(stop.Token);
        await loggers.NextAsync();
        for (var hour = 1; hour <= 26; hour++)
        {
            // The log line comes a moment before the wait for the next hour begins, and limits of what the start ran may not be gone yet.
            await Waiting.UntilAsync(() => clock.WaitersFor(TimeSpan.FromHours(1)) > 0);
            clock.Advance(TimeSpan.FromHours(1));
            await loggers.NextAsync();
        }
        await stop.CancelAsync();
        await caring;
        Assert.Equal(24, Backups().Count);
        Assert.EndsWith("qmoi-20261122T140000Z.db", Backups()[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backups_go_on_when_the_clock_is_set()
    {
        var clock = new ManualClock();
        var machine = new JumpingClock(clock);
        using var loggers = new BackupLog();
        await using var bot = Bot.Open(Settings, machine, loggers);
        using var stop = new CancellationTokenSource();
        var caring = bot.Care.RunAsync(stop.Token);
        await loggers.NextAsync();
        foreach (var minutes in (int[])[-60, 60, 10, -10])
        {
            await Waiting.UntilAsync(() => clock.WaitersFor(TimeSpan.FromHours(1)) > 0);
            machine.Jump(TimeSpan.FromMinutes(minutes));
            clock.Advance(TimeSpan.FromHours(1));
            await loggers.NextAsync();
        }
        await stop.CancelAsync();
        await caring;
        Assert.EndsWith("qmoi-20261121T160000Z.db", Backups()[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_made_while_deliveries_come_in_is_one_moment_of_the_database()
    {
        var clock = new ManualClock();
        await using var bot = Bot.Open(Settings, clock, NullLoggerFactory.Instance);
        using var ended = new CancellationTokenSource();
        var written = 0;
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !ended.IsCancellationRequested; i++)
            {
                Assert.Equal(InsertResult.Stored, await bot.Store.InsertAsync(Delivery($"w{writer}-{i}"), default));
                Interlocked.Increment(ref written);
            }
        })).ToList();
        for (var round = 0; round < 4; round++)
        {
            var before = Volatile.Read(ref written);
            Assert.True(await bot.Care.BackUpAsync());
            clock.Advance(TimeSpan.FromHours(1));
            using var backup = new SqliteConnection($"Data Source={Backups()[^1]};Mode=ReadOnly;Pooling=False");
            backup.Open();
            Assert.Equal("ok", Ask<string>(backup, "PRAGMA integrity_check"));
            var deliveries = Ask<long>(backup, "SELECT count(*) FROM deliveries");
            Assert.InRange(deliveries, before, long.MaxValue);
            Assert.Equal(deliveries, Ask<long>(backup, "SELECT count(*) FROM work"));
        }
        await ended.CancelAsync();
        await Task.WhenAll(writers);
        Assert.Equal(4, Backups().Count);
        Assert.Equal(Backups(), Directory.GetFiles(Path.Combine(folder.FullName, "backups")).Order(StringComparer.Ordinal));
    }

    // ---- doctor

    [Fact]
    public async Task The_doctor_reports_without_touching_and_repairs_when_told_to()
    {
        await FillAsync(0, 50);
        await BackUpAsync(new DateTimeOffset(2026, 11, 1, 8, 0, 0, TimeSpan.Zero));
        var damaged = Damage("middle");
        var before = Directory.GetFiles(folder.FullName).ToDictionary(file => file, Hash, StringComparer.Ordinal);

        var reported = await DoctorAsync(expected: 1);
        Assert.Equal("fail", reported["database"].State);
        Assert.Contains("--fix", reported["database"].Remedy, StringComparison.Ordinal);
        Assert.Equal("warn", reported["backups"].State);
        Assert.Contains("2026-11-01 08:00:00Z, more than a day ago", reported["backups"].Message, StringComparison.Ordinal);
        Assert.All(before, file => Assert.Equal(file.Value, Hash(file.Key)));

        var repaired = await DoctorAsync(expected: 0, "--fix");
        Assert.StartsWith("repaired: ", repaired["database"].Message, StringComparison.Ordinal);
        AssertKept(damaged);
        var after = await DoctorAsync(expected: 0);
        Assert.Equal(("ok", "warn", "warn"), (after["database"].State, after["damaged databases"].State, after["safe mode"].State));
        Assert.Equal(Ids(0, 50), (await StoredAsync()).ToHashSet(StringComparer.Ordinal));
    }

    // ---- helpers

    private string Database => Path.Combine(folder.FullName, "qmoi.db");

    private BotSettings Settings => new() { DataFolder = folder.FullName };

    private Bot Open() => Bot.Open(Settings, TimeProvider.System, NullLoggerFactory.Instance);

    private List<string> Backups() => [.. Directory.GetFiles(Path.Combine(folder.FullName, "backups"), "qmoi-*.db").Order(StringComparer.Ordinal)];

    private List<string> Damaged() => [.. Directory.GetFiles(folder.FullName, "qmoi.db.damaged-*Z")];

    private static string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    /// <summary>Deliveries that are distinct and do not shrink.</summary>
    private async Task FillAsync(int from, int count, int padding = 2000)
    {
        await using var bot = Open();
        await Task.WhenAll(Enumerable.Range(from, count).Select(number => bot.Store.InsertAsync(Delivery($"id-{number}", padding), default)));
    }

    private async Task BackUpAsync(DateTimeOffset? at = null)
    {
        await using var bot = Bot.Open(Settings, at is { } time ? new ManualClock(time) : TimeProvider.System, NullLoggerFactory.Instance);
        Assert.True(await bot.Care.BackUpAsync());
    }

    private static NewDelivery Delivery(string id, int padding = 2000)
    {
        var random = new byte[padding / 2];
        new Random(id.GetHashCode(StringComparison.Ordinal)).NextBytes(random);
        return new NewDelivery(
            ForgeKind.GitHub, new Envelope(id, "push", 7, "acme/app", IsPing: false), new Dictionary<string, string>(StringComparer.Ordinal) { ["X-GitHub-Delivery"] = id },
            Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","padding":"{{Convert.ToHexString(random)}}"}"""), TimeProvider.System.GetUtcNow());
    }

    private static Attempt Attempt(int number) => new(
        0, "github:7", "main", CommitSha.Parse(new string('1', 40)), $"signature-{number}", "a-failure", number, 1, number, "test", 1, AttemptState.Explained, null, null, null, null, null, null, "{}",
        "explained", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow());

    private static HashSet<string> Ids(int from, int count) => [.. Enumerable.Range(from, count).Select(number => $"id-{number}")];

    /// <summary>Returns the hash of what the file is now; null where it is gone.</summary>
    private string? Damage(string how)
    {
        var length = new FileInfo(Database).Length;
        switch (how)
        {
            case "middle":
                Overwrite(Database, length / 2, 40_000);
                break;
            case "header":
                Overwrite(Database, 0, 4096);
                break;
            case "truncated":
                using (var file = File.OpenWrite(Database))
                    file.SetLength((length * 9 / 10) + 1);
                break;
            case "empty":
                File.WriteAllBytes(Database, []);
                break;
            case "garbage":
                Overwrite(Database, 0, (int)length);
                break;
            case "zeros":
                File.WriteAllBytes(Database, new byte[length]);
                break;
            case "gone":
                File.Delete(Database);
                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(how));
        }
        return Hash(Database);
    }

    private static void Overwrite(string file, long from, int count)
    {
        var garbage = new byte[count];
        new Random(7).NextBytes(garbage);
        using var stream = File.OpenWrite(file);
        stream.Position = from;
        stream.Write(garbage);
    }

    private void AssertKept(string? hash)
    {
        if (hash is null)
            Assert.Empty(Damaged());
        else
            Assert.Equal(hash, Hash(Assert.Single(Damaged())));
    }

    private async Task<List<string>> StoredAsync() => [.. (await QmoiProcess.DeliveriesAsync(folder.FullName)).Select(row => row.Id)];

    private Task<(int ExitCode, string Out, string Error)> ServeToItsEndAsync() => QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", folder.FullName]);

    private static T Ask<T>(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (T)Convert.ChangeType(command.ExecuteScalar()!, typeof(T), CultureInfo.InvariantCulture);
    }

    private async Task<Dictionary<string, (string State, string Message, string? Remedy)>> DoctorAsync(int expected, params string[] more)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["doctor", "--json", "--data", folder.FullName, .. more]);
        Assert.True(exitCode == expected, output + error);
        return JsonDocument.Parse(output).RootElement.EnumerateArray().ToDictionary(
            item => item.GetProperty("check").GetString()!,
            item => (item.GetProperty("state").GetString()!, item.GetProperty("message").GetString()!, item.GetProperty("remedy").GetString()), StringComparer.Ordinal);
    }

    /// <summary>Tells when a backup is made.</summary>
    private sealed class BackupLog : ILoggerFactory, ILogger
    {
        private readonly Channel<string> made = Channel.CreateUnbounded<string>();

        public async Task NextAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await made.Reader.ReadAsync(patience.Token);
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception) is { } line && line.Contains("backed up", StringComparison.Ordinal))
                made.Writer.TryWrite(line);
        }

        public void Dispose()
        {
        }
    }
}
