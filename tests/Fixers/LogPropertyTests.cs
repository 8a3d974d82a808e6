using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

/// <summary>What holds for any log whatever. Seeds are fixed and named in the failure.</summary>
public sealed class LogPropertyTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_bytes_never_break_a_diagnosis(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 60; round++)
        {
            var log = new byte[random.Next(0, 20_000)];
            random.NextBytes(log);
            await Check($"seed {seed}, round {round}", log);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Damaged_logs_and_repositories_never_break_a_diagnosis_or_a_fixer(int seed)
    {
        var random = new Random(seed);
        foreach (var file in CaseTests.Logs)
        {
            var log = await File.ReadAllBytesAsync(file, None);
            var before = Path.Combine(Path.GetDirectoryName(file)!, "before");
            for (var round = 0; round < 4; round++)
            {
                var report = await Check($"seed {seed}, {file}, round {round}", Damage(log, random));
                var damaged = await MemoryCheckout.ReadFolderAsync(before, content => Damage(content, random), None);
                foreach (var diagnosis in report.Diagnoses.Where(diagnosis => FixerIndex.Find(diagnosis.FailureId) is not null))
                    CheckResult(await FixerIndex.Find(diagnosis.FailureId)!.FixAsync(diagnosis, damaged, None));
            }
        }
    }

    [Theory]
    [InlineData(41)]
    [InlineData(42)]
    [InlineData(43)]
    public async Task Lines_of_known_failures_in_any_order_and_distance_never_break_a_diagnosis(int seed)
    {
        var random = new Random(seed);
        var lines = Catalogue.Embedded.Entries.SelectMany(entry => (entry.Sample + "\n" + entry.LookAlike).Split('\n')).Where(line => line.Length > 0).ToList();
        var byEntry = Catalogue.Embedded.Entries.Select(entry => entry.Sample.Split('\n')).ToList();
        for (var round = 0; round < 150; round++)
        {
            var log = new StringBuilder();
            var one = byEntry[random.Next(byEntry.Count)];
            for (var part = random.Next(1, 12); part > 0; part--)
            {
                log.Append(random.Next(3) == 0 ? lines[random.Next(lines.Count)] : one[random.Next(one.Length)]).Append('\n');
                log.Append(string.Concat(Enumerable.Repeat("compiling\n", random.Next(4) == 0 ? random.Next(250) : random.Next(6))));
            }

            await Check($"seed {seed}, round {round}:\n{log}", Encoding.UTF8.GetBytes(log.ToString()));
        }
    }

    [Theory]
    [InlineData(31)]
    public async Task No_line_makes_it_slow(int seed)
    {
        // Runs of what patterns repeat, long enough to make a backtracking expression take minutes.
        var random = new Random(seed);
        string[] pieces = ["a", "_", "A1", "error", "Warning", "failed ", " ", "/", ".", ":", "1", "error: ", "error  ", "npm error ", "at ", "Tests run: ", "\t", "(1,2): ", "\"", "[", "FAILED ", "x.ts(", "--- FAIL: ", "Error: ", "://"];
        var log = new StringBuilder();
        for (var line = 0; line < 200; line++)
        {
            for (var part = 0; part < 6; part++)
                log.Append(string.Concat(Enumerable.Repeat(pieces[random.Next(pieces.Length)], random.Next(9000)))).Append(pieces[random.Next(pieces.Length)]);

            log.Append('\n');
        }

        using var warm = new MemoryStream("error: x\n"u8.ToArray());
        await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(warm, JobFacts.None, None);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(None);
        stop.CancelAfter(TimeSpan.FromSeconds(60));
        await Check($"seed {seed}", Encoding.UTF8.GetBytes(log.ToString()), stop.Token);
    }

    [Fact]
    public async Task A_chunk_border_changes_nothing()
    {
        foreach (var log in CaseTests.Logs.Where((_, at) => at % 4 == 0).Select(File.ReadAllBytes))
        {
            using var whole = new MemoryStream(log);
            var expected = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(whole, JobFacts.None, None);
            foreach (var size in (int[])[1, 7, 4096])
            {
                using var pieces = new PieceStream(log, size);
                var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(pieces, JobFacts.None, None);
                Assert.Equal(expected.Lines, report.Lines);
                Assert.Equal(expected.Bytes, report.Bytes);
                Assert.Equal(expected.Diagnoses[0].RootCause, report.Diagnoses[0].RootCause);
                Assert.Equal(expected.Diagnoses[0].FailureSignature, report.Diagnoses[0].FailureSignature);
            }
        }
    }

    [Fact]
    public async Task A_line_of_ten_megabytes_keeps_both_ends()
    {
        var log = "npm error Missing: left-pad@1.3.0 from lock file " + new string('x', 10_000_000) + " fatal: the end\nnext\n";
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(log));
        var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(stream, JobFacts.None, None);
        Assert.Equal(2, report.Lines);
        Assert.Equal("npm-ci-lockfile-out-of-sync", report.Diagnoses[0].FailureId);
        Assert.InRange(report.Diagnoses[0].RootCause.Text.Length, 20, 600);
    }

    public static TheoryData<string> Splits => ["colour", "a link's escape", "overwritten", "zero-width", "soft hyphen", "direction mark", "wrapped", "chunk border"];

    [Theory, MemberData(nameof(Splits))]
    public async Task A_secret_that_is_split_in_the_log_comes_into_no_diagnosis(string how)
    {
        foreach (var token in RedactorTests.Tokens().Select(row => row.Data).Where(token => how != "wrapped" || !token.StartsWith("abc8Q", StringComparison.Ordinal)))
        {
            // Enough of its start stands before the break to know it by.
            var cut = Math.Max(token.Length / 2, 8);
            var (first, second) = (token[..cut], token[cut..]);
            var broken = how switch
            {
                "colour" => $"{first}\u001b[0;31m{second}\u001b[0m",
                "a link's escape" => $"{first}\u001b]8;;https://forge.example\u001b\\{second}",
                "overwritten" => $"10 %\rfatal: cannot log in with {token}",
                "zero-width" => $"{first}\u200b{second}",
                "soft hyphen" => $"{first}\u00ad{second}",
                "direction mark" => $"{first}\u202e{second}",
                "wrapped" => $"{first}\n{second}",
                _ => token,
            };
            using var log = new PieceStream(Encoding.UTF8.GetBytes($"$ ./deploy.sh\nfatal: cannot log in with {broken}\nERROR: Job failed: exit code 1\n"), how == "chunk border" ? 11 : 4096);
            var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(log, JobFacts.None, None);
            var told = string.Join('\n', report.Diagnoses.Select(diagnosis => $"{diagnosis.RootCause.Text}\n{string.Join('\n', diagnosis.Evidence.Select(line => line.Text))}\n{diagnosis.Summary}"));
            Assert.Contains("cannot log in with", told, StringComparison.Ordinal);
            Assert.DoesNotContain(first[6..], told, StringComparison.Ordinal);
            Assert.DoesNotContain(second, told, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_secret_at_the_cut_of_a_long_line_does_not_come_through_in_halves()
    {
        var token = "glpat" + "-" + "ABCDEFGHIJKLMNOPQRST";
        for (var lead = 4060; lead < 4100; lead++)
        {
            var line = "fatal: " + new string('a', lead - 7) + " " + token + " " + new string('b', 9000);
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes("$ x\n" + line + "\nERROR: Job failed: exit code 1\n"));
            var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(stream, JobFacts.None, None);
            Assert.DoesNotContain("ABCDEFGH", string.Join('\n', report.Diagnoses[0].Evidence.Select(evidence => evidence.Text)), StringComparison.Ordinal);
        }
    }

    private static async Task<LogReport> Check(string what, byte[] log, CancellationToken? stop = null)
    {
        using var stream = new MemoryStream(log);
        var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(stream, JobFacts.None, stop ?? None);
        Assert.True(report.Diagnoses.Count > 0, what);
        Assert.Equal((what, log.LongLength), (what, report.Bytes));
        foreach (var diagnosis in report.Diagnoses)
        {
            Assert.InRange(diagnosis.Confidence, 0, 1);
            Assert.InRange(diagnosis.RootCause.EndLine - diagnosis.RootCause.Line, 0, 9);
            Assert.InRange(diagnosis.RootCause.EndLine, 1, Math.Max(1, report.Lines));
            Assert.InRange(diagnosis.Evidence.Count, 0, 20);
            Assert.Matches("^[0-9a-f]{16}$", diagnosis.FailureSignature);
            foreach (var text in diagnosis.Evidence.Select(line => line.Text).Append(diagnosis.RootCause.Text).Append(diagnosis.Summary))
                Assert.False(text.Any(symbol => char.IsControl(symbol)), what);
        }

        return report;
    }

    private static void CheckResult(FixResult result)
    {
        switch (result)
        {
            case FixResult.Fixed fix:
                Assert.NotEmpty(fix.Patch.Edits);
                Assert.All(fix.Patch.Paths, IsInside);
                break;
            case FixResult.NeedsTool needed:
                Assert.NotEmpty(needed.MayChange);
                Assert.All(needed.MayChange, IsInside);
                break;
            case FixResult.Declined declined:
                Assert.NotEmpty(declined.Reason);
                break;
        }
    }

    private static void IsInside(string path)
    {
        Assert.False(path.StartsWith('/') || path.StartsWith('-') || path.Contains('\\', StringComparison.Ordinal), path);
        Assert.DoesNotContain("..", path.Split('/'));
        Assert.DoesNotContain(".git", path.Split('/'));
    }

    private static byte[] Damage(byte[] content, Random random)
    {
        List<byte> bytes = [.. content];
        for (var slip = random.Next(1, 6); slip > 0 && bytes.Count > 0; slip--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(200), bytes.Count - at)));
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(3) == 0 ? bytes.Count - at : 1);
                    break;
            }
        }

        return [.. bytes];
    }
}

/// <summary>A stream that gives a few bytes at a time.</summary>
internal sealed class PieceStream(byte[] content, int size) : MemoryStream(content)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
}
