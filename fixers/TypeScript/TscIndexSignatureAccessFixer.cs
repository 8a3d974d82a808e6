namespace QMoi.Fixers.TypeScript;

/// <summary>Under <c>noPropertyAccessFromIndexSignature</c>: writes <c>['name']</c> for <c>.name</c>, with the quotes that the file uses. The meaning stays.</summary>
public sealed class TscIndexSignatureAccessFixer : IFixer
{
    public string FailureId => "tsc-index-signature-access";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        TscErrors.Unrelated(diagnosis) is { } other
            ? new FixResult.Declined($"the compiler also reports other errors ({other})")
            : await NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Accesses names of index signatures with brackets in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (text, at, name) = (place.Text, place.Column - 1, place.Capture("name")!);
        if (!ScriptCode.HasWord(text, at, name))
            return at > 1 && at - 1 < text.Length && text[..at].EndsWith('[') ? null : $"`{place.File.Path}`, line {place.Line}, has no `{name}` at column {place.Column}; the log is of another version of it";
        var before = text[..at].TrimEnd();
        if (!before.EndsWith('.') || before.Length != at)
            return $"`{name}` in `{place.File.Path}`, line {place.Line}, does not stand directly behind a dot";
        // a?.b becomes a?.['b'].
        before = before.EndsWith("?.", StringComparison.Ordinal) ? before : before[..^1];
        if (before.Trim().Length == 0)
            return $"`{name}` in `{place.File.Path}`, line {place.Line}, begins its line; an index there could be read as something else";
        var quote = place.File.Lines.Sum(line => line.Count(character => character == '"')) > place.File.Lines.Sum(line => line.Count(character => character == '\'')) ? '"' : '\'';
        place.File[place.Line] = $"{before}[{quote}{name}{quote}]{text[(at + name.Length)..]}";
        return null;
    }
}
