using System.Text;

namespace QMoi.Handlers.Git;

/// <summary>The one rule of which paths inside a repository we read, write or name to git.</summary>
public static class RepositoryPath
{
    private const int MaxBytes = 4096;

    /// <summary>True for a relative path with <c>/</c> between its parts that no file system and no git can read as something else.</summary>
    /// <remarks>Refused, though git on Linux may hold some of them: what is absolute, empty or dotted; <c>.git</c> in any case and the names that NTFS
    /// (<c>GIT~1</c>, <c>.git.</c>, <c>.git::$INDEX_ALLOCATION</c>) and HFS+ (code points it ignores) read as it (the look-alikes of CVE-2014-9390 and
    /// CVE-2019-1352); drives and back slashes; control characters; a leading <c>-</c>, which a program could read as an option.</remarks>
    public static bool IsSafe(string path)
    {
        if (path.Length == 0 || path[0] is '/' or '-' || path.Length > MaxBytes || Encoding.UTF8.GetByteCount(path) > MaxBytes) return false;
        if (path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0])) return false;
        foreach (var character in path)
            if (char.IsControl(character) || character is '\\' or '\u2028' or '\u2029' or '\uFFFD') return false;
        if (!IsWellFormed(path)) return false;
        foreach (var part in path.Split('/'))
            if (!IsSafeName(part)) return false;
        return true;
    }

    private static bool IsSafeName(string name)
    {
        if (name.Length == 0 || name is "." or ".." || name[^1] is '.' or ' ') return false;
        var plain = string.Concat(name.Where(character => !IsIgnoredByHfs(character)));
        var stem = plain.Split(':')[0].TrimEnd(' ', '.');
        return !stem.Equals(".git", StringComparison.OrdinalIgnoreCase)
            && !(stem.Length == 5 && stem.StartsWith("git~", StringComparison.OrdinalIgnoreCase) && char.IsAsciiDigit(stem[4]))
            && plain.Length > 0 && plain is not ("." or "..");
    }

    // The list of utf8.c (next_hfs_char) in git.
    private static bool IsIgnoredByHfs(char character) =>
        character is (>= '\u200C' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u206A' and <= '\u206F') or '\uFEFF';

    private static bool IsWellFormed(string path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (!char.IsSurrogate(path[i])) continue;
            if (i + 1 >= path.Length || !char.IsSurrogatePair(path[i], path[i + 1])) return false;
            i++;
        }
        return true;
    }
}
