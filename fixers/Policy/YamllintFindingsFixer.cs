using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace QMoi.Fixers.Policy;

/// <summary>
/// Repairs the layout that yamllint complains of: blanks, blank lines, the end of the file, comments, the depth of a block. The file must mean the same afterwards.
/// Unsafe for rules about content (duplicate keys, truth values, long lines); with one of these in the log nothing is changed, since the job would stay red.
/// </summary>
public sealed partial class YamllintFindingsFixer : IFixer
{
    public string FailureId => "yamllint-findings";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // Warnings fail the job only with --strict, and then there may be nothing else.
        var errors = diagnosis.Matches.Where(match => match.Captures.GetValueOrDefault("level") != "warning").ToList();
        var before = new Dictionary<TextFile, string>();
        var result = await NamedPlaces.EditAsync(
            errors.Exists(match => match.Captures.ContainsKey("rule")) ? diagnosis with { Matches = errors } : diagnosis,
            checkout,
            place =>
            {
                before.TryAdd(place.File, Text(place.File));
                return place.Capture("rule") is { } rule ? Repair(place, rule, place.Capture("message") ?? "") : null;
            },
            paths => $"Repaired the layout of {paths}.",
            cancellationToken);
        if (result is FixResult.Fixed && before.FirstOrDefault(file => file.Key.IsChanged && !MeanSame(file.Value, Text(file.Key))) is { Key: { } other })
            return new FixResult.Declined($"`{other.Path}` would not mean the same any more");
        return result;
    }

    private static string? Repair(NamedPlaces.Place place, string rule, string message)
    {
        var (text, at) = (place.Text, place.Column - 1);
        switch (rule)
        {
            case "trailing-spaces":
                return Changed(place, text.TrimEnd());
            case "new-line-at-end-of-file":
                place.File.Insert(place.File.Count + 1);
                return null;
            case "empty-lines" when TooMany().Match(message) is { Success: true } match:
                return Remove(place, Number(match, "there") - Number(match, "most"));
            case "document-start" when message.StartsWith("missing", StringComparison.Ordinal):
                place.File.Insert(1, "---");
                return null;
            case "indentation" when Indentation().Match(message) is { Success: true } match:
                return Shift(place, Number(match, "wanted") - Number(match, "there"));
            case "comments" when message.StartsWith("missing starting space", StringComparison.Ordinal):
                return Changed(place, at >= 0 && at < text.Length && text[at] == '#' ? text.Insert(at + 1, " ") : at > 0 && at <= text.Length && text[at - 1] == '#' ? text.Insert(at, " ") : null);
            case "comments" when TooFew().Match(message) is { Success: true } match && at > 0 && at < text.Length && text[at] == '#':
                return Changed(place, text[..at].TrimEnd() + new string(' ', match.Groups["wanted"].Success ? Number(match, "wanted") : 2) + text[at..]);
            case "commas" or "colons" or "hyphens" or "braces" or "brackets" when message.StartsWith("too many spaces", StringComparison.Ordinal):
                return Changed(place, Gap(text, at, rule is "braces" or "brackets" || message.Contains("before", StringComparison.Ordinal) ? "" : " "));
            case "commas" when message.StartsWith("too few spaces after", StringComparison.Ordinal):
                return Changed(place, at > 0 && at <= text.Length && text[at - 1] == ',' ? text.Insert(at, " ") : at >= 0 && at < text.Length && text[at] == ',' ? text.Insert(at + 1, " ") : null);
            case "braces" or "brackets" when message.StartsWith("too few spaces", StringComparison.Ordinal):
                return Changed(place, at >= 0 && at <= text.Length ? text.Insert(at, " ") : null);
            default:
                return $"{rule} in `{place.File.Path}`, line {place.Line}, is for a person to decide";
        }
    }

    private static string? Changed(NamedPlaces.Place place, string? text)
    {
        if (text is null || text == place.Text)
            return $"`{place.File.Path}`, line {place.Line}, is not as the log says; the log is of another version of it";
        place.File[place.Line] = text;
        return null;
    }

    // The place may be the first blank, the last one or what follows.
    private static string? Gap(string text, int at, string gap)
    {
        if (at < 0 || at > text.Length)
            return null;
        var start = Math.Min(at, text.Length);
        if (start == text.Length || text[start] != ' ')
            start--;
        var end = start + 1;
        while (start > 0 && text[start - 1] == ' ')
            start--;
        while (end < text.Length && text[end] == ' ')
            end++;
        return start <= 0 || text[start..end].Trim(' ').Length > 0 || end - start <= gap.Length ? null : text[..start] + gap + text[end..];
    }

    // The place is the last of the blank lines.
    private static string? Remove(NamedPlaces.Place place, int surplus)
    {
        for (var line = place.Line; surplus > 0; surplus--, line--)
        {
            if (!place.File.Has(line) || place.File[line].Trim().Length > 0)
                return $"`{place.File.Path}`, line {place.Line}, is not as the log says; the log is of another version of it";
            place.File.Remove(line);
        }

        return null;
    }

    // A block goes as a whole: down to the first line that is less deep, or that is no item any more.
    private static string? Shift(NamedPlaces.Place place, int by)
    {
        var depth = place.File.Indent(place.Line).Length;
        var isItem = place.Text.AsSpan(depth).StartsWith("- ") || place.Text[depth..] == "-";
        for (var line = place.Line; place.File.Has(line); line++)
        {
            var indent = place.File.Indent(line).Length;
            if (place.File[line].Length == indent)
                continue;
            if (indent < depth || (indent == depth && isItem && place.File[line][depth] != '-'))
                break;
            if (indent + by < 0)
                return $"`{place.File.Path}`, line {line}, cannot be moved";
            place.File[line] = by > 0 ? new string(' ', by) + place.File[line] : place.File[line][-by..];
        }

        return null;
    }

    private static string Text(TextFile file) => string.Join('\n', file.Lines);

    private static bool MeanSame(string one, string other)
    {
        try
        {
            return Meaning(one).SequenceEqual(Meaning(other), StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is YamlException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    // Blanks at the end of a line inside a text are no part of its meaning here.
    private static List<string> Meaning(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var meaning = new List<string>();
        while (parser.MoveNext())
            if (parser.Current is Scalar scalar)
                meaning.Add($"{scalar.Anchor} {scalar.Tag} {string.Join('\n', scalar.Value.Split('\n').Select(line => line.TrimEnd())).TrimEnd('\n')}");
            else if (parser.Current is not (Comment or DocumentStart or DocumentEnd))
                meaning.Add(parser.Current is NodeEvent node ? $"{node.GetType().Name} {node.Anchor} {node.Tag}" : parser.Current is AnchorAlias alias ? $"* {alias.Value}" : parser.Current!.GetType().Name);
        return meaning;
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^too many blank lines \((?<there>\d{1,6}) > (?<most>\d{1,6})\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TooMany();

    [GeneratedRegex(@"^wrong indentation: expected (?:at least )?(?<wanted>\d{1,4}) but found (?<there>\d{1,4})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Indentation();

    [GeneratedRegex(@"^too few spaces before comment(?:: expected (?<wanted>\d))?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TooFew();
}
