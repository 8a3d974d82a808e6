using System.Text;
using QMoi.Fixers;
using YamlDotNet.RepresentationModel;

namespace QMoi.Handlers.Checks;

/// <summary>Reads a CI file for its scripts only; whatever is odd about it means that nothing is known.</summary>
internal static class CiYaml
{
    private const int MaxBytes = 512 * 1024;

    public static YamlMappingNode? Parse(RepositoryFile? file) =>
        file is not null && file.Content.Length <= MaxBytes
            && OutsideYaml.Read(Encoding.UTF8.GetString(file.Content.Span).TrimStart('\uFEFF'), out _) is [.., { RootNode: YamlMappingNode root }] ? root : null;

    public static YamlNode? Child(YamlNode? node, string key) =>
        node is YamlMappingNode map ? map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode { Value: { } name } && name == key).Value : null;

    public static string? Text(YamlNode? node) => (node as YamlScalarNode)?.Value;

    public static IEnumerable<(string Name, YamlNode Value)> Entries(YamlNode? node) =>
        node is YamlMappingNode map ? map.Children.Where(pair => pair.Key is YamlScalarNode { Value: not null }).Select(pair => (((YamlScalarNode)pair.Key).Value!, pair.Value)) : [];

    /// <summary>A text, or a list of texts nested up to ten deep, as GitLab allows. <c>null</c> where there is something else in it, such as a <c>!reference</c>.</summary>
    public static IReadOnlyList<string>? Lines(YamlNode? node, int depth = 0) => node switch
    {
        null => [],
        YamlScalarNode { Value: { } text } => [text],
        YamlSequenceNode list when depth < 10 && (list.Tag.IsEmpty || !list.Tag.Value.StartsWith('!')) =>
            list.Select(child => Lines(child, depth + 1)).ToList() is var lines && lines.TrueForAll(line => line is not null) ? [.. lines.SelectMany(line => line!)] : null,
        _ => null,
    };

    /// <summary>Names and values that a shell can hold; others are left out.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Variables(YamlNode? node) =>
        from entry in Entries(node)
        let value = Text(entry.Value) ?? Text(Child(entry.Value, "value"))
        where value is not null && entry.Name.Length is > 0 and < 200 && entry.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(entry.Name[0])
        select KeyValuePair.Create(entry.Name, value);

    /// <summary>The lines up to the one that failed; <c>null</c> when it is not among them.</summary>
    public static IReadOnlyList<string>? UpTo(IReadOnlyList<string> lines, string command)
    {
        for (var i = 0; i < lines.Count; i++)
            if (IsSame(lines[i], command))
                return [.. lines.Take(i + 1)];
        return null;
    }

    /// <summary>Logs echo the first line of a longer command, and cut long ones.</summary>
    public static bool IsSame(string line, string command)
    {
        var (one, other) = (FirstLine(line), FirstLine(command));
        return one.Length > 0 && (one == other || (other.Length >= 60 && one.StartsWith(other.TrimEnd('.', ' '), StringComparison.Ordinal)));
    }

    private static string FirstLine(string text)
    {
        var trimmed = text.Trim();
        var end = trimmed.IndexOf('\n', StringComparison.Ordinal);
        return (end < 0 ? trimmed : trimmed[..end]).TrimEnd();
    }
}
