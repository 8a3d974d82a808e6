using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>
/// Corrects a misspelt value of a keyword that takes one of a few words, such as <c>when: on-success</c>. Declines a value that is like none of them, or that would turn a check off.
/// </summary>
public sealed class GitlabInvalidValueFixer : IFixer
{
    private static readonly IReadOnlyList<string> RetryWhen =
    [
        "always", "unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure", "runner_system_failure", "runner_unsupported", "stale_schedule", "job_execution_timeout",
        "archived_failure", "unmet_prerequisites", "scheduler_failure", "data_integrity_failure",
    ];

    public string FailureId => "gitlab-invalid-value";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var places = new HashSet<long>();
        var corrected = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var match in diagnosis.Matches)
        {
            if (!match.Captures.TryGetValue("job", out var place) || !match.Captures.TryGetValue("key", out var key))
                continue;
            key = key.Replace(' ', '_');
            var parts = place.Split(':');
            var known = Known(match.Captures.GetValueOrDefault("known"), parts[^1], key);
            var nodes = Values(file, parts, key).Where(node => !known.Contains(node.Value, StringComparer.Ordinal)).ToList();
            if (known.Count == 0 || nodes.Count == 0)
                return new FixResult.Declined($"`{file.Path}` has no wrong `{key}` at `{place}`; it comes from another file");
            foreach (var node in nodes)
            {
                if (Typo.Nearest(node.Value ?? "", known) is not { } right)
                    return new FixResult.Declined($"`{node.Value}` is not like any one of {string.Join(", ", known.Select(one => $"`{one}`"))}");
                if (places.Add(node.Start.Index) && !file.Yaml.TryReplace(node, right))
                    return new FixResult.Declined($"`{file.Path}`, line {node.Start.Line}, is written in a way that is not edited");
                corrected.Add($"`{node.Value}` to `{right}`");
            }
        }

        return corrected.Count == 0 ? new FixResult.Declined("the message does not name the keyword") : file.ToResult($"Corrected {string.Join(", ", corrected)} in `{file.Path}`.");
    }

    private static IReadOnlyList<string> Known(string? told, string holder, string key) => told is not null
        ? [.. told.Replace(" or ", ",", StringComparison.Ordinal).Replace(" and ", ",", StringComparison.Ordinal).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]
        : (holder, key) switch
        {
            ("retry", "when") => RetryWhen,
            ("artifacts", "when") or ("cache", "when") => ["on_success", "on_failure", "always"],
            ("cache", "policy") => ["pull-push", "pull", "push"],
            (_, "when") => GitLabKeywords.WhenJob,
            (_, "pull_policy") => ["always", "if-not-present", "never"],
            _ => [],
        };

    private static IEnumerable<YamlScalarNode> Values(CiFile file, string[] parts, string key)
    {
        for (var length = parts.Length; length > 0; length--)
        {
            if (YamlText.Child(file.Yaml.Root, string.Join(':', parts[..length])) is not { } node)
                continue;
            IEnumerable<YamlNode?> nodes = [node];
            foreach (var part in parts[length..])
                nodes = nodes.SelectMany(one => Flat(part is "rule" ? one : YamlText.Child(one, part)));
            return nodes.SelectMany(one => Flat(YamlText.Child(one, key))).OfType<YamlScalarNode>();
        }

        return [];
    }

    private static IEnumerable<YamlNode?> Flat(YamlNode? node) => node is YamlSequenceNode list ? list.Children.AsEnumerable<YamlNode?>() : [node];
}
