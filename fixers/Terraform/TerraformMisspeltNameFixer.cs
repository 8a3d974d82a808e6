using System.Text.RegularExpressions;

namespace QMoi.Fixers.Terraform;

/// <summary>
/// Terraform does not know a variable, local value, resource, module, argument or block. Corrects the name where the module declares exactly one that is spelt nearly so, or
/// where Terraform itself names one. Unsafe where nothing is near: then a declaration is missing.
/// </summary>
public sealed partial class TerraformMisspeltNameFixer : IFixer
{
    public string FailureId => "terraform-misspelt-name";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var named = diagnosis with { Matches = [.. diagnosis.Matches.Where(match => match.Captures.ContainsKey("name"))] };
        if (named.Matches.Count < diagnosis.Matches.Count(match => match.Captures.ContainsKey("problem")))
            return new FixResult.Declined("the log does not name every name that is not known");
        var found = await NamedPlaces.FindAsync(named, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        var declared = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var folder in found.Places.Select(place => FolderOf(place.File.Path)).Distinct(StringComparer.Ordinal))
            declared[folder] = await DeclaredAsync(checkout, folder, cancellationToken);
        return await NamedPlaces.EditAsync(named, checkout, place => Repair(place, declared[FolderOf(place.File.Path)]), files => $"Corrected misspelt names in {files}.", cancellationToken);
    }

    private static string? Repair(NamedPlaces.Place place, IReadOnlyList<string> declared)
    {
        var name = place.Capture("name")!;
        var (prefix, what) = Prefix(place);
        if (prefix is null)
        {
            // Arguments and blocks: the provider knows them, and Terraform says the nearest.
            return place.Capture("right") is { } right && Words().IsMatch(right) ? Replace(place, name, right) : $"Terraform knows no name near to `{name}`";
        }

        var near = declared.Where(entry => entry.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => entry[prefix.Length..])
            .Where(other => name.Length >= 4 && !other.Contains('.', StringComparison.Ordinal) && Spelling.Distance(other, name) is 1 or 2).Distinct(StringComparer.Ordinal).ToList();
        if (declared.Contains(prefix + name, StringComparer.Ordinal))
            return $"{what} `{name}` is declared now";
        return near is [var only] ? Replace(place, prefix + name, prefix + only) : $"not exactly one {what} is spelt nearly like `{name}`";
    }

    private static (string? Prefix, string What) Prefix(NamedPlaces.Place place) => place.Capture("kind") switch
    {
        "input variable" => ("var.", "variable"),
        "local value" => ("local.", "local value"),
        "module call" => ("module.", "module"),
        "managed resource" => ($"{place.Capture("type")}.", "resource"),
        "data resource" => ($"data.{place.Capture("type")}.", "data source"),
        _ => (null, ""),
    };

    private static string? Replace(NamedPlaces.Place place, string wrong, string right)
    {
        var line = place.Text;
        for (var at = line.IndexOf(wrong, StringComparison.Ordinal); at >= 0; at = at + 1 < line.Length ? line.IndexOf(wrong, at + 1, StringComparison.Ordinal) : -1)
        {
            var end = at + wrong.Length;
            if ((at > 0 && (IsOfName(line[at - 1]) || line[at - 1] == '.')) || (end < line.Length && IsOfName(line[end])))
                continue;
            place.File[place.Line] = line.Remove(at, wrong.Length).Insert(at, right);
            return null;
        }

        return $"`{place.File.Path}`, line {place.Line}, does not name `{wrong}`; the log is of another version of it, or the expression goes over several lines";
    }

    private static bool IsOfName(char character) => char.IsLetterOrDigit(character) || character is '_' or '-';

    private static async Task<IReadOnlyList<string>> DeclaredAsync(ICheckout checkout, string folder, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        foreach (var entry in await checkout.ListAsync(folder, cancellationToken))
        {
            if (entry.IsFolder || !(entry.Path.EndsWith(".tf", StringComparison.Ordinal) || entry.Path.EndsWith(".tofu", StringComparison.Ordinal)) || await TextFile.ReadAsync(checkout, entry.Path, cancellationToken) is not { } file)
                continue;
            var depth = -1; // of the locals block
            foreach (var line in file.Lines)
            {
                if (Block().Match(line) is { Success: true } block)
                    names.Add((block.Groups["kind"].Value switch { "variable" => "var.", "module" => "module.", "data" => "data.", _ => "" }) + block.Groups["names"].Value.Replace("\"", "", StringComparison.Ordinal).Trim().Replace(' ', '.'));
                else if (depth == 1 && Local().Match(line) is { Success: true } local)
                    names.Add("local." + local.Groups["name"].Value);
                if (line.StartsWith("locals", StringComparison.Ordinal))
                    depth = 0;
                if (depth >= 0)
                    depth += line.Count(character => character is '{' or '[') - line.Count(character => character is '}' or ']');
                if (depth == 0 && line.StartsWith('}'))
                    depth = -1;
            }
        }

        return names;
    }

    private static string FolderOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "";

    [GeneratedRegex("""^(?<kind>variable|module|resource|data)\s+(?<names>"[\w-]+"(?: "[\w-]+")?)\s*\{""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Block();

    [GeneratedRegex(@"^\s+(?<name>[A-Za-z_][\w-]*)\s*=", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Local();

    [GeneratedRegex(@"^[A-Za-z_][\w-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Words();
}
