namespace QMoi.Fixers.DotNet;

/// <summary>
/// A semicolon is missing at the end of a line of C# (CS1002). Adds it where the compiler misses it, if nothing but a comment follows there. Unsafe where there are
/// mistakes of another kind too: then the semicolon may be a guess of the compiler.
/// </summary>
public sealed class DotnetMissingSemicolonFixer : IFixer
{
    public string FailureId => "dotnet-missing-semicolon";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("other")).FirstOrDefault(code => code is not null) is { } other)
            return new FixResult.Declined($"there are mistakes of another kind too ({other}), so the semicolon may be a guess of the compiler");
        return await NamedPlaces.EditAsync(diagnosis, checkout, Add, files => $"Added the semicolon that was missing in {files}.", cancellationToken);
    }

    private static string? Add(NamedPlaces.Place place)
    {
        var at = place.Column - 1;
        if (at < 1 || at > place.Text.Length)
            return $"`{place.File.Path}`, line {place.Line}, is shorter than the log says; the log is of another version of it";
        var rest = place.Text[at..].Trim();
        var last = place.Text[at - 1];
        if ((rest.Length > 0 && !rest.StartsWith("//", StringComparison.Ordinal)) || char.IsWhiteSpace(last) || last is ';' or '{' or ',' or '.' or '=')
            return $"`{place.File.Path}`, line {place.Line}: the semicolon is not simply missing at the end of the line";
        place.File[place.Line] = place.Text.Insert(at, ";");
        return null;
    }
}
