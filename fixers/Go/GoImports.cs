using System.Text.RegularExpressions;

namespace QMoi.Fixers.Go;

/// <summary>The imports of a Go file, edited as gofmt leaves them.</summary>
internal static partial class GoImports
{
    /// <summary>Removes the import at a line, with the gap or the empty block that it leaves.</summary>
    /// <returns>False when the line imports something else.</returns>
    public static bool Remove(TextFile file, int line, string path)
    {
        if (!file.Has(line) || Import().Match(file[line]) is not { Success: true } match || match.Groups["path"].Value != path)
            return false;
        if (match.Groups["keyword"].Success)
        {
            file.Remove(line);
            RemoveGap(file, line);
            return true;
        }

        if (line == 1 || !file.Has(line + 1))
            return false;
        file.Remove(line);
        var isAfterGap = string.IsNullOrWhiteSpace(file[line - 1]);
        if (BlockBegin().IsMatch(file[line - 1]) && file[line].Trim() == ")")
        {
            file.Remove(line);
            file.Remove(line - 1);
            RemoveGap(file, line - 1);
        }
        else if (isAfterGap && (string.IsNullOrWhiteSpace(file[line]) || file[line].Trim() == ")"))
        {
            file.Remove(line - 1);
        }
        else if (BlockBegin().IsMatch(file[line - 1]) && string.IsNullOrWhiteSpace(file[line]))
        {
            file.Remove(line);
        }

        return true;
    }

    /// <summary>Adds an import of the standard library.</summary>
    /// <returns>False when the file imports it already or is laid out in a way that is not edited.</returns>
    public static bool Add(TextFile file, string path)
    {
        var package = Find(file, 1, PackageLine());
        if (package == 0)
            return false;
        var block = Find(file, package, BlockBegin());
        var singles = Enumerable.Range(package, file.Count - package + 1).Where(line => Import().Match(file[line]).Groups["keyword"].Success).ToList();
        if (block > 0)
            return AddToBlock(file, block, path);
        if (singles.Exists(line => Import().Match(file[line]).Groups["path"].Value == path))
            return false;
        switch (singles)
        {
            case []:
                file.Insert(package + 1, "", $"import \"{path}\"");
                return true;
            case [var only]:
                var import = file[only]["import ".Length..].Trim();
                var isStd = IsStd(Import().Match(file[only]).Groups["path"].Value);
                var isFirst = !isStd || string.CompareOrdinal(path, Import().Match(file[only]).Groups["path"].Value) < 0;
                file.Remove(only);
                file.Insert(only, ["import (", .. isFirst ? [$"\t\"{path}\"", .. isStd ? Array.Empty<string>() : [""], "\t" + import] : new[] { "\t" + import, $"\t\"{path}\"" }, ")"]);
                return true;
            default:
                file.Insert(singles[^1] + 1, $"import \"{path}\"");
                return true;
        }
    }

    private static bool AddToBlock(TextFile file, int block, string path)
    {
        var end = block + 1;
        var std = new List<(int Line, string Path)>();
        for (; file.Has(end) && file[end].Trim() != ")"; end++)
        {
            if (Import().Match(file[end]) is not { Success: true } match)
                continue;
            if (match.Groups["path"].Value == path)
                return false;
            if (IsStd(match.Groups["path"].Value))
                std.Add((end, match.Groups["path"].Value));
        }

        if (!file.Has(end))
            return false;
        if (std.Count == 0)
        {
            file.Insert(block + 1, file[block + 1].Trim() == ")" ? [$"\t\"{path}\""] : [$"\t\"{path}\"", ""]);
            return true;
        }

        // The first run of packages of the standard library, in order.
        var run = std.TakeWhile((import, at) => import.Line == std[0].Line + at).ToList();
        var next = run.Find(import => string.CompareOrdinal(import.Path, path) > 0);
        file.Insert(next.Line > 0 ? next.Line : run[^1].Line + 1, $"\t\"{path}\"");
        return true;
    }

    private static void RemoveGap(TextFile file, int line)
    {
        if (file.Has(line) && string.IsNullOrWhiteSpace(file[line]) && (line == 1 || string.IsNullOrWhiteSpace(file[line - 1])))
            file.Remove(line);
    }

    private static int Find(TextFile file, int from, Regex pattern)
    {
        for (var line = from; line <= file.Count; line++)
            if (pattern.IsMatch(file[line]))
                return line;
        return 0;
    }

    private static bool IsStd(string path) => !path.Split('/')[0].Contains('.', StringComparison.Ordinal);

    [GeneratedRegex(@"^(?<keyword>import)?\s+(?:[\w.]+\s+)?""(?<path>[^""]+)""\s*(?://.*)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();

    [GeneratedRegex(@"^import\s*\(\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BlockBegin();

    [GeneratedRegex(@"^package\s+\w+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PackageLine();
}
