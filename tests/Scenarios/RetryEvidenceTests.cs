using QMoi.Fixers;
using QMoi.Handlers.Repair;

namespace QMoi.Tests.Scenarios;

/// <summary>When a failed job is worth another run, and the words for it.</summary>
public sealed class RetryEvidenceTests
{
    [Theory]
    [InlineData("yes", 0, 0, false, true, "Failures of this kind mostly pass by themselves.")]
    [InlineData("yes", 37, 41, false, true, "Failures of this kind mostly pass by themselves; here this one passed on retry 37 of 41 times.")]
    [InlineData("yes", 0, 2, false, true, "Failures of this kind mostly pass by themselves; here this one passed on retry 0 of 2 times.")]
    [InlineData("yes", 0, 3, false, false, "It looks transient, but none of the last 3 retries of this failure in this job passed.")]
    [InlineData("maybe", 0, 0, false, false, "Nothing recorded says that this failure comes and goes.")]
    [InlineData("maybe", 3, 4, false, true, "This failure comes and goes: in this job it passed on retry 3 of 4 times.")]
    [InlineData("maybe", 1, 4, false, false, "This failure passed on retry only 1 of 4 times.")]
    [InlineData("maybe", 1, 4, true, true, "The same job passed on this very commit before, so the failure comes and goes.")]
    [InlineData("no", 5, 5, true, false, "Running it again does not help: the cause is in what was committed or configured.")]
    public void The_facts_decide(string transient, int passed, int total, bool onThisCommit, bool isWorthIt, string reason)
    {
        Assert.Equal(new RetryEvidence(isWorthIt, reason), RetryEvidence.Of(Diagnosed(transient), new RetryHistory(passed, total, onThisCommit), KnownFlakes.None));
    }

    /// <param name="flakes">For each one <c>passed/failed</c>.</param>
    [Theory]
    [InlineData("maybe", 0, "3/1", true, true, "This test comes and goes: `test 1` passed on retry 3 of 4 times.")]
    [InlineData("maybe", 0, "3/1 2/1 9/1", true, true, "All 3 tests that failed come and go; the least of them, `test 2` passed on retry 2 of 3 times.")]
    [InlineData("maybe", 0, "1/1", true, false, "Nothing recorded says that this failure comes and goes.")]
    [InlineData("maybe", 0, "9/1 0/0", true, false, "Nothing recorded says that this failure comes and goes.")]
    [InlineData("maybe", 0, "9/1", false, false, "Nothing recorded says that this failure comes and goes.")]
    [InlineData("maybe", 4, "9/1", true, false, "This failure passed on retry only 0 of 4 times.")]
    [InlineData("yes", 0, "0/9", true, true, "Failures of this kind mostly pass by themselves.")]
    [InlineData("no", 0, "9/1", true, false, "Running it again does not help: the cause is in what was committed or configured.")]
    public void What_is_known_of_the_tests_decides_where_the_failure_itself_is_new(string transient, int total, string flakes, bool areTests, bool isWorthIt, string reason)
    {
        var known = flakes.Split(' ').Select((ends, at) => (Ends: ends.Split('/').Select(int.Parse).ToList(), Name: $"test {at + 1}")).Select(test => new Flake("check", test.Name, 9, test.Ends[0], test.Ends[1], default)).ToList();
        Assert.Equal(new RetryEvidence(isWorthIt, reason), RetryEvidence.Of(Diagnosed(transient), new RetryHistory(0, total, PassedOnThisCommit: false), new KnownFlakes(known, areTests)));
    }

    private static Diagnosis Diagnosed(string transient) => new()
    {
        FailureId = "x", Title = "X", Category = FailureCategory.Test, IsTransient = transient == "yes", MayBeTransient = transient == "maybe", Confidence = 1,
        RootCause = new LogRange(1, 1, ""), Action = FailureAction.Retry, Summary = "", Next = "", FailureSignature = "0123456789abcdef",
    };
}
