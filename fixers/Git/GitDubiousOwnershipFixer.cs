using QMoi.Fixers.Ci;

namespace QMoi.Fixers.Git;

/// <summary>
/// Names the checkout as a safe directory before the first git command of the job that failed, and only the checkout: never <c>*</c>. Declines other folders: who owns those is for a person to look at.
/// </summary>
public sealed class GitDubiousOwnershipFixer : IFixer
{
    public string FailureId => "git-dubious-ownership";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("path") is not { } path || !IsCheckout(path.TrimEnd('/').Split('/', StringSplitOptions.RemoveEmptyEntries)))
            return new FixResult.Declined("the folder is not that of the checkout");
        if (await TextFile.ReadAsync(checkout, ".gitmodules", cancellationToken) is { } modules
            && modules.Lines.Any(line => line.Split('=', 2) is [var key, var folder] && key.Trim() == "path" && path.EndsWith("/" + folder.Trim(), StringComparison.Ordinal)))
            return new FixResult.Declined("the folder is that of a submodule");
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs is not [var job])
            return new FixResult.Declined(jobs.Count == 0 ? reason : "more than one job runs the command that failed");
        var folderName = job.File.IsGitHub ? "$GITHUB_WORKSPACE" : "$CI_PROJECT_DIR";
        if (job.Yaml.Text.Contains("safe.directory", StringComparison.Ordinal))
            return new FixResult.Declined($"`{job.File.Path}` names safe directories already");
        return CiLines.TryInsert(job, diagnosis.Job.FailedCommand, "Trust the checkout", $"git config --global --add safe.directory \"{folderName}\"")
            ? job.File.ToResult($"Let git trust the checkout in the job `{job.Name}` of `{job.File.Path}`.")
            : new FixResult.Declined($"the job `{job.Name}` in `{job.File.Path}` does not hold the command that failed, or is written in a way that is not edited");
    }

    private static bool IsCheckout(string[] path) => path switch
    {
        ["builds", _, _, ..] => true,
        ["__w", var first, var second] => first == second,
        ["github", "workspace"] => true,
        ["home", "runner", "work", var first, var second] => first == second,
        _ => false,
    };
}
