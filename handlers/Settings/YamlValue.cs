using System.Globalization;
using System.Text;
using System.Text.Json;
using QMoi.Fixers;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace QMoi.Handlers.Settings;

/// <summary>A value of a settings file with its line and the keys that lead to it, so that every complaint names both.</summary>
/// <remarks>Read from YamlDotNet's events: its tree takes aliases, which blow a small file up, and forgets where a key was first.</remarks>
internal sealed class YamlValue
{
    private const int MaxTextLength = 200;

    private string path = "";
    private long line;
    private string? text;
    private IReadOnlyList<YamlValue>? items;
    private IReadOnlyDictionary<string, (long Line, YamlValue Value)>? entries;

    private YamlValue() { }

    /// <summary><c>null</c> for a file without content.</summary>
    /// <exception cref="SettingsFileException">It is not YAML, or more than settings need.</exception>
    internal static YamlValue? Read(string yaml) => new Reading(yaml).Document();

    internal SettingsFileException Wrong(string what) => Complaint(line, path, what);

    /// <summary>The values by key, where none but the known ones may stand.</summary>
    internal Keys Map(params string[] known)
    {
        if (entries is null)
            throw Wrong($"{this} stands where keys and values are wanted");
        foreach (var (key, entry) in entries)
            if (!known.Contains(key))
                throw Complaint(entry.Line, Join(path, key), $"unknown key; did you mean '{Spelling.Nearest(key, known)}'?");
        return new(this);
    }

    internal IReadOnlyList<T> Each<T>(int least, int most, Func<YamlValue, T> read)
    {
        if (items is null)
            throw Wrong($"{this} stands where a list is wanted");
        return items.Count >= least && items.Count <= most ? [.. items.Select(read)] : throw Wrong($"{items.Count} entries are not {least} to {most}");
    }

    internal string Text(int maxLength = MaxTextLength)
    {
        var trimmed = text?.Trim();
        if (trimmed is null or "" || trimmed.Any(symbol => char.IsControl(symbol) && symbol != '\t'))
            throw Wrong($"{this} stands where one line of text is wanted");
        return trimmed.Length <= maxLength ? trimmed : throw Wrong($"{trimmed.Length} characters are more than {maxLength}");
    }

    internal bool Switch() => text switch { "true" => true, "false" => false, _ => throw Wrong($"{this} is not one of true, false") };

    internal int Number(int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number : throw Wrong($"{this} is not a whole number from {least} to {most}");

    internal string OneOf(params string[] names) => names.Contains(text) ? text! : throw Wrong($"{this} is not one of {string.Join(", ", names)}");

    /// <summary>One of the enum's names, written in snake case.</summary>
    internal T OneOf<T>()
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
        return Enum.GetValues<T>()[Array.IndexOf(names, OneOf(names))];
    }

    public override string ToString() => text is not null ? $"'{Shown(text)}'" : items is not null ? "a list" : "a map";

    /// <summary>A stranger's text, fit for one line of a comment.</summary>
    internal static string Shown(string text)
    {
        const int Most = 60;
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                continue;
            if (shown.Length >= Most)
                return shown.Append('…').ToString();
            shown.Append(rune);
        }
        return shown.ToString();
    }

    private static string Join(string path, string key) => path.Length == 0 ? Shown(key) : $"{path}.{Shown(key)}";

    private static SettingsFileException Complaint(long line, string path, string what) => new($"line {line}: {(path.Length == 0 ? "" : path + ": ")}{what}");

    /// <summary>The keys of one map; those that are absent read as <c>null</c>.</summary>
    internal readonly struct Keys(YamlValue map)
    {
        internal YamlValue? this[string key] => map.entries!.TryGetValue(key, out var entry) ? entry.Value : null;

        internal YamlValue Required(string key) => this[key] ?? throw map.Wrong($"the key '{key}' is missing");
    }

    private sealed class Reading(string yaml)
    {
        private const int MaxValues = 2_500;
        private const int MaxDepth = 16;
        private readonly Parser parser = new(new StringReader(yaml));
        private int values;

        internal YamlValue? Document()
        {
            try
            {
                parser.Consume<StreamStart>();
                if (!parser.TryConsume<DocumentStart>(out _))
                    return null;
                var root = Next("", depth: 0);
                parser.Consume<DocumentEnd>();
                return parser.Accept<StreamEnd>(out var more) ? root : throw Complaint(parser.Current!.Start.Line, "", "a second YAML document begins; only one is read");
            }
            catch (YamlException exception)
            {
                var hint = exception.Message.Contains("anchor", StringComparison.Ordinal) || exception.Message.Contains(" tag", StringComparison.Ordinal) ? " (text that begins with * & or ! needs quotes)" : "";
                throw Complaint(exception.Start.Line, "", exception.Message + hint);
            }
            catch (Exception exception) when (OutsideYaml.MistakeOf(exception) is not null)
            {
                throw Complaint(parser.Current?.End.Line ?? 1, "", "from here on it is not valid YAML");
            }
        }

        private YamlValue Next(string path, int depth)
        {
            parser.Accept<NodeEvent>(out _);
            var line = parser.Current!.Start.Line;
            if (parser.Accept<AnchorAlias>(out _))
                throw Complaint(line, path, "aliases are not read here; text that begins with * needs quotes");
            if (parser.Current is NodeEvent { Tag: { IsEmpty: false, IsLocal: true } tag })
                throw Complaint(line, path, $"'{Shown(tag.ToString())}' is a tag to YAML; text that begins with ! needs quotes");
            if (depth > MaxDepth)
                throw Complaint(line, "", $"lists and maps are nested more than {MaxDepth} deep");
            if (++values > MaxValues)
                throw Complaint(line, "", $"more than {MaxValues} values");

            if (parser.TryConsume<Scalar>(out var scalar))
                return new() { path = path, line = line, text = scalar.Value };
            if (parser.TryConsume<SequenceStart>(out _))
                return new() { path = path, line = line, items = Items(path, depth) };
            parser.Consume<MappingStart>();
            return new() { path = path, line = line, entries = Entries(path, depth) };
        }

        private List<YamlValue> Items(string path, int depth)
        {
            var items = new List<YamlValue>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(Next($"{path}[{items.Count}]", depth + 1));
            return items;
        }

        private Dictionary<string, (long Line, YamlValue Value)> Entries(string path, int depth)
        {
            var entries = new Dictionary<string, (long Line, YamlValue Value)>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                if (!parser.TryConsume<Scalar>(out var key))
                    throw Complaint(parser.Current!.Start.Line, path, "a key has to be one word");
                var keyPath = Join(path, key.Value);
                if (entries.TryGetValue(key.Value, out var first))
                    throw Complaint(key.Start.Line, keyPath, $"duplicate key; it stands in line {first.Line} already");
                entries.Add(key.Value, (key.Start.Line, Next(keyPath, depth + 1)));
            }
            return entries;
        }
    }
}

/// <summary>A mistake in a settings file, in one line for people.</summary>
internal sealed class SettingsFileException(string message) : Exception(message);
