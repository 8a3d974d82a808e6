using System.Text.Json.Nodes;

namespace QMoi.Simulator;

internal sealed partial class GitHubApi
{
    private void MapPulls()
    {
        Router.Map("GET /repos/{owner}/{repo}/pulls", ListPulls);
        Router.Map("POST /repos/{owner}/{repo}/pulls", CreatePullAsync);
        Router.Map("GET /repos/{owner}/{repo}/pulls/{number}", async call => Answer.Ok(await FullPullAsync(call, Pull(call))));
        Router.Map("PATCH /repos/{owner}/{repo}/pulls/{number}", UpdatePullAsync);
        Router.Map("GET /repos/{owner}/{repo}/pulls/{number}/files", ListPullFilesAsync);
        Router.Map("GET /repos/{owner}/{repo}/pulls/{number}/commits", ListPullCommitsAsync);
        Router.Map("GET /repos/{owner}/{repo}/pulls/{number}/merge", call => Pull(call).State == MergeRequestState.Merged ? Answer.NoContent() : throw NotFound());
        Router.Map("PUT /repos/{owner}/{repo}/pulls/{number}/merge", MergePullAsync);
        Router.Map("GET /repos/{owner}/{repo}/pulls/{number}/comments", ListLineComments);
        Router.Map("POST /repos/{owner}/{repo}/pulls/{number}/comments", CommentOnLineAsync);
        Router.Map("GET /repos/{owner}/{repo}/pulls/{number}/reviews", call => Page.Of(call, Array.Empty<JsonNode>(), node => node, 30, withTotals: false));
    }

    private Answer ListLineComments(Call call) => Page.Of(call, Pull(call).LineComments, comment => Shapes(call).LineComment(Pull(call), comment), 30, withTotals: false);

    /// <summary>Only lines that the change shows can be commented on.</summary>
    private async Task<Answer> CommentOnLineAsync(Call call)
    {
        const string Resource = "PullRequestReviewComment";
        var mr = Pull(call);
        var (body, path) = (Demand(call, "body", Resource), Demand(call, "path", Resource));
        if (Demand(call, "commit_id", Resource) != mr.HeadSha && !await mr.Repository.Git.IsAncestorAsync(call.Field("commit_id")!, mr.HeadSha))
            throw Invalid(Resource, "pull_request_review_thread.commit_id", "custom", "commit_id is not part of the pull request");
        if (!int.TryParse(call.Field("line"), out var line))
            throw Invalid(Resource, "pull_request_review_thread.line", "missing_field");
        var start = int.TryParse(call.Field("start_line"), out var first) ? first : (int?)null;
        if (start >= line)
            throw Invalid(Resource, "pull_request_review_thread.start_line", "custom", "start_line must precede the end line.");
        var git = mr.Repository.Git;
        var changes = await git.ChangesAsync(await git.MergeBaseAsync(mr.BaseSha, mr.HeadSha) ?? mr.BaseSha, mr.HeadSha);
        if (changes.FirstOrDefault(change => change.Path == path) is not { } file)
            throw Invalid(Resource, "pull_request_review_thread.path", "invalid");
        var shown = file.Lines().Where(one => (call.Field("side") == "LEFT" ? one.Old : one.New) is not null).ToDictionary(one => (call.Field("side") == "LEFT" ? one.Old : one.New)!.Value);
        if (!shown.TryGetValue(line, out var last))
            throw Invalid(Resource, "pull_request_review_thread.line", "custom", "pull_request_review_thread.line must be part of the diff");
        // Both ends of a comment on several lines are in one hunk.
        if (start is { } from && (!shown.TryGetValue(from, out var begin) || begin.Hunk != last.Hunk))
            throw Invalid(Resource, "pull_request_review_thread.start_line", "custom", "pull_request_review_thread.start_line must be part of the same hunk as the line.");
        return Answer.Created(Shapes(call).LineComment(mr, forge.CommentOnLine(mr, body, call.User, path, line, start, isNote: false)));
    }

    private SimulatedMergeRequest Pull(Call call) => Repository(call).MergeRequests.FirstOrDefault(mr => mr.Number == call.Id("number")) ?? throw NotFound();

    private Answer ListPulls(Call call)
    {
        var state = call.Query("state") ?? "open";
        var pulls = Repository(call).MergeRequests.Where(mr => state == "all" || (state == "open") == (mr.State == MergeRequestState.Open));
        if (call.Query("head") is { } head)
            pulls = pulls.Where(mr => $"{mr.Source.Namespace}:{mr.SourceBranch}" == head || mr.SourceBranch == head);
        if (call.Query("base") is { } target)
            pulls = pulls.Where(mr => mr.TargetBranch == target);
        var ordered = call.Query("direction") == "asc" ? pulls : pulls.Reverse();
        return Page.Of(call, [.. ordered], mr => Shapes(call).PullRequestSimple(mr), 30, withTotals: false);
    }

    private async Task<Answer> CreatePullAsync(Call call)
    {
        var repository = Repository(call);
        var (head, target, title) = (Demand(call, "head", "PullRequest"), Demand(call, "base", "PullRequest"), Demand(call, "title", "PullRequest"));
        var created = await OpenPullAsync(call.User, repository, head, target, title, call.Field("body") ?? "", call.Field("draft") == "true", call.Field("head_repo"));
        return Answer.Created(await FullPullAsync(call, created));
    }

    /// <param name="head">Branch, or owner:branch.</param>
    private async Task<SimulatedMergeRequest> OpenPullAsync(
        SimulatedUser user, SimulatedRepository repository, string head, string target, string title, string body, bool isDraft, string? headRepository = null)
    {
        var parts = head.Split(':');
        var source = parts.Length > 1 ? forge.FindRepository($"{parts[0]}/{headRepository ?? repository.Name}") : repository;
        if (source is null || !source.Branches.TryGetValue(parts[^1], out var headSha))
            throw Invalid("PullRequest", "head", "invalid");
        if (!repository.Branches.TryGetValue(target, out var baseSha))
            throw Invalid("PullRequest", "base", "invalid");
        if (repository.MergeRequests.Any(mr => mr.State == MergeRequestState.Open && mr.Source == source && mr.SourceBranch == parts[^1] && mr.TargetBranch == target))
            throw Invalid("PullRequest", "head", "custom", $"A pull request already exists for {source.Namespace}:{parts[^1]}.");
        if (source == repository && await repository.Git.IsAncestorAsync(headSha, baseSha))
            throw Invalid("PullRequest", "head", "custom", $"No commits between {target} and {parts[^1]}");
        return await forge.OpenMergeRequestAsync(repository, source, parts[^1], target, title, body, user, isDraft);
    }

    private static async Task<JsonObject> FullPullAsync(Call call, SimulatedMergeRequest mr)
    {
        var git = mr.Repository.Git;
        var start = await git.MergeBaseAsync(mr.BaseSha, mr.HeadSha) ?? mr.BaseSha;
        var target = await git.ResolveAsync($"refs/heads/{mr.TargetBranch}");
        var isMergeable = mr.State == MergeRequestState.Open && target is not null && await git.MergedTreeAsync(target, mr.HeadSha) is not null;
        return Shapes(call).PullRequest(mr, await git.CountAsync($"{start}..{mr.HeadSha}"), await git.ChangesAsync(start, mr.HeadSha), isMergeable);
    }

    private async Task<Answer> UpdatePullAsync(Call call)
    {
        var mr = Pull(call);
        if (call.User.Id != mr.Author.Id && mr.Repository.PermissionOf(call.User) < AccessLevel.Write)
            throw Forbidden();
        lock (forge.Gate)
        {
            mr.Title = call.Field("title") ?? mr.Title;
            mr.Body = call.Field("body") ?? mr.Body;
            mr.TargetBranch = call.Field("base") ?? mr.TargetBranch;
            mr.UpdatedAt = forge.Now;
        }
        if (call.Field("title") is not null || call.Field("body") is not null)
            forge.Hooks.MergeRequestChanged(mr, MergeRequestAction.Edited, null, call.User);
        if (call.Field("state") == "closed")
            forge.Close(mr, call.User);
        if (call.Field("state") == "open")
            forge.Reopen(mr, call.User);
        return Answer.Ok(await FullPullAsync(call, mr));
    }

    private async Task<Answer> ListPullFilesAsync(Call call)
    {
        var mr = Pull(call);
        var git = mr.Repository.Git;
        var changes = await git.ChangesAsync(await git.MergeBaseAsync(mr.BaseSha, mr.HeadSha) ?? mr.BaseSha, mr.HeadSha);
        return Page.Of(call, changes.ToList(), change => Shapes(call).FileChange(mr.Repository, change, mr.HeadSha), 30, withTotals: false);
    }

    private async Task<Answer> ListPullCommitsAsync(Call call)
    {
        var mr = Pull(call);
        var commits = await mr.Repository.Git.LogAsync($"{mr.BaseSha}..{mr.HeadSha}", null, 0, 250);
        return Page.Of(call, commits.Reverse().ToList(), commit => Shapes(call).Commit(mr.Repository, commit), 30, withTotals: false);
    }

    private async Task<Answer> MergePullAsync(Call call)
    {
        var mr = Pull(call);
        Writable(call);
        if (mr.State != MergeRequestState.Open)
            throw new ApiError(405, Message("Pull Request is not mergeable", "405"));
        if (call.Field("sha") is { } expected && expected != mr.HeadSha)
            throw new ApiError(409, Message("Head branch was modified. Review and try the merge again.", "409"));
        var sha = await forge.MergeAsync(mr, call.User, call.Field("commit_title")) ?? throw new ApiError(405, Message("Pull Request is not mergeable", "405"));
        return Answer.Ok(new JsonObject { ["sha"] = sha, ["merged"] = true, ["message"] = "Pull Request successfully merged" });
    }
}
