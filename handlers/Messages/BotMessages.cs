using System.Globalization;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Handlers.Messages;

/// <summary>What the bot writes on a forge, from the attempts it is about. The words are in <c>templates/</c>; here is only what goes into them.</summary>
public sealed class BotMessages(Templates templates)
{
    private const int MaxDiffLines = 200;

    public string CommitMessage(Attempt attempt)
    {
        var details = AttemptDetails.Of(attempt);
        return templates.Render("commit-message", Words(
            ("summary", OutsideText.ForCommit(details.FixSummary)),
            ("job", OutsideText.ForCommit(attempt.JobName ?? "pipeline", 80)),
            ("pipeline", Number(attempt.PipelineId)),
            ("sha", attempt.Head.Abbreviated),
            ("title", details.Diagnosis.Title),
            ("failure_id", attempt.FailureId),
            ("signature", attempt.FailureSignature)));
    }

    public string RevertMessage(Attempt attempt) => templates.Render("revert-message", Words(
        ("title", AttemptDetails.Of(attempt).Diagnosis.Title),
        ("sha", attempt.FixHead?.Value ?? ""),
        ("failure_id", attempt.FailureId)));

    public string SuggestionBody(Attempt attempt, string marker)
    {
        var details = AttemptDetails.Of(attempt);
        return templates.Render("suggestion", Words(
            ("marker", marker),
            ("job", OutsideText.Code(attempt.JobName ?? "pipeline", 80)),
            ("summary", OutsideText.Sentence(details.Diagnosis.Summary)),
            ("fix_summary", OutsideText.Sentence(details.FixSummary)),
            ("failure_id", attempt.FailureId)));
    }

    public string MergeRequestTitle(Attempt attempt) => templates.Render("merge-request-title", Words(
        ("job", OutsideText.ForCommit(attempt.JobName ?? "the pipeline", 80)),
        ("title", AttemptDetails.Of(attempt).Diagnosis.Title))).Trim();

    public string MergeRequestBody(Repository repository, Attempt attempt)
    {
        var details = AttemptDetails.Of(attempt);
        return templates.Render("merge-request", Words(
            ("forge", Vocabulary(repository.Forge)),
            ("marker", $"<!-- qmoi fix {attempt.FixBranch} -->"),
            ("job", OutsideText.Code(attempt.JobName ?? "pipeline", 80)),
            ("pipeline", OutsideText.Link($"pipeline {attempt.PipelineId}", details.PipelineUrl)),
            ("branch", OutsideText.Code(attempt.Branch, 120)),
            ("sha", attempt.Head.Abbreviated),
            ("summary", OutsideText.Sentence(details.Diagnosis.Summary)),
            ("evidence", Evidence(details.Diagnosis)),
            ("fix_summary", OutsideText.Sentence(details.FixSummary)),
            ("files", (details.Files ?? []).Take(20).Select(file => OutsideText.Code(file)).ToList()),
            ("diff", Diff(attempt.PatchDiff)),
            ("is_pending", attempt.State is AttemptState.Delivering or AttemptState.Delivered),
            ("is_verified", attempt.State == AttemptState.Verified),
            ("is_failed", attempt.State == AttemptState.Failed),
            ("result", details.Result ?? ""),
            ("fix_branch", OutsideText.Code(attempt.FixBranch)),
            ("failure_id", attempt.FailureId),
            ("confidence", Percent(details.Diagnosis.Confidence)),
            ("checked", details.IsChecked),
            ("history", details.History ?? ""),
            ("attempt", Number(attempt.Number))));
    }

    /// <param name="attempts">All attempts on one head commit, oldest first; at least one.</param>
    public string Comment(Repository repository, string marker, IReadOnlyList<Attempt> attempts)
    {
        var details = AttemptDetails.Of(attempts[^1]);
        var causes = attempts.GroupBy(attempt => attempt.FailureSignature, StringComparer.Ordinal).Select(group => Cause(repository, [.. group])).ToList();
        return templates.Render("comment", Words(
            ("forge", Vocabulary(repository.Forge)),
            ("marker", marker),
            ("headline", Headline(attempts)),
            ("pipeline", OutsideText.Link($"Pipeline {attempts[^1].PipelineId}", details.PipelineUrl)),
            ("branch", OutsideText.Code(attempts[^1].Branch, 120)),
            ("sha", attempts[^1].Head.Abbreviated),
            ("causes", causes)));
    }

    private static Dictionary<string, object?> Cause(Repository repository, IReadOnlyList<Attempt> attempts)
    {
        // The attempt that carries a fix speaks for its cause, the newest one first.
        var lead = attempts.LastOrDefault(attempt => attempt.MergeRequestNumber is not null)
            ?? attempts.LastOrDefault(attempt => attempt.State != AttemptState.SameCause) ?? attempts[^1];
        var details = AttemptDetails.Of(lead);
        var offered = lead.MergeRequestNumber is { } number ? OutsideText.Link(Reference(repository.Forge, number), lead.MergeRequestUrl) : "";
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["jobs"] = string.Join(", ", attempts.Select(attempt => OutsideText.Code(attempt.JobName ?? "pipeline", 80)).Distinct(StringComparer.Ordinal)),
            ["title"] = details.Diagnosis.Title,
            ["summary"] = OutsideText.Sentence(details.Diagnosis.Summary),
            ["evidence"] = Evidence(details.Diagnosis),
            ["is_pending"] = lead.State == AttemptState.Delivered,
            ["is_verified"] = lead.State == AttemptState.Verified && offered.Length > 0,
            ["is_merged"] = lead.State == AttemptState.Merged,
            ["is_failed"] = lead.State == AttemptState.Failed && offered.Length > 0,
            ["is_other"] = offered.Length == 0 || lead.State is not (AttemptState.Delivered or AttemptState.Verified or AttemptState.Merged or AttemptState.Failed),
            ["has_diff"] = offered.Length == 0 && lead.PatchDiff is not null,
            ["diff"] = Diff(lead.PatchDiff),
            ["fix_summary"] = OutsideText.Sentence(details.FixSummary ?? ""),
            ["offered"] = offered,
            ["result"] = details.Result ?? "",
            ["flaky"] = details.Flaky ?? "",
            ["done"] = OutsideText.Sentence(lead.Summary),
            ["next"] = offered.Length == 0 && lead.State is AttemptState.Explained or AttemptState.Declined ? OutsideText.Sentence(details.Diagnosis.Next) : "",
            ["undo"] = details is { IsCommit: true, MergeRequestNumber: not null } && lead.State is AttemptState.Delivered or AttemptState.Verified ? Number(lead.Id) : "",
            ["backup"] = OutsideText.Code(details.BackupRef ?? ""),
            ["failure_id"] = lead.FailureId,
            ["category"] = details.Diagnosis.Category.Name(),
            ["confidence"] = Percent(details.Diagnosis.Confidence),
        };
    }

    private static string Headline(IReadOnlyList<Attempt> attempts) => attempts switch
    {
        _ when attempts.Any(attempt => attempt is { State: AttemptState.Verified, FixBranch: not null }) => "a verified fix is ready",
        _ when attempts.Any(attempt => attempt.State is AttemptState.Delivered or AttemptState.Delivering) => "a fix is offered",
        _ when attempts.Any(attempt => attempt.State == AttemptState.Merged) => "the fix was merged",
        _ when attempts.Any(attempt => RetryEnds.IsRunning(attempt) || attempt.State is AttemptState.WaitingForPipeline or AttemptState.WaitingToRetry) => "it runs again",
        _ when attempts.Any(attempt => attempt is { State: AttemptState.Verified, FixBranch: null, PatchHash: not null }) => "the fix on the branch heals it",
        _ when attempts.Any(attempt => attempt is { State: AttemptState.Verified, FixBranch: null }) => "passed on retry",
        _ when attempts.Any(attempt => attempt.State == AttemptState.Suggested) => "a fix is suggested",
        _ when attempts.Any(attempt => attempt.State == AttemptState.WaitingForFix) => "it waits for a fix",
        _ when attempts.Any(attempt => attempt.State == AttemptState.DryRun) => "dry run",
        _ => "this needs a person",
    };

    private static string Evidence(Diagnosis diagnosis)
    {
        if (diagnosis.Evidence.Count == 0)
            return "";
        var lines = diagnosis.Evidence.Select(line =>
            $"{(line.Number >= diagnosis.RootCause.Line && line.Number <= diagnosis.RootCause.EndLine ? '>' : ' ')}{line.Number,6} | {line.Text}");
        return OutsideText.Block(lines, "text");
    }

    private static string Diff(string? diff)
    {
        if (string.IsNullOrEmpty(diff))
            return "";
        var lines = diff.TrimEnd('\n').Split('\n');
        return OutsideText.Block(lines.Length <= MaxDiffLines ? lines : [.. lines.Take(MaxDiffLines), $" ... {lines.Length - MaxDiffLines} more lines"], "diff");
    }

    private static Dictionary<string, object?> Vocabulary(ForgeKind forge) => new(StringComparer.Ordinal)
    {
        ["name"] = forge == ForgeKind.GitHub ? "GitHub" : "GitLab",
        ["merge_request"] = forge == ForgeKind.GitHub ? "pull request" : "merge request",
    };

    private static string Reference(ForgeKind forge, long number) => $"{(forge == ForgeKind.GitHub ? "pull request" : "merge request")} {number}";

    private static string Percent(double confidence) => Number((long)Math.Round(confidence * 100)) + " %";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, object?> Words(params IEnumerable<(string Name, object? Value)> words) => words.ToDictionary(word => word.Name, word => word.Value, StringComparer.Ordinal);
}
