using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>A job uses a file of a submodule, and its CI file does not ask for submodules.</summary>
internal static partial class Submodules
{
    /// <returns><c>null</c> where that is not the cause.</returns>
    public static async Task<FixResult?> RepairAsync(CiJob job, string path, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await TextFile.ReadAsync(checkout, ".gitmodules", cancellationToken) is not { } modules)
            return null;
        var folder = modules.Lines.Select(line => PathLine().Match(line)).Where(match => match.Success).Select(match => match.Groups["path"].Value.Trim().TrimEnd('/'))
            .FirstOrDefault(one => one.Length > 0 && (path == one || path.StartsWith(one + "/", StringComparison.Ordinal)));
        if (folder is null)
            return null;
        var refusal = job.File.IsGitHub ? OnGitHub(job) : OnGitLab(job);
        return refusal is null ? job.File.ToResult($"Let the job `{job.Name}` fetch the submodule `{folder}` in `{job.File.Path}`.") : new FixResult.Declined(refusal);
    }

    private static string? OnGitHub(CiJob job)
    {
        var step = job.Steps.FirstOrDefault(step => GitHubActions.Of(step)?.Name == "actions/checkout" && YamlText.Child(YamlText.Child(step, "with"), "repository") is null);
        if (step is null)
            return $"the job `{job.Name}` does not check its own repository out with actions/checkout";
        return YamlText.Child(step, "with") switch
        {
            null => job.Yaml.TryAdd(step, "with", "submodules", "true"),
            YamlMappingNode with when YamlText.Child(with, "submodules") is YamlScalarNode { Value: "false" } off => job.Yaml.TryReplace(off, "true"),
            YamlMappingNode with when YamlText.Child(with, "submodules") is null => job.Yaml.TryAdd(with, "submodules", "true"),
            _ => false,
        } ? null : $"the job `{job.Name}` fetches submodules already; the submodule itself lacks the file";
    }

    private static string? OnGitLab(CiJob job)
    {
        const string Key = "GIT_SUBMODULE_STRATEGY";
        var strategy = YamlText.Child(job.Child("variables"), Key) ?? YamlText.Child(YamlText.Child(job.Yaml.Root, "variables"), Key);
        if (YamlText.Value(strategy) is "normal" or "recursive" || job.Script.Any(line => line.Value?.Contains("git submodule", StringComparison.Ordinal) == true))
            return $"the job `{job.Name}` fetches submodules already; the submodule itself lacks the file";
        return job.Child("variables") switch
        {
            YamlMappingNode variables when YamlText.Child(variables, Key) is YamlScalarNode off => job.Yaml.TryReplace(off, "normal"),
            YamlMappingNode variables => job.Yaml.TryAdd(variables, Key, "normal"),
            null => job.Yaml.TryAdd(job.Node, "variables", Key, "normal", job.Node.Children.Keys.LastOrDefault(key => YamlText.Value(key) is "stage" or "image" or "extends" or "needs" or "tags")),
            _ => false,
        } ? null : $"the variables of `{job.Name}` are written in a way that is not edited";
    }

    [GeneratedRegex(@"^\s*path\s*=\s*(?<path>\S.*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PathLine();
}
