using QMoi.Fixers;

namespace QMoi.Handlers.Repair;

/// <summary>Writes down how a retry ended, on its attempt and in the flake register; once for each retry.</summary>
internal static class RetryEnds
{
    private const int MostShown = 5;

    public static bool IsRunning(Attempt attempt) => attempt.State == AttemptState.Retried && AttemptDetails.Of(attempt).PassedOnRetry is null;

    public static async Task<Attempt> PassedAsync(ILedger ledger, Attempt attempt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var details = AttemptDetails.Of(attempt);
        var tests = FailingTests.Of(details.Diagnosis);
        var ends = tests.Prepend("").Select(test => new RetryEnd(test, HasPassed: true)).ToList();
        string[] shown = tests.Count == 0 ? [""] : [.. tests.Take(MostShown)];
        var known = (await ledger.FlakesAsync(attempt.RepositoryKey, attempt.JobName ?? "", shown, cancellationToken)).ToDictionary(flake => flake.TestName, StringComparer.Ordinal);
        var flaky = shown.Select(test => known.GetValueOrDefault(test) ?? new Flake(attempt.JobName ?? "", test, 0, 0, 0, now)).Select(flake => (flake with { Passed = flake.Passed + 1 }).InWords);
        details = details with { PassedOnRetry = true, Flaky = string.Join(", ", flaky) + (tests.Count > shown.Length ? $" and {tests.Count - shown.Length} more" : "") };
        return await ledger.SaveRetryEndAsync(
            attempt with { State = AttemptState.Verified, Summary = "Passed when it was run again.", DetailsJson = details.ToJson(), UpdatedAt = now }, ends, cancellationToken);
    }

    /// <param name="again">Why it failed this time. A test that is not named in it may have passed, or not have been run.</param>
    public static async Task<Attempt> FailedAsync(ILedger ledger, Attempt attempt, Diagnosis again, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var details = AttemptDetails.Of(attempt);
        var failed = FailingTests.Of(again);
        var ends = FailingTests.Of(details.Diagnosis).Select(test => new RetryEnd(test, failed.Contains(test, StringComparer.Ordinal) ? false : null)).Prepend(new RetryEnd("", HasPassed: false)).ToList();
        return await ledger.SaveRetryEndAsync(
            attempt with { Summary = "It was run again, and failed again.", DetailsJson = (details with { PassedOnRetry = false }).ToJson(), UpdatedAt = now }, ends, cancellationToken);
    }
}
