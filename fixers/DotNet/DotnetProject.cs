using System.Text.RegularExpressions;

namespace QMoi.Fixers.DotNet;

/// <summary>An SDK-style project file or a file of central versions, edited as text so that its layout stays.</summary>
internal sealed partial class DotnetProject
{
    private DotnetProject(TextFile file) => File = file;

    public TextFile File { get; }

    public string Path => File.Path;

    public string Folder => FolderOf(Path);

    private string Text => string.Join('\n', File.Lines);

    public bool IsSdkStyle => SdkStyle().IsMatch(Text);

    public bool IsWeb => Text.Contains("Microsoft.NET.Sdk.Web", StringComparison.Ordinal);

    /// <summary>Targets only the old framework or the standard, which lack much of what is new.</summary>
    public bool IsOld => OldFramework().IsMatch(Text);

    public bool HasImplicitUsings => ImplicitUsings().IsMatch(Text);

    public static async Task<DotnetProject?> ReadAsync(ICheckout checkout, string path, CancellationToken cancellationToken) =>
        await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file ? new DotnetProject(file) : null;

    /// <summary>The project that a message names at its end, else the only one in the nearest folder above the source file.</summary>
    public static async Task<DotnetProject?> OfAsync(ICheckout checkout, string? named, string source, CancellationToken cancellationToken)
    {
        // Projects for several frameworks are named with the framework behind two colons.
        if (named?.Split("::")[0] is { Length: > 0 } logged && logged.EndsWith("proj", StringComparison.Ordinal)
            && await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is { } path)
            return await ReadAsync(checkout, path, cancellationToken);
        for (var folder = FolderOf(source); ; folder = FolderOf(folder))
        {
            var projects = (await checkout.ListAsync(folder, cancellationToken)).Where(entry => !entry.IsFolder && entry.Path.EndsWith(".csproj", StringComparison.Ordinal)).ToList();
            if (projects.Count > 0)
                return projects is [var only] ? await ReadAsync(checkout, only.Path, cancellationToken) : null;
            if (folder.Length == 0)
                return null;
        }
    }

    /// <summary>The nearest file of the name in the project's folder or above it, as MSBuild looks for it.</summary>
    public async Task<DotnetProject?> AboveAsync(ICheckout checkout, string name, CancellationToken cancellationToken)
    {
        for (var folder = Folder; ; folder = FolderOf(folder))
        {
            if (await ReadAsync(checkout, CheckoutPaths.Join(folder, name), cancellationToken) is { } found)
                return found;
            if (folder.Length == 0)
                return null;
        }
    }

    public static string FolderOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "";

    public bool ManagesVersionsCentrally => CentralSwitch().IsMatch(Text);

    /// <summary>The items of a kind with their versions (<c>null</c> without one).</summary>
    public IEnumerable<(string Name, string? Version, int Line)> Items(string kind)
    {
        for (var number = 1; number <= File.Count; number++)
        {
            if (Item(kind, File[number]) is not { } name)
                continue;
            var version = VersionAttribute().Match(File[number]) is { Success: true } attribute ? attribute.Groups["version"].Value : null;
            for (var inner = number; version is null && !IsEnd(File[inner], kind) && inner < File.Count; inner++)
                version = VersionElement().Match(File[inner + 1]) is { Success: true } element ? element.Groups["version"].Value : null;
            yield return (name, version, number);
        }
    }

    public string? VersionOf(string kind, string name) => Items(kind).FirstOrDefault(item => item.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Version;

    public bool Has(string kind, string name) => Items(kind).Any(item => item.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Paths in the repository of the projects it refers to.</summary>
    public IEnumerable<string> References() => Items("ProjectReference").Select(item => Resolve(Folder, item.Name)).OfType<string>();

    /// <summary>The path that a relative one names from a folder of the repository; <c>null</c> outside of it or with variables.</summary>
    public static string? Resolve(string folder, string relative)
    {
        if (relative.Contains('$', StringComparison.Ordinal) || relative.Contains('*', StringComparison.Ordinal))
            return null;
        var parts = folder.Length == 0 ? [] : folder.Split('/').ToList();
        foreach (var part in relative.Replace('\\', '/').Split('/'))
        {
            if (part == ".." && parts.Count == 0)
                return null;
            if (part == "..")
                parts.RemoveAt(parts.Count - 1);
            else if (part is not ("" or "."))
                parts.Add(part);
        }

        return string.Join('/', parts);
    }

    public static string Relative(string folder, string path)
    {
        string[] from = folder.Length == 0 ? [] : folder.Split('/');
        var to = path.Split('/');
        var same = 0;
        while (same < from.Length && same < to.Length - 1 && from[same] == to[same])
            same++;
        return string.Join('/', Enumerable.Repeat("..", from.Length - same).Concat(to[same..]));
    }

    /// <summary>Adds an item beside those of its kind, sorted where they are, else in a group of its own at the end. <c>false</c> where the file is laid out otherwise.</summary>
    public bool TryAdd(string kind, string name, string attributes)
    {
        var text = $"<{kind} Include=\"{name}\"{attributes} />";
        var items = Items(kind).Where(item => !InCondition(item.Line)).ToList();
        if (items.Count > 0)
        {
            var group = items.Where(item => items.TrueForAll(other => other.Line >= item.Line || SameGroup(other.Line, item.Line))).ToList();
            var before = group.FindLast(item => string.Compare(item.Name, name, StringComparison.OrdinalIgnoreCase) < 0);
            if (before.Line == 0)
            {
                File.Insert(group[0].Line, File.Indent(group[0].Line) + text);
                return true;
            }

            var end = before.Line;
            while (!IsEnd(File[end], kind) && end < File.Count)
                end++;
            File.Insert(end + 1, File.Indent(before.Line) + text);
            return true;
        }

        var last = File.Count;
        while (last > 0 && !File[last].Contains("</Project>", StringComparison.Ordinal))
            last--;
        if (last < 2 || File[last].Trim() != "</Project>")
            return false;
        var indent = Enumerable.Range(1, File.Count).Select(File.Indent).FirstOrDefault(space => space.Length > 0) ?? "  ";
        string[] lines = [indent + "<ItemGroup>", indent + indent + text, indent + "</ItemGroup>"];
        File.Insert(last, File[last - 1].Trim().Length == 0 ? [.. lines, ""] : HasBlankLines(last) ? ["", .. lines] : lines);
        return true;
    }

    private bool HasBlankLines(int end) => Enumerable.Range(1, end - 1).Any(number => File[number].Trim().Length == 0);

    private bool SameGroup(int one, int other)
    {
        for (var number = Math.Min(one, other); number < Math.Max(one, other); number++)
            if (File[number].Contains("</ItemGroup>", StringComparison.Ordinal))
                return false;
        return true;
    }

    private bool InCondition(int line)
    {
        for (var number = line; number > 0; number--)
        {
            if (File[number].Contains("Condition", StringComparison.Ordinal))
                return true;
            if (File[number].Contains("<ItemGroup", StringComparison.Ordinal))
                return false;
        }

        return false;
    }

    private static string? Item(string kind, string line) =>
        AnyItem().Match(line) is { Success: true } match && match.Groups["kind"].Value == kind ? match.Groups["name"].Value : null;

    private static bool IsEnd(string line, string kind) => line.Contains("/>", StringComparison.Ordinal) || line.Contains($"</{kind}>", StringComparison.Ordinal);

    [GeneratedRegex("""^\s*<(?<kind>\w+)\s[^>]*?\bInclude\s*=\s*["'](?<name>[^"']+)["']""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex AnyItem();

    [GeneratedRegex("""\bVersion\s*=\s*["'](?<version>[^"']*)["']""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionAttribute();

    [GeneratedRegex("""^\s*<Version>(?<version>[^<]*)</Version>""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionElement();

    [GeneratedRegex("""<Project\s[^>]*\bSdk\s*=|<Sdk\s""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SdkStyle();

    [GeneratedRegex(@"<TargetFrameworks?>[^<]*\bnet(?:standard\d|4\d)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OldFramework();

    [GeneratedRegex(@"<ImplicitUsings>\s*(?:enable|true)\s*<", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex ImplicitUsings();

    [GeneratedRegex(@"<ManagePackageVersionsCentrally>\s*true\s*<", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex CentralSwitch();
}
