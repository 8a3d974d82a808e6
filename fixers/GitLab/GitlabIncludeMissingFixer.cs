using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>
/// Corrects the path of a local include, where one YAML file of the repository has nearly that path: another ending or case, a letter too much, another folder. Declines includes from other
/// projects and addresses.
/// </summary>
public sealed class GitlabIncludeMissingFixer : IFixer
{
    public string FailureId => "gitlab-include-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("file") is not { } missing || diagnosis.Captures.ContainsKey("project"))
            return new FixResult.Declined("only includes of files of this repository can be corrected");
        var wanted = missing.TrimStart('/');
        if (await checkout.ReadAsync(wanted, cancellationToken) is not null)
            return new FixResult.Declined($"`{wanted}` exists; it is empty or not valid YAML");
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var nodes = Includes(YamlText.Child(file.Yaml.Root, "include")).Where(node => node.Value?.TrimStart('/') == wanted).ToList();
        if (nodes.Count == 0)
            return new FixResult.Declined($"`{file.Path}` does not include `{missing}` itself");

        var paths = (await checkout.ListAllAsync(cancellationToken)).Where(path => path != file.Path && (path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))).ToList();
        var near = paths.Where(path => IsSame(path, wanted)).ToList();
        if (near.Count == 0)
            near = [.. paths.Where(path => FolderOf(path) == FolderOf(wanted) && Typo.Is(StemOf(wanted), StemOf(path)))];
        if (near.Count == 0)
            near = [.. paths.Where(path => NameOf(path) == NameOf(wanted))];
        if (near.Count == 0)
            near = [.. paths.Where(path => NameOf(path) == NameOf(wanted) || (StemOf(path) == StemOf(wanted) && Typo.Is(FolderOf(wanted), FolderOf(path))))];
        if (near is not [var right] || right.Any(char.IsControl))
            return new FixResult.Declined(near.Count == 0 ? $"no file of the repository has a path like `{wanted}`" : $"`{wanted}` may be any of {string.Join(", ", near.Take(5).Select(path => $"`{path}`"))}");
        foreach (var node in nodes)
            if (!file.Yaml.TryReplace(node, (node.Value!.StartsWith('/') ? "/" : "") + right))
                return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
        return file.ToResult($"Corrected the include `{wanted}` to `{right}` in `{file.Path}`.");
    }

    private static IEnumerable<YamlScalarNode> Includes(YamlNode? node) => node switch
    {
        YamlScalarNode one when one.Value?.Contains("://", StringComparison.Ordinal) == false => [one],
        YamlSequenceNode list => list.SelectMany(Includes),
        YamlMappingNode map when YamlText.Child(map, "local") is YamlScalarNode local => [local],
        _ => [],
    };

    private static bool IsSame(string path, string wanted) => string.Equals(WithoutEnding(path), WithoutEnding(wanted), StringComparison.OrdinalIgnoreCase);

    private static string WithoutEnding(string path) =>
        path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) ? path[..^4] : path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) ? path[..^5] : path;

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string StemOf(string path) => WithoutEnding(NameOf(path));

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
}
