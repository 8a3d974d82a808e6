using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>A YAML file that is edited in place: comments, quotes, indentation and line ends stay.</summary>
internal sealed class YamlText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _mark;
    private readonly List<(int Start, int End)> _lines = [];
    private readonly SortedDictionary<int, (int Length, string Text)> _edits = [];

    private YamlText(string mark, string text, YamlMappingNode root)
    {
        _mark = mark;
        Text = text;
        Root = root;
        for (var start = 0; start < text.Length;)
        {
            var feed = text.IndexOf('\n', start);
            var next = feed < 0 ? text.Length : feed + 1;
            _lines.Add((start, feed < 0 ? text.Length : feed > start && text[feed - 1] == '\r' ? feed - 1 : feed));
            start = next;
        }
    }

    public string Text { get; }
    public YamlMappingNode Root { get; }
    public string NewLine => Text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
    public bool HasEdits => _edits.Count > 0;

    /// <returns><c>null</c> when it is not one YAML mapping in UTF-8.</returns>
    public static YamlText? Parse(ReadOnlyMemory<byte> content)
    {
        try
        {
            var text = Strict.GetString(content.Span);
            var mark = text.StartsWith('\ufeff') ? "\ufeff" : "";
            text = text[mark.Length..];
            return OutsideYaml.Read(text, out _) is [{ RootNode: YamlMappingNode root }] ? new YamlText(mark, text, root) : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    public static YamlNode? Child(YamlNode? node, string key) =>
        node is YamlMappingNode map ? map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode { Value: { } name } && name == key).Value : null;

    public static string? Value(YamlNode? node) => (node as YamlScalarNode)?.Value;

    /// <summary>True where a text needs no quotes wherever it stands.</summary>
    public static bool IsPlain(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] is '.' or '_') && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' or '/' or '@')
        && text.ToUpperInvariant() is not ("TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "NULL" or "Y" or "N");

    /// <summary>Replaces a scalar's value and keeps its quotes; <c>false</c> where its text is not simply the value (escapes, anchors, folded).</summary>
    public bool TryReplace(YamlScalarNode node, string value)
    {
        if (Place(node) is not { } place)
            return false;
        Replace(place.Start, place.Length, value);
        return true;
    }

    /// <summary>Puts text at a place; what was put there before stays in front of it.</summary>
    public void Insert(int at, string text) => _edits[at] = _edits.TryGetValue(at, out var there) ? there.Length == 0 ? (0, there.Text + text) : (there.Length, text + there.Text) : (0, text);

    public void Replace(int start, int length, string text) => _edits[start] = (length, _edits.TryGetValue(start, out var there) && there.Length == 0 ? there.Text + text : text);

    /// <summary>Line <paramref name="number"/>, from 1, without its end.</summary>
    public string Line(int number) => number >= 1 && number <= _lines.Count ? Text[_lines[number - 1].Start.._lines[number - 1].End] : "";

    public int LineCount => _lines.Count;

    /// <summary>Where line <paramref name="number"/> begins and ends in <see cref="Text"/>, without its line end.</summary>
    public (int Start, int End) Span(int number) => _lines[number - 1];

    /// <summary>Puts lines behind line <paramref name="number"/>; 0 puts them at the top.</summary>
    public void InsertLines(int number, params IEnumerable<string> added)
    {
        if (number == 0)
            Insert(0, string.Concat(added.Select(line => line + NewLine)));
        else
            Insert(_lines[number - 1].End, string.Concat(added.Select(line => NewLine + line)));
    }

    public void RemoveLines(int first, int last)
    {
        var start = _lines[first - 1].Start;
        var end = last < _lines.Count ? _lines[last].Start : Text.Length;
        _edits[start] = (end - start, "");
    }

    /// <summary>The last line of what a key of a block mapping, or an item of a block sequence, holds; comments and blank lines behind it are not counted.</summary>
    /// <param name="indent">The column of the key or of the item's dash, from 0.</param>
    public int LastLine(int firstLine, int indent)
    {
        var last = firstLine;
        for (var number = firstLine + 1; number <= _lines.Count; number++)
        {
            var line = Line(number);
            var text = line.TrimStart(' ');
            if (text.Length == 0 || (text[0] == '#' && line.Length - text.Length <= indent))
                continue;
            var depth = line.Length - text.Length;
            // The items of a list may stand at the column of its key.
            if (depth < indent || (depth == indent && (!IsItem(line, depth) || IsItem(Line(firstLine), indent))))
                break;
            last = number;
        }

        return last;
    }

    /// <summary>How deep the file indents: what its least indented line has.</summary>
    public int IndentUnit => Enumerable.Range(1, _lines.Count).Select(Line).Where(line => line.StartsWith(' ') && line.TrimStart(' ') is { Length: > 0 } text && text[0] != '#')
        .Select(line => line.Length - line.TrimStart(' ').Length).DefaultIfEmpty(2).Min() is var least and <= 8 ? least : 2;

    /// <summary>Adds a key with a plain value to a mapping; <c>false</c> where it is written in a way that is not edited.</summary>
    /// <param name="after">The key behind which it goes; <c>null</c>: the last one.</param>
    public bool TryAdd(YamlMappingNode map, string key, string value, YamlNode? after = null) => TryAdd(map, [$"{key}: {value}"], $"{key}: {value}", after);

    /// <summary>Adds a key that holds one key with a plain value.</summary>
    public bool TryAdd(YamlMappingNode map, string key, string inner, string value, YamlNode? after = null) =>
        TryAdd(map, [$"{key}:", $"{new string(' ', IndentUnit)}{inner}: {value}"], $"{key}: {{ {inner}: {value} }}", after);

    /// <summary>Adds an item to a list of scalars or mappings.</summary>
    public bool TryAddItem(YamlSequenceNode list, string item)
    {
        if (list.Style == SequenceStyle.Flow)
        {
            var start = (int)list.Start.Index;
            if (start >= Text.Length || Text[start] != '[' || list.Start.Line != list.End.Line)
                return false;
            if (list.Children.Count == 0)
            {
                var close = Text.IndexOf(']', start);
                Replace(start, close + 1 - start, $"[{item}]");
                return true;
            }

            if (list.Children[^1] is not YamlScalarNode last || Place(last) is not { } place)
                return false;
            Insert(place.Start + place.Length + (last.Style is ScalarStyle.DoubleQuoted or ScalarStyle.SingleQuoted ? 1 : 0), $", {item}");
            return true;
        }

        if (list.Children.Count == 0)
            return false;
        var line = (int)list.Children[^1].Start.Line;
        var text = Line(line);
        var indent = text.Length - text.TrimStart(' ').Length;
        if (!IsItem(text, indent) || list.Children[^1].Start.Column <= indent + 1)
            return false;
        InsertLines(LastLine(line, indent), $"{text[..indent]}- {item}");
        return true;
    }

    private bool TryAdd(YamlMappingNode map, string[] lines, string flow, YamlNode? after)
    {
        if (map.Children.Count == 0)
            return false;
        if (map.Style == MappingStyle.Flow)
        {
            if (map.Start.Line != map.End.Line || map.Children.Last().Value is not YamlScalarNode last || Place(last) is not { } place)
                return false;
            Insert(place.Start + place.Length + (last.Style is ScalarStyle.DoubleQuoted or ScalarStyle.SingleQuoted ? 1 : 0), $", {flow}");
            return true;
        }

        var key = after ?? map.Children.Last().Key;
        var indent = (int)map.Children.First().Key.Start.Column - 1;
        var line = (int)key.Start.Line;
        if (line < 1 || line > _lines.Count || key.Start.Column - 1 != indent)
            return false;
        InsertLines(LastLine(line, indent), lines.Select(text => new string(' ', indent) + text));
        return true;
    }

    private static bool IsItem(string line, int indent) => line.Length > indent && line[indent] == '-' && (line.Length == indent + 1 || line[indent + 1] == ' ');

    /// <summary>Where a scalar's value stands, without its quotes.</summary>
    public (int Start, int Length)? Place(YamlScalarNode node)
    {
        var start = (int)node.Start.Index;
        var value = node.Value ?? "";
        if (start < Text.Length && Text[start] is '"' or '\'')
            start++;
        return value.Length > 0 && string.CompareOrdinal(Text, start, value, 0, value.Length) == 0 ? (start, value.Length) : null;
    }

    public byte[] Apply()
    {
        var edited = new StringBuilder(_mark);
        var position = 0;
        foreach (var (start, edit) in _edits)
        {
            if (start < position)
                throw new InvalidOperationException("Edits of one file overlap.");
            edited.Append(Text, position, start - position).Append(edit.Text);
            position = start + edit.Length;
        }

        return Strict.GetBytes(edited.Append(Text, position, Text.Length - position).ToString());
    }
}
