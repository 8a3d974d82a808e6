using System.Text.RegularExpressions;
using QMoi.Fixers;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>The lines of a file that a report points at.</summary>
/// <param name="Path">With slashes; from the top of the checkout where the file lies in it, else absolute.</param>
internal sealed partial record Place(string Path, int Line, int EndLine, int? Column)
{
    private const int LongestPath = 500;

    /// <summary>The source file that the log blames, with its line; null where it names none that can lie in the checkout.</summary>
    public static Place? InSource(Diagnosis diagnosis)
    {
        if (!diagnosis.Captures.TryGetValue("file", out var file) || InCheckout(file) is not { } path || Number(diagnosis, "line") is not { } line)
            return null;
        return new Place(path, line, line, Number(diagnosis, "column"));
    }

    /// <summary>The root cause in the log itself. Standard input goes by the name <c>stdin</c>.</summary>
    public static Place InLog(string log, Diagnosis diagnosis)
    {
        var (line, endLine) = (Math.Max(1, diagnosis.RootCause.Line), diagnosis.RootCause.EndLine);
        return new Place(log == "-" ? "stdin" : FromHere(log), line, Math.Max(line, endLine), null);
    }

    public bool IsInCheckout => !IsAbsolute(Path);

    /// <summary>As a URI reference: what is no letter, digit or slash is escaped, bytes of UTF-8 by <c>%</c> and two digits.</summary>
    public string Uri => IsInCheckout ? Escaped(Path) : Path.StartsWith("//", StringComparison.Ordinal) ? "file:" + Escaped(Path) : "file:///" + Escaped(Path.TrimStart('/')).Replace("%3A/", ":/", StringComparison.Ordinal);

    private static string Escaped(string path) => string.Join('/', path.Split('/').Select(System.Uri.EscapeDataString));

    private static int? Number(Diagnosis diagnosis, string capture) =>
        diagnosis.Captures.TryGetValue(capture, out var text) && int.TryParse(text, out var number) && number > 0 ? number : null;

    private static string FromHere(string log)
    {
        var path = Slashed(System.IO.Path.GetFullPath(log));
        return Below(Slashed(Environment.CurrentDirectory), path) ?? path;
    }

    // What a log calls a file may be a place inside a tool, a URL or a file of the machine.
    private static string? InCheckout(string file)
    {
        var path = file.Trim().Replace('\\', '/');
        if (path.Length is 0 or > LongestPath || path.Any(letter => char.IsControl(letter) || letter is '<' or '>' or '"' or '|' or '*' or '?'))
            return null;
        foreach (var top in new[] { Environment.GetEnvironmentVariable("CI_PROJECT_DIR"), Environment.GetEnvironmentVariable("GITHUB_WORKSPACE"), Environment.CurrentDirectory })
        {
            if (!string.IsNullOrEmpty(top) && Below(Slashed(top), path) is { } below)
                return WithoutDots(below);
        }
        if (Checkout().Match(path) is { Success: true } checkout)
            path = checkout.Groups["file"].Value;
        return IsAbsolute(path) || path.Contains(':', StringComparison.Ordinal) ? null : WithoutDots(path);
    }

    private static string? Below(string top, string path) =>
        top.TrimEnd('/') is { Length: > 0 } folder && path.StartsWith(folder + "/", StringComparison.Ordinal) && path.Length > folder.Length + 1 ? path[(folder.Length + 1)..] : null;

    private static string? WithoutDots(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
                parts.Add(part);
            else if (parts.Count == 0)
                return null;
            else
                parts.RemoveAt(parts.Count - 1);
        }
        return parts.Count == 0 ? null : string.Join('/', parts);
    }

    private static bool IsAbsolute(string path) => path.StartsWith('/') || (path.Length > 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] == '/');

    private static string Slashed(string path) => System.IO.Path.DirectorySeparatorChar == '\\' ? path.Replace('\\', '/') : path;

    // Where runners check out, unless told otherwise: GitHub's own machines, a job container, a container action, a self-hosted runner's
    // _work, GitLab's /builds/GROUP/PROJECT (of a project in a subgroup the folder of the project stays in front).
    [GeneratedRegex(@"^(?:/(?:home|Users)/runner/work/[^/]+/[^/]+|/__w/[^/]+/[^/]+|[A-Za-z]:/a/[^/]+/[^/]+|/github/workspace|(?:[A-Za-z]:)?(?:/[^/]+)*/_work/[^/]+/[^/]+|/builds/[^/]+/[^/]+)/(?<file>.+)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Checkout();
}
