using System.Text;
using System.Text.Json;
using QMoi.Fixers.Npm;

namespace QMoi.Fixers.Data;

/// <summary>Repairs a JSON file that one small edit makes valid, and only one: a comma too many or missing, a closing bracket, a colon. Files in which comments are allowed are left alone.</summary>
public sealed class JsonFileInvalidFixer : IFixer
{
    private const int LongestFile = 256 * 1024;

    public string FailureId => "json-file-invalid";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var broken = await BrokenFiles.FindAsync(diagnosis, checkout, IsKind, file => !Parses(file.Content), cancellationToken);
        if (broken is not [var file])
            return new FixResult.Declined(broken.Count == 0 ? "every JSON file of the repository is valid" : $"{broken.Count} JSON files are not valid");
        if (file.Content.Length > LongestFile)
            return new FixResult.Declined($"`{file.Path}` is too long to be tried out");
        var repairs = NpmPackageJsonInvalidFixer.Candidates(file.Content).Concat(Doubled(file.Content)).Where(candidate => Parses(candidate.Content))
            .DistinctBy(candidate => Convert.ToBase64String(candidate.Content.Span)).Take(2).ToList();
        return repairs switch
        {
            [] => new FixResult.Declined($"no single comma or bracket makes `{file.Path}` valid JSON"),
            [var only] => new FixResult.Fixed(new Patch([new FileEdit.Write(file.Path, file.Content, only.Content)]), $"{only.What} in `{file.Path}`."),
            _ => new FixResult.Declined($"more than one small edit would make `{file.Path}` valid JSON"),
        };
    }

    private static bool IsKind(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".webmanifest", StringComparison.Ordinal) || name.EndsWith(".geojson", StringComparison.Ordinal))
            && !name.StartsWith("tsconfig", StringComparison.Ordinal) && !name.StartsWith("jsconfig", StringComparison.Ordinal) && name is not (".eslintrc.json" or "devcontainer.json" or "renovate.json5");
    }

    /// <summary>One of two commas in a row, or a colon between two strings.</summary>
    private static IEnumerable<(ReadOnlyMemory<byte> Content, string What)> Doubled(ReadOnlyMemory<byte> content)
    {
        var text = Encoding.UTF8.GetString(content.Span);
        for (var at = text.IndexOf(",,", StringComparison.Ordinal); at >= 0; at = text.IndexOf(",,", at + 1, StringComparison.Ordinal))
            yield return (Encoding.UTF8.GetBytes(text.Remove(at, 1)), "Removed a comma that was there twice");
        for (var at = text.IndexOf("\" ", StringComparison.Ordinal); at >= 0; at = text.IndexOf("\" ", at + 1, StringComparison.Ordinal))
            yield return (Encoding.UTF8.GetBytes(text.Insert(at + 1, ":")), "Added a colon that was missing");
        for (var at = text.IndexOf("\"=", StringComparison.Ordinal); at >= 0; at = text.IndexOf("\"=", at + 1, StringComparison.Ordinal))
            yield return (Encoding.UTF8.GetBytes(text.Remove(at + 1, 1).Insert(at + 1, ":")), "Put a colon in place of an equals sign");
    }

    private static bool Parses(ReadOnlyMemory<byte> content)
    {
        try
        {
            var json = content.Span.StartsWith("\ufeff"u8) ? content[3..] : content;
            // A key given twice is how a wrong guess shows.
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
