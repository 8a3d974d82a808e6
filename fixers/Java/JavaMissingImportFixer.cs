using System.Text.RegularExpressions;

namespace QMoi.Fixers.Java;

/// <summary>
/// A class that a Java file uses without importing it. Imports the class of the same module that the repository declares once, a well-known one of the JDK, or the one that
/// all other files of the repository import under that name. Unsafe where the name may mean several classes, where it was renamed, or where methods are missing too.
/// </summary>
public sealed partial class JavaMissingImportFixer : IFixer
{
    private const int MostFiles = 600;

    public string FailureId => "java-missing-import";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // The line of the error names the place, the one below it the symbol and, by what stands above, the place too.
        var symbols = diagnosis with { Matches = [.. diagnosis.Matches.Where(match => match.Captures.ContainsKey("name"))] };
        var found = await NamedPlaces.FindAsync(symbols, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        if (found.Places.FirstOrDefault(place => place.Capture("kind") is not ("class" or "variable") || !char.IsAsciiLetterUpper(place.Capture("name")!.FirstOrDefault())) is { } other)
            return new FixResult.Declined($"`{other.Capture("name")}` in `{other.File.Path}` is no class that an import could bring");

        List<TextFile>? sources = null;
        var added = new SortedDictionary<string, (TextFile File, SortedSet<string> Names)>(StringComparer.Ordinal);
        foreach (var place in found.Places)
        {
            var (file, simple) = (place.File, place.Capture("name")!);
            if (!file.Path.EndsWith(".java", StringComparison.Ordinal))
                return new FixResult.Declined($"`{file.Path}` is no Java file");
            if (JavaImports.Of(file, simple) is { } present)
                return new FixResult.Declined($"`{file.Path}` imports `{present}`, which does not exist");
            sources ??= await ReadAsync(checkout, cancellationToken);
            var (name, refusal) = NameOf(simple, file, sources);
            if (name is null)
                return new FixResult.Declined(refusal!);
            if (!added.TryGetValue(file.Path, out var entry))
                added[file.Path] = entry = (file, new SortedSet<string>(StringComparer.Ordinal));
            entry.Names.Add(name);
        }

        foreach (var (file, names) in added.Values)
            foreach (var name in names)
                JavaImports.Add(file, name);
        return new FixResult.Fixed(
            new Patch([.. added.Values.Select(entry => entry.File.ToEdit())]),
            $"Imported {string.Join(", ", added.Values.SelectMany(entry => entry.Names).Distinct(StringComparer.Ordinal).Select(name => $"`{name}`"))} in {string.Join(", ", added.Keys.Select(path => $"`{path}`"))}.");
    }

    private static (string? Name, string? Refusal) NameOf(string simple, TextFile file, List<TextFile> sources)
    {
        var declared = sources.Where(source => IsDeclaredIn(source, simple)).ToList();
        var imported = sources.Where(source => source.Path != file.Path).Select(source => JavaImports.Of(source, simple)).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var known = JavaTypes.PackageOf(simple);
        var candidates = declared.Select(source => $"{JavaImports.PackageOf(source)}.{simple}").Concat(imported).Append(known is null ? null : $"{known}.{simple}").OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (candidates is not [var only])
            return (null, candidates.Count == 0 ? $"`{simple}` is no class of the JDK that is known by its name alone, and the repository neither declares nor imports it" : $"`{simple}` may be any of {string.Join(", ", candidates.Select(name => $"`{name}`"))}");
        if (declared.Count == 0)
            return (only, null);
        if (only.StartsWith('.') || JavaImports.PackageOf(declared[0]) == JavaImports.PackageOf(file))
            return (null, $"`{simple}` is in the same package; it is missing for another reason");
        // Whether one module may see another is the build's to say, unless a file of it does so already.
        var isSeen = sources.Any(source => source.Path != file.Path && Module(source.Path) == Module(file.Path) && JavaImports.Of(source, simple) == only);
        return isSeen || Sees(Module(file.Path), Module(declared[0].Path)) ? (only, null) : (null, $"`{only}` is declared in another module (`{declared[0].Path}`)");
    }

    private static bool IsDeclaredIn(TextFile source, string simple) =>
        source.Path.EndsWith($"/{simple}.java", StringComparison.Ordinal) && source.Lines.Any(line => PublicType().Match(line) is { Success: true } match && match.Groups["name"].Value == simple);

    // What stands before java/ in src/main/java/org/acme; tests see what they test.
    private static string Module(string path)
    {
        var parts = path.Split('/');
        var source = Array.IndexOf(parts, "src");
        return source < 0 ? "" : string.Join('/', parts[..Math.Min(source + (parts.Length > source + 2 && parts[source + 2] == "java" ? 2 : 1), parts.Length)]);
    }

    private static bool Sees(string from, string to) => from == to || (to.EndsWith("src/main", StringComparison.Ordinal) && from.StartsWith(to[..^"main".Length], StringComparison.Ordinal));

    private static async Task<List<TextFile>> ReadAsync(ICheckout checkout, CancellationToken cancellationToken)
    {
        var read = new List<TextFile>();
        foreach (var path in (await checkout.ListAllAsync(cancellationToken)).Where(path => path.EndsWith(".java", StringComparison.Ordinal)).Take(MostFiles))
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file)
                read.Add(file);
        return read;
    }

    [GeneratedRegex(@"^\s*public\s+(?:(?:final|abstract|sealed|non-sealed|strictfp|static)\s+)*(?:class|interface|enum|record|@interface)\s+(?<name>\w+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PublicType();
}
