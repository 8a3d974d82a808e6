namespace QMoi.Fixers.Cpp;

/// <summary>
/// Recognises an include of a header that the repository has under a name in other letters (case, one slip of the finger). Corrects the name in the include.
/// Unsafe where more than one file fits; headers of libraries are not in the repository: declined.
/// </summary>
public sealed class CMissingHeaderFixer : IFixer
{
    public string FailureId => "c-missing-header";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var matches = diagnosis.Matches.Where(match => match.Captures.ContainsKey("header") && match.Captures.ContainsKey("line")).ToList();
        if (matches.Count == 0)
            return new FixResult.Declined("the log does not name the line of the include");
        var paths = await checkout.ListAllAsync(cancellationToken);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var match in matches)
        {
            var header = match.Captures["header"];
            var found = Found(header, match.Captures["file"], paths);
            if (found is not [var only])
                return new FixResult.Declined(found.Count == 0
                    ? $"no file of the repository has a name like `{header}`; it belongs to a library that has to be installed, or is made by the build"
                    : $"`{header}` may be any of {string.Join(", ", found.Select(name => $"`{name}`"))}");
            names[header] = only;
        }

        return await NamedPlaces.EditAsync(
            diagnosis with { Matches = matches },
            checkout,
            place =>
            {
                var header = place.Capture("header")!;
                if (!string.Equals(header, names[header], StringComparison.OrdinalIgnoreCase) && place.Text.Contains($"<{header}>", StringComparison.Ordinal))
                    return $"`{header}` looks like a header of a library; it has to be installed";
                foreach (var (open, close) in ((char, char)[])[('"', '"'), ('<', '>')])
                    if (place.Text.Contains($"{open}{header}{close}", StringComparison.Ordinal))
                    {
                        place.File[place.Line] = place.Text.Replace($"{open}{header}{close}", $"{open}{names[header]}{close}", StringComparison.Ordinal);
                        return null;
                    }

                return $"line {place.Line} of `{place.File.Path}` does not include `{header}`; the log is of another version of it";
            },
            changed => $"Corrected the name of an included header in {changed}.",
            cancellationToken);
    }

    // The header's name as it should be written.
    private static List<string> Found(string header, string includedBy, IReadOnlyList<string> paths)
    {
        var parts = header.Split('/');
        if (parts.Any(part => part is "." or ".." or "") || paths.Any(path => path == header || path.EndsWith("/" + header, StringComparison.Ordinal)))
            return [];
        var tails = paths.Select(path => path.Split('/')).Where(path => path.Length >= parts.Length).Select(path => string.Join('/', path[^parts.Length..]));
        var otherCase = tails.Where(tail => string.Equals(tail, header, StringComparison.OrdinalIgnoreCase)).Distinct(StringComparer.Ordinal).ToList();
        if (otherCase.Count > 0)
            return otherCase;

        // A slip only beside the file that includes it.
        var folder = includedBy.Replace('\\', '/') is var by && by.LastIndexOf('/') is >= 0 and var end ? by[..end] : "";
        return [.. paths.Where(path => folder.EndsWith(FolderOf(path), StringComparison.Ordinal) && (FolderOf(path).Length > 0 || folder.Length == 0)).Select(path => path[(path.LastIndexOf('/') + 1)..])
            .Where(name => System.IO.Path.GetExtension(name) == System.IO.Path.GetExtension(header) && Slip.Of(System.IO.Path.GetFileNameWithoutExtension(header), System.IO.Path.GetFileNameWithoutExtension(name))).Distinct(StringComparer.Ordinal)];
    }

    private static string FolderOf(string path) => path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "";
}
