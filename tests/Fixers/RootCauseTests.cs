using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

/// <summary>Which of several lines is the cause.</summary>
public sealed class RootCauseTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_passed_command_printed_is_no_cause()
    {
        var report = await Diagnose("$ npm ci\nnpm warn network\ncurl: (56) Recv failure: Connection reset by peer\nadded 3 packages\n$ make check\nthe size of the table is wrong\nERROR: Job failed: exit code 2\n");
        var diagnosis = report.Diagnoses[0];
        Assert.Equal(Diagnosis.UnrecognisedId, diagnosis.FailureId);
        Assert.Equal((6, 6), (diagnosis.RootCause.Line, diagnosis.RootCause.EndLine));
        Assert.InRange(diagnosis.Confidence, 0.05, 0.8);
        Assert.Equal("make check", diagnosis.Job.FailedCommand);
        Assert.InRange(Assert.Single(report.Diagnoses, other => other.FailureId == "connection-transient").Confidence, 0, 0.3);
    }

    [Fact]
    public async Task After_script_caches_and_artifacts_do_not_fail_a_job()
    {
        var log = Section("step_script", "$ make check\nsrc/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\n")
            + Section("after_script", "$ ./notify.sh\nbash: ./notify.sh: Permission denied\n") + Section("upload_artifacts_on_failure", "ERROR: No files to upload\n") + "ERROR: Job failed: exit code 2\n";
        var report = await Diagnose(log);
        Assert.Equal("tsc-type-error", report.Diagnoses[0].FailureId);
        Assert.Equal("make check", report.Diagnoses[0].Job.FailedCommand);
    }

    [Fact]
    public async Task The_infrastructure_in_front_of_the_first_error_is_the_cause()
    {
        var report = await Diagnose("$ npm test\nwrite failed: No space left on device\nFAIL ./a.test.js\n  \u25CF adds\nERROR: Job failed: exit code 1\n");
        Assert.Equal("disk-full", report.Diagnoses[0].FailureId);
        Assert.True(report.Diagnoses[0].IsTransient);
        Assert.Equal("js-test-failure", report.Diagnoses[1].FailureId);
    }

    [Fact]
    public async Task A_service_of_the_job_itself_that_is_not_there_is_not_worth_a_retry()
    {
        var report = await Diagnose("$ npm test\nError: connect ECONNREFUSED 127.0.0.1:5432\nnot ok 1 - reads the table\nERROR: Job failed: exit code 1\n");
        Assert.Equal("js-test-failure", report.Diagnoses[0].FailureId);
    }

    [Fact]
    public async Task The_first_error_of_a_compiler_and_the_last_of_a_shell_count()
    {
        var compiler = await Diagnose("src/a.ts(3,7): error TS2322: first\n" + string.Concat(Enumerable.Repeat("note\n", 20)) + "src/b.ts(6,2): error TS2339: second\n");
        Assert.Equal(1, compiler.Diagnoses[0].RootCause.Line);
        var shell = await Diagnose("bash: ./a.sh: Permission denied\n" + string.Concat(Enumerable.Repeat("tried again\n", 20)) + "bash: ./b.sh: Permission denied\n");
        Assert.Equal(22, shell.Diagnoses[0].RootCause.Line);
    }

    [Theory]
    [InlineData("$ make all\ngcc -o app app.c\nJob succeeded\n")]
    [InlineData("all is well\n")]
    [InlineData("")]
    [InlineData("\n\n\n")]
    [InlineData("$ npm test\nnpm error Missing: a@1.0.0 from lock file\nJob succeeded\n")]
    public async Task A_log_without_failure_says_so(string log)
    {
        var diagnosis = (await Diagnose(log)).Diagnoses[0];
        Assert.Equal(Diagnosis.UnrecognisedId, diagnosis.FailureId);
        Assert.InRange(diagnosis.Confidence, 0, 0.05);
        Assert.InRange(diagnosis.RootCause.Line, 1, 4);
    }

    [Fact]
    public async Task A_command_that_says_nothing_is_named_by_its_exit_code()
    {
        var diagnosis = (await Diagnose("$ test -f dist/app.js\nERROR: Job failed: exit code 1\n")).Diagnoses[0];
        Assert.Equal("generic-exit-code", diagnosis.FailureId);
        Assert.Equal("1", diagnosis.Captures["exit_code"]);
        Assert.InRange(diagnosis.Confidence, 0.3, 0.5);
    }

    [Fact]
    public async Task The_same_failure_has_the_same_signature_elsewhere()
    {
        var one = (await Diagnose("$ make\nwidget 12 of /builds/acme/app/out is wrong: error 0x7ffe at 10:11:12\nERROR: Job failed: exit code 2\n")).Diagnoses[0];
        var two = (await Diagnose("a\nb\n$ make\nwidget 977 of /builds/other/tool/lib/out is wrong: error 0x11aa at 22:01:59\nERROR: Job failed: exit code 2\n")).Diagnoses[0];
        var three = (await Diagnose("$ make\ngadget 12 of /builds/acme/app/out is wrong: error 0x7ffe\nERROR: Job failed: exit code 2\n")).Diagnoses[0];
        Assert.Equal(one.FailureSignature, two.FailureSignature);
        Assert.NotEqual(one.FailureSignature, three.FailureSignature);
    }

    [Fact]
    public async Task Evidence_has_context_and_no_secrets_or_control_characters()
    {
        var token = "glpat" + "-" + "ABCDEFGHIJKLMNOPQRST";
        var report = await Diagnose($"$ npm ci --token={token}\n\u001B[31mone {token}\u001B[0m\ntwo\u200B\nthree\nnpm error Missing: left-pad@1.3.0 from lock file\nfour\nfive\n");
        var diagnosis = report.Diagnoses[0];
        Assert.Equal([2, 3, 4, 5, 6, 7], diagnosis.Evidence.Select(line => line.Number));
        Assert.Equal(["one [REDACTED]", "two", "three"], diagnosis.Evidence.Take(3).Select(line => line.Text));
        Assert.DoesNotContain(token, diagnosis.Job.FailedCommand, StringComparison.Ordinal);
        Assert.Equal("left-pad@1.3.0", diagnosis.Captures["package"]);
    }

    [Fact]
    public async Task Prefixes_of_build_tools_do_not_hide_an_error()
    {
        foreach (var prefix in (string[])["#12 3.456 ", "app:build: ", "web-1  | ", "@acme/app:build: "])
        {
            var report = await Diagnose($"{prefix}src/a.ts(3,7): error TS2322: no\n");
            Assert.Equal((prefix, "tsc-type-error"), (prefix, report.Diagnoses[0].FailureId));
        }
    }

    [Fact]
    public async Task The_caller_knows_the_command_better_than_the_log()
    {
        using var stream = new MemoryStream("$ npm ci\nnpm error code EJSONPARSE\n"u8.ToArray());
        var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(stream, new JobFacts("gitlab", "test", ".gitlab-ci.yml", "cd web && npm ci"), None);
        Assert.Equal("cd web && npm ci", report.Diagnoses[0].Job.FailedCommand);
        Assert.Equal("gitlab", report.Diagnoses[0].Job.Forge);
    }

    [Fact]
    public async Task A_script_of_a_step_is_read_from_its_listing()
    {
        var report = await Diagnose("##[group]Run cd web\n\u001B[36;1mcd web\u001B[0m\n\u001B[36;1mnpm ci\u001B[0m\nshell: /usr/bin/bash -e {0}\n##[endgroup]\nnpm error code EJSONPARSE\n##[error]Process completed with exit code 1.\nPost job cleanup.\n");
        Assert.Equal("cd web\nnpm ci", report.Diagnoses[0].Job.FailedCommand);
    }

    [Fact]
    public async Task The_part_that_failed_is_found_in_the_words_of_other_runners()
    {
        const string Error = "widget is wrong: error 7\n";
        foreach (var log in (string[])
        [
            "travis_fold:start:cache.1\rcache\n$ ./prepare\nfine: error 1 is ignored\ntravis_time:start:0a\r\u001B[0K$ make check\n" + Error + "The command \"make check\" exited with 2.\nDone. Your build exited with 1.\n",
            "+ make check\n" + Error + "Build step 'Execute shell' marked build as failure\nFinished: FAILURE\n",
            "make check\n" + Error + "Exited with code exit status 2\n",
            "make check\n" + Error + "Command exited with code 2\n",
            "##[section]Starting: Bash\n" + Error + "##[error]Bash exited with code '2'.\n",
        ])
        {
            var diagnosis = (await Diagnose(log)).Diagnoses[0];
            Assert.Equal((log, "widget is wrong: error 7"), (log, diagnosis.RootCause.Text));
            Assert.InRange(diagnosis.Confidence, 0.6, 0.9);
        }
    }

    [Fact]
    public async Task A_guess_is_numbered_as_in_the_file_with_and_without_an_end_of_line()
    {
        foreach (var end in (string[])["", "\n"])
        {
            var diagnosis = (await Diagnose("one\ntwo\nAssertionError: three is not four" + end)).Diagnoses[0];
            Assert.Equal((end, 3, 3), (end, diagnosis.RootCause.Line, diagnosis.RootCause.EndLine));
        }
    }

    [Fact]
    public async Task The_last_attempt_of_a_retried_download_counts()
    {
        var report = await Diagnose(string.Concat(Enumerable.Repeat("##[error]fatal: couldn't find remote ref refs/tags/v9\nWaiting 10 seconds before trying again\nfetch\nfetch\nfetch\n", 3)) + "Post job cleanup.\n");
        Assert.Equal(("pathspec-missing", 11), (report.Diagnoses[0].FailureId, report.Diagnoses[0].RootCause.Line));
    }

    [Fact]
    public async Task Passed_tests_and_warnings_are_no_evidence()
    {
        var report = await Diagnose("$ npm test\n  \u2713 throws when the access token has expired (24ms)\nok 2 - says Cannot find module\nPASS test/disk.js No space left on device\n"
            + "AssertionError: expected 3 to equal 2\nERROR: Job failed: exit code 1\n");
        Assert.Equal(5, report.Diagnoses[0].RootCause.Line);
        Assert.Equal(FailureCategory.Test, report.Diagnoses[0].Category);
    }

    [Fact]
    public async Task Wrappers_and_verdicts_are_consequences()
    {
        var report = await Diagnose("$ make\nld: widget.o: bad magic number\nmake[1]: *** [all] Error 1\nmake: *** [world] Error 2\n*** Build failed ***\nERROR: Job failed: exit code 2\n");
        Assert.Equal(2, report.Diagnoses[0].RootCause.Line);
    }

    [Fact]
    public async Task An_exit_code_tells_a_time_limit_and_a_kill()
    {
        Assert.Equal(FailureCategory.Timeout, (await Diagnose("$ timeout 60 ./soak\nround 71\nERROR: Job failed: exit code 124\n")).Diagnoses[0].Category);
        Assert.Equal(FailureCategory.Resource, (await Diagnose("$ ./soak\nround 71\nERROR: Job failed: exit code 137\n")).Diagnoses[0].Category);
    }

    [Fact]
    public async Task A_listing_that_an_excerpt_leaves_open_does_not_swallow_the_error()
    {
        var report = await Diagnose("##[group]Run npm ci\nnpm error ERESOLVE could not resolve\nnpm error\n##[error]Process completed with exit code 1.\n");
        Assert.Equal("npm-eresolve-peer-conflict", report.Diagnoses[0].FailureId);
    }

    [Fact]
    public async Task What_the_last_successful_run_printed_as_well_is_not_the_cause()
    {
        const string Usual = "warn: error 17 while reading the cache, going on\nerror: no mirror in 3 ms, using the origin\n";
        using var before = new MemoryStream(Encoding.UTF8.GetBytes("$ ./soak\n" + Usual + "done\nJob succeeded\n"));
        var passed = await LineTemplates.ReadAsync(before, None);
        using var log = new MemoryStream(Encoding.UTF8.GetBytes("$ ./soak\n" + Usual.Replace("3 ms", "8 ms", StringComparison.Ordinal) + "the gauge could not be read\nERROR: Job failed: exit code 1\n"));
        var diagnosis = (await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(log, JobFacts.None, None, passed)).Diagnoses[0];
        Assert.Equal("the gauge could not be read", diagnosis.RootCause.Text);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(20, 2)]
    [InlineData(500, 503)]
    public async Task A_line_that_only_supports_an_entry_is_its_cause_unless_it_stands_far_away(int distance, int line)
    {
        var report = await Diagnose("$ pytest\nValueError: x\n" + string.Concat(Enumerable.Repeat("collected\n", distance)) + "FAILED tests/test_a.py::test_b - ValueError: x\nERROR: Job failed: exit code 1\n");
        Assert.Equal(("pytest-test-failure", line), (report.Diagnoses[0].FailureId, report.Diagnoses[0].RootCause.Line));
    }

    private static string Section(string name, string text) => $"section_start:1795200000:{name}\r\u001B[0K\u001B[0K\u001B[36;1mTitle\u001B[0m\n{text}section_end:1795200001:{name}\r\u001B[0K\n";

    private static async Task<LogReport> Diagnose(string log)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(log));
        return await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(stream, JobFacts.None, None);
    }
}
