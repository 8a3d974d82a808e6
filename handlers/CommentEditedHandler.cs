using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Messages;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers;

/// <summary>A person ticks "Undo" in the bot's comment: with write permission, the effect is taken back.</summary>
public sealed partial class CommentEditedHandler(IForges forges, FixUndo undo)
{
    public async Task<Outcome> HandleAsync(ForgeEvent.CommentEdited edited, ILedger ledger, CancellationToken cancellationToken)
    {
        var ticked = Ticked().Match(edited.Body);
        if (!ticked.Success || !long.TryParse(ticked.Groups["id"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return new Outcome.Ignored("an edit that asks for nothing");
        if (await ledger.AttemptAsync(edited.Repository.Key, id, cancellationToken) is not { } attempt)
            return new Outcome.Ignored("the attempt named is not one of this repository");
        if (AttemptDetails.Of(attempt).MergeRequestNumber != edited.MergeRequestNumber)
            return new Outcome.Ignored("the attempt named is told elsewhere");
        var forge = forges.Open(edited.Repository);
        // Anybody may write such a line into a comment of their own, and have somebody edit it; only in the comment of the bot itself it counts.
        if (await StickyComment.FindAsync(forge, edited.Repository, edited.MergeRequestNumber, cancellationToken) != edited.Comment)
            return new Outcome.Ignored("not the comment of the bot");
        if (await forge.GetPermissionAsync(edited.Repository, edited.EditorId, edited.EditorName, cancellationToken) < Permission.Write)
            return new Outcome.Declined($"{OutsideText.OneLine(edited.EditorName, 60)} has no write permission, so nothing is undone");
        return await undo.UndoAsync(forge, ledger, edited.Repository, attempt, OutsideText.OneLine(edited.EditorName, 60), cancellationToken);
    }

    [GeneratedRegex(@"^ {0,3}[-*] \[[xX]\] [^\n]{0,200}<!-- qmoi undo (?<id>[0-9]{1,18}) -->", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Ticked();
}
