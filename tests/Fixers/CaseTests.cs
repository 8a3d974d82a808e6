using System.Text;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

/// <summary>Every folder <c>tests/cases/FIXER/CASE</c>: a log and a checkout go in, a patch, a tool's run or a refusal comes out.</summary>
public sealed class CaseTests
{
    private static readonly LogDiagnoser Diagnoser = new(Catalogue.Embedded);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static string Root { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "cases"));

    public static IEnumerable<string> Logs => Directory.EnumerateFiles(Root, "job.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var fixer in FixerIndex.All)
                foreach (var folder in Directory.GetDirectories(Path.Combine(Root, fixer.FailureId)))
                    foreach (var variant in (string[])["as it is", "crlf", "byte order mark", "colours and GitLab times", "GitHub times"])
                        data.Add(fixer.FailureId, Path.GetFileName(folder), variant);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_case_ends_as_its_folder_says(string fixer, string name, string variant)
    {
        var folder = Path.Combine(Root, fixer, name);
        var log = Vary(await File.ReadAllBytesAsync(Path.Combine(folder, "job.log"), Token), variant);
        await RunAsync(folder, log, content => content);
    }

    public static TheoryData<string> Fixers => [.. FixerIndex.All.Select(fixer => fixer.FailureId).Where(id => id is not ("shell-crlf-script" or "git-crlf"))];

    [Theory]
    [MemberData(nameof(Fixers))]
    public async Task Windows_line_ends_of_the_repaired_file_stay(string fixer)
    {
        foreach (var folder in Directory.GetDirectories(Path.Combine(Root, fixer)))
            await RunAsync(folder, await File.ReadAllBytesAsync(Path.Combine(folder, "job.log"), Token), content => Replace(content, "\n", "\r\n"));
    }

    [Theory]
    [MemberData(nameof(Fixers))]
    public void Every_fixer_has_a_case_that_it_repairs_and_one_that_it_declines(string fixer)
    {
        var cases = Directory.GetDirectories(Path.Combine(Root, fixer)).Select(folder => Path.GetFileName(folder)!).ToList();
        Assert.Contains(cases, name => name.StartsWith("declines-", StringComparison.Ordinal));
        Assert.Contains(cases, name => !name.StartsWith("declines-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_fixer_is_silent_on_the_logs_of_the_others()
    {
        foreach (var folder in FixerIndex.All.SelectMany(fixer => Directory.GetDirectories(Path.Combine(Root, fixer.FailureId))))
        {
            var report = await DiagnoseAsync(await File.ReadAllBytesAsync(Path.Combine(folder, "job.log"), Token), JobFacts.None);
            var others = FixerIndex.All.Select(fixer => fixer.FailureId).Where(id => id != Path.GetFileName(Path.GetDirectoryName(folder)));
            var heard = report.Diagnoses.Select(diagnosis => diagnosis.FailureId).Intersect(others, StringComparer.Ordinal).ToList();
            Assert.True(heard.Count == 0, $"{folder}: {string.Join(", ", heard)}");
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task RunAsync(string folder, byte[] log, Func<byte[], byte[]> convert)
    {
        var expected = JsonSerializer.Deserialize<ExpectedDiagnosis>(await File.ReadAllBytesAsync(Path.Combine(folder, "diagnosis.json"), Token), Json)!;
        var report = await DiagnoseAsync(log, new JobFacts(null, null, expected.CiFile, null));
        var diagnosis = report.Diagnoses[0];
        Assert.Equal(expected.Id, diagnosis.FailureId);
        Assert.InRange(expected.Line, diagnosis.RootCause.Line, diagnosis.RootCause.EndLine);
        foreach (var (key, value) in expected.Captures ?? [])
            Assert.Equal(value, diagnosis.Captures.GetValueOrDefault(key));

        var fixer = FixerIndex.Find(diagnosis.FailureId)!;
        var checkout = await MemoryCheckout.ReadFolderAsync(Path.Combine(folder, "before"), convert, Token);
        var result = await fixer.FixAsync(diagnosis, checkout, Token);
        if (Path.GetFileName(folder).StartsWith("declines-", StringComparison.Ordinal))
        {
            Assert.IsType<FixResult.Declined>(result);
            return;
        }

        var toolFile = Path.Combine(folder, "tool.json");
        if (File.Exists(toolFile))
        {
            var needs = Assert.IsType<FixResult.NeedsTool>(result);
            var tool = JsonSerializer.Deserialize<ExpectedTool>(await File.ReadAllBytesAsync(toolFile, Token), Json)!;
            Assert.Equal(tool.Folder, needs.Tool.Folder);
            Assert.Equal(tool.Commands, needs.Tool.Commands.Select(command => string.Join(' ', command.Arguments)));
            Assert.Equal(tool.MayChange, needs.MayChange);
            return;
        }

        if (result is FixResult.Declined declined)
            Assert.Fail(declined.Reason);
        var patch = Assert.IsType<FixResult.Fixed>(result).Patch;
        var patched = checkout.Apply(patch);
        var after = await MemoryCheckout.ReadFolderAsync(Path.Combine(folder, "after"), convert, Token);
        Assert.Equal(after.Describe(), patched.Describe());
        Assert.IsType<FixResult.Declined>(await fixer.FixAsync(diagnosis, patched, Token));
    }

    private static async Task<LogReport> DiagnoseAsync(byte[] log, JobFacts job)
    {
        using var stream = new MemoryStream(log);
        return await Diagnoser.DiagnoseAsync(stream, job, Token);
    }

    private static byte[] Vary(byte[] log, string variant)
    {
        var lines = Encoding.UTF8.GetString(log).Split('\n');
        return variant switch
        {
            "crlf" => Replace(log, "\n", "\r\n"),
            "byte order mark" => [0xef, 0xbb, 0xbf, .. log],
            "GitHub times" => Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(line => line.Length == 0 ? line : "2024-05-06T07:08:09.1234567Z " + line))),
            "colours and GitLab times" => Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(line => line switch
            {
                "" => line,
                _ when line.StartsWith("$ ", StringComparison.Ordinal) => $"2024-05-06T07:08:09.123456Z 00O \e[32;1m{line}\e[0;m",
                _ => $"2024-05-06T07:08:09.123456Z 01E \e[31m{line}\e[0m",
            }))),
            _ => log,
        };
    }

    private static byte[] Replace(byte[] content, string old, string text) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).Replace(old, text, StringComparison.Ordinal));

    private sealed record ExpectedDiagnosis(string Id, int Line, string? CiFile, Dictionary<string, string>? Captures);

    private sealed record ExpectedTool(string Folder, IReadOnlyList<string> Commands, IReadOnlyList<string> MayChange);
}
