using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary>A file of the bot is half written, or something is missing on the machine; the bot starts with what was good last, and says so.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SelfHealingFiles : IDisposable
{
    private const string Good = "{\n  \"GitHub\": { \"WebhookSecret\": \"" + SignedPost.Secret + "\" }\n}\n";
    private const string Torn = "{\n  \"GitHub\": { \"WebhookSec";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose() => folder.Delete(recursive: true);

    // ---- qmoi.json

    [Theory, InlineData(Torn, "line 2, position 26"), InlineData("", "line 1, position 1"), InlineData("\0\0\0\0", "line 1, position 1")]
    public async Task A_torn_settings_file_gives_way_to_its_last_good_copy(string torn, string place)
    {
        await StartOnceWithAsync(Good);
        await File.WriteAllTextAsync(Own, torn);

        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, None))
        {
            var said = await qmoi.ErrorLineAsync("Safe mode: ");
            Assert.Contains($"qmoi.json is not valid JSON at {place}", said, StringComparison.Ordinal);
            Assert.DoesNotContain(SignedPost.Secret, said, StringComparison.Ordinal);
            var ready = await qmoi.ReadyAsync();
            Assert.StartsWith("ready\nsafe mode: qmoi.json is not valid JSON at " + place, ready, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Accepted, await SignedPost.PushAsync(qmoi.Url, "one"));
            Assert.Equal(0, await qmoi.TerminateAsync());
        }
        Assert.Equal(Good, await File.ReadAllTextAsync(Copy));
        Assert.Equal(torn, await File.ReadAllTextAsync(Own));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Copy));
    }

    [Theory, InlineData("""{ "Work": { "Werkers": 2 } }""", "Work:Werkers"), InlineData("""{ "Work": { "Workers": 900 } }""", "1 to 64")]
    public async Task A_mistake_in_it_stops_the_start_as_ever(string mistaken, string named)
    {
        await StartOnceWithAsync(Good);
        await File.WriteAllTextAsync(Own, mistaken);
        var (exitCode, _, error) = await ServeToItsEndAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.Equal(Good, await File.ReadAllTextAsync(Copy));
    }

    [Fact]
    public async Task Without_a_good_copy_a_torn_file_stops_the_start()
    {
        await File.WriteAllTextAsync(Own, Torn);
        var (exitCode, _, error) = await ServeToItsEndAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains("qmoi.json is not valid JSON at line 2, position 26", Assert.Single(error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_other_commands_do_not_work_with_old_settings_behind_a_persons_back()
    {
        await StartOnceWithAsync(Good);
        await File.WriteAllTextAsync(Own, Torn);
        Assert.Equal(2, (await QmoiProcess.RunAsync(["deliveries", "--data", folder.FullName])).ExitCode);
    }

    [Fact]
    public async Task The_doctor_puts_the_good_copy_back_and_keeps_the_torn_file()
    {
        await StartOnceWithAsync(Good);
        await File.WriteAllTextAsync(Own, Torn);

        var reported = await DoctorAsync(expected: 1);
        Assert.Equal(("fail", "warn"), (reported["settings"].State, reported["safe mode"].State));
        Assert.Contains("qmoi.json is not valid JSON", reported["safe mode"].Message, StringComparison.Ordinal);
        Assert.Equal(Torn, await File.ReadAllTextAsync(Own));

        var repaired = await DoctorAsync(expected: 1, "--fix");     // 1: a webhook secret without a token
        Assert.Equal(("ok", "ok"), (repaired["settings"].State, repaired["safe mode"].State));
        Assert.StartsWith("repaired: ", repaired["settings"].Message, StringComparison.Ordinal);
        Assert.Equal(Good, await File.ReadAllTextAsync(Own));
        Assert.Equal(Torn, await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(folder.FullName, "qmoi.json.damaged-*"))));
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, None);
        Assert.Equal("ready\n", await qmoi.ReadyAsync());
    }

    // ---- the catalogue

    [Fact]
    public async Task A_broken_catalogue_file_gives_way_to_its_last_good_copy()
    {
        var (mine, other) = (Path.Combine(folder.FullName, "catalogue", "mine.yaml"), Path.Combine(folder.FullName, "catalogue", "other.yaml"));
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        await File.WriteAllTextAsync(mine, Entry("acme-license-server"));
        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, None))
        {
            await qmoi.ErrorLineAsync("The database is backed up");     // the copies are kept before
            Assert.Equal("ready\n", await qmoi.ReadyAsync());
        }
        await File.WriteAllTextAsync(mine, Entry("acme-license-server")[..120]);
        await File.WriteAllTextAsync(other, "- id: [\n");

        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, None))
        {
            Assert.Contains("its last good copy", await qmoi.ErrorLineAsync("mine.yaml"), StringComparison.Ordinal);
            Assert.Contains("this file is left out", await qmoi.ErrorLineAsync("other.yaml"), StringComparison.Ordinal);
            var ready = await qmoi.ReadyAsync();
            Assert.Contains("mine.yaml", ready, StringComparison.Ordinal);
            Assert.Contains("other.yaml", ready, StringComparison.Ordinal);
        }
        var (_, output, error) = await QmoiProcess.RunAsync(["catalog", "--json"], new Dictionary<string, string>(StringComparer.Ordinal) { ["QMOI__Data"] = folder.FullName });
        Assert.Contains("acme-license-server", output, StringComparison.Ordinal);
        Assert.Contains("its last good copy", error, StringComparison.Ordinal);
        var doctor = await DoctorAsync(expected: 0);
        Assert.Equal(("warn", "warn"), (doctor["catalogue"].State, doctor["safe mode"].State));
    }

    [Fact]
    public async Task A_catalogue_file_that_was_removed_does_not_come_back()
    {
        var mine = Path.Combine(folder.FullName, "catalogue", "mine.yaml");
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        await File.WriteAllTextAsync(mine, Entry("acme-license-server"));
        await using (var qmoi = await QmoiProcess.ServeAsync(folder.FullName, None))
            await qmoi.ErrorLineAsync("The database is backed up");
        File.Delete(mine);
        var (_, output, error) = await QmoiProcess.RunAsync(["catalog", "--json"], new Dictionary<string, string>(StringComparer.Ordinal) { ["QMOI__Data"] = folder.FullName });
        Assert.DoesNotContain("acme-license-server", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    // ---- folders and rights

    [Fact]
    public async Task Missing_folders_are_made_and_only_the_owner_can_enter_them()
    {
        var data = Path.Combine(folder.FullName, "new", "data");
        await using (var qmoi = await QmoiProcess.ServeAsync(data, None))
            await qmoi.ErrorLineAsync("The database is backed up");
        Assert.All(["logs", "backups", "catalogue"], name => Assert.True(Directory.Exists(Path.Combine(data, name)), name));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data));
    }

    [Fact]
    public async Task The_doctor_closes_an_open_data_folder_and_makes_what_is_missing()
    {
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        Assert.Equal("warn", (await DoctorAsync(expected: 0))["rights"].State);
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullName));
        var repaired = await DoctorAsync(expected: 0, "--fix");
        Assert.Equal(("ok", "ok"), (repaired["rights"].State, repaired["folders"].State));
        Assert.All(["logs", "backups", "catalogue"], name => Assert.True(Directory.Exists(Path.Combine(folder.FullName, name)), name));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(folder.FullName));
        Assert.DoesNotContain("rights", (await DoctorAsync(expected: 0)).Keys);
    }

    // ---- git

    [Fact]
    public async Task Without_git_text_repairs_go_on_and_the_others_say_why_not()
    {
        await using var simulator = await BothForges.StartAsync();
        var environment = simulator.GitLab.Environment();
        environment["PATH"] = folder.CreateSubdirectory("no-programs").FullName;
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, environment);
        Assert.Contains("git is not found on PATH", await qmoi.ErrorLineAsync("Safe mode: "), StringComparison.Ordinal);
        Assert.Contains("safe mode: git is not found on PATH", await qmoi.ReadyAsync(), StringComparison.Ordinal);
        simulator.GitLab.HookUrl = qmoi.Url + "/webhooks/gitlab";

        var script = await simulator.GitLab.WithBrokenScriptAsync("acme/script");
        var npm = await simulator.GitLab.WithFilesAsync(
            "acme/npm", World.Ci("gitlab", "cat npm.log; exit 1"), ("npm.log", SimulatedFile.Text(NpmLog)), ("package.json", SimulatedFile.Text("{\"name\":\"app\",\"dependencies\":{\"left-pad\":\"1.3.0\"}}\n")),
            ("package-lock.json", SimulatedFile.Text("{\"name\":\"app\",\"lockfileVersion\":3,\"packages\":{\"\":{\"name\":\"app\"}}}\n")));
        await simulator.DrainAsync(default);
        await qmoi.ErrorLineAsync("shell-permission-denied");
        // What was declined is no line on standard error; the comment shows it, and it can only be looked for.
        await Waiting.UntilAsync(() => npm.CommitComments.Count > 0);

        Assert.StartsWith("qmoi/fix/shell-permission-denied-", Assert.Single(script.MergeRequests).SourceBranch, StringComparison.Ordinal);
        Assert.Empty(npm.MergeRequests);
        // An empty PATH hides the sandbox too, and that is missed first.
        Assert.Matches("git cannot be run on this machine|tools are off here", Assert.Single(npm.CommitComments).Body);
    }

    // ---- helpers

    private const string NpmLog = """
        npm error code EUSAGE
        npm error
        npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync. Please update your lock file with `npm install` before continuing.
        npm error
        npm error Missing: left-pad@1.3.0 from lock file
        npm error

        """;

    private static readonly Dictionary<string, string> None = new(StringComparer.Ordinal);

    private string Own => Path.Combine(folder.FullName, "qmoi.json");

    private string Copy => Path.Combine(folder.FullName, "last-good", "qmoi.json");

    private async Task StartOnceWithAsync(string settings)
    {
        await File.WriteAllTextAsync(Own, settings);
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, None);
        Assert.Equal(0, await qmoi.TerminateAsync());
        Assert.Equal(settings, await File.ReadAllTextAsync(Copy));
    }

    private Task<(int ExitCode, string Out, string Error)> ServeToItsEndAsync() => QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", folder.FullName]);

    private static string Entry(string id) => $$"""
        - id: {{id}}
          title: The license server has no seat left
          category: infrastructure
          priority: 90
          transient: yes
          action: retry
          approval: auto
          risk: low
          root_cause: first
          signatures:
            - pattern: '^frobnicate: no seat left on (?<server>\S+)'
          summary:
            - All seats of the license server are taken.
          next: Run the job again.
          why: The first line of frobnicate.
          sample: |
            $ make proof
            frobnicate: no seat left on lic1
          look_alike: |
            $ make proof
            frobnicate: 3 seats left on lic1
        """;

    private async Task<Dictionary<string, (string State, string Message, string? Remedy)>> DoctorAsync(int expected, params string[] more)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["doctor", "--json", "--data", folder.FullName, .. more]);
        Assert.True(exitCode == expected, output + error);
        return JsonDocument.Parse(output).RootElement.EnumerateArray().ToDictionary(
            item => item.GetProperty("check").GetString()!,
            item => (item.GetProperty("state").GetString()!, item.GetProperty("message").GetString()!, item.GetProperty("remedy").GetString()), StringComparer.Ordinal);
    }
}
