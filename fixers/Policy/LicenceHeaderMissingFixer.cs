using System.Text.RegularExpressions;

namespace QMoi.Fixers.Policy;

/// <summary>
/// Puts the header that the other files of the kind agree on before what the named files hold, below <c>#!</c> and the like. Unsafe where there are not two that agree, or where a file has a header of its own.
/// </summary>
public sealed partial class LicenceHeaderMissingFixer : IFixer
{
    private const int MostFiles = 50;
    private const int MostSiblings = 200;
    private const int LongestHeader = 60;

    public string FailureId => "licence-header-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var paths = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            paths.Add(path);
        }

        if (paths.Count is 0 or > MostFiles)
            return new FixResult.Declined(paths.Count == 0 ? "the log does not name the files" : $"the log names {paths.Count} files");
        var all = await checkout.ListAllAsync(cancellationToken);
        var edits = new List<FileEdit>();
        foreach (var path in paths)
        {
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } file)
                return new FixResult.Declined($"`{path}` is not a text file in UTF-8");
            if (HeaderOf(file) is { } own && own.Lines.Any(line => Licence().IsMatch(line)))
                return new FixResult.Declined($"`{path}` has a header already");
            if (await AgreedAsync(path, all.Where(other => !paths.Contains(other)), checkout, cancellationToken) is not { } header)
                return new FixResult.Declined($"no two other files like `{path}` agree on a header");
            var top = Top(file);
            file.Insert(top + 1, [.. header.Lines, .. header.IsFollowedByBlank && file.Has(top + 1) && file[top + 1].Trim().Length > 0 ? [""] : Array.Empty<string>()]);
            edits.Add(file.ToEdit());
        }

        return new FixResult.Fixed(new Patch(edits), $"Added the header of the other files to {string.Join(", ", paths.Select(path => $"`{path}`"))}.");
    }

    // What most files of the same ending begin with, word for word but for the years; the nearest are looked at.
    private static async Task<Header?> AgreedAsync(string path, IEnumerable<string> others, ICheckout checkout, CancellationToken cancellationToken)
    {
        var ending = Path.GetExtension(path);
        var headers = new List<Header>();
        var siblings = 0;
        foreach (var other in others.Where(other => ending.Length > 0 && Path.GetExtension(other) == ending).OrderByDescending(other => Common(path, other)).ThenBy(other => other, StringComparer.Ordinal).Take(MostSiblings))
        {
            if (await TextFile.ReadAsync(checkout, other, cancellationToken) is not { Count: > 0 } file)
                continue;
            siblings++;
            if (HeaderOf(file) is { } header && header.Lines.Any(line => Licence().IsMatch(line)))
                headers.Add(header);
        }

        var group = headers.GroupBy(header => Normal(header.Lines[0])).OrderByDescending(group => group.Count()).FirstOrDefault()?.ToList();
        if (group is null || group.Count < 2 || group.Count * 2 <= siblings || group.Count * 10 < headers.Count * 8)
            return null;
        var common = group[0].Lines.TakeWhile((line, at) => group.TrueForAll(header => at < header.Lines.Count && Normal(header.Lines[at]) == Normal(line))).Count();
        // Years differ: the text that most have, of these the newest.
        var lines = group.Select(header => string.Join('\n', header.Lines.Take(common)).TrimEnd()).GroupBy(text => text).OrderByDescending(text => text.Count()).ThenByDescending(text => text.Key, StringComparer.Ordinal).First().Key.Split('\n').ToList();
        var isWhole = lines.Count == group[0].Lines.Count;
        while (lines.Count > 0 && !isWhole && BareComment().IsMatch(lines[^1]))
            lines.RemoveAt(lines.Count - 1);
        if (!lines.Exists(line => Licence().IsMatch(line)) || lines.Count > LongestHeader || (Opens().IsMatch(lines[0]) && !Closes().IsMatch(lines[^1])))
            return null;
        return new Header(lines, group.Count(header => header.IsFollowedByBlank || header.Lines.Count > common) * 2 >= group.Count);
    }

    // The first comment of a file; null where it begins with something else.
    private static Header? HeaderOf(TextFile file)
    {
        var first = Top(file) + 1;
        while (file.Has(first) && file[first].Trim().Length == 0)
            first++;
        if (!file.Has(first))
            return null;
        var last = first;
        if (Opens().IsMatch(file[first]))
        {
            while (file.Has(last) && !Closes().IsMatch(file[last]))
                last++;
            if (!file.Has(last))
                return null;
        }
        else
        {
            if (LineComment().Match(file[first]) is not { Success: true } mark)
                return null;
            while (file.Has(last + 1) && file[last + 1].StartsWith(mark.Value, StringComparison.Ordinal))
                last++;
        }

        return new Header([.. Enumerable.Range(first, last - first + 1).Select(line => file[line])], !file.Has(last + 1) || file[last + 1].Trim().Length == 0);
    }

    /// <summary>How many lines have to stay above all others.</summary>
    private static int Top(TextFile file)
    {
        var top = 0;
        while (file.Has(top + 1) && StaysOnTop().IsMatch(file[top + 1]) && top < 3)
            top++;
        return top;
    }

    private static int Common(string one, string other) => one.Split('/').Zip(other.Split('/')).TakeWhile(pair => pair.First == pair.Second).Count();

    private static string Normal(string line) => Year().Replace(line.TrimEnd(), "YEAR");

    private sealed record Header(IReadOnlyList<string> Lines, bool IsFollowedByBlank);

    [GeneratedRegex(@"(?i)licen[cs]e|copyright|SPDX-|\(c\)\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Licence();

    [GeneratedRegex(@"^(?:#!|#.*coding[:=]|<\?php\s*$|<\?xml|<!DOCTYPE|@charset)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex StaysOnTop();

    [GeneratedRegex(@"^\s*(?:/\*|<!--|\(\*|\{-)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Opens();

    [GeneratedRegex(@"(?:\*/|-->|\*\)|-\})\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Closes();

    [GeneratedRegex(@"^(?:#|//|--|;|%|'|"")", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LineComment();

    [GeneratedRegex(@"^\s*(?:#|//|--|;|%|\*)?\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BareComment();

    [GeneratedRegex(@"\b(?:19|20)\d\d(?:\s*[-–]\s*(?:(?:19|20)\d\d|present))?\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Year();
}
