using System.Text.RegularExpressions;

namespace QMoi.Fixers.JavaScript;

/// <summary>
/// All tests pass, but stored snapshots belong to no test any more: takes exactly those that the log lists out of their files. Written as text and not by <c>jest -u</c>, which would
/// also accept snapshots that differ. Declined where a snapshot failed too: then the test was perhaps renamed.
/// </summary>
public sealed partial class JestSnapshotObsoleteFixer : IFixer
{
    public string FailureId => "jest-snapshot-obsolete";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Any(match => match.Captures.ContainsKey("failed")))
            return new FixResult.Declined("tests or snapshots failed too; the obsolete ones may be those of a test that was renamed");
        var listed = diagnosis.Matches.Where(match => match.Captures.ContainsKey("test") && match.Captures.ContainsKey("snapshot")).ToList();
        if (listed.Count == 0)
            return new FixResult.Declined("the log does not list the obsolete snapshots");
        var edits = new List<FileEdit>();
        foreach (var suite in listed.GroupBy(match => match.Captures["test"], StringComparer.Ordinal).OrderBy(suite => suite.Key, StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, suite.Key, cancellationToken) is not { } test)
                return new FixResult.Declined($"`{suite.Key}` is not a file of the repository, or more than one");
            var slash = test.LastIndexOf('/') + 1;
            if (await TextFile.ReadAsync(checkout, $"{test[..slash]}__snapshots__/{test[slash..]}.snap", cancellationToken) is not { } file)
                return new FixResult.Declined($"the snapshots of `{test}` do not lie where Jest keeps them");
            var content = await checkout.ReadAsync(file.Path, cancellationToken);
            foreach (var name in suite.Select(match => match.Captures["snapshot"].Trim()).Distinct(StringComparer.Ordinal))
                if (Remove(file, name) is { } refusal)
                    return new FixResult.Declined(refusal);
            edits.Add(file.Lines.Any(line => line.StartsWith("exports[`", StringComparison.Ordinal)) ? file.ToEdit() : new FileEdit.Delete(file.Path, content!.Content));
        }

        return new FixResult.Fixed(new Patch(edits), $"Removed the snapshots that belong to no test from {string.Join(", ", edits.Select(edit => $"`{edit.Path}`"))}.");
    }

    private static string? Remove(TextFile file, string name)
    {
        var start = Enumerable.Range(1, file.Count).FirstOrDefault(line => file[line].StartsWith($"exports[`{name}`] = `", StringComparison.Ordinal));
        if (start == 0 || !Name().IsMatch(name))
            return $"`{file.Path}` has no snapshot `{name}`, or its name is written with escapes";
        var end = Enumerable.Range(start, file.Count - start + 1).FirstOrDefault(line => file[line].EndsWith("`;", StringComparison.Ordinal) && !file[line].EndsWith("\\`;", StringComparison.Ordinal));
        if (end == 0 || Enumerable.Range(start + 1, Math.Max(0, end - start)).Any(line => file[line].StartsWith("exports[`", StringComparison.Ordinal)))
            return $"the end of the snapshot `{name}` in `{file.Path}` is not plain";
        // With the blank line before it: one stays between the others.
        if (start > 1 && file[start - 1].Length == 0)
            start--;
        for (var line = end; line >= start; line--)
            file.Remove(line);
        return null;
    }

    [GeneratedRegex(@"^[^`\\$]+ \d+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
