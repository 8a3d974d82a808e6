using System.Text;
using System.Text.Json;

namespace QMoi.Fixers.Npm;

/// <summary>What a package.json says, and the replacing of one of its texts in place: everything else stays byte for byte.</summary>
internal sealed class PackageJson
{
    public const string Runtime = "dependencies";
    public const string Development = "devDependencies";
    private static readonly string[] Sections = [Runtime, Development, "optionalDependencies", "peerDependencies"];

    private readonly RepositoryFile file;
    private readonly Dictionary<(string Section, string Key), (string Value, int Start, int Length)> texts = [];
    private readonly Dictionary<string, string> plain = new(StringComparer.Ordinal);

    private PackageJson(RepositoryFile file) => this.file = file;

    public string Path => file.Path;
    public string? Name => plain.GetValueOrDefault("name");
    public string? PackageManager => plain.GetValueOrDefault("packageManager");
    public bool IsModule => plain.GetValueOrDefault("type") == "module";
    public bool HasType => plain.ContainsKey("type");

    /// <summary>The whole text, for rules that ask whether a name is used anywhere in it.</summary>
    public string Text => Encoding.UTF8.GetString(file.Content.Span);

    public RepositoryFile File => file;

    /// <returns><c>null</c> where there is none or it is not valid JSON.</returns>
    public static async Task<PackageJson?> ReadAsync(ICheckout checkout, string folder, CancellationToken cancellationToken) =>
        await checkout.ReadAsync(CheckoutPaths.Join(folder, "package.json"), cancellationToken) is { } file ? Of(file) : null;

    public static PackageJson? Of(RepositoryFile file)
    {
        var package = new PackageJson(file);
        try
        {
            return package.Scan() ? package : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The keys and values of an object at the top, such as <c>scripts</c>.</summary>
    public IReadOnlyDictionary<string, string> Section(string section) =>
        texts.Where(text => text.Key.Section == section).ToDictionary(text => text.Key.Key, text => text.Value.Value, StringComparer.Ordinal);

    /// <summary>Under which key a package is listed, e.g. <c>devDependencies</c>.</summary>
    public string? SectionOf(string dependency) => Array.Find(Sections, section => texts.ContainsKey((section, dependency)));

    public string? RangeOf(string dependency) => SectionOf(dependency) is { } section ? texts[(section, dependency)].Value : null;

    public IEnumerable<string> Dependencies => texts.Keys.Where(key => Sections.Contains(key.Section, StringComparer.Ordinal)).Select(key => key.Key).Distinct(StringComparer.Ordinal);

    /// <summary>Every range is one exact version, so that a new one should be too.</summary>
    public bool IsExact =>
        texts.Where(text => text.Key.Section is Runtime or Development).Select(text => text.Value.Value).ToList() is { Count: > 0 } ranges
        && ranges.TrueForAll(range => range.Length > 0 && char.IsAsciiDigit(range[0]) && range.Count(character => character == '.') >= 2 && !range.Contains(' ', StringComparison.Ordinal) && !range.Contains('x', StringComparison.Ordinal));

    /// <returns><c>null</c> where the value is not written plainly.</returns>
    public FileEdit.Write? Replace(string section, string key, string value)
    {
        if (!texts.TryGetValue((section, key), out var text) || text.Length != Encoding.UTF8.GetByteCount(text.Value) || value.AsSpan().ContainsAny('"', '\\') || value.Any(char.IsControl))
            return null;
        var before = file.Content.Span;
        return new FileEdit.Write(file.Path, file.Content, (byte[])[.. before[..text.Start], .. Encoding.UTF8.GetBytes(value), .. before[(text.Start + text.Length)..]]);
    }

    private bool Scan()
    {
        var mark = file.Content.Span.StartsWith("\ufeff"u8) ? 3 : 0;
        var reader = new Utf8JsonReader(file.Content.Span[mark..]);
        var (section, key) = ("", "");
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray when reader.CurrentDepth == 0:
                    return false;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 1:
                    section = reader.GetString()!;
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 2:
                    key = reader.GetString()!;
                    break;
                case JsonTokenType.String when reader.CurrentDepth == 1:
                    plain[section] = reader.GetString()!;
                    break;
                case JsonTokenType.String when reader.CurrentDepth == 2 && key.Length > 0:
                    texts[(section, key)] = (reader.GetString()!, mark + (int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
                    break;
                case JsonTokenType.StartArray or JsonTokenType.StartObject when reader.CurrentDepth >= 1:
                    if (reader.CurrentDepth > 1 || reader.TokenType == JsonTokenType.StartArray)
                        reader.Skip();
                    key = "";
                    break;
            }
        }

        return true;
    }
}
