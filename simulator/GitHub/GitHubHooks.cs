using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

internal sealed class GitHubHooks(GitHubForge forge) : ForgeHooks(forge)
{
    private GitHubShapes Shapes => new(forge.ApiUrl, forge.Url);

    public override async Task PushedAsync(SimulatedRepository repository, RefChange change, GitCommit? commit, SimulatedUser actor)
    {
        IReadOnlyList<GitCommit> commits = commit is null || change.IsTag ? []
            : await repository.Git.LogAsync(change.IsCreation ? change.After : $"{change.Before}..{change.After}", null, 0, 20);
        var described = new List<JsonNode?>();
        foreach (var one in commits.Reverse())
            described.Add(await DescribeAsync(repository, one));
        var payload = new JsonObject
        {
            ["ref"] = change.Name,
            ["before"] = change.Before,
            ["after"] = change.After,
            ["repository"] = Shapes.Repository(repository),
            ["pusher"] = new JsonObject { ["name"] = actor.Login, ["email"] = actor.Email },
            ["created"] = change.IsCreation,
            ["deleted"] = change.IsDeletion,
            ["forced"] = !change.IsCreation && !change.IsDeletion && !await repository.Git.IsAncestorAsync(change.Before, change.After),
            ["base_ref"] = null,
            ["compare"] = $"{repository.WebUrl}/compare/{change.Before[..12]}...{change.After[..12]}",
            ["commits"] = new JsonArray([.. described]),
            ["head_commit"] = commit is null ? null : await DescribeAsync(repository, commit),
        };
        Post("push", null, payload, repository, actor);
    }

    public override void MergeRequestChanged(SimulatedMergeRequest mergeRequest, MergeRequestAction action, string? before, SimulatedUser by)
    {
        var word = action switch
        {
            MergeRequestAction.Opened => "opened",
            MergeRequestAction.Updated => "synchronize",
            MergeRequestAction.Edited => "edited",
            MergeRequestAction.Reopened => "reopened",
            _ => "closed",
        };
        var payload = new JsonObject
        {
            ["action"] = word,
            ["number"] = mergeRequest.Number,
            ["pull_request"] = Shapes.PullRequest(mergeRequest, 1, [], isMergeable: true),
        };
        if (action == MergeRequestAction.Updated)
            (payload["before"], payload["after"]) = (before, mergeRequest.HeadSha);
        Post("pull_request", word, payload, mergeRequest.Repository, by);
    }

    public override void CommentCreated(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment)
    {
        if (mergeRequest is null)
            Post("commit_comment", "created", new JsonObject { ["action"] = "created", ["comment"] = Shapes.CommitComment(repository, comment) }, repository, comment.Author);
        else
            Post("issue_comment", "created", new JsonObject
            {
                ["action"] = "created",
                ["issue"] = Shapes.Issue(mergeRequest),
                ["comment"] = Shapes.IssueComment(mergeRequest, comment),
            }, repository, comment.Author);
    }

    public override void CommentEdited(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment, string before, SimulatedUser by)
    {
        // A commit's comments have no such event.
        if (mergeRequest is null)
            return;
        Post("issue_comment", "edited", new JsonObject
        {
            ["action"] = "edited",
            ["changes"] = new JsonObject { ["body"] = new JsonObject { ["from"] = before } },
            ["issue"] = Shapes.Issue(mergeRequest),
            ["comment"] = Shapes.IssueComment(mergeRequest, comment),
        }, repository, by);
    }

    public override void PipelineCreated(SimulatedPipeline pipeline) => PostRun(pipeline, "requested");

    public override void PipelineChanged(SimulatedPipeline pipeline)
    {
        if (pipeline.IsFinished)
            PostRun(pipeline, "completed");
        else if (pipeline.Status == CiStatus.Running)
            PostRun(pipeline, "in_progress");
    }

    public override void JobChanged(SimulatedJob job)
    {
        var action = job.Status switch { CiStatus.Pending => "queued", CiStatus.Running => "in_progress", _ => job.IsFinished ? "completed" : null };
        if (action is null)
            return;
        Post("workflow_job", action, new JsonObject { ["action"] = action, ["workflow_job"] = Shapes.Job(job) }, job.Pipeline.Repository, job.Pipeline.Actor);
    }

    protected override bool Wants(SimulatedHook hook, string eventName) =>
        hook.Events is null || hook.Events.Contains("*", StringComparer.Ordinal) || hook.Events.Contains(eventName, StringComparer.Ordinal);

    protected override Dictionary<string, string> Headers(SimulatedHook hook, string eventName, string guid, byte[] body, SimulatedRepository? repository) =>
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["X-GitHub-Event"] = eventName,
            ["X-GitHub-Delivery"] = guid,
            ["X-GitHub-Hook-ID"] = hook.Id.ToString(),
            ["X-GitHub-Hook-Installation-Target-ID"] = (hook.Repository?.Id ?? hook.Group?.Id ?? forge.Options.GitHubAppId).ToString(),
            ["X-GitHub-Hook-Installation-Target-Type"] = hook switch { { Repository: not null } => "repository", { Group: not null } => "organization", _ => "integration" },
            ["X-Hub-Signature-256"] = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(hook.Secret), body)),
            ["User-Agent"] = "GitHub-Hookshot/51a2b3c",
            ["Accept"] = "*/*",
        };

    private void PostRun(SimulatedPipeline pipeline, string action) => Post("workflow_run", action, new JsonObject
    {
        ["action"] = action,
        ["workflow_run"] = Shapes.Run(pipeline),
        ["workflow"] = Shapes.Workflow(pipeline),
    }, pipeline.Repository, pipeline.Actor);

    private void Post(string eventName, string? action, JsonObject payload, SimulatedRepository repository, SimulatedUser sender)
    {
        if (!payload.ContainsKey("repository"))
            payload["repository"] = Shapes.Repository(repository);
        payload["sender"] = Shapes.User(sender);
        if (repository.Owner.Kind == "Organization")
            payload["organization"] = Organization(repository.Owner);
        if (repository.InstallationId is { } installation)
            payload["installation"] = new JsonObject { ["id"] = installation, ["node_id"] = GitHubShapes.NodeId("Installation", installation) };
        Send(eventName, action, payload, repository);
    }

    private JsonObject Organization(SimulatedUser owner)
    {
        var url = $"{forge.ApiUrl}/orgs/{owner.Login}";
        return new JsonObject
        {
            ["login"] = owner.Login,
            ["id"] = owner.Id,
            ["node_id"] = GitHubShapes.NodeId("Organization", owner.Id),
            ["url"] = url,
            ["repos_url"] = url + "/repos",
            ["events_url"] = url + "/events",
            ["hooks_url"] = url + "/hooks",
            ["issues_url"] = url + "/issues",
            ["members_url"] = url + "/members{/member}",
            ["public_members_url"] = url + "/public_members{/member}",
            ["avatar_url"] = $"{forge.Url}/avatars/{owner.Id}",
            ["description"] = "",
        };
    }

    private async Task<JsonObject> DescribeAsync(SimulatedRepository repository, GitCommit commit)
    {
        var changes = commit.Parents.Count == 0 ? [] : await repository.Git.ChangesAsync(commit.Parents[0], commit.Sha);
        var shape = GitHubShapes.SimpleCommit(commit);
        shape["distinct"] = true;
        shape["url"] = $"{repository.WebUrl}/commit/{commit.Sha}";
        shape["added"] = Paths("A");
        shape["removed"] = Paths("D");
        shape["modified"] = new JsonArray([.. changes.Where(change => change.Status is not ("A" or "D")).Select(change => JsonValue.Create(change.Path))]);
        return shape;

        JsonArray Paths(string status) => new([.. changes.Where(change => change.Status == status).Select(change => JsonValue.Create(change.Path))]);
    }
}
