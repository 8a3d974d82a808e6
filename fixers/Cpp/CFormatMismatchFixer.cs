using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>
/// Recognises a conversion of printf that is made for another width of integer than its argument has. Corrects its letters.
/// Unsafe for types whose width depends on the platform and for which C has macros (<c>uint64_t</c>), and where text or pointer meet number: declined.
/// </summary>
public sealed partial class CFormatMismatchFixer : IFixer
{
    public string FailureId => "c-format-mismatch";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Correct, paths => $"Corrected conversions of printf in {paths} to the types of their arguments.", cancellationToken);

    private static string? Correct(NamedPlaces.Place place)
    {
        var wrong = place.Capture("wrong") ?? "";
        var type = place.Capture("type") ?? "";
        if (Conversion().Match(wrong) is not { Success: true } conversion || LengthOf(type) is not { } length)
            return $"line {place.Line} of `{place.File.Path}`: what `{wrong}` should be for an argument of the type `{type}` is for a person to say";
        var letter = conversion.Groups["letter"].Value;
        if (type.StartsWith("unsigned", StringComparison.Ordinal) || type.Contains(" unsigned ", StringComparison.Ordinal))
            letter = letter is "d" or "i" ? "u" : letter;
        else if (letter is "u" && type is not "size_t")
            letter = "d";
        else if (letter is "d" or "i" && type is "size_t")
            letter = "u";

        // The column is that of the letter; the message leaves out width and precision.
        var line = place.Text;
        var directives = Directives().Matches(line).Where(directive => Conversion().Match(directive.Value) is { Success: true } match && Bare(match) == Bare(conversion)).ToList();
        if (CSource.IndexOf(line, place.Column, at => directives.Exists(directive => directive.Index + directive.Length - 1 == at)) is not { } last)
            return $"`{wrong}` does not stand at its column in line {place.Line} of `{place.File.Path}`; it may come from a macro";
        var directive = directives.Find(directive => directive.Index + directive.Length - 1 == last)!;
        var flags = Conversion().Match(directive.Value).Groups["flags"].Value;
        place.File[place.Line] = line[..directive.Index] + $"%{flags}{length}{letter}" + line[(last + 1)..];
        return null;
    }

    private static string Bare(Match conversion) => "%" + conversion.Groups["length"].Value + conversion.Groups["letter"].Value;

    private static string? LengthOf(string type) => type switch
    {
        "int" or "unsigned int" => "",
        "long int" or "long unsigned int" or "long" or "unsigned long" => "l",
        "long long int" or "long long unsigned int" or "long long" or "unsigned long long" => "ll",
        "size_t" or "ssize_t" => "z",
        "ptrdiff_t" => "t",
        _ => null,
    };

    [GeneratedRegex(@"%[-+ #0']*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?(?:hh|h|ll|l|z|t|j)?[a-zA-Z%]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Directives();

    [GeneratedRegex(@"^%(?<flags>[-+ #0']*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?)(?<length>hh|h|ll|l|z|t|j)?(?<letter>[diuxX])$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Conversion();
}
