using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>Raises actions of GitHub whose versions no longer run, where the new version does the same.</summary>
/// <remarks>github.blog/changelog/2024-04-16-deprecation-notice-v3-of-the-artifact-actions and 2024-12-05-notice-of-upcoming-releases-and-breaking-changes-for-github-actions.</remarks>
public sealed partial class GhaDeprecatedActionVersionFixer : IFixer
{
    private const string Upload = "actions/upload-artifact";

    private static readonly Dictionary<string, int> LastRetired = new(StringComparer.Ordinal)
    {
        [Upload] = 3,
        ["actions/download-artifact"] = 3,
        ["actions/cache"] = 2,
        ["actions/cache/restore"] = 2,
        ["actions/cache/save"] = 2,
        // Runs in every version; raised only where the log asks for it.
        ["actions/checkout"] = 0,
    };

    public string FailureId => "gha-deprecated-action-version";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var edits = new List<FileEdit>();
        foreach (var path in await CiFiles.WorkflowsAsync(checkout, cancellationToken))
        {
            if (await checkout.ReadAsync(path, cancellationToken) is not { } file || YamlText.Parse(file.Content) is not { } yaml)
                continue;
            if (Raise(yaml, path, diagnosis) is { } declined)
                return declined;
            if (yaml.HasEdits)
                edits.Add(new FileEdit.Write(path, file.Content, yaml.Apply()));
        }

        if (edits.Count == 0)
            return new FixResult.Declined($"no workflow under `{CiFiles.Workflows}` uses a retired version that has a known successor");
        return new FixResult.Fixed(new Patch(edits), $"Raised retired versions of GitHub's actions to v4 in {string.Join(", ", edits.Select(edit => $"`{edit.Path}`"))}.");
    }

    private static FixResult.Declined? Raise(YamlText yaml, string path, Diagnosis diagnosis)
    {
        var uses = Uses(yaml.Root).ToList();
        var isUploadRaised = false;
        var places = new HashSet<long>();
        foreach (var use in uses)
        {
            if (Commit().IsMatch(use.Version))
            {
                if (LastRetired[use.Action] > 0 && !IsCurrentByComment(yaml.Text, use))
                    return new FixResult.Declined($"`{path}`, line {use.Node.Start.Line}, pins `{use.Action}` to a commit; which commit comes next is for a person to say");
                continue;
            }

            if (!IsRetired(use, diagnosis) || !places.Add(use.Node.Start.Index))
                continue;
            isUploadRaised |= use.Action == Upload;
            if (!yaml.TryReplace(use.Node, $"{use.Action}@v4"))
                return new FixResult.Declined($"`{path}`, line {use.Node.Start.Line}, is written in a way that is not edited");
        }

        return isUploadRaised ? UploadsThatNowCollide(path, [.. uses.Where(use => use.Action == Upload)]) : null;
    }

    // From v4 on an artifact can be written once; before, a second upload of the same name added its files.
    private static FixResult.Declined? UploadsThatNowCollide(string path, List<Use> uploads)
    {
        foreach (var group in uploads.GroupBy(upload => upload.Name, StringComparer.Ordinal))
        {
            if (group.Count() > 1)
                return new FixResult.Declined($"`{path}` uploads the artifact `{group.Key}` more than once, which v4 refuses; give each its own name");
            if (group.First() is { IsInMatrix: true } && !Matrix().IsMatch(group.Key))
                return new FixResult.Declined($"`{path}` uploads the artifact `{group.Key}` from every job of a matrix, which v4 refuses; put the matrix's value into the name");
        }

        return null;
    }

    private static IEnumerable<Use> Uses(YamlMappingNode root)
    {
        if (YamlText.Child(root, "jobs") is not YamlMappingNode jobs)
            yield break;
        foreach (var (_, job) in jobs.Children)
        {
            if (YamlText.Child(job, "steps") is not YamlSequenceNode steps)
                continue;
            var isInMatrix = YamlText.Child(YamlText.Child(job, "strategy"), "matrix") is not null;
            foreach (var step in steps)
            {
                if (YamlText.Child(step, "uses") is not YamlScalarNode { Value: { } value } node || value.Split('@') is not [var action, var version] || !LastRetired.ContainsKey(action))
                    continue;
                yield return new Use(node, action, version, YamlText.Value(YamlText.Child(YamlText.Child(step, "with"), "name")) ?? "artifact", isInMatrix);
            }
        }
    }

    private static bool IsRetired(Use use, Diagnosis diagnosis)
    {
        if (Major().Match(use.Version) is not { Success: true } match)
            return false;
        var major = int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture);
        // Later minors of a major were retired too (actions/cache v3.0 to v3.3): the message says so.
        var isNamed = diagnosis.Matches.Any(match => match.Captures.GetValueOrDefault("action") == use.Action && match.Captures.GetValueOrDefault("version") == use.Version);
        return major <= LastRetired[use.Action] || (isNamed && major <= 4 && use.Version != "v4");
    }

    private static bool IsCurrentByComment(string text, Use use)
    {
        var start = (int)use.Node.Start.Index;
        var end = text.IndexOf('\n', start);
        var line = end < 0 ? text[start..] : text[start..end];
        return line.IndexOf('#', StringComparison.Ordinal) is >= 0 and var comment && Major().Match(line[(comment + 1)..].Trim()) is { Success: true } match
            && int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture) > LastRetired[use.Action];
    }

    [GeneratedRegex("^[0-9a-f]{40}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Commit();

    [GeneratedRegex(@"^v?(?<major>\d{1,4})(?:\.\d+)*\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Major();

    [GeneratedRegex(@"\$\{\{[^}]*\b(?:matrix\.|strategy\.job-index)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Matrix();

    private sealed record Use(YamlScalarNode Node, string Action, string Version, string Name, bool IsInMatrix);
}
