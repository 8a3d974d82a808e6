using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Merge requests and what is said about them.</summary>
internal sealed partial class GitLabShapes
{
    public JsonObject MergeRequest(SimulatedMergeRequest mr)
    {
        var repository = mr.Repository;
        return new JsonObject
        {
            ["id"] = mr.Id,
            ["iid"] = mr.Number,
            ["project_id"] = repository.Id,
            ["title"] = mr.Title,
            ["description"] = mr.Body,
            ["state"] = StateOf(mr),
            ["created_at"] = Time(mr.CreatedAt),
            ["updated_at"] = Time(mr.UpdatedAt),
            ["merged_by"] = mr.MergedBy is { } by ? User(by) : null,
            ["merged_at"] = mr.State == MergeRequestState.Merged ? Time(mr.ClosedAt) : null,
            ["closed_by"] = null,
            ["closed_at"] = mr.State == MergeRequestState.Closed ? Time(mr.ClosedAt) : null,
            ["target_branch"] = mr.TargetBranch,
            ["source_branch"] = mr.SourceBranch,
            ["user_notes_count"] = mr.Comments.Count,
            ["upvotes"] = 0,
            ["downvotes"] = 0,
            ["author"] = User(mr.Author),
            ["assignees"] = new JsonArray(),
            ["assignee"] = null,
            ["reviewers"] = new JsonArray(),
            ["source_project_id"] = mr.Source.Id,
            ["target_project_id"] = repository.Id,
            ["labels"] = new JsonArray([.. mr.Labels.Select(label => JsonValue.Create(label))]),
            ["draft"] = mr.IsDraft,
            ["work_in_progress"] = mr.IsDraft,
            ["milestone"] = null,
            ["merge_when_pipeline_succeeds"] = false,
            ["merge_status"] = "can_be_merged",
            ["detailed_merge_status"] = mr.State == MergeRequestState.Open ? "mergeable" : "not_open",
            ["sha"] = mr.HeadSha,
            ["merge_commit_sha"] = mr.MergeSha,
            ["squash_commit_sha"] = null,
            ["discussion_locked"] = null,
            ["should_remove_source_branch"] = null,
            ["force_remove_source_branch"] = false,
            ["reference"] = $"!{mr.Number}",
            ["references"] = new JsonObject { ["short"] = $"!{mr.Number}", ["relative"] = $"!{mr.Number}", ["full"] = $"{repository.FullName}!{mr.Number}" },
            ["web_url"] = $"{web}/{repository.FullName}/-/merge_requests/{mr.Number}",
            ["squash"] = false,
            ["has_conflicts"] = false,
            ["blocking_discussions_resolved"] = true,
        };
    }

    public JsonObject FullMergeRequest(SimulatedMergeRequest mr, bool hasConflicts, int changes)
    {
        var shape = MergeRequest(mr);
        var pipeline = mr.Repository.Pipelines.LastOrDefault(candidate => candidate.Sha == mr.HeadSha);
        shape["subscribed"] = false;
        shape["changes_count"] = changes.ToString();
        shape["has_conflicts"] = hasConflicts;
        shape["merge_status"] = hasConflicts ? "cannot_be_merged" : "can_be_merged";
        if (hasConflicts && mr.State == MergeRequestState.Open)
            shape["detailed_merge_status"] = "conflict";
        shape["pipeline"] = pipeline is null ? null : PipelineInfo(pipeline);
        shape["head_pipeline"] = pipeline is null ? null : Pipeline(pipeline);
        shape["diff_refs"] = new JsonObject { ["base_sha"] = mr.BaseSha, ["head_sha"] = mr.HeadSha, ["start_sha"] = mr.BaseSha };
        shape["merge_error"] = null;
        shape["first_contribution"] = false;
        shape["user"] = new JsonObject { ["can_merge"] = true };
        return shape;
    }

    public JsonObject Note(SimulatedRepository repository, SimulatedMergeRequest? mr, SimulatedComment comment) => new()
    {
        ["id"] = comment.Id,
        ["type"] = mr is null ? "DiscussionNote" : comment.Path is null ? null : "DiffNote",
        ["body"] = comment.Body,
        ["attachment"] = null,
        ["author"] = User(comment.Author),
        ["created_at"] = Time(comment.CreatedAt),
        ["updated_at"] = Time(comment.UpdatedAt),
        ["system"] = false,
        ["noteable_id"] = mr?.Id,
        ["noteable_type"] = mr is null ? "Commit" : "MergeRequest",
        ["commit_id"] = comment.CommitSha,
        ["project_id"] = repository.Id,
        ["resolvable"] = false,
        ["confidential"] = false,
        ["internal"] = false,
        ["noteable_iid"] = mr?.Number,
    };

    public JsonObject Discussion(SimulatedRepository repository, SimulatedMergeRequest? mr, IReadOnlyList<SimulatedComment> notes) => new()
    {
        ["id"] = notes[0].DiscussionId,
        ["individual_note"] = false,
        ["notes"] = new JsonArray([.. notes.Select(note => Note(repository, mr, note))]),
    };

    public JsonObject CommitComment(SimulatedComment comment) => new()
    {
        ["note"] = comment.Body,
        ["path"] = comment.Path,
        ["line"] = comment.Line,
        ["line_type"] = comment.Line is null ? null : "new",
        ["author"] = User(comment.Author),
        ["created_at"] = Time(comment.CreatedAt),
    };

    public JsonObject Award(SimulatedReaction reaction, long awardable, string type) => new()
    {
        ["id"] = reaction.Id,
        ["name"] = reaction.Content,
        ["user"] = User(reaction.Author),
        ["created_at"] = Time(reaction.CreatedAt),
        ["updated_at"] = Time(reaction.CreatedAt),
        ["awardable_id"] = awardable,
        ["awardable_type"] = type,
        ["url"] = null,
    };

    public static string StateOf(SimulatedMergeRequest mr) => mr.State switch
    {
        MergeRequestState.Open => "opened",
        MergeRequestState.Merged => "merged",
        _ => "closed",
    };
}
