using System.Runtime.Versioning;
using System.Text.Json;
using QMoi.Tests.Git;

namespace QMoi.Tests.Functions;

/// <summary><c>qmoi fix</c> runs the failing command in the sandbox, without and with its patch.</summary>
[SupportedOSPlatform("linux")]
public sealed class FixVerifying : IDisposable
{
    private const string Denied = "$ ./check.sh\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n";
    private const string GitLab = "variables:\n  GREETING: hello\n.base:\n  before_script:\n    - test \"$GREETING\" = hello\ncheck:\n  extends: .base\n  script:\n    - ./check.sh\n    - never-reached\n";
    private const string GitHub = "on: push\nenv: { GREETING: hello }\njobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: test \"$GREETING\" = hello\n      - run: ./check.sh\n";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(".gitlab-ci.yml", GitLab, Denied)]
    [InlineData(".github/workflows/ci.yml", GitHub, "2026-05-06T07:08:09.1234567Z ##[group]Run ./check.sh\n2026-05-06T07:08:09.1234567Z ##[endgroup]\n2026-05-06T07:08:09.2234567Z /home/runner/work/_temp/1.sh: line 1: ./check.sh: Permission denied\n2026-05-06T07:08:09.3234567Z ##[error]Process completed with exit code 126.\n")]
    public async Task A_fix_with_which_the_failing_command_passes_is_verified(string ciFile, string ci, string log)
    {
        var result = await FixAsync(log, (ciFile, ci), ("check.sh", "#!/bin/sh\ntest \"$GREETING\" = hello\n"));
        Assert.True(result.Verified, result.Reason);
        Assert.Equal(("heal", "check.sh"), (result.Decision, string.Join(' ', result.Files)));
    }

    [Fact]
    public async Task A_second_failure_behind_the_first_is_repaired_as_well()
    {
        var result = await FixAsync(Denied, (".gitlab-ci.yml", GitLab), ("check.sh", "#!/bin/sh\ncd web\nnpm pkg get name\n"), ("web/package.json", "{\n  \"name\": \"web\",\n}\n"));
        Assert.True(result.Verified, result.Reason);
        Assert.Equal("check.sh web/package.json", string.Join(' ', result.Files));
    }

    [Fact]
    public async Task What_fails_behind_it_without_a_known_repair_is_told()
    {
        var result = await FixAsync(Denied, (".gitlab-ci.yml", GitLab), ("check.sh", "#!/bin/sh\necho the pump gave up\nexit 3\n"));
        Assert.Equal(("heal", false), (result.Decision, result.Verified));
        Assert.Contains("behind it the command fails on this machine with: ", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fix_with_which_it_still_fails_is_withheld()
    {
        var result = await FixAsync(Denied, (".gitlab-ci.yml", GitLab), ("check.sh", "#!/bin/sh\necho '/bin/bash: line 1: ./check.sh: Permission denied'\nexit 126\n"));
        Assert.Equal("explain", result.Decision);
        Assert.Contains("with it the command still fails", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_command_does_not_fail_here_nothing_is_claimed()
    {
        var result = await FixAsync(
            Denied.Replace("$ ./check.sh", "$ bash all.sh", StringComparison.Ordinal), (".gitlab-ci.yml", "check:\n  script:\n    - bash all.sh\n"), ("all.sh", "exit 0\n"), ("check.sh", "#!/bin/sh\nexit 0\n"));
        Assert.Equal("heal", result.Decision);
        Assert.False(result.Verified);
        Assert.Contains("passes on this machine without the fix", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fix_of_the_ci_file_is_left_to_its_pipeline()
    {
        var result = await FixAsync(
            "$ npm run biuld\nnpm error Missing script: \"biuld\"\nnpm error\nnpm error Did you mean this?\nnpm error   npm run build # run the \"build\" package script\nERROR: Job failed: exit code 1\n",
            (".gitlab-ci.yml", "check:\n  script:\n    - npm run biuld\n"), ("package.json", "{ \"name\": \"web\", \"scripts\": { \"build\": \"echo fine\" } }\n"));
        Assert.Equal(("heal", ".gitlab-ci.yml", false), (result.Decision, string.Join(' ', result.Files), result.Verified));
        Assert.Contains("changes what the job runs", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_names_the_bot_is_not_shown_its_folder()
    {
        var own = Path.GetDirectoryName(QmoiProcess.Executable)!;
        Assert.True(File.Exists(Path.Combine(own, "qmoi.dll")));
        var data = Path.Combine(folder.FullName, "data");
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "greet"), "#!/bin/sh\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(Path.Combine(data, "greet"), (UnixFileMode)0b111_101_101);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = $"{own}:{data}:{Environment.GetEnvironmentVariable("PATH")}",
            ["QMOI__Data"] = data,
        };
        var result = await FixAsync(Denied, environment, (".gitlab-ci.yml", GitLab.Replace("    - ./check.sh", $"    - \": qmoi greet\"\n    - test ! -e {own}/qmoi.dll\n    - test ! -e {data}/greet\n    - ./check.sh", StringComparison.Ordinal)), ("check.sh", "#!/bin/sh\ntest \"$GREETING\" = hello\n"));
        Assert.True(result.Verified, result.Reason);
    }

    [Fact]
    public async Task Checks_can_be_switched_off()
    {
        var result = await FixAsync(Denied, new Dictionary<string, string>(StringComparer.Ordinal) { ["QMOI__Repair__Verify"] = "never" }, (".gitlab-ci.yml", GitLab), ("check.sh", "#!/bin/sh\n"));
        Assert.Equal(("heal", false), (result.Decision, result.Verified));
    }

    private Task<Result> FixAsync(string log, params (string Path, string Text)[] files) => FixAsync(log, null, files);

    private async Task<Result> FixAsync(string log, IReadOnlyDictionary<string, string>? environment, params (string Path, string Text)[] files)
    {
        var repository = Path.Combine(folder.FullName, "app");
        RealGit.NewRepository(repository);
        foreach (var (path, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(repository, path))!);
            await File.WriteAllTextAsync(Path.Combine(repository, path), text, TestContext.Current.CancellationToken);
        }
        RealGit.Commit(repository);
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["fix", repository, "--log", "-", "--json"], environment, log);
        Assert.True(exitCode is 0 or 3, error);
        var json = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;
        return new Result(
            json.GetProperty("decision").GetString()!, json.GetProperty("verified").GetBoolean(), json.GetProperty("reason").GetString()!, [.. json.GetProperty("files").EnumerateArray().Select(file => file.GetString()!)]);
    }

    private sealed record Result(string Decision, bool Verified, string Reason, IReadOnlyList<string> Files);
}
