using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Git;

/// <summary>
/// Gives the job whose git command misses tags, commits or the base branch the whole history: <c>fetch-depth: 0</c> of actions/checkout, <c>GIT_DEPTH: "0"</c> on GitLab.
/// Declines where the job has the whole history already: then the revision does not exist.
/// </summary>
public sealed class GitShallowCloneFixer : IFixer
{
    public string FailureId => "git-shallow-clone";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("revision") == "HEAD")
            return new FixResult.Declined("not even HEAD is a revision there, so the command ran outside of the checkout or in an empty repository");
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs.Count == 0)
            return new FixResult.Declined(reason);
        foreach (var job in jobs)
            if ((job.File.IsGitHub ? Deepen(job, diagnosis.Job.FailedCommand) : Deepen(job)) is { } refusal)
                return new FixResult.Declined(refusal);
        var names = string.Join(", ", jobs.Select(job => $"`{job.Name}`").Distinct(StringComparer.Ordinal));
        return CiFiles.ToResult([.. jobs.Select(job => job.File)], $"Gave {names} the whole history in {string.Join(", ", jobs.Select(job => $"`{job.File.Path}`").Distinct(StringComparer.Ordinal))}.");
    }

    private static string? Deepen(CiJob job, string? command)
    {
        var index = CiFiles.IndexOfCommand(job, command);
        var before = index < 0 ? job.Steps : job.Steps.Take(index);
        var step = before.LastOrDefault(step => GitHubActions.Of(step)?.Name == "actions/checkout" && YamlText.Child(YamlText.Child(step, "with"), "repository") is null);
        if (step is null)
            return $"the job `{job.Name}` does not check its own repository out with actions/checkout";
        switch (YamlText.Child(step, "with"))
        {
            case null:
                return job.Yaml.TryAdd(step, "with", "fetch-depth", "0") ? null : NotEdited(job);
            case YamlMappingNode with when YamlText.Child(with, "fetch-depth") is { } depth:
                if (YamlText.Value(depth) == "0")
                    return $"the job `{job.Name}` has the whole history already; the revision does not exist, or the tags were not pushed";
                return depth is YamlScalarNode scalar && job.Yaml.TryReplace(scalar, "0") ? null : NotEdited(job);
            case YamlMappingNode with:
                return job.Yaml.TryAdd(with, "fetch-depth", "0") ? null : NotEdited(job);
            default:
                return NotEdited(job);
        }
    }

    private static string? Deepen(CiJob job)
    {
        var variables = job.Child("variables");
        var everywhere = YamlText.Child(job.Yaml.Root, "variables");
        if (YamlText.Value(YamlText.Child(variables, "GIT_STRATEGY") ?? YamlText.Child(everywhere, "GIT_STRATEGY")) is "none" or "empty")
            return $"the job `{job.Name}` asks for no clone at all";
        if (YamlText.Child(variables, "GIT_DEPTH") is { } depth)
        {
            if (YamlText.Value(depth) == "0")
                return $"the job `{job.Name}` has the whole history already; the revision does not exist, or the tags were not pushed";
            return depth is YamlScalarNode scalar && job.Yaml.TryReplace(scalar, "0") ? null : NotEdited(job);
        }

        if (variables is null && YamlText.Value(YamlText.Child(everywhere, "GIT_DEPTH")) == "0")
            return $"every job of `{job.File.Path}` has the whole history already; the revision does not exist, or the tags were not pushed";
        return variables switch
        {
            YamlMappingNode map => job.Yaml.TryAdd(map, "GIT_DEPTH", "\"0\""),
            null => job.Yaml.TryAdd(job.Node, "variables", "GIT_DEPTH", "\"0\"", job.Node.Children.Keys.LastOrDefault(key => YamlText.Value(key) is "stage" or "image" or "extends" or "needs" or "tags")),
            _ => false,
        } ? null : NotEdited(job);
    }

    private static string NotEdited(CiJob job) => $"the job `{job.Name}` in `{job.File.Path}` is written in a way that is not edited";
}
