using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>What GitHub's deliveries mean.</summary>
internal static class GitHubEvents
{
    public static ForgeEvent Read(string eventName, ReadOnlySpan<byte> body) => WhyIgnored(eventName, body) is { } reason ? new ForgeEvent.Nothing(reason) : eventName switch
    {
        "workflow_run" => WorkflowRun(Parse(body, GitHubJson.Default.GitHubWorkflowRunDelivery)),
        "workflow_job" => WorkflowJob(Parse(body, GitHubJson.Default.GitHubWorkflowJobDelivery)),
        "pull_request" => PullRequest(Parse(body, GitHubJson.Default.GitHubPullRequestDelivery)),
        "issue_comment" => IssueComment(Parse(body, GitHubJson.Default.GitHubIssueCommentDelivery)),
        _ => throw new UnreachableException(eventName),
    };

    /// <summary>The action stands at the start, so that most of what GitHub sends need not be taken apart.</summary>
    public static string? WhyIgnored(string eventName, ReadOnlySpan<byte> body)
    {
        var action = eventName switch { "workflow_run" or "workflow_job" => "completed"u8, "pull_request" => "closed"u8, "issue_comment" => "edited"u8, _ => default };
        return !action.IsEmpty && IsAction(body, action) ? null : $"{eventName} events are not acted on, or not with this action";
    }

    private static bool IsAction(ReadOnlySpan<byte> body, ReadOnlySpan<byte> action)
    {
        var reader = new Utf8JsonReader(body);
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isAction = reader.ValueTextEquals("action"u8);
                reader.Read();
                if (isAction)
                    return reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(action);
                reader.Skip();
            }
            return false;
        }
        catch (JsonException e)
        {
            throw new FormatException($"The delivery cannot be read: {e.Message}", e);
        }
    }

    public static RunStatus Status(string? status, string? conclusion) => (status, conclusion) switch
    {
        (_, "success") => RunStatus.Success,
        (_, "failure" or "timed_out" or "startup_failure") => RunStatus.Failed,
        (_, "cancelled") => RunStatus.Canceled,
        (_, "skipped") => RunStatus.Skipped,
        (_, not null) => RunStatus.Other,   // neutral, action_required, stale
        ("in_progress", _) => RunStatus.Running,
        ("queued" or "requested" or "waiting" or "pending", _) => RunStatus.Pending,
        _ => RunStatus.Other,
    };

    private static ForgeEvent WorkflowRun(GitHubWorkflowRunDelivery delivery)
    {
        if (delivery.WorkflowRun is not { } run) return DoesNotFit("workflow_run");
        var repository = RepositoryOf(delivery.Repository, delivery.Installation);
        // A fork that has been deleted since has no head_repository.
        var isFromFork = run.HeadRepository?.Id != repository.Id;
        var pull = run.PullRequests?.FirstOrDefault(pull => pull.Base?.Repo is null || pull.Base.Repo.Id == repository.Id);
        return new ForgeEvent.PipelineFinished(
            repository,
            new Pipeline(
                run.Id, run.RunAttempt, Sha(run.HeadSha), run.HeadBranch ?? "", IsTag: false, Status(run.Status, run.Conclusion), run.Name, CiFile(run.Path),
                run.HtmlUrl ?? "", isFromFork, pull?.Number, run.HeadCommit?.Author?.Name),
            Jobs: null);
    }

    private static ForgeEvent WorkflowJob(GitHubWorkflowJobDelivery delivery)
    {
        if (delivery.WorkflowJob is not { } job) return DoesNotFit("workflow_job");
        var repository = RepositoryOf(delivery.Repository, delivery.Installation);
        return new ForgeEvent.JobFinished(
            repository,
            new Pipeline(
                job.RunId, job.RunAttempt, Sha(job.HeadSha), job.HeadBranch ?? "", IsTag: false, RunStatus.Other, job.WorkflowName, CiFile: null,
                RunUrl(job.HtmlUrl), IsFromFork: false, MergeRequestNumber: null, AuthorName: null),
            Job(job));
    }

    // Only its address for programs is told; a job's page lies below its run's.
    private static string RunUrl(string? jobUrl) => jobUrl?.IndexOf("/job/", StringComparison.Ordinal) is >= 0 and var end ? jobUrl[..end] : "";

    public static Job Job(GitHubWorkflowJob job) =>
        new(job.Id, job.Name, Stage: null, Status(job.Status, job.Conclusion), FailureReason: null, MayFail: false, job.HtmlUrl ?? "");

    private static ForgeEvent PullRequest(GitHubPullRequestDelivery delivery)
    {
        // Reviews and their comments carry a pull_request too.
        if (delivery.PullRequest is not { } pull || delivery.Review is not null || delivery.Comment is not null) return DoesNotFit("pull_request");
        var repository = RepositoryOf(delivery.Repository, delivery.Installation);
        // A fork's branch must never be taken for a branch of the repository: "owner:branch" cannot be a branch's name.
        var source = pull.Head.Repo?.Id == repository.Id ? pull.Head.Ref : pull.Head.Label ?? $"fork:{pull.Head.Ref}";
        return new ForgeEvent.MergeRequestClosed(repository, pull.Number, source, pull.Merged ?? pull.MergedAt is not null, delivery.Sender?.Login);
    }

    private static ForgeEvent IssueComment(GitHubIssueCommentDelivery delivery)
    {
        if (delivery is not { Comment: { } comment, Issue: { } issue }) return DoesNotFit("issue_comment");
        if (issue.PullRequest is null) return new ForgeEvent.Nothing("a comment on an issue");
        // The bot's own edits are of its own comment. Whether the comment is the bot's is asked of the forge.
        if (delivery.Sender is not { Type: not "Bot" } sender || comment.User?.Id == sender.Id) return new ForgeEvent.Nothing("an edit by its own author");
        return new ForgeEvent.CommentEdited(RepositoryOf(delivery.Repository, delivery.Installation), issue.Number, new CommentHandle($"issue:{comment.Id}"), comment.Body ?? "", sender.Id, sender.Login ?? "");
    }

    private static Repository RepositoryOf(GitHubRepository? repository, GitHubInstallation? installation) =>
        repository is { DefaultBranch: { } defaultBranch }
            ? new Repository(ForgeKind.GitHub, repository.Id, repository.FullName, defaultBranch, installation?.Id, repository.NodeId)
            : throw new FormatException("The delivery lacks its repository or the default branch.");

    // "path@ref" for reusable workflows; "dynamic/..." where GitHub itself made the workflow; "owner/repo/..." where it lies elsewhere.
    private static string? CiFile(string? path)
    {
        if (path is null || !path.StartsWith(".github/", StringComparison.Ordinal)) return null;
        var at = path.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? path : path[..at];
    }

    private static CommitSha Sha(string text) => CommitSha.Parse(text);

    private static ForgeEvent.Nothing DoesNotFit(string eventName) => new($"the body does not fit the event {eventName}");

    private static T Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new FormatException("The delivery is null.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The delivery lacks what its event must have: {e.Message}", e);
        }
    }
}
