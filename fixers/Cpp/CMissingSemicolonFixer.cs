using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>
/// Recognises a semicolon or closing brace that was forgotten. Puts the semicolon behind the code that it ends, and the brace where the indentation shows that a block was left.
/// Unsafe where something other than a line's end follows, or where braces and indentation tell more than one story: declined.
/// </summary>
public sealed partial class CMissingSemicolonFixer : IFixer
{
    private const int MostMatches = 40;

    public string FailureId => "c-missing-semicolon";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var inRepository = new List<SignatureMatch>();
        // One slip breaks much of what follows, also in the headers of the compiler.
        foreach (var match in diagnosis.Matches.DistinctBy(match => match.Text).Take(MostMatches))
            if (match.Captures.TryGetValue("file", out var named) && await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not null)
                inRepository.Add(match);
        var (places, reason) = await NamedPlaces.FindAsync(diagnosis with { Matches = inRepository }, checkout, cancellationToken);
        if (places.Count == 0)
            return new FixResult.Declined(reason!);
        var first = places[0];
        if (!first.File.Has(first.Line))
            return new FixResult.Declined($"`{first.File.Path}` has no line {first.Line}; the log is of another version of it");

        if (Braces(CodeMask.Of(first.File, CodeKind.C)) > 0)
            return Close(first.File);
        var inserts = new List<(TextFile File, int Line, int Index)>();
        foreach (var place in places)
        {
            var end = place.File.Has(place.Line) && place.Capture("brace") is null ? EndOfStatement(place) : null;
            if (end is { } at && Braces(CodeMask.Of(place.File, CodeKind.C)) == 0)
                inserts.Add((place.File, at.Line, at.Index));
            else if (place == first)
                return new FixResult.Declined($"nothing in `{place.File.Path}` before line {place.Line} plainly lacks a semicolon");
        }

        foreach (var (file, line, index) in inserts.Distinct().OrderByDescending(insert => insert.Line).ThenByDescending(insert => insert.Index))
            file[line] = file[line].Insert(index, ";");
        return Done(inserts.Select(insert => insert.File), "Added a semicolon that was missing");
    }

    // Just behind the code that lacks it; null where that is not plain.
    private static (int Line, int Index)? EndOfStatement(NamedPlaces.Place place)
    {
        var masked = CodeMask.Of(place.File, CodeKind.C);
        var line = masked[place.Line - 1];
        bool MayEnd(int index) => string.IsNullOrWhiteSpace(line[index..]) || line[index..].TrimStart().StartsWith('}');
        // clang and newer versions of gcc mean the end of the code before, older ones the beginning of what follows.
        var index = CSource.IndexOf(place.Text, place.Column, at => at > 0 && !char.IsWhiteSpace(line[at - 1]) && MayEnd(at)) ?? CSource.IndexOf(place.Text, place.Column, at => string.IsNullOrWhiteSpace(line[..at]));
        if (index is null || CSource.EndOfCodeBefore(masked, place.Line, index.Value) is not { } end)
            return null;
        var code = masked[end.Line - 1][..end.Index];
        var isType = code.EndsWith('}') && IsType(masked, end.Line, end.Index - 1);
        var isStatement = !code.EndsWith('}') && !Unfinished().IsMatch(code.TrimEnd()) && !Header().IsMatch(code.Trim()) && !Label().IsMatch(code);
        return isType || isStatement ? end : null;
    }

    // struct x { … }, class, enum, union: what stands before the brace that this one closes.
    private static bool IsType(string[] masked, int line, int index)
    {
        var depth = 0;
        for (; line > 0; line--, index = line > 0 ? masked[line - 1].Length - 1 : 0)
        {
            for (; index >= 0; index--)
            {
                depth += masked[line - 1][index] switch { '}' => 1, '{' => -1, _ => 0 };
                if (depth > 0)
                    continue;
                var head = masked[line - 1][..index];
                return TypeHead().IsMatch(string.IsNullOrWhiteSpace(head) && line > 1 ? masked[line - 2] : head);
            }
        }

        return false;
    }

    private static int Braces(string[] masked) => masked.Sum(line => line.Count(character => character == '{') - line.Count(character => character == '}'));

    private static FixResult Close(TextFile file)
    {
        var masked = CodeMask.Of(file, CodeKind.C);
        if (Braces(masked) != 1)
            return new FixResult.Declined($"`{file.Path}` lacks {Braces(masked)} closing braces; where they belong is for a person to say");
        if (masked.Any(line => Alternative().IsMatch(line)))
            return new FixResult.Declined($"`{file.Path}` lacks a closing brace, and its conditional parts may hold braces of their own");
        var open = new Stack<(string Indent, bool IsIndented)>();
        var parentheses = 0;
        (int Line, string Indent)? missing = null;
        var lastCode = 0;
        for (var line = 1; line <= file.Count; line++)
        {
            var code = masked[line - 1].Trim();
            if (code.Length == 0 || code[0] == '#')
                continue;
            if (parentheses == 0 && Left(file.Indent(line), code, open) is { } indent)
            {
                if (missing is not null)
                    return new FixResult.Declined($"`{file.Path}` lacks a closing brace, and its indentation shows more than one place for it");
                missing = (lastCode + 1, indent);
                open.Pop();
                if (Left(file.Indent(line), code, open) is not null)
                    return new FixResult.Declined($"`{file.Path}` lacks a closing brace, and its indentation does not show where");
            }

            Follow(file.Indent(line), code, open, ref parentheses);
            lastCode = line;
        }

        if (missing is null && open.Count == 1)
            missing = (lastCode + 1, open.Peek().Indent);
        if (missing is not { } place)
            return new FixResult.Declined($"`{file.Path}` lacks a closing brace, and its indentation does not show where");
        file.Insert(place.Line, place.Indent + "}");
        return Done([file], "Added a closing brace that was missing");
    }

    // The indentation of the innermost block where the line shows that it was left without a brace.
    private static string? Left(string indent, string code, Stack<(string Indent, bool IsIndented)> open)
    {
        if (!open.TryPeek(out var block) || !block.IsIndented)
            return null;
        var isShallow = indent.Length < block.Indent.Length;
        if (code[0] == '}')
            return isShallow ? block.Indent : null;
        return isShallow || (indent.Length == block.Indent.Length && code[0] != '{' && !Label().IsMatch(code)) ? block.Indent : null;
    }

    private static void Follow(string indent, string code, Stack<(string Indent, bool IsIndented)> open, ref int parentheses)
    {
        foreach (var character in code)
        {
            if (character == '{')
                open.Push((indent, !NotIndented().IsMatch(code)));
            else if (character == '}' && open.Count > 0)
                open.Pop();
            parentheses = Math.Max(0, parentheses + character switch { '(' => 1, ')' => -1, _ => 0 });
        }
    }

    private static FixResult Done(IEnumerable<TextFile> files, string what)
    {
        var changed = files.Distinct().Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("nothing is left to repair in the files that the log names")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"{what} in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    // Code that goes on, or has ended already.
    [GeneratedRegex(@"(?:^|[;{}(,\[<>=*/%&|^!?~\\:]|(?:^|[^+])\+|(?:^|[^-])-|\b(?:else|do|try|return_type))$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Unfinished();

    // The line before a block of its own, not a statement.
    [GeneratedRegex(@"^(?:\}\s*)?(?:(?:else\s+)?if|for|while|switch|catch)\b.*\)$|^(?:template|namespace|class|struct|enum|union)\b[^=()]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Header();

    [GeneratedRegex(@"^\s*(?:case\b.*|default|public|private|protected|signals|\w+)\s*:(?:[^:]|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Label();

    [GeneratedRegex(@"(?:^|[\s;])(?:class|struct|enum|union)\b[^;()]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TypeHead();

    [GeneratedRegex(@"^\s*#\s*(?:else|elif)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Alternative();

    [GeneratedRegex(@"^(?:inline\s+)?namespace\b|^extern\s+""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NotIndented();
}
