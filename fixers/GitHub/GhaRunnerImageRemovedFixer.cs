using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Sets a removed runner image to its successor, the next one with the same processor: in <c>runs-on</c> and in the matrix behind it. Declines where a matrix has the successor already: then the
/// old value should go, which is to drop a job.
/// </summary>
public sealed partial class GhaRunnerImageRemovedFixer : IFixer
{
    private static readonly Dictionary<string, string> Successors = new(StringComparer.Ordinal)
    {
        ["ubuntu-16.04"] = "ubuntu-22.04", ["ubuntu-18.04"] = "ubuntu-22.04", ["ubuntu-20.04"] = "ubuntu-22.04",
        ["macos-10.15"] = "macos-15-intel", ["macos-11"] = "macos-15-intel", ["macos-12"] = "macos-15-intel", ["macos-13"] = "macos-15-intel",
        ["windows-2016"] = "windows-2022", ["windows-2019"] = "windows-2022",
    };

    public string FailureId => "gha-runner-image-removed";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken)).Where(file => file.IsGitHub).ToList();
        var named = diagnosis.Matches.SelectMany(match => ((string[])["image", "labels"]).Select(match.Captures.GetValueOrDefault)).OfType<string>()
            .SelectMany(text => Image().Matches(text).Select(Label)).ToHashSet(StringComparer.Ordinal);
        var asked = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("successor")).FirstOrDefault(one => one is not null);
        var changed = new SortedSet<string>(StringComparer.Ordinal);
        var places = new HashSet<(string, long)>();
        foreach (var file in files)
        {
            foreach (var job in file.Jobs)
            {
                foreach (var (node, siblings) in Labels(job))
                {
                    if (!Successors.TryGetValue(node.Value ?? "", out var next) || (named.Count > 0 && !named.Contains(node.Value!)))
                        continue;
                    if (asked is not null && asked.Split('-')[0] == next.Split('-')[0])
                        next = asked;
                    if (siblings.Contains(next, StringComparer.Ordinal))
                        return new FixResult.Declined($"the job `{job.Name}` in `{file.Path}` runs on `{next}` already; whether its run on `{node.Value}` can go is for a person to say");
                    if (places.Add((file.Path, node.Start.Index)) && !file.Yaml.TryReplace(node, next))
                        return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
                    changed.Add($"`{node.Value}` to `{next}`");
                }
            }
        }

        return changed.Count == 0
            ? new FixResult.Declined("no job of a workflow asks for a removed image by its name")
            : CiFiles.ToResult(files, $"Changed the runner image {string.Join(", ", changed)} in {string.Join(", ", files.Where(file => file.Yaml.HasEdits).Select(file => $"`{file.Path}`"))}.");
    }

    private static List<(YamlScalarNode Node, IReadOnlyList<string?> Siblings)> Labels(CiJob job)
    {
        var nodes = new List<(YamlScalarNode Node, IReadOnlyList<string?> Siblings)>();
        Walk(job.Child("runs-on"), [], nodes);
        Walk(YamlText.Child(job.Child("strategy"), "matrix"), [], nodes);
        return nodes;
    }

    private static void Walk(YamlNode? node, IReadOnlyList<string?> siblings, List<(YamlScalarNode Node, IReadOnlyList<string?> Siblings)> nodes)
    {
        switch (node)
        {
            case YamlScalarNode scalar:
                nodes.Add((scalar, siblings));
                break;
            case YamlSequenceNode list:
                var values = list.Select(YamlText.Value).ToList();
                foreach (var item in list.Children)
                    Walk(item, values, nodes);
                break;
            case YamlMappingNode map:
                foreach (var (_, value) in map.Children)
                    Walk(value, [], nodes);
                break;
        }
    }

    // "Ubuntu 20.04", "ubuntu-20.04", "macOS-13", "Windows Server 2019"
    private static string Label(Match match) => $"{match.Groups["system"].Value.ToLowerInvariant()}-{match.Groups["version"].Value}";

    [GeneratedRegex(@"(?<system>ubuntu|macos|windows)(?:[- ](?:server[- ])?)(?<version>\d[\d.]*\d)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Image();
}
