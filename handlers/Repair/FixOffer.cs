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
        var made = OfferOf(await ledger.OnceAsync(
            $"offer:{repository.Key}:{branch}",
            async ct => await forge.FindMergeRequestFromBranchAsync(repository, branch, ct) is { } known ? Text(new Offer(known.Head, known.Number, known.Url)) : null,
            async ct => Text(await forge.OfferAsync(
                repository,
                new NewCommit(branch, pipeline.Sha, messages.CommitMessage(attempt), patch),
                new NewMergeRequest(branch, pipeline.Branch, messages.MergeRequestTitle(attempt), messages.MergeRequestBody(repository, attempt)),
                ct)),
            cancellationToken));
        var calls = forge.Calls;
        var details = AttemptDetails.Of(attempt) with { ApiCalls = calls.Count, SequentialApiCalls = ForgeCall.CountSequential(calls) };
        return await ledger.SaveAsync(
            attempt with
            {
                State = AttemptState.Delivered,
                FixHead = made.Head,
                MergeRequestNumber = made.Number,
                MergeRequestUrl = made.Url,
                Summary = $"fix offered in {(repository.Forge == ForgeKind.GitHub ? "#" : "!")}{made.Number}",
                DetailsJson = details.ToJson(),
                UpdatedAt = clock.GetUtcNow(),
            },
            cancellationToken);
    }

    private static string Text(Offer offer) => $"{offer.Head} {offer.Number} {offer.Url}";

    private static Offer OfferOf(string text)
    {
        var parts = text.Split(' ');
        return new Offer(CommitSha.Parse(parts[0]), long.Parse(parts[1], CultureInfo.InvariantCulture), parts[2]);
    }
}
