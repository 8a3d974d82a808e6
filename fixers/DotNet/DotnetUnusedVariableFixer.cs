using System.Text.RegularExpressions;

namespace QMoi.Fixers.DotNet;

/// <summary>
/// A local variable that is never read (CS0168, CS0219) where warnings are errors. Removes the name from a catch, or the line that declares nothing else; the compiler
/// reports CS0219 for constants only, so nothing is lost. Unsafe where the variable is assigned again further on.
/// </summary>
public sealed partial class DotnetUnusedVariableFixer : IFixer
{
    public string FailureId => "dotnet-unused-variable";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Repair, files => $"Removed variables that nothing reads from {files}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var line = place.Text;
        var name = place.Capture("name") ?? "";
        var declined = $"`{place.File.Path}`, line {place.Line}: `{name}` is not declared in a way that can be removed mechanically";
        if (place.Column < 1 || place.Column - 1 + name.Length > line.Length || line.Substring(place.Column - 1, name.Length) != name)
            return $"`{place.File.Path}`, line {place.Line}, has no variable `{name}` at column {place.Column}; the log is of another version of it";
        var before = line[..(place.Column - 1)];
        var after = line[(place.Column - 1 + name.Length)..];
        if (CatchStart().IsMatch(before) && after.TrimStart().StartsWith(')'))
        {
            place.File[place.Line] = before.TrimEnd() + after.TrimStart();
            return null;
        }

        if (!Declaration().IsMatch(before) || !Initial().IsMatch(after) || before.Contains("using ", StringComparison.Ordinal))
            return declined;
        if (IsUsedBelow(place, name))
            return $"`{name}` in `{place.File.Path}`, line {place.Line}, is assigned again further on";
        place.File.Remove(place.Line);
        // No blank line may begin the block or double another one.
        var (above, below) = (place.Line - 1, place.Line);
        if (place.File.Has(above) && place.File.Has(below) && place.File[below].Trim().Length == 0 && (place.File[above].Trim().Length == 0 || place.File[above].TrimEnd().EndsWith('{')))
            place.File.Remove(below);
        return null;
    }

    // To the end of the block that declares it. Braces in strings come in pairs nearly always; where not, a use elsewhere makes the repair decline.
    private static bool IsUsedBelow(NamedPlaces.Place place, string name)
    {
        var depth = 0;
        for (var number = place.Line + 1; number <= place.File.Count && depth >= 0; number++)
        {
            if (Words().Matches(place.File[number]).Any(word => word.Value == name))
                return true;
            depth += place.File[number].Count(character => character == '{') - place.File[number].Count(character => character == '}');
        }

        return false;
    }

    [GeneratedRegex(@"\bcatch\s*\(\s*[\w.:<>]+\s+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CatchStart();

    [GeneratedRegex(@"^\s*(?:const\s+)?[A-Za-z_][\w.]*(?:<[\w.,<>? ]*>)?(?:\[,*\])*\??\s+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Declaration();

    // Nothing, or a constant: a number, a character, a text without holes, a word such as null or an enum's member.
    [GeneratedRegex("""^\s*(?:=\s*(?:[-+]?[\w.]+|\([\w.?]+\)\s*[-+]?[\w.]+|@?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+')\s*)?;\s*(?://.*)?$""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Initial();

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Words();
}
