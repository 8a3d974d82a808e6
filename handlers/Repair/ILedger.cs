using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>
/// The durable memory of what was tried and done, seen through one worker's lease: every write is refused with <see cref="LeaseLostException"/> once the
/// lease has passed to another worker (fencing). Implemented by each store.
/// </summary>
public interface ILedger
{
    /// <summary>Attempts on one head commit, oldest first.</summary>
    Task<IReadOnlyList<Attempt>> AttemptsOnAsync(string repositoryKey, CommitSha head, CancellationToken cancellationToken);

    /// <summary>The newest attempt whose fix branch this is; <c>null</c> when there is none.</summary>
    Task<Attempt?> AttemptOfFixBranchAsync(string repositoryKey, string fixBranch, CancellationToken cancellationToken);

    /// <summary>The attempt whose fix this commit is; <c>null</c> when it is nobody's or a person's.</summary>
    Task<Attempt?> AttemptOfFixHeadAsync(string repositoryKey, CommitSha fixHead, CancellationToken cancellationToken);

    /// <summary>Attempts on a branch (any head) that have a fix which is open, newest first.</summary>
    Task<IReadOnlyList<Attempt>> OpenAttemptsAsync(string repositoryKey, string branch, CancellationToken cancellationToken);

    /// <summary>What became of the last 50 retries of one failure in one job, those of <paramref name="pipelineId"/> left out: they are still running.</summary>
    Task<RetryHistory> RetryHistoryAsync(string repositoryKey, string failureSignature, string? jobName, CommitSha head, long pipelineId, CancellationToken cancellationToken);

    /// <summary>What the flake register says of a job (name "") and of tests in it; those that are not in it are left out.</summary>
    Task<IReadOnlyList<Flake>> FlakesAsync(string repositoryKey, string jobName, IReadOnlyList<string> testNames, CancellationToken cancellationToken);

    /// <summary>Updates an attempt whose retry has ended and counts the end in the flake register: both or neither.</summary>
    /// <remarks>A repository has at most 1,000 entries; those that were seen last stay.</remarks>
    Task<Attempt> SaveRetryEndAsync(Attempt attempt, IReadOnlyList<RetryEnd> ends, CancellationToken cancellationToken);

    /// <summary>What became of the last 50 fixes of one kind of failure in a repository.</summary>
    Task<FixHistory> FixHistoryAsync(string repositoryKey, string failureId, CancellationToken cancellationToken);

    /// <summary>Attempts that wait for a fix of that failure to land.</summary>
    Task<IReadOnlyList<Attempt>> WaitingForFixAsync(string repositoryKey, string failureSignature, CancellationToken cancellationToken);

    /// <summary><c>null</c> when there is none of that id in the repository.</summary>
    Task<Attempt?> AttemptAsync(string repositoryKey, long id, CancellationToken cancellationToken);

    /// <summary>Jobs of a repository that were run again since then.</summary>
    Task<int> CountRetriesAsync(string repositoryKey, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Other repositories, over all forges, in which that failure was found since then.</summary>
    Task<int> CountOthersFailingAsync(string repositoryKey, string failureId, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Inserts (Id 0) or updates; returns the attempt with its id.</summary>
    Task<Attempt> SaveAsync(Attempt attempt, CancellationToken cancellationToken);

    /// <summary>
    /// Durably announces an effect before it is done. <see cref="EffectState.New"/>: do it, then <see cref="CompleteEffectAsync"/>.
    /// <see cref="EffectState.Begun"/>: an earlier run may have done it: look on the forge first. <see cref="EffectState.Done"/>: use the result.
    /// </summary>
    Task<EffectState> BeginEffectAsync(string key, CancellationToken cancellationToken);

    Task CompleteEffectAsync(string key, string result, CancellationToken cancellationToken);

    /// <summary>Takes the announcement back after the forge clearly refused, so that nothing is left to look up.</summary>
    Task AbandonEffectAsync(string key, CancellationToken cancellationToken);
}

public abstract record EffectState
{
    private EffectState() { }
    public sealed record New : EffectState;
    public sealed record Begun : EffectState;
    public sealed record Done(string Result) : EffectState;
}

public sealed class LeaseLostException() : Exception("Another worker has taken this delivery over; nothing more is written here.");

/// <summary>
/// Diagnosed: found, not decided. WaitingForPipeline: a retry that must wait until the pipeline is over. WaitingToRetry: a pause before the retry. Retried: runs again. Delivering: branch and merge
/// request are being made. Delivered: offered, its pipeline not over. Verified: green. Failed: the fix did not heal and was closed. SameCause: another job's
/// attempt stands for this one. WaitingForFix: runs again when a fix for it lands on the default branch. WaitingForApproval: shown only, since such fixes failed
/// before. Suggested: shown or proposed, nothing changed. Explained, Declined, DryRun: nothing was changed. Closed, Merged, Undone: what people did with the fix.
/// </summary>
public enum AttemptState
{
    Diagnosed, WaitingForPipeline, WaitingToRetry, WaitingForFix, WaitingForApproval, Retried, Delivering, Delivered, Suggested, Verified, Failed, SameCause, Explained, Declined, DryRun,
    Closed, Merged, Undone,
}

/// <summary>One failure on one head commit and what was tried for it: kept for ever, shown to people.</summary>
/// <param name="Number">1 or 2: which try for this head commit and failure signature.</param>
/// <param name="DetailsJson">The <see cref="AttemptDetails"/>: diagnosis as shown, redacted, and where it came from.</param>
/// <param name="PatchHash">SHA-256 (hex) of the patch: one that failed is not offered again.</param>
/// <param name="Summary">One sentence: what was done or why not.</param>
/// <param name="PatchDiff">Unified diff as shown, capped.</param>
public sealed record Attempt(
    long Id, string RepositoryKey, string Branch, CommitSha Head, string FailureSignature, string FailureId, long PipelineId, int PipelineAttempt, long? JobId, string? JobName,
    int Number, AttemptState State, string? FixBranch, CommitSha? FixHead, long? MergeRequestNumber, string? MergeRequestUrl, string? PatchHash, string? PatchDiff,
    string DetailsJson, string Summary, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
