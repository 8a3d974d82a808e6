using System.Text.RegularExpressions;

namespace QMoi.Fixers.Policy;

/// <summary>Repairs blanks and blank lines in Markdown. Unsafe for rules about what is written; with one of these in the log nothing is changed, since the job would stay red.</summary>
public sealed partial class MarkdownlintFindingsFixer : IFixer
{
    public string FailureId => "markdownlint-findings";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Repaired blanks and blank lines in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (file, line, text) = (place.File, place.Line, place.Text);
        var details = place.Capture("message") ?? "";
        var isDone = place.Capture("rule") switch
        {
            "MD009" => Change(place, text.EndsWith("  ", StringComparison.Ordinal) && !text.EndsWith("   ", StringComparison.Ordinal) && text.Trim().Length > 0 ? text : text.TrimEnd()),
            "MD012" => IsBlank(file, line) && IsBlank(file, line - 1) && Remove(file, line),
            "MD018" => Change(place, Hashes().Replace(text, "${hashes} ${rest}")),
            "MD019" => Change(place, SpacesBehindHashes().Replace(text, "${hashes} ")),
            "MD022" when details.Contains("Above", StringComparison.Ordinal) => Above(file, line),
            "MD022" when details.Contains("Below", StringComparison.Ordinal) => Below(file, line),
            "MD022" => Above(file, line) | Below(file, line),
            "MD023" => Change(place, text.TrimStart()),
            "MD031" => IsInFence(file, line) ? Below(file, line) : Above(file, line),
            "MD032" => !IsOfList(file, line - 1) && Above(file, line) || !IsOfList(file, line + 1) && Below(file, line),
            "MD047" => End(file),
            _ => false,
        };
        return isDone ? null : $"{place.Capture("rule")} in `{file.Path}`, line {line}, is for a person to repair";
    }

    private static bool Change(NamedPlaces.Place place, string text)
    {
        var isOther = text != place.Text;
        place.File[place.Line] = text;
        return isOther;
    }

    private static bool Remove(TextFile file, int line)
    {
        file.Remove(line);
        return true;
    }

    // Inside of a quotation the line between belongs to it.
    private static bool Above(TextFile file, int line) => line > 1 && !IsBlank(file, line - 1) && !IsQuoted(file, line) && Insert(file, line);

    private static bool Below(TextFile file, int line) => file.Has(line + 1) && !IsBlank(file, line + 1) && !IsQuoted(file, line) && Insert(file, line + 1);

    private static bool Insert(TextFile file, int line)
    {
        file.Insert(line, "");
        return true;
    }

    private static bool End(TextFile file)
    {
        var before = file.IsChanged;
        WhitespaceRepair.End(file);
        return before || file.IsChanged;
    }

    private static bool IsBlank(TextFile file, int line) => file.Has(line) && file[line].Trim().Length == 0;

    private static bool IsQuoted(TextFile file, int line) => file[line].TrimStart().StartsWith('>');

    private static bool IsOfList(TextFile file, int line) => file.Has(line) && (Item().IsMatch(file[line]) || (file[line].Length > 0 && file[line][0] is ' ' or '\t'));

    // Closes a fence that was opened above.
    private static bool IsInFence(TextFile file, int line) => Enumerable.Range(1, line - 1).Count(above => Fence().IsMatch(file[above])) % 2 == 1;

    [GeneratedRegex(@"^(?<hashes>#{1,6})(?<rest>[^#\s])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hashes();

    [GeneratedRegex(@"^(?<hashes>#{1,6})[ \t]{2,}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SpacesBehindHashes();

    [GeneratedRegex(@"^\s*(?:[-*+]|\d+[.)])\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Item();

    [GeneratedRegex(@"^\s*(?:```|~~~)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Fence();
}
