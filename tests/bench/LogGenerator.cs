using System.Globalization;
using System.Text;

namespace QMoi.Bench;

/// <summary>Job logs like those of real pipelines, the same bytes for the same seed: healthy output, about 3 % near misses, faults survived in the first two thirds, one failure at the end.</summary>
internal sealed class LogGenerator
{
    private static readonly string[] Packages = ["left-pad", "@acme/core", "react-dom", "lodash.merge", "error-stack-parser", "vite", "postcss-loader", "@types/node", "chalk", "fail-fast", "ws", "is-odd"];
    private static readonly string[] Modules = ["billing", "core", "http-client", "retry", "storage", "web", "errors", "scheduler", "parser", "mailer"];
    private static readonly string[] Words = ["reads_empty_file", "keeps_order", "rejects_bad_token", "handles_timeout", "returns_error_page", "parses_unicode", "retries_twice", "rounds_half_up", "closes_connection", "merges_headers"];

    private static readonly (string Command, string Output)[] Survived =
    [
        ("pip install -r requirements.txt", """
            WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ReadTimeoutError("HTTPSConnectionPool(host='files.pythonhosted.org', port=443): Read timed out. (read timeout=15)")': /packages/acme.whl
            Successfully installed acme-2.1.0
            """),
        ("npm ci", "npm http fetch GET https://registry.npmjs.org/chalk attempt 1 failed with ECONNRESET\nadded 412 packages in 9s"),
        ("curl -fsSL --retry 3 -o tool.tar.gz https://downloads.example.com/tool.tar.gz", """
            curl: (56) Recv failure: Connection reset by peer
            Warning: Problem : connection reset. Will retry in 1 seconds. 3 retries left.
            tool.tar.gz: OK
            """),
        ("mvn -B verify", """
            [WARNING] Could not transfer metadata com.acme:core/maven-metadata.xml from/to mirror (https://mirror.example.com/maven2): status code: 503, reason phrase: Service Unavailable (503)
            [INFO] BUILD SUCCESS
            """),
    ];

    private static readonly (string Id, string Command, string Output)[] Failures =
    [
        ("npm-ci-lockfile-out-of-sync", "npm ci", """
            npm error code EUSAGE
            npm error
            npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync. Please update your lock file with `npm install` before continuing.
            npm error
            npm error Missing: is-odd@3.0.1 from lock file
            npm error Missing: is-number@6.0.0 from lock file
            """),
        ("maven-compile-error", "mvn -B verify", """
            [ERROR] COMPILATION ERROR :
            [INFO] -------------------------------------------------------------
            [ERROR] /builds/acme/app/src/main/java/com/acme/Invoice.java:[41,23] incompatible types: java.lang.String cannot be converted to int
            [INFO] 1 error
            [INFO] BUILD FAILURE
            [ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.13.0:compile (default-compile) on project app: Compilation failure
            """),
        ("pytest-test-failure", "pytest", """
            =================================== FAILURES ===================================
                def test_total():
            >       assert total([1, 2]) == 4
            E       assert 3 == 4
            E        +  where 3 = total([1, 2])
            tests/test_invoice.py:12: AssertionError
            =========================== short test summary info ============================
            FAILED tests/test_invoice.py::test_total - assert 3 == 4
            ========================= 1 failed, 211 passed in 8.31s ========================
            """),
        ("go-test-failure", "go test ./...", "ok  \texample.com/acme/core\t0.412s\n--- FAIL: TestAdd (0.00s)\n    add_test.go:17: got 2, want 3\nFAIL\nFAIL\texample.com/acme/add\t0.004s\nFAIL"),
        ("tsc-type-error", "npx tsc --noEmit", "src/invoice.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'."),
    ];

    private readonly Random random;
    private readonly TextWriter writer;
    private readonly bool isGitLab;
    private long clock = new DateTime(2025, 3, 4, 5, 6, 7, DateTimeKind.Utc).Ticks;
    private long written;

    private LogGenerator(TextWriter writer, int seed, bool isGitLab) => (this.writer, random, this.isGitLab) = (writer, new Random(seed), isGitLab);

    /// <returns>The catalogue's id of the failure at the end.</returns>
    public static string Write(string file, long bytes, int seed, bool isGitLab)
    {
        using var text = new StreamWriter(file, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16);
        return new LogGenerator(text, seed, isGitLab).Run(bytes, seed);
    }

    private string Run(long bytes, int seed)
    {
        Line(isGitLab ? "\e[0KRunning with gitlab-runner 17.9.0 (abcdef12)\e[0;m" : "Current runner version: '2.322.0'");
        var (faults, survived) = (3 + (bytes / 1_000_000), 0L);
        while (written < bytes - 2_000)
        {
            if (survived < faults && written > bytes * 2 / 3 * survived / faults)
            {
                var (trouble, output) = Survived[survived++ % Survived.Length];
                Command(trouble);
                Lines(output);
            }

            Step(random.Next(5), random.Next(40, 300), bytes - 2_000);
        }

        var failure = Failures[seed % Failures.Length];
        Command(failure.Command);
        Lines(failure.Output);
        Line(isGitLab ? "\e[31;1mERROR: Job failed: exit code 1" : "##[error]Process completed with exit code 1.");
        return failure.Id;
    }

    private void Step(int kind, int lines, long end)
    {
        Command(kind switch { 0 => "npm ci --loglevel http", 1 => "mvn -B verify", 2 => "pip install -r requirements.txt && pytest -v", 3 => "make -j4 all", _ => "npx vitest run" });
        for (var i = 0; i < lines && written < end; i++)
            Line(random.Next(100) < 3 ? NearMiss() : kind switch
            {
                0 => Npm(),
                1 => Maven(),
                2 => Python(i * 100 / lines),
                3 => $"gcc -std=c17 -O2 -Wall -Wextra -Werror=format-security -Iinclude -Ithird_party/{Pick(Modules)}/include -DNDEBUG -MMD -c src/{Pick(Modules)}/{Pick(Words)}.c -o build/obj/{Pick(Modules)}/{Pick(Words)}_{random.Next(999)}.o",
                _ => $" {Green("\u2713")} src/{Pick(Modules)}/{Pick(Words)}.test.ts > {Pick(Modules)} > {Pick(Words).Replace('_', ' ')} {random.Next(400)}ms",
            });
    }

    private string Npm() => random.Next(6) switch
    {
        0 => $"npm warn deprecated {Pick(Packages)}@{Version()}: please upgrade to {random.Next(3, 9)}.x, older versions get no fixes",
        1 => $"added {random.Next(2, 1400)} packages, and audited {random.Next(2, 1500)} packages in {random.Next(2, 60)}s",
        _ => $"npm http fetch GET 200 https://registry.npmjs.org/{Pick(Packages)}/-/{random.Next(1_000_000):x}-{Version()}.tgz {random.Next(900)}ms (cache {(random.Next(2) == 0 ? "miss" : "hit")})",
    };

    private string Maven() => random.Next(8) switch
    {
        0 => $"[INFO] Tests run: {random.Next(1, 60)}, Failures: 0, Errors: 0, Skipped: {random.Next(3)}, Time elapsed: {random.Next(9)}.{random.Next(999):000} s -- in com.acme.{Pick(Modules)}.{Class()}Test",
        1 => $"[INFO] Running com.acme.{Pick(Modules)}.{Class()}Test",
        2 => $"Progress (1): {random.Next(900)}/{random.Next(900, 2000)} kB",
        3 => $"[INFO] Compiling {random.Next(2, 200)} source files with javac [debug release 21] to target/classes",
        4 => $"{Clock()} [main] INFO  com.acme.{Pick(Modules)}.{Class()} - handled {random.Next(9999)} requests in {random.Next(9999)} ms",
        _ => $"[INFO] Downloaded from central: https://repo.maven.apache.org/maven2/com/acme/{Pick(Modules)}/{Version()}/{Pick(Modules)}-{Version()}.jar ({random.Next(2, 900)} kB at {random.Next(2, 9)}.{random.Next(9)} MB/s)",
    };

    private string Python(int percent) => random.Next(6) switch
    {
        0 => $"  Downloading {Pick(Modules).Replace('-', '_')}-{Version()}-py3-none-any.whl ({random.Next(2, 900)} kB)",
        1 => $"     {new string('\u2501', random.Next(5, 40))} {random.Next(2, 900)}.{random.Next(9)}/{random.Next(900, 1000)}.0 kB {random.Next(2, 90)}.1 MB/s eta 0:00:00",
        2 => $"Requirement already satisfied: {Pick(Modules)}>={Version()} in /opt/venv/lib/python3.12/site-packages (from -r requirements.txt (line {random.Next(1, 90)})) ({Version()})",
        _ => $"tests/test_{Pick(Modules).Replace('-', '_')}.py::test_{Pick(Words)}[{random.Next(999)}] {Green("PASSED")} [{percent,3}%]",
    };

    /// <summary>Words of failures, and of the catalogue's signatures, in lines that mean no harm.</summary>
    private string NearMiss() => random.Next(20) switch
    {
        0 => $"dist/assets/errors-{random.Next(1 << 20):x}.js   {random.Next(90)}.31 kB | gzip: {random.Next(30)}.88 kB",
        1 => $"PASS test/error-boundary-{random.Next(99)}.test.tsx ({random.Next(9)}.2 s)",
        2 => $"   Compiling thiserror v{Version()}",
        3 => $"Found 0 errors and 0 warnings in {random.Next(900)} files.",
        4 => $"test result: ok. {random.Next(900)} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.{random.Next(99):00}s",
        5 => $"[INFO] --- maven-failsafe-plugin:{Version()}:verify (default) @ {Pick(Modules)} ---",
        6 => $"docs/npm.md: the text of npm error messages, {random.Next(99)} links checked",
        7 => $"expected {random.Next(500, 504)} rows, found 500 more than the failed query had",
        8 => $"see FAQ.md#{random.Next(99)}: \"Could not resolve dependencies\" and what to do",
        9 => $"[WARNING] src/main/java/com/acme/{Class()}.java:[{random.Next(900)},{random.Next(80)}] [deprecation] the method fail() has been deprecated",
        10 => $"{Clock()} [pool-{random.Next(9)}] WARN  com.acme.{Class()} - request {random.Next(9999)} failed once, error budget still at 99.{random.Next(99)} %",
        11 => $"note: the error handler of {Pick(Modules)} was not called in {random.Next(99)} runs, as expected",
        12 => $"Failed: 0, Passed: {random.Next(999)}, Skipped: 0, Total: {random.Next(999)}",
        13 => $"{Pick(Modules)}: no space left between columns on purpose, layout of device {random.Next(99)} kept",
        14 => $"cannot find a newer version of {Pick(Packages)}, keeping {Version()}",
        15 => $"fatal errors seen so far: 0 of {random.Next(9999)} events",
        16 => $"warning: unused variable: `permission_denied_{random.Next(99)}`",
        17 => $"checking for module {Pick(Modules)} not found in the previous run... yes",
        18 => $"ok {random.Next(999)} - exit code of {Pick(Modules)} is {random.Next(9)} when the lock file is missing",
        _ => $"--- PASS: TestConnectionRefusedIsReported/{Pick(Words)} (0.{random.Next(99):00}s)",
    };

    private void Command(string text)
    {
        Lines(isGitLab ? $"\e[32;1m$ {text}\e[0;m" : $"##[group]Run {text}\n\e[36;1m{text}\e[0m\nshell: /usr/bin/bash -e {{0}}\n##[endgroup]");
    }

    private void Lines(string text)
    {
        foreach (var line in text.Split('\n'))
            Line(line);
    }

    private void Line(string text)
    {
        clock += random.Next(200_000);
        var prefix = isGitLab ? "" : new DateTime(clock, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture) + " ";
        writer.Write(prefix);
        writer.Write(text);
        writer.Write('\n');
        written += prefix.Length + text.Length + 1;
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];
    private string Version() => $"{random.Next(12)}.{random.Next(30)}.{random.Next(20)}";
    private string Class() => $"{(char)('A' + random.Next(26))}{Pick(Modules).Replace("-", "", StringComparison.Ordinal)}{random.Next(99)}";
    private string Clock() => new DateTime(clock, DateTimeKind.Utc).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
    private string Green(string text) => isGitLab ? $"\e[32m{text}\e[0m" : text;
}
