using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>Finds the CI file, and in it the job that failed.</summary>
public static partial class CiFiles
{
    internal const string Workflows = ".github/workflows";
    private const string GitLab = ".gitlab-ci.yml";
    private const int MostFiles = 50;

    /// <summary>The CI files that the failed job may stand in; those that are not valid YAML are left out.</summary>
    internal static async Task<IReadOnlyList<CiFile>> OpenAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new List<CiFile>();
        foreach (var path in await PathsAsync(diagnosis, checkout, cancellationToken))
            if (await checkout.ReadAsync(path, cancellationToken) is { } source && CiFile.Of(source) is { } file)
                files.Add(file);
        return files;
    }

    /// <summary>The workflow files of GitHub.</summary>
    public static async Task<IReadOnlyList<string>> WorkflowsAsync(ICheckout checkout, CancellationToken cancellationToken) =>
    [
        .. from entry in await checkout.ListAsync(Workflows, cancellationToken)
           where !entry.IsFolder && (entry.Path.EndsWith(".yml", StringComparison.Ordinal) || entry.Path.EndsWith(".yaml", StringComparison.Ordinal))
           select entry.Path,
    ];

    /// <summary>The files that may hold the failed job, valid or not, line by line.</summary>
    internal static async Task<IReadOnlyList<TextFile>> TextsAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        await TextsAsync(await PathsAsync(diagnosis, checkout, cancellationToken), checkout, cancellationToken);

    /// <summary>Those of all jobs, of both forges.</summary>
    internal static async Task<IReadOnlyList<TextFile>> AllTextsAsync(ICheckout checkout, CancellationToken cancellationToken) =>
        await TextsAsync([GitLab, .. await WorkflowsAsync(checkout, cancellationToken)], checkout, cancellationToken);

    private static async Task<IReadOnlyList<TextFile>> TextsAsync(IEnumerable<string> paths, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new List<TextFile>();
        foreach (var path in paths)
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file)
                files.Add(file);
        return files;
    }

    internal static bool IsComment(string line) => line.TrimStart().StartsWith('#');

    internal static async Task<IReadOnlyList<string>> PathsAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Job.CiFile is { } known)
            return [known];
        var paths = new List<string>();
        if (diagnosis.Job.Forge != "github" && await checkout.ReadAsync(GitLab, cancellationToken) is not null)
            paths.Add(GitLab);
        // A log alone does not always tell whose it is.
        if (diagnosis.Job.Forge != "gitlab" || paths.Count == 0)
            paths.AddRange(await WorkflowsAsync(checkout, cancellationToken));
        return [.. paths.Take(MostFiles)];
    }

    /// <summary>The job that failed, by its name; else every job that runs the command that failed; else the only job there is.</summary>
    internal static async Task<(IReadOnlyList<CiJob> Jobs, string Reason)> FailedJobsAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = await OpenAsync(diagnosis, checkout, cancellationToken);
        if (files.Count == 0)
            return ([], "there is no CI file that is valid YAML");
        var jobs = files.SelectMany(file => file.Jobs).ToList();
        if (diagnosis.Job.JobName is { Length: > 0 } name)
        {
            foreach (var isNamed in (Func<CiJob, bool>[])[job => job.Name == name, job => job.File.IsGitHub && IsTitle(job, name), job => job.Name == WithoutIndex(name), job => job.File.IsGitHub && IsTitle(job, WithoutIndex(name))])
                if (jobs.Where(isNamed).ToList() is { Count: > 0 } named)
                    return named.Count == 1 ? (named, "") : OfCommand(diagnosis, named) is { Count: 1 } one ? (one, "") : ([], $"more than one job is named `{name}`");
        }

        if (OfCommand(diagnosis, jobs) is { Count: > 0 } running)
            return (running, "");
        var visible = jobs.Where(job => !job.Name.StartsWith('.')).ToList();
        return visible.Count == 1 ? (visible, "") : ([], "the log does not tell which job of the CI file failed");
    }

    /// <summary>The place in a job's steps or script that ran the command which failed; -1 where it is not found.</summary>
    internal static int IndexOfCommand(CiJob job, string? command)
    {
        if (string.IsNullOrWhiteSpace(command))
            return -1;
        var at = 0;
        if (job.File.IsGitHub)
        {
            foreach (var step in job.Steps)
            {
                if (Runs(YamlText.Value(YamlText.Child(step, "run")), command) || Runs(YamlText.Value(YamlText.Child(step, "uses")), command))
                    return at;
                at++;
            }

            return -1;
        }

        foreach (var line in job.Script)
        {
            if (Runs(line.Value, command))
                return at;
            at++;
        }

        return -1;
    }

    /// <summary>Edits of files, or a refusal where nothing changed or a file would no longer be valid.</summary>
    internal static FixResult ToResult(IReadOnlyList<CiFile> files, string summary)
    {
        var edits = new List<FileEdit>();
        foreach (var file in files.Where(file => file.Yaml.HasEdits).DistinctBy(file => file.Path))
        {
            var after = file.Yaml.Apply();
            if (YamlText.Parse(after) is null)
                return new FixResult.Declined($"`{file.Path}` is written in a way that is not edited");
            edits.Add(new FileEdit.Write(file.Path, file.Source.Content, after));
        }

        return edits.Count == 0 ? new FixResult.Declined("nothing is left to change in the CI file") : new FixResult.Fixed(new Patch(edits), summary);
    }

    private static List<CiJob> OfCommand(Diagnosis diagnosis, List<CiJob> jobs) => [.. jobs.Where(job => IndexOfCommand(job, diagnosis.Job.FailedCommand) >= 0)];

    // What GitHub shows of a job: its name, with expressions filled in, behind the name of the job that called its workflow.
    private static bool IsTitle(CiJob job, string name) =>
        name.Split(" / ") is [.., var last] && (job.Name == last || (YamlText.Value(job.Child("name")) is { Length: > 0 } title && (Fits(title, last) || Fits(title, name))));

    // Matrices and parallel jobs: "test (18, linux)", "test: [18, linux]", "test 1/3".
    private static string WithoutIndex(string name) => Index().Replace(name, "");

    private static bool Runs(string? script, string command)
    {
        if (string.IsNullOrWhiteSpace(script))
            return false;
        var lines = Lines(script);
        // GitLab echoes the first line of a script of several.
        var wanted = Lines(command.Replace("# collapsed multi-line command", "", StringComparison.Ordinal));
        return wanted.Count > 0 && wanted.Count <= lines.Count && wanted.Zip(lines).All(pair => Fits(pair.Second, pair.First));
    }

    private static List<string> Lines(string text) => [.. text.Split('\n').Select(line => Blanks().Replace(line, " ").Trim()).Where(line => line.Length > 0)];

    /// <summary>True where the text is the template with something in place of each expression.</summary>
    private static bool Fits(string template, string text)
    {
        var parts = Expression().Split(template);
        if (parts.Length == 1)
            return template == text;
        if (!text.StartsWith(parts[0], StringComparison.Ordinal) || parts.All(string.IsNullOrWhiteSpace))
            return false;
        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            at = text.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0)
                return false;
            at += part.Length;
        }

        return text.Length - at >= parts[^1].Length && text.EndsWith(parts[^1], StringComparison.Ordinal);
    }

    [GeneratedRegex(@"(?: \([^()]*\)|: \[[^\[\]]*\]| \d+/\d+)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Index();

    [GeneratedRegex(@"\$\{\{[^{}]*\}\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expression();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Blanks();
}
