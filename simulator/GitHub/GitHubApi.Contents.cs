using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>The contents API: single files and folders.</summary>
internal sealed partial class GitHubApi
{
    private void MapContents()
    {
        Router.Map("GET /repos/{owner}/{repo}/contents", call => GetContentsAsync(call, ""));
        Router.Map("GET /repos/{owner}/{repo}/contents/{path...}", call => GetContentsAsync(call, call["path"].Trim('/')));
        Router.Map("PUT /repos/{owner}/{repo}/contents/{path...}", PutContentsAsync);
        Router.Map("DELETE /repos/{owner}/{repo}/contents/{path...}", DeleteContentsAsync);
        Router.Map("GET /repos/{owner}/{repo}/readme", call => GetContentsAsync(call, "README.md"));
    }

    private async Task<Answer> GetContentsAsync(Call call, string path)
    {
        var repository = Repository(call);
        var reference = call.Query("ref") ?? repository.DefaultBranch;
        var git = repository.Git;
        var sha = await git.ResolveAsync($"refs/heads/{reference}") ?? await git.ResolveAsync(reference)
            ?? throw new ApiError(404, Message($"No commit found for the ref {reference}", "404"));
        var entry = path.Length == 0 ? null : await git.EntryAsync(sha, path) ?? throw NotFound();
        if (entry is null or { Type: "tree" })
        {
            var list = await git.TreeAsync(sha, path, recursive: false, withFolders: false) ?? throw NotFound();
            return Answer.Ok(new JsonArray([.. list.Select(item => Content(call, repository, item, reference))]));
        }
        if (entry.Type != "blob")
            return Answer.Ok(Content(call, repository, entry, reference));
        var bytes = (await git.BlobAsync(entry.Sha))!;
        if (call.Accepts("raw"))
            return Answer.Of(bytes, "application/vnd.github.raw+json; charset=utf-8");
        var shape = Content(call, repository, entry, reference);
        // Above 1 MB only the raw media type gives the content.
        var isLarge = bytes.Length > 1024 * 1024;
        shape["content"] = isLarge ? "" : Base64Lines(bytes);
        shape["encoding"] = isLarge ? "none" : "base64";
        return Answer.Ok(shape);
    }

    private static JsonObject Content(Call call, SimulatedRepository repository, GitTreeEntry entry, string reference)
    {
        var path = GitHubShapes.EscapePath(entry.Path);
        var self = $"{Shapes(call).RepositoryUrl(repository)}/contents/{path}?ref={Uri.EscapeDataString(reference)}";
        var html = $"{call.Root}/{repository.FullName}/blob/{reference}/{path}";
        var git = $"{Shapes(call).RepositoryUrl(repository)}/git/{(entry.Type == "tree" ? "trees" : "blobs")}/{entry.Sha}";
        return new JsonObject
        {
            ["name"] = entry.Name,
            ["path"] = entry.Path,
            ["sha"] = entry.Sha,
            ["size"] = entry.Size ?? 0,
            ["url"] = self,
            ["html_url"] = html,
            ["git_url"] = git,
            ["download_url"] = entry.Type == "blob" ? $"{call.Root}/{repository.FullName}/raw/{reference}/{path}" : null,
            ["type"] = entry.Type switch { "tree" => "dir", "commit" => "submodule", _ => "file" },
            ["_links"] = new JsonObject { ["self"] = self, ["git"] = git, ["html"] = html },
        };
    }

    private async Task<Answer> PutContentsAsync(Call call)
    {
        var repository = Writable(call);
        var path = call["path"];
        if (IsWorkflow(path) && !forge.MayWriteWorkflows)
            throw WorkflowRefused(path);
        var branch = call.Field("branch") ?? repository.DefaultBranch;
        var (head, before) = await ExpectAsync(call, repository, branch, path, mustExist: false);
        var content = call.Body["content"]?.GetValue<string>() ?? throw Invalid("\"content\" wasn't supplied.");
        var blob = await repository.Git.WriteBlobAsync(Decode(content, isBase64: true));
        await CommitAsync(call, repository, branch, head, new GitTreeEdit(path, before?.Mode ?? GitRepository.RegularFile, blob));
        var shape = await FileCommitAsync(call, repository, branch, path);
        return before is null ? Answer.Created(shape) : Answer.Ok(shape);
    }

    private async Task<Answer> DeleteContentsAsync(Call call)
    {
        var repository = Writable(call);
        var branch = call.Field("branch") ?? repository.DefaultBranch;
        var (head, before) = await ExpectAsync(call, repository, branch, call["path"], mustExist: true);
        await CommitAsync(call, repository, branch, head, new GitTreeEdit(call["path"], before!.Mode, null));
        return Answer.Ok(await FileCommitAsync(call, repository, branch, call["path"]));
    }

    /// <summary>The file as the client believes it to be: GitHub refuses when that is out of date.</summary>
    private static async Task<(string? Head, GitTreeEntry? File)> ExpectAsync(Call call, SimulatedRepository repository, string branch, string path, bool mustExist)
    {
        Demand(call, "message", "Commit");
        var head = await repository.Git.ResolveAsync($"refs/heads/{branch}");
        if (head is null && repository.Branches.Count > 0)
            throw new ApiError(404, Message($"Branch {branch} not found", "404"));
        var file = head is null ? null : await repository.Git.EntryAsync(head, path);
        var expected = call.Field("sha");
        if (file is null && mustExist)
            throw NotFound();
        if (file is not null && expected is null)
            throw Invalid("Invalid request.\n\n\"sha\" wasn't supplied.");
        if (expected is not null && file?.Sha != expected)
            throw new ApiError(409, Message($"{path} does not match {expected}", "409"));
        return (head, file);
    }

    private async Task CommitAsync(Call call, SimulatedRepository repository, string branch, string? head, GitTreeEdit edit)
    {
        var author = Signature(call, "author");
        var tree = await repository.Git.WriteTreeAsync(head, [edit]);
        var sha = await repository.Git.WriteCommitAsync(tree, head is null ? [] : [head], call.Field("message")!, author, Signature(call, "committer"));
        if (!await repository.Git.UpdateRefAsync($"refs/heads/{branch}", sha, head ?? GitRepository.NoSha))
            throw new ApiError(409, Message($"{edit.Path} was changed meanwhile", "409"));
        await repository.NoticeRefsAsync(call.User);
    }

    private static async Task<JsonObject> FileCommitAsync(Call call, SimulatedRepository repository, string branch, string path)
    {
        var commit = (await repository.Git.CommitAsync($"refs/heads/{branch}"))!;
        var entry = await repository.Git.EntryAsync(commit.Sha, path);
        return new JsonObject
        {
            ["content"] = entry is null ? null : Content(call, repository, entry, branch),
            ["commit"] = Shapes(call).GitCommit(repository, commit),
        };
    }
}
