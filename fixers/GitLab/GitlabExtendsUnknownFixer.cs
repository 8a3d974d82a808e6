using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>Corrects a misspelt template in <c>extends</c>. Declines where no job of the file, or more than one, has such a name: the template may be that of an included file.</summary>
public sealed class GitlabExtendsUnknownFixer : IFixer
{
    public string FailureId => "gitlab-extends-unknown";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var wrong = diagnosis.Matches.SelectMany(match => (match.Captures.GetValueOrDefault("template") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal).ToList();
        var places = new HashSet<long>();
        var corrected = new List<string>();
        foreach (var name in wrong)
        {
            var users = file.Jobs.SelectMany(job => Names(job).Where(node => node.Value == name).Select(node => (Job: job, Node: node))).ToList();
            if (users.Count == 0)
                return new FixResult.Declined($"no job of `{file.Path}` extends `{name}` itself");
            // Without its dot the template would be a job that runs.
            var near = Typo.Near(name, file.Jobs.Select(job => job.Name).Where(one => users.TrueForAll(user => user.Job.Name != one)));
            if (file.Jobs.Any(job => job.Name == "." + name))
                near = ["." + name];
            if (near is not [var right])
                return new FixResult.Declined(near.Count == 0 ? $"no job of `{file.Path}` has a name like `{name}`" : $"`{name}` may be any of {string.Join(", ", near.Select(one => $"`{one}`"))}");
            foreach (var (_, node) in users)
                if (places.Add(node.Start.Index) && !file.Yaml.TryReplace(node, right))
                    return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
            corrected.Add($"`{name}` to `{right}`");
        }

        return corrected.Count == 0 ? new FixResult.Declined("the message does not name the template") : file.ToResult($"Corrected {string.Join(", ", corrected)} in `{file.Path}`.");
    }

    private static IEnumerable<YamlScalarNode> Names(CiJob job) => job.Child("extends") switch
    {
        YamlScalarNode one => [one],
        YamlSequenceNode many => many.OfType<YamlScalarNode>(),
        _ => [],
    };
}
