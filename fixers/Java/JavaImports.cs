using System.Text.RegularExpressions;

namespace QMoi.Fixers.Java;

/// <summary>The imports of a Java file.</summary>
internal static partial class JavaImports
{
    /// <summary>The qualified name that the file imports a simple name from; <c>null</c> without one.</summary>
    public static string? Of(TextFile file, string simple) => Present(file).Select(entry => entry.Name).FirstOrDefault(name => name.EndsWith('.' + simple, StringComparison.Ordinal));

    public static string PackageOf(TextFile file) => file.Lines.Select(line => Package().Match(line)).FirstOrDefault(match => match.Success)?.Groups["name"].Value ?? "";

    /// <summary>Adds an import in its sorted place among those with the same first part, as the groups of the file stand.</summary>
    public static void Add(TextFile file, string name)
    {
        var text = $"import {name};";
        var present = Present(file);
        var group = present.Where(entry => First(entry.Name) == First(name)).ToList();
        if (group.Count > 0)
        {
            var before = group.FindLast(entry => string.CompareOrdinal(entry.Name, name) < 0);
            file.Insert(before.Line > 0 ? before.Line + 1 : group[0].Line, text);
            return;
        }

        if (present.Count > 0)
        {
            var hasGaps = present.Zip(present.Skip(1)).Any(pair => First(pair.First.Name) != First(pair.Second.Name) && pair.Second.Line - pair.First.Line > 1);
            var before = present.FindLast(entry => string.CompareOrdinal(entry.Name, name) < 0);
            if (before.Line > 0)
                file.Insert(before.Line + 1, hasGaps ? ["", text] : [text]);
            else
                file.Insert(present[0].Line, hasGaps ? [text, ""] : [text]);
            return;
        }

        var package = Enumerable.Range(1, file.Count).FirstOrDefault(number => Package().IsMatch(file[number]));
        if (package > 0)
        {
            file.Insert(package + 1, ["", text]);
            return;
        }

        var at = 1;
        for (var isComment = false; at <= file.Count && (isComment || file[at].Trim().Length == 0 || file[at].StartsWith("//", StringComparison.Ordinal) || IsHeading(file, at)); at++)
            isComment = (isComment || file[at].StartsWith("/*", StringComparison.Ordinal)) && !file[at].Contains("*/", StringComparison.Ordinal);
        file.Insert(at, at <= file.Count && file[at].Trim().Length > 0 ? [text, ""] : [text]);
    }

    // A comment for javadoc is the class's.
    private static bool IsHeading(TextFile file, int number) => file[number].StartsWith("/*", StringComparison.Ordinal) && !file[number].StartsWith("/**", StringComparison.Ordinal);

    private static List<(int Line, string Name)> Present(TextFile file)
    {
        var found = new List<(int, string)>();
        for (var number = 1; number <= file.Count && !TypeStart().IsMatch(file[number]); number++)
            if (Import().Match(file[number]) is { Success: true } match)
                found.Add((number, match.Groups["name"].Value));
        return found;
    }

    private static string First(string name) => name.Split('.')[0];

    [GeneratedRegex(@"^\s*import\s+(?<name>[\w.]+(?:\.\*)?)\s*;", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();

    [GeneratedRegex(@"^\s*package\s+(?<name>[\w.]+)\s*;", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Package();

    [GeneratedRegex(@"^\s*(?:(?:public|final|abstract|sealed|non-sealed|strictfp)\s+)*(?:class|interface|enum|record|@interface)\s+\w", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TypeStart();
}
