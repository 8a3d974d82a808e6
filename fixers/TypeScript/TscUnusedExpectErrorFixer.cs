using System.Text.RegularExpressions;

namespace QMoi.Fixers.TypeScript;

/// <summary>
/// A <c>@ts-expect-error</c> that hides nothing any more: removes the comment. Unsafe in tests of types, where it asserts that there is an error.
/// </summary>
public sealed partial class TscUnusedExpectErrorFixer : IFixer
{
    public string FailureId => "tsc-unused-expect-error";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        TscErrors.Unrelated(diagnosis) is { } other
            ? new FixResult.Declined($"the compiler also reports other errors ({other}); the directive may be needed once they are repaired")
            : await NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Removed directives from {paths} that hide no error any more.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        if (Test().IsMatch(place.File.Path))
            return $"`{place.File.Path}` is a test; there the directive may assert that the compiler refuses something";
        var text = place.Text;
        if (Alone().IsMatch(text))
        {
            place.File.Remove(place.Line);
            return null;
        }
        if (Behind().Match(text) is not { Success: true } comment)
            return text.Contains("@ts-expect-error", StringComparison.Ordinal)
                ? $"the directive in `{place.File.Path}`, line {place.Line}, is part of a longer comment"
                : $"`{place.File.Path}`, line {place.Line}, has no such directive; the log is of another version of it";
        place.File[place.Line] = text[..comment.Index];
        return null;
    }

    [GeneratedRegex(@"(?:^|/)(?:tests?|__tests__|test-d|tsd|dtslint|spec)/|\.(?:test|spec|test-d|tst)\.[cm]?tsx?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Test();

    [GeneratedRegex(@"^\s*(?://\s*@ts-expect-error\b.*|/\*\s*@ts-expect-error\b[^*]*\*/\s*|\{\s*/\*\s*@ts-expect-error\b[^*]*\*/\s*\}\s*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Alone();

    [GeneratedRegex(@"\s*//\s*@ts-expect-error\b.*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Behind();
}
