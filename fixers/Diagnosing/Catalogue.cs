using System.Reflection;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Everything that is known about failures, as data. Unchangeable and safe for many threads.</summary>
public sealed class Catalogue
{
    private static readonly Lazy<Catalogue> EmbeddedCatalogue = new(LoadEmbedded);

    private readonly Dictionary<string, CatalogueEntry> _byId;
    private readonly Lazy<SignatureIndex> _index;

    private Catalogue(IReadOnlyList<CatalogueEntry> entries)
    {
        Entries = entries;
        _byId = entries.ToDictionary(entry => entry.Id, StringComparer.Ordinal);
        _index = new(() => new SignatureIndex(entries));
    }

    /// <summary>The catalogue that the bot is delivered with.</summary>
    public static Catalogue Embedded => EmbeddedCatalogue.Value;

    /// <summary>Sorted by id.</summary>
    public IReadOnlyList<CatalogueEntry> Entries { get; }

    internal SignatureIndex Index => _index.Value;

    public CatalogueEntry? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Reads catalogue files; an entry of a later file replaces one with the same id in an earlier file.</summary>
    /// <exception cref="CatalogueException">Something in a file is not as it must be: names file, line, key and reason.</exception>
    public static Catalogue Load(IEnumerable<(string name, string yaml)> files)
    {
        var entries = new SortedDictionary<string, CatalogueEntry>(StringComparer.Ordinal);
        foreach (var (name, yaml) in files)
        {
            foreach (var entry in CatalogueReader.Read(name, yaml))
                entries[entry.Id] = entry;
        }

        return new Catalogue([.. entries.Values]);
    }

    /// <summary>The text of the embedded files, to be loaded together with further ones.</summary>
    public static IReadOnlyList<(string name, string yaml)> EmbeddedFiles()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return
        [
            .. assembly.GetManifestResourceNames()
                .Where(name => name.StartsWith("catalogue/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name => (name, ReadResource(assembly, name))),
        ];
    }

    private static Catalogue LoadEmbedded() => Load(EmbeddedFiles());

    private static string ReadResource(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"resource {name} is missing");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>A catalogue file is not as it must be. The message names file, line, key and reason.</summary>
public sealed class CatalogueException(string file, long line, string reason) : Exception($"{file}:{line}: {reason}")
{
    public string File { get; } = file;
    public long Line { get; } = line;
    public string Reason { get; } = reason;
}
