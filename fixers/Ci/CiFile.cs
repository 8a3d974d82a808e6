using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>A CI file, open for edits.</summary>
internal sealed class CiFile
{
    private CiFile(RepositoryFile source, YamlText yaml)
    {
        Source = source;
        Yaml = yaml;
        IsGitHub = source.Path.StartsWith(CiFiles.Workflows + "/", StringComparison.Ordinal);
        var jobs = IsGitHub ? YamlText.Child(yaml.Root, "jobs") as YamlMappingNode : yaml.Root;
        Jobs = [.. from pair in jobs?.Children.AsEnumerable() ?? []
                   where pair.Key is YamlScalarNode { Value: not null } && pair.Value is YamlMappingNode && (IsGitHub || !GitLabKeywords.Root.Contains(((YamlScalarNode)pair.Key).Value!))
                   select new CiJob(this, ((YamlScalarNode)pair.Key).Value!, (YamlMappingNode)pair.Value)];
    }

    public RepositoryFile Source { get; }

    public string Path => Source.Path;

    public YamlText Yaml { get; }

    public bool IsGitHub { get; }

    /// <summary>GitLab's hidden jobs (templates) are among them.</summary>
    public IReadOnlyList<CiJob> Jobs { get; }

    public static CiFile? Of(RepositoryFile source) => YamlText.Parse(source.Content) is { } yaml ? new CiFile(source, yaml) : null;

    /// <summary>The edits made, or a refusal where there are none or the file would no longer be valid.</summary>
    public FixResult ToResult(string summary) => CiFiles.ToResult([this], summary);
}

/// <summary>One job of a CI file.</summary>
internal sealed record CiJob(CiFile File, string Name, YamlMappingNode Node)
{
    public YamlText Yaml => File.Yaml;

    public YamlNode? Child(string key) => YamlText.Child(Node, key);

    /// <summary>The steps of a job on GitHub.</summary>
    public IEnumerable<YamlMappingNode> Steps => Child("steps") is YamlSequenceNode steps ? steps.OfType<YamlMappingNode>() : [];

    /// <summary>The lines of a job on GitLab, in the order in which they run.</summary>
    public IEnumerable<YamlScalarNode> Script => ((string[])["before_script", "script"]).SelectMany(key => Scalars(Child(key), 0));

    private static IEnumerable<YamlScalarNode> Scalars(YamlNode? node, int depth) => node switch
    {
        YamlScalarNode scalar => [scalar],
        YamlSequenceNode list when depth < 10 => list.SelectMany(item => Scalars(item, depth + 1)),
        _ => [],
    };
}
