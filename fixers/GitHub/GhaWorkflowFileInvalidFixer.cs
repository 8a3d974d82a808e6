using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Corrects a workflow file: a misspelt keyword, a misspelt job in <c>needs</c>, a key that is there twice with the same value, YAML that one small edit makes valid. Declines what is missing.
/// </summary>
public sealed partial class GhaWorkflowFileInvalidFixer : IFixer
{
    public string FailureId => "gha-workflow-file-invalid";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await PathAsync(diagnosis, checkout, cancellationToken) is not { } path || await checkout.ReadAsync(path, cancellationToken) is not { } source)
            return new FixResult.Declined("the log does not tell which workflow it is");
        var matches = diagnosis.Matches.Select(match => (Line: Line(match), Message: match.Captures.GetValueOrDefault("message") ?? "")).ToList();
        if (CiFile.Of(source) is not { } file)
        {
            // GitHub refuses a key that is there twice; it is no valid YAML for our reader either.
            return matches.Where(match => match.Line is not null && match.Message.EndsWith("is already defined", StringComparison.Ordinal)).ToList() is [var twice]
                ? YamlRepair.WithoutDuplicate(source, twice.Line!.Value) is { } once
                    ? new FixResult.Fixed(new Patch([once]), $"Removed a key that was there twice with the same value in `{path}`.")
                    : new FixResult.Declined($"line {twice.Line} of `{path}` gives a key a second time with another value; which of them counts is not told")
                : YamlRepair.Repair(source, matches.Select(match => match.Line).FirstOrDefault(line => line is not null));
        }

        var corrected = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (line, message) in matches)
        {
            if (Unexpected().Match(message) is { Success: true } unexpected && line is { } number)
            {
                if (Correct(file, number, unexpected.Groups["key"].Value, corrected) is { } refusal)
                    return new FixResult.Declined(refusal);
            }
            else if (UnknownJob().Match(message) is { Success: true } need)
            {
                if (CorrectNeed(file, need.Groups["job"].Value, need.Groups["needed"].Value, corrected) is { } refusal)
                    return new FixResult.Declined(refusal);
            }
        }

        return corrected.Count == 0 ? new FixResult.Declined("the message names no mistake that can simply be corrected") : file.ToResult($"Corrected {string.Join(", ", corrected)} in `{path}`.");
    }

    private static async Task<string?> PathAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var named = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).FirstOrDefault(file => file is not null);
        if (named is not null)
            return await CheckoutPaths.FindAsync(checkout, named, cancellationToken);
        return await CiFiles.PathsAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken) is [var only] ? only : null;
    }

    private static int? Line(SignatureMatch match) =>
        int.TryParse(match.Captures.GetValueOrDefault("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? line : null;

    private static string? Correct(CiFile file, int line, string wrong, SortedSet<string> corrected)
    {
        if (Find(file.Yaml.Root, GitHubKeywords.Root, "", line, wrong) is not var (map, key, known))
            return $"line {line} of `{file.Path}` has no `{wrong}`; the log is of another version of it, or the value itself is wrong";
        if (known.Contains(wrong))
            return $"`{wrong}` may stand there, but not with that value or not beside its neighbours";
        if (Typo.Nearest(wrong, known) is not { } right)
            return $"`{wrong}` is not like any one keyword that may stand there";
        if (YamlText.Child(map, right) is not null)
            return $"`{right}` stands beside `{wrong}`; which of them counts is not told";
        if (!file.Yaml.TryReplace(key, right))
            return $"`{file.Path}`, line {line}, is written in a way that is not edited";
        corrected.Add($"`{wrong}` to `{right}`");
        return null;
    }

    /// <summary>The key at a line, the mapping it is in, and the keys which that may have.</summary>
    private static (YamlMappingNode Map, YamlScalarNode Key, IReadOnlySet<string> Known)? Find(YamlNode node, IReadOnlySet<string>? known, string path, int line, string wrong)
    {
        if (node is YamlSequenceNode list)
            return list.Select(item => Find(item, known, path, line, wrong)).FirstOrDefault(found => found is not null);
        if (node is not YamlMappingNode map)
            return null;
        foreach (var (key, value) in map.Children)
        {
            if (key is not YamlScalarNode { Value: { } name } scalar)
                continue;
            if (name == wrong && key.Start.Line == line && known is not null)
                return (map, scalar, known);
            var below = path.Length == 0 ? name : $"{path}/{name}";
            var inner = below == "jobs" ? null : path == "jobs" ? GitHubKeywords.Job : path.StartsWith("jobs/", StringComparison.Ordinal) && name == "steps" ? GitHubKeywords.Step : GitHubKeywords.Under(name);
            if (Find(value, inner, below, line, wrong) is { } found)
                return found;
        }

        return null;
    }

    private static string? CorrectNeed(CiFile file, string job, string needed, SortedSet<string> corrected)
    {
        if (file.Jobs.FirstOrDefault(one => one.Name == job) is not { } needing)
            return $"`{file.Path}` has no job `{job}`";
        var near = Typo.Near(needed, file.Jobs.Select(one => one.Name).Where(name => name != job));
        if (near is not [var right])
            return near.Count == 0 ? $"no job of `{file.Path}` has a name like `{needed}`" : $"`{needed}` may be any of {string.Join(", ", near.Select(one => $"`{one}`"))}";
        IEnumerable<YamlNode?> nodes = needing.Child("needs") is YamlSequenceNode list ? list.Children.AsEnumerable<YamlNode?>() : [needing.Child("needs")];
        foreach (var node in nodes.OfType<YamlScalarNode>().Where(node => node.Value == needed))
        {
            if (!file.Yaml.TryReplace(node, right))
                return $"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited";
            corrected.Add($"`{needed}` to `{right}`");
        }

        return null;
    }

    [GeneratedRegex("^Unexpected value '(?<key>[^']+)'", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Unexpected();

    [GeneratedRegex("^Job '(?<job>[^']+)' depends on (?:unknown )?job '(?<needed>[^']+)'", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UnknownJob();
}
