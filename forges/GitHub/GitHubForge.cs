using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using QMoi.Fixers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>GitHub's REST API (docs.github.com/rest, version 2022-11-28) behind the bot's verbs; for one of them <see cref="GitHubGraphQl"/> saves two round trips.</summary>
internal sealed class GitHubForge(ForgeHttp http, GitHubTokens tokens, GitHubGraphQl graphQl) : IForge
{
    /// <summary>Larger files are not read: nothing that the bot repairs is that large.</summary>
    private const long MaxFile = 4 * 1024 * 1024;

    /// <summary>The contents endpoint lists no more: docs.github.com/rest/repos/contents (read 2026-11).</summary>
    private const int MaxContentsEntries = 1000;

    private const string RawMediaType = "application/vnd.github.raw+json";
    private const string NormalMode = "100644";
    private const string ExecutableMode = "100755";
    /// <summary>Pushed and in a pull request, each with its re-runs: more say nothing new.</summary>
    private const int MostRunsOfOneCommit = 4;

    private readonly CallLog calls = new();

    /// <summary>Sent with every request.</summary>
    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string> { ["X-GitHub-Api-Version"] = "2022-11-28" };

    public ForgeKind Kind => ForgeKind.GitHub;

    public IReadOnlyList<ForgeCall> Calls => calls.InOrder();

    /// <summary>GitHub tells a broken workflow file's errors only on its pages: always <c>null</c>.</summary>
    public Task<string?> GetPipelineErrorsAsync(Repository repository, long pipelineId, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<Job>> ListJobsAsync(Repository repository, long pipelineId, CancellationToken cancellationToken) =>
        ListJobsAsync(repository, pipelineId, "latest", cancellationToken);

    private async Task<IReadOnlyList<Job>> ListJobsAsync(Repository repository, long pipelineId, string attempts, CancellationToken cancellationToken)
    {
        List<Job> jobs = [];
        var account = await ReadAccountAsync(repository, cancellationToken);
        var request = Get(repository, $"actions/runs/{pipelineId}/jobs?filter={attempts}&per_page=100");
        await foreach (var page in http.PagesAsync(account, request, GitHubJson.Default.GitHubJobList, calls, cancellationToken))
            jobs.AddRange(page.Jobs.Select(GitHubEvents.Job));
        return jobs;
    }

    public async Task<Stream?> OpenJobLogAsync(Repository repository, long jobId, CancellationToken cancellationToken)
    {
        try
        {
            var account = await ReadAccountAsync(repository, cancellationToken);
            var request = Get(repository, $"actions/jobs/{jobId}/logs") with { TakesRedirect = true, TakesStream = true };
            var answer = await http.SendAsync(account, request, calls, cancellationToken);
            if (answer.Stream is not null) return answer.Stream;
            return Uri.TryCreate(http.ApiUrl, answer.Location, out var address)
                ? await http.OpenForeignAsync(address, calls, cancellationToken)
                : throw new ForgeException(ForgeProblem.ServerError, "GitHub points to no readable address for the job's log.");
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
    }

    public async Task<Job?> FindPassedJobAsync(Repository repository, Pipeline pipeline, string jobName, CancellationToken cancellationToken)
    {
        if (pipeline.CiFile is not { } file) return null;
        var request = Get(repository, $"actions/workflows/{ApiPath.Whole(System.IO.Path.GetFileName(file))}/runs?branch={ApiPath.Query(repository.DefaultBranch)}&status=success&per_page=1");
        var passed = (await FindAsync(repository, request, cancellationToken))?.Read(GitHubJson.Default.GitHubRunList).WorkflowRuns ?? [];
        if (passed.Count == 0) return null;
        return (await ListJobsAsync(repository, passed[0].Id, cancellationToken)).FirstOrDefault(job => job.Name == jobName && job.Status == RunStatus.Success);
    }

    public async Task<bool> HasPassedAsync(Repository repository, Pipeline pipeline, string jobName, CancellationToken cancellationToken)
    {
        // Push and pull request run the same workflow on the same commit.
        var runs = await SendAsync(repository, Get(repository, $"actions/runs?head_sha={pipeline.Sha}&per_page=20"), GitHubJson.Default.GitHubRunList, cancellationToken);
        foreach (var run in runs.WorkflowRuns.Where(run => run.Id == pipeline.Id || run.Name == pipeline.Name).Take(MostRunsOfOneCommit))
            if ((await ListJobsAsync(repository, run.Id, "all", cancellationToken)).Any(job => job.Name == jobName && job.Status == RunStatus.Success))
                return true;
        return false;
    }

    /// <summary>Rerunning is not the same twice as once, and GitHub refuses only while the second run is still going: so the latest jobs are compared first.</summary>
    public async Task RetryAsync(Repository repository, long pipelineId, IReadOnlyList<long> jobIds, CancellationToken cancellationToken)
    {
        var latest = await ListJobsAsync(repository, pipelineId, cancellationToken);
        if (!latest.Any(job => jobIds.Contains(job.Id)))
            throw new ForgeException(ForgeProblem.Conflict, "The pipeline has been run again already.");
        try
        {
            await SendAsync(repository, ForgeRequest.Post(Path(repository, $"actions/runs/{pipelineId}/rerun-failed-jobs")), cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Forbidden && e.Message.Contains("already running", StringComparison.OrdinalIgnoreCase))
        {
            throw new ForgeException(ForgeProblem.Conflict, $"The pipeline is running again already. ({e.Message})", inner: e);
        }
    }

    /// <summary>Whether a file is executable is not told. <c>null</c> also for folders, submodules and files over 4 MiB.</summary>
    public async Task<RepositoryFile?> ReadFileAsync(Repository repository, string path, string gitRef, CancellationToken cancellationToken)
    {
        var request = Get(repository, $"contents/{ApiPath.Segments(path)}?ref={ApiPath.Query(gitRef)}");
        var answer = await FindAsync(repository, request, cancellationToken);
        if (answer is null || IsList(answer)) return null;
        var file = answer.Read(GitHubJson.Default.GitHubContent);
        if (file.Type != "file" || file.Size > MaxFile) return null;
        if (file.Encoding == "base64" && file.Content is { } content) return new RepositoryFile(path, FromBase64(content), IsExecutable: null);
        // From 1 MB on the content has to be asked for as it is.
        var raw = await FindAsync(repository, request with { Accept = RawMediaType }, cancellationToken);
        return raw is null ? null : new RepositoryFile(path, raw.Body, IsExecutable: null);
    }

    public async Task<IReadOnlyList<TreeEntry>> ListFolderAsync(Repository repository, string folder, string gitRef, CancellationToken cancellationToken)
    {
        var entries = await ListContentsAsync(repository, folder, gitRef, cancellationToken);
        if (entries.Count < MaxContentsEntries) return [.. entries.Select(entry => new TreeEntry(entry.Path, entry.Type == "dir"))];

        // The list is cut: the tree itself has them all, and its id stands in the parent's list.
        var tree = gitRef;
        if (folder.Length > 0)
        {
            var slash = folder.LastIndexOf('/');
            var siblings = await ListContentsAsync(repository, slash < 0 ? "" : folder[..slash], gitRef, cancellationToken);
            tree = siblings.FirstOrDefault(entry => entry.Path == folder)?.Sha
                ?? throw new ForgeException(ForgeProblem.Invalid, $"The folder {folder} has too many entries to be listed.");
        }

        var whole = await SendAsync(repository, Get(repository, $"git/trees/{ApiPath.Whole(tree)}"), GitHubJson.Default.GitHubTree, cancellationToken);
        var prefix = folder.Length == 0 ? "" : folder + "/";
        return [.. whole.Tree.Select(item => new TreeEntry(prefix + item.Path, item.Type == "tree"))];
    }

    private async Task<IReadOnlyList<GitHubContent>> ListContentsAsync(Repository repository, string folder, string gitRef, CancellationToken cancellationToken)
    {
        var path = folder.Length == 0 ? "contents" : $"contents/{ApiPath.Segments(folder)}";
        var answer = await FindAsync(repository, Get(repository, $"{path}?ref={ApiPath.Query(gitRef)}"), cancellationToken);
        return answer is not null && IsList(answer) ? answer.Read(GitHubJson.Default.IReadOnlyListGitHubContent) : [];
    }

    public async Task<CommitSha?> GetBranchHeadAsync(Repository repository, string branch, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(repository, Get(repository, $"git/ref/heads/{ApiPath.Segments(branch)}"), cancellationToken);
        return answer is null ? null : CommitSha.Parse(answer.Read(GitHubJson.Default.GitHubRef).Object.Sha);
    }

    public async Task<Commit?> ReadBranchAsync(Repository repository, string branch, CancellationToken cancellationToken)
    {
        if (await GetBranchHeadAsync(repository, branch, cancellationToken) is not { } head) return null;
        var commit = await SendAsync(repository, Get(repository, $"git/commits/{head}"), GitHubJson.Default.GitHubCommit, cancellationToken);
        return new Commit(head, [.. (commit.Parents ?? []).Select(parent => CommitSha.Parse(parent.Sha))], commit.Message ?? "");
    }

    public async Task<MergeRequest?> FindMergeRequestAsync(Repository repository, CommitSha head, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(repository, Get(repository, $"commits/{head}/pulls?per_page=100"), cancellationToken);
        var pulls = answer?.Read(GitHubJson.Default.IReadOnlyListGitHubPull) ?? [];
        var pull = pulls.FirstOrDefault(pull => pull.State == "open" && pull.Head.Sha == head.Value && IsInto(repository, pull));
        return pull is null ? null : MergeRequestOf(repository, pull);
    }

    public async Task<MergeRequest?> FindMergeRequestFromBranchAsync(Repository repository, string sourceBranch, CancellationToken cancellationToken)
    {
        var owner = repository.FullName.Split('/')[0];
        var request = Get(repository, $"pulls?state=all&head={ApiPath.Query($"{owner}:{sourceBranch}")}&sort=created&direction=desc&per_page=100");
        var pulls = await SendAsync(repository, request, GitHubJson.Default.IReadOnlyListGitHubPull, cancellationToken);
        var own = pulls.Where(pull => pull.Head.Ref == sourceBranch && pull.Head.Repo?.Id == repository.Id && IsInto(repository, pull)).ToList();
        var pull = own.FirstOrDefault(pull => pull.State == "open") ?? own.FirstOrDefault();
        return pull is null ? null : MergeRequestOf(repository, pull);
    }

    private static bool IsInto(Repository repository, GitHubPull pull) => pull.Base.Repo is null || pull.Base.Repo.Id == repository.Id;

    public async Task<Offer> OfferAsync(Repository repository, NewCommit commit, NewMergeRequest mergeRequest, CancellationToken cancellationToken)
    {
        var account = await WriteAccountAsync(repository, cancellationToken);
        var made = graphQl.Takes(repository, commit.Patch) ? await graphQl.MakeAsync(account, repository, commit, mergeRequest, calls, cancellationToken) : GitHubMade.Nothing;
        var head = made switch
        {
            { Head: { } whole, HasKeptModes: true } => whole,
            // An earlier run made the commit.
            { Head: null, Pull: { } from } => CommitSha.Parse(from.HeadRefOid),
            _ => await CommitAsync(repository, commit, made, cancellationToken),
        };
        var offer = made.Pull is { } pull ? new Offer(head, pull.Number, pull.Url) : await OpenAsync(repository, head, mergeRequest, cancellationToken);
        if (made.IsForbidden) graphQl.Refused();
        return offer;
    }

    /// <param name="made">A commit in it is wrong and is replaced.</param>
    private async Task<CommitSha> CommitAsync(Repository repository, NewCommit commit, GitHubMade made, CancellationToken cancellationToken)
    {
        try
        {
            return made.Head is null && commit.Patch.Edits is [FileEdit.Write write] && !MayBeExecutable(write)
                ? await CommitOneFileAsync(repository, commit, write, cancellationToken)
                : await CommitTreeAsync(repository, commit, isReplacing: made.Head is not null, cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Conflict)
        {
            return await GetBranchHeadAsync(repository, commit.Branch, cancellationToken) ?? throw new ForgeException(e.Problem, e.Message, inner: e);
        }
        catch (ForgeException e) when (!e.IsTransient)
        {
            if (made.HasNewBranch) await TryDeleteBranchAsync(repository, commit.Branch, cancellationToken);
            throw IsMissingWorkflowsPermission(e, commit.Patch)
                ? new ForgeException(
                    ForgeProblem.Forbidden,
                    $"GitHub refuses to change a file under .github/workflows: the App lacks the permission Workflows (write), or the token the scope workflow. ({e.Message})",
                    inner: e)
                : new ForgeException(e.Problem, e.Message, inner: e);
        }
    }

    // An App without the permission gets 403, a token without the scope 404.
    private static bool IsMissingWorkflowsPermission(ForgeException e, Patch patch) =>
        e.Message.Split(' ')[0] is "PUT" or "POST" or "PATCH"
        && patch.Edits.Any(edit => edit.Path.StartsWith(".github/workflows/", StringComparison.OrdinalIgnoreCase))
        && (e.Problem is ForgeProblem.Forbidden or ForgeProblem.NotFound
            || (e.Problem == ForgeProblem.Invalid && e.Message.Contains("workflow", StringComparison.OrdinalIgnoreCase) && e.Message.Contains("without", StringComparison.Ordinal)));

    // That the contents endpoint leaves a file's mode alone is written nowhere; a script goes by the tree, where the mode is ours to say.
    public static bool MayBeExecutable(FileEdit.Write write) => write.Before is { } before && before.Span.StartsWith("#!"u8);

    /// <summary>Two calls: the branch, then the file on it.</summary>
    private async Task<CommitSha> CommitOneFileAsync(Repository repository, NewCommit commit, FileEdit.Write write, CancellationToken cancellationToken)
    {
        var account = await WriteAccountAsync(repository, cancellationToken);
        await account.Limits.TakeWritesAsync(2, cancellationToken);
        var isNew = true;
        try
        {
            await CreateBranchAsync(repository, commit.Branch, commit.Parent.Value, isCounted: true, cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Conflict)
        {
            // An earlier run may have died between the two calls; then the branch stands where it was made and the commit is still missing.
            if (await GetBranchHeadAsync(repository, commit.Branch, cancellationToken) != commit.Parent) throw;
            isNew = false;
        }

        try
        {
            var content = new GitHubNewContent(
                commit.Message, Convert.ToBase64String(write.After.Span), commit.Branch, write.Before is { } before ? BlobSha(before.Span) : null);
            var path = Path(repository, $"contents/{ApiPath.Segments(write.Path)}");
            // Not repeatable: after a lost answer the file has changed, and the second try would be refused.
            var request = ForgeRequest.Set(HttpMethod.Put, path, content, GitHubJson.Default.GitHubNewContent) with { IsRepeatable = false, IsWrite = false };
            var written = await SendAsync(repository, request, GitHubJson.Default.GitHubContentWritten, cancellationToken);
            return CommitSha.Parse(written.Commit.Sha);
        }
        catch (ForgeException e) when (!e.IsTransient)
        {
            if (isNew) await TryDeleteBranchAsync(repository, commit.Branch, cancellationToken);
            // A conflict here is about the file, not the branch.
            throw e.Problem == ForgeProblem.Conflict
                ? new ForgeException(ForgeProblem.Invalid, $"{write.Path} is not what it was at {commit.Parent.Abbreviated}. ({e.Message})", inner: e)
                : e;
        }
    }

    /// <summary>Several edits, deletions and modes by the git data endpoints. The branch comes last: there is all of the commit or no branch.</summary>
    /// <param name="isReplacing">The branch holds a commit of ours that this one is put in the place of.</param>
    private async Task<CommitSha> CommitTreeAsync(Repository repository, NewCommit commit, bool isReplacing, CancellationToken cancellationToken)
    {
        var edits = commit.Patch.Edits;
        var needsOld = edits.Any(edit => edit is not FileEdit.Write { Before: null });
        var parent = SendAsync(repository, Get(repository, $"git/commits/{commit.Parent}"), GitHubJson.Default.GitHubCommit, cancellationToken);
        // A new tree's entries say their mode: those of existing files are looked up, so that an executable stays one.
        var old = needsOld ? OldEntriesAsync(repository, commit.Parent, edits, cancellationToken) : Task.FromResult(new Dictionary<string, GitHubTreeItem>());
        await Task.WhenAll(parent, old);
        var entries = await Task.WhenAll(edits.Select(async edit => await TreeEntryAsync(repository, edit, (await old).GetValueOrDefault(edit.Path), cancellationToken)));

        var account = await WriteAccountAsync(repository, cancellationToken);
        await account.Limits.TakeWritesAsync(3, cancellationToken);
        var newTree = new GitHubNewTree((await parent).Tree.Sha, entries);
        var tree = await SendAsync(
            repository, ForgeRequest.Post(Path(repository, "git/trees"), newTree, GitHubJson.Default.GitHubNewTree) with { IsWrite = false }, GitHubJson.Default.GitHubSha, cancellationToken);
        var newCommit = new GitHubNewCommit(commit.Message, tree.Sha, [commit.Parent.Value]);
        var made = await SendAsync(
            repository, ForgeRequest.Post(Path(repository, "git/commits"), newCommit, GitHubJson.Default.GitHubNewCommit) with { IsWrite = false }, GitHubJson.Default.GitHubSha, cancellationToken);
        try
        {
            if (isReplacing) await MoveBranchAsync(repository, commit.Branch, made.Sha, isForced: true, cancellationToken);
            else await CreateBranchAsync(repository, commit.Branch, made.Sha, isCounted: true, cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Conflict)
        {
            // An earlier run may have made the branch and died before the commit.
            if (await GetBranchHeadAsync(repository, commit.Branch, cancellationToken) != commit.Parent) throw;
            await MoveBranchAsync(repository, commit.Branch, made.Sha, isForced: false, cancellationToken);
        }

        return CommitSha.Parse(made.Sha);
    }

    private async Task<object> TreeEntryAsync(Repository repository, FileEdit edit, GitHubTreeItem? old, CancellationToken cancellationToken)
    {
        _ = ApiPath.Segments(edit.Path);
        if (old is { Type: not "blob" } or { Mode: not (NormalMode or ExecutableMode) })
            throw new ForgeException(ForgeProblem.Invalid, $"{edit.Path} is a folder, a link or a submodule: it is not edited.");
        switch (edit)
        {
            case FileEdit.Write write:
                if ((write.Before is null) != (old is null))
                    throw new ForgeException(ForgeProblem.Invalid, $"{edit.Path} {(old is null ? "does not exist" : "exists already")} at the parent commit.");
                var mode = old?.Mode ?? NormalMode;
                if (IsText(write.After.Span)) return new GitHubNewTreeText(edit.Path, mode, "blob", Encoding.UTF8.GetString(write.After.Span));
                var blob = new GitHubNewBlob(Convert.ToBase64String(write.After.Span), "base64");
                var made = await SendAsync(
                    repository, ForgeRequest.Post(Path(repository, "git/blobs"), blob, GitHubJson.Default.GitHubNewBlob), GitHubJson.Default.GitHubSha, cancellationToken);
                return new GitHubNewTreeBlob(edit.Path, mode, "blob", made.Sha);
            case FileEdit.SetExecutable set when old is not null:
                return new GitHubNewTreeBlob(edit.Path, set.IsExecutable ? ExecutableMode : NormalMode, "blob", old.Sha);
            case FileEdit.Delete when old is not null:
                return new GitHubNewTreeBlob(edit.Path, old.Mode, "blob", Sha: null);
            default:
                throw new ForgeException(ForgeProblem.Invalid, $"{edit.Path} does not exist at the parent commit.");
        }
    }

    private async Task<Dictionary<string, GitHubTreeItem>> OldEntriesAsync(Repository repository, CommitSha commit, IReadOnlyList<FileEdit> edits, CancellationToken cancellationToken)
    {
        var whole = await SendAsync(repository, Get(repository, $"git/trees/{commit}?recursive=1"), GitHubJson.Default.GitHubTree, cancellationToken);
        var paths = edits.Select(edit => edit.Path).ToHashSet(StringComparer.Ordinal);
        if (!whole.Truncated) return whole.Tree.Where(item => paths.Contains(item.Path)).ToDictionary(item => item.Path, StringComparer.Ordinal);

        // Over 100,000 entries: folder by folder, along the paths.
        var found = new Dictionary<string, GitHubTreeItem>(StringComparer.Ordinal);
        var trees = new Dictionary<string, GitHubTree>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var tree = commit.Value;
            var parts = path.Split('/');
            for (var depth = 0; depth < parts.Length; depth++)
            {
                if (!trees.TryGetValue(tree, out var listing))
                    trees[tree] = listing = await SendAsync(repository, Get(repository, $"git/trees/{tree}"), GitHubJson.Default.GitHubTree, cancellationToken);
                if (listing.Tree.FirstOrDefault(item => item.Path == parts[depth]) is not { Sha: { } sha } entry) break;
                if (depth == parts.Length - 1) found[path] = entry with { Path = path };
                if (entry.Type != "tree") break;
                tree = sha;
            }
        }

        return found;
    }

    private Task<ForgeAnswer> CreateBranchAsync(Repository repository, string branch, string sha, bool isCounted, CancellationToken cancellationToken)
    {
        _ = ApiPath.Segments(branch);
        var request = ForgeRequest.Post(Path(repository, "git/refs"), new GitHubNewRef($"refs/heads/{branch}", sha), GitHubJson.Default.GitHubNewRef);
        return SendAsync(repository, request with { IsWrite = !isCounted }, cancellationToken);
    }

    private Task<ForgeAnswer> MoveBranchAsync(Repository repository, string branch, string sha, bool isForced, CancellationToken cancellationToken)
    {
        var path = Path(repository, $"git/refs/heads/{ApiPath.Segments(branch)}");
        return SendAsync(repository, ForgeRequest.Set(HttpMethod.Patch, path, new GitHubRefChange(sha, isForced), GitHubJson.Default.GitHubRefChange) with { IsWrite = false }, cancellationToken);
    }

    private async Task TryDeleteBranchAsync(Repository repository, string branch, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteBranchAsync(repository, branch, cancellationToken);
        }
        catch (ForgeException)
        {
            // The refusal that led here is what the caller must hear; the empty branch is taken up again by the next try.
        }
    }

    private async Task<Offer> OpenAsync(Repository repository, CommitSha head, NewMergeRequest mergeRequest, CancellationToken cancellationToken)
    {
        var pull = new GitHubNewPull(mergeRequest.Title, mergeRequest.SourceBranch, mergeRequest.TargetBranch, mergeRequest.Body);
        var request = ForgeRequest.Post(Path(repository, "pulls"), pull, GitHubJson.Default.GitHubNewPull);
        var made = await SendAsync(repository, request, GitHubJson.Default.GitHubPull, cancellationToken);
        return new Offer(head, made.Number, made.HtmlUrl ?? "");
    }

    public Task UpdateMergeRequestAsync(Repository repository, long number, string body, MergeRequestChange change, CancellationToken cancellationToken)
    {
        var edit = new GitHubPullChange(body, change == MergeRequestChange.Close ? "closed" : null);
        return SendAsync(repository, ForgeRequest.Set(HttpMethod.Patch, Path(repository, $"pulls/{number}"), edit, GitHubJson.Default.GitHubPullChange), cancellationToken);
    }

    public async Task DeleteBranchAsync(Repository repository, string branch, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(repository, ForgeRequest.Delete(Path(repository, $"git/refs/heads/{ApiPath.Segments(branch)}")), cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound
            || (e.Problem == ForgeProblem.Invalid && e.Message.Contains("does not exist", StringComparison.OrdinalIgnoreCase)))
        {
            // Gone already.
        }
    }

    // Handles: "issue:ID" and "commit:ID".

    public async Task<CommentHandle> CreateCommentAsync(Repository repository, CommentTarget target, string body, CancellationToken cancellationToken)
    {
        var request = ForgeRequest.Post(Path(repository, CommentsPath(target)), new GitHubBody(body), GitHubJson.Default.GitHubBody);
        var comment = await SendAsync(repository, request, GitHubJson.Default.GitHubComment, cancellationToken);
        return HandleOf(target, comment);
    }

    public Task EditCommentAsync(Repository repository, CommentHandle comment, string body, CancellationToken cancellationToken) =>
        SendAsync(repository, ForgeRequest.Set(HttpMethod.Patch, Path(repository, CommentPath(comment)), new GitHubBody(body), GitHubJson.Default.GitHubBody), cancellationToken);

    public async Task<CommentHandle?> FindCommentAsync(Repository repository, CommentTarget target, string marker, CancellationToken cancellationToken)
    {
        var account = await ReadAccountAsync(repository, cancellationToken);
        var request = Get(repository, $"{CommentsPath(target)}?per_page=100");
        await foreach (var page in http.PagesFromEndAsync(account, request, GitHubJson.Default.IReadOnlyListGitHubComment, calls, cancellationToken))
        {
            foreach (var comment in page.Reverse())
            {
                var hasMarker = comment.Body?.Contains(marker, StringComparison.Ordinal) == true;
                if (hasMarker && await tokens.IsOwnAsync(comment, calls, cancellationToken)) return HandleOf(target, comment);
            }
        }

        return null;
    }

    public async Task<CommentHandle> SuggestAsync(Repository repository, MergeRequest mergeRequest, Suggestion suggestion, CancellationToken cancellationToken)
    {
        var path = $"pulls/{mergeRequest.Number}/comments";
        var account = await ReadAccountAsync(repository, cancellationToken);
        await foreach (var page in http.PagesAsync(account, Get(repository, $"{path}?per_page=100"), GitHubJson.Default.IReadOnlyListGitHubComment, calls, cancellationToken))
            foreach (var comment in page)
                if (comment.Body?.Contains(suggestion.Body, StringComparison.Ordinal) == true && await tokens.IsOwnAsync(comment, calls, cancellationToken))
                    return new CommentHandle($"review:{comment.Id}");
        var isOneLine = suggestion.StartLine == suggestion.EndLine;
        var body = new GitHubNewReviewComment(
            $"{suggestion.Body}\n\n```suggestion\n{suggestion.Text}\n```", mergeRequest.Head.Value, suggestion.Path, suggestion.EndLine, "RIGHT",
            isOneLine ? null : suggestion.StartLine, isOneLine ? null : "RIGHT");
        var made = await SendAsync(
            repository, ForgeRequest.Post(Path(repository, path), body, GitHubJson.Default.GitHubNewReviewComment), GitHubJson.Default.GitHubComment, cancellationToken);
        return new CommentHandle($"review:{made.Id}");
    }

    /// <summary>A re-run takes the same commit, so it would not see what has landed: the branch has to be updated, which is its author's business.</summary>
    public Task<bool> RunMergeRequestAgainAsync(Repository repository, long number, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task AddReactionAsync(Repository repository, CommentHandle comment, string emoji, CancellationToken cancellationToken)
    {
        var reaction = emoji switch { "thumbs_up" => "+1", "thumbs_down" => "-1", _ => emoji };
        // 200 where it is there already.
        var request = ForgeRequest.Post(Path(repository, $"{CommentPath(comment)}/reactions"), new GitHubReaction(reaction), GitHubJson.Default.GitHubReaction);
        return SendAsync(repository, request with { IsRepeatable = true }, cancellationToken);
    }

    private static string CommentsPath(CommentTarget target) => target switch
    {
        CommentTarget.OnMergeRequest on => $"issues/{on.Number}/comments",
        CommentTarget.OnCommit on => $"commits/{on.Sha}/comments",
        _ => throw new ArgumentOutOfRangeException(nameof(target)),
    };

    private static CommentHandle HandleOf(CommentTarget target, GitHubComment comment) => new($"{(target is CommentTarget.OnCommit ? "commit" : "issue")}:{comment.Id}");

    private static string CommentPath(CommentHandle handle) => handle.Value.Split(':') switch
    {
        ["issue", var id] when IsNumber(id) => $"issues/comments/{id}",
        ["commit", var id] when IsNumber(id) => $"comments/{id}",
        _ => throw new ForgeException(ForgeProblem.Invalid, "Not a handle of a GitHub comment."),
    };

    private static bool IsNumber(string text) => text.Length is > 0 and < 20 && text.All(char.IsAsciiDigit);

    /// <summary>A login can pass to another person, so the answer's user id has to be the one asked for.</summary>
    public async Task<Permission> GetPermissionAsync(Repository repository, long userId, string userName, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(repository, Get(repository, $"collaborators/{ApiPath.Whole(userName)}/permission"), cancellationToken);
        if (answer is null) return Permission.None;
        var permission = answer.Read(GitHubJson.Default.GitHubPermission);
        if (permission.User?.Id != userId) return Permission.None;
        return Rank(permission.RoleName) ?? Rank(permission.Permission) ?? Permission.None;
    }

    // An organisation's own roles have their own names; "permission" then has the nearest of the old four.
    private static Permission? Rank(string? role) => role switch
    {
        "admin" => Permission.Admin,
        "maintain" => Permission.Maintain,
        "write" => Permission.Write,
        "triage" => Permission.Triage,
        "read" => Permission.Read,
        "none" => Permission.None,
        _ => null,
    };

    public Task<IReadOnlyList<string>?> LintCiAsync(Repository repository, string content, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>?>(null);

    public async Task<GitAccess> GetGitAccessAsync(Repository repository, CancellationToken cancellationToken)
    {
        await tokens.CheckNameAsync(repository, calls, cancellationToken);
        var account = await tokens.AccountAsync(repository, calls, cancellationToken);
        var credential = await account.GetCredentialAsync(calls, cancellationToken);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"x-access-token:{credential.Secret}"));
        return new GitAccess($"{ServerUrl(http.ApiUrl)}{ApiPath.Segments(repository.FullName)}.git", "Authorization", $"Basic {basic}");
    }

    // https://api.github.com/ -> https://github.com/; https://api.acme.ghe.com/ -> https://acme.ghe.com/; https://git.acme.example/api/v3/ -> https://git.acme.example/
    private static string ServerUrl(Uri api)
    {
        if (api.Host == "api.github.com" || (api.Host.StartsWith("api.", StringComparison.Ordinal) && api.Host.EndsWith(".ghe.com", StringComparison.Ordinal)))
            return $"{api.Scheme}://{api.Host["api.".Length..]}/";
        var url = api.AbsoluteUri;
        return url.EndsWith("/api/v3/", StringComparison.Ordinal) ? url[..^"api/v3/".Length] : url;
    }

    // Requests

    private static string Path(Repository repository, string rest) => $"repos/{Name(repository)}/{rest}";

    internal static string Name(Repository repository) =>
        repository.FullName.Count(c => c == '/') == 1
            ? ApiPath.Segments(repository.FullName)
            : throw new ForgeException(ForgeProblem.Invalid, "A GitHub repository is named owner/name.");

    private static ForgeRequest Get(Repository repository, string rest) => ForgeRequest.Get(Path(repository, rest)) with { Accept = "application/vnd.github+json" };

    private async Task<ForgeAccount> ReadAccountAsync(Repository repository, CancellationToken cancellationToken)
    {
        // Asked beside the first reads, so that the first write need not wait for it.
        _ = ObserveAsync(tokens.CheckNameAsync(repository, calls, cancellationToken));
        return await tokens.AccountAsync(repository, calls, cancellationToken);
    }

    private static async Task ObserveAsync(Task check)
    {
        try
        {
            await check;
        }
        catch (Exception e) when (e is ForgeException or OperationCanceledException)
        {
            // The first write asks again and throws.
        }
    }

    private async Task<ForgeAccount> WriteAccountAsync(Repository repository, CancellationToken cancellationToken)
    {
        await tokens.CheckNameAsync(repository, calls, cancellationToken);
        return await tokens.AccountAsync(repository, calls, cancellationToken);
    }

    private async Task<ForgeAnswer> SendAsync(Repository repository, ForgeRequest request, CancellationToken cancellationToken)
    {
        var account = request.Method == HttpMethod.Get ? await ReadAccountAsync(repository, cancellationToken) : await WriteAccountAsync(repository, cancellationToken);
        return await http.SendAsync(account, request.Method == HttpMethod.Get ? request : request with { Accept = "application/vnd.github+json" }, calls, cancellationToken);
    }

    private async Task<T> SendAsync<T>(Repository repository, ForgeRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        (await SendAsync(repository, request, cancellationToken)).Read(type);

    /// <summary><c>null</c> for 404.</summary>
    private async Task<ForgeAnswer?> FindAsync(Repository repository, ForgeRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(repository, request, cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
    }

    private static MergeRequest MergeRequestOf(Repository repository, GitHubPull pull) =>
        new(pull.Number, pull.HtmlUrl ?? "", pull.Head.Ref, pull.Base.Ref, CommitSha.Parse(pull.Head.Sha),
            IsFromFork: pull.Head.Repo?.Id != repository.Id, IsOpen: pull.State == "open", IsMerged: pull.Merged ?? pull.MergedAt is not null);

    private static bool IsList(ForgeAnswer answer) => answer.Body.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("["u8);

    private static byte[] FromBase64(string content)
    {
        try
        {
            return Convert.FromBase64String(content);
        }
        catch (FormatException e)
        {
            throw new ForgeException(ForgeProblem.ServerError, "GitHub's answer holds a file that is not base64.", inner: e);
        }
    }

    private static bool IsText(ReadOnlySpan<byte> content) => Utf8.IsValid(content) && !content.Contains((byte)0);

    /// <summary>The id git gives a file's content: what the contents endpoint wants to know, without asking for it first.</summary>
    private static string BlobSha(ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {content.Length}\0"));
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
