using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Corrects the misspelt name of a well-known action, a version without its <c>v</c>, or the path of an action of the repository itself; or checks the repository out before such an action.
/// Declines unknown names: an action somebody else owns must never be guessed.
/// </summary>
public sealed partial class GhaActionNotResolvableFixer : IFixer
{
    public string FailureId => "gha-action-not-resolvable";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("path") is { } local)
            return await LocalAsync(diagnosis, local, checkout, cancellationToken);
        if (diagnosis.Captures.GetValueOrDefault("action") is not { } action)
            return new FixResult.Declined("the log does not name the action");

        var files = (await CiFiles.OpenAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken)).Where(file => file.IsGitHub).ToList();
        var version = diagnosis.Captures.GetValueOrDefault("version") ?? diagnosis.Captures.GetValueOrDefault("ref");
        var name = action;
        var isKnown = GitHubActions.WellKnown.Contains(action, StringComparer.OrdinalIgnoreCase);
        if (!isKnown)
        {
            if (Typo.Nearest(action, GitHubActions.WellKnown) is not { } right)
                return new FixResult.Declined($"`{action}` is not like any one well-known action; whether it was renamed or is private is not told");
            name = right;
        }

        var wanted = version;
        if (isKnown)
        {
            if (version is null || !Number().IsMatch(version))
                return new FixResult.Declined(version is null ? $"`{action}` exists" : $"which version of `{action}` should stand in place of `{version}` is for a person to say");
            wanted = "v" + version.TrimStart('V', '.');
        }

        var places = 0;
        foreach (var file in files)
        {
            foreach (var step in file.Jobs.SelectMany(job => job.Steps))
            {
                if (GitHubActions.Of(step) is not { } use || use.Name != action || (version is not null && use.Version != version))
                    continue;
                if (!file.Yaml.TryReplace(use.Node, $"{name}@{wanted ?? use.Version}"))
                    return new FixResult.Declined($"`{file.Path}`, line {use.Node.Start.Line}, is written in a way that is not edited");
                places++;
            }
        }

        return places == 0
            ? new FixResult.Declined($"no workflow of the repository uses `{action}`; an action that it uses does")
            : CiFiles.ToResult(files, $"Corrected `{action}{(version is null ? "" : "@" + version)}` to `{name}{(wanted is null ? "" : "@" + wanted)}` in {string.Join(", ", files.Where(file => file.Yaml.HasEdits).Select(file => $"`{file.Path}`"))}.");
    }

    private static async Task<FixResult> LocalAsync(Diagnosis diagnosis, string logged, ICheckout checkout, CancellationToken cancellationToken)
    {
        var path = Work().Replace(logged, "").TrimEnd('/');
        path = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        if (path.Length == 0 || path.StartsWith('/') || path.Contains("..", StringComparison.Ordinal))
            return new FixResult.Declined($"`{logged}` is not a folder of this repository");
        var files = await CiFiles.OpenAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken);
        var uses = files.Where(file => file.IsGitHub).SelectMany(file => file.Jobs)
            .Select(job => (Job: job, Node: job.Steps.Select(step => YamlText.Child(step, "uses")).OfType<YamlScalarNode>().FirstOrDefault(node => node.Value?.TrimEnd('/') == "./" + path)))
            .Where(use => use.Node is not null).ToList();
        if (uses.Count == 0)
            return new FixResult.Declined($"no workflow uses the action `./{path}`");

        if (await IsActionAsync(path, checkout, cancellationToken))
        {
            var without = uses.Where(use => !use.Job.Steps.TakeWhile(step => YamlText.Child(step, "uses") != use.Node).Any(step => GitHubActions.Of(step)?.Name == "actions/checkout")).ToList();
            if (without is not [var (job, _)])
                return new FixResult.Declined(without.Count == 0 ? $"`{path}` exists, and every job that uses it checks the repository out" : $"more than one job uses `./{path}` before it checks the repository out");
            return await MissingCheckout.RepairAsync(job, null, checkout, cancellationToken) ?? new FixResult.Declined($"the job `{job.Name}` checks the repository out only after it uses `./{path}`; the order is for a person to change");
        }

        var slash = path.LastIndexOf('/');
        var folder = slash < 0 ? "" : path[..slash];
        var near = new List<string>();
        foreach (var entry in await checkout.ListAsync(folder, cancellationToken))
            if (entry.IsFolder && Typo.Is(path[(slash + 1)..], entry.Path[(entry.Path.LastIndexOf('/') + 1)..]) && await IsActionAsync(entry.Path, checkout, cancellationToken))
                near.Add(entry.Path);
        if (near is not [var right])
            return new FixResult.Declined(near.Count == 0 ? $"no action of the repository has a path like `{path}`" : $"`{path}` may be any of {string.Join(", ", near.Select(one => $"`{one}`"))}");
        foreach (var (job, node) in uses)
            if (!job.Yaml.TryReplace(node!, node!.Value!.Replace(path, right, StringComparison.Ordinal)))
                return new FixResult.Declined($"`{job.File.Path}`, line {node.Start.Line}, is written in a way that is not edited");
        return CiFiles.ToResult([.. uses.Select(use => use.Job.File)], $"Corrected the action `./{path}` to `./{right}`.");
    }

    private static async Task<bool> IsActionAsync(string folder, ICheckout checkout, CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["action.yml", "action.yaml", "Dockerfile"])
            if (await checkout.ReadAsync(CheckoutPaths.Join(folder, name), cancellationToken) is not null)
                return true;
        return false;
    }

    [GeneratedRegex(@"^(?:V|v\.|V\.)?\d+(?:\.\d+){0,2}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Number();

    [GeneratedRegex("^(?:/home/runner/work/[^/]+/[^/]+/|/__w/[^/]+/[^/]+/)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Work();
}
