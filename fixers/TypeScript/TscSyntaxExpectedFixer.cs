using System.Text.RegularExpressions;

namespace QMoi.Fixers.TypeScript;

/// <summary>
/// TS1005: a comma or a closing bracket is missing, and what is open there leaves no choice where it belongs; for a missing <c>}</c> the indentation has to tell.
/// Unsafe, and declined, with more than one such error in a file: the second may follow from the first.
/// </summary>
public sealed partial class TscSyntaxExpectedFixer : IFixer
{
    public string FailureId => "tsc-syntax-expected";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var (places, reason) = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (reason is not null)
            return new FixResult.Declined(reason);
        if (places.GroupBy(place => place.File.Path, StringComparer.Ordinal).FirstOrDefault(file => file.Select(place => (place.Line, place.Column)).Distinct().Count() > 1) is { } several)
            return new FixResult.Declined($"`{several.Key}` has more than one error of syntax; they may follow from one another");
        if (TscErrors.Unrelated(diagnosis) is { } other)
            return new FixResult.Declined($"the compiler also reports another error of syntax ({other})");
        // At most one place a file, so no place moves another.
        foreach (var place in places.DistinctBy(place => place.File))
            if (Repair(place) is { } refusal)
                return new FixResult.Declined(refusal);
        var files = places.Select(place => place.File).Distinct().OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return new FixResult.Fixed(new Patch([.. files.Select(file => file.ToEdit())]), $"Added what the compiler expects in {string.Join(", ", files.Select(file => $"`{file.Path}`"))}.");
    }

    private static string? Repair(NamedPlaces.Place place)
    {
        var file = place.File;
        var masked = ScriptCode.Mask(file.Lines);
        var (line, column) = (place.Line, place.Column - 1);
        // The compiler notices a missing brace at the end of the file, which is the line behind the last.
        if (place.Capture("expected") == "}")
            return CloseBlock(file, masked);
        if (!file.Has(line) || column < 0 || column > place.Text.Length)
            return $"`{file.Path}` has no line {line} with a column {place.Column}; the log is of another version of it";
        if (OpenAt(masked, line, column) is not { } open || Previous(masked, line, column) is not { } previous)
            return $"nothing is open before `{file.Path}`, line {line}, column {place.Column}";
        var offender = column < place.Text.Length ? place.Text[column..] : "";
        if (Missing(place.Capture("expected")!, open, line, masked[line - 1][..column], offender) is not { } missing)
            return $"what is missing in `{file.Path}`, line {line}, column {place.Column} is not plain: `{place.Capture("expected")}` is only where the compiler noticed";
        if (masked[previous.Line - 1][previous.Column] is '(' or '[' or '{' or ',' or '=' or '+' or '-' or '*' or '&' or '|' or '?' or '.' or '<' or '!')
            return $"an expression is missing in `{file.Path}`, line {previous.Line}";
        if (missing != "," && masked.Sum(text => text.Count(character => character == open.Bracket) - text.Count(character => character == missing.Trim()[0])) != 1)
            return $"the brackets of `{file.Path}` do not say that one `{missing.Trim()}` is missing";
        var end = previous.Column + 1;
        file[previous.Line] = file[previous.Line][..end] + missing + file[previous.Line][end..];
        return null;
    }

    private static string? Missing(string expected, (char Bracket, int Line, int Column) open, int line, string before, string offender)
    {
        var closer = open.Bracket switch { '(' => ")", '[' => "]", _ => "}" };
        var isFirst = before.Trim().Length == 0;
        if (expected is ")" or "]")
            return expected == closer && (!isFirst || open.Line == line) ? expected : null;
        if (expected != "," || offender.Length == 0)
            return null;
        if (open.Line == line && !isFirst && open.Bracket != '{' && (offender[0] is ';' or '}' || offender.StartsWith("=>", StringComparison.Ordinal)))
            return closer;
        if (open.Bracket == '{' && ScriptCode.HasWord(offender, 0, "from") && Import().IsMatch(before) && open.Line == line)
            return " }";
        var isElement = ScriptCode.IsWordPart(offender[0]) || offender[0] is '"' or '\'' or '`' or '[' or '{' or '.';
        if (isFirst)
            return open.Line < line && isElement && !Statement().IsMatch(offender) ? "," : null;
        // Side by side on one line only names with what makes them elements: a: number b: number
        return open.Line == line && Element().IsMatch(offender) ? "," : null;
    }

    // The innermost bracket that is open there; null where brackets do not pair before it.
    private static (char Bracket, int Line, int Column)? OpenAt(IReadOnlyList<string> masked, int line, int column)
    {
        var open = new Stack<(char, int, int)>();
        for (var number = 1; number <= line; number++)
        {
            var text = number == line ? masked[number - 1][..column] : masked[number - 1];
            for (var at = 0; at < text.Length; at++)
            {
                if (text[at] is '(' or '[' or '{')
                    open.Push((text[at], number, at));
                else if (text[at] is ')' or ']' or '}' && (!open.TryPop(out var opened) || opened.Item1 != (text[at] switch { ')' => '(', ']' => '[', _ => '{' })))
                    return null;
            }
        }

        return open.TryPeek(out var inner) ? inner : null;
    }

    private static (int Line, int Column)? Previous(IReadOnlyList<string> masked, int line, int column)
    {
        for (var number = line; number >= 1; number--)
        {
            var text = (number == line ? masked[number - 1][..column] : masked[number - 1]).TrimEnd();
            if (text.Length > 0)
                return (number, text.Length - 1);
        }

        return null;
    }

    /// <summary>Puts the one missing <c>}</c> where the indentation goes back to that of its block.</summary>
    private static string? CloseBlock(TextFile file, IReadOnlyList<string> masked)
    {
        var balance = masked.Sum(line => line.Count(character => character == '{') - line.Count(character => character == '}'));
        if (balance != 1)
            return balance <= 0 ? $"`{file.Path}` has as many closing as opening braces" : $"more than one brace of `{file.Path}` is not closed";
        var ends = new List<(int Line, string Indent)>();
        for (var line = 1; line <= file.Count; line++)
        {
            if (!masked[line - 1].TrimEnd().EndsWith('{') || Depth(masked[line - 1]) != 1)
                continue;
            var indent = file.Indent(line);
            var next = Enumerable.Range(line + 1, file.Count - line).FirstOrDefault(other => masked[other - 1].Trim().Length > 0 && file.Indent(other).Length <= indent.Length, file.Count + 1);
            // A block without an indented line tells nothing.
            if (next == Enumerable.Range(line + 1, file.Count - line).FirstOrDefault(other => masked[other - 1].Trim().Length > 0) && masked[next - 1].TrimStart()[0] != '}')
                return $"the indentation of `{file.Path}` does not tell which brace is not closed";
            if (next > file.Count || masked[next - 1].TrimStart()[0] != '}' || file.Indent(next) != indent)
                ends.Add((next, indent));
        }

        if (ends is not [var (before, margin)])
            return $"the indentation of `{file.Path}` does not tell which brace is not closed";
        while (before > 1 && file[before - 1].Trim().Length == 0)
            before--;
        file.Insert(before, margin + "}");
        return null;
    }

    private static int Depth(string text) => text.Count(character => character == '{') - text.Count(character => character == '}') + (text.TrimStart().StartsWith('}') ? 1 : 0);

    [GeneratedRegex(@"^(?:const|let|var|function|class|return|if|for|while|do|switch|throw|try|export|import|interface|type|declare|enum|break|continue)\b(?!\s*[:,(])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Statement();

    [GeneratedRegex(@"^(?:[\w$]+\??\s*:|'[^']*'\s*[,:\])]|""[^""]*""\s*[,:\])]|\d[\d.]*\s*[,\])])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Element();

    [GeneratedRegex(@"^\s*(?:import|export)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();
}
