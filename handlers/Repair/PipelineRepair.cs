using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Settings;

namespace QMoi.Handlers.Repair;

/// <param name="Jobs">The pipeline's jobs, or the one that just failed; <c>null</c> when the forge has to be asked.</param>
/// <param name="IsOver">Nothing of the pipeline runs any more, so jobs may be run again.</param>
public sealed record FailedPipeline(Repository Repository, Pipeline Pipeline, IReadOnlyList<Job>? Jobs, bool IsOver);

/// <summary>
/// A failed pipeline, from its job logs to what is done about it: diagnose every failed job, one attempt per cause, then retry, offer a fix, or explain; and
/// tell it in one comment.
/// </summary>
public sealed class PipelineRepair(
    IForges forges, FailedJobs failedJobs, JobRetry retry, JobFix fix, StickyComment comment, TimeProvider clock)
{
    public const string BranchPrefix = "qmoi/fix/";

    public async Task<Outcome> RepairAsync(FailedPipeline failed, ILedger ledger, CancellationToken cancellationToken)
    {
        var (repository, pipeline, _, _) = failed;
        if (pipeline.IsTag || pipeline.Branch.Length == 0)
            return new Outcome.Ignored("a pipeline of a tag or of no branch is not repaired");
        if (await ledger.AttemptOfFixHeadAsync(repository.Key, pipeline.Sha, cancellationToken) is { } own)
            return new Outcome.Ignored($"the head commit is the bot's own fix for {own.FailureId}");
        try
        {
            return await RepairAsync(failed, forges.Open(repository), ledger, cancellationToken);
        }
        catch (ForgeException refusal) when (!refusal.IsTransient)
        {
            return new Outcome.Declined($"the forge refused: {refusal.Message}");
        }
    }

    /// <summary>One more attempt for a job whose fix failed, from the original head.</summary>
    public Task<Outcome> TryAgainAsync(Repository repository, Pipeline original, Job job, ILedger ledger, CancellationToken cancellationToken) =>
        RepairAsync(new FailedPipeline(repository, original, [job], IsOver: true), forges.Open(repository), ledger, cancellationToken);

    private async Task<Outcome> RepairAsync(FailedPipeline failed, IForge forge, ILedger ledger, CancellationToken cancellationToken)
    {
        var (repository, pipeline, _, _) = failed;
        var earlier = await ledger.AttemptsOnAsync(repository.Key, pipeline.Sha, cancellationToken);
        if (failed.Jobs is null && earlier.FirstOrDefault(attempt => attempt.PipelineId == pipeline.Id) is { } known)
        {
            // Its jobs were told one by one already: mostly nothing is new, and one call shows it.
            failed = failed with { Jobs = await forge.ListJobsAsync(repository, pipeline.Id, cancellationToken) };
            if (failed.Jobs.Where(FailedJobs.IsCause).All(job => FailedJobs.IsSettled(earlier, pipeline, job.Id)))
            {
                await comment.UpdateAsync(forge, ledger, repository, pipeline.Sha, AttemptDetails.Of(known).MergeRequestNumber, cancellationToken);
                return new Outcome.Ignored("every failed job is known already");
            }
        }
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // All that has to be known is asked for at once: together it costs the waiting of the job log alone.
        var checkout = new ForgeCheckout(forge, repository, pipeline.Sha, ct => fix.OpenWorkTreeAsync(forge, repository, pipeline.Sha, ct), reading.Token);
        checkout.Prefetch(LikelyFiles(failed));
        var branchHead = forge.GetBranchHeadAsync(repository, pipeline.Branch, reading.Token);
        var mergeRequest = forge.FindMergeRequestAsync(repository, pipeline.Sha, reading.Token);
        var settingsFile = forge.ReadFileAsync(repository, RepositorySettings.Path, repository.DefaultBranch, reading.Token);
        var diagnosing = failedJobs.DiagnoseAsync(failed, forge, earlier, reading.Token);
        try
        {
            await Task.WhenAll(branchHead, mergeRequest, settingsFile, diagnosing);
        }
        catch
        {
            await reading.CancelAsync();
            throw;
        }

        var rules = RepositorySettings.Parse((await settingsFile)?.Content);
        if (!rules.Enabled)
            return new Outcome.Ignored($"disabled by {RepositorySettings.Path}");
        var request = await mergeRequest;
        var isFork = pipeline.IsFromFork || request is { IsFromFork: true };
        if (!isFork && await StaleAsync(forge, ledger, repository, pipeline, await branchHead, earlier, cancellationToken) is { } stale)
            return stale;

        var diagnosed = await diagnosing;
        if (diagnosed.Count == 0 && earlier.Count == 0)
            return new Outcome.Ignored(failed.IsOver ? "the pipeline failed without a failed job or an error to read" : "the job's log is not there yet; the pipeline's own event looks again");

        earlier = await EndRetriesAsync(failed, ledger, earlier, diagnosed, cancellationToken);
        var scene = new Scene(forge, ledger, repository, pipeline, failed.IsOver, request, request?.Number ?? pipeline.MergeRequestNumber, isFork, rules, checkout, earlier);
        var attempts = await DecideAsync(scene, diagnosed, cancellationToken);
        await comment.UpdateAsync(forge, ledger, repository, pipeline.Sha, scene.MergeRequestNumber, cancellationToken);
        if (attempts.Count == 0)
            return new Outcome.Ignored("every failed job is known already");
        var text = string.Join("; ", attempts.Select(attempt => $"{attempt.JobName ?? "pipeline"}: {attempt.FailureId}: {attempt.Summary}"));
        if (attempts.Where(attempt => attempt.State == AttemptState.WaitingToRetry).Min(attempt => AttemptDetails.Of(attempt).NotBefore) is { } due)
            return new Outcome.Later(text, due);
        return attempts.Any(attempt => attempt.State is AttemptState.Delivered or AttemptState.Suggested or AttemptState.Retried or AttemptState.WaitingForPipeline or AttemptState.WaitingForFix or AttemptState.WaitingForApproval or AttemptState.Explained)
            ? new Outcome.Acted(text)
            : new Outcome.Declined(text);
    }

    /// <summary>What was run again failed once more; or it passed, and the pipeline failed for another job.</summary>
    private async Task<IReadOnlyList<Attempt>> EndRetriesAsync(
        FailedPipeline failed, ILedger ledger, IReadOnlyList<Attempt> earlier, IReadOnlyList<FailedJob> diagnosed, CancellationToken cancellationToken)
    {
        var attempts = earlier.ToList();
        for (var at = 0; at < attempts.Count; at++)
        {
            var attempt = attempts[at];
            if (attempt.PipelineId != failed.Pipeline.Id || !RetryEnds.IsRunning(attempt))
                continue;
            if (diagnosed.FirstOrDefault(item => item.Job?.Name == attempt.JobName && item.Job?.Id != attempt.JobId) is { } again)
                attempts[at] = await RetryEnds.FailedAsync(ledger, attempt, again.Diagnosis, clock.GetUtcNow(), cancellationToken);
            else if (failed.Jobs?.Any(job => job.Name == attempt.JobName && job.Id != attempt.JobId && job.Status == RunStatus.Success) == true)
                attempts[at] = await RetryEnds.PassedAsync(ledger, attempt, clock.GetUtcNow(), cancellationToken);
        }
        return attempts;
    }

    /// <summary>Nothing is done for a commit that is no longer the branch's head; <c>null</c> while it is.</summary>
    private async Task<Outcome?> StaleAsync(
        IForge forge, ILedger ledger, Repository repository, Pipeline pipeline, CommitSha? head, IReadOnlyList<Attempt> earlier, CancellationToken cancellationToken)
    {
        if (head == pipeline.Sha)
            return null;
        if (head is not null && earlier.FirstOrDefault(attempt => attempt is { State: AttemptState.Delivering, FixBranch: null } && attempt.FixHead == head) is { } unrecorded)
        {
            // The process died between the push of a commit and its record.
            unrecorded = await ledger.SaveAsync(FixCommit.Pushed(unrecorded, clock), cancellationToken);
            await comment.UpdateAsync(forge, ledger, repository, pipeline.Sha, AttemptDetails.Of(unrecorded).MergeRequestNumber, cancellationToken);
            return new Outcome.Acted($"{unrecorded.FailureId}: {unrecorded.Summary}");
        }
        // What waited to run again has nothing to run any more.
        var reason = head is null ? $"the branch {pipeline.Branch} is gone" : $"the branch {pipeline.Branch} has moved on from {pipeline.Sha.Abbreviated}";
        foreach (var waiting in earlier.Where(attempt => attempt.PipelineId == pipeline.Id && attempt.State is AttemptState.WaitingToRetry or AttemptState.WaitingForPipeline))
            await ledger.SaveAsync(waiting with { State = AttemptState.Explained, Summary = $"It was not run again: {reason}.", UpdatedAt = clock.GetUtcNow() }, cancellationToken);
        if (earlier.Count > 0)
            await comment.UpdateAsync(forge, ledger, repository, pipeline.Sha, AttemptDetails.Of(earlier[^1]).MergeRequestNumber, cancellationToken);
        return new Outcome.Ignored(reason);
    }

    private static IEnumerable<string> LikelyFiles(FailedPipeline failed) =>
        failed.Repository.Forge == ForgeKind.GitLab ? [".gitlab-ci.yml", "package.json"] : failed.Pipeline.CiFile is { } file ? [file, "package.json"] : ["package.json"];

    // ---- decision

    private async Task<IReadOnlyList<Attempt>> DecideAsync(Scene scene, IReadOnlyList<FailedJob> cases, CancellationToken cancellationToken)
    {
        var attempts = new List<Attempt>();
        // A retry helps only where nothing else keeps the pipeline red.
        var causes = cases.GroupBy(item => item.Diagnosis.FailureSignature, StringComparer.Ordinal).ToList();
        var evidence = new Dictionary<string, RetryEvidence>(StringComparer.Ordinal);
        foreach (var cause in causes)
            evidence[cause.Key] = await JobRetry.EvidenceAsync(scene, cause.First(), cancellationToken);
        var canRetryAll = evidence.Values.All(found => found.IsWorthIt)
            && !scene.Earlier.Any(attempt => attempt.PipelineId == scene.Pipeline.Id && attempt.State is AttemptState.Delivered or AttemptState.Explained or AttemptState.Declined);
        foreach (var cause in causes)
        {
            var lead = cause.First();
            var attempt = lead.Known ?? New(scene, lead);
            attempt = lead.Diagnosis.IsTransient || evidence[cause.Key].IsWorthIt
                ? await retry.DecideAsync(scene, attempt, [.. cause], evidence[cause.Key], canRetryAll, cancellationToken)
                : await fix.DecideAsync(scene, attempt, lead.Diagnosis, cancellationToken);
            attempts.Add(attempt);
            foreach (var other in cause.Skip(1))
            {
                var state = attempt.State is AttemptState.WaitingForPipeline or AttemptState.WaitingToRetry or AttemptState.Retried ? attempt.State : AttemptState.SameCause;
                attempts.Add(await scene.Ledger.SaveAsync(
                    (other.Known ?? New(scene, other)) with { State = state, Summary = $"same cause as {attempt.JobName}", UpdatedAt = clock.GetUtcNow() }, cancellationToken));
            }
        }
        return attempts;
    }

    private Attempt New(Scene scene, FailedJob item)
    {
        var (pipeline, now) = (scene.Pipeline, clock.GetUtcNow());
        var details = new AttemptDetails(item.Diagnosis, pipeline.Name, pipeline.Url.Length > 0 ? pipeline.Url : item.Job?.Url ?? "", pipeline.CiFile, scene.MergeRequestNumber);
        return new Attempt(
            0, scene.Repository.Key, pipeline.Branch, pipeline.Sha, item.Diagnosis.FailureSignature, item.Diagnosis.FailureId, pipeline.Id, pipeline.Attempt,
            item.Job?.Id, item.Job?.Name, Number: 1, AttemptState.Diagnosed, null, null, null, null, null, null, details.ToJson(), "", now, now);
    }
}
