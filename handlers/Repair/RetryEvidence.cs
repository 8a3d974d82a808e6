using QMoi.Fixers;

namespace QMoi.Handlers.Repair;

/// <summary>What became of earlier retries of one failure in one job of one repository.</summary>
/// <param name="Passed">Retries after which the job passed.</param>
/// <param name="Total">Retries whose end is known.</param>
/// <param name="PassedOnThisCommit">One of them was of the commit at hand.</param>
public sealed record RetryHistory(int Passed, int Total, bool PassedOnThisCommit)
{
    public static RetryHistory None { get; } = new(0, 0, PassedOnThisCommit: false);
}

/// <summary>Whether running a failed job again is the right next step, from recorded facts alone, and why, in words for people.</summary>
public sealed record RetryEvidence(bool IsWorthIt, string Reason)
{
    // Fewer retries that all failed may be bad luck.
    private const int EnoughToGiveUp = 3;

    public static RetryEvidence Of(Diagnosis diagnosis, RetryHistory history, KnownFlakes known)
    {
        if (diagnosis.IsTransient)
            return history is { Passed: 0, Total: >= EnoughToGiveUp }
                ? new(false, $"It looks transient, but none of the last {history.Total} retries of this failure in this job passed.")
                : new(true, "Failures of this kind mostly pass by themselves" + (history.Total > 0 ? $"; here this one passed on retry {Times(history)}." : "."));
        if (!diagnosis.MayBeTransient)
            return new(false, "Running it again does not help: the cause is in what was committed or configured.");
        if (history.PassedOnThisCommit)
            return new(true, "The same job passed on this very commit before, so the failure comes and goes.");
        if (history.Total == 0 && known is { AreTests: true, PassRate: > 0.5 })
            return new(true, known.Flakes.Count == 1 ? $"This test comes and goes: {known.Flakes[0].InWords}." : $"All {known.Flakes.Count} tests that failed come and go; the least of them, {Least(known).InWords}.");
        return history.Passed * 2 > history.Total
            ? new(true, $"This failure comes and goes: in this job it passed on retry {Times(history)}.")
            : new(false, history.Total == 0 ? "Nothing recorded says that this failure comes and goes." : $"This failure passed on retry only {Times(history)}.");
    }

    private static Flake Least(KnownFlakes known) => known.Flakes.MinBy(flake => flake.PassRate)!;

    private static string Times(RetryHistory history) => $"{history.Passed} of {history.Total} times";
}
