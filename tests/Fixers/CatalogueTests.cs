using System.Text;
using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

public sealed class CatalogueTests
{
    private static readonly LogDiagnoser Diagnoser = new(Catalogue.Embedded);

    public static TheoryData<string> Ids => [.. Catalogue.Embedded.Entries.Select(entry => entry.Id)];

    public static TheoryData<string> IdsWithLookAlike => [.. Catalogue.Embedded.Entries.Where(entry => entry.LookAlike.Length > 0).Select(entry => entry.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task The_sample_of_an_entry_is_diagnosed_as_that_entry(string id)
    {
        var entry = Catalogue.Embedded.Find(id)!;
        var diagnosis = (await DiagnoseAsync(entry.Sample)).Diagnoses[0];
        Assert.Equal(id, diagnosis.FailureId);
        Assert.DoesNotMatch(@"\{[a-z_]+\}", diagnosis.Summary);
        Assert.DoesNotMatch(@"\{[a-z_]+\}", diagnosis.Next);
        Assert.InRange(diagnosis.Confidence, 0.01, 1);
        Assert.Contains(diagnosis.Evidence, line => line.Number == diagnosis.RootCause.Line);
        Assert.Matches("^[0-9a-f]{16}$", diagnosis.FailureSignature);
    }

    [Theory]
    [MemberData(nameof(IdsWithLookAlike))]
    public async Task The_look_alike_of_an_entry_is_not(string id)
    {
        var report = await DiagnoseAsync(Catalogue.Embedded.Find(id)!.LookAlike);
        Assert.NotEqual(id, report.Diagnoses[0].FailureId);
    }

    [Fact]
    public void Every_fixer_repairs_an_entry_of_the_catalogue_and_has_cases_one_of_which_it_declines()
    {
        foreach (var fixer in FixerIndex.All)
        {
            Assert.NotNull(Catalogue.Embedded.Find(fixer.FailureId));
            Assert.Same(fixer, FixerIndex.Find(fixer.FailureId));
            var cases = Directory.GetDirectories(Path.Combine(CaseTests.Root, fixer.FailureId)).Select(Path.GetFileName).ToList();
            Assert.Contains(cases, name => name!.StartsWith("declines-", StringComparison.Ordinal));
            Assert.Contains(cases, name => !name!.StartsWith("declines-", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_entry_has_a_look_alike() => Assert.All(Catalogue.Embedded.Entries, entry => Assert.NotEqual("", entry.LookAlike));

    [Fact]
    public void Every_embedded_file_stands_the_checks_of_a_strangers_file_and_each_pattern_runs_in_linear_time()
    {
        var catalogue = Catalogue.Load(Catalogue.EmbeddedFiles());
        Assert.Equal(Catalogue.Embedded.Entries.Select(entry => entry.Id), catalogue.Entries.Select(entry => entry.Id));
        Assert.All(catalogue.Entries.SelectMany(entry => entry.Signatures), signature => _ = new Regex(signature.Pattern, RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture));
    }

    [Fact]
    public void No_id_is_used_twice()
    {
        var ids = Catalogue.EmbeddedFiles().SelectMany(file => file.Text.Split('\n')).Where(line => line.StartsWith("- id: ", StringComparison.Ordinal)).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.Equal(ids.Count, Catalogue.Embedded.Entries.Count);
    }

    [Theory]
    [InlineData("- {id: a, colour: red}", "x.yaml:1: colour: unknown key")]
    [InlineData("- {id: a, title: t}", "x.yaml:1: signatures: is missing")]
    [InlineData("a: b", "x.yaml:1: a catalogue file is a list of entries")]
    [InlineData("- [", "x.yaml:2: not valid YAML")]
    [InlineData(Entry + "  priority: 900\n  signatures: [{pattern: 'some text'}]\n", "x.yaml:7: priority: a number from 1 to 99 is expected")]
    [InlineData(Entry + "  priority: 50\n  signatures: [{pattern: '(unclosed'}]\n", "x.yaml:8: pattern: not a usable pattern")]
    [InlineData(Entry + "  priority: 50\n  signatures: [{pattern: 'some look(?!ahead)'}]\n", "x.yaml:8: pattern: not a usable pattern: look-around")]
    [InlineData(Entry + "  priority: 50\n  signatures: [{pattern: '(?<w>same) text \\1'}]\n", "x.yaml:8: pattern: not a usable pattern: look-around, back-references")]
    [InlineData(Entry + "  priority: 50\n  signatures: [{pattern: '\\d+'}]\n", "x.yaml:8: pattern: it demands no text of 4 or more characters: give a keyword")]
    [InlineData(Entry + "  priority: 50\n  signatures: [{pattern: 'some text'}]\n  summary: '{file} is bad.'\n", "x.yaml:9: summary: no signature captures file")]
    [InlineData("- &a {id: x}\n- *a", "x.yaml:1: anchors, aliases and tags are not allowed")]
    public void A_catalogue_with_a_mistake_is_refused_with_file_line_key_and_reason(string text, string message)
    {
        var exception = Assert.Throws<CatalogueException>(() => Catalogue.Load([("x.yaml", text)]));
        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_adds_and_replaces_entries_and_its_bad_files_are_left_out()
    {
        var folder = Directory.CreateTempSubdirectory("qmoi-catalogue-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "acme.yaml"), """
            - id: acme-license-server
              title: The license server has no seat left
              category: infrastructure
              priority: 90
              transient: yes
              retry: { max: 2, wait_seconds: [60, 300] }
              action: retry
              approval: auto
              signatures:
                - pattern: '^frobnicate: no seat left on (?<server>\S+)'
              summary: ['All seats of {server} are taken.', 'All seats are taken.']
              next: Run the job again.
              sample: 'frobnicate: no seat left on lic1'
            """, Token);
        await File.WriteAllTextAsync(Path.Combine(folder, "bad.yaml"), "- id: Not kebab\n", Token);
        await File.WriteAllTextAsync(Path.Combine(folder, "slow.yaml"), Entry + "  priority: 50\n  signatures: [{pattern: '^(a+)+ slow$'}]\n  summary: Slow.\n  next: Wait.\n  sample: aaa slow\n", Token);
        var refused = new List<string>();
        var catalogue = Catalogue.WithFolder(folder, bad => refused.Add(bad.Message));

        Assert.Contains("bad.yaml:1: id: lower-case words with hyphens are expected", Assert.Single(refused), StringComparison.Ordinal);
        Assert.Equal(Catalogue.Embedded.Entries.Count + 2, catalogue.Entries.Count);
        using var log = new MemoryStream(Encoding.UTF8.GetBytes("$ make\nfrobnicate: no seat left on lic7\n" + new string('a', 5000) + " slow!\nERROR: Job failed: exit code 1\n"));
        var diagnosis = (await new LogDiagnoser(catalogue).DiagnoseAsync(log, JobFacts.None, Token)).Diagnoses[0];
        Assert.Equal(("acme-license-server", "All seats of lic7 are taken.", true), (diagnosis.FailureId, diagnosis.Summary, diagnosis.IsTransient));
    }

    private const string Entry = "- id: a\n  title: t\n  category: test\n  transient: no\n  action: llm\n  approval: needed\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static async Task<LogReport> DiagnoseAsync(string log, JobFacts? job = null)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(log));
        return await Diagnoser.DiagnoseAsync(stream, job ?? JobFacts.None, TestContext.Current.CancellationToken);
    }
}
