using System.Globalization;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>Offers a patch: one commit on a new branch, and a merge request from it into the branch that failed.</summary>
public sealed class FixOffer(BotMessages messages, TimeProvider clock)
{
    public async Task<Attempt> MakeAsync(
        IForge forge, ILedger ledger, Repository repository, Pipeline pipeline, Attempt attempt, Patch patch, CancellationToken cancellationToken)
    {
        var branch = attempt.FixBranch!;
        var head = CommitSha.Parse(await ledger.OnceAsync(
            $"branch:{repository.Key}:{branch}",
            async ct => (await forge.GetBranchHeadAsync(repository, branch, ct))?.Value,
            async ct => (await forge.CommitToNewBranchAsync(repository, new NewCommit(branch, pipeline.Sha, messages.CommitMessage(attempt), patch), ct)).Value,
            cancellationToken));

        // Saved before the merge request: its pipeline may be over before this delivery is.
        attempt = await ledger.SaveAsync(attempt with { FixHead = head, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
        var opened = await ledger.OnceAsync(
            $"merge_request:{repository.Key}:{branch}",
            async ct => Reference(await forge.FindMergeRequestFromBranchAsync(repository, branch, ct)),
            async ct => Reference(await forge.OpenMergeRequestAsync(
                repository, new NewMergeRequest(branch, pipeline.Branch, messages.MergeRequestTitle(attempt), messages.MergeRequestBody(repository, attempt)), ct))!,
            cancellationToken);
        var calls = forge.Calls;
        var details = AttemptDetails.Of(attempt) with { ApiCalls = calls.Count, SequentialApiCalls = ForgeCall.CountSequential(calls) };
        var (number, url) = (long.Parse(opened.Split(' ')[0], CultureInfo.InvariantCulture), opened.Split(' ')[1]);
        return await ledger.SaveAsync(
            attempt with
            {
                State = AttemptState.Delivered,
                MergeRequestNumber = number,
                MergeRequestUrl = url,
                Summary = $"fix offered in {(repository.Forge == ForgeKind.GitHub ? "#" : "!")}{number}",
                DetailsJson = details.ToJson(),
                UpdatedAt = clock.GetUtcNow(),
            },
            cancellationToken);
    }

    private static string? Reference(MergeRequest? mergeRequest) => mergeRequest is null ? null : $"{mergeRequest.Number} {mergeRequest.Url}";
}
