namespace QMoi.Handlers.Repair;

/// <summary>What became of one earlier fix: <c>Verified</c> and <c>Merged</c> worked, <c>Failed</c> did not heal, <c>Closed</c> and <c>Undone</c> were a person's no.</summary>
/// <param name="CommittedTo">The branch that got it as a commit; <c>null</c> when it was offered.</param>
public sealed record FixOutcome(AttemptState State, string FailureSignature, string PatchHash, string? CommittedTo = null);

/// <summary>What became of earlier fixes of one kind of failure in one repository, the newest first.</summary>
public sealed record FixHistory(IReadOnlyList<FixOutcome> Outcomes)
{
    private IEnumerable<FixOutcome> Decided => Outcomes.Where(outcome => outcome.State is AttemptState.Verified or AttemptState.Merged or AttemptState.Failed);

    /// <summary>"worked 12 of 12 times here"; <c>null</c> when it is the first time.</summary>
    public string? InWords(string failureSignature)
    {
        var decided = Decided.ToList();
        if (decided.Count == 0)
            return null;
        var worked = decided.Count(HasWorked);
        var words = $"worked {worked} of {decided.Count} {(decided.Count == 1 ? "time" : "times")} here";
        return FailuresInARow(failureSignature) > 0 ? $"{words}, not the last time" : words;
    }

    public int FailuresInARow(string failureSignature) => Decided.Where(outcome => outcome.FailureSignature == failureSignature).TakeWhile(outcome => !HasWorked(outcome)).Count();

    public bool WasRefused(string failureSignature, string patchHash) =>
        Outcomes.Any(outcome => outcome.State is AttemptState.Closed or AttemptState.Undone && outcome.FailureSignature == failureSignature && outcome.PatchHash == patchHash);

    /// <summary>A commit that was put on somebody's branch and taken back is not put there again.</summary>
    public bool WasTakenBack(string branch, string patchHash) =>
        Outcomes.Any(outcome => outcome.State == AttemptState.Failed && outcome.CommittedTo == branch && outcome.PatchHash == patchHash);

    private static bool HasWorked(FixOutcome outcome) => outcome.State is AttemptState.Verified or AttemptState.Merged;
}
