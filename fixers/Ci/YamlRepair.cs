using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>Makes a YAML file valid again where one small edit does, and only one: tabs, a colon in a text without quotes, a missing blank, colon, quote or bracket, one line's indentation.</summary>
internal static partial class YamlRepair
{
    private const int LongestFile = 256 * 1024;

    /// <param name="line">Where the message says that the mistake is; parsers differ, so lines near it are tried as well.</param>
    public static FixResult Repair(RepositoryFile source, int? line)
    {
        if (source.Content.Length > LongestFile || TextFile.Of(source) is null)
            return new FixResult.Declined($"`{source.Path}` is too long, or not a text file in UTF-8");
        if (Tree(source.Content, out var mistake) is not null)
            return new FixResult.Declined($"`{source.Path}` is valid YAML as far as can be told");

        var check = YamlShape.Of(source.Path);
        var found = new List<(string Tree, FileEdit Edit, string What)>();
        foreach (var (edit, what) in Candidates(source, mistake, line, check is not null))
        {
            if (edit.After.Span.SequenceEqual(source.Content.Span) || Tree(edit.After, out _, check) is not { } tree || found.Exists(one => one.Tree == tree))
                continue;
            found.Add((tree, edit, what));
            // Every tab of the file is wrong, whatever else would do.
            if (what.StartsWith("Replaced", StringComparison.Ordinal))
                break;
        }

        return found switch
        {
            [] => new FixResult.Declined($"no single small edit makes `{source.Path}` valid YAML that makes sense"),
            [var only] => new FixResult.Fixed(new Patch([only.Edit]), $"{only.What} in `{source.Path}`."),
            _ => new FixResult.Declined($"more than one small edit would make `{source.Path}` valid YAML"),
        };
    }

    public static bool IsValid(ReadOnlyMemory<byte> content) => Tree(content, out _) is not null;

    /// <summary>True where both contents are valid and say the same.</summary>
    public static bool SaysTheSame(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) => Tree(one, out _) is { } tree && Tree(other, out _) == tree;

    /// <summary>Removes the second of two equal keys with equal values; <c>null</c> where there is none at the line.</summary>
    public static FileEdit.Write? WithoutDuplicate(RepositoryFile source, int line)
    {
        if (TextFile.Of(source) is not { } text || !text.Has(line) || KeyLine().Match(text[line]) is not { Success: true } key)
            return null;
        var column = key.Groups["key"].Index;
        if (key.Groups["dash"].Length > 0)
            return null;
        var first = line - 1;
        for (; first >= 1; first--)
        {
            if (text[first].Trim().Length == 0 || text[first].TrimStart().StartsWith('#'))
                continue;
            var match = KeyLine().Match(text[first]);
            var depth = match.Success ? match.Groups["key"].Index : text.Indent(first).Length;
            if (match.Success && depth == column && match.Groups["key"].Value == key.Groups["key"].Value)
                break;
            if (depth < column || (depth == column && match.Groups["dash"].Length > 0))
                return null;
        }

        if (first < 1)
            return null;
        var kept = Block(text, first, column);
        var second = Block(text, line, column);
        if (!kept.Select(Content).SequenceEqual(second.Select(Content), StringComparer.Ordinal))
            return null;
        for (var count = second.Count; count > 0; count--)
            text.Remove(line);
        return text.ToEdit();

        // The key's own line may begin with a dash the first time.
        string Content(string one) => one.Length > column ? one[column..].TrimEnd() : "";
    }

    /// <summary>A plain text in single quotes; a comment behind it stays outside. <c>null</c> where it is not plain.</summary>
    public static string? Quoted(string text)
    {
        var plain = text.TrimEnd();
        if (plain.Length == 0 || plain[0] is '\'' or '|' or '>' or '&')
            return null;
        for (var hash = plain.IndexOf(" #", StringComparison.Ordinal); hash >= 0; hash = plain.IndexOf(" #", hash + 1, StringComparison.Ordinal))
        {
            // A hash inside of the command's own quotes was meant as part of it.
            if (plain[..hash].Count(letter => letter == '"') % 2 == 0 && plain[..hash].Count(letter => letter == '\'') % 2 == 0)
                return $"'{plain[..hash].TrimEnd().Replace("'", "''", StringComparison.Ordinal)}'{plain[plain[..hash].TrimEnd().Length..]}";
        }

        return $"'{plain.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private static IEnumerable<(FileEdit.Write Edit, string What)> Candidates(RepositoryFile source, int mistake, int? told, bool isKnownKind)
    {
        var original = TextFile.Of(source)!;
        foreach (var onlyLeading in (bool[])[true, false])
            foreach (var width in ((int[])[Unit(original), 2, 4, 8]).Distinct())
                yield return (Edit(source, text => Tabs(text, width, onlyLeading)), "Replaced tabs by spaces");

        var lines = Enumerable.Range(mistake - 2, 4).Concat(told is { } line ? Enumerable.Range(line - 1, 3) : []).Where(original.Has).Distinct()
            // Where moving either of two lines makes the same file, the one that stands oddly is the mistake.
            .OrderBy(number => original.Indent(number).Length % Unit(original) == 0).ToList();
        var keywords = YamlShape.Keywords(source.Path);
        foreach (var number in lines)
        {
            foreach (var (text, what) in OfLine(original[number], keywords))
                yield return (Edit(source, file => file[number] = text), what);
            if (WithoutDuplicate(source, number) is { } once)
                yield return (once, "Removed a key that was there twice with the same value");
            if (!isKnownKind || original[number].Trim().Length == 0)
                continue;
            foreach (var indent in Near(original, number))
                yield return (Edit(source, file => file[number] = new string(' ', indent) + file[number].TrimStart(' ')), $"Corrected the indentation of line {number}");
        }
    }

    private static IEnumerable<(string Text, string What)> OfLine(string line, IReadOnlySet<string> keywords)
    {
        if (line.TrimStart().StartsWith('#'))
            yield break;
        if (KeyLine().Match(line) is { Success: true } pair)
        {
            var value = pair.Groups["value"];
            if (value.Length > 0 && value.Value[0] is not ('"' or '[' or '#') && Quoted(value.Value) is { } quoted)
                yield return (line[..value.Index] + quoted, "Quoted a value");
            if (value.Length > 1 && value.Value[0] is '"' or '\'' && value.Value.TrimEnd().Count(letter => letter == value.Value[0]) == 1)
                yield return (line.TrimEnd() + value.Value[0], "Closed a quote");
            if (value.Length > 0 && Close(value.Value) is { } close)
                yield return (line.TrimEnd() + close, "Closed a bracket");
        }

        if (ItemLine().Match(line) is { Success: true } item)
        {
            var text = item.Groups["text"];
            if (text.Value[0] is not ('"' or '[' or '{' or '#') && Quoted(text.Value) is { } quoted)
                yield return (line[..text.Index] + quoted, "Quoted a list item");
            if (text.Value[0] is '"' or '\'' && text.Value.TrimEnd().Count(letter => letter == text.Value[0]) == 1)
                yield return (line.TrimEnd() + text.Value[0], "Closed a quote");
            // "make" all: what stands behind the closing quote belongs to the command.
            else if (text.Value[0] == '"' && text.Value.Count(letter => letter == '"') > 1 && !text.Value.TrimEnd().EndsWith(':'))
                yield return (line[..text.Index] + Quoted(text.Value), "Quoted a list item");
        }

        if (TightKey().Match(line) is { Success: true } tight && (keywords.Count == 0 || keywords.Contains(tight.Groups["key"].Value)))
            yield return (line.Insert(tight.Groups["value"].Index, " "), "Added a blank behind a colon");
        if (TightDash().Match(line) is { Success: true } dash)
            yield return (line.Insert(dash.Groups["text"].Index, " "), "Added a blank behind a dash");
        if (BareWord().Match(line) is { Success: true } word && keywords.Contains(word.Groups["key"].Value))
            yield return (line.Insert(word.Groups["key"].Index + word.Groups["key"].Length, ":"), "Added a colon");
        if (BareWord().Match(line) is { Success: true } semicolon && semicolon.Groups["wrong"].Length > 0 && keywords.Contains(semicolon.Groups["key"].Value))
            yield return (line.Remove(semicolon.Groups["wrong"].Index, 1).Insert(semicolon.Groups["wrong"].Index, ":"), "Added a colon");
        if (BareValue().Match(line) is { Success: true } value2 && keywords.Contains(value2.Groups["key"].Value))
            yield return (line.Insert(value2.Groups["key"].Index + value2.Groups["key"].Length, ":"), "Added a colon");
    }

    private static string? Close(string value) => value[0] switch
    {
        '[' when !value.Contains(']', StringComparison.Ordinal) => "]",
        '{' when !value.Contains('}', StringComparison.Ordinal) => value.EndsWith(' ') ? "}" : " }",
        _ => null,
    };

    private static IEnumerable<int> Near(TextFile text, int number)
    {
        var own = text.Indent(number).Length;
        var around = new List<int>();
        foreach (var step in (int[])[-1, 1])
        {
            var other = number + step;
            while (text.Has(other) && (text[other].Trim().Length == 0 || text[other].TrimStart().StartsWith('#')))
                other += step;
            if (!text.Has(other))
                continue;
            around.Add(text.Indent(other).Length);
            if (text[other].TrimStart().StartsWith("- ", StringComparison.Ordinal))
                around.Add(text.Indent(other).Length + 2);
        }

        return around.Where(indent => indent != own && Math.Abs(indent - own) <= 4).Distinct();
    }

    private static FileEdit.Write Edit(RepositoryFile source, Action<TextFile> change)
    {
        var text = TextFile.Of(source)!;
        change(text);
        return text.ToEdit();
    }

    private static void Tabs(TextFile text, int width, bool onlyLeading)
    {
        for (var number = 1; number <= text.Count; number++)
        {
            var indent = text.Indent(number);
            if (onlyLeading ? !indent.StartsWith('\t') : !indent.Contains('\t', StringComparison.Ordinal))
                continue;
            text[number] = indent.Replace("\t", new string(' ', width), StringComparison.Ordinal) + text[number][indent.Length..];
        }
    }

    private static int Unit(TextFile text) =>
        text.Lines.Where(line => line.StartsWith(' ') && line.Trim().Length > 0).Select(line => line.Length - line.TrimStart(' ').Length).Where(indent => indent > 1).DefaultIfEmpty(2).Min();

    private static List<string> Block(TextFile text, int first, int column)
    {
        var block = new List<string> { text[first] };
        for (var number = first + 1; number <= text.Count; number++)
        {
            var depth = text.Indent(number).Length;
            if (text[number].Trim().Length == 0 || depth < column || (depth == column && !text[number].TrimStart().StartsWith("- ", StringComparison.Ordinal)))
                break;
            block.Add(text[number]);
        }

        return block;
    }

    /// <summary>What the file says, in one text; <c>null</c> where it is not valid or does not pass the check.</summary>
    /// <param name="mistake">The line at which the parser gave up.</param>
    private static string? Tree(ReadOnlyMemory<byte> content, out int mistake, Func<YamlNode, bool>? check = null)
    {
        var documents = OutsideYaml.Read(Encoding.UTF8.GetString(content.Span).TrimStart('\ufeff'), out var what);
        mistake = (int)(what?.Line ?? 0);
        if (documents is null || (check is not null && !(documents is [var document] && check(document.RootNode))))
            return null;
        var tree = new StringBuilder();
        foreach (var one in documents)
            Write(one.RootNode, tree, 0);
        return tree.ToString();
    }

    private static void Write(YamlNode node, StringBuilder tree, int depth)
    {
        if (depth > 100)
            return;
        switch (node)
        {
            case YamlScalarNode scalar:
                tree.Append('"').Append(scalar.Value).Append('"');
                break;
            case YamlSequenceNode list:
                tree.Append('[');
                foreach (var item in list.Children)
                    Write(item, tree, depth + 1);
                tree.Append(']');
                break;
            case YamlMappingNode map:
                tree.Append('{');
                foreach (var (key, value) in map.Children)
                {
                    Write(key, tree, depth + 1);
                    tree.Append(':');
                    Write(value, tree, depth + 1);
                }

                tree.Append('}');
                break;
        }
    }

    [GeneratedRegex(@"^(?<dash>(?: *- )+ *)?(?: *)(?<key>[A-Za-z_.][\w./-]*|""[^""]*""|'[^']*'):(?: +(?<value>\S.*))?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex KeyLine();

    [GeneratedRegex(@"^ *- +(?<text>[^\s-].*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ItemLine();

    [GeneratedRegex(@"^ *(?:- )?(?<key>[A-Za-z_][\w-]*):(?<value>[^\s/:].*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TightKey();

    [GeneratedRegex(@"^ *-(?<text>[A-Za-z""'./$].*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TightDash();

    [GeneratedRegex(@"^ *(?:- )?(?<key>[A-Za-z_][\w-]*)(?<wrong>[;=]?)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BareWord();

    [GeneratedRegex(@"^ *(?:- )?(?<key>[A-Za-z_][\w-]*) +[^:=\s].*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BareValue();
}
