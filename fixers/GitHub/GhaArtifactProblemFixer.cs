using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// A job downloads an artifact that another job of the workflow uploads: adds that job to its <c>needs</c>, or corrects the name where it is misspelt. Declines artifacts of other workflows, and
/// uploads that collide.
/// </summary>
public sealed class GhaArtifactProblemFixer : IFixer
{
    public string FailureId => "gha-artifact-problem";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("name") is not { } name)
            return new FixResult.Declined("only an artifact that is not there can be found by its name");
        var files = await CiFiles.OpenAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken);
        var downloads = files.Where(file => file.IsGitHub).SelectMany(file => file.Jobs).SelectMany(job => Names(job, "actions/download-artifact").Where(one => one.Name == name).Select(one => (Job: job, one.Node))).ToList();
        if (downloads.Select(one => one.Job).Distinct().ToList() is not [var loading])
            return new FixResult.Declined(downloads.Count == 0 ? $"no job of a workflow downloads `{name}` by its name" : $"more than one job downloads `{name}`");
        var uploads = loading.File.Jobs.SelectMany(job => Names(job, "actions/upload-artifact").Select(one => (Job: job, one.Name))).ToList();
        if (uploads.Any(one => one.Name == name))
            return Need(loading, [.. uploads.Where(one => one.Name == name).Select(one => one.Job).Distinct()], name);

        var near = Typo.Near(name, uploads.Select(one => one.Name));
        if (near is not [var right])
            return new FixResult.Declined(near.Count == 0 ? $"no job of `{loading.File.Path}` uploads an artifact with a name like `{name}`" : $"`{name}` may be any of {string.Join(", ", near.Select(one => $"`{one}`"))}");
        foreach (var (job, node) in downloads)
            if (node is null || !job.Yaml.TryReplace(node, right))
                return new FixResult.Declined($"the name of the artifact in `{job.File.Path}` is written in a way that is not edited");
        return loading.File.ToResult($"Corrected the artifact `{name}` to `{right}` in `{loading.File.Path}`.");
    }

    private static FixResult Need(CiJob loading, List<CiJob> makers, string name)
    {
        if (makers is not [var maker])
            return new FixResult.Declined($"more than one job uploads `{name}`");
        if (maker.Name == loading.Name)
            return new FixResult.Declined($"the job `{maker.Name}` uploads `{name}` itself");
        if (Reaches(loading, maker.Name, []))
            return new FixResult.Declined($"the job `{loading.Name}` needs `{maker.Name}` already; that job was skipped, or did not make the artifact");
        if (Reaches(maker, loading.Name, []))
            return new FixResult.Declined($"the job `{maker.Name}`, which uploads `{name}`, itself needs `{loading.Name}`");
        var isAdded = YamlText.IsPlain(maker.Name) && loading.Child("needs") switch
        {
            null => loading.Yaml.TryAdd(loading.Node, "needs", maker.Name, loading.Node.Children.Keys.FirstOrDefault(key => YamlText.Value(key) is "runs-on")),
            YamlSequenceNode list => loading.Yaml.TryAddItem(list, maker.Name),
            YamlScalarNode { Value: { Length: > 0 } one } scalar when YamlText.IsPlain(one) && scalar.Style == YamlDotNet.Core.ScalarStyle.Plain => loading.Yaml.TryReplace(scalar, $"[{one}, {maker.Name}]"),
            _ => false,
        };
        return isAdded
            ? loading.File.ToResult($"Let the job `{loading.Name}` wait for `{maker.Name}`, which uploads `{name}`, in `{loading.File.Path}`.")
            : new FixResult.Declined($"the job `{loading.Name}` in `{loading.File.Path}` is written in a way that is not edited");
    }

    private static bool Reaches(CiJob job, string name, HashSet<string> seen) =>
        Needs(job).Any(needed => needed == name || (seen.Add(needed) && job.File.Jobs.FirstOrDefault(one => one.Name == needed) is { } other && Reaches(other, name, seen)));

    private static IEnumerable<string> Needs(CiJob job) =>
        (job.Child("needs") is YamlSequenceNode list ? list.Children.AsEnumerable<YamlNode?>() : [job.Child("needs")]).Select(YamlText.Value).OfType<string>();

    private static IEnumerable<(string Name, YamlScalarNode? Node)> Names(CiJob job, string action)
    {
        foreach (var step in job.Steps.Where(step => GitHubActions.Of(step)?.Name == action))
        {
            var with = YamlText.Child(step, "with");
            // Downloads of another run or by pattern are not meant.
            if (YamlText.Child(with, "run-id") is not null || YamlText.Child(with, "pattern") is not null)
                continue;
            var node = YamlText.Child(with, "name") as YamlScalarNode;
            if (node?.Value is { Length: > 0 } name)
                yield return (name, node);
            else if (action.EndsWith("upload-artifact", StringComparison.Ordinal))
                yield return ("artifact", null);
        }
    }
}
