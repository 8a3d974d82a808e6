using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>
/// Removes an <c>only</c> that stands beside <c>rules</c> where the rules say the same, or less: the job then runs in no pipeline in which <c>only</c> did not want it. Declines all others,
/// for how the two should combine is not told.
/// </summary>
public sealed class GitlabRulesWithOnlyFixer : IFixer
{
    public string FailureId => "gitlab-rules-with-only";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var changed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (name, keys) in diagnosis.Matches.Select(match => (match.Captures.GetValueOrDefault("job"), match.Captures.GetValueOrDefault("keys"))).Distinct())
        {
            if (name is null || keys is null)
                return new FixResult.Declined("a job without a script needs one that a person writes");
            if (keys.Trim() != "only")
                return new FixResult.Declined($"how `{keys}` of `{name}` should become rules is for a person to say");
            if (file.Jobs.FirstOrDefault(job => job.Name == name) is not { } job || job.Child("only") is not { } only || job.Child("rules") is not YamlSequenceNode rules)
                return new FixResult.Declined($"`only` and `rules` of `{name}` do not both stand in the job itself; one of them comes from a template");
            var refs = (only is YamlSequenceNode list ? list.Children : only is YamlScalarNode ? [only] : []).Select(node => Condition(YamlText.Value(node))).ToList();
            if (refs.Count == 0 || refs.Contains(null) || rules.Children.Count == 0 || !rules.All(rule => rule is YamlMappingNode { Children.Count: 1 } && Plain(YamlText.Value(YamlText.Child(rule, "if"))) is { Length: > 0 } condition && refs.Contains(condition, StringComparer.Ordinal)))
                return new FixResult.Declined($"`only` and `rules` of `{name}` do not say the same");
            var key = job.Node.Children.Keys.First(one => YamlText.Value(one) == "only");
            var line = (int)key.Start.Line;
            if (job.Node.Style == YamlDotNet.Core.Events.MappingStyle.Flow || file.Yaml.Line(line)[..((int)key.Start.Column - 1)].Trim().Length > 0)
                return new FixResult.Declined($"the job `{name}` is written in a way that is not edited");
            file.Yaml.RemoveLines(line, file.Yaml.LastLine(line, (int)key.Start.Column - 1));
            changed.Add($"`{name}`");
        }

        return changed.Count == 0 ? new FixResult.Declined("the message does not name the job") : file.ToResult($"Removed the `only` of {string.Join(", ", changed)}, which says what the rules say, in `{file.Path}`.");
    }

    private static string? Condition(string? reference) => reference switch
    {
        null or "" => null,
        "branches" => "$CI_COMMIT_BRANCH",
        "tags" => "$CI_COMMIT_TAG",
        "merge_requests" => "$CI_PIPELINE_SOURCE == 'merge_request_event'",
        "schedules" => "$CI_PIPELINE_SOURCE == 'schedule'",
        "web" => "$CI_PIPELINE_SOURCE == 'web'",
        "triggers" or "pushes" or "api" or "pipelines" or "external" or "chat" or "external_pull_requests" => null,
        _ => reference.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') ? $"$CI_COMMIT_BRANCH == '{reference}'" : null,
    };

    private static string? Plain(string? condition) => condition?.Replace('"', '\'').Trim();
}
