namespace QMoi.Simulator;

/// <summary>What happens on a forge when somebody pushes, offers a change or comments.</summary>
public abstract partial class SimulatedForge
{
    /// <param name="skipCi">The push said so: no pipeline is made for it.</param>
    internal async Task RefChangedAsync(SimulatedRepository repository, RefChange change, SimulatedUser actor, bool skipCi)
    {
        var commit = change.IsDeletion ? null : await repository.Git.CommitAsync(change.After);
        await Hooks.PushedAsync(repository, change, commit, actor);
        if (commit is null)
            return;
        var affected = change.IsTag ? [] : await MoveMergeRequestsAsync(repository, change, commit, actor);
        if (skipCi)
            return;
        var ci = new CiTrigger("push", change.ShortName, change.IsTag, commit, change.Before, affected.FirstOrDefault(mr => !mr.IsFromFork), actor);
        await StartPipelinesAsync(repository, ci);
        foreach (var mergeRequest in affected)
            await StartMergeRequestPipelinesAsync(mergeRequest, actor);
    }

    internal async Task<SimulatedMergeRequest> OpenMergeRequestAsync(SimulatedRepository repository, SimulatedRepository source, string sourceBranch,
        string targetBranch, string title, string body, SimulatedUser author, bool isDraft = false)
    {
        var head = await source.Git.CommitAsync($"refs/heads/{sourceBranch}") ?? throw new ArgumentException($"no branch {sourceBranch}", nameof(sourceBranch));
        var baseSha = await repository.Git.ResolveAsync($"refs/heads/{targetBranch}") ?? throw new ArgumentException($"no branch {targetBranch}", nameof(targetBranch));
        SimulatedMergeRequest mergeRequest;
        lock (Gate)
        {
            mergeRequest = new SimulatedMergeRequest(repository, source, NextId(), repository.MergeRequestList.Count + 1)
            {
                Author = author,
                Title = title,
                Body = body,
                SourceBranch = sourceBranch,
                TargetBranch = targetBranch,
                HeadSha = head.Sha,
                BaseSha = baseSha,
                CreatedAt = Now,
                UpdatedAt = Now,
                IsDraft = isDraft,
                HeadCommit = head,
            };
            repository.MergeRequestList.Add(mergeRequest);
        }
        await repository.Git.FetchAsync(source.Git, head.Sha, HeadRef(mergeRequest.Number));
        Hooks.MergeRequestChanged(mergeRequest, MergeRequestAction.Opened, null, author);
        await StartMergeRequestPipelinesAsync(mergeRequest, author);
        return mergeRequest;
    }

    internal SimulatedComment CommentOn(SimulatedMergeRequest mergeRequest, string body, SimulatedUser author, string? discussion)
    {
        lock (Gate)
        {
            var comment = new SimulatedComment(NextId(), author, body, Now) { DiscussionId = discussion ?? Guid.NewGuid().ToString("N") };
            mergeRequest.CommentList.Add(comment);
            mergeRequest.UpdatedAt = Now;
            Hooks.CommentCreated(mergeRequest.Repository, mergeRequest, comment);
            return comment;
        }
    }

    internal void EditComment(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment, string body, SimulatedUser by)
    {
        lock (Gate)
        {
            var before = comment.Body;
            (comment.Body, comment.UpdatedAt) = (body, Now);
            Hooks.CommentEdited(repository, mergeRequest, comment, before, by);
        }
    }

    /// <param name="startLine">Where it begins, when it is about several lines.</param>
    internal SimulatedComment CommentOnLine(SimulatedMergeRequest mergeRequest, string body, SimulatedUser author, string path, int line, int? startLine, bool isNote)
    {
        lock (Gate)
        {
            var comment = new SimulatedComment(NextId(), author, body, Now) { CommitSha = mergeRequest.HeadSha, Path = path, Line = line, StartLine = startLine };
            mergeRequest.LineCommentList.Add(comment);
            if (isNote)
            {
                mergeRequest.CommentList.Add(comment);
                Hooks.CommentCreated(mergeRequest.Repository, mergeRequest, comment);
            }
            mergeRequest.UpdatedAt = Now;
            return comment;
        }
    }

    internal SimulatedComment CommentOnCommit(SimulatedRepository repository, string sha, string body, SimulatedUser author, string? path, int? line,
        string? discussion = null)
    {
        lock (Gate)
        {
            var comment = new SimulatedComment(NextId(), author, body, Now)
            {
                CommitSha = sha,
                Path = path,
                Line = line,
                DiscussionId = discussion ?? Guid.NewGuid().ToString("N"),
            };
            repository.CommitCommentList.Add(comment);
            Hooks.CommentCreated(repository, null, comment);
            return comment;
        }
    }

    /// <returns>The merge commit; null when the two conflict.</returns>
    internal async Task<string?> MergeAsync(SimulatedMergeRequest mergeRequest, SimulatedUser by, string? message)
    {
        var git = mergeRequest.Repository.Git;
        var target = $"refs/heads/{mergeRequest.TargetBranch}";
        var into = await git.ResolveAsync(target);
        if (into is null || await git.MergedTreeAsync(into, mergeRequest.HeadSha) is not { } tree)
            return null;
        var signature = new GitSignature(by.Name, by.Email, Now);
        var sha = await git.WriteCommitAsync(tree, [into, mergeRequest.HeadSha],
            message ?? $"Merge branch '{mergeRequest.SourceBranch}' into '{mergeRequest.TargetBranch}'\n\n{mergeRequest.Title}", signature, signature);
        if (!await git.UpdateRefAsync(target, sha, into))
            return null;
        lock (Gate)
        {
            (mergeRequest.State, mergeRequest.MergedBy, mergeRequest.MergeSha) = (MergeRequestState.Merged, by, sha);
            mergeRequest.ClosedAt = mergeRequest.UpdatedAt = Now;
        }
        Hooks.MergeRequestChanged(mergeRequest, MergeRequestAction.Merged, null, by);
        await mergeRequest.Repository.NoticeRefsAsync(by);
        return sha;
    }

    internal void Close(SimulatedMergeRequest mergeRequest, SimulatedUser by) =>
        ChangeState(mergeRequest, MergeRequestState.Closed, MergeRequestAction.Closed, by);

    internal void Reopen(SimulatedMergeRequest mergeRequest, SimulatedUser by) =>
        ChangeState(mergeRequest, MergeRequestState.Open, MergeRequestAction.Reopened, by);

    /// <summary>The ref under which a merge request's head can be fetched from the repository itself.</summary>
    internal abstract string HeadRef(int number);

    private void ChangeState(SimulatedMergeRequest mergeRequest, MergeRequestState state, MergeRequestAction action, SimulatedUser by)
    {
        lock (Gate)
        {
            if (mergeRequest.State == state || mergeRequest.State == MergeRequestState.Merged)
                return;
            mergeRequest.State = state;
            mergeRequest.UpdatedAt = Now;
            mergeRequest.ClosedAt = state == MergeRequestState.Closed ? Now : null;
            Hooks.MergeRequestChanged(mergeRequest, action, null, by);
        }
    }

    private async Task<IReadOnlyList<SimulatedMergeRequest>> MoveMergeRequestsAsync(SimulatedRepository repository, RefChange change, GitCommit commit,
        SimulatedUser actor)
    {
        var affected = Repositories.SelectMany(target => target.MergeRequests)
            .Where(mr => mr.State == MergeRequestState.Open && mr.Source == repository && mr.SourceBranch == change.ShortName).ToList();
        foreach (var mergeRequest in affected)
        {
            await mergeRequest.Repository.Git.FetchAsync(repository.Git, commit.Sha, HeadRef(mergeRequest.Number));
            lock (Gate)
                (mergeRequest.HeadSha, mergeRequest.HeadCommit, mergeRequest.UpdatedAt) = (commit.Sha, commit, Now);
            Hooks.MergeRequestChanged(mergeRequest, MergeRequestAction.Updated, change.Before, actor);
        }
        return affected;
    }
}
