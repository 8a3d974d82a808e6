using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>The git data API: refs, blobs, trees and commits.</summary>
internal sealed partial class GitHubApi
{
    private void MapGit()
    {
        Router.Map("GET /repos/{owner}/{repo}/git/ref/{ref...}", GetReference);
        Router.Map("GET /repos/{owner}/{repo}/git/matching-refs/{ref...}", async call =>
        {
            var repository = Repository(call);
            var refs = (await repository.Git.RefsAsync()).Where(r => r.Key.StartsWith($"refs/{call["ref"]}", StringComparison.Ordinal)).ToList();
            return Page.Of(call, refs, r => Shapes(call).Reference(repository, r.Key, r.Value), 30, withTotals: false);
        });
        Router.Map("POST /repos/{owner}/{repo}/git/refs", CreateReferenceAsync);
        Router.Map("PATCH /repos/{owner}/{repo}/git/refs/{ref...}", UpdateReferenceAsync);
        Router.Map("DELETE /repos/{owner}/{repo}/git/refs/{ref...}", DeleteReferenceAsync);
        Router.Map("POST /repos/{owner}/{repo}/git/blobs", CreateBlobAsync);
        Router.Map("GET /repos/{owner}/{repo}/git/blobs/{sha}", GetBlobAsync);
        Router.Map("POST /repos/{owner}/{repo}/git/trees", CreateTreeAsync);
        Router.Map("GET /repos/{owner}/{repo}/git/trees/{sha...}", GetTreeAsync);
        Router.Map("POST /repos/{owner}/{repo}/git/commits", CreateCommitAsync);
        Router.Map("GET /repos/{owner}/{repo}/git/commits/{sha}", async call =>
            Answer.Ok(Shapes(call).GitCommit(Repository(call), await Repository(call).Git.CommitAsync(call["sha"]) ?? throw NotFound())));
    }

    private async Task<Answer> GetReference(Call call)
    {
        var repository = Repository(call);
        var name = $"refs/{call["ref"]}";
        return (await repository.Git.RefsAsync()).TryGetValue(name, out var sha) ? Answer.Ok(Shapes(call).Reference(repository, name, sha)) : throw NotFound();
    }

    private async Task<Answer> CreateReferenceAsync(Call call)
    {
        var repository = Writable(call);
        var (name, sha) = (Demand(call, "ref", "Reference"), Demand(call, "sha", "Reference"));
        if (!name.StartsWith("refs/", StringComparison.Ordinal) || name.Count(c => c == '/') < 2)
            throw Invalid("Reference name is not valid");
        if (await repository.Git.ResolveAsync(sha) is null)
            throw Invalid("Object does not exist");
        await DemandWorkflowPermissionAsync(call, repository, sha);
        if (!await repository.Git.UpdateRefAsync(name, sha, GitRepository.NoSha))
            throw Invalid("Reference already exists");
        await repository.NoticeRefsAsync(call.User);
        return Answer.Created(Shapes(call).Reference(repository, name, sha));
    }

    private async Task<Answer> UpdateReferenceAsync(Call call)
    {
        var repository = Writable(call);
        var (name, sha) = ($"refs/{call["ref"]}", Demand(call, "sha", "Reference"));
        if (await repository.Git.ResolveAsync(name) is not { } before)
            throw Invalid("Reference does not exist");
        if (await repository.Git.ResolveAsync(sha) is null)
            throw Invalid("Object does not exist");
        if (call.Field("force") != "true" && !await repository.Git.IsAncestorAsync(before, sha))
            throw Invalid("Update is not a fast forward");
        await DemandWorkflowPermissionAsync(call, repository, sha, before);
        if (!await repository.Git.UpdateRefAsync(name, sha, before))
            throw Invalid("Reference cannot be updated");
        await repository.NoticeRefsAsync(call.User);
        return Answer.Ok(Shapes(call).Reference(repository, name, sha));
    }

    private async Task<Answer> DeleteReferenceAsync(Call call)
    {
        var repository = Writable(call);
        var name = $"refs/{call["ref"]}";
        if (await repository.Git.ResolveAsync(name) is null)
            throw Invalid("Reference does not exist");
        await repository.Git.DeleteRefAsync(name);
        await repository.NoticeRefsAsync(call.User);
        return Answer.NoContent();
    }

    private async Task<Answer> CreateBlobAsync(Call call)
    {
        var repository = Writable(call);
        var sha = await repository.Git.WriteBlobAsync(Decode(call.Body["content"]?.GetValue<string>() ?? "", call.Field("encoding") == "base64"));
        return Answer.Created(new JsonObject { ["sha"] = sha, ["url"] = $"{Shapes(call).RepositoryUrl(repository)}/git/blobs/{sha}" });
    }

    private async Task<Answer> GetBlobAsync(Call call)
    {
        var repository = Repository(call);
        var content = await repository.Git.BlobAsync(call["sha"]) ?? throw NotFound();
        if (call.Accepts("raw"))
            return Answer.Of(content, "application/vnd.github.raw+json; charset=utf-8");
        return Answer.Ok(new JsonObject
        {
            ["sha"] = call["sha"],
            ["node_id"] = GitHubShapes.NodeId("Blob", call["sha"]),
            ["size"] = content.Length,
            ["url"] = $"{Shapes(call).RepositoryUrl(repository)}/git/blobs/{call["sha"]}",
            ["content"] = Base64Lines(content),
            ["encoding"] = "base64",
        });
    }

    private async Task<Answer> CreateTreeAsync(Call call)
    {
        var repository = Writable(call);
        if (call.Body["tree"] is not JsonArray entries)
            throw Invalid("Invalid tree info");
        var edits = new List<GitTreeEdit>();
        foreach (var entry in entries.OfType<JsonObject>())
        {
            var path = entry["path"]?.GetValue<string>() ?? throw Invalid("tree.path must be given");
            var mode = entry["mode"]?.GetValue<string>() ?? GitRepository.RegularFile;
            var sha = entry["content"] is { } content ? await repository.Git.WriteBlobAsync(Encoding.UTF8.GetBytes(content.GetValue<string>())) : entry["sha"]?.GetValue<string>();
            edits.Add(new GitTreeEdit(path, mode, sha));
        }
        var baseTree = call.Body["base_tree"]?.GetValue<string>();
        if (baseTree is not null && await repository.Git.TreeAsync(baseTree, "", recursive: false, withFolders: false) is null)
            throw Invalid("base_tree is not a valid tree");
        var tree = await repository.Git.WriteTreeAsync(baseTree, edits);
        return Answer.Created(await TreeAsync(call, repository, tree, recursive: false));
    }

    private async Task<Answer> GetTreeAsync(Call call)
    {
        var repository = Repository(call);
        var name = call["sha"];
        return Answer.Ok(await TreeAsync(call, repository, await repository.Git.ResolveAsync($"refs/heads/{name}") ?? name, call.Query("recursive") is not null));
    }

    private static async Task<JsonObject> TreeAsync(Call call, SimulatedRepository repository, string tree, bool recursive)
    {
        var entries = await repository.Git.TreeAsync(tree, "", recursive, withFolders: recursive) ?? throw NotFound();
        var git = $"{Shapes(call).RepositoryUrl(repository)}/git";
        var sha = (await repository.Git.TryAsync("rev-parse", $"{tree}^{{tree}}")).Line;
        return new JsonObject
        {
            ["sha"] = sha,
            ["url"] = $"{git}/trees/{sha}",
            ["tree"] = new JsonArray([.. entries.Select(entry =>
            {
                var shape = new JsonObject { ["path"] = entry.Path, ["mode"] = entry.Mode, ["type"] = entry.Type, ["sha"] = entry.Sha };
                if (entry.Size is { } size)
                    shape["size"] = size;
                if (entry.Type != "commit")
                    shape["url"] = $"{git}/{entry.Type}s/{entry.Sha}";
                return shape;
            })]),
            ["truncated"] = false,
        };
    }

    private async Task<Answer> CreateCommitAsync(Call call)
    {
        var repository = Writable(call);
        var (message, tree) = (Demand(call, "message", "Commit"), Demand(call, "tree", "Commit"));
        var parents = GitHubWorkflow.Names(call.Body["parents"]);
        if (await repository.Git.TreeAsync(tree, "", recursive: false, withFolders: false) is null)
            throw Invalid("Tree SHA does not exist");
        foreach (var parent in parents)
        {
            if (await repository.Git.ResolveAsync(parent) is null)
                throw Invalid("Parent SHA does not exist or is not a commit object");
        }
        var author = Signature(call, "author");
        var committer = call.Body["committer"] is null ? author : Signature(call, "committer");
        var sha = await repository.Git.WriteCommitAsync(tree, parents, message, author, committer);
        return Answer.Created(Shapes(call).GitCommit(repository, (await repository.Git.CommitAsync(sha))!));
    }

    private GitSignature Signature(Call call, string field)
    {
        var given = call.Body[field] as JsonObject;
        var when = DateTimeOffset.TryParse(given?["date"]?.ToString(), CultureInfo.InvariantCulture, out var date) ? date : forge.Now;
        return new GitSignature(given?["name"]?.ToString() ?? call.User.Name, given?["email"]?.ToString() ?? call.User.Email, when);
    }

    /// <summary>Without the permission for workflows an App may not move a branch to a commit that changes one.</summary>
    private async Task DemandWorkflowPermissionAsync(Call call, SimulatedRepository repository, string sha, string? before = null)
    {
        if (forge.MayWriteWorkflows)
            return;
        var from = before ?? await repository.Git.ResolveAsync($"refs/heads/{repository.DefaultBranch}") ?? GitRepository.EmptyTree;
        if ((await repository.Git.ChangesAsync(from, sha)).FirstOrDefault(change => IsWorkflow(change.Path)) is { } change)
            throw WorkflowRefused(change.Path);
    }

    private static bool IsWorkflow(string path) => path.StartsWith(".github/workflows/", StringComparison.Ordinal);

    private static ApiError WorkflowRefused(string path) =>
        Forbidden($"refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission");

    private static byte[] Decode(string content, bool isBase64)
    {
        try
        {
            return isBase64 ? Convert.FromBase64String(content.Replace("\n", "", StringComparison.Ordinal)) : Encoding.UTF8.GetBytes(content);
        }
        catch (FormatException)
        {
            throw Invalid("content is not valid Base64");
        }
    }

    /// <summary>GitHub breaks base64 after 60 characters.</summary>
    private static string Base64Lines(byte[] content) =>
        string.Concat(Convert.ToBase64String(content).Chunk(60).Select(line => new string(line) + "\n"));
}
