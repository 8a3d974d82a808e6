using System.Text.RegularExpressions;
using QMoi.Fixers.Diagnosing;
using YamlDotNet.RepresentationModel;

namespace QMoi.Bench;

/// <summary>The catalogue's own entries and copies of them with other words: the same kinds of patterns, sharing the catalogue's common words, about other things.</summary>
internal static partial class LargeCatalogue
{
    private const int CommonWord = 8;

    /// <param name="folder">Of the catalogue's YAML files.</param>
    public static Catalogue Create(string folder, int entries)
    {
        var files = Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal).Select(file => (Name: Path.GetFileName(file), Text: File.ReadAllText(file))).ToList();
        var originals = files.Sum(file => Entries(file.Text).Count());
        var common = files.SelectMany(file => Entries(file.Text)).SelectMany(Patterns).SelectMany(pattern => Words().Matches(pattern.Value!).Select(match => match.Groups["word"].Value).Distinct())
            .CountBy(word => word).Where(pair => pair.Value >= CommonWord).Select(pair => pair.Key).ToHashSet(StringComparer.Ordinal);
        var left = entries - originals;
        var copies = new List<(string Name, string Text)>();
        for (var copy = 1; left > 0; copy++)
            foreach (var (name, text) in files)
            {
                var taken = Entries(text).Take(left).ToList();
                left -= taken.Count;
                if (taken.Count > 0)
                    copies.Add(($"{copy}-{name}", Copy(taken, copy, common)));
            }

        return Catalogue.Load(files.Concat(copies));
    }

    private static string Copy(List<YamlMappingNode> entries, int copy, HashSet<string> common)
    {
        foreach (var entry in entries)
        {
            var id = (YamlScalarNode)entry["id"];
            id.Value = $"{id.Value}-{copy}";
            foreach (var signature in ((YamlSequenceNode)entry["signatures"]).Children.Cast<YamlMappingNode>())
            {
                var pattern = (YamlScalarNode)signature["pattern"];
                pattern.Value = Reword(pattern.Value!, copy, common);

                // A keyword is a text of the lines that the pattern matches: it changes with them.
                if (signature.Children.TryGetValue("keyword", out var keyword))
                    foreach (var word in keyword is YamlSequenceNode list ? list.Children.Cast<YamlScalarNode>() : [(YamlScalarNode)keyword])
                        word.Value = AnyWord().Replace(word.Value!, match => Other(match.Value, copy));
            }
        }

        using var text = new StringWriter();
        new YamlStream(new YamlDocument(new YamlSequenceNode(entries))).Save(text, assignAnchors: false);
        return text.ToString().TrimEnd('.', '\r', '\n') + "\n";
    }

    private static string Reword(string pattern, int copy, HashSet<string> common)
    {
        // A branch of common words alone would match what the original matches.
        var isAnchored = pattern.StartsWith('^');
        var keepsCommon = !IsChoice(pattern) && Words().Matches(pattern).Any(match => match.Groups["word"].Length > 4 && !common.Contains(match.Groups["word"].Value));
        var changed = Words().Replace(pattern, match => !match.Groups["word"].Success || (keepsCommon && common.Contains(match.Value)) ? match.Value : Other(match.Value, copy));
        return changed != pattern ? changed : (isAnchored ? "^" : "") + Other("Anything", copy + pattern.Length) + ": " + (isAnchored ? pattern[1..] : pattern);
    }

    private static bool IsChoice(string pattern)
    {
        var depth = 0;
        foreach (var character in EscapesAndClasses().Replace(pattern, ""))
        {
            depth += character switch { '(' => 1, ')' => -1, _ => 0 };
            if (character == '|' && depth == 0)
                return true;
        }

        return false;
    }

    /// <summary>The same for the same word and copy, pronounceable, of the same length and case.</summary>
    private static string Other(string word, int copy)
    {
        var random = new Random(word.Aggregate(copy * 7919, (hash, letter) => unchecked((hash * 31) + letter)));
        return string.Concat(word.Select((letter, at) =>
        {
            var other = at % 2 == 0 ? "bcdfghjklmnpqrstvwz"[random.Next(19)] : "aeiou"[random.Next(5)];
            return char.IsUpper(letter) ? char.ToUpperInvariant(other) : other;
        }));
    }

    private static IEnumerable<YamlMappingNode> Entries(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return ((YamlSequenceNode)yaml.Documents[0].RootNode).Children.Cast<YamlMappingNode>();
    }

    private static IEnumerable<YamlScalarNode> Patterns(YamlMappingNode entry) =>
        ((YamlSequenceNode)entry["signatures"]).Children.Select(signature => (YamlScalarNode)signature["pattern"]);

    // Escapes, names of groups, options and character classes are passed over.
    [GeneratedRegex(@"\\u[0-9A-Fa-f]{4}|\\.|\(\?<\w+>|\(\?[imsnx-]+|\[(?:\\.|[^\]\\])*\]|(?<word>[A-Za-z]{4,})", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Words();

    [GeneratedRegex("[A-Za-z]{2,}", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex AnyWord();

    [GeneratedRegex(@"\\.|\[(?:\\.|[^\]\\])*\]", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex EscapesAndClasses();
}
