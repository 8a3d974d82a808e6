using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

internal sealed class GitLabHooks(GitLabForge forge) : ForgeHooks(forge)
{
    private const string PushHook = "Push Hook";
    private const string TagHook = "Tag Push Hook";
    private const string MergeRequestHook = "Merge Request Hook";
    private const string PipelineHook = "Pipeline Hook";
    private const string JobHook = "Job Hook";
    private const string NoteHook = "Note Hook";

    /// <summary>Which switch of a hook made over REST lets an event through.</summary>
    public static readonly IReadOnlyDictionary<string, string> Switches = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [PushHook] = "push_events",
        [TagHook] = "tag_push_events",
        [MergeRequestHook] = "merge_requests_events",
        [PipelineHook] = "pipeline_events",
        [JobHook] = "job_events",
        [NoteHook] = "note_events",
    };

    /// <summary>gitlab-org/gitlab, app/models/concerns/web_hooks/auto_disabling.rb: hooks of projects alone; after 4 failures in a row off for a minute, twice as long each time, after 40 for good.</summary>
    private const int TemporarilyDisabledAt = 4;
    private const int DisabledAt = 40;
    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(1);

    private readonly Dictionary<long, (int Failures, DateTimeOffset? DisabledUntil)> health = [];

    /// <returns>alert_status and disabled_until, as GitLab tells them.</returns>
    public (string Alert, DateTimeOffset? Until) StateOf(long hookId)
    {
        lock (forge.Gate)
        {
            var (failures, until) = health.GetValueOrDefault(hookId);
            return failures >= DisabledAt ? ("disabled", until) : until > forge.Now ? ("temporarily_disabled", until) : ("executable", null);
        }
    }

    /// <summary>As if it had failed so often in a row.</summary>
    public void SetFailures(long hookId, int failures)
    {
        lock (forge.Gate)
            health[hookId] = (failures, failures < TemporarilyDisabledAt ? null : forge.Now + Pause(failures));
    }

    protected override bool IsExecutable(SimulatedHook hook) => hook.Repository is null || StateOf(hook.Id).Alert == "executable";

    protected override void Answered(long hookId, bool isGood)
    {
        if (isGood)
            health.Remove(hookId);
        else if (hookId != forge.GlobalHookId && StateOf(hookId).Alert == "executable")
            SetFailures(hookId, health.GetValueOrDefault(hookId).Failures + 1);
    }

    private static TimeSpan Pause(int failures) => TimeSpan.FromMinutes(Math.Min(LongestPause.TotalMinutes, Math.Pow(2, failures - TemporarilyDisabledAt)));

    /// <summary>What a test of push events sends: the head of the default branch, pushed once more.</summary>
    public JsonObject SamplePush(SimulatedRepository repository, SimulatedUser user)
    {
        var head = repository.Branches.GetValueOrDefault(repository.DefaultBranch);
        return new JsonObject
        {
            ["object_kind"] = "push",
            ["event_name"] = "push",
            ["before"] = head,
            ["after"] = head,
            ["ref"] = "refs/heads/" + repository.DefaultBranch,
            ["checkout_sha"] = head,
            ["user_id"] = user.Id,
            ["user_name"] = user.Name,
            ["user_username"] = user.Login,
            ["project_id"] = repository.Id,
            ["project"] = Project(repository),
            ["commits"] = new JsonArray(),
            ["total_commits_count"] = 0,
            ["push_options"] = new JsonObject(),
            ["repository"] = Repository(repository),
        };
    }

    public override async Task PushedAsync(SimulatedRepository repository, RefChange change, GitCommit? commit, SimulatedUser actor)
    {
        IReadOnlyList<GitCommit> commits = commit is null || change.IsTag ? []
            : await repository.Git.LogAsync(change.IsCreation ? change.After : $"{change.Before}..{change.After}", null, 0, 20);
        var described = new List<JsonNode?>();
        foreach (var one in commits.Reverse())
            described.Add(await DescribeAsync(repository, one));
        var kind = change.IsTag ? "tag_push" : "push";
        Send(change.IsTag ? TagHook : PushHook, null, new JsonObject
        {
            ["object_kind"] = kind,
            ["event_name"] = kind,
            ["before"] = change.Before,
            ["after"] = change.After,
            ["ref"] = change.Name,
            ["ref_protected"] = change.ShortName == repository.DefaultBranch,
            ["checkout_sha"] = change.IsDeletion ? null : change.After,
            ["message"] = null,
            ["user_id"] = actor.Id,
            ["user_name"] = actor.Name,
            ["user_username"] = actor.Login,
            ["user_email"] = actor.Email,
            ["user_avatar"] = null,
            ["project_id"] = repository.Id,
            ["project"] = Project(repository),
            ["commits"] = new JsonArray([.. described]),
            ["total_commits_count"] = commits.Count,
            ["push_options"] = new JsonObject(),
            ["repository"] = Repository(repository),
        }, repository);
    }

    public override void MergeRequestChanged(SimulatedMergeRequest mergeRequest, MergeRequestAction action, string? before, SimulatedUser by)
    {
        var word = action switch
        {
            MergeRequestAction.Opened => "open",
            MergeRequestAction.Updated or MergeRequestAction.Edited => "update",
            MergeRequestAction.Reopened => "reopen",
            MergeRequestAction.Merged => "merge",
            _ => "close",
        };
        var attributes = Attributes(mergeRequest);
        attributes["action"] = word;
        if (action == MergeRequestAction.Updated)
            attributes["oldrev"] = before;
        Send(MergeRequestHook, word, new JsonObject
        {
            ["object_kind"] = "merge_request",
            ["event_type"] = "merge_request",
            ["user"] = User(by),
            ["project"] = Project(mergeRequest.Repository),
            ["object_attributes"] = attributes,
            ["labels"] = new JsonArray(),
            ["changes"] = new JsonObject(),
            ["repository"] = Repository(mergeRequest.Repository),
        }, mergeRequest.Repository);
    }

    public override void CommentCreated(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment) =>
        CommentChanged(repository, mergeRequest, comment, "create", comment.Author);

    public override void CommentEdited(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment, string before, SimulatedUser by) =>
        CommentChanged(repository, mergeRequest, comment, "update", by);

    private void CommentChanged(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment, string action, SimulatedUser by)
    {
        var page = mergeRequest is null ? $"commit/{comment.CommitSha}" : $"merge_requests/{mergeRequest.Number}";
        var payload = new JsonObject
        {
            ["object_kind"] = "note",
            ["event_type"] = "note",
            ["user"] = User(by),
            ["project_id"] = repository.Id,
            ["project"] = Project(repository),
            ["object_attributes"] = new JsonObject
            {
                ["id"] = comment.Id,
                ["note"] = comment.Body,
                ["description"] = comment.Body,
                ["noteable_type"] = mergeRequest is null ? "Commit" : "MergeRequest",
                ["author_id"] = comment.Author.Id,
                ["created_at"] = Time(comment.CreatedAt),
                ["updated_at"] = Time(comment.UpdatedAt),
                ["project_id"] = repository.Id,
                ["attachment"] = null,
                ["line_code"] = null,
                ["commit_id"] = comment.CommitSha ?? "",
                ["discussion_id"] = comment.DiscussionId,
                ["noteable_id"] = mergeRequest?.Id,
                ["system"] = false,
                ["internal"] = false,
                ["action"] = action,
                ["url"] = $"{repository.WebUrl}/-/{page}#note_{comment.Id}",
            },
            ["repository"] = Repository(repository),
        };
        if (mergeRequest is not null)
            payload["merge_request"] = Attributes(mergeRequest);
        else
            payload["commit"] = new JsonObject { ["id"] = comment.CommitSha, ["url"] = $"{repository.WebUrl}/-/commit/{comment.CommitSha}" };
        Send(NoteHook, action, payload, repository);
    }

    public override void PipelineCreated(SimulatedPipeline pipeline)
    {
        // GitLab is silent until the pipeline's status first changes.
    }

    public override void PipelineChanged(SimulatedPipeline pipeline)
    {
        var payload = new JsonObject
        {
            ["object_kind"] = "pipeline",
            ["object_attributes"] = new JsonObject
            {
                ["id"] = pipeline.Id,
                ["iid"] = pipeline.Number,
                ["name"] = null,
                ["ref"] = pipeline.Ref,
                ["tag"] = pipeline.IsTag,
                ["sha"] = pipeline.Sha,
                ["before_sha"] = pipeline.BeforeSha,
                ["source"] = pipeline.Source,
                ["status"] = GitLabShapes.StatusWord(pipeline.Status),
                ["detailed_status"] = pipeline.Status == CiStatus.Success ? "passed" : GitLabShapes.StatusWord(pipeline.Status),
                ["stages"] = new JsonArray([.. pipeline.Stages.Select(stage => JsonValue.Create(stage))]),
                ["created_at"] = Time(pipeline.CreatedAt),
                ["finished_at"] = Time(pipeline.FinishedAt),
                ["duration"] = GitLabShapes.Seconds(pipeline.StartedAt, pipeline.FinishedAt) is { } seconds ? (int)seconds : null,
                ["queued_duration"] = GitLabShapes.Seconds(pipeline.CreatedAt, pipeline.StartedAt) is { } queued ? (int)queued : null,
                ["variables"] = new JsonArray(),
                ["url"] = $"{pipeline.Repository.WebUrl}/-/pipelines/{pipeline.Id}",
            },
            ["merge_request"] = pipeline.MergeRequest is { State: MergeRequestState.Open } mr ? MergeRequestSummary(mr) : null,
            ["user"] = User(pipeline.Actor),
            ["project"] = Project(pipeline.Repository),
            ["commit"] = Commit(pipeline.Repository, pipeline.Commit),
            ["builds"] = new JsonArray([.. pipeline.JobList.Select(Build)]),
        };
        Send(PipelineHook, GitLabShapes.StatusWord(pipeline.Status), payload, pipeline.Repository);
    }

    public override void JobChanged(SimulatedJob job)
    {
        var pipeline = job.Pipeline;
        var payload = new JsonObject
        {
            ["object_kind"] = "build",
            ["ref"] = pipeline.Ref,
            ["tag"] = pipeline.IsTag,
            ["before_sha"] = pipeline.BeforeSha,
            ["sha"] = pipeline.Sha,
            ["retries_count"] = job.Attempt - 1,
            ["build_id"] = job.Id,
            ["build_name"] = job.Name,
            ["build_stage"] = job.Stage,
            ["build_status"] = GitLabShapes.StatusWord(job.Status),
            ["build_created_at"] = Time(job.CreatedAt),
            ["build_started_at"] = Time(job.StartedAt),
            ["build_finished_at"] = Time(job.FinishedAt),
            ["build_duration"] = GitLabShapes.Seconds(job.StartedAt, job.FinishedAt),
            ["build_queued_duration"] = GitLabShapes.Seconds(job.CreatedAt, job.StartedAt),
            ["build_allow_failure"] = job.Plan.AllowFailure,
            ["build_failure_reason"] = job.FailureReason ?? "unknown_failure",
            ["pipeline_id"] = pipeline.Id,
            ["runner"] = Runner(job),
            ["project_id"] = pipeline.Repository.Id,
            ["project_name"] = $"{pipeline.Repository.Namespace} / {pipeline.Repository.Name}",
            ["user"] = User(pipeline.Actor),
            ["commit"] = new JsonObject
            {
                ["id"] = pipeline.Id,
                ["name"] = null,
                ["sha"] = pipeline.Sha,
                ["message"] = pipeline.Commit.Message,
                ["author_name"] = pipeline.Commit.Author.Name,
                ["author_email"] = pipeline.Commit.Author.Email,
                ["author_url"] = null,
                ["status"] = GitLabShapes.StatusWord(pipeline.Status),
                ["duration"] = null,
                ["started_at"] = Time(pipeline.StartedAt),
                ["finished_at"] = Time(pipeline.FinishedAt),
            },
            ["repository"] = Repository(pipeline.Repository),
            ["project"] = Project(pipeline.Repository),
            ["environment"] = null,
        };
        Send(JobHook, GitLabShapes.StatusWord(job.Status), payload, pipeline.Repository);
    }

    protected override bool Wants(SimulatedHook hook, string eventName) => hook.Events is null || hook.Events.Contains(Switches[eventName], StringComparer.Ordinal);

    protected override Dictionary<string, string> Headers(SimulatedHook hook, string eventName, string guid, byte[] body, SimulatedRepository? repository)
    {
        var timestamp = forge.Now.ToUnixTimeSeconds().ToString();
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["X-Gitlab-Event"] = eventName,
            ["X-Gitlab-Token"] = hook.Secret,
            ["X-Gitlab-Instance"] = forge.Url,
            ["X-Gitlab-Webhook-UUID"] = new Guid((int)hook.Id, 0, 0, new byte[8]).ToString(),
            ["X-Gitlab-Event-UUID"] = Guid.NewGuid().ToString(),
            ["Idempotency-Key"] = guid,
            ["webhook-id"] = guid,
            ["webhook-timestamp"] = timestamp,
            ["User-Agent"] = "GitLab/18.5.0",
        };
        if (hook.SigningToken is { } token)
        {
            var key = Convert.FromBase64String(token["whsec_".Length..]);
            headers["webhook-signature"] = "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. Encoding.ASCII.GetBytes($"{guid}.{timestamp}."), .. body]));
        }
        return headers;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static JsonNode? Time(DateTimeOffset? time) => time is { } known ? Time(known) : null;

    private JsonObject User(SimulatedUser user) => new()
    {
        ["id"] = user.Id,
        ["name"] = user.Name,
        ["username"] = user.Login,
        ["avatar_url"] = $"{forge.Url}/uploads/user/avatar/{user.Id}/avatar.png",
        ["email"] = "[REDACTED]",
    };

    private static JsonObject Project(SimulatedRepository repository) => new()
    {
        ["id"] = repository.Id,
        ["name"] = repository.Name,
        ["description"] = null,
        ["web_url"] = repository.WebUrl,
        ["avatar_url"] = null,
        ["git_ssh_url"] = $"git@{new Uri(repository.Forge.Url).Host}:{repository.FullName}.git",
        ["git_http_url"] = repository.CloneUrl,
        ["namespace"] = repository.Namespace,
        ["visibility_level"] = repository.IsPrivate ? 0 : 20,
        ["path_with_namespace"] = repository.FullName,
        ["default_branch"] = repository.DefaultBranch,
        ["ci_config_path"] = "",
        ["homepage"] = repository.WebUrl,
        ["url"] = repository.CloneUrl,
        ["ssh_url"] = $"git@{new Uri(repository.Forge.Url).Host}:{repository.FullName}.git",
        ["http_url"] = repository.CloneUrl,
    };

    private static JsonObject Repository(SimulatedRepository repository) => new()
    {
        ["name"] = repository.Name,
        ["url"] = repository.CloneUrl,
        ["description"] = null,
        ["homepage"] = repository.WebUrl,
        ["git_http_url"] = repository.CloneUrl,
        ["git_ssh_url"] = $"git@{new Uri(repository.Forge.Url).Host}:{repository.FullName}.git",
        ["visibility_level"] = repository.IsPrivate ? 0 : 20,
    };

    private static JsonObject Commit(SimulatedRepository repository, GitCommit commit) => new()
    {
        ["id"] = commit.Sha,
        ["message"] = commit.Message,
        ["title"] = commit.Title,
        ["timestamp"] = commit.Committer.When.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
        ["url"] = $"{repository.WebUrl}/-/commit/{commit.Sha}",
        ["author"] = new JsonObject { ["name"] = commit.Author.Name, ["email"] = commit.Author.Email },
    };

    private static async Task<JsonObject> DescribeAsync(SimulatedRepository repository, GitCommit commit)
    {
        var changes = commit.Parents.Count == 0 ? [] : await repository.Git.ChangesAsync(commit.Parents[0], commit.Sha);
        var shape = Commit(repository, commit);
        shape["added"] = Paths("A");
        shape["modified"] = new JsonArray([.. changes.Where(change => change.Status is not ("A" or "D")).Select(change => JsonValue.Create(change.Path))]);
        shape["removed"] = Paths("D");
        return shape;

        JsonArray Paths(string status) => new([.. changes.Where(change => change.Status == status).Select(change => JsonValue.Create(change.Path))]);
    }

    private static JsonObject MergeRequestSummary(SimulatedMergeRequest mr) => new()
    {
        ["id"] = mr.Id,
        ["iid"] = mr.Number,
        ["title"] = mr.Title,
        ["source_branch"] = mr.SourceBranch,
        ["source_project_id"] = mr.Source.Id,
        ["target_branch"] = mr.TargetBranch,
        ["target_project_id"] = mr.Repository.Id,
        ["state"] = GitLabShapes.StateOf(mr),
        ["merge_status"] = "can_be_merged",
        ["detailed_merge_status"] = "mergeable",
        ["url"] = $"{mr.Repository.WebUrl}/-/merge_requests/{mr.Number}",
    };

    private static JsonObject Attributes(SimulatedMergeRequest mr)
    {
        var shape = MergeRequestSummary(mr);
        shape["author_id"] = mr.Author.Id;
        shape["assignee_id"] = null;
        shape["assignee_ids"] = new JsonArray();
        shape["reviewer_ids"] = new JsonArray();
        shape["created_at"] = Time(mr.CreatedAt);
        shape["updated_at"] = Time(mr.UpdatedAt);
        shape["description"] = mr.Body;
        shape["draft"] = mr.IsDraft;
        shape["work_in_progress"] = mr.IsDraft;
        shape["source"] = Project(mr.Source);
        shape["target"] = Project(mr.Repository);
        shape["last_commit"] = mr.HeadCommit is { } head ? Commit(mr.Source, head) : null;
        shape["merge_commit_sha"] = mr.MergeSha;
        shape["blocking_discussions_resolved"] = true;
        return shape;
    }

    private static JsonObject? Runner(SimulatedJob job) => job.StartedAt is null ? null : new JsonObject
    {
        ["id"] = 1,
        ["description"] = "sim-runner-1",
        ["runner_type"] = "instance_type",
        ["active"] = true,
        ["is_shared"] = true,
        ["tags"] = new JsonArray(),
    };

    private JsonObject Build(SimulatedJob job) => new()
    {
        ["id"] = job.Id,
        ["stage"] = job.Stage,
        ["name"] = job.Name,
        ["status"] = GitLabShapes.StatusWord(job.Status),
        ["created_at"] = Time(job.CreatedAt),
        ["started_at"] = Time(job.StartedAt),
        ["finished_at"] = Time(job.FinishedAt),
        ["duration"] = GitLabShapes.Seconds(job.StartedAt, job.FinishedAt),
        ["queued_duration"] = GitLabShapes.Seconds(job.CreatedAt, job.StartedAt),
        ["failure_reason"] = job.FailureReason,
        ["when"] = job.Plan.When switch { StartWhen.Manual => "manual", StartWhen.Always => "always", StartWhen.OnFailure => "on_failure", _ => "on_success" },
        ["manual"] = job.Plan.When == StartWhen.Manual,
        ["allow_failure"] = job.Plan.AllowFailure,
        ["user"] = User(job.Pipeline.Actor),
        ["runner"] = Runner(job),
        ["artifacts_file"] = new JsonObject { ["filename"] = null, ["size"] = null },
        ["environment"] = null,
    };
}
