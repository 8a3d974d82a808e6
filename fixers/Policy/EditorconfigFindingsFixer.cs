using System.Globalization;

namespace QMoi.Fixers.Policy;

/// <summary>Removes blanks at the ends of lines and adds the last line end where editorconfig-checker asks for it. Unsafe for indentation, long lines and line ends: with one of these in the log nothing is changed.</summary>
public sealed class EditorconfigFindingsFixer : IFixer
{
    private const int Most = 100;

    public string FailureId => "editorconfig-findings";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedDictionary<string, TextFile>(StringComparer.Ordinal);
        var findings = diagnosis.Matches.Where(match => match.Captures.ContainsKey("what")).ToList();
        if (findings.Count is 0 or > Most)
            return new FixResult.Declined(findings.Count == 0 ? "the log does not name what is wrong" : $"the log names {findings.Count} places");
        foreach (var finding in findings)
        {
            var named = finding.Captures.GetValueOrDefault("file") ?? "";
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } read)
                return new FixResult.Declined($"`{named}` is not a text file of the repository, or more than one");
            var file = files.TryGetValue(path, out var known) ? known : read;
            files[path] = file;
            if (Repair(file, finding) is { } refusal)
                return new FixResult.Declined(refusal);
        }

        var changed = files.Values.Where(file => file.IsChanged).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("nothing is left to repair in the files that the log names")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Repaired the ends of lines and files in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static string? Repair(TextFile file, SignatureMatch finding)
    {
        int? Number(string name) => int.TryParse(finding.Captures.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        switch (finding.Captures["what"])
        {
            case "Trailing whitespace" when Number("line") is { } line && file.Has(Number("end") ?? line):
                for (var at = line; at <= (Number("end") ?? line); at++)
                    file[at] = file[at].TrimEnd();
                return null;
            case "Wrong line endings or no final newline" or "Wrong line endings or new final newline" or "Final newline expected" when file.Count > 0 && file.ToEdit().After.Span is not [.., (byte)'\n']:
                file.Insert(file.Count + 1);
                return null;
            default:
                return $"\"{finding.Captures["what"]}\" in `{file.Path}` is for a person to repair";
        }
    }
}
