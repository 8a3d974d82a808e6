namespace QMoi.Fixers.Cpp;

/// <summary>Tells a slip of the finger from a name that only looks alike: <c>item2</c> beside <c>item1</c>, <c>word</c> beside <c>words</c>, <c>min</c> beside <c>fmin</c>.</summary>
internal static class Slip
{
    public static bool Of(string wrong, string right)
    {
        if (wrong.Length < 4 || wrong == right || !wrong.Where(char.IsAsciiDigit).SequenceEqual(right.Where(char.IsAsciiDigit)))
            return false;
        if (string.Equals(wrong, right, StringComparison.OrdinalIgnoreCase) || IsSwapped(wrong, right))
            return true;
        if (wrong.StartsWith(right, StringComparison.Ordinal) || right.StartsWith(wrong, StringComparison.Ordinal) || wrong.EndsWith(right, StringComparison.Ordinal) || right.EndsWith(wrong, StringComparison.Ordinal))
            return wrong.Length >= 6 && Math.Abs(wrong.Length - right.Length) == 1 && !IsPlural(wrong, right) && !IsPlural(right, wrong);
        return Spelling.Distance(wrong, right) is var distance && (distance == 1 ? wrong.Length >= 5 : distance == 2 && wrong.Length >= 8);
    }

    private static bool IsPlural(string one, string other) => one == other + "s" || one == other + "_" || one == "_" + other || one == "m" + other || one == "f" + other;

    // Two letters that stand the wrong way round.
    private static bool IsSwapped(string wrong, string right)
    {
        if (wrong.Length != right.Length)
            return false;
        var at = 0;
        while (at < wrong.Length && wrong[at] == right[at])
            at++;
        return at + 1 < wrong.Length && wrong[at] == right[at + 1] && wrong[at + 1] == right[at] && wrong.AsSpan(at + 2).SequenceEqual(right.AsSpan(at + 2));
    }
}
