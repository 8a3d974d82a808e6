using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Settings;

namespace QMoi.Handlers.Repair;

/// <summary>Repairs the cause of a failure: looks whether it may, makes the patch, and delivers it as the repository wants it. Whatever stands in the way is said.</summary>
public sealed class JobFix(FixPlanner planner, CheckedPlanner checkedPlanner, FixDelivery delivery, GitRepository git, ISwitches switches, RepairSettings settings, TimeProvider clock)
{
    /// <summary>So many failures in a row, of one cause in one repository, and a person is asked before the next try.</summary>
    private const int FailuresBeforeAsking = 2;

    internal async Task<Attempt> DecideAsync(Scene scene, Attempt attempt, Diagnosis diagnosis, CancellationToken cancellationToken)
    {
        try
        {
            return await FixAsync(scene, attempt, diagnosis, cancellationToken);
        }
        // A forge that refuses a read that the fix needs takes nothing from the explanation.
        catch (ForgeException refusal) when (!refusal.IsTransient)
        {
            return await EndAsync(scene, attempt, AttemptState.Declined, $"The forge refused what a fix needs: {refusal.Message}", cancellationToken);
        }
    }

    public async Task<FetchResult> OpenWorkTreeAsync(IForge forge, Repository repository, CommitSha commit, CancellationToken cancellationToken) =>
        await git.FetchAsync(await forge.GetGitAccessAsync(repository, cancellationToken), commit, cancellationToken);

    private async Task<Attempt> FixAsync(Scene scene, Attempt attempt, Diagnosis diagnosis, CancellationToken cancellationToken)
    {
        var tried = scene.Earlier.Where(known => known.FailureSignature == attempt.FailureSignature && known.Id != attempt.Id && IsFix(known.State) && known.PatchHash is not null).ToList();
        if (await ObstacleAsync(scene, attempt, diagnosis, tried, cancellationToken) is var (state, reason))
            return await EndAsync(scene, attempt, state, reason, cancellationToken);

        var way = WayOf(scene);
        var plan = await PlanAsync(scene, diagnosis, way, cancellationToken);
        if (plan is not FixPlan.Ready ready)
            return await EndAsync(scene, attempt, AttemptState.Declined, ((FixPlan.None)plan).Reason, cancellationToken);
        var history = await scene.Ledger.FixHistoryAsync(scene.Repository.Key, attempt.FailureId, cancellationToken);
        attempt = attempt with
        {
            Number = tried.Count + 1,
            PatchHash = PatchHash.Of(ready.Patch),
            PatchDiff = UnifiedDiff.Render(ready.Patch),
            DetailsJson = (AttemptDetails.Of(attempt) with { FixSummary = ready.Summary, Files = ready.Patch.Paths, IsChecked = ready.IsVerified, History = history.InWords(attempt.FailureSignature) }).ToJson(),
        };
        if (await ObjectionAsync(scene, attempt, ready.Patch, tried, history, cancellationToken) is var (objection, why))
            return await EndAsync(scene, attempt, objection, why, cancellationToken);
        if (scene.Rules.DryRun)
            return await EndAsync(scene, attempt, AttemptState.DryRun, $"Dry run: nothing was done. {ready.Summary}", cancellationToken);
        return await delivery.DeliverAsync(scene, attempt, ready, Allowed(scene, way, ready, diagnosis, attempt), cancellationToken);
    }

    /// <summary>The patch left the bot; one that was only shown in a dry run, refused by a rule or held for approval is no try.</summary>
    private static bool IsFix(AttemptState state) => state is AttemptState.Delivering or AttemptState.Delivered or AttemptState.Suggested or AttemptState.Verified or AttemptState.Failed
        or AttemptState.Merged or AttemptState.Closed or AttemptState.Undone;

    /// <summary>What stands in the way of any fix, before work goes into one.</summary>
    private async Task<(AttemptState State, string Reason)?> ObstacleAsync(
        Scene scene, Attempt attempt, Diagnosis diagnosis, List<Attempt> tried, CancellationToken cancellationToken)
    {
        if (!FixPlanner.HasFixer(diagnosis))
            return (AttemptState.Explained, diagnosis.Next);
        if (!switches.MayFix)
            return (AttemptState.Explained, "Fixes are switched off on this instance for now.");
        if (diagnosis.Confidence < settings.MinConfidence)
            return (AttemptState.Explained, "The cause is not sure enough for a fix.");
        if (scene.Rules.Problem is { } problem)
            return (AttemptState.Explained, $"No fix is offered while the settings cannot be read: {problem}");
        if (!scene.Rules.Fix.Order.Contains("rules", StringComparer.Ordinal) || !scene.Rules.Fix.Allows(diagnosis.FailureId))
            return (AttemptState.Explained, $"{RepositorySettings.Path} switches this fix off (fix.rules).");
        if (scene.IsFork)
            return (AttemptState.Explained, "The commit comes from a fork, so it is explained only.");
        if (tried.Any(known => known.State is AttemptState.Delivered or AttemptState.Verified or AttemptState.Merged or AttemptState.Delivering or AttemptState.Suggested))
            return (AttemptState.SameCause, "A fix for this cause is offered already.");
        if (tried.Any(known => known.State is AttemptState.Closed or AttemptState.Undone))
            return (AttemptState.Declined, "A fix for this cause was closed by a person on this commit; it is not offered again.");
        if (tried.Count >= (scene.Rules.Fix.MaxAttempts ?? settings.MaxAttempts))
            return (AttemptState.Declined, $"{tried.Count} {(tried.Count == 1 ? "fix was" : "fixes were")} tried on this commit; now it takes a person.");
        var branches = new[] { scene.Pipeline.Branch, scene.Repository.DefaultBranch }.Distinct(StringComparer.Ordinal);
        foreach (var branch in branches)
        {
            var open = (await scene.Ledger.OpenAttemptsAsync(scene.Repository.Key, branch, cancellationToken))
                .FirstOrDefault(known => known.FailureSignature == attempt.FailureSignature && known.Id != attempt.Id);
            if (open is null)
                continue;
            return branch == scene.Pipeline.Branch
                ? (AttemptState.Declined, $"A fix for the same cause on this branch is open already: {open.MergeRequestUrl ?? open.FixBranch}")
                : (AttemptState.WaitingForFix, $"The same failure is on {branch}, and a fix for it is open there: {open.MergeRequestUrl ?? open.FixBranch}. What becomes of it is told here.");
        }
        return null;
    }

    /// <summary>What stands in the way of this patch.</summary>
    private static async Task<(AttemptState State, string Reason)?> ObjectionAsync(
        Scene scene, Attempt attempt, Patch patch, List<Attempt> tried, FixHistory history, CancellationToken cancellationToken)
    {
        if (history.WasRefused(attempt.FailureSignature, attempt.PatchHash!))
            return (AttemptState.Declined, "The very same fix was closed or undone by a person before, so it is not offered again.");
        if (history.WasTakenBack(scene.Pipeline.Branch, attempt.PatchHash!))
            return (AttemptState.Declined, "The very same fix was committed to this branch before, did not heal it and was taken back.");
        if (tried.Any(known => known.PatchHash == attempt.PatchHash && !AttemptDetails.Of(known).WasTransient))
            return (AttemptState.Declined, "The only fix known has failed on this commit before.");
        if (await LintAsync(scene, patch, cancellationToken) is { } objection)
            return (AttemptState.Declined, $"A patch was made, but the forge's CI lint refuses it: {objection}");
        if (history.FailuresInARow(attempt.FailureSignature) >= FailuresBeforeAsking)
            return (AttemptState.WaitingForApproval, $"The last {FailuresBeforeAsking} fixes of this failure did not heal it here, so this one is only shown: apply the patch below if you think it is right.");
        return null;
    }

    /// <summary>On the default branch as on every protected one, people merge.</summary>
    private static Delivery WayOf(Scene scene)
    {
        var rules = scene.Rules.Fix;
        if (scene.Pipeline.Branch == scene.Repository.DefaultBranch)
            return rules.ForDefaultBranch == Delivery.Comment ? Delivery.Comment : Delivery.MergeRequest;
        var way = rules.ForMergeRequest;
        return way switch
        {
            // Where there is no merge request, nobody would see what was done to the branch, nor how to undo it.
            Delivery.Commit or Delivery.Suggestion when scene.MergeRequest is null || rules.IsProtected(scene.Pipeline.Branch) => Delivery.MergeRequest,
            _ => way,
        };
    }

    /// <summary>A commit onto somebody's branch has to be seen to heal first, and every condition of the repository has to hold; else it is offered.</summary>
    private static Delivery Allowed(Scene scene, Delivery way, FixPlan.Ready ready, Diagnosis diagnosis, Attempt attempt)
    {
        var isCiFile = ready.Patch.Paths.Any(path => PatchRules.IsCiFile(path, scene.Pipeline.CiFile is { } file ? [file] : null));
        if (isCiFile && way is Delivery.Commit or Delivery.Suggestion)
            return Delivery.MergeRequest;
        if (way != Delivery.Commit)
            return way;
        var facts = scene.FactsOf(diagnosis, attempt.JobName) with
        {
            Fixer = diagnosis.FailureId,
            IsVerified = ready.IsVerified,
            ChangedLines = ready.Patch.Edits.Sum(edit => UnifiedDiff.ChangedLines(edit) is var (removed, added) ? Math.Max(removed.Count, added.Count) : 0),
            ChangedFiles = ready.Patch.Edits.Count,
        };
        var mayApply = ready.IsVerified && (scene.Rules.Fix.AutoApply is not { } auto || (auto.Fits(facts) && ready.Patch.Paths.All(auto.AllowsPath)));
        return mayApply ? Delivery.Commit : Delivery.MergeRequest;
    }

    private Task<FixPlan> PlanAsync(Scene scene, Diagnosis diagnosis, Delivery way, CancellationToken cancellationToken)
    {
        Task<FetchResult> OpenAsync(CancellationToken ct) => OpenWorkTreeAsync(scene.Forge, scene.Repository, scene.Pipeline.Sha, ct);
        return settings.Verify == VerifyMode.Always || (settings.Verify == VerifyMode.Needed && way == Delivery.Commit)
            ? checkedPlanner.PlanAsync(diagnosis, OpenAsync, _ => { }, cancellationToken)
            : planner.PlanAsync(diagnosis, scene.Checkout, OpenAsync, cancellationToken);
    }

    /// <summary>A changed <c>.gitlab-ci.yml</c> must be valid in the forge's own eyes before anybody is asked to look at it.</summary>
    private static async Task<string?> LintAsync(Scene scene, Patch patch, CancellationToken cancellationToken)
    {
        if (patch.Edits.OfType<FileEdit.Write>().FirstOrDefault(edit => edit.Path == ".gitlab-ci.yml") is not { } edit)
            return null;
        var errors = await scene.Forge.LintCiAsync(scene.Repository, Encoding.UTF8.GetString(edit.After.Span), cancellationToken);
        return errors is [var first, ..] ? OutsideText.OneLine(first, 200) : null;
    }

    private async Task<Attempt> EndAsync(Scene scene, Attempt attempt, AttemptState state, string summary, CancellationToken cancellationToken) =>
        await scene.Ledger.SaveAsync(attempt with { State = state, Summary = summary, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
}
