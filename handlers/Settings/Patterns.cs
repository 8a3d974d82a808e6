using System.Buffers;

namespace QMoi.Handlers.Settings;

/// <summary>The patterns people, the catalogue and fixers write for names and paths. Our own few lines: globs of libraries backtrack; 20 characters of stars kept DotNet.Glob 3.1.3 busy for
/// more than 8 s.</summary>
internal static class Patterns
{
    private const int Most = 100;
    private static readonly SearchValues<char> NotInPaths = SearchValues.Create(@"[]{}\!");

    /// <summary>In order: what is named, without what <c>!</c> excludes; the last match wins. A list that begins with an exclusion begins with everything.</summary>
    internal static bool Select(IReadOnlyList<string> patterns, string name, Func<string, string, bool> matches)
    {
        var isSelected = patterns is [['!', ..], ..];
        foreach (var pattern in patterns)
            if (matches(pattern.TrimStart('!'), name))
                isSelected = pattern[0] != '!';
        return isSelected;
    }

    /// <summary>Reads a list for <see cref="Select"/>; <paramref name="problem"/> says what is wrong with a pattern.</summary>
    internal static IReadOnlyList<string> ReadList(YamlValue value, Func<string, string?> problem) => value.Each(0, Most, item =>
    {
        var pattern = item.Text();
        return problem(pattern.StartsWith('!') ? pattern[1..] : pattern) is { } what ? throw item.Wrong($"{item}: {what}") : pattern;
    });

    /// <summary><c>*</c> and <c>?</c> stand for anything.</summary>
    internal static bool IsWord(string pattern, string text) => Matches(pattern, text, hasFolders: false);

    /// <summary><c>*</c> and <c>?</c> stay within a folder, <c>**</c> goes across, <c>**/</c> is no folder or more; what follows a <c>\</c> stands for itself.</summary>
    internal static bool IsPath(string pattern, string path) => Matches(pattern, path, hasFolders: true);

    internal static string? IdProblem(string pattern) =>
        pattern.Length > 0 && pattern.All(symbol => symbol is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '*')
            ? null : "ids are lower-case words with hyphens; * stands for any part";

    internal static string? PathProblem(string pattern)
    {
        if (pattern.AsSpan().ContainsAny(NotInPaths))
            return "only *, ** and ? are wildcards; an exclusion is one ! at the beginning of an entry of a list";
        return pattern is "" or ['/', ..] or ['.', '/', ..] or [.., '/']
            ? "a name or path without / at its ends is wanted, such as src/**" : null;
    }

    private static bool Matches(string pattern, string text, bool hasFolders)
    {
        // reached[n]: the pattern up to here can stand for the first n characters of the text.
        var reached = new bool[text.Length + 1];
        reached[0] = true;
        for (var at = 0; at < pattern.Length; at++)
        {
            var isLiteral = hasFolders && pattern[at] == '\\' && at + 1 < pattern.Length;
            if (isLiteral)
                at++;
            if (isLiteral || pattern[at] != '*')
            {
                for (var n = text.Length; n > 0; n--)
                    reached[n] = reached[n - 1] && (pattern[at] == '?' && !isLiteral ? CanSkip(text[n - 1]) : text[n - 1] == pattern[at]);
                reached[0] = false;
                continue;
            }
            var isAcross = hasFolders && pattern.AsSpan(at).StartsWith("**");
            var isFolders = isAcross && pattern.AsSpan(at).StartsWith("**/") && (at == 0 || pattern[at - 1] == '/');
            var couldStart = reached[0];
            for (var n = 1; n <= text.Length; n++)
            {
                var before = reached[n];
                reached[n] |= isFolders ? couldStart && text[n - 1] == '/' : reached[n - 1] && (isAcross || CanSkip(text[n - 1]));
                couldStart |= before;
            }
            at += isFolders ? 2 : isAcross ? 1 : 0;
        }
        return reached[^1];

        bool CanSkip(char symbol) => !hasFolders || symbol != '/';
    }
}
