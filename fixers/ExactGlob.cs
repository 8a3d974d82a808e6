namespace QMoi.Fixers;

/// <summary>A glob that stands for one path.</summary>
internal static class ExactGlob
{
    /// <summary>Files of web frameworks are called <c>[id].ts</c>; that must not match <c>i.ts</c>.</summary>
    public static string Of(string path) =>
        string.Concat(path.Select(character => character is '*' or '?' or '[' or ']' or '{' or '}' or '!' ? $"[{character}]" : character.ToString()));
}
