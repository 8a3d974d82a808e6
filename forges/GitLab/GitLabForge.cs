using System.Text;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using QMoi.Fixers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitLab;

/// <summary>GitLab's REST API (docs.gitlab.com/api/rest, version 4) behind the bot's verbs. Projects are named by their numeric id only.</summary>
internal sealed class GitLabForge(ForgeHttp http, GitLabTokens tokens) : IForge
{
    /// <summary>Larger files are not read: nothing that the bot repairs is that large.</summary>
    private const int MaxFile = 4 * 1024 * 1024;

    private readonly CallLog calls = new();

    /// <summary>Nothing beyond the credential is sent with every request.</summary>
    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>();

    public ForgeKind Kind => ForgeKind.GitLab;

    public IReadOnlyList<ForgeCall> Calls => calls.InOrder();

    public async Task<string?> GetPipelineErrorsAsync(Repository repository, long pipelineId, CancellationToken cancellationToken)
    {
        var pipeline = await SendAsync(ForgeRequest.Get(Path(repository, $"pipelines/{pipelineId}")), GitLabJson.Default.GitLabPipeline, cancellationToken);
        return string.IsNullOrWhiteSpace(pipeline.YamlErrors) ? null : pipeline.YamlErrors;
    }

    public async Task<IReadOnlyList<Job>> ListJobsAsync(Repository repository, long pipelineId, CancellationToken cancellationToken)
    {
        List<Job> jobs = [];
        var request = ForgeRequest.Get(Path(repository, $"pipelines/{pipelineId}/jobs?per_page=100"));
        await foreach (var page in http.PagesAsync(tokens.Account, request, GitLabJson.Default.IReadOnlyListGitLabJob, calls, cancellationToken))
            jobs.AddRange(page.Select(JobOf));
        return jobs;
    }

    private static Job JobOf(GitLabJob job) =>
        new(job.Id, job.Name, job.Stage, GitLabEvents.Status(job.Status), job.FailureReason, job.AllowFailure ?? false, job.WebUrl ?? "");

    public async Task<Stream?> OpenJobLogAsync(Repository repository, long jobId, CancellationToken cancellationToken)
    {
        var request = ForgeRequest.Get(Path(repository, $"jobs/{jobId}/trace")) with { TakesStream = true, Accept = "text/plain, */*" };
        var answer = await FindAsync(request, cancellationToken);
        if (answer is not { IsEmpty: true, Stream: { } stream }) return answer?.Stream;
        // An erased log is answered with 200 and nothing.
        await stream.DisposeAsync();
        return null;
    }

    public async Task<Job?> FindPassedJobAsync(Repository repository, Pipeline pipeline, string jobName, CancellationToken cancellationToken)
    {
        var request = ForgeRequest.Get(Path(repository, $"pipelines?ref={ApiPath.Query(repository.DefaultBranch)}&status=success&order_by=id&sort=desc&per_page=1"));
        var passed = await SendAsync(request, GitLabJson.Default.IReadOnlyListGitLabPipeline, cancellationToken);
        if (passed.Count == 0) return null;
        return (await ListJobsAsync(repository, passed[0].Id, cancellationToken)).FirstOrDefault(job => job.Name == jobName && job.Status == RunStatus.Success);
    }

    public async Task<bool> HasPassedAsync(Repository repository, Pipeline pipeline, string jobName, CancellationToken cancellationToken)
    {
        // A job is a status of its commit; all=true adds the jobs that were run again since.
        var request = ForgeRequest.Get(Path(repository, $"repository/commits/{pipeline.Sha}/statuses?name={ApiPath.Query(jobName)}&all=true&per_page=100"));
        var answer = await FindAsync(request, cancellationToken);
        return (answer?.Read(GitLabJson.Default.IReadOnlyListGitLabStatus) ?? []).Any(status => status.Name == jobName && status.Status == "success");
    }

    public async Task RetryAsync(Repository repository, long pipelineId, IReadOnlyList<long> jobIds, CancellationToken cancellationToken)
    {
        foreach (var jobId in jobIds)
        {
            try
            {
                await SendAsync(ForgeRequest.Post(Path(repository, $"jobs/{jobId}/retry")), cancellationToken);
            }
            catch (ForgeException e) when (e.Problem == ForgeProblem.Forbidden && e.Message.Contains("not retryable", StringComparison.OrdinalIgnoreCase))
            {
                // Run again already, by an earlier run of this code or by a person: GitLab itself keeps it to once.
            }
        }
    }

    /// <summary><c>null</c> also for files over 4 MiB.</summary>
    public async Task<RepositoryFile?> ReadFileAsync(Repository repository, string path, string gitRef, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(ForgeRequest.Get(Path(repository, $"repository/files/{ApiPath.Whole(path)}?ref={ApiPath.Query(gitRef)}")), cancellationToken);
        if (answer is null) return null;
        var file = answer.Read(GitLabJson.Default.GitLabFile);
        var content = file.Encoding == "base64" ? FromBase64(file.Content) : Encoding.UTF8.GetBytes(file.Content);
        return content.Length > MaxFile ? null : new RepositoryFile(path, content, file.ExecuteFilemode);
    }

    public async Task<IReadOnlyList<TreeEntry>> ListFolderAsync(Repository repository, string folder, string gitRef, CancellationToken cancellationToken)
    {
        List<TreeEntry> entries = [];
        var path = folder.Length == 0 ? "" : $"&path={ApiPath.Whole(folder)}";
        var request = ForgeRequest.Get(Path(repository, $"repository/tree?ref={ApiPath.Query(gitRef)}{path}&per_page=100"));
        try
        {
            await foreach (var page in http.PagesAsync(tokens.Account, request, GitLabJson.Default.IReadOnlyListGitLabTreeItem, calls, cancellationToken))
                entries.AddRange(page.Select(item => new TreeEntry(item.Path, item.Type == "tree")));
        }
        catch (ForgeException e) when (IsMissing(e))
        {
            return [];
        }

        return entries;
    }

    public async Task<CommitSha?> GetBranchHeadAsync(Repository repository, string branch, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(ForgeRequest.Get(Path(repository, $"repository/branches/{ApiPath.Whole(branch)}")), cancellationToken);
        return answer is null ? null : CommitSha.Parse(answer.Read(GitLabJson.Default.GitLabBranch).Commit.Id);
    }

    public async Task<Commit?> ReadBranchAsync(Repository repository, string branch, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(ForgeRequest.Get(Path(repository, $"repository/branches/{ApiPath.Whole(branch)}")), cancellationToken);
        return answer?.Read(GitLabJson.Default.GitLabBranch).Commit is { } commit ? new Commit(CommitSha.Parse(commit.Id), [.. (commit.ParentIds ?? []).Select(CommitSha.Parse)], commit.Message ?? "") : null;
    }

    public async Task<MergeRequest?> FindMergeRequestAsync(Repository repository, CommitSha head, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(ForgeRequest.Get(Path(repository, $"repository/commits/{head}/merge_requests?per_page=100")), cancellationToken);
        var found = answer?.Read(GitLabJson.Default.IReadOnlyListGitLabMergeRequest) ?? [];
        var mergeRequest = found.FirstOrDefault(one => one.State == "opened" && one.Sha == head.Value && IsInto(repository, one));
        return mergeRequest is null ? null : MergeRequestOf(repository, mergeRequest, head);
    }

    public async Task<MergeRequest?> FindMergeRequestFromBranchAsync(Repository repository, string sourceBranch, CancellationToken cancellationToken)
    {
        var request = ForgeRequest.Get(Path(repository, $"merge_requests?state=all&source_branch={ApiPath.Query(sourceBranch)}&order_by=created_at&sort=desc&per_page=100"));
        var found = await SendAsync(request, GitLabJson.Default.IReadOnlyListGitLabMergeRequest, cancellationToken);
        var own = found.Where(one => one.SourceBranch == sourceBranch && one.SourceProjectId == repository.Id && IsInto(repository, one)).ToList();
        var mergeRequest = own.FirstOrDefault(one => one.State == "opened") ?? own.FirstOrDefault();
        return mergeRequest is null ? null : await MergeRequestOfAsync(repository, mergeRequest, cancellationToken);
    }

    private static bool IsInto(Repository repository, GitLabMergeRequest mergeRequest) =>
        mergeRequest.TargetProjectId is null || mergeRequest.TargetProjectId == repository.Id;

    public async Task<Offer> OfferAsync(Repository repository, NewCommit commit, NewMergeRequest mergeRequest, CancellationToken cancellationToken)
    {
        CommitSha head;
        try
        {
            head = await CommitAsync(repository, commit, cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Conflict)
        {
            head = await GetBranchHeadAsync(repository, commit.Branch, cancellationToken) ?? throw new ForgeException(e.Problem, e.Message, inner: e);
        }

        return await OpenAsync(repository, head, mergeRequest, cancellationToken);
    }

    /// <summary>One call makes the branch and the commit; a file's mode stays as it is.</summary>
    private async Task<CommitSha> CommitAsync(Repository repository, NewCommit commit, CancellationToken cancellationToken)
    {
        var body = new GitLabNewCommit(commit.Branch, commit.Parent.Value, commit.Message, [.. commit.Patch.Edits.Select(ActionOf)]);
        var request = ForgeRequest.Post(Path(repository, "repository/commits"), body, GitLabJson.Default.GitLabNewCommit);
        return CommitSha.Parse((await SendAsync(request, GitLabJson.Default.GitLabCommit, cancellationToken)).Id);
    }

    private static GitLabCommitAction ActionOf(FileEdit edit)
    {
        _ = ApiPath.Whole(edit.Path);
        switch (edit)
        {
            case FileEdit.Write write:
                var action = write.Before is null ? "create" : "update";
                return IsText(write.After.Span)
                    ? new GitLabCommitAction(action, edit.Path, Encoding.UTF8.GetString(write.After.Span), "text")
                    : new GitLabCommitAction(action, edit.Path, Convert.ToBase64String(write.After.Span), "base64");
            case FileEdit.SetExecutable set:
                return new GitLabCommitAction("chmod", edit.Path, ExecuteFilemode: set.IsExecutable);
            case FileEdit.Delete:
                return new GitLabCommitAction("delete", edit.Path);
            default:
                throw new ArgumentOutOfRangeException(nameof(edit));
        }
    }

    // A byte order mark goes as base64 too, so that nothing on the way takes it off.
    private static bool IsText(ReadOnlySpan<byte> content) =>
        Utf8.IsValid(content) && !content.Contains((byte)0) && !content.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]);

    /// <summary>The source branch is to be deleted when it is merged.</summary>
    private async Task<Offer> OpenAsync(Repository repository, CommitSha head, NewMergeRequest mergeRequest, CancellationToken cancellationToken)
    {
        var body = new GitLabNewMergeRequest(mergeRequest.SourceBranch, mergeRequest.TargetBranch, mergeRequest.Title, mergeRequest.Body, RemoveSourceBranch: true);
        var request = ForgeRequest.Post(Path(repository, "merge_requests"), body, GitLabJson.Default.GitLabNewMergeRequest);
        var made = await SendAsync(request, GitLabJson.Default.GitLabMergeRequest, cancellationToken);
        return new Offer(head, made.Iid, made.WebUrl ?? "");
    }

    public Task UpdateMergeRequestAsync(Repository repository, long number, string body, MergeRequestChange change, CancellationToken cancellationToken)
    {
        var edit = new GitLabMergeRequestEdit(body, change == MergeRequestChange.Close ? "close" : null);
        return SendAsync(ForgeRequest.Set(HttpMethod.Put, Path(repository, $"merge_requests/{number}"), edit, GitLabJson.Default.GitLabMergeRequestEdit), cancellationToken);
    }

    public async Task DeleteBranchAsync(Repository repository, string branch, CancellationToken cancellationToken) =>
        await FindAsync(ForgeRequest.Delete(Path(repository, $"repository/branches/{ApiPath.Whole(branch)}")), cancellationToken);

    // Handles: "merge_request:IID:NOTE" and "commit:SHA:DISCUSSION:NOTE". Plain comments on commits cannot be edited; notes of a discussion can.

    public async Task<CommentHandle> CreateCommentAsync(Repository repository, CommentTarget target, string body, CancellationToken cancellationToken)
    {
        switch (target)
        {
            case CommentTarget.OnMergeRequest on:
                var notes = ForgeRequest.Post(Path(repository, $"merge_requests/{on.Number}/notes"), new GitLabBody(body), GitLabJson.Default.GitLabBody);
                return HandleOf(on, await SendAsync(notes, GitLabJson.Default.GitLabNote, cancellationToken));
            case CommentTarget.OnCommit on:
                var discussions = ForgeRequest.Post(Path(repository, $"repository/commits/{on.Sha}/discussions"), new GitLabBody(body), GitLabJson.Default.GitLabBody);
                var discussion = await SendAsync(discussions, GitLabJson.Default.GitLabDiscussion, cancellationToken);
                return discussion.Notes is [var note, ..]
                    ? HandleOf(on, discussion, note)
                    : throw new ForgeException(ForgeProblem.ServerError, "GitLab's answer holds no note.");
            default:
                throw new ArgumentOutOfRangeException(nameof(target));
        }
    }

    public async Task<CommentHandle> SuggestAsync(Repository repository, MergeRequest mergeRequest, Suggestion suggestion, CancellationToken cancellationToken)
    {
        var on = new CommentTarget.OnMergeRequest(mergeRequest.Number);
        if (await FindCommentAsync(repository, on, suggestion.Body, cancellationToken) is { } known) return known;
        var request = ForgeRequest.Get(Path(repository, $"merge_requests/{mergeRequest.Number}"));
        var refs = (await SendAsync(request, GitLabJson.Default.GitLabMergeRequest, cancellationToken)).DiffRefs
            ?? throw new ForgeException(ForgeProblem.Invalid, "GitLab has not compared the merge request's branches yet.");
        // Counted from the line the note stands on.
        var body = $"{suggestion.Body}\n\n```suggestion:-{suggestion.EndLine - suggestion.StartLine}+0\n{suggestion.Text}\n```";
        var position = new GitLabPosition("text", refs.BaseSha, refs.StartSha, refs.HeadSha, suggestion.Path, suggestion.Path, suggestion.EndLine);
        var discussion = await SendAsync(
            ForgeRequest.Post(Path(repository, $"merge_requests/{mergeRequest.Number}/discussions"), new GitLabPositionedBody(body, position), GitLabJson.Default.GitLabPositionedBody),
            GitLabJson.Default.GitLabDiscussion, cancellationToken);
        return discussion.Notes is [var note, ..] ? HandleOf(on, note) : throw new ForgeException(ForgeProblem.ServerError, "GitLab's answer holds no note.");
    }

    public async Task<bool> RunMergeRequestAgainAsync(Repository repository, long number, CancellationToken cancellationToken)
    {
        await SendAsync(ForgeRequest.Post(Path(repository, $"merge_requests/{number}/pipelines")), cancellationToken);
        return true;
    }

    public Task EditCommentAsync(Repository repository, CommentHandle comment, string body, CancellationToken cancellationToken) =>
        SendAsync(ForgeRequest.Set(HttpMethod.Put, Path(repository, NotePath(comment)), new GitLabBody(body), GitLabJson.Default.GitLabBody), cancellationToken);

    public async Task<CommentHandle?> FindCommentAsync(Repository repository, CommentTarget target, string marker, CancellationToken cancellationToken)
    {
        switch (target)
        {
            case CommentTarget.OnMergeRequest on:
                var notes = ForgeRequest.Get(Path(repository, $"merge_requests/{on.Number}/notes?order_by=created_at&sort=desc&per_page=100"));
                await foreach (var page in http.PagesAsync(tokens.Account, notes, GitLabJson.Default.IReadOnlyListGitLabNote, calls, cancellationToken))
                    foreach (var note in page)
                        if (await IsItAsync(note, marker, cancellationToken)) return HandleOf(on, note);
                return null;
            case CommentTarget.OnCommit on:
                var discussions = ForgeRequest.Get(Path(repository, $"repository/commits/{on.Sha}/discussions?per_page=100"));
                await foreach (var page in http.PagesFromEndAsync(tokens.Account, discussions, GitLabJson.Default.IReadOnlyListGitLabDiscussion, calls, cancellationToken))
                    foreach (var discussion in page.Reverse())
                        foreach (var note in discussion.Notes)
                            if (await IsItAsync(note, marker, cancellationToken)) return HandleOf(on, discussion, note);
                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(target));
        }
    }

    private async Task<bool> IsItAsync(GitLabNote note, string marker, CancellationToken cancellationToken) =>
        note.System != true && note.Body?.Contains(marker, StringComparison.Ordinal) == true && await tokens.IsOwnAsync(note, calls, cancellationToken);

    /// <summary>GitLab has no reactions to notes on commits: nothing is done there (docs.gitlab.com/api/emoji_reactions, read 2026-11).</summary>
    public async Task AddReactionAsync(Repository repository, CommentHandle comment, string emoji, CancellationToken cancellationToken)
    {
        if (comment.Value.StartsWith("commit:", StringComparison.Ordinal)) return;
        var name = emoji switch { "thumbs_up" => "thumbsup", "thumbs_down" => "thumbsdown", _ => emoji };
        try
        {
            await SendAsync(ForgeRequest.Post(Path(repository, $"{NotePath(comment)}/award_emoji"), new GitLabAward(name), GitLabJson.Default.GitLabAward), cancellationToken);
        }
        catch (ForgeException e) when (e.Message.Contains("already been taken", StringComparison.OrdinalIgnoreCase))
        {
            // Given before; GitLab answers 404 and says so in words.
        }
    }

    private static CommentHandle HandleOf(CommentTarget.OnMergeRequest on, GitLabNote note) => new($"merge_request:{on.Number}:{note.Id}");

    private static CommentHandle HandleOf(CommentTarget.OnCommit on, GitLabDiscussion discussion, GitLabNote note) => new($"commit:{on.Sha}:{discussion.Id}:{note.Id}");

    private static string NotePath(CommentHandle handle) => handle.Value.Split(':') switch
    {
        ["merge_request", var number, var note] when IsId(number) && IsId(note) => $"merge_requests/{number}/notes/{note}",
        ["commit", var sha, var discussion, var note] when IsId(sha) && IsId(discussion) && IsId(note) => $"repository/commits/{sha}/discussions/{discussion}/notes/{note}",
        _ => throw new ForgeException(ForgeProblem.Invalid, "Not a handle of a GitLab note."),
    };

    private static bool IsId(string text) => text.Length is > 0 and <= 64 && text.All(char.IsAsciiHexDigit);

    public async Task<Permission> GetPermissionAsync(Repository repository, long userId, string userName, CancellationToken cancellationToken)
    {
        var answer = await FindAsync(ForgeRequest.Get(Path(repository, $"members/all/{userId}")), cancellationToken);
        if (answer is null) return Permission.None;
        var member = answer.Read(GitLabJson.Default.GitLabMember);
        if (member.Id != userId || member.State is not (null or "active")) return Permission.None;
        return member.AccessLevel switch
        {
            >= 50 => Permission.Admin,      // owner
            >= 40 => Permission.Maintain,
            >= 30 => Permission.Write,      // developer
            >= 20 => Permission.Triage,     // reporter
            >= 10 => Permission.Read,       // guest, planner (15)
            _ => Permission.None,           // minimal access
        };
    }

    public async Task<IReadOnlyList<string>?> LintCiAsync(Repository repository, string content, CancellationToken cancellationToken)
    {
        // Changes nothing: not a write, and the same twice as once.
        var request = ForgeRequest.Post(Path(repository, "ci/lint"), new GitLabLintRequest(content), GitLabJson.Default.GitLabLintRequest) with { IsWrite = false, IsRepeatable = true };
        var lint = await SendAsync(request, GitLabJson.Default.GitLabLint, cancellationToken);
        if (lint.Valid) return [];
        return lint.Errors is { Count: > 0 } errors ? errors : ["The CI file is not valid; GitLab does not say why."];
    }

    public Task<GitAccess> GetGitAccessAsync(Repository repository, CancellationToken cancellationToken) => GitAccessAsync(repository, cancellationToken);

    private async Task<GitAccess> GitAccessAsync(Repository repository, CancellationToken cancellationToken)
    {
        var credential = await tokens.Account.GetCredentialAsync(calls, cancellationToken);
        var api = http.ApiUrl.AbsoluteUri;
        var server = api.EndsWith("/api/v4/", StringComparison.Ordinal) ? api[..^"api/v4/".Length] : api;
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"oauth2:{credential.Secret}"));
        return new GitAccess($"{server}{ApiPath.Segments(repository.FullName)}.git", "Authorization", $"Basic {basic}");
    }

    // Requests

    private static string Path(Repository repository, string rest) => $"projects/{repository.Id}/{rest}";

    private Task<ForgeAnswer> SendAsync(ForgeRequest request, CancellationToken cancellationToken) => http.SendAsync(tokens.Account, request, calls, cancellationToken);

    private Task<T> SendAsync<T>(ForgeRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        http.SendAsync(tokens.Account, request, type, calls, cancellationToken);

    private async Task<ForgeAnswer?> FindAsync(ForgeRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(request, cancellationToken);
        }
        catch (ForgeException e) when (IsMissing(e))
        {
            return null;
        }
    }

    // "404 Project Not Found": everything is gone or hidden, which the caller must hear; "404 File Not Found" and its like are answers.
    private static bool IsMissing(ForgeException e) =>
        e.Problem == ForgeProblem.NotFound && !e.Message.Contains("Project Not Found", StringComparison.OrdinalIgnoreCase);

    private async Task<MergeRequest> MergeRequestOfAsync(Repository repository, GitLabMergeRequest mergeRequest, CancellationToken cancellationToken)
    {
        // A merge request just made may have no head yet: it is prepared in the background.
        var head = CommitSha.TryParse(mergeRequest.Sha, out var sha) ? sha : await GetBranchHeadAsync(repository, mergeRequest.SourceBranch, cancellationToken) ?? default;
        return MergeRequestOf(repository, mergeRequest, head);
    }

    private static MergeRequest MergeRequestOf(Repository repository, GitLabMergeRequest mergeRequest, CommitSha head) =>
        new(mergeRequest.Iid, mergeRequest.WebUrl ?? "", mergeRequest.SourceBranch, mergeRequest.TargetBranch, head,
            IsFromFork: mergeRequest.SourceProjectId is { } source && source != repository.Id, IsOpen: mergeRequest.State == "opened", IsMerged: mergeRequest.State == "merged");

    private static byte[] FromBase64(string content)
    {
        try
        {
            return Convert.FromBase64String(content);
        }
        catch (FormatException e)
        {
            throw new ForgeException(ForgeProblem.ServerError, "GitLab's answer holds a file that is not base64.", inner: e);
        }
    }
}
