using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;

namespace QMoi.Functions;

/// <summary>What <c>qmoi fix</c> decided. <c>heal</c>: there is a patch. <c>retry</c>: run the job again. <c>explain</c>: nothing safe to do.</summary>
public sealed record LocalFixReport(string Decision, Diagnosis Diagnosis, Patch? Patch, bool IsVerified, string Reason, TimeSpan Elapsed);

/// <summary>Diagnoses a job log and repairs a checked-out repository, without a forge.</summary>
public sealed class LocalFix(LogDiagnoser diagnoser, CheckedPlanner planner, RepairSettings settings, TimeProvider clock)
{
    public async Task<LocalFixReport> PlanAsync(string repository, Stream log, string? jobName, Action<string> progress, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        var forge = File.Exists(Path.Combine(repository, ".gitlab-ci.yml")) ? "gitlab" : Directory.Exists(Path.Combine(repository, ".github", "workflows")) ? "github" : null;
        var facts = new JobFacts(forge, jobName, forge == "gitlab" ? ".gitlab-ci.yml" : null, null);
        var diagnosis = (await diagnoser.DiagnoseAsync(log, facts, cancellationToken)).Diagnoses[0];
        var (decision, fix, reason) = await DecideAsync(repository, diagnosis, progress, cancellationToken);
        return new LocalFixReport(decision, diagnosis, fix?.Patch, fix is { IsVerified: true }, reason, clock.GetElapsedTime(start));
    }

    private async Task<(string Decision, FixPlan.Ready? Fix, string Reason)> DecideAsync(string repository, Diagnosis diagnosis, Action<string> progress, CancellationToken cancellationToken)
    {
        if (diagnosis.IsTransient)
            return ("retry", null, diagnosis.Next);
        if (!FixPlanner.HasFixer(diagnosis))
            return ("explain", null, diagnosis.Next);
        if (diagnosis.Confidence < settings.MinConfidence)
            return ("explain", null, "The cause is not sure enough for a fix.");
        var plan = await planner.PlanAsync(
            diagnosis, async ct => new FetchResult.Fetched(await WorkTree.OpenExistingAsync(repository, clock, ct)), progress, cancellationToken);
        return plan is FixPlan.Ready ready ? ("heal", ready, Words(ready)) : ("explain", null, ((FixPlan.None)plan).Reason);
    }

    private static string Words(FixPlan.Ready fix) =>
        fix.IsVerified ? $"{fix.Summary} Verified: the failing command fails here without it and passes with it." : $"{fix.Summary}{(fix.NotVerified is { } reason ? $" Not verified: {reason}." : "")}";
}
