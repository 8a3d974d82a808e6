using System.Text.RegularExpressions;

namespace QMoi.Fixers.DotNet;

/// <summary>Where the repository itself declares types and namespaces.</summary>
internal sealed partial class CsharpDeclarations
{
    private const int MostFiles = 600;

    private readonly List<TextFile> files;

    private CsharpDeclarations(List<TextFile> files, IReadOnlyList<string> projects)
    {
        this.files = files;
        Projects = projects;
    }

    /// <summary>Paths of all C# projects.</summary>
    public IReadOnlyList<string> Projects { get; }

    /// <summary>In a repository with very many files only the projects are looked for.</summary>
    public static async Task<CsharpDeclarations> ReadAsync(ICheckout checkout, CancellationToken cancellationToken)
    {
        var paths = await checkout.ListAllAsync(cancellationToken);
        var sources = paths.Where(path => path.EndsWith(".cs", StringComparison.Ordinal) && !path.Split('/').Any(part => part is "bin" or "obj")).ToList();
        var read = new List<TextFile>();
        foreach (var path in sources.Count > MostFiles ? [] : sources)
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file)
                read.Add(file);
        return new CsharpDeclarations(read, [.. paths.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))]);
    }

    /// <summary>Namespaces that declare the type at their top level, each with a file.</summary>
    public IReadOnlyList<(string Space, string Path, bool IsPublic)> Of(string type) =>
    [
        .. from file in files
           let declaration = Find(file, type)
           where declaration is not null
           group (declaration.Value.Space, file.Path, declaration.Value.IsPublic) by declaration.Value.Space into same
           select same.First(),
    ];

    /// <summary>Files that declare something in the namespace, or in one below it.</summary>
    public IEnumerable<string> In(string space) =>
        files.Where(file => file.Lines.Any(line => Namespace().Match(line) is { Success: true } match
            && (match.Groups["space"].Value == space || match.Groups["space"].Value.StartsWith(space + ".", StringComparison.Ordinal)))).Select(file => file.Path);

    private static (string Space, bool IsPublic)? Find(TextFile file, string type)
    {
        var space = "";
        var depth = 0;
        var top = 0;
        foreach (var line in file.Lines)
        {
            if (Namespace().Match(line) is { Success: true } match)
            {
                space = match.Groups["space"].Value;
                top = match.Groups["end"].Value == ";" ? 0 : 1;
            }
            else if (depth == top && Declaration().Match(line) is { Success: true } declared && declared.Groups["name"].Value == type && space.Length > 0)
            {
                return declared.Groups["file"].Success ? null : (space, declared.Groups["public"].Success);
            }

            depth += Depth(line);
        }

        return null;
    }

    // Braces in strings and comments come in pairs nearly always; where not, the type is not found, and nothing is done.
    private static int Depth(string line) => line.TrimStart().StartsWith("//", StringComparison.Ordinal) ? 0 : line.Count(character => character == '{') - line.Count(character => character == '}');

    [GeneratedRegex(@"^\s*namespace\s+(?<space>[A-Za-z_][\w.]*)\s*(?<end>[;{]?)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^\s*(?:\[[^\]]*\]\s*)*(?:(?:(?<public>public)|(?<file>file)|internal|static|sealed|abstract|partial|readonly|unsafe|ref)\s+)*(?:(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+|delegate\s+\S+\s+)(?<name>\w+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Declaration();
}
