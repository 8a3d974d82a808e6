namespace QMoi.Fixers.Ci;

/// <summary>
/// A file that the job lacks because the CI file does not bring it there: an earlier job makes it and is not in <c>needs</c>, it lies in a submodule that is not fetched, or the repository
/// is not checked out at all. Anything else (a wrong name, a file that was never committed) is declined.
/// </summary>
public sealed class MissingPathFixer : IFixer
{
    public string FailureId => "missing-path";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Captures.GetValueOrDefault("path") is not { } logged || Relative(logged) is not { Length: > 0 } path)
            return new FixResult.Declined("the log does not name a path inside the repository");
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs is not [var job])
            return new FixResult.Declined(jobs.Count == 0 ? reason : "more than one job runs the command that failed");
        return await MissingCheckout.RepairAsync(job, path, checkout, cancellationToken)
            ?? await Submodules.RepairAsync(job, path, checkout, cancellationToken)
            ?? MissingArtifacts.Repair(job, path)
            ?? new FixResult.Declined($"no job before `{job.Name}` declares `{path}` as an artifact; whether its name is wrong or it was not committed is not told");
    }

    // /builds/group/project/dist/x and /home/runner/work/app/app/dist/x are dist/x.
    private static string? Relative(string logged)
    {
        var parts = logged.Trim('"', '\'', '`').Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToList();
        if (parts.Count is 0 or > 40 || parts.Contains("..", StringComparer.Ordinal) || parts.Any(part => part.StartsWith('$')))
            return null;
        if (!logged.StartsWith('/'))
            return string.Join('/', parts);
        return parts switch
        {
            ["builds", _, _, .. var rest] => string.Join('/', rest),
            ["home", "runner", "work", _, _, .. var rest] => string.Join('/', rest),
            ["__w", _, _, .. var rest] => string.Join('/', rest),
            _ => null,
        };
    }
}
