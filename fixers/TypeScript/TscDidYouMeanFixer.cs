using System.Text.RegularExpressions;

namespace QMoi.Fixers.TypeScript;

/// <summary>
/// The compiler knows no such name and proposes one that it knows: puts the proposed name at that place. A misspelt import is renamed in the whole file.
/// Unsafe, and declined, where the compiler also reports errors that do not follow from a wrong name.
/// </summary>
public sealed partial class TscDidYouMeanFixer : IFixer
{
    public string FailureId => "tsc-did-you-mean";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        TscErrors.Unrelated(diagnosis) is { } other
            ? new FixResult.Declined($"the compiler also reports an error for which it proposes nothing ({other})")
            : await NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Corrected the names in {paths} to those that the compiler proposes.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        if (place.Capture("statement") is { } statement)
            return RepairImport(place, statement);
        var (right, wrong, at) = (place.Capture("right") ?? "", place.Capture("wrong"), place.Column - 1);
        if (!Proposal().IsMatch(right))
            return $"the compiler's proposal `{right}` is not a plain name";
        if (place.Capture("code") == "TS2820")
            return RepairText(place, wrong!, right);
        if (wrong is null)
            return RepairPath(place, right);
        var text = place.Text;
        if (at >= 0 && at < text.Length && text[at] is '"' or '\'')
            at++;
        if (ScriptCode.HasWord(text, at, right) && !ScriptCode.HasWord(text, at, wrong))
            return null;
        if (!ScriptCode.HasWord(text, at, wrong))
            return $"`{place.File.Path}`, line {place.Line}, has no `{wrong}` at column {place.Column}; the log is of another version of it";
        if (place.Capture("code") is "TS2724" or "TS2305" or "TS2614")
            return Rename(place, at, wrong, right);
        var (before, after) = (text[..at], text[(at + wrong.Length)..]);
        if (IsShorthand(before, after) && !text.TrimStart().StartsWith('<') && place.Capture("code") is "TS2551" or "TS2561" or "TS2339")
            right = $"{right}: {wrong}";
        place.File[place.Line] = before + right + after;
        return null;
    }

    // { quantitiy } names the property and a variable at once; only the property is wrong.
    private static bool IsShorthand(string before, string after) =>
        before.TrimEnd() is "" or [.., '{' or ','] && (after.TrimStart() is "" or [',' or '}', ..] || (after.TrimStart() is ['=', var next, ..] && next is not ('=' or '>' or '{' or '"')));

    private static string? RepairPath(NamedPlaces.Place place, string right)
    {
        var (text, at) = (place.Text, place.Column - 1);
        if (at < 0 || at >= text.Length || text[at] is not ('"' or '\'') || text.IndexOf(text[at], at + 1) is var end && end < 0)
            return $"`{place.File.Path}`, line {place.Line}, has no path at column {place.Column}; the log is of another version of it";
        var written = text[(at + 1)..end];
        if (written != right && !right.StartsWith(written.TrimEnd('/'), StringComparison.Ordinal))
            return $"the compiler proposes `{right}`, which is another path than `{written}`";
        place.File[place.Line] = text[..(at + 1)] + right + text[end..];
        return null;
    }

    // The place is that of the variable; the text stands somewhere behind it.
    private static string? RepairText(NamedPlaces.Place place, string wrong, string right)
    {
        var (text, found) = (place.Text, new List<int>());
        foreach (var quote in (char[])['\'', '"', '`'])
            for (var at = text.IndexOf($"{quote}{wrong}{quote}", StringComparison.Ordinal); at >= 0; at = text.IndexOf($"{quote}{wrong}{quote}", at + 1, StringComparison.Ordinal))
                found.Add(at + 1);
        if (found is not [var only])
            return found.Count == 0 && text.Contains(right, StringComparison.Ordinal) ? null : $"`{place.File.Path}`, line {place.Line}, does not hold the text `{wrong}` once";
        place.File[place.Line] = text[..only] + right + text[(only + wrong.Length)..];
        return null;
    }

    // The name is wrong where it is imported, and so wherever it is used.
    private static string? Rename(NamedPlaces.Place place, int at, string wrong, string right)
    {
        var file = place.File;
        var masked = ScriptCode.Mask(file.Lines);
        var start = place.Line;
        while (start > 1 && !Statement().IsMatch(masked[start - 1]))
            start--;
        var after = place.Text[(at + wrong.Length)..];
        var isAlias = Alias().IsMatch(after);
        var uses = masked.SelectMany((line, index) => ScriptCode.Words(line, wrong).Select(column => (Line: index + 1, Column: column))).ToList();
        var isImport = masked[start - 1].TrimStart().StartsWith("import", StringComparison.Ordinal);
        if (!isImport && !masked[start - 1].TrimStart().StartsWith("export", StringComparison.Ordinal))
            return $"`{file.Path}`, line {place.Line}, is not part of an import";
        if (masked.Any(line => ScriptCode.Words(line, right).Any()))
            return $"`{file.Path}` already has another `{right}`";
        if (isAlias || !isImport || !uses.TrueForAll(use => (use.Line, use.Column) == (place.Line, at) || IsPlainUse(masked[use.Line - 1], use.Column, wrong)))
        {
            file[place.Line] = place.Text[..at] + right + (isAlias ? "" : $" as {wrong}") + after;
            return null;
        }
        foreach (var (line, column) in uses.OrderByDescending(use => use.Column))
            file[line] = file[line][..column] + right + file[line][(column + wrong.Length)..];
        return null;
    }

    // Not a property of that name, a key or a label, nor a shorthand for one.
    private static bool IsPlainUse(string line, int at, string word)
    {
        var (before, after) = (line[..at].TrimEnd(), line[(at + word.Length)..].TrimStart());
        return !(before.EndsWith('.') && !before.EndsWith("...", StringComparison.Ordinal)) && !after.StartsWith(':')
            && !(before is [] or [.., '{' or ','] && after is [] or [',' or '}', ..] && !line.Contains('(', StringComparison.Ordinal));
    }

    private static string? RepairImport(NamedPlaces.Place place, string statement)
    {
        var (wanted, have) = (Import().Match(statement), Import().Match(place.Text));
        if (!wanted.Success || !have.Success || wanted.Groups["path"].Value != have.Groups["path"].Value)
            return $"`{place.File.Path}`, line {place.Line}, imports more than one name or over several lines";
        if (wanted.Groups["name"].Value != have.Groups["name"].Value)
            return $"the compiler proposes to import `{wanted.Groups["name"].Value}`, another name than `{have.Groups["name"].Value}`";
        var names = have.Groups["names"];
        var name = have.Groups["name"].Value;
        place.File[place.Line] = place.Text[..names.Index] + (wanted.Groups["open"].Success ? $"{{ {name} }}" : name) + place.Text[(names.Index + names.Length)..];
        return null;
    }

    [GeneratedRegex(@"^[\w$./@-]{1,200}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Proposal();

    [GeneratedRegex(@"^\s*(?:import|export)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Statement();

    [GeneratedRegex(@"^\s+as\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Alias();

    [GeneratedRegex(@"^\s*import\s+(?:type\s+)?(?<names>(?<open>\{)\s*(?<name>[\w$]+)\s*,?\s*\}|(?<name>[\w$]+))\s*from\s*['""](?<path>[^'""]+)['""]\s*;?\s*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Import();
}
