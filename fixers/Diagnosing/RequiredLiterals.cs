using System.Globalization;
using System.Text;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Texts of which a line holds at least one.</summary>
internal sealed record LiteralSet(string[] Texts, bool IgnoresCase = false)
{
    private readonly byte[][] _bytes = [.. Texts.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Bytes of the shortest text.</summary>
    internal int Shortest { get; } = Texts.Min(Encoding.UTF8.GetByteCount);

    internal bool IsIn(ReadOnlySpan<byte> line)
    {
        foreach (var text in _bytes)
        {
            if (line.IndexOf(text) >= 0)
                return true;
        }

        return false;
    }
}

/// <summary>What a line must hold for a pattern to match it, read off the pattern: most lines then need no regular expression.</summary>
internal static class RequiredLiterals
{
    private const int ShortText = 5;
    private const int MostHeads = 24;

    /// <summary>Sets that all matches satisfy, the most selective one first; empty when the pattern demands no text.</summary>
    internal static LiteralSet[] Of(string pattern)
    {
        pattern = WithoutPlainGroups(pattern);
        var position = 0;
        var sets = Alternatives(pattern, ref position);
        if (pattern.Contains("(?i", StringComparison.Ordinal))
            sets = [.. sets.Select(set => set with { IgnoresCase = true })];

        return position == pattern.Length ? [.. sets.OrderByDescending(set => set.Shortest).ThenBy(set => set.Texts.Length)] : [];
    }

    /// <summary>True where the pattern as a whole is one of several: <c>^a|b</c>.</summary>
    internal static bool HasAlternatives(string pattern)
    {
        var position = 0;
        Sequence(pattern, ref position);
        return position < pattern.Length;
    }

    private static List<LiteralSet> Alternatives(string pattern, ref int position)
    {
        var only = Sequence(pattern, ref position);
        if (position >= pattern.Length || pattern[position] != '|')
            return only;

        List<string>? all = [];
        Add(only);
        while (position < pattern.Length && pattern[position] == '|')
        {
            position++;
            Add(Sequence(pattern, ref position));
        }

        return all is null ? [] : [new LiteralSet([.. all.Distinct(StringComparer.Ordinal)])];

        void Add(List<LiteralSet> sets)
        {
            if (sets.Count == 0)
                all = null;
            else
                all?.AddRange(sets.MaxBy(set => set.Shortest)!.Texts);
        }
    }

    private static List<LiteralSet> Sequence(string pattern, ref int position)
    {
        List<LiteralSet> sets = [];

        // What was read last: one of the heads, then the run.
        List<string> heads = [""];
        var run = new StringBuilder();
        while (position < pattern.Length && pattern[position] is not ('|' or ')'))
        {
            var literal = '\0';
            var isText = false;
            var choice = "";
            List<LiteralSet>? group = null;
            switch (pattern[position])
            {
                case '(' when Words(pattern, position) is { } words && words.Length * heads.Count <= MostHeads:
                    // "(?:Error|Exception): " demands "Error: " or "Exception: ".
                    heads = [.. heads.SelectMany(head => words.Select(word => head + run + word))];
                    run.Clear();
                    position = pattern.IndexOf(')', position) + 1;
                    continue;
                case '(':
                    position++;
                    if (!SkipGroupHead(pattern, ref position))
                    {
                        group = Alternatives(pattern, ref position);
                        position++;
                    }

                    break;
                case '[':
                    var set = position;
                    SkipSet(pattern, ref position);
                    choice = Members(pattern[set..position]);
                    break;
                case '\\' when position + 1 < pattern.Length && pattern[position + 1] == 'd':
                    position += 2;
                    choice = "0123456789";
                    break;
                case '\\':
                    literal = Escape(pattern, ref position);
                    isText = literal != '\0';
                    break;
                case '.' or '^' or '$':
                    isText = pattern[position] != '.';
                    position++;
                    break;
                default:
                    literal = pattern[position++];
                    isText = true;
                    break;
            }

            var (isOptional, isRepeated) = Quantifier(pattern, ref position);
            var isLiteral = literal is '\t' or >= ' ';
            if (isLiteral && !isOptional)
                run.Append(literal);

            // "Failures: [1-9]" demands one of nine texts; ten digits tell hardly more than the text before them, unless that is short.
            if (choice.Length > 0 && heads.Count == 1 && run.Length > 2 && !isOptional && (choice.Length < 10 || run.Length < ShortText))
                sets.Add(new LiteralSet([.. choice.Select(symbol => $"{run}{symbol}")]));

            if (!isText || (literal != '\0' && !isLiteral) || isOptional || isRepeated)
                End();

            if (group is not null && !isOptional)
                sets.AddRange(group);
        }

        End();
        return sets;

        void End()
        {
            if (run.Length > 0 || heads.Count > 1)
                sets.Add(new LiteralSet([.. heads.Select(head => head + run).Distinct(StringComparer.Ordinal)]));

            heads = [""];
            run.Clear();
        }
    }

    // The words of a group that is nothing but words and is there exactly once.
    private static string[]? Words(string pattern, int position)
    {
        var start = position + 1;
        if (SkipGroupHead(pattern, ref start))
            return null;

        var end = start;
        while (end < pattern.Length && (char.IsAsciiLetterOrDigit(pattern[end]) || pattern[end] is ' ' or '_' or '-' or '\'' or '|'))
            end++;

        if (end >= pattern.Length || pattern[end] != ')' || (end + 1 < pattern.Length && pattern[end + 1] is '?' or '*' or '+' or '{'))
            return null;

        var words = pattern[start..end].Split('|');
        return words.Length > 1 && !words.Contains("") ? words : null;
    }

    // Text goes on through a group that is there exactly once and has no alternatives: "(?<file>\S+\.go):".
    private static string WithoutPlainGroups(string pattern)
    {
        var isDropped = new bool[pattern.Length];
        var open = new Stack<(int Start, int Head, bool HasAlternatives)>();
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '\\':
                    at++;
                    break;
                case '[':
                    var end = at;
                    SkipSet(pattern, ref end);
                    at = end - 1;
                    break;
                case '(':
                    var head = at + 1;
                    var isOnlyHead = SkipGroupHead(pattern, ref head);
                    if (!isOnlyHead)
                        open.Push((at, head, false));

                    at = head - 1;
                    break;
                case '|' when open.TryPop(out var group):
                    open.Push(group with { HasAlternatives = true });
                    break;
                case ')' when open.TryPop(out var group):
                    if (group.HasAlternatives || (at + 1 < pattern.Length && pattern[at + 1] is '?' or '*' or '+' or '{'))
                        break;

                    isDropped.AsSpan(group.Start, group.Head - group.Start).Fill(true);
                    isDropped[at] = true;
                    break;
            }
        }

        return string.Concat(pattern.Where((_, at) => !isDropped[at]));
    }

    // Behind "(": "?:", "?<name>", "?i)" and the like. True where the group is over with that.
    private static bool SkipGroupHead(string pattern, ref int position)
    {
        if (position >= pattern.Length || pattern[position] != '?')
            return false;

        while (position < pattern.Length && pattern[position] is not (':' or '>' or ')'))
            position++;

        return position < pattern.Length && pattern[position++] == ')';
    }

    // Of a set of single characters and digit ranges; empty for a larger or a negated one.
    private static string Members(string set)
    {
        set = set[1..^1];
        if (set is "1-9")
            return "123456789";

        return set is "0-9" ? "0123456789" : set.Length is > 0 and <= 10 && !set.AsSpan().ContainsAny('^', '-', '\\') ? set : "";
    }

    private static void SkipSet(string pattern, ref int position)
    {
        position++;
        if (position < pattern.Length && pattern[position] == '^')
            position++;

        if (position < pattern.Length && pattern[position] == ']')
            position++;

        while (position < pattern.Length && pattern[position] != ']')
            position += pattern[position] == '\\' ? 2 : 1;

        position++;
    }

    private static char Escape(string pattern, ref int position)
    {
        var symbol = position + 1 < pattern.Length ? pattern[position + 1] : '\0';
        if (symbol == 'u' && position + 6 <= pattern.Length && ushort.TryParse(pattern.AsSpan(position + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && !char.IsSurrogate((char)code))
        {
            position += 6;
            return (char)code;
        }

        position += symbol switch { 'u' => 6, 'x' => 4, _ => 2 };
        return symbol == 't' ? '\t' : char.IsAsciiLetterOrDigit(symbol) ? '\0' : symbol;
    }

    private static (bool IsOptional, bool IsRepeated) Quantifier(string pattern, ref int position)
    {
        if (position >= pattern.Length)
            return (false, false);

        var symbol = pattern[position];
        if (symbol is not ('?' or '*' or '+' or '{'))
            return (false, false);

        var isOptional = symbol is '?' or '*' or '{';
        if (symbol == '{')
            position = pattern.IndexOf('}', position) is var end and >= 0 ? end : pattern.Length - 1;

        position++;
        if (position < pattern.Length && pattern[position] == '?')
            position++;

        return (isOptional, true);
    }
}
