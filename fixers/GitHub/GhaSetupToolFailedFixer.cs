using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Quotes a version that YAML reads as a number and shortens (<c>3.10</c> becomes 3.1), or names the only lock file there is below the root. Declines versions that are not offered any more.
/// </summary>
public sealed partial class GhaSetupToolFailedFixer : IFixer
{
    private static readonly Dictionary<string, string> LockFiles = new(StringComparer.Ordinal)
    {
        ["npm"] = "package-lock.json", ["yarn"] = "yarn.lock", ["pnpm"] = "pnpm-lock.yaml",
    };

    public string FailureId => "gha-setup-tool-failed";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("version") is { } version)
            return await QuoteAsync(diagnosis, version.Trim('\'', '"'), checkout, cancellationToken);
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs is not [var job])
            return new FixResult.Declined(jobs.Count == 0 ? reason : "more than one job runs the step that failed");
        foreach (var step in job.Steps)
        {
            if (GitHubActions.Of(step)?.Name != "actions/setup-node" || YamlText.Child(step, "with") is not YamlMappingNode with || YamlText.Value(YamlText.Child(with, "cache")) is not { } cache || !LockFiles.TryGetValue(cache, out var name))
                continue;
            if (YamlText.Child(with, "cache-dependency-path") is not null)
                return new FixResult.Declined($"the job `{job.Name}` names a lock file that does not exist");
            var folders = await CheckoutPaths.FoldersAsync(checkout, async folder => await checkout.ReadAsync(CheckoutPaths.Join(folder, name), cancellationToken) is not null, cancellationToken);
            if (folders is not [{ Length: > 0 } only] || !YamlText.IsPlain(only))
                return new FixResult.Declined(folders.Count == 0 ? $"the repository has no `{name}`" : $"the repository has more than one `{name}`, or one in its root");
            if (!job.Yaml.TryAdd(with, "cache-dependency-path", $"{only}/{name}", with.Children.Keys.First(key => YamlText.Value(key) == "cache")))
                return new FixResult.Declined($"the job `{job.Name}` is written in a way that is not edited");
            return job.File.ToResult($"Named the lock file `{only}/{name}` in `{job.File.Path}`.");
        }

        return new FixResult.Declined("no step of the job caches the packages of npm, yarn or pnpm");
    }

    private static async Task<FixResult> QuoteAsync(Diagnosis diagnosis, string version, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken)).Where(file => file.IsGitHub).ToList();
        var quoted = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            foreach (var job in file.Jobs)
            {
                var nodes = job.Steps.Select(step => YamlText.Child(step, "with")).OfType<YamlMappingNode>().SelectMany(with => with.Children)
                    .Where(pair => YamlText.Value(pair.Key)?.EndsWith("-version", StringComparison.Ordinal) == true).Select(pair => pair.Value)
                    .Concat(Matrix(YamlText.Child(job.Child("strategy"), "matrix")));
                foreach (var node in nodes.OfType<YamlScalarNode>().Where(node => node.Style == YamlDotNet.Core.ScalarStyle.Plain && Number().IsMatch(node.Value ?? "") && node.Value!.TrimEnd('0') == version))
                {
                    if (file.Yaml.Place(node) is not { } place)
                        return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
                    file.Yaml.Replace(place.Start, place.Length, $"'{node.Value}'");
                    quoted.Add(node.Value!);
                }
            }
        }

        return quoted.Count == 0
            ? new FixResult.Declined($"the version `{version}` is not offered for this runner; which one should take its place is for a person to say")
            : CiFiles.ToResult(files, $"Quoted the version {string.Join(", ", quoted.Select(one => $"`{one}`"))}, which YAML shortens, in {string.Join(", ", files.Where(file => file.Yaml.HasEdits).Select(file => $"`{file.Path}`"))}.");
    }

    private static IEnumerable<YamlNode> Matrix(YamlNode? node) => node switch
    {
        YamlScalarNode => [node],
        YamlSequenceNode list => list.SelectMany(Matrix),
        YamlMappingNode map => map.Children.Values.SelectMany(Matrix),
        _ => [],
    };

    [GeneratedRegex(@"^\d+\.\d*0$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Number();
}
