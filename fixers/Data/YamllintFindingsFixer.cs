using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.Data;

/// <summary>
/// Repairs findings of yamllint about blanks, line ends, indentation, comments and the document's start, and keys that are there twice with the same value; the file says the same afterwards.
/// Declines findings that need a decision (long lines, truthy words, quotes, two values of a key), and then leaves all as it is.
/// </summary>
public sealed partial class YamllintFindingsFixer : IFixer
{
    public string FailureId => "yamllint-findings";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var syntax = diagnosis.Matches.Where(match => match.Captures.GetValueOrDefault("rule") == "syntax" || match.Captures.GetValueOrDefault("message")?.StartsWith("syntax error", StringComparison.Ordinal) == true).ToList();
        if (syntax.Count > 0)
            return await SyntaxAsync(syntax, checkout, cancellationToken);
        var before = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        var result = await NamedPlaces.EditAsync(
            diagnosis, checkout,
            place =>
            {
                before.TryAdd(place.File.Path, place.File.ToEdit().After);
                return Repair(place);
            },
            paths => $"Repaired the findings of yamllint in {paths}.", cancellationToken);
        if (result is FixResult.Fixed @fixed)
            foreach (var edit in @fixed.Patch.Edits.OfType<FileEdit.Write>())
                // YAML refuses a key that is there twice, so there is nothing to compare with.
                if (edit.Before is { } old && YamlRepair.IsValid(old) ? !YamlRepair.SaysTheSame(old, edit.After) : !YamlRepair.IsValid(edit.After))
                    return new FixResult.Declined($"the repair would change what `{edit.Path}` says");
        return result;
    }

    private static async Task<FixResult> SyntaxAsync(List<SignatureMatch> findings, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (findings.Select(match => match.Captures.GetValueOrDefault("file")).Distinct().ToList() is not [{ } named] || await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await checkout.ReadAsync(path, cancellationToken) is not { } file)
            return new FixResult.Declined("not exactly one file has a syntax error");
        return YamlRepair.Repair(file, int.TryParse(findings[0].Captures.GetValueOrDefault("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? line : null);
    }

    private static string? Repair(NamedPlaces.Place place)
    {
        var (file, line, message) = (place.File, place.Line, place.Capture("message") ?? "");
        switch (place.Capture("rule"))
        {
            case "trailing-spaces":
                file[line] = file[line].TrimEnd(' ', '\t');
                return null;
            case "new-line-at-end-of-file":
                // A line put behind the last one gives that its end.
                file.Insert(file.Count + 1, "");
                file.Remove(file.Count);
                return null;
            case "empty-lines" when Count().Match(message) is { Success: true } count:
                for (var surplus = Number(count, "found") - Number(count, "most"); surplus > 0 && file.Has(line) && file[line].Trim().Length == 0; surplus--)
                    file.Remove(line--);
                return null;
            case "document-start" when message.StartsWith("missing", StringComparison.Ordinal):
                file.Insert(line, "---");
                return null;
            case "colons" or "commas" or "hyphens" or "brackets" or "braces":
                return Spaces(place, message);
            case "comments" when message.StartsWith("missing starting space", StringComparison.Ordinal) && place.Column > 0:
                var hash = file[line].IndexOf('#', Math.Clamp(place.Column - 1, 0, file[line].Length));
                hash = hash < 0 ? file[line].IndexOf('#', StringComparison.Ordinal) : hash;
                if (hash < 0)
                    return $"`{file.Path}`, line {line}, has no comment; the log is of another version of it";
                while (hash + 1 < file[line].Length && file[line][hash + 1] == '#')
                    hash++;
                file[line] = file[line].Insert(hash + 1, " ");
                return null;
            case "comments" when message.StartsWith("too few spaces before comment", StringComparison.Ordinal) && place.Column > 1 && place.Column <= file[line].Length && file[line][place.Column - 1] == '#':
                file[line] = file[line][..(place.Column - 1)].TrimEnd(' ') + "  " + file[line][(place.Column - 1)..];
                return null;
            case "comments-indentation":
                var next = line + 1;
                while (file.Has(next) && (file[next].Trim().Length == 0 || file[next].TrimStart().StartsWith('#')))
                    next++;
                file[line] = (file.Has(next) ? file.Indent(next) : "") + file[line].TrimStart(' ');
                return null;
            case "indentation" when Expected().Match(message) is { Success: true } indentation:
                return indentation.Groups["found"].Success
                    ? Indent(file, line, Number(indentation, "expected"), Number(indentation, "found"))
                    // One more than the line above; how much deeper is the file's custom.
                    : Indent(file, line, Number(indentation, "least") - 1 + Unit(file), place.Column - 1);
            case "key-duplicates":
                return WithoutDuplicate(file, line);
            case var rule:
                return $"`{file.Path}`, line {line}: {rule} needs a decision";
        }
    }

    private static string? Spaces(NamedPlaces.Place place, string message)
    {
        var (file, line) = (place.File, place.Line);
        var text = file[line];
        var at = place.Column - 1;
        if (at < 0 || at > text.Length)
            return $"`{file.Path}` has no column {place.Column} in line {line}";
        if (message.StartsWith("too few", StringComparison.Ordinal))
        {
            file[line] = text.Insert(at, " ");
            return null;
        }

        if (!message.StartsWith("too many", StringComparison.Ordinal))
            return $"`{file.Path}`, line {line}: how many blanks there should be is not told";
        // yamllint names the last blank too many, or the place behind it.
        var end = at;
        while (end < text.Length && text[end] == ' ')
            end++;
        var start = Math.Min(at, text.Length);
        while (start > 0 && text[start - 1] == ' ')
            start--;
        if (message.Contains("inside", StringComparison.Ordinal) && end - start > 1)
            return $"`{file.Path}`, line {line}: how many blanks there should be is not told";
        var wanted = message.Contains(" after ", StringComparison.Ordinal) ? 1 : 0;
        if (end - start <= wanted)
            return $"`{file.Path}`, line {line}, has no blanks too many where the log says";
        file[line] = text[..start] + new string(' ', wanted) + text[end..];
        return null;
    }

    // The whole block moves; yamllint names only its first line.
    private static string? Indent(TextFile file, int line, int expected, int found)
    {
        if (file.Indent(line).Length != found || expected > 40)
            return $"`{file.Path}`, line {line}, is not indented by {found}; the log is of another version of it";
        var isItem = file[line].TrimStart().StartsWith('-');
        var last = line;
        for (var number = line; file.Has(number); number++)
        {
            var text = file[number].TrimStart(' ');
            var depth = file[number].Length - text.Length;
            if (text.Length == 0 || (text[0] == '#' && depth <= found))
                continue;
            if (depth < found || (depth == found && isItem && !text.StartsWith('-')))
                break;
            last = number;
        }

        for (var number = line; number <= last; number++)
            if (file[number].TrimStart(' ') is { Length: > 0 } text && file[number].Length - text.Length >= found)
                file[number] = new string(' ', file[number].Length - text.Length + expected - found) + text;
        return null;
    }

    private static int Unit(TextFile file) =>
        file.Lines.Where(line => line.StartsWith(' ') && line.Trim().Length > 0).Select(line => line.Length - line.TrimStart(' ').Length).Where(indent => indent > 1).DefaultIfEmpty(2).Min();

    private static string? WithoutDuplicate(TextFile file, int line)
    {
        var edit = file.ToEdit();
        if (YamlRepair.WithoutDuplicate(new RepositoryFile(file.Path, edit.After, null), line) is not { } once || TextFile.Of(new RepositoryFile(file.Path, once.After, null)) is not { } text)
            return $"line {line} of `{file.Path}` gives a key a second time with another value; which of them counts is not told";
        for (var surplus = file.Count - text.Count; surplus > 0; surplus--)
            file.Remove(line);
        return null;
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\((?<found>\d{1,6}) > (?<most>\d{1,6})\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Count();

    [GeneratedRegex(@"expected (?:at least (?<least>\d{1,3})|(?<expected>\d{1,3}) but found (?<found>\d{1,3}))", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expected();
}
