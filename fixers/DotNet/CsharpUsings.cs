using System.Text.RegularExpressions;

namespace QMoi.Fixers.DotNet;

/// <summary>The using directives of a C# file.</summary>
internal static partial class CsharpUsings
{
    public static bool Has(TextFile file, string space) => file.Lines.Any(line => Directive().Match(line) is { Success: true } match && match.Groups["space"].Value == space);

    /// <summary>The whole namespace of the directive on a line; <c>null</c> where there is none.</summary>
    public static string? On(string line) => Directive().Match(line) is { Success: true } match ? match.Groups["space"].Value : null;

    /// <summary>Adds a directive in its sorted place, or as the first one below the heading of the file.</summary>
    public static void Add(TextFile file, string space)
    {
        var present = Present(file);
        if (present.Count == 0)
        {
            AddFirst(file, space);
            return;
        }

        var systemFirst = SystemFirst(present);
        var before = present.FindLast(entry => Compare(entry.Space, space, systemFirst) < 0);
        var (at, like) = before.Line > 0 ? (before.Line + 1, before.Line) : (present[0].Line, present[0].Line);
        file.Insert(at, $"{file.Indent(like)}using {space};");
    }

    // Those outside #if, up to the first type; global ones, aliases and static ones have an order of their own.
    private static List<(int Line, string Space)> Present(TextFile file)
    {
        var found = new List<(int, string)>();
        var depth = 0;
        for (var number = 1; number <= file.Count; number++)
        {
            var line = file[number].Trim();
            if (line.StartsWith("#if", StringComparison.Ordinal))
                depth++;
            else if (line.StartsWith("#endif", StringComparison.Ordinal))
                depth--;
            else if (depth == 0 && Plain().Match(line) is { Success: true } match)
                found.Add((number, match.Groups["space"].Value));
            else if (TypeStart().IsMatch(line))
                break;
        }

        return found;
    }

    // Unless the file itself has another namespace before one of System.
    private static bool SystemFirst(List<(int Line, string Space)> present)
    {
        var other = present.FindIndex(entry => !IsSystem(entry.Space));
        return other < 0 || !present.Skip(other).Any(entry => IsSystem(entry.Space));
    }

    private static bool IsSystem(string space) => space == "System" || space.StartsWith("System.", StringComparison.Ordinal);

    private static int Compare(string one, string other, bool systemFirst) => systemFirst && IsSystem(one) != IsSystem(other)
        ? (IsSystem(one) ? -1 : 1)
        : string.Compare(one, other, StringComparison.OrdinalIgnoreCase);

    private static void AddFirst(TextFile file, string space)
    {
        var at = 1;
        var block = false;
        var code = 0;
        for (var number = 1; number <= file.Count && code == 0; number++)
        {
            var line = file[number].Trim();
            if (block)
                block = !line.Contains("*/", StringComparison.Ordinal);
            else if (line.StartsWith("/*", StringComparison.Ordinal))
                block = !line.Contains("*/", StringComparison.Ordinal);
            else if (!(line.Length == 0 || (line.StartsWith("//", StringComparison.Ordinal) && !line.StartsWith("///", StringComparison.Ordinal))
                || line.StartsWith("#nullable", StringComparison.Ordinal) || line.StartsWith("#define", StringComparison.Ordinal) || line.StartsWith("#pragma", StringComparison.Ordinal)
                || line.StartsWith("#!", StringComparison.Ordinal) || line.StartsWith("#:", StringComparison.Ordinal)
                || line.StartsWith("extern alias", StringComparison.Ordinal) || OtherDirective().IsMatch(line)))
                code = number;
            if (code == 0)
                at = number + 1;
        }

        // A comment right above the first code belongs to it, unless it is the heading of the file above its namespace.
        var isNamespace = code > 0 && file[code].TrimStart().StartsWith("namespace ", StringComparison.Ordinal);
        while (!isNamespace && at > 1 && file[at - 1].TrimStart().StartsWith("//", StringComparison.Ordinal))
            at--;
        string[] lines = at <= file.Count && file[at].Trim().Length > 0 ? [$"using {space};", ""] : [$"using {space};"];
        file.Insert(at, at > 1 && file[at - 1].Trim().Length > 0 && !file[at - 1].TrimStart().StartsWith("using ", StringComparison.Ordinal) ? ["", .. lines] : lines);
    }

    [GeneratedRegex(@"^\s*(?:global\s+)?using\s+(?<space>@?[A-Za-z_][\w.]*)\s*;", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Directive();

    [GeneratedRegex(@"^using\s+(?<space>[A-Za-z_][\w.]*)\s*;", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(?:global\s+using\s|using\s+static\s|using\s+\w+\s*=)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OtherDirective();

    [GeneratedRegex(@"^(?:\[|(?:(?:public|internal|private|protected|static|sealed|abstract|partial|file|readonly|unsafe|ref)\s+)*(?:class|struct|interface|enum|record|delegate)\b)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TypeStart();
}
