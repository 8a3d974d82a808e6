using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Handlers.Git;

namespace QMoi.Tests.Git;

/// <summary>Whatever two texts are, the diff of them makes one of the other, and is there at once.</summary>
public sealed partial class UnifiedDiffTests
{
    private const int Seed = 20261121;

    /// <summary>Small ones, and such that are too much to be compared finely.</summary>
    [Theory, InlineData(400, 12), InlineData(40, 400), InlineData(4, 9_000)]
    public void Applied_to_the_old_text_it_gives_the_new_one(int rounds, int most)
    {
        var random = new Random(Seed);
        for (var round = 0; round < rounds; round++)
        {
            var before = Text(random, most, words: 1 + random.Next(2 * most));
            var after = random.Next(3) == 0 ? Text(random, most, words: 1 + random.Next(2 * most)) : Edited(random, before);
            if (before == after)
                continue;
            var diff = Render(before, after);
            Assert.True(after == Apply(before, diff), $"seed {Seed}, round {round} of {rounds}");
        }
    }

    /// <summary>What 19,999 lines are made of, old and new.</summary>
    public static TheoryData<string, Func<int, string>, Func<int, string>> Unlike => new()
    {
        { "nothing in common", number => $"old {number}", number => $"new {number}" },
        { "the other way round", number => $"line {number}", number => $"line {19_998 - number}" },
        { "few lines, many times", number => $"line {number % 7}", number => $"line {number * number % 5}" },
        { "every second one", number => $"line {number}", number => number % 2 == 0 ? $"line {number}" : $"new {number}" },
        { "shuffled", number => $"line {number}", number => $"line {number * 7919L % 19_999}" },
        { "nearly all the same", number => number % 3 == 0 ? "x" : "y", number => number % 4 == 0 ? "x" : "y" },
    };

    [Theory, MemberData(nameof(Unlike))]
    public void Twenty_thousand_changed_lines_are_compared_at_once(string what, Func<int, string> old, Func<int, string> @new)
    {
        var (before, after) = (Lines(19_999, old), Lines(19_999, @new));
        // The machine may be busy with other things: the quickest of three.
        var quickest = TimeSpan.MaxValue;
        var diff = "";
        for (var round = 0; round < 3; round++)
        {
            var started = TimeProvider.System.GetTimestamp();
            diff = Render(before, after);
            quickest = TimeProvider.System.GetElapsedTime(started) is var time && time < quickest ? time : quickest;
        }
        Assert.True(quickest < TimeSpan.FromSeconds(2), $"{what}: {quickest.TotalMilliseconds} ms");
        Assert.Equal(after, Apply(before, diff));
    }

    [Fact]
    public void Two_lines_far_apart_in_a_long_file_are_two_small_changes()
    {
        var before = Lines(100_000, number => $"line {number % 1_000}");
        var lines = before.Split('\n');
        (lines[5], lines[99_990]) = ("first", "last");
        var diff = Render(before, string.Join('\n', lines));
        Assert.Equal(["-line 5", "+first", "-line 990", "+last"], diff.Split('\n').Skip(3).Where(line => line.StartsWith('+') || line.StartsWith('-')));
    }

    [Fact]
    public void What_is_too_much_to_be_compared_finely_is_cut_at_the_lines_that_stand_once()
    {
        var before = Lines(20_000, number => number % 5_000 == 0 ? $"chapter {number}" : $"old {number}");
        var after = Lines(20_000, number => number % 5_000 == 0 ? $"chapter {number}" : $"new {number}");
        Assert.Equal([0, 5_000, 10_000, 15_000], Render(before, after).Split('\n').Where(line => line.StartsWith(" chapter ", StringComparison.Ordinal)).Select(line => int.Parse(line[9..], CultureInfo.InvariantCulture)));
    }

    private static string Lines(int count, Func<int, string> line) => string.Concat(Enumerable.Range(0, count).Select(number => line(number) + "\n"));

    private static string Text(Random random, int most, int words) =>
        string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => $"{random.Next(words)}{(random.Next(20) == 0 ? "\r" : "")}\n")) + (random.Next(3) == 0 ? "no end" : "");

    private static string Edited(Random random, string text)
    {
        var lines = text.Split('\n').ToList();
        for (var edits = random.Next(1 + (lines.Count / 3)); edits >= 0; edits--)
        {
            var at = random.Next(lines.Count);
            if (random.Next(2) == 0)
                lines[at] = $"{random.Next(lines.Count)}";
            else
                lines.Insert(at, "more");
        }
        return string.Join('\n', lines);
    }

    private static string Render(string before, string after) =>
        UnifiedDiff.Render(new Patch([new FileEdit.Write("file", (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after))]));

    /// <summary>As a reader of diffs would do it, who believes every number and every line.</summary>
    private static string Apply(string before, string diff)
    {
        var (old, result, at) = (WithEnds(before), new StringBuilder(), 0);
        var shown = WithEnds(diff);
        for (var line = 3; line < shown.Count;)
        {
            var head = Hunk().Match(shown[line++]);
            var (start, removed, added) = (Number(head, "start"), Count(head, "removed"), Count(head, "added"));
            for (var first = removed == 0 ? start : start - 1; at < first; at++)
                result.Append(old[at]);
            while (removed > 0 || added > 0)
            {
                var (mark, text) = (shown[line][0], shown[line][1..]);
                line++;
                if (line < shown.Count && shown[line][0] == '\\')
                    (text, line) = (text[..^1], line + 1);
                if (mark != '+')
                {
                    Assert.Equal(old[at++], text);
                    removed--;
                }
                if (mark != '-')
                {
                    result.Append(text);
                    added--;
                }
            }
        }
        return result.Append(string.Concat(old.Skip(at))).ToString();
    }

    private static List<string> WithEnds(string text)
    {
        var lines = text.Split('\n').Select(line => line + "\n").ToList();
        lines[^1] = lines[^1][..^1];
        if (lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return lines;
    }

    private static int Number(Match match, string name) => int.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture);

    private static int Count(Match match, string name) => match.Groups[name].Success ? Number(match, name) : 1;

    [GeneratedRegex(@"^@@ -(?<start>[0-9]+)(,(?<removed>[0-9]+))? \+[0-9]+(,(?<added>[0-9]+))? @@\n$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Hunk();
}
