using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Merge requests, their comments and reactions in GitHub's JSON.</summary>
internal sealed partial class GitHubShapes
{
    public JsonObject PullRequestSimple(SimulatedMergeRequest mr)
    {
        var repository = mr.Repository;
        var url = $"{RepositoryUrl(repository)}/pulls/{mr.Number}";
        var issue = $"{RepositoryUrl(repository)}/issues/{mr.Number}";
        var html = $"{web}/{repository.FullName}/pull/{mr.Number}";
        var statuses = $"{RepositoryUrl(repository)}/statuses/{mr.HeadSha}";
        return new JsonObject
        {
            ["url"] = url,
            ["id"] = mr.Id,
            ["node_id"] = NodeId("PullRequest", mr.Id),
            ["html_url"] = html,
            ["diff_url"] = html + ".diff",
            ["patch_url"] = html + ".patch",
            ["issue_url"] = issue,
            ["number"] = mr.Number,
            ["state"] = StateOf(mr),
            ["locked"] = false,
            ["title"] = mr.Title,
            ["user"] = User(mr.Author),
            ["body"] = mr.Body,
            ["labels"] = Labels(mr),
            ["milestone"] = null,
            ["assignee"] = null,
            ["assignees"] = new JsonArray(),
            ["requested_reviewers"] = new JsonArray(),
            ["requested_teams"] = new JsonArray(),
            ["draft"] = mr.IsDraft,
            ["created_at"] = Time(mr.CreatedAt),
            ["updated_at"] = Time(mr.UpdatedAt),
            ["closed_at"] = Time(mr.ClosedAt),
            ["merged_at"] = mr.State == MergeRequestState.Merged ? Time(mr.ClosedAt) : null,
            ["merge_commit_sha"] = mr.MergeSha,
            ["commits_url"] = url + "/commits",
            ["review_comments_url"] = url + "/comments",
            ["review_comment_url"] = $"{RepositoryUrl(repository)}/pulls/comments{{/number}}",
            ["comments_url"] = issue + "/comments",
            ["statuses_url"] = statuses,
            ["head"] = End(mr.Source, mr.SourceBranch, mr.HeadSha),
            ["base"] = End(repository, mr.TargetBranch, mr.BaseSha),
            ["_links"] = new JsonObject
            {
                ["self"] = Link(url),
                ["html"] = Link(html),
                ["issue"] = Link(issue),
                ["comments"] = Link(issue + "/comments"),
                ["review_comments"] = Link(url + "/comments"),
                ["review_comment"] = Link($"{RepositoryUrl(repository)}/pulls/comments{{/number}}"),
                ["commits"] = Link(url + "/commits"),
                ["statuses"] = Link(statuses),
            },
            ["author_association"] = Association(repository, mr.Author),
            ["auto_merge"] = null,
            ["active_lock_reason"] = null,
        };
    }

    public JsonObject PullRequest(SimulatedMergeRequest mr, int commits, IReadOnlyList<GitFileChange> changes, bool isMergeable)
    {
        var shape = PullRequestSimple(mr);
        shape["merged"] = mr.State == MergeRequestState.Merged;
        shape["mergeable"] = isMergeable;
        shape["rebaseable"] = isMergeable;
        shape["mergeable_state"] = isMergeable ? "clean" : "dirty";
        shape["merged_by"] = mr.MergedBy is { } by ? User(by) : null;
        shape["comments"] = mr.Comments.Count;
        shape["review_comments"] = mr.LineComments.Count;
        shape["maintainer_can_modify"] = false;
        shape["commits"] = commits;
        shape["additions"] = changes.Sum(change => change.Additions);
        shape["deletions"] = changes.Sum(change => change.Deletions);
        shape["changed_files"] = changes.Count;
        return shape;
    }

    public JsonObject PullRequestMinimal(SimulatedMergeRequest mr)
    {
        return new JsonObject
        {
            ["url"] = $"{RepositoryUrl(mr.Repository)}/pulls/{mr.Number}",
            ["id"] = mr.Id,
            ["number"] = mr.Number,
            ["head"] = new JsonObject { ["ref"] = mr.SourceBranch, ["sha"] = mr.HeadSha, ["repo"] = Short(mr.Source) },
            ["base"] = new JsonObject { ["ref"] = mr.TargetBranch, ["sha"] = mr.BaseSha, ["repo"] = Short(mr.Repository) },
        };

        JsonObject Short(SimulatedRepository repository) =>
            new() { ["id"] = repository.Id, ["url"] = RepositoryUrl(repository), ["name"] = repository.Name };
    }

    /// <summary>The issue side of a merge request.</summary>
    public JsonObject Issue(SimulatedMergeRequest mr)
    {
        var repository = mr.Repository;
        var url = $"{RepositoryUrl(repository)}/issues/{mr.Number}";
        var html = $"{web}/{repository.FullName}/pull/{mr.Number}";
        return new JsonObject
        {
            ["url"] = url,
            ["repository_url"] = RepositoryUrl(repository),
            ["labels_url"] = url + "/labels{/name}",
            ["comments_url"] = url + "/comments",
            ["events_url"] = url + "/events",
            ["html_url"] = html,
            ["id"] = mr.Id,
            ["node_id"] = NodeId("PullRequest", mr.Id),
            ["number"] = mr.Number,
            ["title"] = mr.Title,
            ["user"] = User(mr.Author),
            ["labels"] = Labels(mr),
            ["state"] = StateOf(mr),
            ["locked"] = false,
            ["assignee"] = null,
            ["assignees"] = new JsonArray(),
            ["milestone"] = null,
            ["comments"] = mr.Comments.Count,
            ["created_at"] = Time(mr.CreatedAt),
            ["updated_at"] = Time(mr.UpdatedAt),
            ["closed_at"] = Time(mr.ClosedAt),
            ["author_association"] = Association(repository, mr.Author),
            ["active_lock_reason"] = null,
            ["draft"] = mr.IsDraft,
            ["pull_request"] = new JsonObject
            {
                ["url"] = $"{RepositoryUrl(repository)}/pulls/{mr.Number}",
                ["html_url"] = html,
                ["diff_url"] = html + ".diff",
                ["patch_url"] = html + ".patch",
                ["merged_at"] = mr.State == MergeRequestState.Merged ? Time(mr.ClosedAt) : null,
            },
            ["body"] = mr.Body,
            ["reactions"] = ReactionSummary(url, mr.Reactions),
        };
    }

    public JsonObject IssueComment(SimulatedMergeRequest mr, SimulatedComment comment)
    {
        var url = $"{RepositoryUrl(mr.Repository)}/issues/comments/{comment.Id}";
        return new JsonObject
        {
            ["url"] = url,
            ["html_url"] = $"{web}/{mr.Repository.FullName}/pull/{mr.Number}#issuecomment-{comment.Id}",
            ["issue_url"] = $"{RepositoryUrl(mr.Repository)}/issues/{mr.Number}",
            ["id"] = comment.Id,
            ["node_id"] = NodeId("IssueComment", comment.Id),
            ["user"] = User(comment.Author),
            ["created_at"] = Time(comment.CreatedAt),
            ["updated_at"] = Time(comment.UpdatedAt),
            ["author_association"] = Association(mr.Repository, comment.Author),
            ["body"] = comment.Body,
            ["reactions"] = ReactionSummary(url, comment.Reactions),
            ["performed_via_github_app"] = null,
        };
    }

    public JsonObject LineComment(SimulatedMergeRequest mr, SimulatedComment comment)
    {
        var url = $"{RepositoryUrl(mr.Repository)}/pulls/comments/{comment.Id}";
        var pull = $"{RepositoryUrl(mr.Repository)}/pulls/{mr.Number}";
        var html = $"{web}/{mr.Repository.FullName}/pull/{mr.Number}#discussion_r{comment.Id}";
        return new JsonObject
        {
            ["url"] = url,
            ["pull_request_review_id"] = comment.Id,
            ["id"] = comment.Id,
            ["node_id"] = NodeId("PullRequestReviewComment", comment.Id),
            ["diff_hunk"] = "@@",
            ["path"] = comment.Path,
            ["commit_id"] = comment.CommitSha,
            ["original_commit_id"] = comment.CommitSha,
            ["user"] = User(comment.Author),
            ["body"] = comment.Body,
            ["created_at"] = Time(comment.CreatedAt),
            ["updated_at"] = Time(comment.UpdatedAt),
            ["html_url"] = html,
            ["pull_request_url"] = pull,
            ["author_association"] = Association(mr.Repository, comment.Author),
            ["_links"] = new JsonObject { ["self"] = Link(url), ["html"] = Link(html), ["pull_request"] = Link(pull) },
            ["start_line"] = comment.StartLine,
            ["original_start_line"] = comment.StartLine,
            ["start_side"] = comment.StartLine is null ? null : "RIGHT",
            ["line"] = comment.Line,
            ["original_line"] = comment.Line,
            ["side"] = "RIGHT",
            ["subject_type"] = "line",
            ["reactions"] = ReactionSummary(url, comment.Reactions),
        };
    }

    public JsonObject CommitComment(SimulatedRepository repository, SimulatedComment comment)
    {
        var url = $"{RepositoryUrl(repository)}/comments/{comment.Id}";
        return new JsonObject
        {
            ["url"] = url,
            ["html_url"] = $"{web}/{repository.FullName}/commit/{comment.CommitSha}#commitcomment-{comment.Id}",
            ["id"] = comment.Id,
            ["node_id"] = NodeId("CommitComment", comment.Id),
            ["user"] = User(comment.Author),
            ["position"] = null,
            ["line"] = comment.Line,
            ["path"] = comment.Path,
            ["commit_id"] = comment.CommitSha,
            ["created_at"] = Time(comment.CreatedAt),
            ["updated_at"] = Time(comment.UpdatedAt),
            ["author_association"] = Association(repository, comment.Author),
            ["body"] = comment.Body,
            ["reactions"] = ReactionSummary(url, comment.Reactions),
        };
    }

    public JsonObject Reaction(SimulatedReaction reaction) => new()
    {
        ["id"] = reaction.Id,
        ["node_id"] = NodeId("Reaction", reaction.Id),
        ["user"] = User(reaction.Author),
        ["content"] = reaction.Content,
        ["created_at"] = Time(reaction.CreatedAt),
    };

    private JsonArray Labels(SimulatedMergeRequest mr) => new([.. mr.Labels.Select(label => Label(mr.Repository, label))]);

    private static JsonObject ReactionSummary(string url, IReadOnlyList<SimulatedReaction> reactions)
    {
        var summary = new JsonObject { ["url"] = url + "/reactions", ["total_count"] = reactions.Count };
        foreach (var content in (string[])["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"])
            summary[content] = reactions.Count(reaction => reaction.Content == content);
        return summary;
    }

    private static string StateOf(SimulatedMergeRequest mr) => mr.State == MergeRequestState.Open ? "open" : "closed";

    private static string Association(SimulatedRepository repository, SimulatedUser user) => repository.PermissionOf(user) switch
    {
        >= AccessLevel.Admin => "OWNER",
        >= AccessLevel.Triage => "COLLABORATOR",
        _ => "NONE",
    };

    private JsonObject End(SimulatedRepository repository, string branch, string sha) => new()
    {
        ["label"] = $"{repository.Namespace}:{branch}",
        ["ref"] = branch,
        ["sha"] = sha,
        ["user"] = User(repository.Owner),
        ["repo"] = Repository(repository),
    };

    private static JsonObject Link(string url) => new() { ["href"] = url };
}
