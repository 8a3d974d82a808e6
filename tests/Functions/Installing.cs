using System.Text;
using System.Text.Json;
using QMoi.Simulator;
using QMoi.Tests.Forges;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary><c>qmoi install</c>: a webhook with a secret of its own, made by the real program at both simulated forges.</summary>
public sealed class Installing : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(folder.FullName, "data");

    private string KeyFile => Path.Combine(folder.FullName, "config", "qmoi", "encryption.key");

    public static TheoryData<string> Forges => ["github", "gitlab"];

    public void Dispose() => folder.Delete(recursive: true);

    [Theory, MemberData(nameof(Forges))]
    public async Task A_repository_is_installed_beside_a_running_bot_and_its_next_failure_is_healed(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = Of(simulator, name);
        var repository = await OwnedAsync(forge, "acme/app");
        await using var bot = await QmoiProcess.ServeAsync(Data, Environment(forge));
        var report = await InstallAsync(forge, "acme/app", bot.Url);
        Assert.Equal(0, report.ExitCode);

        var hook = Assert.Single(repository.Hooks);
        Assert.Equal(name == "gitlab", hook.SigningToken is not null);
        Assert.False(report.Text.Contains(hook.Secret, StringComparison.Ordinal));
        await repository.BreakAsync();
        await Waiting.UntilAsync(repository.IsTold);
        await simulator.DrainAsync(Stop);
        repository.AssertHealedOnce();
        Assert.All(forge.Deliveries, delivery => Assert.InRange(delivery.StatusCode!.Value, 200, 202));

        Assert.Equal(0, (await InstallAsync(forge, "acme/app", bot.Url, "--check")).ExitCode);
        Assert.Equal(0, await bot.TerminateAsync());
        AssertSealed(hook.Secret);
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task Installed_again_the_webhook_has_another_secret_and_stays_one(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = Of(simulator, name);
        var repository = await OwnedAsync(forge, "acme/app");
        await using var bot = await QmoiProcess.ServeAsync(Data, Environment(forge));
        await InstallAsync(forge, "acme/app", bot.Url);
        var first = Assert.Single(repository.Hooks);
        await InstallAsync(forge, "acme/app", bot.Url);
        var second = Assert.Single(repository.Hooks);
        Assert.Equal(first.Id, second.Id);
        Assert.NotEqual(first.Secret, second.Secret);
        await repository.BreakAsync();
        await Waiting.UntilAsync(repository.IsTold);
        await simulator.DrainAsync(Stop);
        Assert.All(forge.Deliveries, delivery => Assert.InRange(delivery.StatusCode!.Value, 200, 202));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task A_group_has_one_webhook_for_all_below_it(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = Of(simulator, name);
        var repository = await OwnedAsync(forge, "acme/app");
        var other = await OwnedAsync(forge, "acme/tool");
        await using var bot = await QmoiProcess.ServeAsync(Data, Environment(forge));
        var report = await InstallAsync(forge, "acme", bot.Url, "--group", "--json");
        Assert.Equal((0, true), (report.ExitCode, JsonDocument.Parse(report.Text).RootElement.GetProperty("group").GetBoolean()));
        foreach (var one in (SimulatedRepository[])[repository, other])
        {
            await one.BreakAsync();
            await Waiting.UntilAsync(one.IsTold);
        }
        await simulator.DrainAsync(Stop);
        Assert.Empty(repository.Hooks);
        Assert.All(forge.Deliveries, delivery => Assert.InRange(delivery.StatusCode!.Value, 200, 202));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task A_check_changes_nothing_and_says_what_is_missing(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = Of(simulator, name);
        var repository = await OwnedAsync(forge, "acme/app");
        var none = await InstallAsync(forge, "acme/app", "http://127.0.0.1:1", "--check");
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("acme/app has no webhook", none.Text, StringComparison.Ordinal);
        Assert.Contains("-> No webhook leads to the bot: run the same without --check.", none.Text, StringComparison.Ordinal);

        forge.AddHook(repository, $"http://127.0.0.1:1/webhooks/{name}", "made-by-hand");
        var report = JsonDocument.Parse((await InstallAsync(forge, "acme/app", "http://127.0.0.1:1", "--check", "--json")).Text).RootElement;
        Assert.Equal((true, false), (report.GetProperty("on").GetBoolean(), report.GetProperty("secret").GetBoolean()));
        Assert.Contains(report.GetProperty("problems").EnumerateArray(), problem => problem.GetString()!.StartsWith("No secret of its own", StringComparison.Ordinal));
        Assert.Equal("made-by-hand", Assert.Single(repository.Hooks).Secret);
        Assert.False(File.Exists(KeyFile));

        // The one made by hand becomes the bot's own.
        await InstallAsync(forge, "acme/app", "http://127.0.0.1:1");
        Assert.NotEqual("made-by-hand", Assert.Single(repository.Hooks).Secret);
    }

    [Fact]
    public async Task A_GitLab_that_knows_no_signing_tokens_goes_on_with_the_secret_alone()
    {
        await using var simulator = await BothForges.StartAsync();
        simulator.GitLab.HasSigningTokens = false;
        await OwnedAsync(simulator.GitLab, "acme/app");
        await using var bot = await QmoiProcess.ServeAsync(Data, Environment(simulator.GitLab));
        var report = await InstallAsync(simulator.GitLab, "acme/app", bot.Url);
        Assert.Equal(0, report.ExitCode);
        Assert.Contains("this GitLab signs nothing", report.Text, StringComparison.Ordinal);
        var repository = simulator.GitLab.Repositories[0];
        await repository.BreakAsync();
        await Waiting.UntilAsync(repository.IsTold);
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task Who_may_not_administer_it_is_told_so_and_nothing_is_kept(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = Of(simulator, name);
        var repository = await forge.WithFilesAsync("acme/app", ("readme.md", SimulatedFile.Text("read me\n")));
        repository.SetPermission(forge.Bot, AccessLevel.Read);
        var refused = await InstallAsync(forge, "acme/app", "http://127.0.0.1:1");
        Assert.Equal(name == "github" ? 4 : 1, refused.ExitCode);
        Assert.Contains(name == "github" ? "token is of an admin" : "role Maintainer", refused.Error, StringComparison.Ordinal);
        var unknown = await InstallAsync(forge, "acme/nowhere", "http://127.0.0.1:1");
        Assert.Equal(4, unknown.ExitCode);
        Assert.Contains("acme/nowhere", unknown.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task Refused_in_the_middle_the_secret_of_before_stays(string name)
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = Of(simulator, name);
        var repository = await OwnedAsync(forge, "acme/app");
        await using var bot = await QmoiProcess.ServeAsync(Data, Environment(forge));
        await InstallAsync(forge, "acme/app", bot.Url);
        var before = Assert.Single(repository.Hooks);
        forge.AddFault(new Fault(name == "github" ? "PATCH" : "PUT", "/hooks/", 422));
        var refused = await InstallAsync(forge, "acme/app", bot.Url);
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal(before.Secret, Assert.Single(repository.Hooks).Secret);
        await repository.BreakAsync();
        await Waiting.UntilAsync(repository.IsTold);
    }

    [Fact]
    public async Task What_cannot_be_done_is_one_line_with_the_remedy()
    {
        await using var simulator = await BothForges.StartAsync();
        var forge = simulator.GitLab;
        await OwnedAsync(forge, "acme/app");
        var environment = Environment(forge);
        Assert.Equal((2, "--url: 'qmoi.example.org' is not valid; wanted is http(s)://HOST[:PORT], nothing after it."), Said(await RunAsync(environment, "gitlab", "acme/app", "--url", "qmoi.example.org")));
        Assert.Equal((2, "--weaker-until: 'soon' is not valid; wanted is a day such as 2026-12-24."), Said(await RunAsync(environment, "gitlab", "acme/app", "--url", "http://bot", "--weaker-until", "soon")));
        Assert.EndsWith("See 'qmoi install gitlab --help'.", (await RunAsync(environment, "gitlab", "acme/app")).Error.TrimEnd(), StringComparison.Ordinal);
        var shared = new Dictionary<string, string>(environment, StringComparer.Ordinal) { ["DATABASE_URL"] = await Stores.SharedPostgres.DatabaseAsync() };
        var (exitCode, words) = Said(await RunAsync(shared, "gitlab", "acme/app", "--url", "http://bot"));
        Assert.Equal(2, exitCode);
        Assert.Contains("set QMOI_ENCRYPTION_KEY", words, StringComparison.Ordinal);
        environment["QMOI__Store__KeyFolder"] = Path.Combine(Data, "keys");
        Assert.StartsWith("Store:KeyFolder: ", Said(await RunAsync(environment, "gitlab", "acme/app", "--url", "http://bot")).Words, StringComparison.Ordinal);
        environment.Remove("QMOI__Store__KeyFolder");
        environment["XDG_CONFIG_HOME"] = Path.Combine(Data, ".config");
        Assert.Contains("this user has no folder for a key", Said(await RunAsync(environment, "gitlab", "acme/app", "--url", "http://bot")).Words, StringComparison.Ordinal);
        Assert.Empty(forge.Repositories[0].Hooks);
    }

    [Fact]
    public async Task A_name_that_a_forge_tells_is_shown_as_text()
    {
        await using var forge = await ScriptedServer.StartAsync(request => request.Path.Contains("/hooks", StringComparison.Ordinal)
            ? new Reply(200, "[]") : new Reply(200, """{"id":7,"path_with_namespace":"acme/app\u001b[31m\nacme/app has a webhook"}"""));
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITLAB_API_URL"] = forge.Url + "/api/v4", ["GITLAB_TOKEN"] = "a-token" };
        var report = await RunAsync(environment, "gitlab", "acme/app", "--url", "http://127.0.0.1:1", "--check");
        Assert.Equal(1, report.ExitCode);
        Assert.Contains("has no webhook", report.Text.Split('\n')[0], StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', report.Text);
    }

    // ---- words

    private static SimulatedForge Of(ForgeSimulator simulator, string name) => name == "github" ? simulator.GitHub : simulator.GitLab;

    /// <summary>The bot may administer it, and nothing fails yet.</summary>
    private static async Task<SimulatedRepository> OwnedAsync(SimulatedForge forge, string name)
    {
        var repository = await forge.WithFilesAsync(name, ("readme.md", SimulatedFile.Text("read me\n")));
        repository.SetPermission(repository.Forge.Bot, AccessLevel.Admin);
        return repository;
    }

    /// <summary>Without a secret for all webhooks.</summary>
    private Dictionary<string, string> Environment(SimulatedForge forge)
    {
        var environment = forge.Environment();
        foreach (var secret in environment.Keys.Where(key => key.EndsWith("_WEBHOOK_SECRET", StringComparison.Ordinal)).ToList())
            environment.Remove(secret);
        environment["XDG_CONFIG_HOME"] = Path.Combine(folder.FullName, "config");
        return environment;
    }

    private Task<(int ExitCode, string Text, string Error)> InstallAsync(SimulatedForge forge, string path, string url, params string[] more) =>
        RunAsync(Environment(forge), [forge is GitHubForge ? "github" : "gitlab", path, "--url", url, .. more]);

    private Task<(int ExitCode, string Text, string Error)> RunAsync(Dictionary<string, string> environment, params string[] arguments) =>
        QmoiProcess.RunAsync(["install", .. arguments, "--data", Data], environment);

    private static (int ExitCode, string Words) Said((int ExitCode, string Text, string Error) run)
    {
        var words = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return (run.ExitCode, words["qmoi: ".Length..].Split(" See 'qmoi")[0]);
    }

    /// <summary>Nothing in the data folder tells the secret, and nobody else may read the key.</summary>
    private void AssertSealed(string secret)
    {
        foreach (var file in Directory.EnumerateFiles(Data, "*", SearchOption.AllDirectories))
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{file} holds the secret.");
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
    }
}
