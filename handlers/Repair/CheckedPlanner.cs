using QMoi.Fixers;
using QMoi.Handlers.Checks;
using QMoi.Handlers.Git;

namespace QMoi.Handlers.Repair;

/// <summary>
/// From a diagnosis to a patch that was tried: the failing command is run in the sandbox without and with it. Where another known failure stands behind the first
/// one, that is repaired as well, so that the pipeline need not be red once for each.
/// </summary>
public sealed class CheckedPlanner(FixPlanner planner, FixCheck check, RepairSettings settings)
{
    private const int MostRounds = 3;

    public async Task<FixPlan> PlanAsync(Diagnosis diagnosis, Func<CancellationToken, Task<FetchResult>> openTree, Action<string> progress, CancellationToken cancellationToken)
    {
        FixPlan.Ready? done = null;
        var current = diagnosis;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < MostRounds && seen.Add(current.FailureSignature); round++)
        {
            var soFar = done?.Patch;
            Func<CancellationToken, Task<FetchResult>> open = soFar is null ? openTree : ct => OpenPatchedAsync(openTree, soFar, ct);
            var plan = await PlanOnAsync(open, current, cancellationToken);
            if (plan is not FixPlan.Ready ready)
                return done ?? plan;
            if (settings.Verify != VerifyMode.Never)
                progress($"checking the fix for {current.FailureId}: running the failing command in the sandbox");
            var verdict = await CheckAsync(current, ready.Patch, open, isSeenHere: round > 0, cancellationToken);
            if (verdict is CheckVerdict.Refuted refuted)
                return done ?? (FixPlan)new FixPlan.None($"A patch was made and tried, and {refuted.Reason}");
            done = done is null ? ready : new FixPlan.Ready(done.Patch.Then(ready.Patch), $"{done.Summary} {ready.Summary}");
            done = verdict switch
            {
                CheckVerdict.Verified => done with { IsVerified = true, NotVerified = null },
                CheckVerdict.Unknown unknown => done with { NotVerified = unknown.Reason },
                CheckVerdict.FailsOtherwise behind => done with { NotVerified = $"the failure is gone, and behind it the command fails on this machine with: {behind.Next.RootCause.Text}" },
                _ => throw new InvalidOperationException("CheckVerdict is a closed set."),
            };
            if (verdict is not CheckVerdict.FailsOtherwise { Next: var next } || !FixPlanner.HasFixer(next) || next.Confidence < settings.MinConfidence)
                return done;
            current = next;
        }
        return done!;
    }

    private async Task<FixPlan> PlanOnAsync(Func<CancellationToken, Task<FetchResult>> open, Diagnosis diagnosis, CancellationToken cancellationToken)
    {
        FetchResult fetched;
        try
        {
            fetched = await open(cancellationToken);
        }
        catch (GitException exception)
        {
            return new FixPlan.None($"git cannot work with what the repository holds: {exception.Message}");
        }
        if (fetched is not FetchResult.Fetched { Tree: var tree })
            return new FixPlan.None($"The repository could not be fetched: {((FetchResult.Refused)fetched).Reason}");
        using (tree)
            return await planner.PlanAsync(diagnosis, tree.Checkout, open, cancellationToken);
    }

    private async Task<CheckVerdict> CheckAsync(Diagnosis diagnosis, Patch patch, Func<CancellationToken, Task<FetchResult>> open, bool isSeenHere, CancellationToken cancellationToken)
    {
        if (settings.Verify == VerifyMode.Never)
            return new CheckVerdict.Unknown("checks in the sandbox are switched off");
        var sandbox = await planner.SandboxAsync(cancellationToken);
        using var place = await planner.TakePlaceAsync(cancellationToken);
        return await check.CheckAsync(sandbox, diagnosis, patch, open, isSeenHere, cancellationToken);
    }

    private static async Task<FetchResult> OpenPatchedAsync(Func<CancellationToken, Task<FetchResult>> openTree, Patch patch, CancellationToken cancellationToken)
    {
        if (await openTree(cancellationToken) is not FetchResult.Fetched { Tree: var tree } fetched)
            return new FetchResult.Refused("it could not be fetched a second time");
        try
        {
            if (await PatchWriter.ApplyAsync(patch, tree.Folder, cancellationToken) is PatchWriteResult.Refused refused)
                throw new GitException(refused.Reason);
            await tree.RecordAsync(cancellationToken);
            return fetched;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }
}
