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
        if (places.Select(place => place.File).Distinct().FirstOrDefault(file => Braces(CodeMask.Of(file, CodeKind.C)) > 0) is { } open)
            return Close(open);
        var inserts = new List<(TextFile File, int Line, int Index)>();
        foreach (var place in places.Where(place => place.Capture("open") is null))
        {
            if (place.Capture("brace") is null && place.File.Has(place.Line) && await EndOfStatementAsync(place, checkout, cancellationToken) is { } end)
                inserts.Add(end);
            else if (inserts.Count == 0)
                return new FixResult.Declined($"nothing in `{place.File.Path}` before line {place.Line} plainly lacks a semicolon");
        }

        foreach (var (file, line, index) in inserts.Distinct().OrderByDescending(insert => insert.Line).ThenByDescending(insert => insert.Index))
            file[line] = file[line].Insert(index, ";");
        return Done(inserts.Select(insert => insert.File), "Added a semicolon that was missing");
    }

    // Just behind the code that lacks it; null where that is not plain.
    private static async Task<(TextFile File, int Line, int Index)?> EndOfStatementAsync(NamedPlaces.Place place, ICheckout checkout, CancellationToken cancellationToken)
    {
        var masked = CodeMask.Of(place.File, CodeKind.C);
        var line = masked[place.Line - 1];
        bool MayEnd(int index) => string.IsNullOrWhiteSpace(line[index..]) || line[index..].TrimStart().StartsWith('}');
        // clang and newer versions of gcc mean the end of the code before, older ones the beginning of what follows.
        var index = CSource.IndexOf(place.Text, place.Column, at => at > 0 && !char.IsWhiteSpace(line[at - 1]) && MayEnd(at)) ?? CSource.IndexOf(place.Text, place.Column, at => string.IsNullOrWhiteSpace(line[..at]));
        if (index is null || line[index.Value..].TrimStart().StartsWith('{'))
            return null;
        if (CSource.EndOfCodeBefore(masked, place.Line, index.Value) is { } end)
            return IsEnd(masked, end.Line, end.Index) ? (place.File, end.Line, end.Index) : null;
        // The last code before may stand in a header.
        var include = Enumerable.Range(1, place.Line - 1).Reverse().Select(number => place.File[number]).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text)) ?? "";
        if (OwnInclude().Match(include) is not { Success: true } own || await HeaderAsync(place.File.Path, own.Groups["name"].Value, checkout, cancellationToken) is not { } header)
            return null;
        var ofHeader = CodeMask.Of(header, CodeKind.C);
        var last = Array.FindLastIndex(ofHeader, text => !string.IsNullOrWhiteSpace(text) && !text.TrimStart().StartsWith('#')) + 1;
        return last > 0 && IsEnd(ofHeader, last, ofHeader[last - 1].TrimEnd().Length) ? (header, last, ofHeader[last - 1].TrimEnd().Length) : null;
    }

    private static async Task<TextFile?> HeaderAsync(string from, string name, ICheckout checkout, CancellationToken cancellationToken)
    {
        var folder = from.LastIndexOf('/') is >= 0 and var at ? from[..at] : "";
        var path = await CheckoutPaths.FindAsync(checkout, CheckoutPaths.Join(folder, name), cancellationToken) ?? await CheckoutPaths.FindAsync(checkout, name, cancellationToken);
        return path is null ? null : await TextFile.ReadAsync(checkout, path, cancellationToken);
    }

    private static bool IsEnd(string[] masked, int line, int index)
    {
        var code = masked[line - 1][..index];
        return Braces(masked) == 0 && (code.EndsWith('}') ? IsType(masked, line, index - 1) : !Unfinished().IsMatch(code.TrimEnd()) && !Header().IsMatch(code.Trim()) && !Label().IsMatch(code));
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
        if (file.Has(place.Line) && masked[place.Line - 1].TrimStart().StartsWith("else", StringComparison.Ordinal))
            file[place.Line] = file.Indent(place.Line) + "} " + file[place.Line].TrimStart();
        else
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

    [GeneratedRegex(@"^\s*#\s*include\s*""(?<name>[^""]+)""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OwnInclude();

    [GeneratedRegex(@"^(?:inline\s+)?namespace\b|^extern\s+""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NotIndented();
}
