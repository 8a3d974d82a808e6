using System.Runtime.Versioning;
using Microsoft.Data.Sqlite;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;
using QMoi.Tests.Stores;

namespace QMoi.Tests.Functions;

/// <summary>
/// Something around the bot is not as it has to be: one line that says what and what to do, and code 2; or it runs and says so where it is asked. What is wrong with <c>DATABASE_URL</c> is in
/// <see cref="PostgresOpening"/>, damaged files in <see cref="SelfHealingFiles"/> and <see cref="SelfHealingDatabase"/>, wrong use in <see cref="CommandLineTests"/>.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class BadStarts : IDisposable
{
    private static readonly Dictionary<string, string> NoSettings = new(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        data.Delete(recursive: true);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_data_folder_that_can_only_be_read_stops_the_start(bool isUsed)
    {
        if (isUsed)
            await SqliteStore.Open(data.FullName, TimeProvider.System).DisposeAsync();
        var before = Directory.GetFileSystemEntries(data.FullName).Order(StringComparer.Ordinal).ToList();
        var line = await RefusedAsync(await FullDisk.WithMountAsync($"mount --bind '{data.FullName}' '{data.FullName}' && mount -o remount,bind,ro '{data.FullName}'"));
        Assert.Contains($"{data.FullName}/qmoi.db cannot be opened: ", line, StringComparison.Ordinal);
        Assert.Contains("Check that the data folder can be written", line, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(data.FullName).Order(StringComparer.Ordinal));
    }

    /// <summary>As after a backup was put back by somebody else.</summary>
    [Theory, InlineData("qmoi.db"), InlineData(""), InlineData("", false)]
    public async Task What_the_bot_may_not_write_stops_the_start(string what, bool isUsed = true)
    {
        if (isUsed)
            await SqliteStore.Open(data.FullName, TimeProvider.System).DisposeAsync();
        var target = Path.Combine(data.FullName, what);
        File.SetUnixFileMode(target, File.GetUnixFileMode(target) & ~(UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
        try
        {
            // Rights mean nothing to root, unless it gives up that privilege.
            var line = await RefusedAsync(Environment.UserName == "root" ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] : null);
            Assert.Contains($"{data.FullName}/qmoi.db cannot be opened: ", line, StringComparison.Ordinal);
            Assert.Contains("Check that the data folder can be written", line, StringComparison.Ordinal);
            Assert.DoesNotContain("..", line, StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(target, File.GetUnixFileMode(target) | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public async Task A_step_of_the_schema_that_fails_leaves_nothing_behind_and_the_next_start_goes_on()
    {
        Execute("CREATE TABLE known_repositories (something text)");     // in the way of the second table of the last step
        var line = await RefusedAsync();
        Assert.Contains("qmoi.db cannot be brought up to date: table known_repositories already exists. What failed was undone; correct the cause and start again.", line, StringComparison.Ordinal);
        Assert.Equal(0L, Execute("SELECT count(*) FROM sqlite_master WHERE name = 'sweep_marks'"));
        Assert.True((long)Execute("PRAGMA user_version")! > 0, "the steps before it are kept");
        Execute("DROP TABLE known_repositories");
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, NoSettings);
        Assert.Equal("ready\n", await qmoi.ReadyAsync());
    }

    [Fact]
    public async Task An_expired_certificate_of_a_forge_is_named_with_the_day()
    {
        var end = DateTimeOffset.UtcNow.AddDays(-3);
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = SignedPost.Secret, GitHubHttps = true, CertificateEnd = end }, Stop);
        var trusted = Path.Combine(data.FullName, "trusted.pem");
        await File.WriteAllTextAsync(trusted, simulator.GitHub.CertificatePem, Stop);
        var environment = new Dictionary<string, string>(NoSettings, StringComparer.Ordinal)
        {
            ["GITHUB_API_URL"] = simulator.GitHub.HttpsUrl + new Uri(simulator.GitHub.ApiUrl).AbsolutePath, ["GITHUB_TOKEN"] = simulator.GitHub.Token, ["SSL_CERT_FILE"] = trusted,
        };
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
        simulator.GitHub.HookUrl = qmoi.Url + "/webhooks/github";
        await simulator.GitHub.WithFilesAsync("acme/app", World.Ci("github", "exit 1"));

        var expired = $"its certificate expired on {end.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";
        Assert.Contains(expired, await qmoi.ErrorLineAsync("Safe mode: "), StringComparison.Ordinal);
        Assert.Contains(expired, await qmoi.ErrorLineAsync("Tried again"), StringComparison.Ordinal);
        Assert.Contains($"safe mode: GitHub cannot be reached: {expired}; ", await qmoi.ReadyAsync(), StringComparison.Ordinal);
        Assert.Empty(simulator.GitHub.Requests);
    }

    /// <summary>The forge's clock is put an hour ahead: this machine's is as far behind it.</summary>
    [Fact]
    public async Task A_clock_that_is_an_hour_off_is_named()
    {
        var clock = new JumpingClock(TimeProvider.System);
        clock.Jump(TimeSpan.FromHours(1));
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitLabWebhookSecret = SignedPost.Secret, Clock = clock }, Stop);
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, simulator.GitLab.Environment());
        simulator.GitLab.HookUrl = qmoi.Url + "/webhooks/gitlab";
        await simulator.GitLab.WithFilesAsync("acme/app", World.Ci("gitlab", "exit 1"));
        Assert.Contains("the clock of this machine is 60 minutes behind GitLab's", await qmoi.ErrorLineAsync("Safe mode: "), StringComparison.Ordinal);
        Assert.Contains("set the clock (NTP)", await qmoi.ReadyAsync(), StringComparison.Ordinal);
    }

    private async Task<string> RefusedAsync(IReadOnlyList<string>? within = null)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", data.FullName], NoSettings, within: within);
        Assert.True(exitCode == 2, error);
        Assert.Empty(output);
        return Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private object? Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(data.FullName, "qmoi.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }
}
