using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>Whether what a YAML file says makes sense for its kind: of several ways to make a file valid again, the one that was meant does.</summary>
internal static class YamlShape
{
    /// <summary>The check for the file at a path; <c>null</c> where nothing is known of its kind.</summary>
    public static Func<YamlNode, bool>? Of(string path) =>
        path.StartsWith(CiFiles.Workflows + "/", StringComparison.Ordinal) ? IsWorkflow : path.EndsWith(".gitlab-ci.yml", StringComparison.Ordinal) || path.EndsWith(".gitlab-ci.yaml", StringComparison.Ordinal) ? IsGitLab : null;

    public static IReadOnlySet<string> Keywords(string path) => Of(path) == IsWorkflow
        ? GitHubKeywords.Root.Concat(GitHubKeywords.Job).Concat(GitHubKeywords.Step).ToHashSet(StringComparer.Ordinal)
        : Of(path) == IsGitLab ? GitLabKeywords.Root.Concat(GitLabKeywords.Job).Append("paths").ToHashSet(StringComparer.Ordinal) : new HashSet<string>();

    public static bool IsGitLab(YamlNode root)
    {
        if (root is not YamlMappingNode map)
            return false;
        foreach (var (key, value) in map.Children)
        {
            if (YamlText.Value(key) is not { } name)
                return false;
            if (GitLabKeywords.Root.Contains(name))
            {
                if (name switch { "stages" => !IsTexts(value), "variables" or "default" or "workflow" => value is not YamlMappingNode, "before_script" or "after_script" => !IsTexts(value), _ => false })
                    return false;
            }
            else if (!name.StartsWith('.') && !(value is YamlMappingNode job && IsJob(job)))
            {
                return false;
            }
            else if (value is YamlMappingNode hidden && !IsLines(hidden))
            {
                return false;
            }
        }

        return true;
    }

    public static bool IsWorkflow(YamlNode root) =>
        root is YamlMappingNode map && Has(map, GitHubKeywords.Root) && YamlText.Child(map, "on") is not null
        && YamlText.Child(map, "jobs") is YamlMappingNode { Children.Count: > 0 } jobs && jobs.Children.Values.All(job => job is YamlMappingNode one && IsWorkflowJob(one));

    private static bool IsJob(YamlMappingNode job) =>
        job.Children.Keys.All(key => YamlText.Value(key) is { } name && (name == "<<" || GitLabKeywords.Job.Contains(name)))
        && job.Children.Keys.Any(key => YamlText.Value(key) is "script" or "trigger" or "extends" or "run" or "<<") && IsLines(job);

    private static bool IsLines(YamlMappingNode job) =>
        ((string[])["script", "before_script", "after_script"]).All(key => YamlText.Child(job, key) is not { } lines || IsTexts(lines))
        && (YamlText.Child(job, "variables") is null or YamlMappingNode or YamlScalarNode { Value: "" })
        && (YamlText.Child(job, "artifacts") is null or YamlMappingNode) && (YamlText.Child(job, "stage") is null or YamlScalarNode { Value.Length: > 0 });

    private static bool IsTexts(YamlNode? node) => node is YamlScalarNode { Value.Length: > 0 } || (node is YamlSequenceNode { Children.Count: > 0 } list && list.Children.All(IsTexts));

    private static bool IsWorkflowJob(YamlMappingNode job) =>
        Has(job, GitHubKeywords.Job) && (YamlText.Child(job, "uses") is not null
            || (YamlText.Child(job, "runs-on") is not null && YamlText.Child(job, "steps") is YamlSequenceNode steps && steps.Children.All(step => step is YamlMappingNode one && IsStep(one))));

    private static bool IsStep(YamlMappingNode step) =>
        Has(step, GitHubKeywords.Step) && YamlText.Child(step, "run") is null != YamlText.Child(step, "uses") is null
        && (YamlText.Child(step, "run") is null or YamlScalarNode) && (YamlText.Child(step, "with") is null or YamlMappingNode);

    private static bool Has(YamlMappingNode map, IReadOnlySet<string> known) => map.Children.Keys.All(key => YamlText.Value(key) is { } name && known.Contains(name));
}
