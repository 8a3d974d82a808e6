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
            async ct => Text(await OfferAsync(
                forge,
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

    /// <summary>A refusal leaves nothing behind. After a crash on the way the branch is met, refused and removed again.</summary>
    private static async Task<Offer> OfferAsync(IForge forge, Repository repository, NewCommit commit, NewMergeRequest mergeRequest, CancellationToken cancellationToken)
    {
        try
        {
            return await forge.OfferAsync(repository, commit, mergeRequest, cancellationToken);
        }
        catch (ForgeException refusal) when (!refusal.IsTransient && refusal.Problem != ForgeProblem.Conflict)
        {
            await RemoveAsync(forge, repository, commit, cancellationToken);
            throw;
        }
    }

    /// <summary>Only while the branch is exactly what was to be offered: what people have put there is theirs.</summary>
    private static async Task RemoveAsync(IForge forge, Repository repository, NewCommit commit, CancellationToken cancellationToken)
    {
        try
        {
            if (await forge.ReadBranchAsync(repository, commit.Branch, cancellationToken) is { } head && head.Parents is [var parent] && parent == commit.Parent && Lines(head.Message) == Lines(commit.Message))
                await forge.DeleteBranchAsync(repository, commit.Branch, cancellationToken);
        }
        catch (ForgeException refusal) when (!refusal.IsTransient)
        {
            // What people must hear is why there is no merge request.
        }
    }

    private static string Lines(string message) => message.ReplaceLineEndings("\n").Trim();

    private static string Text(Offer offer) => $"{offer.Head} {offer.Number} {offer.Url}";

    private static Offer OfferOf(string text)
    {
        var parts = text.Split(' ');
        return new Offer(CommitSha.Parse(parts[0]), long.Parse(parts[1], CultureInfo.InvariantCulture), parts[2]);
    }
}
