using System.Text.RegularExpressions;

namespace QMoi.Fixers.TypeScript;

/// <summary>Under <c>noImplicitOverride</c>: writes <c>override</c> before a member that the base class has too, behind its accessibility and before the other modifiers.</summary>
public sealed partial class TscOverrideMissingFixer : IFixer
{
    public string FailureId => "tsc-override-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        TscErrors.Unrelated(diagnosis) is { } other
            ? new FixResult.Declined($"the compiler also reports other errors ({other})")
            : await NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Marked the overriding members in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var (text, at) = (place.Text, place.Column - 1);
        if (at < 0 || at >= text.Length || Modifiers().Match(text[..at]) is not { Success: true } match)
            return $"`{place.File.Path}`, line {place.Line}, has no member of a class at column {place.Column} that is written plainly";
        if (match.Groups["before"].Value.Contains("override", StringComparison.Ordinal))
            return null;
        var end = match.Groups["before"].Length;
        place.File[place.Line] = $"{text[..end]}override {text[end..]}";
        return null;
    }

    // A one-line class may hold something before the member.
    [GeneratedRegex(@"^(?<before>(?:.*[{};]\s*|\s*)(?:(?:public|protected|private|static|override|declare)\s+)*)(?:(?:readonly|async|get|set|accessor)\s+|\*\s*)*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Modifiers();
}
