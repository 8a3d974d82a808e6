using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Rust;

/// <summary>
/// Recognises imports, <c>mut</c>, parentheses and variables that are not needed, where that is an error. Removes them; the variable of a loop gets the underscore that the compiler proposes.
/// Unsafe where the value of a variable comes from a call that may do something, for parameters and parts of patterns: declined.
/// </summary>
public sealed partial class RustUnusedCodeFixer : IFixer
{
    public string FailureId => "rust-unused-code";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // Where Clippy has more to say, it corrects these as well.
        if (diagnosis.Matches.Any(match => match.Captures.ContainsKey("lint")) && RustWarningsDeniedFixer.RunsClippy(diagnosis))
            return new RustWarningsDeniedFixer().FixAsync(diagnosis, checkout, cancellationToken);
        // Each target of a crate tells it again.
        var errors = RustErrors.Of(diagnosis, "what").Select(error => error.Error).DistinctBy(error => (error.Captures["file"], error.Captures["line"], error.Captures["column"], error.Text)).ToList();
        return NamedPlaces.EditAsync(diagnosis with { Matches = errors }, checkout, Repair, paths => $"Removed unused code from {paths}.", cancellationToken);
    }

    private static string? Repair(NamedPlaces.Place place)
    {
        var index = place.Column - 1;
        if (index < 0 || index >= place.Text.Length)
            return $"line {place.Line} of `{place.File.Path}` is shorter than the log says; the log is of another version of it";
        return place.Capture("what") switch
        {
            "import" => Import(place, index),
            "variable" when place.Capture("name") is { } name => Variable(place, index, name),
            "mutable" => Mutable(place, index),
            "parentheses" => Parentheses(place, index),
            _ => $"line {place.Line} of `{place.File.Path}`: what to do with it is for a person to say",
        };
    }

    private static string? Import(NamedPlaces.Place place, int index)
    {
        var names = Quoted().Matches(place.Capture("names") ?? "").Select(match => match.Groups["name"].Value).ToList();
        if (UseTree.At(place.File, place.Line, index) is not { } use)
            return $"line {place.Line} of `{place.File.Path}` imports nothing; the log is of another version of it";
        if (names.Exists(name => use.Count(name) != 1))
            return $"`{names.Find(name => use.Count(name) != 1)}` does not stand once in the import in line {place.Line} of `{place.File.Path}`";
        if (use.Without(names, place.File) is not { } left)
            return $"the import in line {place.Line} of `{place.File.Path}` would have to be laid out anew";
        var file = place.File;
        var before = file[use.StartLine][..use.StartIndex];
        var after = file[use.EndLine][use.EndIndex..];
        for (var line = use.EndLine; line > use.StartLine; line--)
            file.Remove(line);
        if (left.Length > 0)
        {
            var lines = left.Split('\n');
            file[use.StartLine] = before + lines[0] + (lines.Length == 1 ? after : "");
            if (lines.Length > 1)
                file.Insert(use.StartLine + 1, [.. lines[1..^1], lines[^1] + after]);
            return null;
        }

        if (Visibility().IsMatch(before) && after.Trim() is { } rest && (rest.Length == 0 || rest.StartsWith("//", StringComparison.Ordinal)))
            RemoveLine(file, use.StartLine);
        else
            file[use.StartLine] = VisibilityAtEnd().Replace(before, "").TrimEnd(' ') + after;
        return null;
    }

    private static void RemoveLine(TextFile file, int line)
    {
        file.Remove(line);
        // An attribute belongs to what stood below it.
        while (line > 1 && Attribute().IsMatch(file[line - 1]))
            file.Remove(--line);
        var isAfterGap = line == 1 || string.IsNullOrWhiteSpace(file[line - 1]) || file[line - 1].TrimEnd().EndsWith('{');
        if (isAfterGap && file.Has(line) && string.IsNullOrWhiteSpace(file[line]))
            file.Remove(line);
    }

    private static string? Mutable(NamedPlaces.Place place, int index)
    {
        if (MutAt().Match(place.Text, index) is not { Success: true } mut)
            return $"line {place.Line} of `{place.File.Path}` has no `mut` there; the log is of another version of it";
        place.File[place.Line] = place.Text.Remove(index, mut.Length);
        return null;
    }

    private static string? Parentheses(NamedPlaces.Place place, int index)
    {
        var line = place.Text;
        var masked = CodeMask.Of(place.File, CodeKind.Rust)[place.Line - 1];
        var depth = 0;
        for (var at = index; masked[index] == '(' && at < masked.Length; at++)
        {
            depth += masked[at] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth > 0)
                continue;
            var before = line[..index] + (index > 0 && CodeMask.IsName(line[index - 1]) ? " " : "");
            var after = at + 1 < line.Length && (CodeMask.IsName(line[at + 1]) || line[at + 1] == '{') ? " " : "";
            place.File[place.Line] = before + line[(index + 1)..at] + after + line[(at + 1)..];
            return null;
        }

        return $"the parentheses in line {place.Line} of `{place.File.Path}` do not end there";
    }

    private static string? Variable(NamedPlaces.Place place, int index, string name)
    {
        var masked = CodeMask.Of(place.File, CodeKind.Rust)[place.Line - 1];
        if (string.CompareOrdinal(masked, index, name, 0, name.Length) != 0)
            return $"`{name}` does not stand in line {place.Line} of `{place.File.Path}`; the log is of another version of it";
        if (Loop().IsMatch(masked[..index]) && masked[(index + name.Length)..].StartsWith(" in ", StringComparison.Ordinal))
        {
            place.File[place.Line] = place.Text.Insert(index, "_");
            return null;
        }

        if (Let().Match(masked) is not { Success: true } let || let.Groups["name"].Value != name || let.Groups["name"].Index != index)
            return $"`{name}` in line {place.Line} of `{place.File.Path}` is a parameter, part of a pattern or of a longer statement; whether it should be used is for a person to say";
        if (!IsPure(let.Groups["value"].Value))
            return $"the value of `{name}` in `{place.File.Path}` comes from a call that may do something, so removing it may change what the program does";
        RemoveLine(place.File, place.Line);
        return null;
    }

    private static bool IsPure(string value) =>
        !value.Contains('?', StringComparison.Ordinal) && !value.Contains('|', StringComparison.Ordinal) && !Changing().IsMatch(value) && PureCall().Replace(value, " ").IndexOfAny(['(', '!', '{']) is var at
        && (at < 0 || (PureCall().Replace(value, " ")[at] == '(' && Grouped().IsMatch(PureCall().Replace(value, " "))));

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^\s*(?:pub(?:\([^)]*\))?\s+)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Visibility();

    [GeneratedRegex(@"pub(?:\([^)]*\))?\s+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VisibilityAtEnd();

    [GeneratedRegex(@"^\s*#\[[^\]]*\]\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"\Gmut\s+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MutAt();

    [GeneratedRegex(@"\bfor\s+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Loop();

    [GeneratedRegex(@"^\s*let\s+(?:mut\s+)?(?<name>\w+)\s*(?::[^=;]+)?(?:=(?<value>[^;]*))?;\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Let();

    [GeneratedRegex(@"(?:[^=!<>]|<<|>>)=[^=]|\b(?:await|unsafe|return|break|loop)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Changing();

    // Calls that only make a value.
    [GeneratedRegex(@"\b(?:(?:String|Vec|VecDeque|HashMap|HashSet|BTreeMap|BTreeSet|PathBuf)(?:::<[^>()]*>)?::(?:new|with_capacity)\([\w\s]*\)|String::from\(""*\)|(?:Some|Ok|Err)\([\w\s""]*\)|vec!\[[^\[\]()]*\])|\.(?:len|is_empty|clone|to_string|to_owned|as_str|is_some|is_none|is_ok|is_err|trim|iter)\(\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PureCall();

    // Parentheses that only group.
    [GeneratedRegex(@"^(?:[^(!{]|(?:^|[-+*/%&^<>=,(\s])\()*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Grouped();
}
