using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>
/// The pipeline of a fix branch decides whether the fix is one. Green (for the job that was red): said in the merge request. Red: the merge request is closed
/// with the reason, nothing is stacked on it, and where the new failure was a passing one the fix is tried once more from the original head.
/// </summary>
public sealed class FixPipeline(IForges forges, LogDiagnoser diagnoser, PipelineRepair repair, FixCommit commits, WaitingForFix waiting, StickyComment comment, BotMessages messages, TimeProvider clock)
{
    /// <param name="attempt">The one whose fix the pipeline ran for, on a branch of its own or as a commit on somebody's.</param>
    public async Task<Outcome> FinishAsync(ForgeEvent.PipelineFinished finished, Attempt? attempt, ILedger ledger, CancellationToken cancellationToken)
    {
        var (repository, pipeline, _) = finished;
        if (attempt is null)
            return new Outcome.Ignored("a fix branch that is not known here");
        if (attempt.State == AttemptState.Delivering)
            throw new ForgeException(ForgeProblem.Unreachable, "The fix is still being offered; its pipeline is looked at when that is done.");
        if (attempt.FixHead != pipeline.Sha)
            return new Outcome.Ignored("people have pushed to the fix branch; it is theirs now");
        if (attempt.State is AttemptState.Verified or AttemptState.Failed)
            return await TellAsync(forges.Open(repository), ledger, repository, attempt, cancellationToken);
        if (attempt.State != AttemptState.Delivered)
            return new Outcome.Ignored($"the fix is {attempt.State.ToString().ToLowerInvariant()} already");
        if (pipeline.Status is not (RunStatus.Success or RunStatus.Failed))
            return new Outcome.Ignored($"the fix's pipeline ended without a verdict ({pipeline.Status.ToString().ToLowerInvariant()})");
        var details = AttemptDetails.Of(attempt);
        if (details.PipelineName is { } workflow && pipeline.Name != workflow)
            return new Outcome.Ignored($"another workflow of the fix ended; {OutsideText.OneLine(workflow, 100)} decides");

        var forge = forges.Open(repository);
        if (pipeline.Status == RunStatus.Success)
            return await VerifiedAsync(forge, ledger, repository, attempt, $"Its pipeline {Link(pipeline)} passed.", cancellationToken);

        var jobs = finished.Jobs ?? await forge.ListJobsAsync(repository, pipeline.Id, cancellationToken);
        var red = jobs.Where(job => job is { Status: RunStatus.Failed, MayFail: false }).ToList();
        var name = attempt.JobName;
        if (name is null ? jobs.Count > 0 : jobs.Any(job => job.Name == name && job.Status == RunStatus.Success))
        {
            var others = string.Join(", ", red.Take(5).Select(job => OutsideText.Code(job.Name, 80)));
            return await VerifiedAsync(
                forge, ledger, repository, attempt, $"{(name is null ? "The pipeline starts again" : $"{OutsideText.Code(name)} passes now")}; {others} still fails in {Link(pipeline)}, for another reason.",
                cancellationToken);
        }
        return await FailedAsync(forge, ledger, repository, pipeline, attempt, details, red.FirstOrDefault(job => job.Name == name) ?? red.FirstOrDefault(), cancellationToken);
    }

    private async Task<Outcome> VerifiedAsync(IForge forge, ILedger ledger, Repository repository, Attempt attempt, string result, CancellationToken cancellationToken)
    {
        var details = AttemptDetails.Of(attempt) with { Result = result };
        attempt = attempt with { State = AttemptState.Verified, Summary = "the fix's pipeline passed", DetailsJson = details.ToJson(), UpdatedAt = clock.GetUtcNow() };
        return await TellAsync(forge, ledger, repository, await ledger.SaveAsync(attempt, cancellationToken), cancellationToken);
    }

    private async Task<Outcome> FailedAsync(
        IForge forge, ILedger ledger, Repository repository, Pipeline pipeline, Attempt attempt, AttemptDetails details, Job? job, CancellationToken cancellationToken)
    {
        var cause = job is null ? null : await DiagnoseAsync(forge, repository, job, cancellationToken);
        var words = cause is null ? "" : $" {OutsideText.Code(job!.Name)}: {OutsideText.Sentence(cause.Summary)}";
        var end = details.IsCommit ? "taken back" : "closed";
        details = details with { Result = $"Its pipeline {Link(pipeline)} failed, so it is {end}.{words}", WasTransient = cause is { IsTransient: true } };
        attempt = attempt with { State = AttemptState.Failed, Summary = $"the fix's pipeline failed; {end}", DetailsJson = details.ToJson(), UpdatedAt = clock.GetUtcNow() };
        return await TellAsync(forge, ledger, repository, await ledger.SaveAsync(attempt, cancellationToken), cancellationToken);
    }

    /// <summary>Writes a recorded verdict back. Safe to repeat, so a crash after the record loses nothing.</summary>
    private async Task<Outcome> TellAsync(IForge forge, ILedger ledger, Repository repository, Attempt attempt, CancellationToken cancellationToken)
    {
        var details = AttemptDetails.Of(attempt);
        var hasFailed = attempt.State == AttemptState.Failed;
        if (details.IsCommit)
            return await TellOfCommitAsync(forge, ledger, repository, attempt, details, cancellationToken);
        var body = messages.MergeRequestBody(repository, attempt);
        await ledger.KeepAsync(
            $"merge_request_text:{repository.Key}:{attempt.FixBranch}",
            body,
            async ct =>
            {
                await forge.UpdateMergeRequestAsync(repository, attempt.MergeRequestNumber!.Value, body, hasFailed ? MergeRequestChange.Close : MergeRequestChange.BodyOnly, ct);
                if (hasFailed)
                    await forge.DeleteBranchAsync(repository, attempt.FixBranch!, ct);
            },
            cancellationToken);
        if (hasFailed && details.WasTransient && attempt.JobId is { } jobId)
        {
            var original = new Pipeline(
                attempt.PipelineId, attempt.PipelineAttempt, attempt.Head, attempt.Branch, false, RunStatus.Failed, details.PipelineName, details.CiFile, details.PipelineUrl,
                false, details.MergeRequestNumber, null);
            var job = new Job(jobId, attempt.JobName!, null, RunStatus.Failed, null, false, details.PipelineUrl);
            var again = await repair.TryAgainAsync(repository, original, job, ledger, cancellationToken);
            await waiting.TellAsync(forge, ledger, repository, attempt, cancellationToken);
            return new Outcome.Acted($"{attempt.FailureId}: the fix's pipeline failed on something transient and was closed; once more from the original head: {again.Text}");
        }
        await comment.UpdateAsync(forge, ledger, repository, attempt.Head, details.MergeRequestNumber, cancellationToken);
        if (hasFailed)
            await waiting.TellAsync(forge, ledger, repository, attempt, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: {attempt.Summary}");
    }

    private async Task<Outcome> TellOfCommitAsync(IForge forge, ILedger ledger, Repository repository, Attempt attempt, AttemptDetails details, CancellationToken cancellationToken)
    {
        if (attempt.State == AttemptState.Failed)
        {
            (attempt, var reason) = await commits.TakeBackAsync(forge, ledger, repository, attempt, cancellationToken);
            if (reason is not null)
                attempt = await ledger.SaveAsync(attempt with { Summary = $"The fix's pipeline failed, and it could not be taken back: {reason}", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
        }
        await comment.UpdateAsync(forge, ledger, repository, attempt.Head, details.MergeRequestNumber, cancellationToken);
        return new Outcome.Acted($"{attempt.FailureId}: {attempt.Summary}");
    }

    private async Task<Diagnosis?> DiagnoseAsync(IForge forge, Repository repository, Job job, CancellationToken cancellationToken)
    {
        using var span = Signals.Begin("diagnose");
        await using var log = await forge.OpenJobLogAsync(repository, job.Id, cancellationToken);
        return log is null ? null : (await diagnoser.DiagnoseAsync(log, new JobFacts(null, job.Name, null, null), cancellationToken)).Diagnoses[0];
    }

    private static string Link(Pipeline pipeline) => OutsideText.Link($"#{pipeline.Id}", pipeline.Url);
}
