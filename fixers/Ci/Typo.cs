using System.Text.RegularExpressions;

namespace QMoi.Fixers.Ci;

/// <summary>Whether a name is another one, misspelt.</summary>
internal static partial class Typo
{
    /// <summary>The known names that the wrong one may be.</summary>
    public static IReadOnlyList<string> Near(string wrong, IEnumerable<string> known) => [.. known.Where(name => Is(wrong, name)).Distinct(StringComparer.Ordinal)];

    /// <summary>The one known name that is nearer than all others; <c>null</c> where none is, or two are as near.</summary>
    public static string? Nearest(string wrong, IEnumerable<string> known)
    {
        var near = Near(wrong, known).Select(name => (Name: name, Distance: Plain(wrong) == Plain(name) ? 0 : Spelling.Distance(wrong, name))).OrderBy(one => one.Distance).ToList();
        return near switch
        {
            [] => null,
            [var only] => only.Name,
            [var best, var next, ..] => best.Distance < next.Distance ? best.Name : null,
        };
    }

    // test2 beside test1 is a name of its own, not a slip of the finger.
    public static bool Is(string wrong, string right) =>
        wrong != right && (Plain(wrong) == Plain(right)
            || (Spelling.Distance(wrong, right) is var distance && distance <= 2 && distance * 2 <= Math.Min(wrong.Length, right.Length)
                && Digits().Replace(wrong, "") != Digits().Replace(right, "")));

    // on-success, onSuccess and on_success are the same words.
    private static string Plain(string name) => Separators().Replace(name, "").ToUpperInvariant();

    [GeneratedRegex("[0-9]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Digits();

    [GeneratedRegex("[-_ ]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Separators();
}
