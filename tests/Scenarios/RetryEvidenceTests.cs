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
        var diagnosis = new Diagnosis
        {
            FailureId = "x", Title = "X", Category = FailureCategory.Test, IsTransient = transient == "yes", MayBeTransient = transient == "maybe", Confidence = 1,
            RootCause = new LogRange(1, 1, ""), Action = FailureAction.Retry, Summary = "", Next = "", FailureSignature = "0123456789abcdef",
        };
        Assert.Equal(new RetryEvidence(isWorthIt, reason), RetryEvidence.Of(diagnosis, new RetryHistory(passed, total, onThisCommit)));
    }
}
