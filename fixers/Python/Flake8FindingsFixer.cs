using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>
/// Repairs what flake8 and its kin find in layout, imports and escapes, where the meaning of the code stays. Unsafe for all rules that ask for a decision; with one of these in the log nothing is
/// changed, since the job would stay red.
/// </summary>
public sealed partial class Flake8FindingsFixer : IFixer
{
    private delegate string? Repair(NamedPlaces.Place place);

    // Within the line, so that the numbers of the others hold.
    private static readonly Dictionary<string, Repair> InLine = new(StringComparer.Ordinal)
    {
        ["W291"] = WithoutTrailing, ["W293"] = WithoutTrailing,
        ["E201"] = place => Gap(place, ""), ["E202"] = place => Gap(place, ""), ["E203"] = place => Gap(place, ""), ["E211"] = place => Gap(place, ""), ["E251"] = place => Gap(place, ""),
        ["E204"] = place => Gap(place, ""), ["E221"] = place => Gap(place, " "), ["E222"] = place => Gap(place, " "), ["E241"] = place => Gap(place, " "), ["E271"] = place => Gap(place, " "), ["E272"] = place => Gap(place, " "),
        ["E225"] = AroundOperator, ["E226"] = AroundOperator, ["E227"] = AroundOperator, ["E228"] = AroundOperator, ["E231"] = BehindComma,
        ["E261"] = Comment, ["E262"] = Comment, ["E265"] = Comment, ["E703"] = WithoutSemicolon, ["F541"] = WithoutF, ["W605"] = Escape,
    };

    private static readonly Dictionary<string, Repair> OfLines = new(StringComparer.Ordinal)
    {
        ["W292"] = NewLineAtEnd, ["W391"] = WithoutBlankEnd, ["E303"] = FewerBlankLines, ["E304"] = FewerBlankLines,
        ["E301"] = MoreBlankLines, ["E302"] = MoreBlankLines, ["E305"] = MoreBlankLines, ["E306"] = MoreBlankLines, ["E401"] = OneImportALine,
    };

    public string FailureId => "flake8-findings";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        var places = found.Places.OrderByDescending(place => place.Line).ThenByDescending(place => place.Column).ToList();
        if (places.Find(place => !place.File.Has(place.Line) && RuleOf(place) is not ("W391" or "W292")) is { } gone)
            return new FixResult.Declined($"`{gone.File.Path}` has no line {gone.Line}; the log is of another version of it");
        if (places.Find(place => !InLine.ContainsKey(RuleOf(place)) && !OfLines.ContainsKey(RuleOf(place)) && RuleOf(place) is not ("F401" or "F821")) is { } other)
            return new FixResult.Declined($"{RuleOf(other)} in `{other.File.Path}`, line {other.Line}, is for a person to decide");

        foreach (var place in places.Where(place => InLine.ContainsKey(RuleOf(place))))
            if (InLine[RuleOf(place)](place) is { } refusal)
                return new FixResult.Declined(refusal);
        // Names are looked at before lines move.
        var undefined = new List<(TextFile File, PythonImport Import)>();
        foreach (var missing in places.Where(place => RuleOf(place) == "F821").DistinctBy(place => (place.File, Quoted(place))))
        {
            var (import, refusal) = await PythonNames.ResolveAsync(missing.File, Quoted(missing) ?? "", mayBeMisspelt: false, checkout, cancellationToken);
            if (import is null)
                return new FixResult.Declined(refusal!);
            undefined.Add((missing.File, import));
        }

        foreach (var place in places)
        {
            var refusal = OfLines.TryGetValue(RuleOf(place), out var repair) ? repair(place)
                : RuleOf(place) != "F401" ? null
                : Quoted(place) is not { } name || place.Capture("message")!.Contains(';', StringComparison.Ordinal) ? $"`{place.File.Path}`, line {place.Line}, tries out an import"
                : PythonUnusedImport.Remove(place.File, place.Line, name, await PythonNames.OwnAsync(checkout, place.File.Path, cancellationToken));
            if (refusal is not null)
                return new FixResult.Declined(refusal);
        }

        foreach (var (file, import) in undefined)
            PythonImports.Add(file, import, await PythonNames.OwnAsync(checkout, file.Path, cancellationToken));
        var changed = places.Select(place => place.File).Distinct().Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("nothing is left to repair in the files that the log names")
            : new FixResult.Fixed(
                new Patch([.. changed.Select(file => file.ToEdit())]),
                $"Repaired {string.Join(", ", places.Select(RuleOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))} in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    // pyflakes alone gives no rule.
    private static string RuleOf(NamedPlaces.Place place) =>
        place.Capture("rule") ?? (place.Capture("message") is { } message && message.Contains("undefined name", StringComparison.Ordinal) ? "F821" : "F401");

    private static string? Quoted(NamedPlaces.Place place) => QuotedName().Match(place.Capture("message") ?? "") is { Success: true } match ? match.Groups["name"].Value : null;

    private static string? Changed(NamedPlaces.Place place, string? text)
    {
        if (text is null || text == place.Text)
            return $"{RuleOf(place)} is not found in `{place.File.Path}`, line {place.Line}; the log is of another version of it";
        place.File[place.Line] = text;
        return null;
    }

    private static string? WithoutTrailing(NamedPlaces.Place place)
    {
        var source = PythonSource.Of(place.File);
        return place.Line < source.Count && source.IsInString(place.Line + 1) && !TextAlone().IsMatch(source.Code(source.StartOf(place.Line)))
            ? $"line {place.Line} of `{place.File.Path}` is part of a text, in which blanks may count"
            : Changed(place, place.Text.TrimEnd());
    }

    private static string? Gap(NamedPlaces.Place place, string gap)
    {
        var text = place.Text;
        var start = place.Column - 1;
        if (start < 0 || start >= text.Length)
            return Changed(place, null);
        if (text[start] is not (' ' or '\t'))
            start++; // some versions count from the character before
        var end = start;
        while (end < text.Length && text[end] is ' ' or '\t')
            end++;
        while (start > 0 && start <= text.Length && text[start - 1] is ' ' or '\t')
            start--;
        return Changed(place, end == start || start == 0 || end >= text.Length ? null : text[..start] + gap + text[end..]);
    }

    private static string? AroundOperator(NamedPlaces.Place place)
    {
        var code = PythonSource.Of(place.File).Code(place.Line);
        var match = Operator().Matches(code).FirstOrDefault(match => match.Index == place.Column - 1 || match.Index + match.Length == place.Column - 1);
        if (match is null)
            return Changed(place, null);
        var (text, end) = (place.Text, match.Index + match.Length);
        var (before, after) = (match.Index > 0 && text[match.Index - 1] is not (' ' or '\t') ? " " : "", end < text.Length && text[end] is not (' ' or '\t') ? " " : "");
        return Changed(place, text[..match.Index] + before + match.Value + after + text[end..]);
    }

    private static string? BehindComma(NamedPlaces.Place place)
    {
        var code = PythonSource.Of(place.File).Code(place.Line);
        var at = place.Column - 1;
        if (at >= 0 && at < code.Length && code[at] is not (',' or ';' or ':') && at > 0 && code[at - 1] is ',' or ';' or ':')
            at--;
        return Changed(place, at >= 0 && at + 1 < code.Length && code[at] is ',' or ';' or ':' && code[at + 1] is not (' ' or '\t') ? place.Text[..(at + 1)] + " " + place.Text[(at + 1)..] : null);
    }

    private static string? Comment(NamedPlaces.Place place)
    {
        var code = PythonSource.Of(place.File).Code(place.Line);
        var at = Enumerable.Range(0, code.Length).FirstOrDefault(index => code[index] == ' ' && place.Text[index] == '#', -1);
        if (at < 0)
            return Changed(place, null);
        var (before, comment) = (place.Text[..at], place.Text[at..]);
        if (RuleOf(place) == "E261")
            return Changed(place, before.TrimEnd() + "  " + comment);
        return comment.StartsWith("#!", StringComparison.Ordinal) || comment.StartsWith("##", StringComparison.Ordinal)
            ? $"the comment in `{place.File.Path}`, line {place.Line}, is no plain one"
            : Changed(place, $"{before}# {comment[1..].TrimStart(':', ' ', '\t')}".TrimEnd());
    }

    private static string? WithoutSemicolon(NamedPlaces.Place place)
    {
        var code = PythonSource.Of(place.File).Code(place.Line).TrimEnd();
        return Changed(place, code.EndsWith(';') ? place.Text[..(code.Length - 1)].TrimEnd() + place.Text[code.Length..] : null);
    }

    private static string? WithoutF(NamedPlaces.Place place)
    {
        var match = FormatPrefix().Match(place.Text, Math.Max(0, Math.Min(place.Column - 1, place.Text.Length)));
        return match.Success && match.Index == place.Column - 1 && place.Text.IndexOfAny(['{', '}']) < 0
            ? Changed(place, place.Text.Remove(match.Groups["f"].Index, 1))
            : $"the text in `{place.File.Path}`, line {place.Line}, is not simply without placeholders";
    }

    // Two backslashes mean what the one did.
    private static string? Escape(NamedPlaces.Place place) =>
        Changed(place, place.Column >= 1 && place.Column < place.Text.Length && place.Text[place.Column - 1] == '\\' && (place.Column < 2 || place.Text[place.Column - 2] != '\\') ? place.Text.Insert(place.Column - 1, "\\") : null);

    private static string? NewLineAtEnd(NamedPlaces.Place place)
    {
        place.File.Insert(place.File.Count + 1);
        return null;
    }

    private static string? WithoutBlankEnd(NamedPlaces.Place place)
    {
        while (place.File.Count > 1 && place.File[place.File.Count].Trim().Length == 0)
            place.File.Remove(place.File.Count);
        return null;
    }

    private static string? FewerBlankLines(NamedPlaces.Place place)
    {
        var wanted = RuleOf(place) == "E304" ? 0 : place.File.Indent(place.Line).Length == 0 ? 2 : 1;
        var blank = 0;
        while (place.Line - blank > 1 && place.File[place.Line - blank - 1].Trim().Length == 0)
            blank++;
        if (blank <= wanted)
            return $"there are no blank lines too many above line {place.Line} of `{place.File.Path}`";
        for (; blank > wanted; blank--)
            place.File.Remove(place.Line - blank);
        return null;
    }

    private static string? MoreBlankLines(NamedPlaces.Place place)
    {
        if (BlankLines().Match(place.Capture("message") ?? "") is not { Success: true } match)
            return $"{RuleOf(place)} in `{place.File.Path}`, line {place.Line}, does not say how many blank lines it wants";
        var (wanted, there) = (Number(match, "wanted"), match.Groups["there"].Success ? Number(match, "there") : 0);
        // Comments right above belong to what follows.
        var line = place.Line;
        while (line > 1 && place.File[line - 1].TrimStart().StartsWith('#'))
            line--;
        var blank = 0;
        while (line - blank > 1 && place.File[line - blank - 1].Trim().Length == 0)
            blank++;
        if (blank != there || blank >= wanted)
            return $"there are not {there} blank lines above line {place.Line} of `{place.File.Path}`";
        place.File.Insert(line, Enumerable.Repeat("", wanted - blank));
        return null;
    }

    private static string? OneImportALine(NamedPlaces.Place place)
    {
        if (SeveralImports().Match(place.Text) is not { Success: true } match)
            return $"`{place.File.Path}`, line {place.Line}, is not a plain import of several modules";
        var modules = match.Groups["modules"].Value.Split(',', StringSplitOptions.TrimEntries);
        place.File[place.Line] = $"{match.Groups["indent"].Value}import {modules[0]}";
        place.File.Insert(place.Line + 1, modules.Skip(1).Select(module => $"{match.Groups["indent"].Value}import {module}"));
        return null;
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\W*?['`](?<name>\.*[A-Za-z_][\w.]*(?: as \w+)?)['`]|name ['`](?<name>[A-Za-z_]\w*)['`]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex QuotedName();

    [GeneratedRegex("""^\s*[rRuUbB]{0,2}["']""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TextAlone();

    [GeneratedRegex(@"\*\*=|//=|>>=|<<=|!=|==|<=|>=|->|:=|[-+*/%&|^@]=|//|\*\*|<<|>>|[-+*/%&|^<>=@]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Operator();

    [GeneratedRegex("""[rR]?(?<f>[fF])[rR]?["']""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FormatPrefix();

    [GeneratedRegex(@"expected (?<wanted>[1-9]) blank lines?.*?(?:, found (?<there>\d))?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BlankLines();

    [GeneratedRegex(@"^(?<indent>\s*)import\s+(?<modules>[\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)+)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SeveralImports();
}
