using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Settings;

namespace QMoi.Handlers.Repair;

/// <summary>Brings a patch to people in the way the repository wants: a merge request, a commit on the branch, suggestions on its lines, or words alone.</summary>
public sealed class FixDelivery(FixOffer offer, FixCommit commit, FixSuggestions suggestions, TimeProvider clock)
{
    internal async Task<Attempt> DeliverAsync(Scene scene, Attempt attempt, FixPlan.Ready ready, Delivery way, CancellationToken cancellationToken)
    {
        // It has its id before anything is done, so that whatever happens is written on it.
        attempt = await SaveAsync(scene, attempt, AttemptState.Delivering, "the fix is being offered", cancellationToken);
        try
        {
            return way switch
            {
                Delivery.Commit => await commit.MakeAsync(scene, attempt, ready.Patch, cancellationToken) ?? await OfferAsync(scene, attempt, ready, cancellationToken),
                Delivery.Suggestion => await suggestions.MakeAsync(scene, attempt, ready.Patch, cancellationToken),
                Delivery.Comment => await SaveAsync(scene, attempt, AttemptState.Suggested, "The patch is shown below; nothing was changed.", cancellationToken),
                _ => await OfferAsync(scene, attempt, ready, cancellationToken),
            };
        }
        catch (ForgeException refusal) when (!refusal.IsTransient)
        {
            return await SaveAsync(scene, attempt, AttemptState.Declined, $"The forge refused the fix, so it is shown here instead: {refusal.Message}", cancellationToken);
        }
    }

    private async Task<Attempt> OfferAsync(Scene scene, Attempt attempt, FixPlan.Ready ready, CancellationToken cancellationToken)
    {
        attempt = await SaveAsync(
            scene,
            attempt with { FixBranch = $"{PipelineRepair.BranchPrefix}{attempt.FailureId}-{scene.Pipeline.Sha.Abbreviated}{(attempt.Number == 1 ? "" : $"-{attempt.Number}")}" },
            AttemptState.Delivering, "the fix is being offered", cancellationToken);
        return await offer.MakeAsync(scene.Forge, scene.Ledger, scene.Repository, scene.Pipeline, attempt, ready.Patch, cancellationToken);
    }

    private async Task<Attempt> SaveAsync(Scene scene, Attempt attempt, AttemptState state, string summary, CancellationToken cancellationToken) =>
        await scene.Ledger.SaveAsync(
            // What could not be offered has no branch.
            attempt with { State = state, FixBranch = state == AttemptState.Delivering ? attempt.FixBranch : null, Summary = summary, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
}
