using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Settings;

namespace QMoi.Handlers.Repair;

/// <summary>Runs failed jobs again where recorded facts say that it helps, within a budget, after a pause, and not while something outside is plainly broken.</summary>
public sealed class JobRetry(ISwitches switches, RepairSettings settings, TimeProvider clock)
{
    private static readonly TimeSpan IncidentWindow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan IncidentPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestIncident = TimeSpan.FromHours(6);

    internal static async Task<RetryEvidence> EvidenceAsync(Scene scene, FailedJob failed, CancellationToken cancellationToken)
    {
        var diagnosis = failed.Diagnosis;
        if (diagnosis is { IsTransient: false, MayBeTransient: false } && scene.Rules.Retry.Rules.Count == 0)
            return RetryEvidence.Of(diagnosis, RetryHistory.None, KnownFlakes.None);
        var history = await scene.Ledger.RetryHistoryAsync(
            scene.Repository.Key, diagnosis.FailureSignature, failed.Job?.Name, scene.Pipeline.Sha, scene.Pipeline.Id, cancellationToken);
        if (diagnosis.MayBeTransient && !history.PassedOnThisCommit && await HasPassedAsync(scene, failed.Job, cancellationToken))
            history = history with { PassedOnThisCommit = true };
        var known = await KnownFlakes.OfAsync(scene.Ledger, scene.Repository.Key, failed.Job?.Name, diagnosis, cancellationToken);
        var evidence = RetryEvidence.Of(diagnosis, history, known);
        if (evidence.IsWorthIt)
            return evidence;
        var facts = scene.FactsOf(diagnosis, failed.Job?.Name) with
        {
            IsFlaky = history.Passed > 0 || history.PassedOnThisCommit || known.AreFlaky,
            RetryPassRate = history.Total == 0 ? known.PassRate : (double)history.Passed / history.Total,
        };
        return scene.Rules.Retry.Rules.FirstOrDefault(rule => rule.Fits(facts)) is { } rule
            ? new RetryEvidence(true, $"The rule {OutsideText.Code(rule.Name, 60)} of {RepositorySettings.Path} asks for it.")
            : evidence;
    }

    /// <param name="nothingElseFailed">Every other failure of the pipeline is worth a retry too; otherwise it would stay red.</param>
    internal async Task<Attempt> DecideAsync(
        Scene scene, Attempt attempt, IReadOnlyList<FailedJob> jobs, RetryEvidence evidence, bool nothingElseFailed, CancellationToken cancellationToken)
    {
        var (state, summary, notBefore) = await JudgeAsync(scene, attempt, jobs, evidence, nothingElseFailed, cancellationToken);
        if (state == AttemptState.Retried)
            await RunAgainAsync(scene, [.. jobs.Select(item => item.Job!.Id)], cancellationToken);
        var details = AttemptDetails.Of(attempt) with { NotBefore = notBefore };
        return await scene.Ledger.SaveAsync(attempt with { State = state, Summary = summary, DetailsJson = details.ToJson(), UpdatedAt = clock.GetUtcNow() }, cancellationToken);
    }

    private async Task<(AttemptState State, string Summary, DateTimeOffset? NotBefore)> JudgeAsync(
        Scene scene, Attempt attempt, IReadOnlyList<FailedJob> jobs, RetryEvidence evidence, bool nothingElseFailed, CancellationToken cancellationToken)
    {
        var (now, diagnosis) = (clock.GetUtcNow(), jobs[0].Diagnosis);
        var retries = scene.Earlier.Count(known => known.JobName == attempt.JobName && known.Id != attempt.Id && known is { State: AttemptState.Retried } or { State: AttemptState.Verified, FixBranch: null });
        if (scene.IsFork)
            return Explained("It looks transient. The commit comes from a fork, so a person starts it again.");
        if (!switches.MayRetry)
            return Explained("It looks transient, but retries are switched off on this instance for now.");
        if (scene.Rules.Problem is { } problem)
            return Explained($"It looks transient, but nothing is done while the settings cannot be read: {problem}");
        if (jobs[0].Job is null)
            return Explained("It looks transient, but there is no job to run again.");
        if (jobs.Any(item => ReleaseJobs.Includes(item.Job!)))
            return Explained("It looks transient, but jobs that deploy or release are never run again by the bot.");
        if (retries >= MostRetries(scene, diagnosis))
            return Explained(retries == 0 ? "It looks transient, but retries are off." : $"The same failure came back after {retries} {(retries == 1 ? "retry" : "retries")}; another one is not likely to help.");
        if (!evidence.IsWorthIt)
            return Explained(evidence.Reason);
        if (scene.Rules.DryRun)
            return (AttemptState.DryRun, $"Dry run: the failed job would be run again. {evidence.Reason}", null);
        if (!scene.IsOver)
            return (AttemptState.WaitingForPipeline, "The failed job runs again as soon as the pipeline is over.", null);
        if (!nothingElseFailed)
            return Explained("It looks transient, but another job of this pipeline failed for a lasting reason; it runs again with the next push.");
        if (await scene.Ledger.CountRetriesAsync(scene.Repository.Key, now.AddDays(-1), cancellationToken) is var today && today >= settings.MaxRetriesPerDay)
            return Explained($"It looks transient, but {today} jobs of this repository were run again within a day, and that is all the bot may do.");
        if (attempt.CreatedAt + Wait(diagnosis, retries) is var due && due > now)
            return (AttemptState.WaitingToRetry, $"The failed job runs again in about {InWords(due - now)}. {evidence.Reason}", due);
        if (await scene.Ledger.CountOthersFailingAsync(scene.Repository.Key, diagnosis.FailureId, now - IncidentWindow, cancellationToken) + 1 is var alike && alike >= settings.IncidentRepositories)
            return now - attempt.CreatedAt > LongestIncident
                ? Explained($"{alike} repositories still fail alike, for {InWords(now - attempt.CreatedAt)} now; something outside is broken, and running it again would not help.")
                : (AttemptState.WaitingToRetry, $"{alike} repositories failed alike within {InWords(IncidentWindow)}, so something outside is broken. The failed job runs again when that is over.", now + IncidentPause + Spread(scene.Repository));
        return (AttemptState.Retried, $"The failed job is being run again. {evidence.Reason}", null);

        static (AttemptState, string, DateTimeOffset?) Explained(string reason) => (AttemptState.Explained, reason, null);
    }

    private int MostRetries(Scene scene, Diagnosis diagnosis)
    {
        var most = scene.Rules.Retry.MaxAttempts ?? settings.MaxRetries;
        return diagnosis.MaxRetries > 0 ? Math.Min(most, diagnosis.MaxRetries) : most;
    }

    private TimeSpan Wait(Diagnosis diagnosis, int retries)
    {
        var wait = diagnosis.RetryWaits is [] ? TimeSpan.Zero : diagnosis.RetryWaits[Math.Min(retries, diagnosis.RetryWaits.Count - 1)];
        return wait < settings.MaxRetryWait ? wait : settings.MaxRetryWait;
    }

    /// <summary>Repositories that waited for the same thing do not come back all at once.</summary>
    private static TimeSpan Spread(Repository repository) => TimeSpan.FromSeconds((ulong)repository.Id % 60);

    private static async Task<bool> HasPassedAsync(Scene scene, Job? job, CancellationToken cancellationToken)
    {
        try
        {
            return job is not null && await scene.Forge.HasPassedAsync(scene.Repository, scene.Pipeline, job.Name, cancellationToken);
        }
        catch (ForgeException refusal) when (!refusal.IsTransient)
        {
            return false;
        }
    }

    /// <summary>The latest jobs no longer hold those that failed when an earlier run of this code has already run them again.</summary>
    private static Task<string> RunAgainAsync(Scene scene, IReadOnlyList<long> jobs, CancellationToken cancellationToken) => scene.Ledger.OnceAsync(
        $"retry:{scene.Repository.Key}:{scene.Pipeline.Id}:{string.Join(',', jobs.Order())}",
        async ct => (await scene.Forge.ListJobsAsync(scene.Repository, scene.Pipeline.Id, ct)).Any(job => jobs.Contains(job.Id)) ? null : "run again",
        async ct =>
        {
            await scene.Forge.RetryAsync(scene.Repository, scene.Pipeline.Id, jobs, ct);
            return "run again";
        },
        cancellationToken);

    private static string InWords(TimeSpan time) => time.TotalSeconds < 90
        ? $"{Math.Max(1, Math.Round(time.TotalSeconds)):0} seconds"
        : time.TotalMinutes < 90 ? $"{time.TotalMinutes:0} minutes" : $"{time.TotalHours:0} hours";
}
