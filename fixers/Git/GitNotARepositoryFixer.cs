using QMoi.Fixers.Ci;

namespace QMoi.Fixers.Git;

/// <summary>Lets a job on GitHub check the repository out whose git command found none. Declines where the job does so already, and on GitLab, where it is always done unless turned off.</summary>
public sealed class GitNotARepositoryFixer : IFixer
{
    public string FailureId => "git-not-a-repository";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs is not [var job])
            return new FixResult.Declined(jobs.Count == 0 ? reason : "more than one job runs the command that failed");
        return await MissingCheckout.RepairAsync(job, null, checkout, cancellationToken)
            ?? new FixResult.Declined($"the job `{job.Name}` has a checkout; the command runs in another folder, or the image has no git for the checkout to use");
    }
}
