using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>What the C and C++ fixers ask of a source file.</summary>
internal static partial class CSource
{
    private const int TabStop = 8;

    /// <summary>
    /// The index of a column: clang and gcc up to 10 count bytes, gcc from 11 on what a screen shows, tabs to multiples of 8.
    /// The first way of counting that leads to a place where <paramref name="isRight"/> holds is meant.
    /// </summary>
    public static int? IndexOf(string line, int column, Func<int, bool> isRight)
    {
        foreach (var index in (int[])[OnScreen(line, column), InBytes(line, column), column - 1])
            if (index >= 0 && index <= line.Length && isRight(index))
                return index;
        return null;
    }

    /// <summary>Where the name stands that a compiler means: at its column, or at the only place in the line.</summary>
    public static int? PlaceOf(string masked, string line, int column, string name)
    {
        var places = CodeMask.Places(masked, name).ToList();
        return places is [var only] ? only : IndexOf(line, column, places.Contains);
    }

    public static bool IsCpp(TextFile file) => !file.Path.EndsWith(".c", StringComparison.Ordinal)
        && (!file.Path.EndsWith(".h", StringComparison.Ordinal) || CodeMask.Of(file, CodeKind.C).Any(line => CppWord().IsMatch(line)));

    /// <summary>Line of the file and place in it where the last code before a place ends (just behind it); <c>null</c> where there is none.</summary>
    public static (int Line, int Index)? EndOfCodeBefore(string[] masked, int line, int index)
    {
        for (var at = Math.Min(index, masked[line - 1].Length); line > 0; at = line > 0 ? masked[line - 1].Length : 0)
        {
            while (at > 0 && char.IsWhiteSpace(masked[line - 1][at - 1]))
                at--;
            if (at > 0)
                return masked[line - 1].TrimStart().StartsWith('#') ? null : (line, at);
            line--;
        }

        return null;
    }

    private static int OnScreen(string line, int column)
    {
        var shown = 1;
        for (var index = 0; index < line.Length; index++)
        {
            if (shown >= column)
                return index;
            shown += line[index] == '\t' ? TabStop - ((shown - 1) % TabStop) : 1;
        }

        return shown >= column ? line.Length : -1;
    }

    private static int InBytes(string line, int column)
    {
        var bytes = 1;
        for (var index = 0; index <= line.Length; index++)
        {
            if (bytes >= column)
                return index;
            if (index < line.Length)
                bytes += char.IsLowSurrogate(line[index]) ? 0 : char.IsHighSurrogate(line[index]) ? 4 : Encoding.UTF8.GetByteCount(line.AsSpan(index, 1));
        }

        return -1;
    }

    [GeneratedRegex(@"\bstd::|^\s*(?:class|namespace|template|public:|private:|using)\b|\b(?:constexpr|nullptr)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CppWord();
}
