using System.Globalization;

namespace QMoi.Fixers;

/// <summary>Edits the places that a log names by its captures <c>file</c>, <c>line</c> and, where known, <c>column</c>.</summary>
internal static class NamedPlaces
{
    /// <summary>More than these are no slip of the finger but a change of the tool.</summary>
    private const int Most = 50;

    /// <summary>One place in a file.</summary>
    /// <param name="Line">From 1; it exists in the file.</param>
    /// <param name="Column">From 1, as the tool counts; 0 when the log has none.</param>
    public sealed record Place(TextFile File, int Line, int Column, SignatureMatch Match)
    {
        public string Text => File[Line];

        public string? Capture(string name) => Match.Captures.GetValueOrDefault(name);
    }

    /// <summary>
    /// Repairs every place or none: what is repaired in part stays red. From the bottom of each file to its top, so that line numbers hold.
    /// </summary>
    /// <param name="repair">Changes the file and returns <c>null</c>, or says why it cannot.</param>
    /// <param name="summary">Made of the paths changed, each in backquotes.</param>
    public static async Task<FixResult> EditAsync(
        Diagnosis diagnosis, ICheckout checkout, Func<Place, string?> repair, Func<string, string> summary, CancellationToken cancellationToken)
    {
        var found = await FindAsync(diagnosis, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        foreach (var place in found.Places.OrderByDescending(place => place.Line).ThenByDescending(place => place.Column))
        {
            if (!place.File.Has(place.Line))
                return new FixResult.Declined($"`{place.File.Path}` has no line {place.Line}; the log is of another version of it");
            if (repair(place) is { } refusal)
                return new FixResult.Declined(refusal);
        }
        var changed = found.Places.Select(place => place.File).Distinct().Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("nothing is left to repair in the files that the log names")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), summary(string.Join(", ", changed.Select(file => $"`{file.Path}`"))));
    }

    /// <summary>The places, each once, or the reason why they cannot be found.</summary>
    public static async Task<(IReadOnlyList<Place> Places, string? Reason)> FindAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var places = new List<Place>();
        var files = new Dictionary<string, TextFile>(StringComparer.Ordinal);
        var seen = new HashSet<(string, int, int, string)>();
        foreach (var match in diagnosis.Matches)
        {
            if (!match.Captures.TryGetValue("file", out var named) || Number(match, "line") is not { } line)
                continue;
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return ([], $"`{named}` is not a file of the repository, or more than one");
            if (!files.TryGetValue(path, out var file))
            {
                if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } read)
                    return ([], $"`{path}` is not a text file in UTF-8");
                files[path] = file = read;
            }
            if (seen.Add((path, line, Number(match, "column") ?? 0, match.Text)))
                places.Add(new Place(file, line, Number(match, "column") ?? 0, match));
        }
        return places.Count switch
        {
            0 => ([], "the log names no file and line"),
            > Most => ([], $"the log names {places.Count} places; so many at once rather mean that the tool or a dependency changed"),
            _ => (places, null),
        };
    }

    private static int? Number(SignatureMatch match, string capture) =>
        int.TryParse(match.Captures.GetValueOrDefault(capture), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
