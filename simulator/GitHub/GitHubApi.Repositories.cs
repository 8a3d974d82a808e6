using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Accounts, repositories, branches, commits and what is said about commits.</summary>
internal sealed partial class GitHubApi
{
    private void MapRepositories()
    {
        Router.Map("GET /", call => Answer.Ok(Shapes(call).Root()));
        Router.Map("GET /meta", _ => Answer.Ok(new JsonObject { ["verifiable_password_authentication"] = true, ["installed_version"] = "3.15.0" }));
        Router.Map("GET /rate_limit", _ => GetRateLimit());
        Router.Map("GET /user", call => Answer.Ok(Shapes(call).FullUser(call.User, forge.Now)));
        Router.Map("GET /users/{user}", call => Answer.Ok(Shapes(call).FullUser(forge.FindUser(call["user"]) ?? throw NotFound(), forge.Now)));
        Router.Map("GET /orgs/{org}/repos", call => Page.Of(call, [.. Visible(call).Where(r => r.Namespace == call["org"])], r => Shapes(call).Repository(r), 30, withTotals: false));
        Router.Map("GET /user/repos", call => Page.Of(call, [.. Visible(call)], r => Shapes(call).Repository(r), 30, withTotals: false));
        Router.Map("POST /user/repos", call => CreateRepositoryAsync(call, call.User.Login));
        Router.Map("POST /orgs/{org}/repos", call => CreateRepositoryAsync(call, call["org"]));
        Router.Map("GET /repositories/{id}", call => Answer.Ok(Shapes(call).FullRepository(forge.FindRepository(call.Id("id")) ?? throw NotFound(), call.User)));
        Router.Map("GET /repos/{owner}/{repo}", call => Answer.Ok(Shapes(call).FullRepository(Repository(call), call.User)));
        Router.Map("PATCH /repos/{owner}/{repo}", UpdateRepository);
        Router.Map("POST /repos/{owner}/{repo}/forks", async call => Answer.Accepted(Shapes(call).FullRepository(await forge.ForkAsync(Repository(call), call.User), call.User)));
        Router.Map("GET /repos/{owner}/{repo}/branches", call => Page.Of(call, Repository(call).Branches, b => ShortBranch(call, Repository(call), b), 30, withTotals: false));
        Router.Map("GET /repos/{owner}/{repo}/branches/{branch...}", GetBranchAsync);
        Router.Map("GET /repos/{owner}/{repo}/tags", call => Page.Of(call, Repository(call).Tags, t => Tag(call, Repository(call), t), 30, withTotals: false));
        Router.Map("GET /repos/{owner}/{repo}/commits", ListCommitsAsync);
        Router.Map("GET /repos/{owner}/{repo}/commits/{sha}/pulls", call =>
            Page.Of(call, [.. PullsOf(Repository(call), call["sha"])], mr => Shapes(call).PullRequestSimple(mr), 30, withTotals: false));
        Router.Map("GET /repos/{owner}/{repo}/commits/{sha}/comments", call => Page.Of(call, [.. Repository(call).CommitComments.Where(c => c.CommitSha == call["sha"])],
            c => Shapes(call).CommitComment(Repository(call), c), 30, withTotals: false));
        Router.Map("POST /repos/{owner}/{repo}/commits/{sha}/comments", CommentOnCommitAsync);
        Router.Map("GET /repos/{owner}/{repo}/comments", call => Page.Of(call, Repository(call).CommitComments, c => Shapes(call).CommitComment(Repository(call), c), 30, withTotals: false));
        Router.Map("GET /repos/{owner}/{repo}/comments/{id}", call => Answer.Ok(Shapes(call).CommitComment(Repository(call), CommitComment(call))));
        Router.Map("PATCH /repos/{owner}/{repo}/comments/{id}", UpdateCommitComment);
        Router.Map("DELETE /repos/{owner}/{repo}/comments/{id}", DeleteCommitComment);
        Router.Map("GET /repos/{owner}/{repo}/commits/{ref...}/status", call => CombinedStatusAsync(call));
        Router.Map("GET /repos/{owner}/{repo}/commits/{ref...}/statuses", async call =>
        {
            var (repository, sha) = (Repository(call), await ShaAsync(call));
            return Page.Of(call, [.. repository.Statuses.Where(s => s.Sha == sha).Reverse()], s => Shapes(call).Status(repository, s), 30, withTotals: false);
        });
        Router.Map("POST /repos/{owner}/{repo}/statuses/{sha}", CreateStatus);
        Router.Map("GET /repos/{owner}/{repo}/commits/{ref...}", GetCommitAsync);
        Router.Map("GET /repos/{owner}/{repo}/compare/{range...}", CompareAsync);
        Router.Map("GET /repos/{owner}/{repo}/collaborators/{user}/permission", GetPermission);
        Router.Map("GET /repos/{owner}/{repo}/collaborators/{user}", call =>
            Repository(call).PermissionOf(forge.FindUser(call["user"]) ?? throw NotFound()) >= AccessLevel.Triage ? Answer.NoContent() : throw NotFound());
    }

    private IEnumerable<SimulatedRepository> Visible(Call call) => forge.Repositories.Where(repository => repository.PermissionOf(call.User) > AccessLevel.None);

    private Answer GetRateLimit()
    {
        return Answer.Ok(new JsonObject
        {
            ["resources"] = new JsonObject { ["core"] = Bucket(RateLimit, Volatile.Read(ref used)), ["search"] = Bucket(30, 0), ["graphql"] = Bucket(RateLimit, 0) },
            ["rate"] = Bucket(RateLimit, Volatile.Read(ref used)),
        });

        JsonObject Bucket(int limit, int gone) => new() { ["limit"] = limit, ["remaining"] = Math.Max(0, limit - gone), ["reset"] = Reset, ["used"] = gone };
    }

    private async Task<Answer> CreateRepositoryAsync(Call call, string owner)
    {
        var name = $"{owner}/{Demand(call, "name", "Repository")}";
        if (forge.FindRepository(name) is not null)
            throw Invalid("Repository", "name", "custom", "name already exists on this account");
        var withReadme = call.Field("auto_init") == "true";
        var repository = withReadme
            ? await forge.CreateRepositoryAsync(name, new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { ["README.md"] = SimulatedFile.Text($"# {name}\n") })
            : await forge.CreateEmptyRepositoryAsync(name, null);
        repository.IsPrivate = call.Field("private") == "true";
        repository.SetPermission(call.User, AccessLevel.Admin);
        return Answer.Created(Shapes(call).FullRepository(repository, call.User));
    }

    private Answer UpdateRepository(Call call)
    {
        var repository = Writable(call);
        repository.DefaultBranch = call.Field("default_branch") ?? repository.DefaultBranch;
        repository.IsPrivate = (call.Field("private") ?? (repository.IsPrivate ? "true" : "false")) == "true";
        return Answer.Ok(Shapes(call).FullRepository(repository, call.User));
    }

    private static JsonObject ShortBranch(Call call, SimulatedRepository repository, KeyValuePair<string, string> branch) => new()
    {
        ["name"] = branch.Key,
        ["commit"] = new JsonObject { ["sha"] = branch.Value, ["url"] = $"{Shapes(call).RepositoryUrl(repository)}/commits/{branch.Value}" },
        ["protected"] = false,
    };

    private static JsonObject Tag(Call call, SimulatedRepository repository, KeyValuePair<string, string> tag) => new()
    {
        ["name"] = tag.Key,
        ["commit"] = new JsonObject { ["sha"] = tag.Value, ["url"] = $"{Shapes(call).RepositoryUrl(repository)}/commits/{tag.Value}" },
        ["zipball_url"] = $"{Shapes(call).RepositoryUrl(repository)}/zipball/refs/tags/{tag.Key}",
        ["tarball_url"] = $"{Shapes(call).RepositoryUrl(repository)}/tarball/refs/tags/{tag.Key}",
        ["node_id"] = GitHubShapes.NodeId("Ref", tag.Key),
    };

    private async Task<Answer> GetBranchAsync(Call call)
    {
        var repository = Repository(call);
        var branch = call["branch"];
        if (await repository.Git.CommitAsync($"refs/heads/{branch}") is not { } commit)
            throw new ApiError(404, Message("Branch not found", "404"));
        var url = $"{Shapes(call).RepositoryUrl(repository)}/branches/{branch}";
        return Answer.Ok(new JsonObject
        {
            ["name"] = branch,
            ["commit"] = Shapes(call).Commit(repository, commit),
            ["_links"] = new JsonObject { ["self"] = url, ["html"] = $"{call.Root}/{repository.FullName}/tree/{branch}" },
            ["protected"] = false,
            ["protection"] = new JsonObject
            {
                ["enabled"] = false,
                ["required_status_checks"] = new JsonObject { ["enforcement_level"] = "off", ["contexts"] = new JsonArray(), ["checks"] = new JsonArray() },
            },
            ["protection_url"] = url + "/protection",
        });
    }

    /// <summary>A branch, a tag, a sha or the start of one.</summary>
    private async Task<string> ShaAsync(Call call, string? reference = null)
    {
        var name = reference ?? call["ref"];
        var git = Repository(call).Git;
        return await git.ResolveAsync($"refs/heads/{name}") ?? await git.ResolveAsync($"refs/{name}") ?? await git.ResolveAsync(name)
            ?? throw new ApiError(422, Message($"No commit found for SHA: {name}", "422"));
    }

    private async Task<Answer> ListCommitsAsync(Call call)
    {
        var repository = Repository(call);
        if (repository.Branches.Count == 0)
            throw new ApiError(409, Message("Git Repository is empty.", "409"));
        var sha = call.Query("sha") is { } from ? await ShaAsync(call, from) : await ShaAsync(call, repository.DefaultBranch);
        var page = new Page(call, await repository.Git.CountAsync(sha), 30);
        var commits = await repository.Git.LogAsync(sha, call.Query("path"), page.Skip, page.Size);
        return page.Finish(Answer.Ok(new JsonArray([.. commits.Select(commit => Shapes(call).Commit(repository, commit))])), withTotals: false);
    }

    private async Task<Answer> GetCommitAsync(Call call)
    {
        var repository = Repository(call);
        var commit = (await repository.Git.CommitAsync(await ShaAsync(call)))!;
        if (call.Accepts("application/vnd.github.sha"))
            return Answer.Of(System.Text.Encoding.ASCII.GetBytes(commit.Sha), "application/vnd.github.sha");
        var changes = await repository.Git.ChangesAsync(commit.FirstParent ?? GitRepository.EmptyTree, commit.Sha);
        var shape = Shapes(call).Commit(repository, commit);
        var (added, removed) = (changes.Sum(change => change.Additions), changes.Sum(change => change.Deletions));
        shape["stats"] = new JsonObject { ["additions"] = added, ["deletions"] = removed, ["total"] = added + removed };
        shape["files"] = new JsonArray([.. changes.Select(change => Shapes(call).FileChange(repository, change, commit.Sha))]);
        return Answer.Ok(shape);
    }

    private async Task<Answer> CompareAsync(Call call)
    {
        var repository = Repository(call);
        if (call["range"].Split("...") is not [var from, var to])
            throw NotFound();
        var (baseSha, headSha) = (await ShaAsync(call, from), await ShaAsync(call, to[(to.IndexOf(':', StringComparison.Ordinal) + 1)..]));
        var mergeBase = await repository.Git.MergeBaseAsync(baseSha, headSha) ?? throw NotFound();
        var (ahead, behind) = (await repository.Git.CountAsync($"{baseSha}..{headSha}"), await repository.Git.CountAsync($"{headSha}..{baseSha}"));
        var commits = await repository.Git.LogAsync($"{baseSha}..{headSha}", null, 0, 250);
        var shapes = Shapes(call);
        var url = $"{shapes.RepositoryUrl(repository)}/compare/{call["range"]}";
        var html = $"{call.Root}/{repository.FullName}/compare/{call["range"]}";
        return Answer.Ok(new JsonObject
        {
            ["url"] = url,
            ["html_url"] = html,
            ["permalink_url"] = $"{call.Root}/{repository.FullName}/compare/{baseSha[..12]}...{headSha[..12]}",
            ["diff_url"] = html + ".diff",
            ["patch_url"] = html + ".patch",
            ["base_commit"] = shapes.Commit(repository, (await repository.Git.CommitAsync(baseSha))!),
            ["merge_base_commit"] = shapes.Commit(repository, (await repository.Git.CommitAsync(mergeBase))!),
            ["status"] = (ahead, behind) switch { (0, 0) => "identical", (_, 0) => "ahead", (0, _) => "behind", _ => "diverged" },
            ["ahead_by"] = ahead,
            ["behind_by"] = behind,
            ["total_commits"] = ahead,
            ["commits"] = new JsonArray([.. commits.Reverse().Select(commit => shapes.Commit(repository, commit))]),
            ["files"] = new JsonArray([.. (await repository.Git.ChangesAsync(mergeBase, headSha)).Select(change => shapes.FileChange(repository, change, headSha))]),
        });
    }

    private static IEnumerable<SimulatedMergeRequest> PullsOf(SimulatedRepository repository, string sha) =>
        repository.MergeRequests.Where(mr => mr.HeadSha == sha || mr.MergeSha == sha);

    private async Task<Answer> CommentOnCommitAsync(Call call)
    {
        var repository = Repository(call);
        var sha = await repository.Git.ResolveAsync(call["sha"]) ?? throw Invalid($"No commit found for SHA: {call["sha"]}");
        var line = int.TryParse(call.Field("line"), out var number) ? number : (int?)null;
        var comment = forge.CommentOnCommit(repository, sha, Demand(call, "body", "CommitComment"), call.User, call.Field("path"), line);
        return Answer.Created(Shapes(call).CommitComment(repository, comment));
    }

    private SimulatedComment CommitComment(Call call) => Repository(call).CommitComments.FirstOrDefault(comment => comment.Id == call.Id("id")) ?? throw NotFound();

    private Answer UpdateCommitComment(Call call)
    {
        var (repository, comment) = (Repository(call), CommitComment(call));
        Edit(comment, Demand(call, "body", "CommitComment"));
        return Answer.Ok(Shapes(call).CommitComment(repository, comment));
    }

    private Answer DeleteCommitComment(Call call)
    {
        var (repository, comment) = (Repository(call), CommitComment(call));
        lock (forge.Gate)
            repository.CommitCommentList.Remove(comment);
        return Answer.NoContent();
    }

    private void Edit(SimulatedComment comment, string body)
    {
        lock (forge.Gate)
            (comment.Body, comment.UpdatedAt) = (body, forge.Now);
    }

    private Answer CreateStatus(Call call)
    {
        var repository = Writable(call);
        var state = Demand(call, "state", "Status");
        if (state is not ("error" or "failure" or "pending" or "success"))
            throw Invalid("Status", "state", "custom", "state is not included in the list");
        var status = new SimulatedStatus(forge.NextId(), call["sha"], state, call.Field("context") ?? "default", call.Field("description"), call.Field("target_url"),
            call.User, forge.Now);
        lock (forge.Gate)
            repository.StatusList.Add(status);
        return Answer.Created(Shapes(call).Status(repository, status));
    }

    private async Task<Answer> CombinedStatusAsync(Call call)
    {
        var (repository, sha, shapes) = (Repository(call), await ShaAsync(call), Shapes(call));
        var statuses = repository.Statuses.Where(status => status.Sha == sha).GroupBy(status => status.Context, StringComparer.Ordinal).Select(group => group.Last()).ToList();
        return Answer.Ok(new JsonObject
        {
            ["state"] = statuses.Any(status => status.State is "failure" or "error") ? "failure" : statuses.Count > 0 && statuses.All(status => status.State == "success") ? "success" : "pending",
            ["statuses"] = new JsonArray([.. statuses.Select(status => shapes.Status(repository, status))]),
            ["sha"] = sha,
            ["total_count"] = statuses.Count,
            ["repository"] = shapes.MinimalRepository(repository),
            ["commit_url"] = $"{shapes.RepositoryUrl(repository)}/commits/{sha}",
            ["url"] = $"{shapes.RepositoryUrl(repository)}/commits/{sha}/status",
        });
    }

    private Answer GetPermission(Call call)
    {
        var user = forge.FindUser(call["user"]) ?? throw NotFound();
        var level = Repository(call).PermissionOf(user);
        var role = level switch
        {
            AccessLevel.Admin => "admin",
            AccessLevel.Maintain => "maintain",
            AccessLevel.Write => "write",
            AccessLevel.Triage => "triage",
            AccessLevel.Read => "read",
            _ => "none",
        };
        var shape = Shapes(call).User(user);
        shape["role_name"] = role;
        // The old word knows only four levels.
        var permission = role switch { "maintain" => "write", "triage" => "read", _ => role };
        return Answer.Ok(new JsonObject { ["permission"] = permission, ["role_name"] = role, ["user"] = shape });
    }
}
