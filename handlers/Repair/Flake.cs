using QMoi.Fixers;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>A job that failed and was run again, or a test that was named as failing in it: how often, and what became of it.</summary>
/// <param name="TestName">Empty for the job as a whole.</param>
/// <param name="Retried">More than <paramref name="Passed"/> and <paramref name="Failed"/> together where a job failed again and nothing was said of the test.</param>
public sealed record Flake(string JobName, string TestName, int Retried, int Passed, int Failed, DateTimeOffset LastSeenAt)
{
    /// <summary>Of the retries whose end is known, those after which it passed; <c>null</c> where there is none.</summary>
    internal double? PassRate => Passed + Failed == 0 ? null : (double)Passed / (Passed + Failed);

    internal string InWords => $"{OutsideText.Code(TestName.Length == 0 ? JobName : TestName, 100)} passed on retry {Passed} of {Passed + Failed} times";
}

/// <summary>How one retry ended for a job or for one of its tests.</summary>
/// <param name="HasPassed"><c>null</c>: nothing was said of it.</param>
public sealed record RetryEnd(string TestName, bool? HasPassed);

/// <summary>What the register knows of the tests that a diagnosis names, or of the job where it names none.</summary>
/// <param name="Flakes">One for each of them; empty when one of them is not known.</param>
/// <param name="AreTests">They are tests, and all that failed.</param>
public sealed record KnownFlakes(IReadOnlyList<Flake> Flakes, bool AreTests)
{
    public static KnownFlakes None { get; } = new([], AreTests: false);

    internal static async Task<KnownFlakes> OfAsync(ILedger ledger, string repositoryKey, string? jobName, Diagnosis diagnosis, CancellationToken cancellationToken)
    {
        var tests = FailingTests.Of(diagnosis);
        if (tests.Count == FailingTests.Most)
            return None; // So many do not come and go together, and there may be more.
        IReadOnlyList<string> names = tests.Count == 0 ? [""] : tests;
        var flakes = await ledger.FlakesAsync(repositoryKey, jobName ?? "", names, cancellationToken);
        return flakes.Count == names.Count ? new KnownFlakes(flakes, tests.Count > 0) : None;
    }

    internal bool AreFlaky => Flakes.Count > 0 && Flakes.All(flake => flake.Passed > 0);

    /// <summary>Of the one that passes least.</summary>
    internal double? PassRate => Flakes.Count == 0 ? null : Flakes.Min(flake => flake.PassRate ?? 0);
}
