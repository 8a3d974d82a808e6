using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>Reads the logs of a pipeline's failed jobs: what happened, not what to do about it.</summary>
public sealed class FailedJobs(LogDiagnoser diagnoser, RepairSettings settings)
{
    /// <summary>A failed job that fails its pipeline.</summary>
    internal static bool IsCause(Job job) => job is { Status: RunStatus.Failed, MayFail: false };

    /// <summary>An earlier delivery has dealt with the job; nothing is left to decide.</summary>
    internal static bool IsSettled(IReadOnlyList<Attempt> earlier, Pipeline pipeline, long? jobId) => earlier.Any(attempt =>
        attempt.PipelineId == pipeline.Id && attempt.JobId == jobId && !IsUndecided(attempt.State) && attempt.State != AttemptState.Diagnosed
        && !(attempt.State == AttemptState.Failed && AttemptDetails.Of(attempt).WasTransient));

    private static bool IsUndecided(AttemptState state) => state is AttemptState.WaitingForPipeline or AttemptState.WaitingToRetry or AttemptState.Delivering;

    internal async Task<IReadOnlyList<FailedJob>> DiagnoseAsync(FailedPipeline failed, IForge forge, IReadOnlyList<Attempt> earlier, CancellationToken cancellationToken)
    {
        var (repository, pipeline, known, _) = failed;
        var jobs = known ?? await forge.ListJobsAsync(repository, pipeline.Id, cancellationToken);
        var broken = jobs.Where(IsCause).Take(settings.MaxJobsPerPipeline).ToList();
        if (broken.Count > 0)
            return [.. (await Task.WhenAll(broken.Where(job => !IsSettled(earlier, pipeline, job.Id)).Select(DiagnoseJobAsync))).OfType<FailedJob>()];
        if (jobs.Any(job => job.Status is RunStatus.Failed or RunStatus.Canceled) || IsSettled(earlier, pipeline, jobId: null))
            return [];

        var errors = await forge.GetPipelineErrorsAsync(repository, pipeline.Id, cancellationToken);
        if (errors is null && pipeline.CiFile is { } file && jobs.Count == 0)
            errors = $"Invalid workflow file: {file}";
        return errors is null ? [] : [new FailedJob(null, await ReadAsync(errors, Facts(failed, job: null), cancellationToken), Undecided(jobId: null))];

        async Task<FailedJob?> DiagnoseJobAsync(Job job)
        {
            if (Undecided(job.Id) is { } attempt)
                return new FailedJob(job, AttemptDetails.Of(attempt).Diagnosis, attempt);
            if (await ReadLogAsync(failed, forge, job, cancellationToken) is { } diagnosis)
                return new FailedJob(job, diagnosis, null);
            // GitHub shows a log a moment after the job's end; the pipeline's own event looks again.
            if (!failed.IsOver)
                return null;
            // A job that never reached a runner has no log; GitLab gives the reason beside it, in the runner's own words.
            var words = job.FailureReason is { } reason ? $"ERROR: Job failed ({reason.Replace('_', ' ')})" : "The job left no log.";
            return new FailedJob(job, await ReadAsync(words, Facts(failed, job), cancellationToken), null);
        }

        Attempt? Undecided(long? jobId) => earlier.FirstOrDefault(attempt => attempt.PipelineId == pipeline.Id && attempt.JobId == jobId && IsUndecided(attempt.State));
    }

    /// <summary><c>null</c> when the job has no log. What is in no catalogue is read a second time beside the log of the job's last success: what both say is not the cause.</summary>
    private async Task<Diagnosis?> ReadLogAsync(FailedPipeline failed, IForge forge, Job job, CancellationToken cancellationToken)
    {
        if (await DiagnoseLogAsync(failed, forge, job, passed: null, cancellationToken) is not { } diagnosis)
            return null;
        if (diagnosis.FailureId != Diagnosis.UnrecognisedId || await PassedAsync(failed, forge, job, cancellationToken) is not { } passed)
            return diagnosis;
        return await DiagnoseLogAsync(failed, forge, job, passed, cancellationToken) ?? diagnosis;
    }

    private async Task<Diagnosis?> DiagnoseLogAsync(FailedPipeline failed, IForge forge, Job job, LineTemplates? passed, CancellationToken cancellationToken)
    {
        using var span = Signals.Begin("diagnose");
        await using var log = await forge.OpenJobLogAsync(failed.Repository, job.Id, cancellationToken);
        var diagnosis = log is null ? null : (await diagnoser.DiagnoseAsync(log, Facts(failed, job), cancellationToken, passed)).Diagnoses[0];
        span?.SetTag("qmoi.failure", diagnosis?.FailureId);
        return diagnosis;
    }

    private static async Task<LineTemplates?> PassedAsync(FailedPipeline failed, IForge forge, Job job, CancellationToken cancellationToken)
    {
        try
        {
            if (await forge.FindPassedJobAsync(failed.Repository, failed.Pipeline, job.Name, cancellationToken) is not { } passed)
                return null;
            await using var log = await forge.OpenJobLogAsync(failed.Repository, passed.Id, cancellationToken);
            return log is null ? null : await LineTemplates.ReadAsync(log, cancellationToken);
        }
        catch (ForgeException)
        {
            return null; // It would only have made the guess a better one.
        }
    }

    private async Task<Diagnosis> ReadAsync(string text, JobFacts facts, CancellationToken cancellationToken)
    {
        using var log = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return (await diagnoser.DiagnoseAsync(log, facts, cancellationToken)).Diagnoses[0];
    }

    private static JobFacts Facts(FailedPipeline failed, Job? job)
    {
        var isGitHub = failed.Repository.Forge == ForgeKind.GitHub;
        return new JobFacts(isGitHub ? "github" : "gitlab", job?.Name, failed.Pipeline.CiFile ?? (isGitHub ? null : ".gitlab-ci.yml"), null);
    }
}
