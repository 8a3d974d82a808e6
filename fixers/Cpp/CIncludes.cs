using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>Adds an include to a source file where a person would: among those of its kind, in order if they are in order.</summary>
internal static partial class CIncludes
{
    /// <param name="Name">With its brackets or quotes.</param>
    private sealed record Include(int Line, string Name);

    /// <returns>False when the file includes it already.</returns>
    public static bool Add(TextFile file, string name)
    {
        var includes = Of(file);
        if (includes.Exists(include => include.Name == name))
            return false;
        var plain = includes.Where(include => include.Line > 0).ToList();
        var alike = Runs([.. plain.Where(include => include.Name[0] == name[0])]);
        if (alike.Count > 0)
        {
            // Headers of C beside headers of C, those of C++ beside those of C++.
            var run = alike.FindLast(run => run.Exists(include => IsOfC(include.Name) == IsOfC(name))) ?? alike[^1];
            file.Insert(PlaceIn(run, name), $"#include {name}");
        }
        else if (plain.Count > 0)
        {
            BesideOthers(file, plain, name);
        }
        else
        {
            AtTop(file, name);
        }

        return true;
    }

    /// <summary>All that the file includes, also where it does so only under a condition (with line 0 then).</summary>
    public static bool Has(TextFile file, string name) => Of(file).Exists(include => include.Name == name);

    private static List<Include> Of(TextFile file)
    {
        var masked = CodeMask.Of(file, CodeKind.C);
        var guard = Guard(masked).Begin;
        var includes = new List<Include>();
        var depth = 0;
        for (var line = 1; line <= file.Count; line++)
        {
            var directive = Directive().Match(masked[line - 1]).Groups["name"].Value;
            if (directive is "if" or "ifdef" or "ifndef" && line != guard)
                depth++;
            else if (directive is "endif" && depth > 0)
                depth--;
            else if (directive is "include" && IncludeName().Match(file[line]) is { Success: true } match)
                includes.Add(new Include(depth == 0 ? line : 0, match.Groups["name"].Value));
        }

        return includes;
    }

    // Includes that follow one another without a gap.
    private static List<List<Include>> Runs(List<Include> includes)
    {
        var runs = new List<List<Include>>();
        foreach (var include in includes)
        {
            if (runs is [.., [.., var last]] && last.Line == include.Line - 1)
                runs[^1].Add(include);
            else
                runs.Add([include]);
        }

        return runs;
    }

    private static int PlaceIn(List<Include> run, string name)
    {
        var isSorted = run.Zip(run.Skip(1)).All(pair => string.CompareOrdinal(pair.First.Name, pair.Second.Name) < 0);
        var next = isSorted ? run.Find(include => string.CompareOrdinal(include.Name, name) > 0) : null;
        return next?.Line ?? run[^1].Line + 1;
    }

    private static void BesideOthers(TextFile file, List<Include> plain, string name)
    {
        // The header of the source itself stands first; system headers come behind it, else before the headers of the project.
        var own = System.IO.Path.GetFileNameWithoutExtension(file.Path);
        var first = plain[0];
        if (name[0] == '<' && System.IO.Path.GetFileNameWithoutExtension(first.Name.Trim('"', '<', '>')) == own && plain.Count > 1)
            file.Insert(first.Line + 1, "", $"#include {name}");
        else if (name[0] == '<')
            file.Insert(first.Line, $"#include {name}", "");
        else
            file.Insert(plain[^1].Line + 1, "", $"#include {name}");
    }

    private static void AtTop(TextFile file, string name)
    {
        var masked = CodeMask.Of(file, CodeKind.C);
        var line = Guard(masked).Define + 1;
        if (line == 1)
            while (line <= file.Count && (Blank(masked[line - 1]) || masked[line - 1].TrimStart().StartsWith("#pragma once", StringComparison.Ordinal)) && HasCommentOrPragma(file, masked, line))
                line++;
        var isAfterGap = line > 1 && !Blank(file[line - 1]);
        var isBeforeGap = line <= file.Count && Blank(file[line]);
        if (isAfterGap && isBeforeGap)
            file.Insert(line + 1, isAtEnd(line) ? [$"#include {name}"] : [$"#include {name}", ""]);
        else
            file.Insert(line, [.. isAfterGap ? [""] : Array.Empty<string>(), $"#include {name}", .. isBeforeGap || line > file.Count ? Array.Empty<string>() : [""]]);

        bool isAtEnd(int number) => number >= file.Count;
    }

    // A comment before the code, or the gap behind it that more of them follow.
    private static bool HasCommentOrPragma(TextFile file, string[] masked, int line)
    {
        for (; line <= file.Count && Blank(masked[line - 1]); line++)
            if (!Blank(file[line]))
                return true;
        return line <= file.Count && masked[line - 1].TrimStart().StartsWith("#pragma once", StringComparison.Ordinal);
    }

    // The lines of the #ifndef and #define that keep a header from being read twice; 0 where there is none.
    private static (int Begin, int Define) Guard(string[] masked)
    {
        var code = Enumerable.Range(0, masked.Length).Where(index => !Blank(masked[index])).Take(2).ToList();
        return code is [var first, var second] && GuardBegin().Match(masked[first]) is { Success: true } begin && GuardDefine().Match(masked[second]) is { Success: true } define
            && begin.Groups["name"].Value == define.Groups["name"].Value ? (first + 1, second + 1) : (0, 0);
    }

    private static bool IsOfC(string name) => name.EndsWith(".h>", StringComparison.Ordinal);

    private static bool Blank(string text) => string.IsNullOrWhiteSpace(text);

    [GeneratedRegex(@"^\s*#\s*(?<name>\w+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Directive();

    [GeneratedRegex(@"^\s*#\s*include\s*(?<name><[^>]+>|""[^""]+"")", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IncludeName();

    [GeneratedRegex(@"^\s*#\s*(?:ifndef\s+|if\s+!\s*defined\s*\(?\s*)(?<name>\w+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex GuardBegin();

    [GeneratedRegex(@"^\s*#\s*define\s+(?<name>\w+)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex GuardDefine();
}
