using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>
/// Adds the import of a name that a file uses: of the standard library where the name can mean nothing else, else as the other files of the repository do.
/// Unsafe where the name is bound elsewhere in the file, or may be misspelt.
/// </summary>
public sealed partial class PythonMissingImportFixer : IFixer
{
    public string FailureId => "python-missing-import";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);

        var added = new List<PythonImport>();
        var files = new List<TextFile>();
        foreach (var missing in found.Places.Where(Uses).GroupBy(place => (place.File, Name: place.Capture("name")!)))
        {
            var (file, name) = missing.Key;
            var mayBeMisspelt = missing.Any(place => place.Capture("suggestion") is not null);
            var (import, refusal) = await PythonNames.ResolveAsync(file, name, mayBeMisspelt, checkout, cancellationToken);
            if (import is null)
                return new FixResult.Declined(refusal!);
            var own = await PythonNames.OwnAsync(checkout, file.Path, cancellationToken);
            foreach (var needed in new[] { import }.Concat(PythonNames.AlsoMissing(file).Where(other => other != import)))
            {
                PythonImports.Add(file, needed, own);
                added.Add(needed);
            }
            files.Add(file);
        }

        return files.Count == 0
            ? new FixResult.Declined("no line that the log names uses a name that is not defined; the log is of another version")
            : new FixResult.Fixed(
                new Patch([.. files.Distinct().OrderBy(file => file.Path, StringComparer.Ordinal).Select(file => file.ToEdit())]),
                $"Added {string.Join(", ", added.Select(import => $"`{import.Text}`").Distinct(StringComparer.Ordinal))} to {string.Join(", ", files.Select(file => $"`{file.Path}`").Distinct(StringComparer.Ordinal))}.");
    }

    // The log may name the line above or below for a statement of several lines.
    private static bool Uses(NamedPlaces.Place place) =>
        place.Capture("name") is { } name && Identifier().IsMatch(name)
        && Enumerable.Range(place.Line, 3).Any(line => place.File.Has(line) && Regex.IsMatch(place.File[line], $@"(?:^|[^\w.]){name}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)));

    [GeneratedRegex(@"^[A-Za-z_]\w*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Identifier();
}
