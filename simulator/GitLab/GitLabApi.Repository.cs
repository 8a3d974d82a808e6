using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Files, folders, branches and tags.</summary>
internal sealed partial class GitLabApi
{
    private void MapRepository()
    {
        Router.Map($"GET {P}/repository/files/{{path}}/raw", async call =>
        {
            var (_, entry) = await FileAsync(call);
            return Answer.Of((await Project(call).Git.BlobAsync(entry.Sha))!, "text/plain; charset=utf-8");
        });
        Router.Map($"GET {P}/repository/files/{{path}}", GetFileAsync);
        Router.Map($"HEAD {P}/repository/files/{{path}}", GetFileAsync);
        Router.Map($"POST {P}/repository/files/{{path}}", call => WriteFileAsync(call, "create"));
        Router.Map($"PUT {P}/repository/files/{{path}}", call => WriteFileAsync(call, "update"));
        Router.Map($"DELETE {P}/repository/files/{{path}}", call => WriteFileAsync(call, "delete"));
        Router.Map($"GET {P}/repository/tree", GetTreeAsync);
        Router.Map($"GET {P}/repository/blobs/{{sha}}/raw", async call =>
            Answer.Of(await Project(call).Git.BlobAsync(call["sha"]) ?? throw NotFound("Blob"), "text/plain; charset=utf-8"));
        Router.Map($"GET {P}/repository/branches", ListBranchesAsync);
        Router.Map($"POST {P}/repository/branches", CreateBranchAsync);
        Router.Map($"GET {P}/repository/branches/{{branch}}", GetBranchAsync);
        Router.Map($"DELETE {P}/repository/branches/{{branch}}", DeleteBranchAsync);
        Router.Map($"GET {P}/repository/tags", ListTagsAsync);
        Router.Map($"GET {P}/repository/compare", CompareAsync);
    }

    /// <summary>A branch, a tag or a commit.</summary>
    private static async Task<string?> ResolveAsync(SimulatedRepository repository, string reference) =>
        reference == "HEAD" ? await repository.Git.ResolveAsync($"refs/heads/{repository.DefaultBranch}")
        : await repository.Git.ResolveAsync($"refs/heads/{reference}") ?? await repository.Git.ResolveAsync(reference);

    private async Task<(string Commit, GitTreeEntry Entry)> FileAsync(Call call)
    {
        var repository = Project(call);
        var commit = await ResolveAsync(repository, call.Query("ref") ?? "HEAD") ?? throw NotFound("Commit");
        return await repository.Git.EntryAsync(commit, call["path"]) is { Type: "blob" } entry ? (commit, entry) : throw NotFound("File");
    }

    private async Task<Answer> GetFileAsync(Call call)
    {
        var git = Project(call).Git;
        var (commit, entry) = await FileAsync(call);
        var content = (await git.BlobAsync(entry.Sha))!;
        var last = (await git.LogAsync(commit, entry.Path, 0, 1))[0].Sha;
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        var answer = Answer.Ok(new JsonObject
        {
            ["file_name"] = entry.Name,
            ["file_path"] = entry.Path,
            ["size"] = content.Length,
            ["encoding"] = "base64",
            ["content_sha256"] = hash,
            ["ref"] = call.Query("ref") ?? "HEAD",
            ["blob_id"] = entry.Sha,
            ["commit_id"] = commit,
            ["last_commit_id"] = last,
            ["execute_filemode"] = entry.Mode == GitRepository.ExecutableFile,
            ["content"] = Convert.ToBase64String(content),
        });
        answer.Headers["X-Gitlab-Blob-Id"] = entry.Sha;
        answer.Headers["X-Gitlab-Commit-Id"] = commit;
        answer.Headers["X-Gitlab-Last-Commit-Id"] = last;
        answer.Headers["X-Gitlab-Content-Sha256"] = hash;
        answer.Headers["X-Gitlab-Execute-Filemode"] = entry.Mode == GitRepository.ExecutableFile ? "true" : "false";
        answer.Headers["X-Gitlab-Size"] = content.Length.ToString();
        return answer;
    }

    /// <summary>A single file is a commit with a single action.</summary>
    private async Task<Answer> WriteFileAsync(Call call, string action)
    {
        var body = call.Body.DeepClone().AsObject();
        body["action"] = action;
        body["file_path"] = call["path"];
        Demand(call, "commit_message");
        await CommitAsync(call, Demand(call, "branch"), call.Field("start_branch"), [body]);
        var shape = new JsonObject { ["file_path"] = call["path"], ["branch"] = call.Field("branch") };
        return action switch { "create" => Answer.Created(shape), "update" => Answer.Ok(shape), _ => Answer.NoContent() };
    }

    private async Task<Answer> GetTreeAsync(Call call)
    {
        var repository = Project(call);
        var commit = await ResolveAsync(repository, call.Query("ref") ?? "HEAD") ?? throw NotFound("Tree");
        var entries = await repository.Git.TreeAsync(commit, (call.Query("path") ?? "").Trim('/'), call.Query("recursive") is "true" or "1", withFolders: true)
            ?? throw NotFound("Tree");
        return List(call, [.. entries], entry => new JsonObject
        {
            ["id"] = entry.Sha,
            ["name"] = entry.Name,
            ["type"] = entry.Type,
            ["path"] = entry.Path,
            ["mode"] = entry.Mode,
        });
    }

    private async Task<Answer> ListBranchesAsync(Call call)
    {
        var repository = Project(call);
        var names = repository.Branches.Where(branch => call.Query("search") is not { } text || branch.Key.Contains(text.Trim('^', '$'), StringComparison.Ordinal)).ToList();
        var page = new Page(call, names.Count, 20);
        var shapes = new List<JsonNode?>();
        foreach (var (name, sha) in names.Skip(page.Skip).Take(page.Size))
            shapes.Add(Shapes(call).Branch(repository, name, (await repository.Git.CommitAsync(sha))!));
        return page.Finish(Answer.Ok(new JsonArray([.. shapes])), withTotals: true);
    }

    private async Task<Answer> GetBranchAsync(Call call)
    {
        var repository = Project(call);
        return Answer.Ok(Shapes(call).Branch(repository, call["branch"], await repository.Git.CommitAsync($"refs/heads/{call["branch"]}") ?? throw NotFound("Branch")));
    }

    private async Task<Answer> CreateBranchAsync(Call call)
    {
        var repository = Writable(call);
        var (name, from) = (Demand(call, "branch"), Demand(call, "ref"));
        var sha = await ResolveAsync(repository, from) ?? throw Message(400, $"Invalid reference name: {from}");
        if (!await repository.Git.UpdateRefAsync($"refs/heads/{name}", sha, GitRepository.NoSha))
            throw Message(400, "Branch already exists");
        await repository.NoticeRefsAsync(call.User);
        return Answer.Created(Shapes(call).Branch(repository, name, (await repository.Git.CommitAsync(sha))!));
    }

    private async Task<Answer> DeleteBranchAsync(Call call)
    {
        var repository = Writable(call);
        if (await repository.Git.ResolveAsync($"refs/heads/{call["branch"]}") is null)
            throw NotFound("Branch");
        if (call["branch"] == repository.DefaultBranch)
            throw Message(400, "Cannot delete default branch");
        await repository.DeleteBranchAsync(call["branch"], call.User);
        return Answer.NoContent();
    }

    private async Task<Answer> ListTagsAsync(Call call)
    {
        var repository = Project(call);
        var shapes = new List<JsonNode>();
        foreach (var (name, target) in repository.Tags)
        {
            var commit = (await repository.Git.CommitAsync(target))!;
            shapes.Add(new JsonObject { ["name"] = name, ["target"] = target, ["message"] = null, ["commit"] = Shapes(call).Commit(repository, commit), ["release"] = null, ["protected"] = false });
        }
        return List(call, shapes, shape => shape);
    }

    private async Task<Answer> CompareAsync(Call call)
    {
        var repository = Project(call);
        var git = repository.Git;
        var from = await ResolveAsync(repository, Demand(call, "from")) ?? throw NotFound("Ref");
        var to = await ResolveAsync(repository, Demand(call, "to")) ?? throw NotFound("Ref");
        var commits = await git.LogAsync($"{from}..{to}", null, 0, 100);
        var start = call.Query("straight") == "true" ? from : await git.MergeBaseAsync(from, to) ?? from;
        return Answer.Ok(new JsonObject
        {
            ["commit"] = commits.Count == 0 ? null : Shapes(call).Commit(repository, commits[0]),
            ["commits"] = new JsonArray([.. commits.Reverse().Select(commit => Shapes(call).Commit(repository, commit))]),
            ["diffs"] = new JsonArray([.. (await git.ChangesAsync(start, to)).Select(GitLabShapes.Diff)]),
            ["compare_timeout"] = false,
            ["compare_same_ref"] = from == to,
            ["web_url"] = $"{repository.WebUrl}/-/compare/{from}...{to}",
        });
    }
}
