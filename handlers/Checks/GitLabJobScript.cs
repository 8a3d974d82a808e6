using QMoi.Fixers;
using YamlDotNet.RepresentationModel;

namespace QMoi.Handlers.Checks;

/// <summary>What a GitLab job runs: variables, before_script and script, with local <c>extends</c> and <c>default</c>. Includes from elsewhere are not fetched.</summary>
internal static class GitLabJobScript
{
    private const int MaxDepth = 11; // docs.gitlab.com/ci/yaml/#extends allows eleven levels

    private const int MaxLevels = 200;

    private static readonly string[] NoJobs = ["default", "variables", "stages", "include", "workflow", "image", "services", "cache", "before_script", "after_script", "spec", "pages:deploy"];

    public static (JobScript? Script, string? Reason) Find(RepositoryFile? file, JobFacts facts)
    {
        if (CiYaml.Parse(file) is not { } root)
            return (null, "the CI file is missing or cannot be read");
        var jobs = CiYaml.Entries(root).Where(entry => entry.Value is YamlMappingNode && !NoJobs.Contains(entry.Name, StringComparer.Ordinal)).ToList();
        // A job of a matrix or of parallel runs has its number behind its name: "test 2/4", "test: [a]".
        var named = facts.JobName is { } name
            ? jobs.Where(job => name == job.Name || name.StartsWith(job.Name + " ", StringComparison.Ordinal) || name.StartsWith(job.Name + ":", StringComparison.Ordinal))
            : jobs.Where(job => !job.Name.StartsWith('.') && Holds(root, job.Value, facts.FailedCommand));
        var found = named.OrderByDescending(job => job.Name.Length).ToList();
        if (found.Count == 0 || (facts.JobName is null && found.Count > 1))
            return (null, "the CI file does not tell which of its jobs failed");
        return Read(root, found[0].Value, facts.FailedCommand) is { } script ? (script, null) : (null, "the job's script comes from elsewhere or cannot be read");
    }

    private static bool Holds(YamlMappingNode root, YamlNode job, string? command) => command is not null && AllLines(root, job) is { } lines && CiYaml.UpTo(lines, command) is not null;

    private static JobScript? Read(YamlMappingNode root, YamlNode job, string? command)
    {
        if (AllLines(root, job) is not { Count: > 0 } lines)
            return null;
        var wanted = command is null ? lines : CiYaml.UpTo(lines, command) ?? lines;
        var variables = CiYaml.Variables(CiYaml.Child(root, "variables")).Concat(Levels(root, job).Reverse().SelectMany(level => CiYaml.Variables(CiYaml.Child(level, "variables"))));
        return new JobScript(
            [KeyValuePair.Create("GITLAB_CI", "true"), KeyValuePair.Create("CI_PROJECT_DIR", "/checkout"), KeyValuePair.Create("CI_BUILDS_DIR", "/"), .. variables],
            [.. wanted.Select(line => new ScriptPart(line, "", [], IsOwnShell: false))]);
    }

    private static IReadOnlyList<string>? AllLines(YamlMappingNode root, YamlNode job)
    {
        var before = CiYaml.Lines(Key(root, job, "before_script") ?? CiYaml.Child(CiYaml.Child(root, "default"), "before_script") ?? CiYaml.Child(root, "before_script"));
        var script = CiYaml.Lines(Key(root, job, "script"));
        return before is null || script is null or [] ? null : [.. before, .. script];
    }

    private static YamlNode? Key(YamlMappingNode root, YamlNode job, string key) => Levels(root, job).Select(level => CiYaml.Child(level, key)).FirstOrDefault(node => node is not null);

    /// <summary>The job, then what it extends, the nearest first. Jobs that extend many jobs that extend many are no job's script any more.</summary>
    private static IEnumerable<YamlNode> Levels(YamlMappingNode root, YamlNode job) => Inherited(root, job, 0).Take(MaxLevels);

    private static IEnumerable<YamlNode> Inherited(YamlMappingNode root, YamlNode job, int depth)
    {
        yield return job;
        if (depth == MaxDepth)
            yield break;
        // The last one named wins.
        foreach (var name in (CiYaml.Lines(CiYaml.Child(job, "extends")) ?? []).Reverse())
            if (CiYaml.Child(root, name) is { } parent)
                foreach (var level in Inherited(root, parent, depth + 1))
                    yield return level;
    }
}
