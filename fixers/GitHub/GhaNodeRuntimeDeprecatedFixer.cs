using System.Globalization;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Raises well-known actions that run on a retired Node.js to their first major on a newer one; only those that the log names, or, where it names none, those of the job that failed.
/// Declines actions whose newer majors want something else of the workflow (artifacts, older scripts for GitHub's API, setup-java without a distribution).
/// </summary>
/// <remarks>The action.yml of each major, read 2026-11.</remarks>
public sealed class GhaNodeRuntimeDeprecatedFixer : IFixer
{
    /// <summary>The last majors on Node.js 12, 16 and 20; 0: none. The major behind each runs on the next one.</summary>
    private static readonly Dictionary<string, (int On12, int On16, int On20)> Last = new(StringComparer.Ordinal)
    {
        ["actions/checkout"] = (2, 3, 4),
        ["actions/setup-node"] = (2, 3, 4),
        ["actions/setup-python"] = (2, 4, 5),
        ["actions/setup-java"] = (2, 3, 4),
        ["actions/setup-go"] = (2, 4, 5),
        ["actions/setup-dotnet"] = (1, 3, 4),
        ["actions/cache"] = (2, 3, 4),
        ["actions/cache/restore"] = (0, 3, 4),
        ["actions/cache/save"] = (0, 3, 4),
        ["actions/github-script"] = (5, 6, 7),
        ["docker/login-action"] = (1, 2, 0),
        ["docker/build-push-action"] = (2, 4, 0),
        ["docker/setup-buildx-action"] = (1, 2, 0),
        ["docker/setup-qemu-action"] = (1, 2, 0),
        ["docker/metadata-action"] = (3, 4, 0),
        ["hashicorp/setup-terraform"] = (1, 2, 0),
        ["softprops/action-gh-release"] = (0, 1, 0),
    };

    public string FailureId => "gha-node-runtime-deprecated";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var node = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("node")).FirstOrDefault(one => one is not null);
        if (!int.TryParse(node, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version is not (12 or 16 or 20))
            return new FixResult.Declined("the log does not say which Node.js is retired");
        var named = diagnosis.Matches.SelectMany(match => (match.Captures.GetValueOrDefault("actions") ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)).Select(one => one.TrimEnd('.')).ToHashSet(StringComparer.Ordinal);
        var files = named.Count > 0
            ? await CiFiles.OpenAsync(diagnosis with { Job = diagnosis.Job with { CiFile = null, Forge = "github" } }, checkout, cancellationToken)
            : [.. (await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken)).Jobs.Select(job => job.File).Distinct()];
        if (files.Count == 0)
            files = await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken);

        var raised = new SortedSet<string>(StringComparer.Ordinal);
        var places = new HashSet<(string, long)>();
        foreach (var file in files.Where(file => file.IsGitHub))
        {
            foreach (var step in file.Jobs.SelectMany(job => job.Steps))
            {
                if (GitHubActions.Of(step) is not { Major: { } major } use || (named.Count > 0 && !named.Contains($"{use.Name}@{use.Version}")))
                    continue;
                if (Next(use.Name, major, version) is not { } next)
                {
                    if (named.Count > 0)
                        return new FixResult.Declined($"which major of `{use.Name}` does the same on a newer Node.js is for a person to say");
                    continue;
                }

                if ((use.Name == "actions/github-script" && major < 5) || (use.Name == "actions/setup-java" && major < 2 && YamlText.Child(YamlText.Child(step, "with"), "distribution") is null))
                    return new FixResult.Declined($"newer majors of `{use.Name}` want changes to how the workflow uses it");
                if (places.Add((file.Path, use.Node.Start.Index)) && !file.Yaml.TryReplace(use.Node, $"{use.Name}@v{next}"))
                    return new FixResult.Declined($"`{file.Path}`, line {use.Node.Start.Line}, is written in a way that is not edited");
                raised.Add($"`{use.Name}` to v{next}");
            }
        }

        return raised.Count == 0 ? new FixResult.Declined("no workflow uses an action of which it is known that it runs there") : CiFiles.ToResult(files, $"Raised {string.Join(", ", raised)}.");
    }

    private static int? Next(string action, int major, int node) =>
        !Last.TryGetValue(action, out var last) ? null
        : node == 20 ? (last.On20 > 0 && major <= last.On20 ? last.On20 + 1 : null)
        // Node.js 16 went soon after 12; its successor is 20.
        : major <= (node == 12 ? last.On12 : last.On16) ? last.On16 + 1 : null;
}
