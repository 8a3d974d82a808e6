using System.Text.RegularExpressions;

namespace QMoi.Fixers.TypeScript;

/// <summary>
/// Under <c>verbatimModuleSyntax</c> or <c>isolatedModules</c>: writes <c>type</c> before a name that is only a type, in an import or a re-export.
/// The inline form needs TypeScript 4.5; a default import becomes <c>import type</c>, where it stands alone.
/// </summary>
public sealed partial class TscTypeOnlyImportFixer : IFixer
{
    public string FailureId => "tsc-type-only-import";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        TscErrors.Unrelated(diagnosis) is { } other
            ? new FixResult.Declined($"the compiler also reports other errors ({other})")
            : await NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Marked what is only a type in the imports and exports of {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (text, at) = (place.Text, place.Column - 1);
        // TS1205 names no name.
        var word = at >= 0 && at < text.Length ? Word().Match(text[at..]).Value : "";
        if (word.Length == 0 || (place.Capture("name") is { } name && name != word))
            return $"`{place.File.Path}`, line {place.Line}, has no such name at column {place.Column}; the log is of another version of it";
        var (before, after) = (text[..at], text[at..]);
        if (Marked().IsMatch(before))
            return null;
        if (Default().Match(before) is { Success: true })
        {
            if (after[word.Length..].TrimStart().StartsWith(','))
                return $"`{word}` in `{place.File.Path}`, line {place.Line}, is a default import beside others, which has to be taken apart";
        }
        else if (before.Trim().Length > 0 && before.TrimEnd() is not [.., '{' or ','])
        {
            return $"`{word}` in `{place.File.Path}`, line {place.Line}, does not stand in the list of an import or export";
        }
        place.File[place.Line] = $"{before}type {after}";
        return null;
    }

    [GeneratedRegex(@"^[\w$]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"\btype\s+(?:\{[^}]*)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Marked();

    [GeneratedRegex(@"^\s*import\s+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Default();
}
