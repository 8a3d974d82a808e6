using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

public sealed class LogDiagnoserTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Infrastructure_trouble_before_the_first_error_of_a_tool_is_the_cause()
    {
        var diagnosis = await FirstAsync("$ make\nnpm warn tar ENOSPC\ncc: No space left on device\nsrc/a.ts(3,7): error TS2322: no\nERROR: Job failed: exit code 1\n");
        Assert.Equal("disk-full", diagnosis.FailureId);
        Assert.Equal("make", diagnosis.Job.FailedCommand);
    }

    [Fact]
    public async Task What_a_tolerated_command_printed_is_not_the_cause()
    {
        var diagnosis = await FirstAsync("$ curl -f https://a.invalid || true\ncurl: (6) Could not resolve host: a.invalid\n$ npx tsc\nsrc/a.ts(3,7): error TS2322: no\nERROR: Job failed: exit code 2\n");
        Assert.Equal("tsc-type-error", diagnosis.FailureId);
        Assert.Equal("npx tsc", diagnosis.Job.FailedCommand);
        Assert.Equal(4, diagnosis.RootCause.Line);
    }

    [Fact]
    public async Task What_fails_after_the_script_is_not_the_cause()
    {
        var log = "section_start:1:step_script\r\e[0K\e[32;1m$ npx tsc\e[0;m\nsrc/a.ts(3,7): error TS2322: no\nsection_end:1:step_script\r\e[0Ksection_start:2:after_script\r\e[0KRunning after_script\n"
            + "\e[32;1m$ ./x.sh\e[0;m\nbash: ./x.sh: Permission denied\nsection_end:2:after_script\r\e[0K\e[31;1mERROR: Job failed: exit code 1\e[0;m\n";
        var diagnosis = await FirstAsync(log);
        Assert.Equal("tsc-type-error", diagnosis.FailureId);
        Assert.Equal("gitlab", diagnosis.Job.Forge);
    }

    [Fact]
    public async Task The_first_failing_step_of_a_workflow_is_the_cause()
    {
        var log = "##[group]Run npx tsc\n##[endgroup]\nsrc/a.ts(3,7): error TS2322: no\n##[error]Process completed with exit code 2.\n"
            + "##[group]Run ./report.sh\n##[endgroup]\nbash: ./report.sh: Permission denied\n##[error]Process completed with exit code 126.\nPost job cleanup.\n";
        var diagnosis = await FirstAsync(log);
        Assert.Equal("tsc-type-error", diagnosis.FailureId);
        Assert.Equal("npx tsc", diagnosis.Job.FailedCommand);
        Assert.Equal("github", diagnosis.Job.Forge);
    }

    [Fact]
    public async Task An_unknown_failure_gets_its_likeliest_lines()
    {
        var diagnosis = await FirstAsync("$ ./own-tool\nloading\nreading a\nown-tool: cannot open the frobnicator\nERROR: Job failed: exit code 3\n");
        Assert.Equal(Diagnosis.UnrecognisedId, diagnosis.FailureId);
        Assert.Equal(4, diagnosis.RootCause.Line);
        Assert.InRange(diagnosis.Confidence, 0.1, 0.8);
        Assert.Equal("./own-tool", diagnosis.Job.FailedCommand);
    }

    [Fact]
    public async Task An_empty_log_gets_a_diagnosis_too()
    {
        var report = await CatalogueTests.DiagnoseAsync("");
        Assert.Equal((0, 0L), (report.Lines, report.Bytes));
        Assert.Equal(Diagnosis.UnrecognisedId, Assert.Single(report.Diagnoses).FailureId);
    }

    [Fact]
    public async Task The_same_failure_on_two_runners_has_one_signature()
    {
        var one = await FirstAsync("$ npx eslint\n/builds/acme/app/a.cs(1,9): error CS0029: Cannot convert [/builds/acme/app/app.csproj]\n");
        var other = await FirstAsync("2024-05-06T07:08:09.1234567Z /home/runner/work/app/app/a.cs(7,1): error CS0029: Cannot convert [/home/runner/work/app/app/app.csproj]\n");
        Assert.Equal(one.FailureSignature, other.FailureSignature);
        var third = await FirstAsync("/home/runner/work/app/app/a.cs(7,1): error CS0029: Cannot assign [/home/runner/work/app/app/app.csproj]\n");
        Assert.NotEqual(one.FailureSignature, third.FailureSignature);
    }

    [Fact]
    public async Task Matches_are_limited()
    {
        var log = string.Concat(Enumerable.Range(1, 2000).Select(line => $"src/a.ts({line},7): error TS2322: no\n"));
        var diagnosis = await FirstAsync(log);
        Assert.Equal(500, diagnosis.Matches.Count);
        Assert.Equal((1, 10), (diagnosis.RootCause.Line, diagnosis.RootCause.EndLine));
        Assert.InRange(diagnosis.Evidence.Count, 1, 20);
    }

    [Fact]
    public async Task No_bytes_make_it_throw()
    {
        const int Seed = 20261121;
        var random = new Random(Seed);
        string[] pieces = ["\r", "\n", "\e[31m", "\e]8;;x", "section_start:1:a", "##[error]", "$ x", "npm error Missing: a@1", "\0", "\u009b", "-----BEGIN PRIVATE KEY-----", "2024-05-06T07:08:09Z ", ": Permission denied", "[warn] a.js", "../../etc/passwd.sh"];
        for (var round = 0; round < 300; round++)
        {
            var bytes = new List<byte>();
            for (var piece = random.Next(60); piece >= 0; piece--)
            {
                var noise = new byte[random.Next(piece == 7 ? 20_000 : 20)];
                random.NextBytes(noise);
                bytes.AddRange(Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
                bytes.AddRange(noise);
            }

            using var stream = new MemoryStream([.. bytes]);
            var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(stream, JobFacts.None, Token);
            Assert.NotEmpty(report.Diagnoses);
            Assert.All(report.Diagnoses, diagnosis => Assert.DoesNotContain(diagnosis.RootCause.Text + diagnosis.Summary + string.Concat(diagnosis.Evidence.Select(line => line.Text)), char.IsControl));
            foreach (var diagnosis in report.Diagnoses)
                if (FixerIndex.Find(diagnosis.FailureId) is { } fixer)
                    await fixer.FixAsync(diagnosis, new MemoryCheckout(), Token);
        }
    }

    private static async Task<Diagnosis> FirstAsync(string log) => (await CatalogueTests.DiagnoseAsync(log)).Diagnoses[0];
}
