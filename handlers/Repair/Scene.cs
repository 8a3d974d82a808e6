using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Settings;

namespace QMoi.Handlers.Repair;

/// <summary>What is known of a failed pipeline when it is decided what to do.</summary>
/// <param name="IsOver">Nothing of the pipeline runs any more, so jobs may be run again.</param>
/// <param name="IsFork">The commit comes from a fork: it is explained, nothing is done.</param>
/// <param name="Earlier">Attempts on the same head commit, oldest first.</param>
internal sealed record Scene(
    IForge Forge, ILedger Ledger, Repository Repository, Pipeline Pipeline, bool IsOver, MergeRequest? MergeRequest, long? MergeRequestNumber, bool IsFork, RepositorySettings Rules,
    ForgeCheckout Checkout, IReadOnlyList<Attempt> Earlier)
{
    /// <summary>What the conditions of a repository's rules are asked about.</summary>
    public Facts FactsOf(Diagnosis diagnosis, string? jobName) => new()
    {
        Log = string.Join('\n', diagnosis.Evidence.Select(line => line.Text)),
        Branch = Pipeline.Branch,
        TargetBranch = MergeRequest?.TargetBranch,
        Job = jobName,
        Author = Pipeline.AuthorName,
        Failure = diagnosis.FailureId,
        Category = diagnosis.Category,
        Confidence = diagnosis.Confidence,
        Risk = diagnosis.MayBeAutomatic ? "low" : "medium",
        Retries = Earlier.Count(known => known.FailureSignature == diagnosis.FailureSignature && known.State == AttemptState.Retried),
    };
}

/// <summary>One failed job with its cause.</summary>
/// <param name="Job"><c>null</c> where the pipeline has no jobs: its configuration was refused.</param>
/// <param name="Known">The attempt that an earlier delivery left undecided.</param>
internal sealed record FailedJob(Job? Job, Diagnosis Diagnosis, Attempt? Known);
