using System.Xml;
using System.Xml.Linq;

namespace QMoi.Handlers.Tools;

/// <summary>The package sources that this machine's NuGet is configured with, read from the settings of the user and the machine; those of repositories take no part.</summary>
public static class NugetConfiguration
{
    private const string Default = "https://api.nuget.org/v3/index.json";

    /// <summary>Hosts of the sources that are switched on; NuGet's own where nobody has set any.</summary>
    public static IReadOnlyList<RegistryHost> Hosts() => Hosts(Files());

    /// <param name="files">Settings files, the one with the last word last; those that are missing or no XML say nothing.</param>
    public static IReadOnlyList<RegistryHost> Hosts(IEnumerable<string> files)
    {
        var sources = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var isSet = false;
        var off = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var root in files.Select(Load).OfType<XElement>())
        {
            foreach (var entry in root.Elements("packageSources").Elements())
            {
                isSet = true;
                if (entry.Name.LocalName == "clear") sources.Clear();
                else if (Named(entry) is { } name && (string?)entry.Attribute("value") is { } value) sources[name] = value;
            }
            foreach (var entry in root.Elements("disabledPackageSources").Elements())
                if (Named(entry) is { } name && string.Equals((string?)entry.Attribute("value"), "true", StringComparison.OrdinalIgnoreCase)) off.Add(name);
        }
        var addresses = isSet ? sources.Where(source => !off.Contains(source.Key)).Select(source => source.Value) : [Default];
        return [.. addresses.Select(Host).OfType<RegistryHost>().Distinct()];
    }

    // The machine's before the user's, which so have the last word.
    private static IEnumerable<string> Files()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var folder in (string[])["/etc/opt/NuGet/Config", Path.Combine(home, ".nuget", "config"), Path.Combine(home, ".config", "NuGet", "config")])
            if (Directory.Exists(folder))
                foreach (var file in Directory.EnumerateFiles(folder, "*.config").Order(StringComparer.Ordinal)) yield return file;
        yield return Path.Combine(home, ".config", "NuGet", "NuGet.Config");
        yield return Path.Combine(home, ".nuget", "NuGet", "NuGet.Config");
    }

    private static XElement? Load(string file)
    {
        try
        {
            return File.Exists(file) ? XDocument.Load(file).Root : null;
        }
        catch (Exception exception) when (exception is XmlException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Named(XElement entry) => entry.Name.LocalName == "add" ? (string?)entry.Attribute("key") : null;

    private static RegistryHost? Host(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? new RegistryHost(url.IdnHost, url.Port) : null;
}
