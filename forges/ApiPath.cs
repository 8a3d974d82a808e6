using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>Names from outside as parts of a URL. A name that would change the URL's path is refused, not repaired.</summary>
internal static class ApiPath
{
    /// <summary>Slashes stay: <c>a dir/b</c> becomes <c>a%20dir/b</c>.</summary>
    public static string Segments(string path) => string.Join('/', Split(path).Select(Uri.EscapeDataString));

    /// <summary>One segment: <c>a dir/b</c> becomes <c>a%20dir%2Fb</c>.</summary>
    public static string Whole(string path) => Uri.EscapeDataString(string.Join('/', Split(path)));

    public static string Query(string value) => Uri.EscapeDataString(value);

    private static string[] Split(string path)
    {
        var parts = path.Split('/');
        // "." and ".." would be resolved by the URL before it is sent.
        if (parts.Any(part => part is "" or "." or ".." || part.Any(char.IsControl)))
            throw new ForgeException(ForgeProblem.Invalid, "A path or name cannot be asked for: it has an empty, '.' or '..' part or a control character.");
        return parts;
    }
}
