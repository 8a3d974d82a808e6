using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QMoi.Simulator;

internal sealed class YamlProblem(string message) : Exception(message);

/// <summary>YAML as plain JSON nodes: keys in order, aliases resolved, merge keys applied.</summary>
internal static partial class Yaml
{
    private static readonly HashSet<string> NullWords = new(["", "~", "null", "Null", "NULL"], StringComparer.Ordinal);

    public static JsonNode? Parse(string text)
    {
        var stream = new YamlStream();
        try
        {
            using var reader = new StringReader(text);
            stream.Load(reader);
            return stream.Documents.Count == 0 ? null : Convert(stream.Documents[0].RootNode, 0);
        }
        catch (YamlException problem)
        {
            throw new YamlProblem(Describe(problem));
        }
    }

    public static string Write(JsonNode node)
    {
        using var writer = new StringWriter();
        new YamlStream(new YamlDocument(ToYaml(node))).Save(writer, assignAnchors: false);
        return "---\n" + writer.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n...\n", "\n", StringComparison.Ordinal);
    }

    /// <summary>A scalar as a runner prints it into a variable.</summary>
    public static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag ? "true" : "false",
        JsonValue value when value.TryGetValue<double>(out var number) => number.ToString(CultureInfo.InvariantCulture),
        _ => node.ToJsonString(),
    };

    private static JsonNode? Convert(YamlNode node, int depth)
    {
        if (depth > 100)
            throw new YamlProblem("nesting of 100 is too deep");
        switch (node)
        {
            case YamlScalarNode scalar:
                return Scalar(scalar);
            case YamlSequenceNode { Tag: { IsEmpty: false, Value: "!reference" } } reference:
                return new JsonObject { ["!reference"] = new JsonArray([.. reference.Children.Select(child => Convert(child, depth + 1))]) };
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(child => Convert(child, depth + 1))]);
            case YamlMappingNode mapping:
                var merged = new JsonObject();
                var own = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    var name = (key as YamlScalarNode)?.Value ?? "";
                    if (name == "<<")
                        Merge(merged, Convert(value, depth + 1));
                    else
                        own[name] = Convert(value, depth + 1);
                }
                foreach (var (name, value) in own)
                    merged[name] = value?.DeepClone();
                return merged;
            default:
                throw new YamlProblem("unknown alias");
        }
    }

    private static void Merge(JsonObject into, JsonNode? from)
    {
        foreach (var part in from is JsonArray many ? [.. many.OfType<JsonObject>()] : from is JsonObject one ? [one] : Array.Empty<JsonObject>())
        {
            foreach (var (name, value) in part)
                into[name] = value?.DeepClone();
        }
    }

    private static JsonValue? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any))
            return JsonValue.Create(text);
        if (NullWords.Contains(text))
            return null;
        if (text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
            return JsonValue.Create(text[0] is 't' or 'T');
        // 3.10 is the number 3.1, for better or worse: the real forges read it so.
        return Number().IsMatch(text) && double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(text);
    }

    private static YamlNode ToYaml(JsonNode? node) => node switch
    {
        JsonObject map => new YamlMappingNode(map.Select(entry => new KeyValuePair<YamlNode, YamlNode>(new YamlScalarNode(entry.Key), ToYaml(entry.Value)))),
        JsonArray list => new YamlSequenceNode(list.Select(ToYaml)),
        _ => new YamlScalarNode(Text(node)),
    };

    /// <summary>In the words of libyaml, which both forges print.</summary>
    private static string Describe(YamlException problem)
    {
        var message = problem.InnerException?.Message ?? problem.Message;
        message = Position().Replace(message, "").TrimEnd('.');
        var context = Context().Match(message);
        if (context.Success)
            message = $"{context.Groups["problem"].Value} {context.Groups["context"].Value.ToLowerInvariant()}";
        return $"{message} at line {problem.Start.Line} column {problem.Start.Column}";
    }

    [GeneratedRegex(@"^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Number();

    [GeneratedRegex(@"^\(Line: .*?\) - \(Line: .*?\): ", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Position();

    [GeneratedRegex("^(?<context>While (parsing|scanning) [^,]+), (?<problem>.+)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Context();
}
