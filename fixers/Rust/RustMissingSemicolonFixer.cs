using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Rust;

/// <summary>
/// Recognises statements without their semicolon. Puts it at the end of the line that rustc names or, where that names the next token, of the code before it.
/// Unsafe where the code before cannot be the end of a statement: declined.
/// </summary>
public sealed partial class RustMissingSemicolonFixer : IFixer
{
    public string FailureId => "rust-missing-semicolon";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var errors = RustErrors.Of(diagnosis, "what").Select(error => error.Error).DistinctBy(error => (error.Captures["file"], error.Captures["line"], error.Captures["column"])).ToList();
        return NamedPlaces.EditAsync(diagnosis with { Matches = errors }, checkout, Insert, paths => $"Added a semicolon that was missing in {paths}.", cancellationToken);
    }

    private static string? Insert(NamedPlaces.Place place)
    {
        var masked = CodeMask.Of(place.File, CodeKind.Rust);
        if (place.Column - 1 > place.Text.Length || CSource.EndOfCodeBefore(masked, place.Line, place.Column - 1) is not { } end)
            return $"line {place.Line} of `{place.File.Path}` is shorter than the log says; the log is of another version of it";
        var line = masked[end.Line - 1];
        if (!string.IsNullOrWhiteSpace(line[end.Index..]) || !Ended().IsMatch(line[..end.Index]))
            return $"nothing in `{place.File.Path}` at line {place.Line} plainly lacks a semicolon";
        place.File[end.Line] = place.File[end.Line].Insert(end.Index, ";");
        return null;
    }

    [GeneratedRegex(@"[\w)\]""?}>]$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ended();
}
