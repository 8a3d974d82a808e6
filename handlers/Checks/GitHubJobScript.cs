using System.Text.RegularExpressions;
using QMoi.Fixers;
using YamlDotNet.RepresentationModel;

namespace QMoi.Handlers.Checks;

/// <summary>What a GitHub job runs: the <c>run</c> steps with their variables and folders. Actions are left out: what they install has to be on the machine.</summary>
internal static partial class GitHubJobScript
{
    public static (JobScript? Script, string? Reason) Find(RepositoryFile? file, JobFacts facts)
    {
        if (CiYaml.Parse(file) is not { } root)
            return (null, "the workflow file is missing or cannot be read");
        var jobs = CiYaml.Entries(CiYaml.Child(root, "jobs")).Select(job => (job.Name, Shown: CiYaml.Text(CiYaml.Child(job.Value, "name")) ?? job.Name, job.Value)).ToList();
        // Jobs of a matrix are told as "test (20, ubuntu-24.04)".
        var named = facts.JobName is { } name ? jobs.Where(job => name == job.Shown || name == job.Name || name.StartsWith(job.Shown + " (", StringComparison.Ordinal)).ToList() : jobs;
        var found = named.Select(job => Read(root, job.Value, facts.FailedCommand)).OfType<JobScript>().ToList();
        return found is [var only] ? (only, null) : (null, found.Count == 0 ? "the workflow file does not hold the command that failed in a form that can be run here" : "more than one job holds the command that failed");
    }

    private static JobScript? Read(YamlMappingNode root, YamlNode job, string? command)
    {
        if (CiYaml.Child(job, "steps") is not YamlSequenceNode steps || command is null)
            return null;
        var parts = new List<ScriptPart>();
        var folder = Folder(CiYaml.Child(job, "defaults")) ?? Folder(CiYaml.Child(root, "defaults")) ?? "";
        foreach (var step in steps)
        {
            if (CiYaml.Text(CiYaml.Child(step, "run")) is not { } run)
                continue;
            var isIt = CiYaml.IsSame(run, command) || run.Split('\n').Any(line => CiYaml.IsSame(line, command));
            var shell = CiYaml.Text(CiYaml.Child(step, "shell")) ?? "bash";
            var isOurs = shell is "bash" or "sh" && CiYaml.Child(step, "if") is null && Plain(run) is not null;
            if (!isOurs && isIt)
                return null;
            if (isOurs)
                parts.Add(new ScriptPart(Plain(run)!, (CiYaml.Text(CiYaml.Child(step, "working-directory")) ?? folder).TrimEnd('/'), Variables(CiYaml.Child(step, "env")), IsOwnShell: true));
            if (isIt)
                return new JobScript(
                    [
                        KeyValuePair.Create("GITHUB_ACTIONS", "true"), KeyValuePair.Create("GITHUB_WORKSPACE", "/checkout"), KeyValuePair.Create("RUNNER_TEMP", "/tmp"),
                        KeyValuePair.Create("GITHUB_OUTPUT", "/tmp/github-output"), KeyValuePair.Create("GITHUB_ENV", "/tmp/github-env"),
                        KeyValuePair.Create("GITHUB_PATH", "/tmp/github-path"), KeyValuePair.Create("GITHUB_STEP_SUMMARY", "/tmp/github-summary"),
                        .. Variables(CiYaml.Child(root, "env")), .. Variables(CiYaml.Child(job, "env")),
                    ],
                    parts);
        }
        return null;
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Variables(YamlNode? node) =>
        [.. CiYaml.Variables(node).Select(variable => (variable.Key, Value: Plain(variable.Value))).Where(variable => variable.Value is not null).Select(variable => KeyValuePair.Create(variable.Key, variable.Value!))];

    private static string? Folder(YamlNode? defaults) => CiYaml.Text(CiYaml.Child(CiYaml.Child(defaults, "run"), "working-directory"));

    /// <summary>Without expressions, but for the one whose value is known; <c>null</c> where others are in it.</summary>
    private static string? Plain(string text)
    {
        var plain = Workspace().Replace(text, "/checkout");
        return plain.Contains("${{", StringComparison.Ordinal) ? null : plain;
    }

    [GeneratedRegex(@"\$\{\{\s*github\.workspace\s*\}\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Workspace();
}
