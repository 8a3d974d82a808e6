using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Checks;
using QMoi.Handlers.Settings;

namespace QMoi.Tests.Fixers;

/// <summary>YAML of strangers is read or refused with a reason; it never throws, and never takes the process along.</summary>
public sealed class OutsideYamlTests
{
    private static string Times(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    public static TheoryData<string, string> Hostile => new()
    {
        { "a tag that is no name", "a: [!!**/a]\n" },
        { "a tag that does not end", "a: !<x\n" },
        { "a tag handle without a meaning", "a: !x!y z\n" },
        { "a version that is no number", "%YAML 99999999999999999999.1\n---\na: b\n" },
        { "a directive without end", "%TAG ! \n---\na: b\n" },
        { "nested sequences", "a: " + Times("[", 100_000) },
        { "nested mappings", "a: " + Times("{a: ", 100_000) },
        { "nested blocks", string.Concat(Enumerable.Range(0, 600).Select(depth => new string(' ', depth) + "a:\n")) },
        { "nested dashes", Times("- ", 100_000) },
        { "an alias of itself", "a: &x [*x]\n" },
        { "an alias of what holds it", "a: &x\n  b:\n    - *x\n" },
        { "an alias of nothing", "a: *x\n" },
        { "aliases of aliases", "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat("bcdefghij".Select(name => $"{name}: &{name} [{string.Join(", ", Enumerable.Repeat($"*{(char)(name - 1)}", 10))}]\n")) },
        { "the same key twice", "a: 1\na: 2\n" },
        { "a merge key of a text", "<<: x\na: 1\n" },
        { "control characters", "a: \u0001\u0000\u001b\n" },
        { "half a character", "a: \ud800\n" },
        { "an escape without end", "a: \"\\x\"\n" },
        { "an escape of no character", "a: \"\\UFFFFFFFF\"\n" },
        { "a block of a huge indentation", "a: |99999999999\n  b\n" },
        { "tabs", "a:\n\t- b\n" },
        { "two documents", "a: 1\n---\nb: 2\n...\n" },
        { "no document", "%" },
        { "long keys", Times("? a\n", 100_000) },
        { "one long line", "a: [" + Times("b, ", 250_000) + "]\n" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public async Task Yaml_with_aliases_tags_or_depth_is_read_or_refused(string name, string text)
    {
        var documents = OutsideYaml.Read(text, out var mistake);
        Assert.True(documents is null == mistake is not null, name);
        Assert.True(mistake is null || (mistake.Line >= 1 && mistake.Reason.Length > 0), name);
        _ = RepositorySettings.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Throws<CatalogueException>(() => Catalogue.Load([("x.yaml", text)]));
        foreach (var (ciFile, facts) in new[] { (".gitlab-ci.yml", new JobFacts("gitlab", "a", ".gitlab-ci.yml", "x")), (".github/workflows/ci.yml", new JobFacts("github", "a", ".github/workflows/ci.yml", "x")) })
        {
            var checkout = MemoryCheckout.Of(ciFile, text);
            var diagnosis = (await CatalogueTests.DiagnoseAsync("$ x\nERROR: Job failed: exit code 1\n", facts)).Diagnoses[0];
            Assert.NotNull((await JobScript.FindAsync(diagnosis, checkout, TestContext.Current.CancellationToken)).Reason);
            foreach (var fixer in FixerIndex.All.Where(fixer => fixer.FailureId.StartsWith("gitlab-", StringComparison.Ordinal) || fixer.FailureId.StartsWith("gha-", StringComparison.Ordinal) || fixer.FailureId.Contains("yaml", StringComparison.Ordinal)))
                Assert.IsType<FixResult.Declined>(await fixer.FixAsync(diagnosis with { FailureId = fixer.FailureId }, checkout, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void Broken_yaml_never_throws()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        const string source = "a: &x [1, 'two', \"three\"]\nb: !!str 4\n? c\n: |-\n  text\n  more\nd: {e: *x, <<: {f: 1}}\n--- # next\n- - g\n  - !t h\n...\n";
        const string letters = "&*!|>%@`'\"{}[]:,?-#\n \t\\/<\u0000\u0085\u2028\ufeff~1aZ.";
        for (var round = 0; round < 20_000; round++)
        {
            var text = new StringBuilder(source);
            for (var edits = random.Next(1, 6); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                if (random.Next(3) == 0) text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at));
                else text.Insert(at, letters[random.Next(letters.Length)]);
            }
            try
            {
                OutsideYaml.Read(text.ToString(), out _);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {exception.GetType().Name}: {text}");
            }
        }
    }

    [Fact]
    public async Task Jobs_that_extend_each_other_without_end_are_no_script()
    {
        var names = Enumerable.Range(0, 14).Select(number => $".x{number}").ToList();
        var ci = string.Concat(names.Select(name => $"{name}:\n  extends: [{string.Join(", ", names)}]\n")) + "a:\n  extends: .x0\n";
        var checkout = MemoryCheckout.Of(".gitlab-ci.yml", ci);
        var diagnosis = (await CatalogueTests.DiagnoseAsync("$ x\nERROR: Job failed: exit code 1\n", new JobFacts("gitlab", "a", ".gitlab-ci.yml", "x"))).Diagnoses[0];
        Assert.Null((await JobScript.FindAsync(diagnosis, checkout, TestContext.Current.CancellationToken)).Script);
    }
}
