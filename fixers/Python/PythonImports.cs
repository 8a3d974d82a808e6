using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <param name="Name"><c>null</c> for <c>import module</c>.</param>
/// <param name="Alias">What follows <c>as</c>.</param>
internal sealed record PythonImport(string Module, string? Name = null, string? Alias = null)
{
    public string Bound => Alias ?? Name ?? Module.Split('.')[0];

    public string Root => Module.Split('.')[0];

    public string Text => (Name is null ? $"import {Module}" : $"from {Module} import {Name}") + (Alias is null ? "" : $" as {Alias}");
}

/// <summary>Puts an import where the imports of a file stand, in the order that most sorters of imports keep.</summary>
internal static partial class PythonImports
{
    private const int LongestLine = 88;

    private enum Section { Future, Standard, Installed, Own }

    /// <summary>Adds the import. The file is otherwise as it was.</summary>
    /// <param name="own">Names of the modules and packages of the repository.</param>
    public static void Add(TextFile file, PythonImport import, IReadOnlySet<string> own)
    {
        var source = PythonSource.Of(file);
        var header = Header(file, source);
        var imports = Imports(file, source, header, own);
        if (import.Name is not null && import.Alias is null && imports.Any(other => other.IsFrom && other.Module == import.Module && TryExtend(file, other, import.Name)))
            return;

        var section = SectionOf(import.Module, own);
        if (imports.LastOrDefault(other => other.Section == section) is { } like)
            AddTo([.. Block(source, imports, imports.First(other => other.Section == section)).Where(other => other.Section == section)], file, import);
        else if (imports.LastOrDefault(other => other.Section < section) is { } before)
            AddBehind(file, before, import);
        else if (imports.FirstOrDefault() is { } first)
            AddBefore(file, source, first.Start, header, [import.Text, ""]);
        else
            AddFirst(file, source, header, import);
    }

    // Among its like: "import" before "from" unless the file mixes them, then by the module's name.
    private static void AddTo(List<Statement> block, TextFile file, PythonImport import)
    {
        var isMixed = block.Zip(block.Skip(1)).Any(pair => pair.First.IsFrom && !pair.Second.IsFrom);
        var isFrom = import.Name is not null;
        bool ComesAfter(Statement other) => !isMixed && other.IsFrom != isFrom ? other.IsFrom : string.Compare(other.Module, import.Module, StringComparison.OrdinalIgnoreCase) > 0;

        var next = block.FindIndex(ComesAfter);
        file.Insert(next == 0 ? block[0].Start : (next < 0 ? block[^1] : block[next - 1]).End + 1, import.Text);
    }

    private static void AddBehind(TextFile file, Statement before, PythonImport import)
    {
        var isFollowed = before.End < file.Count && file[before.End + 1].Trim().Length > 0;
        file.Insert(before.End + 1, isFollowed ? ["", import.Text, ""] : ["", import.Text]);
    }

    // Comments right above belong to what follows.
    private static void AddBefore(TextFile file, PythonSource source, int line, int header, IEnumerable<string> added)
    {
        while (line > header + 1 && source.IsComment(line - 1))
            line--;
        file.Insert(line, line > 1 && file[line - 1].Trim().Length > 0 && !FileComment().IsMatch(file[line - 1]) ? ["", .. added] : added);
    }

    private static void AddFirst(TextFile file, PythonSource source, int header, PythonImport import)
    {
        var first = source.Next(header);
        if (first == 0)
        {
            file.Insert(file.Count + 1, header > 0 && file[header].Trim().Length > 0 ? ["", import.Text] : [import.Text]);
            return;
        }

        var isDefinition = Definition().IsMatch(source.Code(first));
        AddBefore(file, source, first, header, isDefinition ? [import.Text, "", ""] : [import.Text, ""]);
    }

    /// <summary>The last line of what stays on top: <c>#!</c>, coding, licence and the module's own description; 0 where there is none.</summary>
    private static int Header(TextFile file, PythonSource source)
    {
        var first = source.Next(0);
        if (first == 0)
            return file.Count;
        if (Text().IsMatch(source.Code(first)) && source.Code(source.EndOf(first)).TrimEnd() is [.., '"' or '\''])
            return source.EndOf(first);

        // A comment right above the first statement speaks of it, unless it speaks of the file.
        var top = first - 1;
        while (top > 0 && source.IsComment(top))
            top--;
        if (top > 0)
            return top;
        var comments = Enumerable.Range(1, first - 1).Select(line => file[line]).ToList();
        return comments.Exists(Licence().IsMatch) ? comments.Count : comments.TakeWhile((comment, index) => index < 2 && FileComment().IsMatch(comment)).Count();
    }

    private static List<Statement> Imports(TextFile file, PythonSource source, int header, IReadOnlySet<string> own)
    {
        var found = new List<Statement>();
        for (var line = source.Next(header); line > 0; line = source.Next(source.EndOf(line)))
        {
            if (Import().Match(source.Code(line)) is not { Success: true } match)
                break;
            var module = match.Groups["from"].Success ? match.Groups["from"].Value : match.Groups["import"].Value;
            found.Add(new Statement(line, source.EndOf(line), module, match.Groups["from"].Success, SectionOf(module, own), file[line]));
        }

        return found;
    }

    // Without a blank line between them.
    private static IEnumerable<Statement> Block(PythonSource source, List<Statement> imports, Statement member)
    {
        var at = imports.IndexOf(member);
        var (first, last) = (at, at);
        bool Touch(Statement one, Statement other) => Enumerable.Range(one.End + 1, other.Start - one.End - 1).All(source.IsComment);
        while (first > 0 && Touch(imports[first - 1], imports[first]))
            first--;
        while (last + 1 < imports.Count && Touch(imports[last], imports[last + 1]))
            last++;
        return imports[first..(last + 1)];
    }

    private static bool TryExtend(TextFile file, Statement statement, string name)
    {
        if (statement.Start == statement.End)
        {
            if (Names().Match(statement.Text) is not { Success: true } match)
                return false;
            var names = match.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries).ToList();
            names.Insert(PlaceOf(names, name), name);
            var text = match.Groups["head"].Value + string.Join(", ", names);
            if (text.Length > LongestLine)
                return false;
            file[statement.Start] = text;
            return true;
        }

        // One name a line, in brackets.
        var inner = Enumerable.Range(statement.Start + 1, statement.End - statement.Start - 1).ToList();
        if (!file[statement.Start].TrimEnd().EndsWith('(') || file[statement.End].Trim() != ")" || inner.Count == 0 || !inner.TrueForAll(line => OneName().IsMatch(file[line])))
            return false;
        var place = PlaceOf([.. inner.Select(line => file[line].Trim().TrimEnd(','))], name);
        file.Insert(statement.Start + 1 + place, $"{file.Indent(inner[0])}{name},");
        return true;
    }

    private static int PlaceOf(List<string> names, string name)
    {
        var place = names.FindIndex(other => Rank(other).CompareTo(Rank(name)) is var order && (order > 0 || (order == 0 && string.CompareOrdinal(other, name) > 0)));
        return place < 0 ? names.Count : place;
    }

    // CONSTANTS, Classes, functions.
    private static int Rank(string name) => name.Length > 1 && !name.Any(char.IsAsciiLetterLower) ? 0 : char.IsAsciiLetterUpper(name[0]) ? 1 : 2;

    private static Section SectionOf(string module, IReadOnlySet<string> own)
    {
        var root = module.Split('.')[0];
        return root == "__future__" ? Section.Future : root.Length == 0 ? Section.Own : PythonStandardLibrary.Modules.Contains(root) ? Section.Standard : own.Contains(root) ? Section.Own : Section.Installed;
    }

    private sealed record Statement(int Start, int End, string Module, bool IsFrom, Section Section, string Text);

    [GeneratedRegex(@"^(?:import\s+(?<import>[\w.]+)|from\s+(?<from>\.*[\w.]*)\s+import\b)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();

    [GeneratedRegex(@"^(?<head>from\s+[\w.]+\s+import\s+)(?<names>\w+(?:\s*,\s*\w+)*)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Names();

    [GeneratedRegex(@"^\s+\w+,\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OneName();

    [GeneratedRegex(@"^(?:(?:def|class|async\s+def)\b|@)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Definition();

    [GeneratedRegex("""^[rRuUbB]{0,2}["']""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Text();

    [GeneratedRegex(@"^#!|coding[:=]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FileComment();

    [GeneratedRegex(@"(?i)copyright|licen[cs]e|spdx", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Licence();
}
