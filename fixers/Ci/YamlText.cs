using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>A YAML file that is edited in place: comments, quotes, indentation and line ends stay.</summary>
internal sealed class YamlText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _mark;
    private readonly SortedDictionary<int, (int Length, string Text)> _edits = [];

    private YamlText(string mark, string text, YamlMappingNode root)
    {
        _mark = mark;
        Text = text;
        Root = root;
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
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            return yaml.Documents is [{ RootNode: YamlMappingNode root }] ? new YamlText(mark, text, root) : null;
        }
        catch (Exception exception) when (exception is YamlException or DecoderFallbackException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    public static YamlNode? Child(YamlNode? node, string key) =>
        node is YamlMappingNode map ? map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode { Value: { } name } && name == key).Value : null;

    public static string? Value(YamlNode? node) => (node as YamlScalarNode)?.Value;

    /// <summary>Replaces a scalar's value and keeps its quotes; <c>false</c> where its text is not simply the value (escapes, anchors, folded).</summary>
    public bool TryReplace(YamlScalarNode node, string value)
    {
        if (Place(node) is not { } place)
            return false;
        _edits[place.Start] = (place.Length, value);
        return true;
    }

    public void Insert(int at, string text) => _edits[at] = (0, text);

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
            edited.Append(Text, position, start - position).Append(edit.Text);
            position = start + edit.Length;
        }

        return Strict.GetBytes(edited.Append(Text, position, Text.Length - position).ToString());
    }
}
