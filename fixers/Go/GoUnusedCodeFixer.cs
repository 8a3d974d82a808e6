using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises imports and variables that a Go file does not use, which the compiler does not allow. Removes them; one of several results becomes the blank name.
/// Unsafe where the only result of a call is not used, and where it is an error value: declined.
/// </summary>
public sealed partial class GoUnusedCodeFixer : IFixer
{
    public string FailureId => "go-unused-code";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // A package and its tests tell it twice, with other words around it.
        var matches = diagnosis.Matches.DistinctBy(match => (match.Captures.GetValueOrDefault("file"), match.Captures.GetValueOrDefault("line"), match.Captures.GetValueOrDefault("path"), match.Captures.GetValueOrDefault("name"))).ToList();
        return NamedPlaces.EditAsync(diagnosis with { Matches = matches }, checkout, Remove, paths => $"Removed unused imports or variables from {paths}.", cancellationToken);
    }

    private static string? Remove(NamedPlaces.Place place)
    {
        if (place.Capture("path") is { } path)
            return GoImports.Remove(place.File, place.Line, path) ? null : $"line {place.Line} of `{place.File.Path}` does not import `{path}`; the log is of another version of it";
        var name = place.Capture("name") ?? "";
        var masked = CodeMask.Of(place.File, CodeKind.Go)[place.Line - 1];
        if (name.Length == 0 || CSource.PlaceOf(masked, place.Text, place.Column, name) is not { } at)
            return $"`{name}` does not stand in line {place.Line} of `{place.File.Path}`; the log is of another version of it";
        if (name is "err" || name.EndsWith("Err", StringComparison.Ordinal))
            return $"`{name}` in line {place.Line} of `{place.File.Path}` is an error that nobody looks at; what to do about it is for a person to say";
        return (Range(place, masked, name) ?? Statement(place, masked, name, at)) switch { "" => null, var refusal => refusal };
    }

    // for i, v := range list: without v, or with the blank name for i.
    private static string? Range(NamedPlaces.Place place, string masked, string name)
    {
        if (RangeLoop().Match(masked) is not { Success: true } loop)
            return null;
        var (key, value) = (loop.Groups["key"], loop.Groups["value"]);
        if (value.Success && value.Value == name)
            place.File[place.Line] = place.Text.Remove(key.Index + key.Length, value.Index + value.Length - key.Index - key.Length);
        else if (value.Success && key.Value == name && value.Value != "_")
            place.File[place.Line] = place.Text.Remove(key.Index, key.Length).Insert(key.Index, "_");
        else if (key.Value == name)
            place.File[place.Line] = place.Text.Remove(key.Index, loop.Groups["range"].Index - key.Index);
        else
            return null;
        return "";
    }

    private static string Statement(NamedPlaces.Place place, string masked, string name, int at)
    {
        if (Define().Match(masked) is { Success: true } define && define.Groups["name"].Captures.Any(capture => capture.Index == at))
            return define.Groups["name"].Captures.Count == 1 ? RemoveLine(place, name, define.Groups["value"].Value) : Blank(place, define, name, at);
        return Var().Match(masked) is { Success: true } var && var.Groups["name"].Index == at
            ? RemoveLine(place, name, var.Groups["value"].Value)
            : $"`{name}` in line {place.Line} of `{place.File.Path}` is declared in a way that is not edited";
    }

    private static string RemoveLine(NamedPlaces.Place place, string name, string value)
    {
        if (!IsPure(value))
            return $"the value of `{name}` in `{place.File.Path}` comes from a call or goes on over several lines, so removing it may change what the program does";
        var masked = CodeMask.Of(place.File, CodeKind.Go);
        // An assignment behind it would need the variable.
        var depth = 0;
        for (var line = place.Line; line < masked.Length && depth >= 0; line++)
        {
            if (CodeMask.Places(masked[line], name).Any(index => index == 0 || masked[line][index - 1] != '.'))
                return $"`{name}` is assigned to again in line {line + 1} of `{place.File.Path}`";
            depth += masked[line].Count(character => character == '{') - masked[line].Count(character => character == '}');
        }

        place.File.Remove(place.Line);
        if (place.File.Has(place.Line) && string.IsNullOrWhiteSpace(place.File[place.Line]) && place.Line > 1 && (string.IsNullOrWhiteSpace(place.File[place.Line - 1]) || place.File[place.Line - 1].EndsWith('{')))
            place.File.Remove(place.Line);
        return "";
    }

    private static string Blank(NamedPlaces.Place place, Match define, string name, int at)
    {
        var others = define.Groups["name"].Captures.Where(capture => capture.Index != at && capture.Value != "_").Select(capture => capture.Value).ToList();
        if (others.Count == 0)
            return $"no result of the call in line {place.Line} of `{place.File.Path}` would be used";
        // At least one name of := has to be new: an error often is declared further up.
        var before = CodeMask.Of(place.File, CodeKind.Go)[..(place.Line - 1)];
        var isNew = others.Exists(other => !IsDeclared(before, other));
        var text = place.Text.Remove(at, name.Length).Insert(at, "_");
        var operation = define.Groups["operation"].Index - name.Length + 1;
        place.File[place.Line] = isNew ? text : text.Remove(operation, 2).Insert(operation, "=");
        return "";
    }

    // In the same block of the same function, as far as indentation and braces tell.
    private static bool IsDeclared(string[] before, string name)
    {
        var depth = 0;
        for (var line = before.Length - 1; line >= 0; line--)
        {
            depth += before[line].Count(character => character == '}') - before[line].Count(character => character == '{');
            if (depth < 0)
                return before[line].StartsWith("func", StringComparison.Ordinal) && CodeMask.Places(before[line], name).Any();
            if (depth == 0 && !before[line].TrimStart().StartsWith('}') && CodeMask.Places(before[line], name).Any(at => (before[line].IndexOf(":=", StringComparison.Ordinal) > at && !Inner().IsMatch(before[line])) || before[line].TrimStart().StartsWith("var " + name, StringComparison.Ordinal)))
                return true;
        }

        return false;
    }

    private static bool IsPure(string value)
    {
        var rest = PureCall().Replace(value, "(");
        return !rest.Contains("<-", StringComparison.Ordinal) && !rest.Contains("func", StringComparison.Ordinal) && !Call().IsMatch(rest)
            && value.Count(character => character is '(' or '{' or '[') == value.Count(character => character is ')' or '}' or ']');
    }

    [GeneratedRegex(@"^\s*for\s+(?<key>\w+)(?:(?:\s*,\s*)(?<value>\w+))?\s*:=\s*(?<range>range)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RangeLoop();

    [GeneratedRegex(@"^\s*(?<name>\w+)(?:\s*,\s*(?<name>\w+))*\s*(?<operation>:=)(?<value>.*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Define();

    [GeneratedRegex(@"^\s*var\s+(?<name>\w+)\b[^=,()]*(?:=(?<value>.*))?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Var();

    // What only makes or converts a value.
    [GeneratedRegex(@"(?<![\w.])(?:len|cap|make|new|append|min|max|string|u?int(?:8|16|32|64)?|float(?:32|64)|byte|rune|bool|\[\]byte|\[\]string|errors\.New|time\.Duration)\(", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PureCall();

    [GeneratedRegex(@"[\w\])}""]\(", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Call();

    // Names of an if, for or switch are gone behind its block.
    [GeneratedRegex(@"^\s*(?:\}\s*else\s+)?(?:if|for|switch|select|case)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Inner();
}
