using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Rust;

/// <summary>One <c>use</c> statement, from its first word to its semicolon.</summary>
internal sealed class UseTree
{
    private const int Widest = 100;

    private readonly List<Node> roots;

    private UseTree(List<Node> roots, int startLine, int startIndex, int endLine, int endIndex)
    {
        this.roots = roots;
        (StartLine, StartIndex, EndLine, EndIndex) = (startLine, startIndex, endLine, endIndex);
    }

    /// <summary>Lines from 1, indexes from 0, the end behind the semicolon.</summary>
    public int StartLine { get; }
    public int StartIndex { get; }
    public int EndLine { get; }
    public int EndIndex { get; }

    /// <summary>A path, with the group behind it if it has one.</summary>
    private sealed class Node(string text, string path)
    {
        public string Text { get; } = text;

        /// <summary>With all that stands before it.</summary>
        public string Path { get; } = path;
        public List<Node>? Group { get; init; }
    }

    /// <summary>The statement that a place lies in; <c>null</c> where there is none.</summary>
    public static UseTree? At(TextFile file, int line, int index)
    {
        var masked = CodeMask.Of(file, CodeKind.Rust);
        var (startLine, startIndex) = (line, -1);
        for (; startLine > 0 && startIndex < 0; startLine--)
        {
            var before = startLine == line ? masked[line - 1][..Math.Min(index, masked[line - 1].Length)] : masked[startLine - 1];
            if (CodeMask.Places(before, "use").ToList() is [.., var last])
                startIndex = last;
            else if (before.Contains(';', StringComparison.Ordinal))
                return null;
            if (startIndex >= 0)
                break;
        }

        if (startIndex < 0)
            return null;
        var (endLine, endIndex) = (startLine, masked[startLine - 1].IndexOf(';', startIndex));
        while (endIndex < 0 && endLine < masked.Length)
            endIndex = masked[endLine++].IndexOf(';', StringComparison.Ordinal);
        if (endIndex < 0 || endLine < line)
            return null;
        var text = string.Join('\n', Enumerable.Range(startLine, endLine - startLine + 1).Select(number => number == endLine ? masked[number - 1][..endIndex] : masked[number - 1]))[startIndex..];
        var at = "use".Length;
        return Parse(text, ref at, "") is { Count: > 0 } roots && at >= text.Length ? new UseTree(roots, startLine, startIndex, endLine, endIndex + 1) : null;
    }

    /// <summary>How often the statement names something so; messages leave out what stands before a group.</summary>
    public int Count(string name) => Leaves(roots).Count(leaf => Is(leaf, name));

    /// <summary>The statement without these names: <c>""</c> when nothing is left, <c>null</c> when it would have to be laid out anew.</summary>
    public string? Without(IReadOnlyList<string> names, TextFile file)
    {
        var kept = Keep(roots, names);
        if (kept.Count == 0)
            return "";
        if (kept.Count > 1)
            return null;
        var text = $"use {Print(kept[0])};";
        var isShort = StartIndex + text.Length <= Widest;
        return isShort && (EndLine == StartLine || kept[0].Group?.Exists(node => node.Group is not null) != true) ? text : Vertical(names, file);
    }

    // A list over several lines: leaves out the lines that hold one of the names and nothing else.
    private string? Vertical(IReadOnlyList<string> names, TextFile file)
    {
        var lines = Enumerable.Range(StartLine, EndLine - StartLine + 1).Select(number => file[number]).ToList();
        lines[0] = lines[0][StartIndex..];
        lines[^1] = lines[^1][..(EndLine == StartLine ? EndIndex - StartIndex : EndIndex)];
        foreach (var name in names)
        {
            var at = lines.FindIndex(line => line.Trim().TrimEnd(',') is var item && (item == name || name.EndsWith("::" + item, StringComparison.Ordinal)));
            if (at <= 0)
                return null;
            lines.RemoveAt(at);
        }

        return string.Join('\n', lines);
    }

    private static List<Node> Keep(List<Node> nodes, IReadOnlyList<string> names)
    {
        var kept = new List<Node>();
        foreach (var node in nodes)
        {
            if (node.Group is null && names.Any(name => Is(node, name)))
                continue;
            if (node.Group is null)
                kept.Add(node);
            else if (Keep(node.Group, names) is { Count: > 0 } group)
                kept.Add(new Node(node.Text, node.Path) { Group = group });
        }

        return kept;
    }

    private static string Print(Node node)
    {
        if (node.Group is null)
            return node.Text;
        var prefix = node.Text.Length == 0 ? "" : node.Text + "::";
        return node.Group is [{ Text: not "self" } only] ? prefix + Print(only) : $"{prefix}{{{string.Join(", ", node.Group.Select(Print))}}}";
    }

    private static IEnumerable<Node> Leaves(List<Node> nodes) => nodes.SelectMany(node => node.Group is null ? [node] : Leaves(node.Group));

    private static bool Is(Node leaf, string name) => leaf.Path == name || leaf.Path.EndsWith("::" + name, StringComparison.Ordinal);

    // Items up to a closing brace or the end.
    private static List<Node>? Parse(string text, ref int at, string prefix)
    {
        var nodes = new List<Node>();
        while (true)
        {
            var start = at;
            while (at < text.Length && text[at] is not (',' or '{' or '}'))
                at++;
            var item = string.Join(' ', text[start..at].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            if (at < text.Length && text[at] == '{')
            {
                at++;
                item = item.EndsWith("::", StringComparison.Ordinal) ? item[..^2] : item;
                var path = Join(prefix, item);
                if (Parse(text, ref at, path) is not { } group || at >= text.Length || text[at] != '}')
                    return null;
                at++;
                nodes.Add(new Node(item, path) { Group = group });
                while (at < text.Length && char.IsWhiteSpace(text[at]))
                    at++;
            }
            else if (item.Length > 0)
            {
                nodes.Add(new Node(item, Join(prefix, item)));
            }

            if (at >= text.Length || text[at] == '}')
                return nodes;
            if (text[at] != ',')
                return null;
            at++;
        }
    }

    private static string Join(string prefix, string item) => prefix.Length == 0 ? item : item.Length == 0 ? prefix : $"{prefix}::{item}";
}
