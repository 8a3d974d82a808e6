using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>One comment per merge request, or per commit where there is none: made once, then edited in place from what the ledger holds. Called again without news, it asks the forge for nothing.</summary>
public sealed class StickyComment(BotMessages messages)
{
    public async Task UpdateAsync(IForge forge, ILedger ledger, Repository repository, CommitSha head, long? mergeRequestNumber, CancellationToken cancellationToken)
    {
        var attempts = await ledger.AttemptsOnAsync(repository.Key, head, cancellationToken);
        if (attempts.Count == 0)
            return;
        CommentTarget target = mergeRequestNumber is { } number ? new CommentTarget.OnMergeRequest(number) : new CommentTarget.OnCommit(head);
        var key = mergeRequestNumber is { } n ? $"comment:{repository.Key}:merge_request:{n}" : $"comment:{repository.Key}:commit:{head}";
        var marker = mergeRequestNumber is { } m ? Marker(m) : $"<!-- qmoi commit {head} -->";
        var body = messages.Comment(repository, marker, attempts);

        async Task<string?> FindAsync(CancellationToken ct) => (await forge.FindCommentAsync(repository, target, marker, ct))?.Value;
        var handle = await ledger.OnceAsync(
            key,
            FindAsync,
            async ct =>
            {
                // A ledger that was restored from a backup does not know of it, and no forge keeps a comment from being made twice.
                if (await FindAsync(ct) is { } known)
                    return known;
                var created = (await forge.CreateCommentAsync(repository, target, body, ct)).Value;
                await ledger.KeepAsync($"{key}:text", body, _ => Task.CompletedTask, ct);
                return created;
            },
            cancellationToken);
        await ledger.KeepAsync($"{key}:text", body, ct => forge.EditCommentAsync(repository, new CommentHandle(handle), body, ct), cancellationToken);
    }

    /// <summary>The bot's own comment on a merge request, as the forge has it; <c>null</c> when there is none.</summary>
    public static Task<CommentHandle?> FindAsync(IForge forge, Repository repository, long mergeRequestNumber, CancellationToken cancellationToken) =>
        forge.FindCommentAsync(repository, new CommentTarget.OnMergeRequest(mergeRequestNumber), Marker(mergeRequestNumber), cancellationToken);

    private static string Marker(long mergeRequestNumber) => $"<!-- qmoi merge_request {mergeRequestNumber} -->";
}
