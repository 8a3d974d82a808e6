using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>
/// Corrects a misspelt job in <c>needs</c> or <c>dependencies</c>. Declines where the job exists: then it is in a later stage, or its rules left it out of the pipeline, and which of both
/// should change is not told.
/// </summary>
public sealed class GitlabNeedsUndefinedFixer : IFixer
{
    public string FailureId => "gitlab-needs-undefined";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var corrected = new SortedSet<string>(StringComparer.Ordinal);
        var places = new HashSet<long>();
        foreach (var (name, target) in diagnosis.Matches.Select(match => (match.Captures.GetValueOrDefault("job"), match.Captures.GetValueOrDefault("target")?.Trim())).Distinct())
        {
            if (name is null || target is null)
                continue;
            if (file.Jobs.Any(job => job.Name == target))
                return new FixResult.Declined($"the job `{target}` exists; it is in a later stage than `{name}`, or its rules leave it out of this pipeline");
            if (file.Jobs.FirstOrDefault(job => job.Name == name) is not { } needing)
                return new FixResult.Declined($"`{file.Path}` has no job `{name}`; it comes from another file");
            var near = Typo.Near(target, file.Jobs.Select(job => job.Name).Where(one => one != name && !one.StartsWith('.')));
            if (near is not [var right])
                return new FixResult.Declined(near.Count == 0 ? $"no job of `{file.Path}` has a name like `{target}`" : $"`{target}` may be any of {string.Join(", ", near.Select(one => $"`{one}`"))}");
            var wrong = Names(needing).Where(node => node.Value == target).ToList();
            if (wrong.Count == 0)
                return new FixResult.Declined($"the job `{name}` in `{file.Path}` does not name `{target}` itself; a template does");
            if (Names(needing).Any(node => node.Value == right))
                return new FixResult.Declined($"the job `{name}` names `{right}` already");
            foreach (var node in wrong.Where(node => places.Add(node.Start.Index)))
                if (!file.Yaml.TryReplace(node, right))
                    return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
            corrected.Add($"`{target}` to `{right}`");
        }

        return corrected.Count == 0 ? new FixResult.Declined("the message does not name the jobs") : file.ToResult($"Corrected {string.Join(", ", corrected)} in `{file.Path}`.");
    }

    private static IEnumerable<YamlScalarNode> Names(CiJob job) =>
        ((string[])["needs", "dependencies"]).SelectMany(key => job.Child(key) is YamlSequenceNode list ? list.Children : [])
            .Select(item => item as YamlScalarNode ?? YamlText.Child(item, "job") as YamlScalarNode).OfType<YamlScalarNode>();
}
