using System.Text.RegularExpressions;
using QMoi.Fixers.Python;

namespace QMoi.Fixers.Policy;

/// <summary>Corrects misspelt words in prose and comments where the checker offers one word only. Unsafe in code: a name may be used elsewhere.</summary>
public sealed partial class SpellingCheckFixer : IFixer
{
    private static readonly HashSet<string> Prose = new(StringComparer.OrdinalIgnoreCase) { ".md", ".markdown", ".rst", ".txt", ".adoc", ".asciidoc", ".tex", ".org", ".mdx", "" };

    public string FailureId => "spelling-check";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Corrected the spelling in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (word, suggestion) = (place.Capture("word") ?? "", place.Capture("suggestion")?.Trim() ?? "");
        if (!Word().IsMatch(word) || !Words().IsMatch(suggestion))
            return $"there is more than one word that `{word}` in `{place.File.Path}`, line {place.Line}, may stand for";
        var pattern = new Regex($@"(?<before>^|[^\w]){Regex.Escape(word)}(?<after>$|[^\w])", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var text = place.Text;
        var count = 0;
        for (var match = pattern.Match(text); match.Success; match = pattern.Match(text, match.Index + match.Groups["before"].Length + suggestion.Length))
        {
            var at = match.Index + match.Groups["before"].Length;
            if (!IsProse(place, at))
                return $"`{word}` in `{place.File.Path}`, line {place.Line}, stands in code, where it may be a name";
            text = text[..at] + suggestion + text[(at + word.Length)..];
            place.File[place.Line] = text;
            count++;
            if (at + suggestion.Length > text.Length)
                break;
        }

        return count > 0 ? null : $"`{word}` does not stand in line {place.Line} of `{place.File.Path}`";
    }

    private static bool IsProse(NamedPlaces.Place place, int at)
    {
        var (text, ending) = (place.File[place.Line], Path.GetExtension(place.File.Path));
        if (Prose.Contains(ending))
            return !InCode().Matches(text).Any(code => code.Index < at && at < code.Index + code.Length) && !Address().Matches(text).Any(address => address.Index <= at && at < address.Index + address.Length);
        if (ending is ".py" or ".pyi")
        {
            var source = PythonSource.Of(place.File);
            return source.Code(place.Line)[at] == ' ' || (source.Code(place.Line)[at] == '_' && source.Code(source.StartOf(place.Line)).TrimStart() is ['"' or '\'', ..] or ['r', '"' or '\'', ..]);
        }

        // Behind the mark of a comment, or within one of several lines.
        return CommentMark().Match(text) is { Success: true } mark && mark.Index < at;
    }

    [GeneratedRegex(@"^[\w'’-]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"^[\w'’-]+(?: [\w'’-]+)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Words();

    [GeneratedRegex("`[^`]+`", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex InCode();

    [GeneratedRegex(@"\b[a-z][a-z+.-]*://[^\s)>]+|\]\([^)\s]*\)|\b[\w.-]+/[\w./-]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Address();

    [GeneratedRegex(@"(?:^|\s)(?://+|/\*+|<!--)\s|^\s*(?:#+|\*|--|;+|%+)\s|\s#\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CommentMark();
}
