using System.Security.Cryptography;
using System.Text.Json;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary><c>qmoi doctor</c> asks the forges whether they know the bot.</summary>
public sealed class DoctorForgesTests : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task A_token_that_each_forge_knows_passes_with_the_account()
    {
        await using var simulator = await BothForges.StartAsync();
        var findings = await DoctorAsync(simulator.Environment(), expected: 0);
        Assert.Equal("ok: webhook secret and token are set; 127.0.0.1 knows the bot as qmoi", findings["GitHub"].Said);
        Assert.Equal("ok: webhook secret and token are set; 127.0.0.1 knows the bot as qmoi", findings["GitLab"].Said);
        Assert.Single(simulator.GitHub.Requests);
        Assert.Single(simulator.GitLab.Requests);
    }

    [Theory, InlineData("GITHUB"), InlineData("GITLAB")]
    public async Task A_token_that_the_forge_refuses_fails_and_is_not_shown(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var environment = simulator.Environment();
        environment[name + "_TOKEN"] = "a-token-that-has-expired";
        var findings = await DoctorAsync(environment, expected: 1);
        var refused = findings[name == "GITHUB" ? "GitHub" : "GitLab"];
        Assert.StartsWith("fail: 127.0.0.1 does not accept the token: ", refused.Said, StringComparison.Ordinal);
        Assert.Contains("Make a new token", refused.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("a-token-that-has-expired", refused.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_name_that_a_forge_gives_the_bot_is_one_line_of_text()
    {
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { BotLogin = "qmoi\u001b[31m\nfail  database: lost" }, Stop);
        var said = (await DoctorAsync(simulator.GitLab.Environment(), expected: 0))["GitLab"].Said;
        Assert.Contains("knows the bot as qmoi", said, StringComparison.Ordinal);
        Assert.DoesNotContain(said, char.IsControl);
    }

    [Fact]
    public async Task An_address_that_is_not_the_API_is_told_from_a_bad_token()
    {
        await using var simulator = await BothForges.StartAsync();
        var environment = simulator.GitLab.Environment();
        environment["GITLAB_API_URL"] = simulator.GitLab.Url;
        Assert.Contains("GITLAB_API_URL", (await DoctorAsync(environment, expected: 1))["GitLab"].Remedy, StringComparison.Ordinal);
    }

    [Theory, InlineData("GITHUB"), InlineData("GITLAB")]
    public async Task A_forge_that_cannot_be_reached_fails_with_its_address(string name)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { [name + "_API_URL"] = "http://127.0.0.1:1/api", [name + "_TOKEN"] = "a-token", [name + "_WEBHOOK_SECRET"] = SignedPost.Secret };
        var unreachable = (await DoctorAsync(environment, expected: 1))[name == "GITHUB" ? "GitHub" : "GitLab"];
        Assert.StartsWith("fail: http://127.0.0.1:1/api", unreachable.Said, StringComparison.Ordinal);
        Assert.Contains(name + "_API_URL", unreachable.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_certificate_is_named_with_the_day()
    {
        var end = DateTimeOffset.UtcNow.AddDays(-3);
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubHttps = true, CertificateEnd = end }, Stop);
        var environment = simulator.GitHub.Environment();
        environment["GITHUB_API_URL"] = simulator.GitHub.HttpsUrl + new Uri(simulator.GitHub.ApiUrl).AbsolutePath;
        Assert.Contains($"its certificate expired on {end.UtcDateTime:yyyy-MM-dd}", (await DoctorAsync(environment, expected: 1))["GitHub"].Said, StringComparison.Ordinal);
    }

    /// <summary>The forge's clock is put an hour back: this machine's is as far ahead of it.</summary>
    [Fact]
    public async Task A_clock_that_is_an_hour_off_is_named()
    {
        var clock = new JumpingClock(TimeProvider.System);
        clock.Jump(TimeSpan.FromHours(-1));
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { Clock = clock }, Stop);
        var off = (await DoctorAsync(simulator.GitLab.Environment(), expected: 0))["GitLab clock"];
        Assert.Equal("warn: the clock of this machine is 60 minutes ahead of GitLab's", off.Said);
        Assert.Contains("et the clock (NTP)", off.Remedy, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_App_is_known_by_its_key(bool isItsKey)
    {
        using var key = RSA.Create(2048);
        using var other = RSA.Create(2048);
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubAppPublicKey = key.ExportSubjectPublicKeyInfoPem() }, Stop);
        var environment = simulator.GitHub.Environment();
        environment.Remove("GITHUB_TOKEN");
        environment["GITHUB_APP_ID"] = "1";
        environment["GITHUB_APP_PRIVATE_KEY"] = (isItsKey ? key : other).ExportPkcs8PrivateKeyPem();
        var said = (await DoctorAsync(environment, expected: isItsKey ? 0 : 1))["GitHub"].Said;
        Assert.StartsWith(isItsKey ? "ok: webhook secret and token are set; 127.0.0.1 knows the bot as " : "fail: 127.0.0.1 does not accept the token: ", said, StringComparison.Ordinal);
    }

    private async Task<Dictionary<string, (string Said, string Remedy)>> DoctorAsync(Dictionary<string, string> environment, int expected)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["doctor", "--json", "--data", data.FullName], environment);
        Assert.True(exitCode == expected, output + error);
        return JsonDocument.Parse(output).RootElement.EnumerateArray().ToDictionary(
            item => item.GetProperty("check").GetString()!, item => ($"{item.GetProperty("state").GetString()}: {item.GetProperty("message").GetString()}", item.GetProperty("remedy").GetString() ?? ""), StringComparer.Ordinal);
    }
}
