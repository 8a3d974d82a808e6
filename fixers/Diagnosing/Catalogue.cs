using System.Reflection;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Everything that is known about failures, as data. Unchangeable and safe for many threads.</summary>
public sealed class Catalogue
{
    private const int LongestFile = 4 * 1024 * 1024;

    private static readonly Lazy<Catalogue> EmbeddedCatalogue = new(LoadEmbedded);

    private readonly Dictionary<string, CatalogueEntry> _byId;
    private readonly Lazy<SignatureIndex> _index;

    private Catalogue(IEnumerable<CatalogueEntry> entries)
    {
        _byId = new(StringComparer.Ordinal);
        foreach (var entry in entries)
            _byId[entry.Id] = entry;

        Entries = [.. _byId.Values.OrderBy(entry => entry.Id, StringComparer.Ordinal)];
        _index = new(() => new SignatureIndex(Entries));
    }

    /// <summary>The catalogue that the bot is delivered with.</summary>
    public static Catalogue Embedded => EmbeddedCatalogue.Value;

    /// <summary>Sorted by id.</summary>
    public IReadOnlyList<CatalogueEntry> Entries { get; }

    internal SignatureIndex Index => _index.Value;

    public CatalogueEntry? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Reads catalogue files; an entry of a later file replaces one with the same id in an earlier file.</summary>
    /// <exception cref="CatalogueException">Something in a file is not as it must be: names file, line, key and reason.</exception>
    public static Catalogue Load(IEnumerable<(string Name, string Text)> files) =>
        new(files.SelectMany(file => CatalogueReader.Read(file.Name, file.Text, isTrusted: false)));

    /// <summary>The embedded catalogue with the <c>*.yaml</c> files of a folder, in order of their names: their entries are added, or replace embedded ones of the same id.</summary>
    /// <param name="refused">Called for each file that is not as it must be; it is left out as a whole.</param>
    public static Catalogue WithFolder(string folder, Action<CatalogueException> refused)
    {
        List<CatalogueEntry> added = [];
        foreach (var file in (Directory.Exists(folder) ? Directory.GetFiles(folder, "*.yaml") : []).Order(StringComparer.Ordinal))
        {
            try
            {
                if (new FileInfo(file).Length > LongestFile)
                    throw new CatalogueException(file, 1, $"the file is longer than {LongestFile} bytes");

                added.AddRange(CatalogueReader.Read(file, File.ReadAllText(file), isTrusted: false));
            }
            catch (CatalogueException bad)
            {
                refused(bad);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                refused(new CatalogueException(file, 1, $"cannot be read: {unreadable.Message}"));
            }
        }

        return added.Count == 0 ? Embedded : new Catalogue(Embedded.Entries.Concat(added));
    }

    /// <summary>Name and text of the embedded files.</summary>
    public static IReadOnlyList<(string Name, string Text)> EmbeddedFiles()
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

    private static Catalogue LoadEmbedded() => new(EmbeddedFiles().AsParallel().AsOrdered().SelectMany(file => CatalogueReader.Read(file.Name, file.Text, isTrusted: true)));

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
