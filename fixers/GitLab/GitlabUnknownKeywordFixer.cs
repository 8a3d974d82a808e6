using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>
/// Corrects misspelt keywords of .gitlab-ci.yml; GitLab takes a job without <c>script</c>, <c>run</c> and <c>trigger</c> for no job at all, so it does not list the keywords of such a one.
/// Declines a keyword that is like none, or like two, and one whose right spelling is there as well.
/// </summary>
public sealed class GitlabUnknownKeywordFixer : IFixer
{
    // Words of other CI systems that mean the same.
    private static readonly Dictionary<string, string> OtherWords = new(StringComparer.Ordinal)
    {
        ["env"] = "variables", ["vars"] = "variables", ["variable"] = "variables", ["commands"] = "script", ["docker_image"] = "image", ["depends_on"] = "needs", ["rule"] = "rules", ["tag"] = "tags",
        ["path"] = "paths", ["need"] = "needs", ["dependency"] = "dependencies", ["artifact"] = "artifacts", ["service"] = "services", ["stages"] = "stage",
    };

    public string FailureId => "gitlab-unknown-keyword";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var corrected = new SortedSet<string>(StringComparer.Ordinal);
        var places = new HashSet<long>();
        foreach (var (place, list) in diagnosis.Matches.Select(match => (match.Captures.GetValueOrDefault("job"), match.Captures.GetValueOrDefault("keys"))).Distinct())
        {
            if (place is null)
                continue;
            if (RootTypo(file, place) is var (key, right) && Rename(file, key, right, places))
            {
                corrected.Add($"`{place}` to `{right}`");
                continue;
            }

            if (Find(file, place) is not { } found)
                return new FixResult.Declined($"`{file.Path}` has no `{place}`; it comes from another file");
            if (list is null && WithoutScript(found.Maps) is { } reason)
                return new FixResult.Declined($"`{place}` {reason}");
            var unknown = list ?? string.Join(',', found.Maps.SelectMany(map => map.Children.Keys).Select(YamlText.Value).Where(key => key is not null && key != "<<" && !found.Known.Contains(key)));
            foreach (var wrong in unknown.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                foreach (var map in found.Maps)
                {
                    if (map.Children.Keys.OfType<YamlScalarNode>().FirstOrDefault(one => one.Value == wrong) is not { } node)
                        continue;
                    if (Right(wrong, found.Known) is not { } keyword)
                        return new FixResult.Declined($"`{wrong}` of `{place}` is not like any one keyword that may stand there");
                    if (YamlText.Child(map, keyword) is not null)
                        return new FixResult.Declined($"`{place}` has `{keyword}` beside `{wrong}`; which of them counts is not told");
                    if (!Rename(file, node, keyword, places))
                        return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
                    corrected.Add($"`{wrong}` to `{keyword}`");
                }
            }
        }

        return corrected.Count == 0
            ? new FixResult.Declined("the keywords that the message names do not stand in the CI file itself")
            : file.ToResult($"Corrected {string.Join(", ", corrected)} in `{file.Path}`.");
    }

    private static bool Rename(CiFile file, YamlScalarNode node, string right, HashSet<long> places) => !places.Add(node.Start.Index) || file.Yaml.TryReplace(node, right);

    private static string? Right(string wrong, IReadOnlySet<string> known) =>
        OtherWords.GetValueOrDefault(wrong) is { } same && known.Contains(same) ? same : Typo.Nearest(wrong, known);

    private static string? WithoutScript(IReadOnlyList<YamlMappingNode> maps)
    {
        var keys = maps.SelectMany(map => map.Children.Keys).Select(YamlText.Value).OfType<string>().ToList();
        return keys.Exists(key => key is "script" or "run" or "trigger") ? "has a script already"
            : keys.TrueForAll(key => Right(key, GitLabKeywords.Job) is not ("script" or "run" or "trigger")) ? "has no script, and no keyword like it" : null;
    }

    // A misspelt `variables:` at the top is a job to GitLab, one with unknown keys.
    private static (YamlScalarNode, string)? RootTypo(CiFile file, string place)
    {
        if (file.Yaml.Root.Children.FirstOrDefault(pair => YamlText.Value(pair.Key) == place) is not { Key: YamlScalarNode key, Value: { } value })
            return null;
        return Typo.Nearest(place, GitLabKeywords.Root) is { } right && YamlText.Child(file.Yaml.Root, right) is null
            && !(value is YamlMappingNode map && map.Children.Keys.Select(YamlText.Value).OfType<string>().Any(GitLabKeywords.Job.Contains)) ? (key, right) : null;
    }

    /// <summary>The mappings behind <c>test</c>, <c>test:artifacts:reports</c>, <c>root</c>, <c>default</c> and so on, and the keys they may have. Names of jobs may hold colons.</summary>
    private static (IReadOnlyList<YamlMappingNode> Maps, IReadOnlySet<string> Known)? Find(CiFile file, string place)
    {
        if (place == "root")
            return ([file.Yaml.Root], GitLabKeywords.Root);
        var parts = place.Split(':');
        for (var length = parts.Length; length > 0; length--)
        {
            var name = string.Join(':', parts[..length]);
            if (YamlText.Child(file.Yaml.Root, name) is not YamlMappingNode node)
                continue;
            var known = length < parts.Length ? GitLabKeywords.Under(parts[^1]) : GitLabKeywords.Root.Contains(name) ? GitLabKeywords.Under(name) : GitLabKeywords.Job;
            IEnumerable<YamlNode?> nodes = [node];
            foreach (var part in parts[length..])
                nodes = nodes.SelectMany(one => Below(one, part));
            if (known is not null && nodes.SelectMany(Flat).OfType<YamlMappingNode>().ToList() is { Count: > 0 } maps)
                return (maps, known);
        }

        return null;
    }

    // GitLab says `rules:rule`, `services:service` and `needs:need` of the items of a list.
    private static IEnumerable<YamlNode?> Below(YamlNode? node, string part) =>
        node is YamlSequenceNode list && part is "rule" or "service" or "need" ? ((YamlSequenceNode)node!).Children : Flat(node).Select(one => YamlText.Child(one, part)).Where(child => child is not null);

    private static IEnumerable<YamlNode?> Flat(YamlNode? node) => node is YamlSequenceNode list ? list.Children.AsEnumerable<YamlNode?>() : [node];
}
