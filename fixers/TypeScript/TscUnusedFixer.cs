using System.Text.RegularExpressions;

namespace QMoi.Fixers.TypeScript;

/// <summary>
/// Under <c>noUnusedLocals</c> and <c>noUnusedParameters</c>: takes unused names out of imports, removes variables with a plain value, and marks unused parameters with
/// an underscore, which is how TypeScript is told so. Unsafe for everything with a value that is computed: the call may be why the line is there.
/// </summary>
public sealed partial class TscUnusedFixer : IFixer
{
    private const int LongestImport = 100;

    public string FailureId => "tsc-unused";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        TscErrors.Unrelated(diagnosis) is { } other
            ? new FixResult.Declined($"the compiler also reports other errors ({other}); what is unused may be needed once they are repaired")
            : await NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Removed what is unused in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (text, at) = (place.Text, place.Column - 1);
        var isWhole = place.Capture("message")?.StartsWith("All imports", StringComparison.Ordinal) == true;
        if (at < 0 || at >= text.Length || (!isWhole && place.Capture("name") is null))
            return Other(place, "has nothing that the message names");
        if (isWhole || (place.Capture("name") is { } named && !ScriptCode.HasWord(text, at, named) && ScriptCode.HasWord(text, at, "import")))
            return ScriptCode.HasWord(text, at, "import") ? RemoveImport(place) : Other(place, "does not begin an import");
        var name = place.Capture("name")!;
        if (!ScriptCode.HasWord(text, at, name))
            return Other(place, $"has no `{name}` at column {place.Column}");
        if (ImportStart(place) is { } start)
            return RemoveFromImport(place, start, at, name);
        var (before, after) = (text[..at], text[(at + name.Length)..]);
        if (IsParameter(before, after))
        {
            place.File[place.Line] = $"{before}_{name}{after}";
            return null;
        }
        if (WithoutElement(before, name, after) is { } shorter)
        {
            place.File[place.Line] = shorter;
            return null;
        }
        if (!PlainVariable().IsMatch(text))
            return $"`{name}` in `{place.File.Path}`, line {place.Line}, is unused, but what computes it may be needed";
        place.File.Remove(place.Line);
        return null;
    }

    private static string? RemoveImport(NamedPlaces.Place place)
    {
        var file = place.File;
        for (var end = place.Line; file.Has(end) && end - place.Line < LongestImport; end++)
        {
            if (end > place.Line && Statement().IsMatch(file[end]))
                break;
            if (!From().IsMatch(file[end]))
                continue;
            if (place.Text[..(place.Column - 1)].Trim().Length > 0)
                break;
            for (var line = end; line >= place.Line; line--)
                file.Remove(line);
            // An import that stood alone leaves no blank line at the top of its file.
            if (place.Line == 1 && file.Has(1) && file.Count > 1 && file[1].Length == 0)
                file.Remove(1);
            return null;
        }

        return $"the import in `{file.Path}`, line {place.Line}, shares its line with something else";
    }

    // Line of the import or export list that this line is part of.
    private static int? ImportStart(NamedPlaces.Place place)
    {
        var file = place.File;
        for (var line = place.Line; line >= 1 && place.Line - line < LongestImport; line--)
        {
            if (Statement().IsMatch(file[line]))
                return Named().IsMatch(file[line]) ? line : null;
            if (line < place.Line && (file[line].Contains(';', StringComparison.Ordinal) || file[line].Contains('}', StringComparison.Ordinal)))
                return null;
            if (!ListLine().IsMatch(file[line]))
                return null;
        }

        return null;
    }

    private static string? RemoveFromImport(NamedPlaces.Place place, int start, int at, string name)
    {
        var (file, text) = (place.File, place.Text);
        var end = at + name.Length;
        var from = at;
        if (AliasBefore().Match(text[..at]) is { Success: true } alias)
            from -= alias.Length;
        if (TypeBefore().Match(text[..from]) is { Success: true } type)
            from -= type.Groups["type"].Length;
        var (before, after) = (text[..from], text[end..]);
        if (before.TrimEnd().EndsWith('*'))
            return $"`{name}` in `{file.Path}`, line {place.Line}, is imported beside others in a way that is not edited";

        // import React, { useState } from 'react'
        if (start == place.Line && DefaultBefore().IsMatch(before) && after.TrimStart().StartsWith(','))
        {
            file[place.Line] = before + after.TrimStart()[1..].TrimStart();
            return null;
        }
        if (before.Trim().Length == 0 && after.Trim() is "" or ",")
        {
            // The list had no comma behind its last name; it gets none now.
            if (after.Trim().Length == 0 && place.Line > start + 1 && file[place.Line - 1].TrimEnd().EndsWith(',') && file.Has(place.Line + 1) && file[place.Line + 1].TrimStart().StartsWith('}'))
                file[place.Line - 1] = file[place.Line - 1].TrimEnd()[..^1];
            file.Remove(place.Line);
            return null;
        }
        var list = Without(before, after);
        if (EmptyList().Match(list) is { Success: true } empty)
        {
            if (!empty.Groups["default"].Success)
                return RemoveImport(place);
            // Nothing of the list is left; the default import before it stays.
            list = list[..empty.Groups["comma"].Index] + " " + list[(empty.Index + empty.Length)..].TrimStart();
        }
        file[place.Line] = list.TrimEnd();
        return null;
    }

    // What stands between goes with one comma.
    private static string Without(string before, string after) =>
        after.TrimStart().StartsWith(',') ? before + after.TrimStart()[1..].TrimStart()
        : before.TrimEnd().EndsWith(',') ? before.TrimEnd()[..^1] + after
        : before + after;

    // const [value, setValue] = useState(0) and ({ a, b }: Props) => b: the name goes, what it is taken from stays. A rest would take more without it.
    private static string? WithoutElement(string before, string name, string after)
    {
        var masked = ScriptCode.Mask([before + name + after])[0];
        var open = masked.LastIndexOfAny(['[', '{', '(', '=', ')', '}', ']'], Math.Max(0, before.Length - 1));
        var close = masked.IndexOfAny(['[', '{', '(', '=', ')', '}', ']'], before.Length);
        if (open < 0 || close < 0 || (masked[open], masked[close]) is not (('[', ']') or ('{', '}')) || (masked[open] == '[' && !Variable().IsMatch(before[..open])))
            return null;
        var list = masked[(open + 1)..close];
        if (!list.Contains(',', StringComparison.Ordinal) || list.Contains("...", StringComparison.Ordinal))
            return null;
        if (Key().Match(before) is { Success: true } key && key.Index > open)
            before = before[..^key.Length];
        if (before.TrimEnd() is not [.., '[' or '{' or ','] || after.TrimStart() is not [',' or ']' or '}', ..])
            return null;
        return masked[open] == '[' && after.TrimStart().StartsWith(',') ? before + after.TrimStart() : Without(before, after);
    }

    // Inside a bracket that is open on this line, behind it or a comma, and neither a variable nor part of a pattern.
    private static bool IsParameter(string before, string after)
    {
        if (before.TrimEnd() is not [.., '(' or ','] || after.TrimStart() is not ([] or [',' or ')' or ':' or '?' or '=', ..]) || Variable().IsMatch(before))
            return false;
        var open = new Stack<char>();
        foreach (var character in ScriptCode.Mask([before])[0])
        {
            if (character is '(' or '[' or '{')
                open.Push(character);
            else if (character is ')' or ']' or '}')
                open.TryPop(out _);
        }

        return open.TryPeek(out var inner) && inner == '(' && !Control().IsMatch(before);
    }

    private static string Other(NamedPlaces.Place place, string what) => $"`{place.File.Path}`, line {place.Line}, {what}; the log is of another version of it";

    [GeneratedRegex(@"^\s*(?:import|export|const|let|var|function|class|interface|type|enum|return|if|for)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Statement();

    [GeneratedRegex(@"^\s*import\b[^('""]*(?:\{|,|\*|from\b)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Named();

    [GeneratedRegex(@"^\s*(?:type\s+)?[\w$]+(?:\s+as\s+[\w$]+)?\s*,?\s*(?://.*)?$|^\s*(?://.*)?$|^[\s\w$,{]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ListLine();

    [GeneratedRegex(@"(?:\bfrom\s*|^\s*import\s+[\w$]+\s*=\s*require\(\s*)(?:'[^']*'|""[^""]*"")\s*\)?(?:\s*(?:with|assert)\s*\{[^}]*\})?\s*;?\s*(?://.*)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex From();

    [GeneratedRegex(@"[\w$]+\s+as\s+$", RegexOptions.CultureInvariant | RegexOptions.RightToLeft, 1000)]
    private static partial Regex AliasBefore();

    [GeneratedRegex(@"(?:^\s*|[{,]\s*)(?<type>type\s+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TypeBefore();

    [GeneratedRegex(@"^\s*import\s+(?:type\s+)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DefaultBefore();

    [GeneratedRegex(@"(?<default>[\w$]\s*(?<comma>,)\s*)?\{\s*\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EmptyList();

    [GeneratedRegex(@"[\w$]+\s*:\s*$", RegexOptions.CultureInvariant | RegexOptions.RightToLeft, 1000)]
    private static partial Regex Key();

    [GeneratedRegex(@"\b(?:const|let|var)\b[^=(]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Variable();

    [GeneratedRegex(@"\b(?:if|for|while|switch)\s*\([^)]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Control();

    [GeneratedRegex(@"^\s*(?:const|let|var)\s+[\w$]+\s*(?::\s*[\w$<>\[\]|. ]+)?(?:=\s*(?:-?[\d.]+n?|'[^'\\]*'|""[^""\\]*""|`[^`$\\]*`|true|false|null|undefined|\[\s*\]|\{\s*\}))?\s*;?\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainVariable();
}
