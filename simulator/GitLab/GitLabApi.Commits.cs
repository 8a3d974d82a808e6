using System.Text;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Commits: reading them, making them, talking about them.</summary>
internal sealed partial class GitLabApi
{
    private void MapCommits()
    {
        const string one = $"{P}/repository/commits/{{sha}}";
        Router.Map($"GET {P}/repository/commits", ListCommitsAsync);
        Router.Map($"POST {P}/repository/commits", CreateCommitAsync);
        Router.Map($"GET {one}", async call => Answer.Ok(await FullCommitAsync(call, await CommitOfAsync(call))));
        Router.Map($"GET {one}/diff", async call =>
        {
            var commit = await CommitOfAsync(call);
            return List(call, [.. await ChangesOfAsync(Project(call), commit)], GitLabShapes.Diff);
        });
        Router.Map($"GET {one}/comments", async call =>
        {
            var sha = (await CommitOfAsync(call)).Sha;
            return List(call, [.. Project(call).CommitComments.Where(comment => comment.CommitSha == sha)], comment => Shapes(call).CommitComment(comment));
        });
        Router.Map($"POST {one}/comments", async call =>
        {
            var line = int.TryParse(call.Field("line"), out var number) ? number : (int?)null;
            var comment = forge.CommentOnCommit(Project(call), (await CommitOfAsync(call)).Sha, Demand(call, "note"), call.User, call.Field("path"), line);
            return Answer.Created(Shapes(call).CommitComment(comment));
        });
        Router.Map($"GET {one}/discussions", async call => List(call, [.. await DiscussionsAsync(call)], notes => Shapes(call).Discussion(Project(call), null, [.. notes])));
        Router.Map($"POST {one}/discussions", async call =>
        {
            var comment = forge.CommentOnCommit(Project(call), (await CommitOfAsync(call)).Sha, Demand(call, "body"), call.User, null, null);
            return Answer.Created(Shapes(call).Discussion(Project(call), null, [comment]));
        });
        Router.Map($"GET {one}/discussions/{{discussion}}", async call => Answer.Ok(Shapes(call).Discussion(Project(call), null, [.. await DiscussionAsync(call)])));
        Router.Map($"POST {one}/discussions/{{discussion}}/notes", async call =>
        {
            var first = (await DiscussionAsync(call)).First();
            var comment = forge.CommentOnCommit(Project(call), first.CommitSha!, Demand(call, "body"), call.User, null, null, first.DiscussionId);
            return Answer.Created(Shapes(call).Note(Project(call), null, comment));
        });
        Router.Map($"PUT {one}/discussions/{{discussion}}/notes/{{note}}", async call =>
        {
            var comment = (await DiscussionAsync(call)).FirstOrDefault(comment => comment.Id == call.Id("note")) ?? throw NotFound("Note");
            forge.EditComment(Project(call), null, comment, Demand(call, "body"), call.User);
            return Answer.Ok(Shapes(call).Note(Project(call), null, comment));
        });
        Router.Map($"GET {one}/merge_requests", async call =>
        {
            var sha = (await CommitOfAsync(call)).Sha;
            return List(call, [.. Project(call).MergeRequests.Where(mr => mr.HeadSha == sha || mr.MergeSha == sha)], mr => Shapes(call).MergeRequest(mr));
        });
        Router.Map($"GET {one}/statuses", call => List(call, [.. StatusesOf(call)], status => status));
        Router.Map($"POST {P}/statuses/{{sha}}", CreateStatus);
    }

    /// <summary>Jobs are statuses too; those that were run again since only with <c>all</c>.</summary>
    private IEnumerable<JsonObject> StatusesOf(Call call)
    {
        var jobs = Project(call).Pipelines.Where(pipeline => pipeline.Sha == call["sha"]).SelectMany(pipeline => call.Query("all") == "true" ? pipeline.AllJobs : pipeline.Jobs);
        return Project(call).Statuses.Where(status => status.Sha == call["sha"]).Select(status => Shapes(call).Status(Project(call), status))
            .Concat(jobs.Select(job => Shapes(call).Status(job)))
            .Where(status => call.Query("name") is not { } name || status["name"]!.GetValue<string>() == name);
    }

    private async Task<GitCommit> CommitOfAsync(Call call)
    {
        var repository = Project(call);
        var sha = await ResolveAsync(repository, call["sha"]) ?? throw NotFound("Commit");
        return (await repository.Git.CommitAsync(sha))!;
    }

    private static Task<IReadOnlyList<GitFileChange>> ChangesOfAsync(SimulatedRepository repository, GitCommit commit) =>
        repository.Git.ChangesAsync(commit.FirstParent ?? GitRepository.EmptyTree, commit.Sha);

    private async Task<JsonObject> FullCommitAsync(Call call, GitCommit commit) =>
        Shapes(call).FullCommit(Project(call), commit, await ChangesOfAsync(Project(call), commit));

    private async Task<Answer> ListCommitsAsync(Call call)
    {
        var repository = Project(call);
        var sha = await ResolveAsync(repository, call.Query("ref_name") ?? "HEAD") ?? throw NotFound("Commit");
        var page = new Page(call, await repository.Git.CountAsync(sha), 20);
        var commits = await repository.Git.LogAsync(sha, call.Query("path"), page.Skip, page.Size);
        return page.Finish(Answer.Ok(new JsonArray([.. commits.Select(commit => Shapes(call).Commit(repository, commit))])), withTotals: true);
    }

    private async Task<IEnumerable<IGrouping<string, SimulatedComment>>> DiscussionsAsync(Call call)
    {
        var sha = (await CommitOfAsync(call)).Sha;
        return Project(call).CommitComments.Where(comment => comment.CommitSha == sha).GroupBy(comment => comment.DiscussionId, StringComparer.Ordinal);
    }

    private async Task<IGrouping<string, SimulatedComment>> DiscussionAsync(Call call) =>
        (await DiscussionsAsync(call)).FirstOrDefault(discussion => discussion.Key == call["discussion"]) ?? throw NotFound("Discussion");

    private async Task<Answer> CreateCommitAsync(Call call)
    {
        Demand(call, "commit_message");
        var branch = Demand(call, "branch");
        var actions = call.Body["actions"] as JsonArray ?? throw new ApiError(400, new JsonObject { ["error"] = "actions is missing" });
        var sha = await CommitAsync(call, branch, call.Field("start_sha") ?? call.Field("start_branch"), [.. actions.OfType<JsonObject>()]);
        return Answer.Created(await FullCommitAsync(call, (await Project(call).Git.CommitAsync(sha))!));
    }

    private async Task<string> CommitAsync(Call call, string branch, string? start, IReadOnlyList<JsonObject> actions)
    {
        var repository = Writable(call);
        var git = repository.Git;
        var reference = $"refs/heads/{branch}";
        var head = await git.ResolveAsync(reference);
        var isForced = call.Field("force") == "true";
        if (start is not null && head is not null && start != branch && !isForced)
            throw Message(400, $"A branch called '{branch}' already exists. Switch to that branch in order to make changes");
        if (start is null && head is null && repository.Branches.Count > 0)
            throw Message(400, "You can only create or edit files when you are on a branch");
        var parent = start is null ? head : await ResolveAsync(repository, start) ?? throw Message(400, $"Cannot find start_branch or start_sha {start}");
        var tree = await git.WriteTreeAsync(parent, await EditsAsync(git, parent, actions));
        var author = new GitSignature(call.Field("author_name") ?? call.User.Name, call.Field("author_email") ?? call.User.Email, forge.Now);
        var committer = new GitSignature(call.User.Name, call.User.Email, forge.Now);
        var sha = await git.WriteCommitAsync(tree, parent is null ? [] : [parent], call.Field("commit_message")!, author, committer);
        if (!await git.UpdateRefAsync(reference, sha, head ?? GitRepository.NoSha))
            throw Message(400, "Could not update " + reference + ". Please refresh and try again.");
        await repository.NoticeRefsAsync(call.User);
        return sha;
    }

    private static async Task<List<GitTreeEdit>> EditsAsync(GitRepository git, string? parent, IReadOnlyList<JsonObject> actions)
    {
        var edits = new List<GitTreeEdit>();
        foreach (var action in actions)
        {
            var path = action["file_path"]?.ToString() ?? throw new ApiError(400, new JsonObject { ["error"] = "actions[0][file_path] is missing" });
            var kind = action["action"]?.ToString();
            var source = kind == "move" ? action["previous_path"]?.ToString() ?? throw Message(400, "You must provide a previous path") : path;
            var existing = parent is null ? null : await git.EntryAsync(parent, source);
            if (kind == "create" && existing is not null)
                throw Message(400, "A file with this name already exists");
            if (kind != "create" && existing is null)
                throw Message(400, kind is "update" or "delete" or "chmod" ? "A file with this name doesn't exist" : $"A file with the path {source} doesn't exist");
            if (action["last_commit_id"]?.ToString() is { } known && (await git.LogAsync(parent!, source, 0, 1))[0].Sha != known)
                throw Message(400, "You are attempting to update a file that has changed since you started editing it.");
            edits.AddRange(await EditAsync(git, action, kind, path, source, existing));
        }
        return edits;
    }

    private static async Task<IEnumerable<GitTreeEdit>> EditAsync(GitRepository git, JsonObject action, string? kind, string path, string source, GitTreeEntry? existing)
    {
        var mode = action["execute_filemode"]?.ToString() is { } flag
            ? flag == "true" ? GitRepository.ExecutableFile : GitRepository.RegularFile
            : existing?.Mode ?? GitRepository.RegularFile;
        if (kind == "delete")
            return [new GitTreeEdit(path, mode, null)];
        if (kind == "chmod")
            return [new GitTreeEdit(path, mode, existing!.Sha)];
        var blob = kind == "move" && action["content"] is null ? existing!.Sha : await git.WriteBlobAsync(Content(action));
        return kind switch
        {
            "move" => [new GitTreeEdit(source, mode, null), new GitTreeEdit(path, mode, blob)],
            "create" or "update" => [new GitTreeEdit(path, mode, blob)],
            _ => throw new ApiError(400, new JsonObject { ["error"] = "actions[0][action] does not have a valid value" }),
        };
    }

    private static byte[] Content(JsonObject action)
    {
        var content = action["content"]?.ToString() ?? "";
        try
        {
            return action["encoding"]?.ToString() == "base64" ? Convert.FromBase64String(content.Replace("\n", "", StringComparison.Ordinal)) : Encoding.UTF8.GetBytes(content);
        }
        catch (FormatException)
        {
            throw Message(400, "invalid base64");
        }
    }

    private Answer CreateStatus(Call call)
    {
        var repository = Writable(call);
        var state = Demand(call, "state");
        if (state is not ("pending" or "running" or "success" or "failed" or "canceled" or "skipped"))
            throw new ApiError(400, new JsonObject { ["error"] = "state does not have a valid value" });
        var status = new SimulatedStatus(forge.NextId(), call["sha"], state, call.Field("name") ?? call.Field("context") ?? "default", call.Field("description"),
            call.Field("target_url"), call.User, forge.Now);
        lock (forge.Gate)
            repository.StatusList.Add(status);
        return Answer.Created(Shapes(call).Status(repository, status));
    }
}
