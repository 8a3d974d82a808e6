using System.Text.RegularExpressions;

namespace QMoi.Fixers.Git;

/// <summary>
/// Ends a conflict that has only one sensible end: both sides say the same but for blanks, one side left the common ancestor as it was, or both only add imports or entries of a list in a
/// change log, which are all kept. Declines every other conflict: two changes of code need somebody who knows what both are for.
/// </summary>
public sealed partial class GitConflictMarkersCommittedFixer : IFixer
{
    private const int MostFiles = 2000;
    private const int LongestFile = 512 * 1024;

    public string FailureId => "git-conflict-markers-committed";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedDictionary<string, TextFile>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).Take(50))
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is { } path && await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file && IsMarked(file))
                files[path] = file;
        if (files.Count == 0)
            foreach (var path in (await checkout.ListAllAsync(cancellationToken)).Take(MostFiles))
                if (await checkout.ReadAsync(path, cancellationToken) is { Content.Length: < LongestFile } source && source.Content.Span.IndexOf("\n>>>>>>> "u8) >= 0 && TextFile.Of(source) is { } file && IsMarked(file))
                    files[path] = file;
        if (files.Count == 0)
            return new FixResult.Declined("no file of the repository holds conflict markers");

        foreach (var file in files.Values)
            if (Resolve(file) is { } refusal)
                return new FixResult.Declined(refusal);
        return new FixResult.Fixed(new Patch([.. files.Values.Select(file => file.ToEdit())]), $"Ended the unfinished merge in {string.Join(", ", files.Keys.Select(path => $"`{path}`"))}.");
    }

    private static bool IsMarked(TextFile file) => file.Lines.Any(line => line.StartsWith("<<<<<<< ", StringComparison.Ordinal)) && file.Lines.Any(line => line.StartsWith(">>>>>>> ", StringComparison.Ordinal));

    private static string? Resolve(TextFile file)
    {
        for (var last = file.Count; last >= 1; last--)
        {
            if (!file[last].StartsWith(">>>>>>> ", StringComparison.Ordinal))
                continue;
            var first = last - 1;
            var (middle, ancestor) = (0, 0);
            for (; first >= 1 && !file[first].StartsWith("<<<<<<< ", StringComparison.Ordinal); first--)
            {
                if (file[first] == "=======")
                    (middle, ancestor) = middle == 0 ? (first, 0) : (-1, 0);
                else if (file[first].StartsWith("|||||||", StringComparison.Ordinal))
                    ancestor = first;
            }

            if (first < 1 || middle <= 0)
                return $"the markers at line {last} of `{file.Path}` do not pair up";
            var ours = Range(file, first + 1, (ancestor > 0 ? ancestor : middle) - 1);
            var theirs = Range(file, middle + 1, last - 1);
            var before = ancestor > 0 ? Range(file, ancestor + 1, middle - 1) : null;
            if (Merged(file.Path, ours, theirs, before) is not { } merged)
                return $"the two sides at line {first} of `{file.Path}` differ; which of them, or how much of both, should stay is for a person to say";
            for (var number = last; number >= first; number--)
                file.Remove(number);
            file.Insert(first, merged);
            last = first;
        }

        return file.Lines.Any(line => line.StartsWith("<<<<<<< ", StringComparison.Ordinal)) ? $"a marker in `{file.Path}` has no end" : null;
    }

    private static List<string> Range(TextFile file, int first, int last) => [.. Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(number => file[number])];

    private static List<string>? Merged(string path, List<string> ours, List<string> theirs, List<string>? before)
    {
        if (Same(ours, theirs))
            return ours;
        if (before is not null && Same(ours, before))
            return theirs;
        if (before is not null && Same(theirs, before))
            return ours;
        if (ours.Count == 0 || theirs.Count == 0)
            return null;
        var isList = IsChangeLog().IsMatch(path) && ours.Concat(theirs).All(line => ListItem().IsMatch(line));
        if (!isList && !(before is null or [] && ours.Concat(theirs).All(line => Import().IsMatch(line))))
            return null;
        var all = ours.Concat(theirs.Where(line => !ours.Contains(line, StringComparer.Ordinal))).ToList();
        // A list that was sorted on both sides stays so.
        return !isList && IsSorted(ours) && IsSorted(theirs) && ours.Count + theirs.Count > 2 ? [.. all.Order(StringComparer.Ordinal)] : all;
    }

    private static bool IsSorted(List<string> lines) => lines.SequenceEqual(lines.Order(StringComparer.Ordinal), StringComparer.Ordinal);

    // At the start of a line blanks may mean something.
    private static bool Same(List<string> one, List<string> other) =>
        one.Select(line => line.TrimEnd()).Where(line => line.Length > 0).SequenceEqual(other.Select(line => line.TrimEnd()).Where(line => line.Length > 0), StringComparer.Ordinal);

    [GeneratedRegex(@"(?i)(?:^|/)(?:change(?:s|log)|history|news|releases?)(?:\.[a-z]+)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IsChangeLog();

    [GeneratedRegex(@"^(?:[-*+] \S.*| {2,}\S.*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ListItem();

    [GeneratedRegex(@"^(?:from [\w.]+ import [\w, ]+|import [\w.*]+(?: as \w+)?;?|import [^;]+ from ['""][^'""]+['""];?|using [\w.]+;|#include [<""][^>""]+[>""]|use [\w:{}, *]+;)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();
}
