namespace QMoi.Fixers.Diagnosing;

/// <summary>Where the cause of a failure stands that the catalogue does not know, and how much it looks like one on the scale of <see cref="CatalogueEntry.Priority"/>.</summary>
internal sealed record Guess(int First, int Last, int Line, string Text, IReadOnlyList<LogLine> Lines, double Weight, FailureCategory Category)
{
    private const int LongestRange = 10;

    // Lines this near the end of a part are as likely as each other; further up they have to look more like an error.
    private const int NearEnd = 40;

    // Errors of one kind with a wider gap between them do not belong together.
    private const int WidestGap = 150;
    private const int WidestGapOfTests = 1000;
    private const int KnownGood = 30;

    /// <summary>The likeliest places in one part of a log, best first; empty where it printed nothing.</summary>
    internal static IReadOnlyList<Guess> In(Segment segment, LineTemplates? passed)
    {
        var lines = segment.Errors.InOrder().Where(line => line.Number >= segment.BodyLine).Select(line => line.Read()).ToList();
        var end = segment.LastLine == int.MaxValue ? lines.Count > 0 ? lines[^1].Number : 0 : segment.LastLine;
        var known = new Dictionary<int, ErrorSign>();
        var signs = lines.Select(line => SignOf(line.Text, passed, known)).ToList();
        List<Guess> guesses = [];
        foreach (var kind in signs.Where(sign => sign.Weight > 0).Distinct())
        {
            var last = signs.LastIndexOf(kind);
            var at = kind.IsFirst ? FirstOf(kind, last, lines, signs) : last;
            guesses.Add(Around(lines, signs, at, kind.Weight - Penalty(end - lines[last].Number, kind.IsFirst), segment, kind.Category));
        }

        var ranked = guesses.OrderByDescending(guess => guess.Weight).ToList();
        if (ranked.Count == 0 && LastWords(lines, segment) is { } words)
            ranked.Add(words);

        return ranked;
    }

    // Lines that differ in numbers alone look the same.
    private static ErrorSign SignOf(string text, LineTemplates? passed, Dictionary<int, ErrorSign> known)
    {
        var template = LineTemplates.HashOf(text);
        if (!known.TryGetValue(template, out var sign))
        {
            sign = ErrorSigns.Of(text);
            if (sign.Weight > 0 && passed?.Contains(template) == true)
                sign = sign with { Weight = Math.Max(0, sign.Weight - KnownGood) };

            known[template] = sign;
        }

        return sign;
    }

    private static int FirstOf(ErrorSign kind, int last, List<LogLine> lines, List<ErrorSign> signs)
    {
        var first = last;
        for (var at = last - 1; at >= 0; at--)
        {
            if (signs[at] != kind)
                continue;

            if (lines[first].Number - lines[at].Number > (kind.Category == FailureCategory.Test ? WidestGapOfTests : WidestGap))
                break;

            first = at;
        }

        return first;
    }

    private static double Penalty(int distance, bool isFirst) => distance <= NearEnd ? 0 : (isFirst ? 1.5 : 5) * Math.Log2((double)distance / NearEnd);

    private static Guess Around(List<LogLine> lines, List<ErrorSign> signs, int at, double weight, Segment segment, FailureCategory category)
    {
        var (first, last) = (at, at);
        if (!signs[at].IsFirst)
        {
            while (first > 0 && lines[at].Number - lines[first - 1].Number < 4 && signs[first - 1].Weight > 0)
                first--;
        }

        while (last + 1 < lines.Count && lines[last + 1].Number - lines[first].Number < LongestRange && lines[last + 1].Number == lines[last].Number + 1
               && !string.IsNullOrWhiteSpace(lines[last + 1].Text) && !ErrorSigns.IsWrapper(lines[last + 1].Text))
            last++;

        var block = lines.GetRange(first, last - first + 1);
        return new Guess(lines[first].Number, lines[last].Number, lines[at].Number, lines[at].Text, Near(lines, first, last), weight,
            FailureKinds.Of([.. block.Select(line => line.Text)], segment.Command, category));
    }

    private static Guess? LastWords(List<LogLine> lines, Segment segment)
    {
        var last = lines.FindLastIndex(line => !string.IsNullOrWhiteSpace(line.Text) && !ErrorSigns.IsWrapper(line.Text));
        if (last < 0)
            return null;

        var first = last;
        while (first > 0 && last - first < 4 && !string.IsNullOrWhiteSpace(lines[first - 1].Text) && lines[first - 1].Number == lines[first].Number - 1)
            first--;

        return new Guess(lines[first].Number, lines[last].Number, lines[last].Number, lines[last].Text, Near(lines, first, last), 2, FailureKinds.Of([.. lines.GetRange(first, last - first + 1).Select(line => line.Text)], segment.Command, FailureCategory.Unknown));
    }

    private static List<LogLine> Near(List<LogLine> lines, int first, int last) =>
        [.. lines.Where(line => line.Number >= lines[first].Number - Cluster.Context && line.Number <= lines[last].Number + Cluster.Context)];
}
