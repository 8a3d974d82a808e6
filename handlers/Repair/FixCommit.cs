using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>Puts a checked fix as one commit onto the branch of a merge request, after keeping its head under a name of its own; takes it back when asked, or when it does not heal.</summary>
public sealed class FixCommit(GitRepository git, BotMessages messages, TimeProvider clock)
{
    /// <returns><c>null</c> when the forge does not let the bot push there; then the fix is offered instead.</returns>
    internal async Task<Attempt?> MakeAsync(Scene scene, Attempt attempt, Patch patch, CancellationToken cancellationToken)
    {
        var (forge, repository, pipeline) = (scene.Forge, scene.Repository, scene.Pipeline);
        var access = await forge.GetGitAccessAsync(repository, cancellationToken);
        if (await git.FetchAsync(access, pipeline.Sha, cancellationToken) is not FetchResult.Fetched { Tree: var tree })
            return null;
        using (tree)
        {
            var (backup, _) = await BranchCommit.BackUpAsync(access, tree, repository.Forge, pipeline.Branch, cancellationToken);
            if (backup is null)
                return null;
            var details = AttemptDetails.Of(attempt) with { BackupRef = backup, IsCommit = true };
            // The commit's id follows from the attempt alone, so a push that was not recorded is found to be there already.
            switch (await BranchCommit.PushAsync(access, tree, patch, messages.CommitMessage(attempt), pipeline.Branch, attempt.CreatedAt, AnnounceAsync, cancellationToken))
            {
                case PushResult.Pushed pushed:
                    return await scene.Ledger.SaveAsync(Pushed(attempt with { FixHead = pushed.Commit, DetailsJson = details.ToJson() }, clock), cancellationToken);
                case PushResult.MovedOn:
                    return await SaveAsync(scene.Ledger, attempt, AttemptState.Declined, "People have pushed to the branch meanwhile; its next pipeline decides.", cancellationToken);
                default:
                    return null;
            }

            Task AnnounceAsync(CommitSha commit) =>
                SaveAsync(scene.Ledger, attempt with { FixHead = commit, DetailsJson = details.ToJson() }, AttemptState.Delivering, "the fix is being committed", cancellationToken);
        }
    }

    /// <summary>What is written down once the commit is on the branch.</summary>
    internal static Attempt Pushed(Attempt attempt, TimeProvider clock) => attempt with
    {
        State = AttemptState.Delivered,
        Summary = $"The fix was committed to the branch as {attempt.FixHead!.Value.Abbreviated}; its pipeline decides.",
        UpdatedAt = clock.GetUtcNow(),
    };

    /// <summary>
    /// Takes the commit back by a commit of its own; what people have pushed since stays. Once: whoever puts it there again means it, and a push that was not recorded is found to
    /// have left nothing to take back.
    /// </summary>
    /// <returns>The attempt as recorded, and why the commit cannot be taken back; <c>null</c> when it was.</returns>
    /// <exception cref="ForgeException">People are pushing just now, or the forge is in trouble: to be tried again.</exception>
    public async Task<(Attempt Attempt, string? Reason)> TakeBackAsync(IForge forge, ILedger ledger, Repository repository, Attempt attempt, CancellationToken cancellationToken)
    {
        var details = AttemptDetails.Of(attempt);
        if (details.IsTakenBack)
            return (attempt, null);
        if (await forge.GetBranchHeadAsync(repository, attempt.Branch, cancellationToken) is not { } head)
            return (attempt, $"the branch {attempt.Branch} is gone");
        var access = await forge.GetGitAccessAsync(repository, cancellationToken);
        if (await git.FetchAsync(access, head, cancellationToken) is not FetchResult.Fetched { Tree: var tree })
            return (attempt, "the branch could not be fetched");
        using (tree)
        {
            switch (await BranchCommit.RevertAsync(access, tree, attempt.FixHead!.Value, messages.RevertMessage(attempt), attempt.Branch, attempt.CreatedAt, cancellationToken))
            {
                case PushResult.Pushed:
                    attempt = attempt with { DetailsJson = (details with { IsTakenBack = true }).ToJson(), UpdatedAt = clock.GetUtcNow() };
                    return (await ledger.SaveAsync(attempt, cancellationToken), null);
                case PushResult.Refused refused:
                    return (attempt, refused.Reason);
                default:
                    throw new ForgeException(ForgeProblem.Unreachable, "People are pushing to the branch just now, so the commit is taken back a little later.");
            }
        }
    }

    private async Task<Attempt> SaveAsync(ILedger ledger, Attempt attempt, AttemptState state, string summary, CancellationToken cancellationToken) =>
        await ledger.SaveAsync(attempt with { State = state, Summary = summary, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
}
