using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Messages;

namespace QMoi.Handlers.Repair;

/// <summary>Proposes a patch on the lines of a merge request, to be taken over with one click each. What does not fit there is shown as a patch in the comment.</summary>
public sealed class FixSuggestions(BotMessages messages, TimeProvider clock)
{
    /// <summary>More are a nuisance.</summary>
    private const int Most = 10;

    internal async Task<Attempt> MakeAsync(Scene scene, Attempt attempt, Patch patch, CancellationToken cancellationToken)
    {
        var places = patch.Edits.SelectMany(Places).ToList();
        var made = 0;
        if (places.Count is > 0 and <= Most && patch.Edits.All(edit => edit is FileEdit.Write { Before: not null }))
        {
            foreach (var (place, index) in places.Select((place, index) => (place, index)))
            {
                var marker = $"<!-- qmoi suggestion {attempt.PatchHash![..16]}-{index} -->";
                try
                {
                    await scene.Forge.SuggestAsync(scene.Repository, scene.MergeRequest!, place with { Body = messages.SuggestionBody(attempt, marker) }, cancellationToken);
                    made++;
                }
                catch (ForgeException refusal) when (refusal.Problem == ForgeProblem.Invalid)
                {
                    break; // The line is not part of what the merge request changes.
                }
            }
        }
        var summary = made == places.Count && made > 0
            ? $"{made} {(made == 1 ? "suggestion was" : "suggestions were")} made on the lines; apply {(made == 1 ? "it" : "them")} there with one click. Nothing was changed."
            : "The fix is outside the lines that this merge request changes, so its patch is shown below; nothing was changed.";
        return await scene.Ledger.SaveAsync(attempt with { State = AttemptState.Suggested, Summary = summary, UpdatedAt = clock.GetUtcNow() }, cancellationToken);
    }

    private static IEnumerable<Suggestion> Places(FileEdit edit) => edit is FileEdit.Write { Before: { } before } write
        ? UnifiedDiff.Replacements(before.Span, write.After.Span).Select(lines => new Suggestion(edit.Path, lines.Start, lines.End, "", lines.Text))
        : [];
}
