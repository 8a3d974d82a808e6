using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace QMoi.Tests.Functions;

/// <summary>What <c>qmoi diagnose</c> writes for people, scripts, code scanning, Code Quality and GitHub's runner, each read as its reader reads it.</summary>
/// <remarks>What is known about a failure is the catalogue's business: words are compared with what <c>--format json</c> says of the same log.</remarks>
public sealed partial class DiagnoseOutputs : IDisposable
{
    private const string TypeErrorLog = "$ tsc\nsrc/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.\nERROR: Job failed: exit code 1\n";
    private const string PermissionLog = "$ ./check.sh\nbash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n";
    private const string NetworkLog = "$ fetch-schema\ncurl: (6) Could not resolve host: schemas.acme.example\nERROR: Job failed: exit code 6\n";
    private const string StrangeLog = "$ ./ponder\nthe moon was in the wrong house\n";

    // Everything a reader of one of the formats could take for its own: the runner's commands and escapes, colours, a window title,
    // markup of the terminal library, of HTML and of SARIF, letters turned around, letters beyond ASCII.
    private const string HostileMessage =
        "Type '::error::x %0A%25 ##[error]y \u001b[31mred\u001b[0m \u001b]0;title\u0007 [red]markup[/] </script><!-- [link](https://evil.example) {0} \u202e\u2028 \u00fc \u4e2d \ud83d\ude00 \"quoted\" \\ back' is wrong.";

    private const string HostileLog = "$ tsc\n::stop-commands::token\nsrc/[red] a%0A,b #1 \u00fc.ts(3,5): error TS2322: " + HostileMessage + "\r\n::warning::not yours\n##[add-path]/tmp\nERROR: Job failed: exit code 1\n";

    private static readonly string[] Formats = ["text", "json", "sarif", "codequality", "github"];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose() => folder.Delete(recursive: true);

    public static TheoryData<string> AllFormats => [.. Formats];

    // All but the slash, which no name can have.
    private static readonly string[] HostileNames = ["a b#c%d,e;f.log", "::error::x.log", "[red]bold[[.log", "\u00fc\u4e2d\ud83d\ude00.log", "new\nline\u001b[31m.log", "a%20b?c&d=e.log", "<script>.log", "-dash-.log"];

    // ---- text

    [Fact]
    public async Task The_cause_comes_first_then_its_lines_then_what_to_do_and_one_line_of_facts()
    {
        Write("job.log", "one\ntwo\n" + PermissionLog);
        var diagnosis = (await JsonAsync("job.log"))[0].GetProperty("diagnoses")[0];
        var lines = (await RunAsync("text", "job.log")).Split('\n');
        Assert.Matches("^job[.]log:4: .+$", lines[0]);
        Assert.Equal("  " + diagnosis.GetProperty("summary").GetString(), lines[1]);
        Assert.Contains("    3 | $ ./check.sh", lines);
        Assert.Contains("  > 4 | bash: line 1: ./check.sh: Permission denied", lines);
        Assert.Contains("    5 | ERROR: Job failed: exit code 126", lines);
        var next = Array.IndexOf(lines, "  next: " + diagnosis.GetProperty("next").GetString());
        Assert.True(next > Array.FindLastIndex(lines, line => line.Contains(" | ", StringComparison.Ordinal)));
        Assert.Matches("^  [(]shell-permission-denied, config, not worth a retry, [0-9]{2} % sure[)]$", lines[next + 1]);
        Assert.Equal("", lines[^1]);
        Assert.DoesNotContain("", lines[..^1]);
    }

    [Fact]
    public async Task A_failure_that_passes_is_worth_a_retry()
    {
        Write("job.log", NetworkLog);
        Assert.Contains(", worth a retry, ", await RunAsync("text", "job.log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_and_third_causes_take_a_line_each()
    {
        Write("job.log", "$ build\n" + string.Concat(Enumerable.Repeat("noise\n", 8)) + "curl: (6) Could not resolve host: schemas.acme.example\n" + string.Concat(Enumerable.Repeat("noise\n", 8))
            + "src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.\n" + string.Concat(Enumerable.Repeat("noise\n", 8)) + "bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 1\n");
        var others = (await JsonAsync("job.log"))[0].GetProperty("diagnoses").EnumerateArray().Skip(1).Take(2).Where(other => other.GetProperty("confidence").GetDouble() >= 0.5).ToList();
        Assert.NotEmpty(others);
        var also = (await RunAsync("text", "job.log")).Split('\n').Where(line => line.StartsWith("  also: ", StringComparison.Ordinal)).ToList();
        Assert.Equal(others.Count, also.Count);
        foreach (var (other, line) in others.Zip(also))
            Assert.EndsWith($" (line {other.GetProperty("rootCause").GetProperty("line")}, {other.GetProperty("id").GetString()})", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_are_set_apart_and_more_than_three_are_summed_up()
    {
        Write("one.log", PermissionLog);
        Write("two.log", NetworkLog);
        Write("three.log", StrangeLog);
        var three = await RunAsync("text", "one.log", "two.log", "three.log");
        Assert.Equal(["one.log:2: ", "two.log:2: ", "three.log:2: "], three.Split("\n\n").Select(block => HeadOf().Match(block).Value));
        var four = await RunAsync("text", "one.log", "two.log", "three.log", "two.log");
        Assert.Equal("4 logs: 3 recognised (2 worth a retry), 1 not\n", four.Split("\n\n")[^1]);
    }

    [Fact]
    public async Task Lines_far_longer_than_a_screen_are_cut()
    {
        Write("job.log", $"$ tsc {new string('x', 9000)}\nsrc/a.ts(3,5): error TS2322: Type '{new string('y', 60_000)}' is wrong.\n");
        foreach (var line in (await RunAsync("text", "job.log")).Split('\n'))
            Assert.InRange(line.Length, 0, 600);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Colour_is_for_terminals_whose_owner_did_not_refuse_it(bool isRefused)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script, which makes a terminal, is part of Debian's bsdutils");
        Write("job.log", HostileLog);
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", $"'{Path.Combine(QmoiProcess.Root, "functions", "bin", "Release", "net10.0", "qmoi")}' diagnose job.log", "/dev/null"])
        {
            WorkingDirectory = folder.FullName, RedirectStandardInput = true, RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment.Remove("NO_COLOR");
        if (isRefused)
            start.Environment["NO_COLOR"] = "1";
        using var run = Process.Start(start)!;
        var output = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();

        Assert.Equal(isRefused, !Colour().IsMatch(output));
        // What the runtime switches on at every start, and our colours, are the only controls: nothing of the log is one.
        var rest = Colour().Replace(output.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal), "").ReplaceLineEndings("\n");
        Assert.DoesNotContain(rest, letter => char.IsControl(letter) && letter != '\n');
        Assert.Contains("[red] a%0A,b #1 \u00fc.ts(3,5)", rest, StringComparison.Ordinal);
        Assert.Contains("[red]markup[/]", rest, StringComparison.Ordinal);
    }

    // ---- json

    [Fact]
    public async Task Json_has_the_promised_names_and_types_in_one_object_for_each_log()
    {
        Write("one.log", HostileLog);
        Write("empty.log", "");
        foreach (var item in await JsonAsync("one.log", "empty.log"))
        {
            Assert.Equal(["log", "lines", "bytes", "elapsedMs", "diagnoses"], Names(item));
            Assert.True(item.GetProperty("elapsedMs").GetDouble() >= 0);
            foreach (var diagnosis in item.GetProperty("diagnoses").EnumerateArray())
            {
                Assert.Equal(["id", "category", "transient", "confidence", "rootCause", "captures", "action", "summary", "next"], Names(diagnosis));
                Assert.InRange(diagnosis.GetProperty("confidence").GetDouble(), 0, 1);
                Assert.Contains(diagnosis.GetProperty("transient").ValueKind, new[] { JsonValueKind.True, JsonValueKind.False });
                Assert.All(diagnosis.GetProperty("captures").EnumerateObject(), capture => Assert.Equal(JsonValueKind.String, capture.Value.ValueKind));
                var cause = diagnosis.GetProperty("rootCause");
                Assert.Equal(["line", "endLine", "text"], Names(cause));
                Assert.InRange(cause.GetProperty("endLine").GetInt32() - cause.GetProperty("line").GetInt32(), 0, 9);
            }
        }
    }

    // ---- sarif

    [Fact]
    public async Task Sarif_is_valid_by_the_schema_of_the_standard()
    {
        Write("one.log", TypeErrorLog);
        Write("two.log", HostileLog);
        Write("three.log", NetworkLog);
        Write("four.log", "");
        var sarif = Json(await RunAsync("sarif", "one.log", "two.log", "three.log", "four.log", "two.log"));
        Assert.Empty(JsonSchema.Sarif.Problems(sarif));
        Assert.Equal(5, sarif.GetProperty("runs")[0].GetProperty("results").GetArrayLength());
    }

    [Fact]
    public async Task What_breaks_the_schema_is_seen()
    {
        Write("one.log", TypeErrorLog);
        var sarif = await RunAsync("sarif", "one.log");
        foreach (var (right, wrong) in new[]
        {
            ("\"level\":\"error\"", "\"level\":\"bad\""), ("\"message\":", "\"massage\":"), ("\"startLine\":3", "\"startLine\":0"), ("\"startLine\":3", "\"startLine\":\"3\""),
            ("\"version\":\"2.1.0\"", "\"version\":\"2.2.0\""), ("\"ruleIndex\":0", "\"ruleIndex\":-2"), ("\"tags\":[", "\"tags\":[\"compile\","), ("https://json", "json"),
        })
        {
            Assert.Contains(right, sarif, StringComparison.Ordinal);
            Assert.NotEmpty(JsonSchema.Sarif.Problems(Json(sarif.Replace(right, wrong, StringComparison.Ordinal))));
        }
    }

    [Fact]
    public async Task Sarif_holds_what_code_scanning_wants()
    {
        Write("one.log", TypeErrorLog);
        Write("two.log", HostileLog.Replace("is wrong", new string('z', 5000), StringComparison.Ordinal));
        Write("three.log", NetworkLog);
        Write("four.log", StrangeLog);
        var log = Json(await RunAsync("sarif", "one.log", "two.log", "three.log", "four.log"));
        Assert.Equal("https://json.schemastore.org/sarif-2.1.0.json", log.GetProperty("$schema").GetString());
        var run = Assert.Single(log.GetProperty("runs").EnumerateArray());
        var driver = run.GetProperty("tool").GetProperty("driver");
        Assert.Equal("qmoi", driver.GetProperty("name").GetString());
        Assert.Matches("^[0-9]+[.][0-9]+[.][0-9]+", driver.GetProperty("version").GetString());
        var rules = driver.GetProperty("rules").EnumerateArray().ToList();
        Assert.Equal(rules.Count, rules.Select(rule => rule.GetProperty("id").GetString()).Distinct(StringComparer.Ordinal).Count());
        foreach (var rule in rules)
        {
            foreach (var text in new[] { "shortDescription", "fullDescription", "help" })
                Assert.InRange(rule.GetProperty(text).GetProperty("text").GetString()!.Length, 1, 1024);
            Assert.Equal("error", rule.GetProperty("defaultConfiguration").GetProperty("level").GetString());
            Assert.Single(rule.GetProperty("properties").GetProperty("tags").EnumerateArray());
        }
        foreach (var result in run.GetProperty("results").EnumerateArray())
        {
            Assert.Equal(result.GetProperty("ruleId").GetString(), rules[result.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString());
            Assert.Equal("error", result.GetProperty("level").GetString());
            Assert.InRange(result.GetProperty("message").GetProperty("text").GetString()!.Length, 1, 1024);
            Assert.DoesNotContain("](", result.GetProperty("message").GetProperty("text").GetString(), StringComparison.Ordinal);
            Assert.InRange(result.GetProperty("rank").GetDouble(), 0, 100);
            Assert.NotEmpty(result.GetProperty("partialFingerprints").GetProperty("primaryLocationLineHash").GetString()!);
            var place = Assert.Single(result.GetProperty("locations").EnumerateArray()).GetProperty("physicalLocation");
            var region = place.GetProperty("region");
            foreach (var number in new[] { "startLine", "startColumn", "endLine", "endColumn" })
                Assert.True(region.GetProperty(number).GetInt32() >= 1);
            Assert.True(region.GetProperty("endLine").GetInt32() >= region.GetProperty("startLine").GetInt32());
        }
    }

    [Fact]
    public async Task Sarif_points_at_the_source_file_and_from_there_at_the_log()
    {
        Write("job.log", TypeErrorLog);
        var result = Assert.Single(Json(await RunAsync("sarif", "job.log")).GetProperty("runs")[0].GetProperty("results").EnumerateArray());
        var source = result.GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.Equal("src/a.ts", source.GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal((3, 5), (source.GetProperty("region").GetProperty("startLine").GetInt32(), source.GetProperty("region").GetProperty("startColumn").GetInt32()));
        var log = Assert.Single(result.GetProperty("relatedLocations").EnumerateArray()).GetProperty("physicalLocation");
        Assert.Equal("job.log", log.GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal(2, log.GetProperty("region").GetProperty("startLine").GetInt32());
        Assert.Equal(TypeErrorLog.Split('\n')[1], log.GetProperty("region").GetProperty("snippet").GetProperty("text").GetString());
    }

    [Fact]
    public async Task One_cause_has_one_fingerprint_whatever_log_it_is_in()
    {
        Write("one.log", TypeErrorLog);
        Write("two.log", "more\nlines\n" + TypeErrorLog);
        var results = Json(await RunAsync("sarif", "one.log", "two.log")).GetProperty("runs")[0].GetProperty("results").EnumerateArray();
        Assert.Single(results.Select(result => result.GetProperty("partialFingerprints").GetRawText()).Distinct(StringComparer.Ordinal));
    }

    // ---- codequality

    [Fact]
    public async Task Code_quality_keeps_the_rules_of_GitLab()
    {
        Write("one.log", TypeErrorLog);
        Write("two.log", HostileLog);
        Write("three.log", NetworkLog);
        Write("four.log", StrangeLog);
        var elsewhere = Directory.CreateTempSubdirectory("qmoi-test-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(elsewhere.FullName, "far.log"), NetworkLog);
            var issues = CodeQuality(await RunAsync("codequality", "./one.log", "one.log", "two.log", Path.Combine(folder.FullName, "three.log"), "four.log", Path.Combine(elsewhere.FullName, "far.log")));
            Assert.Equal(["src/a.ts", "src/a.ts", "src/[red] a%0A,b #1 \u00fc.ts", "three.log", "four.log", "far.log"], issues.Select(issue => issue.Path));
            Assert.Equal([3, 3, 3, 2, 2, 2], issues.Select(issue => issue.Line));
            Assert.Equal(["major", "major", "major", "minor", "info", "minor"], issues.Select(issue => issue.Severity));
        }
        finally
        {
            elsewhere.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_issue_is_the_same_one_in_the_next_pipeline()
    {
        Write("first.log", TypeErrorLog);
        Write("second.log", "another\nstart\n" + TypeErrorLog);
        Assert.Equal(CodeQuality(await RunAsync("codequality", "first.log"))[0].Fingerprint, CodeQuality(await RunAsync("codequality", "second.log"))[0].Fingerprint);
    }

    // ---- github

    [Fact]
    public async Task An_annotation_stands_at_the_source_file_or_else_at_the_log()
    {
        Write("one.log", TypeErrorLog);
        Write("two.log", NetworkLog);
        var commands = Commands(await RunAsync("github", "one.log", "two.log"));
        Assert.Equal(2, commands.Count);
        Assert.All(commands, command => Assert.Equal("error", command.Name));
        Assert.Equal(("src/a.ts", "3", "3", "5"), (commands[0].Properties["file"], commands[0].Properties["line"], commands[0].Properties["endLine"], commands[0].Properties["col"]));
        Assert.Equal(("two.log", "2", "2"), (commands[1].Properties["file"], commands[1].Properties["line"], commands[1].Properties["endLine"]));
        Assert.DoesNotContain("col", commands[1].Properties.Keys);
        var diagnosis = (await JsonAsync("one.log"))[0].GetProperty("diagnoses")[0];
        Assert.Equal($"{diagnosis.GetProperty("summary").GetString()}\n{diagnosis.GetProperty("next").GetString()}\none.log:2: {diagnosis.GetProperty("rootCause").GetProperty("text").GetString()}", commands[0].Data);
    }

    [Fact]
    public async Task An_annotation_of_standard_input_names_a_file_only_where_the_log_does()
    {
        Assert.DoesNotContain("file", Assert.Single(Commands((await QmoiProcess.RunAsync(["diagnose", "-", "--format", "github"], input: NetworkLog)).Out)).Properties.Keys);
        Assert.Equal("src/a.ts", Assert.Single(Commands((await QmoiProcess.RunAsync(["diagnose", "-", "--format", "github"], input: TypeErrorLog)).Out)).Properties["file"]);
    }

    // ---- the source file

    [Fact]
    public async Task A_source_file_is_named_from_the_top_of_the_checkout_or_not_at_all()
    {
        (string InLog, string? Expected)[] files =
        [
            ("src/a.ts", "src/a.ts"), ("./src/./a.ts", "src/a.ts"), ("src\\a.ts", "src/a.ts"), ("packages/one/../two/a.ts", "packages/two/a.ts"),
            ("/builds/acme/app/src/a.ts", "src/a.ts"), ("/home/runner/work/app/app/src/a.ts", "src/a.ts"), ("/__w/app/app/src/a.ts", "src/a.ts"), ("D:\\a\\app\\app\\src\\a.ts", "src/a.ts"),
            ($"{folder.FullName}/src/a.ts", "src/a.ts"), ("../elsewhere/a.ts", null), ("/usr/lib/node_modules/a.ts", null), ("<stdin>", null),
        ];
        string[] logs = [.. files.Select((_, index) => $"{index}.log")];
        foreach (var (file, log) in files.Zip(logs))
            Write(log, TypeErrorLog.Replace("src/a.ts", file.InLog, StringComparison.Ordinal));
        Assert.Equal(files.Select(file => file.InLog), (await JsonAsync(logs)).Select(item => item.GetProperty("diagnoses")[0].GetProperty("captures").GetProperty("file").GetString()));
        Assert.Equal(files.Zip(logs).Select(pair => pair.First.Expected is { } expected ? (expected, 3) : (pair.Second, 2)), CodeQuality(await RunAsync("codequality", logs)).Select(issue => (issue.Path, issue.Line)));
    }

    // ---- all of them

    [Fact]
    public async Task What_a_log_says_is_never_more_than_text()
    {
        Write("job.log", HostileLog);
        var diagnosis = (await JsonAsync("job.log"))[0].GetProperty("diagnoses")[0];
        Assert.Equal("src/[red] a%0A,b #1 \u00fc.ts", diagnosis.GetProperty("captures").GetProperty("file").GetString());
        foreach (var said in new[] { "::error::x %0A%25", "[red]markup[/]", "</script><!--", "[link](https://evil.example)", "{0}", "\ud83d\ude00", "\"quoted\" \\ back" })
            Assert.Contains(said, diagnosis.GetProperty("rootCause").GetProperty("text").GetString(), StringComparison.Ordinal);

        var text = await RunAsync("text", "job.log");
        Assert.DoesNotContain(text, letter => (char.IsControl(letter) && letter != '\n') || letter is '\u202e' or '\u2028');
        Assert.Contains("[red]markup[/] </script>", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Split('\n'), line => line.TrimStart().StartsWith("::", StringComparison.Ordinal));

        var command = Assert.Single(Commands(await RunAsync("github", "job.log")));
        Assert.Equal("src/[red] a%0A,b #1 \u00fc.ts", command.Properties["file"]);
        Assert.Contains("::error::x %0A%25", command.Data, StringComparison.Ordinal);
        Assert.DoesNotContain(command.Data, letter => char.IsControl(letter) && letter != '\n');

        var sarif = await RunAsync("sarif", "job.log");
        Assert.DoesNotContain("</script", sarif, StringComparison.Ordinal);
        var uri = Json(sarif).GetProperty("runs")[0].GetProperty("results")[0].GetProperty("locations")[0].GetProperty("physicalLocation").GetProperty("artifactLocation").GetProperty("uri").GetString()!;
        Assert.Equal("src/%5Bred%5D%20a%250A%2Cb%20%231%20%C3%BC.ts", uri);
        Assert.DoesNotContain("</script", await RunAsync("codequality", "job.log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_may_have_any_name()
    {
        string[] given = [.. HostileNames.Select(name => name.StartsWith('-') ? "./" + name : name)];
        foreach (var name in HostileNames)
            Write(name, NetworkLog);
        Assert.Equal(given, (await JsonAsync(given)).Select(item => item.GetProperty("log").GetString()));

        var text = await RunAsync("text", given);
        Assert.DoesNotContain(text, letter => char.IsControl(letter) && letter != '\n');
        Assert.Equal(given.Select(name => name.Replace('\n', ' ').Replace('\u001b', '\ufffd')), text.Split("\n\n").SkipLast(1).Select(block => block[..block.IndexOf(":2: ", StringComparison.Ordinal)]));

        var sarif = Json(await RunAsync("sarif", given));
        Assert.Empty(JsonSchema.Sarif.Problems(sarif));
        var uris = sarif.GetProperty("runs")[0].GetProperty("results").EnumerateArray().Select(result => result.GetProperty("locations")[0].GetProperty("physicalLocation").GetProperty("artifactLocation").GetProperty("uri").GetString()!).ToList();
        Assert.All(uris, uri => Assert.Matches("^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+$", uri));
        Assert.Equal(HostileNames, uris.Select(Uri.UnescapeDataString));

        Assert.Equal(HostileNames, CodeQuality(await RunAsync("codequality", given)).Select(issue => issue.Path));
        Assert.Equal(HostileNames, Commands(await RunAsync("github", given)).Select(command => command.Properties["file"]));
    }

    [Fact]
    public async Task A_terminal_of_another_encoding_still_gets_json()
    {
        Write("job.log", HostileLog);
        var (_, output, _) = await QmoiProcess.RunAsync(["diagnose", "job.log", "--format", "json"], new Dictionary<string, string>(StringComparer.Ordinal) { ["LC_ALL"] = "en_US.ISO-8859-1" }, folder: folder.FullName);
        Assert.Contains("\u00fc", Json(output)[0].GetProperty("diagnoses")[0].GetProperty("summary").GetString(), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(AllFormats))]
    public async Task The_same_logs_give_the_same_bytes(string format)
    {
        Write("one.log", HostileLog);
        Write("two.log", NetworkLog);
        var outputs = new List<string>();
        for (var run = 0; run < 2; run++)
            outputs.Add(Elapsed().Replace(await RunAsync(format, "one.log", "two.log", "one.log"), ""));
        Assert.Equal(outputs[0], outputs[1]);
        Assert.EndsWith("\n", outputs[0], StringComparison.Ordinal);
        Assert.False(outputs[0].EndsWith("\n\n", StringComparison.Ordinal));
    }

    [Theory, InlineData("text", ""), InlineData("json", "[]\n"), InlineData("codequality", "[]\n"), InlineData("github", ""), InlineData("sarif", null)]
    public async Task No_readable_log_is_an_empty_report(string format, string? expected)
    {
        var (exitCode, output, _) = await QmoiProcess.RunAsync(["diagnose", "missing.log", "--format", format], folder: folder.FullName);
        Assert.Equal(4, exitCode);
        if (expected is not null)
            Assert.Equal(expected, output);
        else
            Assert.Empty(JsonSchema.Sarif.Problems(Json(output)));
    }

    [Fact]
    public async Task Standard_input_is_called_stdin()
    {
        foreach (var format in Formats)
        {
            var (exitCode, output, _) = await QmoiProcess.RunAsync(["diagnose", "-", "--format", format], input: NetworkLog);
            Assert.Equal(0, exitCode);
            switch (format)
            {
                case "text":
                    Assert.StartsWith("stdin:2: ", output, StringComparison.Ordinal);
                    break;
                case "sarif":
                    Assert.Empty(JsonSchema.Sarif.Problems(Json(output)));
                    Assert.Contains("\"uri\":\"stdin\"", output, StringComparison.Ordinal);
                    break;
                case "codequality":
                    Assert.Equal("stdin", Assert.Single(CodeQuality(output)).Path);
                    break;
            }
        }
    }

    // ---- how each format's reader reads it

    private sealed record Issue(string Path, int Line, string Severity, string Fingerprint);

    /// <summary>The rules of docs.gitlab.com/ci/testing/code_quality, "Code Quality report format".</summary>
    private static List<Issue> CodeQuality(string output)
    {
        var issues = new List<Issue>();
        foreach (var issue in Json(output).EnumerateArray())
        {
            foreach (var name in new[] { "description", "check_name", "fingerprint" })
                Assert.False(string.IsNullOrWhiteSpace(issue.GetProperty(name).GetString()));
            var severity = issue.GetProperty("severity").GetString()!;
            Assert.Contains(severity, new[] { "info", "minor", "major", "critical", "blocker" });
            var path = issue.GetProperty("location").GetProperty("path").GetString()!;
            Assert.False(path.Length == 0 || path.StartsWith('/') || path.StartsWith("./", StringComparison.Ordinal), path);
            var begin = issue.GetProperty("location").GetProperty("lines").GetProperty("begin");
            Assert.True(begin.ValueKind == JsonValueKind.Number && begin.GetInt32() >= 1);
            issues.Add(new Issue(path, begin.GetInt32(), severity, issue.GetProperty("fingerprint").GetString()!));
        }
        Assert.Equal(issues.Count, issues.Select(issue => issue.Fingerprint).Distinct(StringComparer.Ordinal).Count());
        return issues;
    }

    private sealed record Command(string Name, IReadOnlyDictionary<string, string> Properties, string Data);

    /// <summary>As the runner reads a step's output: lines end at LF, CR or both; a command begins with two colons and its properties end at the next two. A line that is no command fails.</summary>
    private static List<Command> Commands(string output)
    {
        var commands = new List<Command>();
        using var reader = new StringReader(output);
        while (reader.ReadLine() is { } line)
        {
            Assert.StartsWith("::", line, StringComparison.Ordinal);
            var end = line.IndexOf("::", 2, StringComparison.Ordinal);
            Assert.True(end > 0, line);
            var head = line[2..end].Split(' ', 2);
            var properties = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var property in (head.Length > 1 ? head[1].Trim() : "").Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                var pair = property.Split('=', 2);
                properties.Add(pair[0], Unescaped(pair[1], "%0D\r", "%0A\n", "%3A:", "%2C,", "%25%"));
            }
            commands.Add(new Command(head[0], properties, Unescaped(line[(end + 2)..], "%0D\r", "%0A\n", "%25%")));
        }
        return commands;
    }

    private static string Unescaped(string text, params string[] escapes)
    {
        foreach (var escape in escapes)
            text = text.Replace(escape[..3], escape[3..], StringComparison.Ordinal);
        return text;
    }

    /// <summary>A value against a JSON schema. Knows the words that the schema of SARIF uses and fails on any other.</summary>
    private sealed class JsonSchema(JsonElement root)
    {
        /// <summary>The schema of the standard as it lies in the npm package @microsoft/sarif-multitool-linux 5.7.0 (MIT), line ends apart.</summary>
        public static JsonSchema Sarif { get; } = new(Json(File.ReadAllText(Path.Combine(QmoiProcess.Root, "tests", "Functions", "sarif-2.1.0.schema.json"))));

        public IReadOnlyList<string> Problems(JsonElement value) => [.. Check(value, root, "$")];

        private IEnumerable<string> Check(JsonElement value, JsonElement schema, string where) => schema.EnumerateObject().SelectMany(word => Check(value, schema, word, where));

        private IEnumerable<string> Check(JsonElement value, JsonElement schema, JsonProperty word, string where) => word.Name switch
        {
            "$schema" or "$id" or "title" or "description" or "default" or "definitions" => [],
            "$ref" => Check(value, Definition(word.Value.GetString()!), where),
            "type" => Fails(IsType(value, word.Value.GetString()!), $"{where} is no {word.Value}"),
            "enum" => Fails(word.Value.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)), $"{where} is {value}, none of {word.Value}"),
            "format" => Fails(value.ValueKind != JsonValueKind.String || HasFormat(value.GetString()!, word.Value.GetString()!), $"{where} is {value}, no {word.Value}"),
            "pattern" => Fails(value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, word.Value.GetString()!, RegexOptions.ECMAScript, TimeSpan.FromSeconds(5)), $"{where} is {value}, not like {word.Value}"),
            "minimum" => Fails(value.ValueKind != JsonValueKind.Number || value.GetDouble() >= word.Value.GetDouble(), $"{where} is {value}, less than {word.Value}"),
            "maximum" => Fails(value.ValueKind != JsonValueKind.Number || value.GetDouble() <= word.Value.GetDouble(), $"{where} is {value}, more than {word.Value}"),
            "minItems" => Fails(value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= word.Value.GetInt32(), $"{where} has fewer items than {word.Value}"),
            "uniqueItems" => Fails(!word.Value.GetBoolean() || value.ValueKind != JsonValueKind.Array || AreUnique([.. value.EnumerateArray()]), $"{where} has an item twice"),
            "items" => value.ValueKind != JsonValueKind.Array ? [] : value.EnumerateArray().SelectMany((item, index) => Check(item, word.Value, $"{where}[{index}]")),
            "required" => value.ValueKind != JsonValueKind.Object ? [] : word.Value.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{where}.{name} is missing"),
            "properties" => value.ValueKind != JsonValueKind.Object ? [] : value.EnumerateObject().SelectMany(property =>
                word.Value.TryGetProperty(property.Name, out var known) ? Check(property.Value, known, $"{where}.{property.Name}") : []),
            "additionalProperties" => value.ValueKind != JsonValueKind.Object ? [] : value.EnumerateObject()
                .Where(property => !schema.TryGetProperty("properties", out var known) || !known.TryGetProperty(property.Name, out _))
                .SelectMany(property => word.Value.ValueKind == JsonValueKind.Object ? Check(property.Value, word.Value, $"{where}.{property.Name}") : Fails(word.Value.GetBoolean(), $"{where}.{property.Name} is unknown")),
            "anyOf" => Fails(word.Value.EnumerateArray().Any(form => !Check(value, form, where).Any()), $"{where} has none of its forms"),
            "oneOf" => Fails(word.Value.EnumerateArray().Count(form => !Check(value, form, where).Any()) == 1, $"{where} has none or several of its forms"),
            _ => throw new NotSupportedException($"The schema says '{word.Name}'."),
        };

        private static IEnumerable<string> Fails(bool isFine, string problem) => isFine ? [] : [problem];

        private JsonElement Definition(string reference) => reference.Split('/').Skip(1).Aggregate(root, (element, part) => element.GetProperty(part));

        private static bool AreUnique(List<JsonElement> items) => !items.Where((item, index) => items.Take(index).Any(earlier => JsonElement.DeepEquals(item, earlier))).Any();

        private static bool IsType(JsonElement value, string type) => type switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "number" => value.ValueKind == JsonValueKind.Number,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            _ => throw new NotSupportedException(type),
        };

        private static bool HasFormat(string text, string format) => format switch
        {
            "uri" => Uri.IsWellFormedUriString(text, UriKind.Absolute),
            "uri-reference" => Uri.IsWellFormedUriString(text, UriKind.RelativeOrAbsolute),
            "date-time" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _),
            "uuid" => Guid.TryParse(text, out _),
            _ => throw new NotSupportedException(format),
        };
    }

    // ---- running it

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(folder.FullName, name), content);

    private async Task<string> RunAsync(string format, params string[] logs)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["diagnose", .. logs, "--format", format], folder: folder.FullName);
        Assert.True(exitCode is 0 or 3, error);
        Assert.Empty(error);
        return output;
    }

    private async Task<List<JsonElement>> JsonAsync(params string[] logs) => [.. Json(await RunAsync("json", logs)).EnumerateArray()];

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    [GeneratedRegex("^[a-z.]+:2: ", RegexOptions.NonBacktracking)]
    private static partial Regex HeadOf();

    [GeneratedRegex("\u001b\\[[0-9;]*m", RegexOptions.NonBacktracking)]
    private static partial Regex Colour();

    [GeneratedRegex("\"elapsedMs\":[0-9.E-]+", RegexOptions.NonBacktracking)]
    private static partial Regex Elapsed();
}
