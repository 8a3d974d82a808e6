namespace QMoi.Fixers.Cpp;

/// <summary>The files that a tool is run over.</summary>
internal static class ToolFiles
{
    /// <summary>Globs that match these files and no others: names may hold characters that mean something in a glob.</summary>
    public static IReadOnlyList<string> Globs(IEnumerable<string> paths) =>
        [.. paths.Select(path => string.Concat(path.Select(character => character is '*' or '?' or '[' or ']' or '{' or '}' or '!' ? $"[{character}]" : character.ToString())))];
}
