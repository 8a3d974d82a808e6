using QMoi.Fixers.Ci;

namespace QMoi.Fixers.Git;

/// <summary>
/// Sets a committer before the command that failed: the bot that GitHub documents for its workflows, on GitLab one named for the project at the instance's address. In the clone where the command
/// itself commits there, else for the user of the job.
/// </summary>
public sealed class GitIdentityUnknownFixer : IFixer
{
    public string FailureId => "git-identity-unknown";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs is not [var job])
            return new FixResult.Declined(jobs.Count == 0 ? reason : "more than one job runs the command that failed");
        if (job.Yaml.Text.Contains("user.email", StringComparison.Ordinal))
            return new FixResult.Declined($"`{job.File.Path}` sets a committer already, though not where the command runs");
        var command = diagnosis.Job.FailedCommand ?? "";
        var scope = command.TrimStart().StartsWith("git ", StringComparison.Ordinal) && !command.Contains(" -C ", StringComparison.Ordinal) ? "" : "--global ";
        var (name, email) = job.File.IsGitHub ? ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com") : ("$CI_PROJECT_NAME CI", "ci@$CI_SERVER_HOST");
        return CiLines.TryInsert(job, command, "Set the committer", $"git config {scope}user.name \"{name}\"", $"git config {scope}user.email \"{email}\"")
            ? job.File.ToResult($"Set a committer in the job `{job.Name}` of `{job.File.Path}`.")
            : new FixResult.Declined($"the job `{job.Name}` in `{job.File.Path}` does not hold the command that failed, or is written in a way that is not edited");
    }
}
