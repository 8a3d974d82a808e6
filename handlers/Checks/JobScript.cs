using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Ci;

namespace QMoi.Handlers.Checks;

/// <summary>The shell lines of one job up to the one that failed, as its CI file gives them, to be run again in the sandbox.</summary>
/// <param name="Variables">As the CI file sets them, in order; values may use earlier ones (<c>$NAME</c>).</param>
public sealed record JobScript(IReadOnlyList<KeyValuePair<string, string>> Variables, IReadOnlyList<ScriptPart> Parts)
{
    /// <summary>Longest text that is run; a longer script is no repair's business.</summary>
    private const int MaxLength = 64 * 1024;

    /// <returns>The reason where the CI file does not tell what the job ran.</returns>
    public static async Task<(JobScript? Script, string? Reason)> FindAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var job = diagnosis.Job;
        if (job.FailedCommand is not { Length: > 0 } && job.JobName is null)
            return (null, "the log does not say which command failed");
        if (job.Forge == "gitlab" || (job.Forge is null && await checkout.ReadAsync(".gitlab-ci.yml", cancellationToken) is not null))
            return GitLabJobScript.Find(await checkout.ReadAsync(job.CiFile ?? ".gitlab-ci.yml", cancellationToken), job);
        foreach (var path in job.CiFile is { } file ? [file] : await CiFiles.WorkflowsAsync(checkout, cancellationToken))
            if (GitHubJobScript.Find(await checkout.ReadAsync(path, cancellationToken), job) is { Script: not null } found)
                return found;
        return (null, "no workflow file holds the command that failed");
    }

    /// <summary>One text for <c>bash -c</c>; ends with the exit code of the line that fails.</summary>
    public string ToBash()
    {
        var text = new StringBuilder("set -eo pipefail\n");
        foreach (var (name, value) in Variables)
            text.Append("export ").Append(name).Append('=').Append(Quoted(value)).Append('\n');
        foreach (var part in Parts)
        {
            if (part.IsOwnShell)
                text.Append("(\n");
            if (part.Folder.Length > 0)
                text.Append("cd -- ").Append(Quoted(part.Folder)).Append('\n');
            foreach (var (name, value) in part.Variables)
                text.Append("export ").Append(name).Append('=').Append(Quoted(value)).Append('\n');
            text.Append(part.Text).Append('\n');
            if (part.IsOwnShell)
                text.Append(")\n");
        }
        return text.ToString();
    }

    public bool IsTooLong => Parts.Sum(part => part.Text.Length) > MaxLength;

    /// <summary>In double quotes, so that <c>$NAME</c> is read as the forges read it, and nothing else is.</summary>
    private static string Quoted(string value) => "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal).Replace("$(", "\\$(", StringComparison.Ordinal) + "\"";
}

/// <param name="Folder">Where it runs, from the repository's root.</param>
/// <param name="IsOwnShell">GitHub runs each step in a shell of its own; the lines of a GitLab job share one.</param>
public sealed record ScriptPart(string Text, string Folder, IReadOnlyList<KeyValuePair<string, string>> Variables, bool IsOwnShell);
