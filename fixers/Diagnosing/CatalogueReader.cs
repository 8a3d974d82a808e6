using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Reads one catalogue file. Strict: what it does not know is an error, so that a typing mistake does not switch an entry off.</summary>
internal static class CatalogueReader
{
    private static readonly LinePattern KebabCase = new("^[a-z0-9]+(-[a-z0-9]+)*$");

    // An admin's file is text from outside: no anchors, aliases or tags, and no deep nesting.
    private const int MaxDepth = 8;
    private const int MaxCharacters = 4 * 1024 * 1024;
    private const int MaxPatternLength = 2000;

    private static readonly string[] EntryKeys =
    [
        "id", "title", "category", "priority", "transient", "retry", "action", "approval", "may_change", "risk", "root_cause", "identity", "signatures", "summary", "next",
        "why", "sample", "look_alike",
    ];

    private static readonly string[] SignatureKeys = ["pattern", "keyword", "command", "supports", "consequence", "unless", "heading"];

    /// <param name="isTrusted">The file was checked when the bot was built: what costs time is not checked again.</param>
    /// <exception cref="CatalogueException">The file is not as it must be.</exception>
    internal static IReadOnlyList<CatalogueEntry> Read(string file, string yaml, bool isTrusted)
    {
        var root = Parse(file, yaml, isTrusted);
        var ecosystem = Path.GetFileNameWithoutExtension(file);
        if (root is null)
            return [];

        if (root is not YamlSequenceNode list)
            throw Error(file, root, "a catalogue file is a list of entries");

        List<CatalogueEntry> entries = [];
        foreach (var node in list)
        {
            var entry = ReadEntry(new Keys(file, node, EntryKeys) { IsTrusted = isTrusted }, ecosystem);
            if (entries.Any(other => other.Id == entry.Id))
                throw Error(file, node, $"id: {entry.Id} is there twice");

            entries.Add(entry);
        }

        return entries;
    }

    private static YamlNode? Parse(string file, string yaml, bool isTrusted)
    {
        if (yaml.Length > MaxCharacters)
            throw new CatalogueException(file, 1, $"the file is longer than {MaxCharacters} characters");

        try
        {
            if (!isTrusted)
                Check(file, yaml);
            return OutsideYaml.ReadTrusted(yaml) is [var first, ..] ? first.RootNode : null;
        }
        catch (Exception exception) when (OutsideYaml.MistakeOf(exception) is { } mistake)
        {
            throw new CatalogueException(file, mistake.Line, $"not valid YAML: {mistake.Reason}");
        }
    }

    private static void Check(string file, string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current switch { MappingStart or SequenceStart => 1, MappingEnd or SequenceEnd => -1, _ => 0 };
            var hasExtras = parser.Current is AnchorAlias || (parser.Current is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty));
            if (hasExtras || depth > MaxDepth)
                throw new CatalogueException(file, parser.Current!.Start.Line, hasExtras ? "anchors, aliases and tags are not allowed" : "nested too deeply");
        }
    }

    private static CatalogueEntry ReadEntry(Keys keys, string ecosystem)
    {
        var id = keys.Text("id");
        if (!KebabCase.IsMatch(id))
            throw keys.Error("id", "lower-case words with hyphens are expected");

        var names = new HashSet<string>(StringComparer.Ordinal);
        var signatures = keys.List("signatures", required: true).Select(node => ReadSignature(new Keys(keys.File, node, SignatureKeys) { IsTrusted = keys.IsTrusted }, names)).ToList();
        if (signatures.Count == 0 || signatures.TrueForAll(signature => signature.IsSupporting))
            throw keys.Error("signatures", "at least one signature without supports is needed");

        var (maxRetries, waits) = ReadRetry(keys);
        return new CatalogueEntry
        {
            Id = id,
            Ecosystem = ecosystem,
            Title = keys.Text("title"),
            Category = keys.OneOf("category", FailureCategories.Find),
            Priority = keys.Number("priority", 1, 99),
            Transient = keys.OneOf("transient", name => name switch { "no" => Transience.No, "maybe" => Transience.Maybe, "yes" => Transience.Yes, _ => (Transience?)null }),
            Action = keys.OneOf("action", FailureCategories.FindAction),
            MayBeAutomatic = keys.OneOf("approval", name => name switch { "auto" => true, "needed" => false, _ => (bool?)null }),
            Risk = keys.Has("risk") ? keys.OneOf("risk", name => name switch { "low" => 0, "medium" => 1, "high" => 2, _ => (int?)null }) switch { 0 => "low", 1 => "medium", _ => "high" } : "medium",
            MaxRetries = maxRetries,
            RetryWaits = waits,
            MayChange = Known(keys, "may_change", keys.Texts("may_change", required: false), names),
            Signatures = signatures,
            LastMatchIsCause = keys.Has("root_cause") && keys.OneOf("root_cause", name => name switch { "first" => false, "last" => true, _ => (bool?)null }),
            Identity = Known(keys, "identity", keys.Texts("identity", required: false), names),
            Summary = Sentences(keys, "summary", names),
            Next = Sentences(keys, "next", names),
            Why = keys.Has("why") ? keys.Text("why") : "",
            Sample = keys.Text("sample"),
            LookAlike = keys.Has("look_alike") ? keys.Text("look_alike") : "",
        };
    }

    private static Signature ReadSignature(Keys keys, HashSet<string> names)
    {
        var pattern = CheckedPattern(keys, "pattern", names) ?? throw keys.Error("pattern", "is missing");
        var keywords = keys.Texts("keyword", required: false);
        if (keywords.Any(keyword => Encoding.UTF8.GetByteCount(keyword) < LiteralFinder.ShortestText || keyword.Any(symbol => char.IsControl(symbol) && symbol != '\t')))
            throw keys.Error("keyword", $"{LiteralFinder.ShortestText} or more visible characters are expected");

        var (isSupporting, isConsequence) = (Flag(keys, "supports"), Flag(keys, "consequence"));
        var (unless, heading, command) = (CheckedPattern(keys, "unless", []), CheckedPattern(keys, "heading", names), CheckedPattern(keys, "command", []));
        try
        {
            return new Signature(pattern, keywords, unless, heading, command) { IsSupporting = isSupporting, IsConsequence = isConsequence };
        }
        catch (ArgumentException unusable)
        {
            throw keys.Error("pattern", unusable.Message);
        }
    }

    private static bool Flag(Keys keys, string key) => keys.Has(key) && keys.OneOf(key, name => name switch { "true" => true, "false" => false, _ => (bool?)null });

    private static string? CheckedPattern(Keys keys, string key, HashSet<string> names)
    {
        if (!keys.Has(key))
            return null;

        var pattern = keys.Text(key);
        if (keys.IsTrusted)
            return pattern;

        if (pattern.Length > MaxPatternLength)
            throw keys.Error(key, $"a pattern has at most {MaxPatternLength} characters");

        try
        {
            names.UnionWith(LinePattern.CaptureNames(pattern));
            return pattern;
        }
        catch (ArgumentException exception)
        {
            throw keys.Error(key, $"not a usable pattern: {exception.Message}");
        }
    }

    private static (int Max, IReadOnlyList<TimeSpan> Waits) ReadRetry(Keys keys)
    {
        if (!keys.Has("retry"))
            return (0, []);

        var retry = keys.Under("retry", ["max", "wait_seconds"]);
        return (retry.Number("max", 1, 5), [.. retry.List("wait_seconds", required: true).Select(node => TimeSpan.FromSeconds(retry.Number("wait_seconds", node, 0, 86_400)))]);
    }

    private static IReadOnlyList<string> Sentences(Keys keys, string key, HashSet<string> names)
    {
        var sentences = Known(keys, key, keys.Texts(key, required: true), names);
        if (Template.Names(sentences[^1]).Count > 0)
            throw keys.Error(key, "the last sentence has a placeholder: add one that needs none");

        return sentences;
    }

    private static IReadOnlyList<string> Known(Keys keys, string key, IReadOnlyList<string> texts, HashSet<string> names)
    {
        if (keys.IsTrusted)
            return texts;

        foreach (var text in texts)
        {
            var used = key == "identity" ? [text] : Template.Names(text);
            if (used.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
                throw keys.Error(key, $"no signature captures {unknown}");
        }

        return texts;
    }

    private static CatalogueException Error(string file, YamlNode node, string reason) => new(file, node.Start.Line, reason);

    /// <summary>One mapping of the file, with the keys it may have.</summary>
    private sealed class Keys
    {
        private readonly YamlMappingNode _node;
        private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);

        internal Keys(string file, YamlNode source, string[] allowed)
        {
            File = file;
            _node = source as YamlMappingNode ?? throw CatalogueReader.Error(file, source, "keys and values are expected here");
            foreach (var (key, value) in _node)
            {
                var name = (key as YamlScalarNode)?.Value ?? "";
                if (!allowed.Contains(name))
                    throw CatalogueReader.Error(file, key, $"{name}: unknown key, one of {string.Join(", ", allowed)} is expected");

                _values[name] = value;
            }
        }

        internal string File { get; }

        internal bool IsTrusted { get; init; }

        internal bool Has(string key) => _values.ContainsKey(key);

        internal CatalogueException Error(string key, string reason) => CatalogueReader.Error(File, _values.GetValueOrDefault(key) ?? _node, $"{key}: {reason}");

        internal Keys Under(string key, string[] allowed) => new(File, _values[key], allowed);

        internal string Text(string key) => Text(key, _values.GetValueOrDefault(key) ?? throw Error(key, "is missing"));

        internal int Number(string key, int min, int max) => Number(key, _values.GetValueOrDefault(key) ?? throw Error(key, "is missing"), min, max);

        internal int Number(string key, YamlNode value, int min, int max) =>
            int.TryParse(Text(key, value), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
                ? number
                : throw Error(key, $"a number from {min} to {max} is expected");

        internal T OneOf<T>(string key, Func<string, T?> find)
            where T : struct
            => find(Text(key)) ?? throw Error(key, $"{Text(key)} is not known");

        internal IReadOnlyList<YamlNode> List(string key, bool required)
        {
            if (!_values.TryGetValue(key, out var value))
                return required ? throw Error(key, "is missing") : [];

            return value is YamlSequenceNode list ? [.. list] : throw Error(key, "a list is expected");
        }

        /// <summary>One text or a list of texts.</summary>
        internal IReadOnlyList<string> Texts(string key, bool required)
        {
            if (!_values.TryGetValue(key, out var value))
                return required ? throw Error(key, "is missing") : [];

            if (value is not YamlSequenceNode list)
                return [Text(key, value)];

            return list.Any() ? [.. list.Select(item => Text(key, item))] : throw Error(key, "the list is empty");
        }

        private string Text(string key, YamlNode value) =>
            value is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Error(key, "a text is expected");
    }
}
