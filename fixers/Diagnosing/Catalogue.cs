using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Every known failure. Read from YAML files; an unknown key, a missing one or a bad value is an error that names file and line.</summary>
public sealed class Catalogue
{
    private static readonly Lazy<Catalogue> LazyEmbedded = new(LoadEmbedded);
    private static readonly FrozenSet<string> EntryKeys = FrozenSet.Create(StringComparer.Ordinal,
        "id", "title", "category", "priority", "signatures", "transient", "action", "may_change", "approval", "summary", "next", "order", "sample", "look_alike");
    private static readonly FrozenSet<string> SignatureKeys = FrozenSet.Create(StringComparer.Ordinal, "pattern", "groups", "keyword", "detail");

    private readonly FrozenDictionary<string, CatalogueEntry> _byId;

    private Catalogue(IReadOnlyList<CatalogueEntry> entries)
    {
        Entries = entries;
        _byId = entries.ToFrozenDictionary(entry => entry.Id, StringComparer.Ordinal);
    }

    /// <summary>The catalogue that ships in this assembly.</summary>
    public static Catalogue Embedded => LazyEmbedded.Value;

    public IReadOnlyList<CatalogueEntry> Entries { get; }

    public CatalogueEntry? Find(string id) => _byId.GetValueOrDefault(id);

    /// <exception cref="FormatException">The text is not a valid catalogue.</exception>
    public static Catalogue Parse(IEnumerable<(string Name, string Text)> files)
    {
        var entries = new List<CatalogueEntry>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, text) in files)
        {
            foreach (var (node, entry) in ParseFile(name, text))
            {
                if (!ids.Add(entry.Id))
                    throw Bad(name, node, $"id '{entry.Id}' is used twice");
                entries.Add(entry);
            }
        }

        return new Catalogue(entries);
    }

    private static Catalogue LoadEmbedded()
    {
        var assembly = typeof(Catalogue).Assembly;
        var names = assembly.GetManifestResourceNames().Where(name => name.StartsWith("catalogue/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return Parse(names.Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return (name, reader.ReadToEnd());
        }));
    }

    private static IEnumerable<(YamlNode Node, CatalogueEntry Entry)> ParseFile(string name, string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            throw new FormatException($"{name}, line {exception.Start.Line}: {exception.Message}", exception);
        }

        if (yaml.Documents is not [{ RootNode: YamlSequenceNode entries }])
            throw new FormatException($"{name}: must be one list of entries");
        foreach (var node in entries)
            yield return (node, ParseEntry(name, node));
    }

    private static CatalogueEntry ParseEntry(string file, YamlNode node)
    {
        var map = Map(file, node, EntryKeys);
        var signatures = Items(file, node, map, "signatures").Select(item => ParseSignature(file, item)).ToList();
        if (!signatures.Exists(signature => !signature.IsDetail))
            throw Bad(file, node, "'signatures' needs one that is not a detail");
        var priority = Choice(file, node, map, "priority", value => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 100 ? number : (int?)null, "1 to 100");
        return new CatalogueEntry
        {
            Id = Text(file, node, map, "id"),
            Title = Text(file, node, map, "title"),
            Category = Choice(file, node, map, "category", value => Named<FailureCategory>(value, FailureCategories.Name), "a failure category in snake_case"),
            Priority = priority,
            Signatures = signatures,
            IsTransient = Choice(file, node, map, "transient", Flag, "true or false"),
            Action = Choice(file, node, map, "action", value => Named<FailureAction>(value, FailureCategories.Name), "explain, retry, edit, run or llm"),
            MayChange = map.ContainsKey("may_change") ? [.. Items(file, node, map, "may_change").Select(item => Scalar(file, item))] : [],
            MayBeAutomatic = Choice(file, node, map, "approval", value => value switch { "auto" => true, "required" => false, _ => (bool?)null }, "auto or required"),
            Summary = Text(file, node, map, "summary"),
            Next = Text(file, node, map, "next"),
            IsLastMatchCause = Choice(file, node, map, "order", value => value switch { "first" => false, "last" => true, _ => (bool?)null }, "first or last"),
            Sample = Text(file, node, map, "sample"),
            LookAlike = map.TryGetValue("look_alike", out var alike) ? Scalar(file, alike) : "",
        };
    }

    private static Signature ParseSignature(string file, YamlNode node)
    {
        var map = Map(file, node, SignatureKeys);
        var pattern = Text(file, node, map, "pattern");
        var groups = map.ContainsKey("groups") ? Items(file, node, map, "groups").Select(item => Scalar(file, item)).ToList() : [];
        var count = GroupCount(file, node, pattern);
        if (count != groups.Count)
            throw Bad(file, node, $"the pattern has {count} groups, 'groups' names {groups.Count}");
        var keywords = map.TryGetValue("keyword", out var keyword) && keyword is YamlScalarNode ? [keyword] : Items(file, node, map, "keyword");
        return new Signature(pattern, [.. keywords.Select(item => Scalar(file, item))], groups, map.ContainsKey("detail") && Choice(file, node, map, "detail", Flag, "true or false"));
    }

    private static int GroupCount(string file, YamlNode node, string pattern)
    {
        try
        {
            // Only to check it: the one that matches is built when its keyword is first seen.
            return new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)).GetGroupNumbers().Length - 1;
        }
        catch (ArgumentException exception)
        {
            throw Bad(file, node, exception.Message);
        }
    }

    private static bool? Flag(string value) => value switch { "true" => true, "false" => false, _ => null };

    private static T? Named<T>(string value, Func<T, string> name)
        where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
            if (name(candidate) == value)
                return candidate;
        return null;
    }

    private static T Choice<T>(string file, YamlNode node, Dictionary<string, YamlNode> map, string key, Func<string, T?> parse, string expected)
        where T : struct =>
        parse(Text(file, node, map, key)) ?? throw Bad(file, map[key], $"'{key}' must be {expected}");

    private static Dictionary<string, YamlNode> Map(string file, YamlNode node, FrozenSet<string> known)
    {
        if (node is not YamlMappingNode mapping)
            throw Bad(file, node, "must be a mapping");
        var map = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        foreach (var (key, value) in mapping.Children)
        {
            var name = Scalar(file, key);
            if (!known.Contains(name))
                throw Bad(file, key, $"unknown key '{name}'");
            map[name] = value;
        }

        return map;
    }

    private static IReadOnlyList<YamlNode> Items(string file, YamlNode node, Dictionary<string, YamlNode> map, string key) =>
        map.TryGetValue(key, out var value) && value is YamlSequenceNode { Children.Count: > 0 } list ? [.. list] : throw Bad(file, value ?? node, $"'{key}' must be a list with something in it");

    private static string Text(string file, YamlNode node, Dictionary<string, YamlNode> map, string key) =>
        map.TryGetValue(key, out var value) ? Scalar(file, value) : throw Bad(file, node, $"'{key}' is missing");

    private static string Scalar(string file, YamlNode node) =>
        node is YamlScalarNode { Value: { Length: > 0 } value } ? value : throw Bad(file, node, "must be text");

    private static FormatException Bad(string file, YamlNode node, string message) => new($"{file}, line {node.Start.Line}: {message}");
}
