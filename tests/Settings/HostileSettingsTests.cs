using System.Diagnostics;
using System.Text;
using QMoi.Handlers.Settings;
using static QMoi.Tests.Settings.RepositoryFile;

namespace QMoi.Tests.Settings;

/// <summary>Whoever can push to a default branch writes this file: nothing in it breaks the bot or keeps it busy.</summary>
public sealed class HostileSettingsTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    public static TheoryData<string, string> Attacks => new()
    {
        { Many("[", 60_000), "line 1: lists and maps are nested more than 16 deep" },
        { Many("- ", 30_000), "line 1: lists and maps are nested more than 16 deep" },
        { Many("{a: ", 15_000), "line 1: lists and maps are nested more than 16 deep" },
        { Many("? ", 30_000), "line 1: a key has to be one word" },
        { "fix: { rules: [" + Many("a,", 101) + "] }", "line 1: fix.rules: 101 entries are not 0 to 100" },
        { "fix: { rules: [" + Many("a,", 30_000) + "] }", "line 1: more than 2500 values" },
        { "retry: { rules: [" + Many("{},", 21) + "] }", "line 1: retry.rules: 21 entries are not 0 to 20" },
        { "fix: { auto_apply: { when: [" + Many("risk=low,", 11) + "] } }", "line 1: fix.auto_apply.when: 11 entries are not 1 to 10" },
        { "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "line 2: b[0]: aliases are not read here; text that begins with * needs quotes" },
        { "version: 1\nenabled: false\0\nrest: 1", "line 2: it holds a NUL character" },
        { "version: 1\nfix: { rules: [!!**/a] }", "line 2: from here on it is not valid YAML" },
        { Many("#", 70_000), "it has 70000 bytes; at most 65536 are read" },
        { Many("k", 1_000) + ": 1", $"line 1: {Many("k", 60)}…: unknown key; did you mean 'version'?" },
        { "\"\\u202Eenabled\\n@all\": 1", "line 1: enabled@all: unknown key; did you mean 'enabled'?" },
        { "fix: { rules: [" + Many("a", 300) + "] }", "line 1: fix.rules[0]: 300 characters are more than 200" },
        { $"fix: {{ auto_apply: {{ when: ['log~={Many("a", 600)}'] }} }}", $"line 1: fix.auto_apply.when[0]: 'log~={Many("a", 55)}…': 600 characters stand after '~='; at most 500 are read" },
    };

    [Theory, MemberData(nameof(Attacks))]
    public void It_is_refused_at_once(string yaml, string problem)
    {
        var clock = Stopwatch.StartNew();
        Assert.Equal($".qmoi.yml: {problem}", Parse(yaml).Problem);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Soon);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused() =>
        Assert.Equal(".qmoi.yml: it is not UTF-8 text", RepositorySettings.Parse(new byte[] { (byte)'a', 0xC3, 0x28 }).Problem);

    public static TheoryData<string> SlowPatterns =>
        ["(a+)+c", "(.*a){20}c", "(x+x+)+y", @"[\s\S]{1000}x|.{999}y|(\d|\w|a){500}q", "(.*){1000}(.*){1000}q", "((((a?){9}){9}){9}){9}Z", "(a.{300}a|b.{301}b|ab.{302}ab|.{303}ba)+c|(a.{310}a|b.{311}b|ab.{312}ab|.{313}ba)+d"];

    [Theory, MemberData(nameof(SlowPatterns))]
    public void A_pattern_made_to_be_slow_ends_soon(string pattern)
    {
        var random = new Random(7);
        var log = string.Create(1_000_000, random, (letters, random) => random.GetItems("ab", letters));
        foreach (var lineLength in new[] { 60, 5_000, log.Length })
        {
            var facts = new Facts { Log = string.Join("b\n", log.Chunk(lineLength).Select(line => new string(line))) + "b" };
            var clock = Stopwatch.StartNew();
            Assert.False(Condition.Parse("log~=" + pattern).Holds(facts));
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Soon);
        }
    }

    [Fact]
    public void What_takes_a_pattern_too_long_counts_as_not_known()
    {
        // Each ab is read in two ways, 2,000 times.
        var facts = new Facts { Log = Many("ab", 2_000) + "d" };
        Assert.False(Condition.Parse("log~=^(a|b|ab)*$").Holds(facts));
        Assert.False(Condition.Parse("log!~=^(a|b|ab)*$").Holds(facts));
    }

    [Fact]
    public void A_line_is_found_in_a_long_log() =>
        Assert.True(Condition.Parse("log~=^last$").Holds(new() { Log = Many("next\r\n", 50_000) + "last\r\n" }));

    [Fact]
    public void Stars_do_not_multiply()
    {
        var pattern = string.Concat(Enumerable.Repeat("*a**/", 39)) + "b";
        var settings = Good($"fix: {{ auto_apply: {{ when: ['risk=low'], paths: ['{pattern}'] }} }}");
        var clock = Stopwatch.StartNew();
        Assert.False(settings.Fix.AutoApply!.AllowsPath(Many("aa/", 1_300)));
        Assert.False(settings.Fix.AutoApply.AllowsPath(Many("a", 4_000)));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Soon);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void No_damage_to_a_file_ends_in_an_exception(int seed)
    {
        var random = new Random(seed);
        var whole = Encoding.UTF8.GetBytes(Whole);
        for (var round = 0; round < 1_000; round++)
        {
            var file = Damaged(whole, random);
            try
            {
                var settings = RepositorySettings.Parse(file);
                if (settings.Problem is { } problem)
                {
                    Assert.Equal(RepositorySettings.Default, settings with { Problem = null });
                    Assert.StartsWith(".qmoi.yml: ", problem, StringComparison.Ordinal);
                    Assert.DoesNotContain(problem, char.IsControl);
                    Assert.InRange(problem.Length, 20, 1_000);
                }
                foreach (var rule in settings.Retry.Rules)
                    rule.Fits(new() { Log = Whole, Branch = "main", IsFlaky = true, RetryPassRate = 1 });
                settings.Fix.Allows("npm-ci");
                settings.Fix.IsProtected("release/1");
                settings.Fix.AutoApply?.AllowsPath("src/a.cs");
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, round {round}: {exception}\n{Convert.ToBase64String(file)}");
            }
        }
    }

    private static byte[] Damaged(byte[] whole, Random random)
    {
        byte[][] pieces = [.. new[] { "\n", "  ", "\t", "[", "]", "{", "}", "'", "\"", ": ", "- ", "*", "&a ", "*a", "!", "|", ">-", "#", "? ", "%YAML 1.2\n", "---\n", "...", "~", "=", "!~=", "(?", "\\", "\uFEFF", "\u2028", "9", "null" }.Select(Encoding.UTF8.GetBytes)];
        var file = whole.ToList();
        for (var damage = random.Next(1, 5); damage > 0; damage--)
        {
            var at = random.Next(file.Count);
            switch (random.Next(5))
            {
                case 0: file[at] = (byte)random.Next(256); break;
                case 1: file.InsertRange(at, pieces[random.Next(pieces.Length)]); break;
                case 2: file.RemoveRange(at, random.Next(Math.Min(40, file.Count - at))); break;
                case 3: file.InsertRange(at, file.GetRange(random.Next(file.Count / 2), random.Next(60))); break;
                default: (file[at], file[random.Next(file.Count)]) = (file[random.Next(file.Count)], file[at]); break;
            }
        }
        return [.. file];
    }

    private static string Many(string piece, int times) => string.Concat(Enumerable.Repeat(piece, times));
}
