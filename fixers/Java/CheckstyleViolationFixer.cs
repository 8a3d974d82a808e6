using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Java;

/// <summary>
/// Violations of Checkstyle that one small edit removes without a choice: unused imports, spaces, indentation, redundant words, the last line end. Unsafe for all
/// other rules (names, length, missing comments), and where only one of the violations is such a one: the rest needs a person anyway.
/// </summary>
public sealed partial class CheckstyleViolationFixer : IFixer
{
    public string FailureId => "checkstyle-violation";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Repair, files => $"Corrected what Checkstyle reports in {files}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (rule, message) = (place.Capture("rule") ?? "", place.Capture("message") ?? "");
        var isDone = rule switch
        {
            "UnusedImports" or "RedundantImport" => RemoveImport(place, message),
            "NewlineAtEndOfFile" => EndLastLine(place),
            "RegexpSingleline" when TrailingMessage().IsMatch(message) => TrimEnd(place),
            "UpperEll" => Replace(place, "l", "L"),
            "FinalParameters" => place.Column > 0 && !HasTab(place) && Insert(place, place.Column - 1, "final "),
            "RedundantModifier" when QuotedWord().Match(message) is { Success: true } word => RemoveWord(place, word.Groups["word"].Value),
            "Indentation" when Indentation().Match(message) is { Success: true } levels => Indent(place, levels),
            "WhitespaceAround" or "WhitespaceAfter" or "NoWhitespaceBefore" or "NoWhitespaceAfter" or "ParenPad" or "MethodParamPad" or "GenericWhitespace" or "TypecastParenPad" or "OperatorWrap"
                when Whitespace().Match(message) is { Success: true } space => Space(place, space),
            _ => false,
        };
        return isDone ? null : $"`{place.File.Path}`, line {place.Line}: {rule} is not repaired mechanically here";
    }

    private static bool RemoveImport(NamedPlaces.Place place, string message)
    {
        var import = Import().Match(place.Text);
        if (!import.Success || !message.Contains(import.Groups["name"].Value, StringComparison.Ordinal))
            return false;
        place.File.Remove(place.Line);
        // A group of imports that is empty now leaves no second blank line.
        if (place.Line > 1 && place.File.Has(place.Line) && place.File[place.Line - 1].Trim().Length == 0 && place.File[place.Line].Trim().Length == 0)
            place.File.Remove(place.Line);
        return true;
    }

    private static bool EndLastLine(NamedPlaces.Place place)
    {
        place.File.Insert(place.File.Count + 1);
        return true;
    }

    private static bool TrimEnd(NamedPlaces.Place place)
    {
        place.File[place.Line] = place.Text.TrimEnd(' ', '\t');
        return true;
    }

    private static bool Replace(NamedPlaces.Place place, string wrong, string right)
    {
        // The column is that of the number that the letter ends.
        var at = place.Column - 1;
        while (at >= 0 && at < place.Text.Length && (char.IsAsciiHexDigit(place.Text[at]) || place.Text[at] is '_' or 'x' or 'X'))
            at++;
        if (at < 1 || at >= place.Text.Length || HasTab(place) || !place.Text[at..].StartsWith(wrong, StringComparison.Ordinal))
            return false;
        place.File[place.Line] = place.Text.Remove(at, wrong.Length).Insert(at, right);
        return true;
    }

    private static bool Insert(NamedPlaces.Place place, int at, string text)
    {
        if (at > place.Text.Length || !char.IsLetter(place.Text.ElementAtOrDefault(at)))
            return false;
        place.File[place.Line] = place.Text.Insert(at, text);
        return true;
    }

    private static bool RemoveWord(NamedPlaces.Place place, string word)
    {
        var at = place.Column - 1;
        if (at < 0 || HasTab(place) || at + word.Length >= place.Text.Length || !place.Text[at..].StartsWith(word + " ", StringComparison.Ordinal))
            return false;
        place.File[place.Line] = place.Text.Remove(at, word.Length + 1);
        return true;
    }

    private static bool Indent(NamedPlaces.Place place, Match levels)
    {
        var indent = place.File.Indent(place.Line);
        if (indent.Contains('\t', StringComparison.Ordinal) || indent.Length.ToString(CultureInfo.InvariantCulture) != levels.Groups["have"].Value
            || !int.TryParse(levels.Groups["want"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var want) || want > 100)
            return false;
        place.File[place.Line] = new string(' ', want) + place.Text[indent.Length..];
        return true;
    }

    private static bool Space(NamedPlaces.Place place, Match message)
    {
        var token = message.Groups["token"].Value;
        var (isMissing, isBefore) = (message.Groups["not"].Success, message.Groups["before"].Success);
        if (HasTab(place) || place.Column < 1)
            return false;
        // Some rules give the column of the token, some the one behind it.
        foreach (var start in (int[])[place.Column - 1, place.Column - 1 - token.Length])
        {
            var end = start + token.Length;
            if (start < 0 || end > place.Text.Length || place.Text[start..end] != token)
                continue;
            var beside = isBefore ? start - 1 : end;
            if (beside < 0 || beside >= place.Text.Length || char.IsWhiteSpace(place.Text[beside]) == isMissing)
                continue;
            if (isMissing)
            {
                place.File[place.Line] = place.Text.Insert(isBefore ? start : end, " ");
                return true;
            }

            var (from, to) = (beside, beside + 1);
            while (isBefore && from > 0 && char.IsWhiteSpace(place.Text[from - 1]))
                from--;
            while (!isBefore && to < place.Text.Length && char.IsWhiteSpace(place.Text[to]))
                to++;
            if (from == 0 || to == place.Text.Length)
                return false;
            place.File[place.Line] = place.Text.Remove(from, to - from);
            return true;
        }

        return false;
    }

    // Checkstyle counts a tab as several columns.
    private static bool HasTab(NamedPlaces.Place place) => place.Text.Contains('\t', StringComparison.Ordinal);

    [GeneratedRegex(@"^\s*import\s+(?:static\s+)?(?<name>[\w.*]+)\s*;\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();

    [GeneratedRegex("trailing (?:spaces|whitespace)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex TrailingMessage();

    [GeneratedRegex("^Redundant '(?<word>[a-z]+)' modifier", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex QuotedWord();

    [GeneratedRegex(@"incorrect indentation level (?<have>\d+), expected level should be (?<want>\d+)\.?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Indentation();

    [GeneratedRegex(@"^'(?<token>[^'\w]+|if|for|while|try|catch|else|do|switch|return|assert|synchronized|finally)' is (?<not>not )?(?:(?<before>preceded with)|followed by) whitespace\.?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Whitespace();
}
