using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace QMoi.Tests.Functions;

/// <summary>What a person or a script at a terminal sees of <c>qmoi</c>: output, errors and exit codes of the real program.</summary>
public sealed class CommandLineTests : IDisposable
{
    private const string PermissionLog = "$ ./check.sh\nbash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n";
    private const string NetworkLog = "$ fetch-schema\ncurl: (6) Could not resolve host: schemas.acme.example\nERROR: Job failed: exit code 6\n";
    private const string StrangeLog = "$ ./ponder\nthe moon was in the wrong house\n";

    private static readonly string[] Categories =
        ["config", "dependency", "lint_format", "compile", "test", "infrastructure", "timeout", "resource", "auth_secret", "network", "vcs", "security", "unknown"];

    private static readonly string[] Actions = ["retry", "edit", "run", "llm", "explain"];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose() => folder.Delete(recursive: true);

    // ---- help and wrong use

    [Theory]
    [InlineData("serve"), InlineData("demo"), InlineData("sim"), InlineData("diagnose"), InlineData("fix"), InlineData("replay"), InlineData("deliveries"), InlineData("doctor"), InlineData("catalog")]
    public async Task Every_command_has_help_with_an_example(string command)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync([command, "--help"]);
        Assert.Equal(0, exitCode);
        Assert.Empty(error);
        Assert.Contains($"Examples:\n    qmoi {command}", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_alone_lists_its_commands()
    {
        var (exitCode, output, _) = await QmoiProcess.RunAsync([]);
        Assert.Equal(0, exitCode);
        foreach (var command in new[] { "serve", "demo", "sim", "diagnose", "fix", "replay", "deliveries", "doctor", "catalog" })
            Assert.Contains($"  {command} ", output, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> WrongUses => new()
    {
        { "nonsense", "nonsense" },
        { "serve extra", "extra" },
        { "deliveries --colour red", "--colour" },
        { "deliveries --state lost", "'ignored'" },
        { "deliveries --since yesterday-ish", "--since" },
        { "deliveries --since 99999999999d", "--since" },
        { "deliveries --since 5", "--since" },
        { "deliveries --since -5m", "--since" },
        { "deliveries --data ", "--data" },
        { "serve --urls ftp://127.0.0.1", "--urls" },
        { "serve --urls 127.0.0.1:8080", "--urls" },
        { "serve --urls http://127.0.0.1:99999", "--urls" },
        { "serve --urls https://127.0.0.1:0", "--urls" },
        { "serve --urls http://127.0.0.1:0/base", "--urls" },
        { "serve --role boss", "'worker'" },
        { "demo --port abc", "--port" },
        { "demo --port 70000", "0 to 65535" },
        { "demo --port -1", "0 to 65535" },
        { "sim --github nonsense", "--github" },
        { "sim --gitlab ftp://127.0.0.1", "--gitlab" },
        { "diagnose", "FILE" },
        { "diagnose --format xml job.log", "'sarif'" },
        { "fix .", "--log" },
        { "replay", "DELIVERY-ID|FILE" },
    };

    [Theory, MemberData(nameof(WrongUses))]
    public async Task Wrong_use_ends_with_2_and_one_line_that_says_what(string arguments, string named)
    {
        var (exitCode, output, error) = await RunAsync(arguments.Split(' '));
        Assert.True(exitCode == 2, error);
        Assert.Empty(output);
        Assert.Contains(named, OneLine(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_told_in_one_line()
    {
        await using var first = await QmoiProcess.ServeAsync(folder.FullName, new Dictionary<string, string>(StringComparer.Ordinal));
        var (exitCode, output, error) = await RunAsync(["serve", "--urls", first.Url]);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains(first.Url, error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    // ---- diagnose

    [Fact]
    public async Task A_diagnosis_has_the_promised_shape()
    {
        var log = Write("job.log", "one\r two\n" + PermissionLog);
        var (exitCode, output, error) = await RunAsync(["diagnose", log, "--format", "json"]);
        Assert.Equal(0, exitCode);
        Assert.Empty(error);
        var item = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal(["log", "lines", "bytes", "elapsedMs", "diagnoses"], Names(item));
        Assert.Equal(log, item.GetProperty("log").GetString());
        Assert.Equal(4, item.GetProperty("lines").GetInt32());
        Assert.Equal(new FileInfo(log).Length, item.GetProperty("bytes").GetInt64());
        var diagnosis = item.GetProperty("diagnoses")[0];
        Assert.Equal(["id", "category", "transient", "confidence", "rootCause", "captures", "action", "summary", "next"], Names(diagnosis));
        Assert.Equal("shell-permission-denied", diagnosis.GetProperty("id").GetString());
        Assert.False(diagnosis.GetProperty("transient").GetBoolean());
        Assert.InRange(diagnosis.GetProperty("confidence").GetDouble(), 0.5, 1);
        Assert.Equal(["line", "endLine", "text"], Names(diagnosis.GetProperty("rootCause")));
        Assert.Equal(3, diagnosis.GetProperty("rootCause").GetProperty("line").GetInt32());
        Assert.Equal("bash: line 1: ./check.sh: Permission denied", diagnosis.GetProperty("rootCause").GetProperty("text").GetString());
        Assert.Equal("./check.sh", diagnosis.GetProperty("captures").GetProperty("file").GetString());
        Assert.Equal(("config", "edit"), (diagnosis.GetProperty("category").GetString(), diagnosis.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task The_path_is_given_back_exactly_as_it_was_given()
    {
        Write("job.log", PermissionLog);
        var (_, output, _) = await RunAsync(["diagnose", "./../" + folder.Name + "//job.log", "--format", "json"]);
        Assert.Equal("./../" + folder.Name + "//job.log", JsonDocument.Parse(output).RootElement[0].GetProperty("log").GetString());
    }

    [Fact]
    public async Task What_nobody_knows_is_unrecognised_with_a_guess_and_3()
    {
        var (known, strange) = (Write("known.log", PermissionLog), Write("strange.log", StrangeLog));
        var (exitCode, output, _) = await RunAsync(["diagnose", known, strange, "--format", "json"]);
        Assert.Equal(3, exitCode);
        var diagnosis = JsonDocument.Parse(output).RootElement[1].GetProperty("diagnoses")[0];
        Assert.Equal("unrecognised", diagnosis.GetProperty("id").GetString());
        var cause = diagnosis.GetProperty("rootCause");
        Assert.InRange(cause.GetProperty("line").GetInt32(), 1, 2);
        Assert.InRange(cause.GetProperty("endLine").GetInt32() - cause.GetProperty("line").GetInt32(), 0, 9);
    }

    [Fact]
    public async Task A_missing_file_is_told_and_the_others_are_reported_all_the_same()
    {
        var (one, two) = (Write("one.log", PermissionLog), Write("two.log", NetworkLog));
        var missing = Path.Combine(folder.FullName, "missing.log");
        var (exitCode, output, error) = await RunAsync(["diagnose", one, missing, two, "--format", "json"]);
        Assert.Equal(4, exitCode);
        Assert.Contains(missing, OneLine(error), StringComparison.Ordinal);
        Assert.Equal([one, two], JsonDocument.Parse(output).RootElement.EnumerateArray().Select(item => item.GetProperty("log").GetString()));
    }

    [Fact]
    public async Task A_folder_cannot_be_read_as_a_log()
    {
        var (exitCode, output, error) = await RunAsync(["diagnose", folder.FullName, Write("one.log", PermissionLog), "--format", "json"]);
        Assert.Equal(2, exitCode);
        Assert.Contains("it is a folder", OneLine(error), StringComparison.Ordinal);
        Assert.Equal(1, JsonDocument.Parse(output).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Standard_input_is_a_log_too()
    {
        var (exitCode, output, _) = await QmoiProcess.RunAsync(["diagnose", "-", "--format", "json"], input: PermissionLog);
        Assert.Equal(0, exitCode);
        var item = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(("-", "shell-permission-denied"), (item.GetProperty("log").GetString(), item.GetProperty("diagnoses")[0].GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Gzip_is_read_whatever_its_name_and_a_torn_one_is_an_error()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(PermissionLog));
        var (exitCode, output, _) = await RunAsync(["diagnose", Write("job.txt", packed.ToArray()), "--format", "json"]);
        Assert.Equal(0, exitCode);
        Assert.Equal("shell-permission-denied", Id(output));

        var (torn, _, error) = await RunAsync(["diagnose", Write("torn.gz", packed.ToArray()[..14])]);
        Assert.True(torn is 2 or 3, error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        var (broken, _, complaint) = await RunAsync(["diagnose", Write("broken.gz", [0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9])]);
        Assert.Equal(2, broken);
        Assert.Contains("broken.gz", OneLine(complaint), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_log_is_unrecognised()
    {
        var (exitCode, output, error) = await RunAsync(["diagnose", Write("empty.log", ""), "--format", "json"]);
        Assert.Equal(3, exitCode);
        Assert.Empty(error);
        Assert.Equal(("unrecognised", 0), (Id(output), JsonDocument.Parse(output).RootElement[0].GetProperty("lines").GetInt32()));
    }

    public static TheoryData<string> Encodings => ["nul", "invalid", "utf-16le", "utf-16be", "bom", "crlf", "latin1"];

    [Theory, MemberData(nameof(Encodings))]
    public async Task Odd_bytes_do_not_hide_the_cause(string encoding)
    {
        byte[] bytes = encoding switch
        {
            "nul" => [0, 0, (byte)'\n', .. Encoding.UTF8.GetBytes(PermissionLog), 0],
            "invalid" => [0xff, 0xc0, 0xaf, 0xed, 0xa0, 0x80, (byte)'\n', .. Encoding.UTF8.GetBytes(PermissionLog), 0xe2, 0x82],
            "utf-16le" => [0xff, 0xfe, .. Encoding.Unicode.GetBytes(PermissionLog)],
            "utf-16be" => [0xfe, 0xff, .. Encoding.BigEndianUnicode.GetBytes(PermissionLog)],
            "bom" => [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(PermissionLog)],
            "crlf" => Encoding.UTF8.GetBytes(PermissionLog.ReplaceLineEndings("\r\n")),
            _ => [0xe9, 0xe8, (byte)'\n', .. Encoding.Latin1.GetBytes(PermissionLog)],
        };
        var (exitCode, output, error) = await RunAsync(["diagnose", Write("job.log", bytes), "--format", "json"]);
        Assert.True(exitCode == 0, $"{exitCode} {error} {output}");
        Assert.Equal("shell-permission-denied", Id(output));
    }

    [Fact]
    public async Task Sarif_has_the_keys_its_readers_require()
    {
        var (exitCode, output, _) = await RunAsync(["diagnose", Write("a job.log", PermissionLog), Write("two.log", NetworkLog), "--format", "sarif"]);
        Assert.Equal(0, exitCode);
        var sarif = JsonDocument.Parse(output).RootElement;
        Assert.Equal("2.1.0", sarif.GetProperty("version").GetString());
        Assert.StartsWith("https://", sarif.GetProperty("$schema").GetString(), StringComparison.Ordinal);
        var run = Assert.Single(sarif.GetProperty("runs").EnumerateArray());
        var rules = run.GetProperty("tool").GetProperty("driver").GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("id").GetString()).ToList();
        Assert.Equal("qmoi", run.GetProperty("tool").GetProperty("driver").GetProperty("name").GetString());
        Assert.Equal(2, run.GetProperty("results").GetArrayLength());
        foreach (var result in run.GetProperty("results").EnumerateArray())
        {
            Assert.Contains(result.GetProperty("ruleId").GetString(), rules);
            Assert.Equal("error", result.GetProperty("level").GetString());
            Assert.NotEmpty(result.GetProperty("message").GetProperty("text").GetString()!);
            Assert.NotEmpty(result.GetProperty("partialFingerprints").EnumerateObject());
            var place = result.GetProperty("locations")[0].GetProperty("physicalLocation");
            Assert.True(Uri.IsWellFormedUriString(place.GetProperty("artifactLocation").GetProperty("uri").GetString(), UriKind.RelativeOrAbsolute));
            Assert.True(place.GetProperty("region").GetProperty("startLine").GetInt32() >= 1);
        }
    }

    [Fact]
    public async Task Code_quality_has_the_keys_GitLab_requires()
    {
        Write("job.log", PermissionLog);
        var (exitCode, output, _) = await RunAsync(["diagnose", "job.log", "--format", "codequality"]);
        Assert.Equal(0, exitCode);
        var issue = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        foreach (var key in new[] { "description", "check_name", "fingerprint" })
            Assert.NotEmpty(issue.GetProperty(key).GetString()!);
        Assert.Contains(issue.GetProperty("severity").GetString(), new[] { "info", "minor", "major", "critical", "blocker" });
        Assert.Equal("job.log", issue.GetProperty("location").GetProperty("path").GetString());
        Assert.Equal(2, issue.GetProperty("location").GetProperty("lines").GetProperty("begin").GetInt32());
    }

    [Fact]
    public async Task Two_logs_with_one_cause_are_two_issues()
    {
        var (_, output, _) = await RunAsync(["diagnose", Write("one.log", PermissionLog), Write("two.log", PermissionLog), "--format", "codequality"]);
        Assert.Equal(2, JsonDocument.Parse(output).RootElement.EnumerateArray().Select(issue => issue.GetProperty("fingerprint").GetString()).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task A_GitHub_annotation_is_one_line_for_each_log()
    {
        var hostile = Write("hostile.log", "$ ./a\r\nbash: line 1: ./a%0A::stop-commands::x: Permission denied\r\n");
        var (_, output, _) = await RunAsync(["diagnose", Write("one.log", PermissionLog), hostile, "--format", "github"]);
        var lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("::error title=", line, StringComparison.Ordinal));
        Assert.DoesNotContain("./a%0A", output, StringComparison.Ordinal);
    }

    // ---- fix

    [Fact]
    public async Task A_printed_patch_is_one_that_git_applies()
    {
        var repository = await CheckoutAsync();
        var (exitCode, output, error) = await RunAsync(["fix", repository, "--log", Write("job.log", PermissionLog)]);
        Assert.True(exitCode == 0, error);
        await GitAsync(repository, "apply", "--check", Write("fix.patch", output));
        Assert.Empty(await GitAsync(repository, "status", "--porcelain"));
        await GitAsync(repository, "apply", Path.Combine(folder.FullName, "fix.patch"));
        Assert.Contains("new mode 100755", await GitAsync(repository, "diff"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_applied_patch_is_left_uncommitted()
    {
        var repository = await CheckoutAsync();
        var (exitCode, _, error) = await RunAsync(["fix", repository, "--log", Write("job.log", PermissionLog), "--apply"]);
        Assert.True(exitCode == 0, error);
        Assert.Equal(" M check.sh", (await GitAsync(repository, "status", "--porcelain")).TrimEnd());
        Assert.Equal("1", (await GitAsync(repository, "rev-list", "--count", "HEAD")).Trim());
    }

    [Fact]
    public async Task The_last_object_of_a_fix_has_the_promised_shape()
    {
        var repository = await CheckoutAsync();
        var (exitCode, output, _) = await RunAsync(["fix", repository, "--log", Write("job.log", PermissionLog), "--json"]);
        Assert.Equal(0, exitCode);
        var result = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;
        Assert.Equal(["decision", "diagnosis", "fixer", "files", "patch", "verified", "risk", "reason", "cost", "elapsedMs"], Names(result));
        Assert.Equal(("heal", "shell-permission-denied"), (result.GetProperty("decision").GetString(), result.GetProperty("fixer").GetString()));
        Assert.Equal("check.sh", Assert.Single(result.GetProperty("files").EnumerateArray()).GetString());
        Assert.StartsWith("diff --git ", result.GetProperty("patch").GetString(), StringComparison.Ordinal);
        Assert.Equal((0, 0d), (result.GetProperty("cost").GetProperty("llmCalls").GetInt32(), result.GetProperty("cost").GetProperty("usd").GetDouble()));
        Assert.Equal("shell-permission-denied", result.GetProperty("diagnosis").GetProperty("id").GetString());
    }

    [Theory]
    [InlineData(NetworkLog, 10, "retry"), InlineData(StrangeLog, 3, "explain")]
    public async Task Without_a_patch_the_decision_is_the_exit_code(string log, int expected, string decision)
    {
        var (exitCode, output, error) = await RunAsync(["fix", await CheckoutAsync(), "--log", Write("job.log", log), "--json"]);
        Assert.True(exitCode == expected, error);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(decision, result.GetProperty("decision").GetString());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("patch").ValueKind);
        Assert.NotEmpty(result.GetProperty("reason").GetString()!);
    }

    [Fact]
    public async Task A_fixed_repository_is_not_fixed_again()
    {
        var repository = await CheckoutAsync();
        var log = Write("job.log", PermissionLog);
        Assert.Equal(0, (await RunAsync(["fix", repository, "--log", log, "--apply"])).ExitCode);
        var (exitCode, output, _) = await RunAsync(["fix", repository, "--log", log, "--apply"]);
        Assert.Equal(3, exitCode);
        Assert.Empty(output);
    }

    [Fact]
    public async Task What_does_not_exist_cannot_be_fixed()
    {
        var log = Write("job.log", PermissionLog);
        var (noRepository, _, error) = await RunAsync(["fix", Path.Combine(folder.FullName, "nowhere"), "--log", log]);
        Assert.Equal((4, true), (noRepository, OneLine(error).Contains("nowhere", StringComparison.Ordinal)));
        var (noLog, _, complaint) = await RunAsync(["fix", folder.FullName, "--log", Path.Combine(folder.FullName, "missing.log")]);
        Assert.Equal((4, true), (noLog, OneLine(complaint).Contains("missing.log", StringComparison.Ordinal)));
    }

    // ---- catalog

    [Fact]
    public async Task One_failure_is_explained_and_an_unknown_one_is_not_found()
    {
        var (exitCode, output, error) = await RunAsync(["catalog", "disk-full"]);
        Assert.True(exitCode == 0, error);
        Assert.Contains("No space left on device", output, StringComparison.Ordinal);
        Assert.Contains("next: ", output, StringComparison.Ordinal);

        (exitCode, _, error) = await RunAsync(["catalog", "disk"]);
        Assert.Equal(4, exitCode);
        Assert.Contains("did you mean disk-full", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_known_failures_is_what_the_catalogue_says()
    {
        var (exitCode, output, error) = await RunAsync(["catalog", "--markdown"]);
        Assert.True(exitCode == 0, error);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(QmoiProcess.Root, "docs", "failures.md"), TestContext.Current.CancellationToken), output);
    }

    [Fact]
    public async Task The_catalogue_is_a_sorted_list_in_the_words_of_the_contract()
    {
        var (exitCode, output, _) = await RunAsync(["catalog", "--json"]);
        Assert.Equal(0, exitCode);
        var entries = JsonDocument.Parse(output).RootElement.EnumerateArray().ToList();
        var ids = entries.ConvertAll(entry => entry.GetProperty("id").GetString()!);
        Assert.True(ids.Count >= 30);
        Assert.Equal(ids.Order(StringComparer.Ordinal).Distinct(StringComparer.Ordinal), ids);
        Assert.All(entries, entry =>
        {
            Assert.Contains(entry.GetProperty("category").GetString(), Categories);
            Assert.Contains(entry.GetProperty("action").GetString(), Actions);
        });
        Assert.True(entries.Single(entry => entry.GetProperty("id").GetString() == "shell-permission-denied").GetProperty("fixer").GetBoolean());
        var (_, table, _) = await RunAsync(["catalog"]);
        Assert.Contains("shell-permission-denied", table, StringComparison.Ordinal);
    }

    // ---- deliveries and replay

    [Fact]
    public async Task Deliveries_are_listed_one_object_a_line_as_promised()
    {
        var (replayed, said, error) = await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data]);
        Assert.True(replayed == 0, error);
        Assert.StartsWith("ignored: ", said, StringComparison.Ordinal);

        var (exitCode, output, _) = await RunAsync(["deliveries", "--json", "--data", Data]);
        Assert.Equal(0, exitCode);
        var row = JsonDocument.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(["forge", "id", "event", "repository", "state", "result", "receivedAt"], Names(row));
        Assert.Equal(
            ("github", "one", "push", "acme/app", "ignored"),
            (row.GetProperty("forge").GetString(), row.GetProperty("id").GetString(), row.GetProperty("event").GetString(), row.GetProperty("repository").GetString(), row.GetProperty("state").GetString()));
        Assert.EndsWith("Z", row.GetProperty("receivedAt").GetString(), StringComparison.Ordinal);
        Assert.True(DateTimeOffset.TryParse(row.GetProperty("receivedAt").GetString(), out _));
    }

    [Fact]
    public async Task Deliveries_are_chosen_by_state_and_time()
    {
        Assert.Equal(0, (await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data])).ExitCode);
        foreach (var (choice, expected) in new[] { ("--state ignored", 1), ("--state dead", 0), ("--since 1h", 1), ("--since 0.5d", 1), ("--since 2999-01-01T00:00:00Z", 0), ("--since 2020-01-01", 1) })
        {
            var (exitCode, output, error) = await RunAsync(["deliveries", "--json", "--data", Data, .. choice.Split(' ')]);
            Assert.True(exitCode == 0, error);
            Assert.True(expected == output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, choice);
        }
        var (_, table, _) = await RunAsync(["deliveries", "--data", Data]);
        Assert.Contains("acme/app", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_delivery_is_replayed_by_its_id()
    {
        Assert.Equal(0, (await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data])).ExitCode);
        var (exitCode, output, error) = await RunAsync(["replay", "one", "--data", Data]);
        Assert.True(exitCode == 0, error);
        Assert.StartsWith("ignored: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recorded_delivery_whose_body_is_stored_already_is_replayed_under_the_stored_one()
    {
        Assert.Equal(0, (await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data])).ExitCode);
        var (exitCode, output, error) = await RunAsync(["replay", Write("again.json", Recorded("two", "main")), "--data", Data]);
        Assert.True(exitCode == 0, error);
        Assert.StartsWith("ignored: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recorded_delivery_that_takes_a_stored_ones_id_is_refused()
    {
        Assert.Equal(0, (await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data])).ExitCode);
        var (exitCode, output, error) = await RunAsync(["replay", Write("other.json", Recorded("one", "other")), "--data", Data]);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains("another body", OneLine(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_delivery_is_not_found()
    {
        var (exitCode, output, error) = await RunAsync(["replay", "no-such-delivery", "--data", Data]);
        Assert.Equal(4, exitCode);
        Assert.Empty(output);
        Assert.Contains("no-such-delivery", OneLine(error), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{"), InlineData("[]"), InlineData("null"), InlineData("{}"), InlineData("""{"forge":"sourcehut","headers":{},"body":{}}"""), InlineData("""{"forge":"github","headers":{},"body":{}}""")]
    [InlineData("""{"forge":"github","headers":{"x-github-event":"push","x-github-delivery":"a"}}"""), InlineData("""{"forge":"github","headers":null,"body":{}}""")]
    public async Task A_file_that_is_no_delivery_is_wrong_use(string content)
    {
        var (exitCode, _, error) = await RunAsync(["replay", Write("delivery.json", content), "--data", Data]);
        Assert.True(exitCode == 2, error);
        Assert.Contains("delivery.json", OneLine(error), StringComparison.Ordinal);
    }

    // ---- doctor

    [Fact]
    public async Task A_sound_installation_passes()
    {
        Assert.Equal(0, (await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data])).ExitCode);
        var (exitCode, output, error) = await RunAsync(["doctor", "--json", "--data", Data]);
        Assert.True(exitCode == 0, output + error);
        var findings = Findings(output);
        Assert.DoesNotContain("fail", findings.Values.Select(finding => finding.State));
        Assert.Equal(("ok", "ok", "ok"), (findings["settings"].State, findings["data folder"].State, findings["database"].State));
    }

    [Fact]
    public async Task A_data_folder_that_is_not_there_yet_is_made_on_request()
    {
        Assert.Equal("warn", Findings((await RunAsync(["doctor", "--json", "--data", Data])).Out)["data folder"].State);
        Assert.False(Directory.Exists(Data));
        Assert.Equal("ok", Findings((await RunAsync(["doctor", "--fix", "--json", "--data", Data])).Out)["data folder"].State);
        Assert.True(Directory.Exists(Data));
    }

    [Fact]
    public async Task A_bad_setting_fails_with_its_name_and_range()
    {
        var (exitCode, output, _) = await RunAsync(["doctor", "--json", "--data", Data], ("QMOI__Work__Workers", "900"));
        Assert.Equal(1, exitCode);
        var finding = Findings(output)["settings"];
        Assert.Equal("fail", finding.State);
        Assert.Contains("QMOI__Work__Workers: '900'", finding.Message, StringComparison.Ordinal);
        Assert.Contains("1 to 64", finding.Message, StringComparison.Ordinal);
        Assert.NotNull(finding.Remedy);
    }

    [Fact]
    public async Task A_token_without_a_secret_fails_with_what_to_set()
    {
        var (exitCode, output, _) = await RunAsync(["doctor", "--json", "--data", Data], ("GITLAB_TOKEN", "a-token-of-the-tests"));
        Assert.Equal(1, exitCode);
        Assert.Contains("GITLAB_WEBHOOK_SECRET", Findings(output)["GitLab"].Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("a-token-of-the-tests", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_data_folder_that_cannot_be_written_fails_with_a_remedy(bool isInsideAFile)
    {
        var file = Write("a-file", "");
        var (exitCode, output, _) = await RunAsync(["doctor", "--json", "--data", isInsideAFile ? Path.Combine(file, "data") : file]);
        Assert.Equal(1, exitCode);
        Assert.Equal("fail", Findings(output)["data folder"].State);
        Assert.NotNull(Findings(output)["data folder"].Remedy);
    }

    [Theory, InlineData(0), InlineData(20_000)]
    public async Task A_damaged_database_fails_with_a_remedy(int from)
    {
        Assert.Equal(0, (await RunAsync(["replay", Write("delivery.json", Recorded("one", "main")), "--data", Data])).ExitCode);
        var database = Path.Combine(Data, "qmoi.db");
        var bytes = await File.ReadAllBytesAsync(database, TestContext.Current.CancellationToken);
        bytes.AsSpan(from, Math.Min(8000, bytes.Length - from)).Fill(0xa5);
        await File.WriteAllBytesAsync(database, bytes, TestContext.Current.CancellationToken);

        var (exitCode, output, error) = await RunAsync(["doctor", "--json", "--data", Data]);
        Assert.True(exitCode == 1, error);
        Assert.Equal("fail", Findings(output)["database"].State);
        Assert.NotNull(Findings(output)["database"].Remedy);
        var (text, lines, _) = await RunAsync(["doctor", "--data", Data]);
        Assert.Equal(1, text);
        Assert.Contains("-> ", lines, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_database_is_told_in_one_line_by_the_other_commands()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "qmoi.db"), new string('x', 9000), TestContext.Current.CancellationToken);
        foreach (var command in new string[][] { ["deliveries"], ["replay", "one"] })
        {
            var (exitCode, _, error) = await RunAsync([.. command, "--data", Data]);
            Assert.Equal(2, exitCode);
            Assert.Contains("qmoi.db", OneLine(error), StringComparison.Ordinal);
        }
    }

    private string Data => Path.Combine(folder.FullName, "data");

    private sealed record Finding(string State, string Message, string? Remedy);

    private static Dictionary<string, Finding> Findings(string json) => JsonDocument.Parse(json).RootElement.EnumerateArray().ToDictionary(
        item => item.GetProperty("check").GetString()!, item => new Finding(item.GetProperty("state").GetString()!, item.GetProperty("message").GetString()!, item.GetProperty("remedy").GetString()), StringComparer.Ordinal);

    private static string Recorded(string id, string branch) => $$$$"""
        {"forge":"github","headers":{"X-GitHub-Event":"push","X-GitHub-Delivery":"{{{{id}}}}"},
         "body":{"ref":"refs/heads/{{{{branch}}}}","after":"1111111111111111111111111111111111111111","repository":{"id":7,"full_name":"acme/app","default_branch":"main"}}}
        """;

    private static string OneLine(string error)
    {
        Assert.StartsWith("qmoi: ", error, StringComparison.Ordinal);
        return Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private static string? Id(string output) => JsonDocument.Parse(output).RootElement[0].GetProperty("diagnoses")[0].GetProperty("id").GetString();

    private string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    private string Write(string name, byte[] content)
    {
        var file = Path.Combine(folder.FullName, name);
        File.WriteAllBytes(file, content);
        return file;
    }

    private Task<(int ExitCode, string Out, string Error)> RunAsync(string[] arguments, params (string Name, string Value)[] environment) =>
        QmoiProcess.RunAsync(arguments, environment.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal), folder: folder.FullName);

    private async Task<string> CheckoutAsync()
    {
        var repository = Directory.CreateDirectory(Path.Combine(folder.FullName, "repository")).FullName;
        await File.WriteAllTextAsync(Path.Combine(repository, "check.sh"), "#!/bin/sh\necho ok\n", TestContext.Current.CancellationToken);
        await GitAsync(repository, "init", "--quiet");
        await GitAsync(repository, "add", ".");
        await GitAsync(repository, "-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", "Start");
        return repository;
    }

    private static async Task<string> GitAsync(string repository, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = repository, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (git.StandardOutput.ReadToEndAsync(), git.StandardError.ReadToEndAsync());
        await git.WaitForExitAsync();
        Assert.True(git.ExitCode == 0, await error);
        return await output;
    }
}
