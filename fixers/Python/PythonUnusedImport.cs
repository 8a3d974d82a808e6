using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>Takes one name out of an import statement, or the whole statement with the last one.</summary>
internal static partial class PythonUnusedImport
{
    /// <param name="full">As pyflakes names it: <c>os</c>, <c>os.path as p</c>, <c>typing.List</c>, <c>.models.User</c>.</param>
    /// <param name="own">Names of the modules of the repository: loading one of these may be all that the import is for.</param>
    /// <returns>Why it stays, or <c>null</c>.</returns>
    public static string? Remove(TextFile file, int line, string full, IReadOnlySet<string> own)
    {
        if (file.Path.EndsWith("__init__.py", StringComparison.Ordinal))
            return $"what `{file.Path}` imports may be meant for others";
        var source = PythonSource.Of(file);
        var start = source.StartOf(line);
        var end = source.EndOf(start);
        var text = string.Join('\n', Enumerable.Range(start, end - start + 1).Select(number => file[number]));
        var code = string.Join('\n', Enumerable.Range(start, end - start + 1).Select(source.Code));
        if (Statement().Match(code) is not { Success: true } statement)
            return $"`{file.Path}`, line {line}, is not an import";

        var module = statement.Groups["module"].Success ? statement.Groups["module"].Value : null;
        if (module is null && own.Contains(full.Split('.', ' ')[0]))
            return $"loading `{full}` may be what `{file.Path}` imports it for";
        var names = Name().Matches(code, statement.Groups["names"].Index).ToList();
        var at = names.FindIndex(name => Full(module, name) == full);
        if (at < 0)
            return $"`{file.Path}`, line {line}, does not import `{full}`";
        if (names.Count == 1)
            return RemoveStatement(file, source, start, end);

        var (from, to) = (names[at].Index, names[at].Index + names[at].Length);
        var (lineStart, lineEnd) = (code.LastIndexOf('\n', from) + 1, code.IndexOf('\n', to) is >= 0 and var feed ? feed + 1 : code.Length);
        if (lineStart > 0 && lineEnd < code.Length && code[lineStart..lineEnd].Trim(' ', '\t', ',', '\n') == names[at].Value)
            (from, to) = (lineStart, lineEnd); // a line of its own
        else if (CommaBehind().Match(code, to) is { Success: true } behind && behind.Index == to)
            to += behind.Length;
        else if (CommaBefore().Match(code[..from]) is { Success: true } before)
            from = before.Index;
        else
            return $"`{file.Path}`, line {line}, is written in a way that is not edited";
        if (text[from..to].Contains('#', StringComparison.Ordinal))
            return $"a comment stands beside `{full}` in `{file.Path}`";

        var head = to == text.Length || text[to] == '\n' ? text[..from].TrimEnd(' ', '\t') : text[..from];
        var rest = (head + text[to..]).Split('\n');
        for (var number = 0; number < rest.Length; number++)
            file[start + number] = rest[number];
        for (var number = end; number >= start + rest.Length; number--)
            file.Remove(number);
        return null;
    }

    private static string? RemoveStatement(TextFile file, PythonSource source, int start, int end)
    {
        if (source.Code(start).Contains(';', StringComparison.Ordinal))
            return $"`{file.Path}`, line {start}, holds more than one statement";
        var indent = file.Indent(start).Length;
        if (indent > 0)
        {
            var before = start - 1;
            while (before > 0 && source.IsBlank(before))
                before--;
            var next = source.Next(end);
            if (before == 0 || (source.Code(before).TrimEnd().EndsWith(':') && (next == 0 || file.Indent(next).Length < indent)))
                return $"`{file.Path}`, line {start}, is all that its block holds";
        }

        for (var number = end; number >= start; number--)
            file.Remove(number);
        // As many blank lines as stood on the one side that had more; none on top of the file.
        int Blank(int from, int step)
        {
            var count = 0;
            for (var at = from; file.Has(at) && file[at].Trim().Length == 0; at += step)
                count++;
            return count;
        }

        var (above, below) = (Blank(start - 1, -1), Blank(start, 1));
        var surplus = start - above == 1 ? below : Math.Min(above, below);
        for (var number = 0; number < surplus; number++)
            file.Remove(start);
        return null;
    }

    private static string Full(string? module, Match name)
    {
        var (bound, alias) = (name.Groups["name"].Value, name.Groups["alias"].Value);
        var path = module is null ? bound : module.EndsWith('.') ? module + bound : $"{module}.{bound}";
        return alias.Length > 0 && alias != bound ? $"{path} as {alias}" : path;
    }

    [GeneratedRegex(@"^\s*(?:import|from\s+(?<module>[\w.]+)\s+import)\b[\s(\\]*(?<names>[\w.])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Statement();

    [GeneratedRegex(@"\G[ \t]*,[ \t]*", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CommaBehind();

    [GeneratedRegex(@",\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CommaBefore();

    [GeneratedRegex(@"(?<name>[A-Za-z_][\w.]*)(?:\s+as\s+(?<alias>\w+))?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
