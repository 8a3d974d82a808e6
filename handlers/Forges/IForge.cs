using QMoi.Fixers;

namespace QMoi.Handlers.Forges;

/// <summary>
/// The verbs the bot needs of a forge; one adapter per forge. Every verb throws <see cref="ForgeException"/> when the forge cannot be asked or refuses,
/// and honours the rate limits the forge has told. Reading verbs are safe to repeat; what creates something says how a repetition ends.
/// </summary>
public interface IForge
{
    ForgeKind Kind { get; }

    /// <summary>Requests sent so far for this unit of work, in order, redirects included: what the fix cost.</summary>
    IReadOnlyList<ForgeCall> Calls { get; }

    /// <summary>Errors that kept a pipeline from having jobs (GitLab <c>yaml_errors</c>), one a line; <c>null</c> when there are none.</summary>
    Task<string?> GetPipelineErrorsAsync(Repository repository, long pipelineId, CancellationToken cancellationToken);

    /// <summary>The latest attempt's jobs of a pipeline, in the forge's order.</summary>
    Task<IReadOnlyList<Job>> ListJobsAsync(Repository repository, long pipelineId, CancellationToken cancellationToken);

    /// <summary>A job's log as it comes; <c>null</c> when the job has none (404, erased, expired). The caller disposes it.</summary>
    Task<Stream?> OpenJobLogAsync(Repository repository, long jobId, CancellationToken cancellationToken);

    /// <summary>The job of that name in the latest successful pipeline (of the same workflow) of the default branch; <c>null</c> when there is none.</summary>
    Task<Job?> FindPassedJobAsync(Repository repository, Pipeline pipeline, string jobName, CancellationToken cancellationToken);

    /// <summary>True when a job of that name has passed on the pipeline's commit, in this pipeline's earlier attempts or in another (of the same workflow).</summary>
    Task<bool> HasPassedAsync(Repository repository, Pipeline pipeline, string jobName, CancellationToken cancellationToken);

    /// <summary>Runs the failed jobs of a finished pipeline again. Jobs that were run again already are not run a second time.</summary>
    Task RetryAsync(Repository repository, long pipelineId, IReadOnlyList<long> jobIds, CancellationToken cancellationToken);

    /// <summary><c>null</c> when there is no such file at the ref.</summary>
    Task<RepositoryFile?> ReadFileAsync(Repository repository, string path, string gitRef, CancellationToken cancellationToken);

    /// <summary>The entries directly in a folder; empty when there is none.</summary>
    Task<IReadOnlyList<TreeEntry>> ListFolderAsync(Repository repository, string folder, string gitRef, CancellationToken cancellationToken);

    /// <summary><c>null</c> when the branch does not exist.</summary>
    Task<CommitSha?> GetBranchHeadAsync(Repository repository, string branch, CancellationToken cancellationToken);

    /// <summary>The commit that a branch stands at; <c>null</c> when the branch does not exist.</summary>
    Task<Commit?> ReadBranchAsync(Repository repository, string branch, CancellationToken cancellationToken);

    /// <summary>The open merge request that has the commit at its head, from this repository or a fork; <c>null</c> when there is none.</summary>
    Task<MergeRequest?> FindMergeRequestAsync(Repository repository, CommitSha head, CancellationToken cancellationToken);

    /// <summary>A merge request (any state) from a branch of the repository itself; <c>null</c> when there is none. Used to look an effect up after a crash.</summary>
    Task<MergeRequest?> FindMergeRequestFromBranchAsync(Repository repository, string sourceBranch, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a new branch at <see cref="NewCommit.Parent"/> with one commit on it, and a merge request from it. What an earlier run has made of that is taken up: a branch
    /// of that name is believed to hold the commit, unless it stands at the parent still; an open merge request from it is a <see cref="ForgeProblem.Conflict"/>, and
    /// the caller looks it up. A refusal leaves no branch without the commit; one of the merge request alone leaves
    /// the branch with it, for the caller to remove.
    /// </summary>
    Task<Offer> OfferAsync(Repository repository, NewCommit commit, NewMergeRequest mergeRequest, CancellationToken cancellationToken);

    /// <summary>
    /// Proposes other text for lines of a merge request's diff, to be taken over with one click. Lines outside the diff are <see cref="ForgeProblem.Invalid"/>.
    /// A suggestion with the same words is looked for first, so twice is the same as once.
    /// </summary>
    Task<CommentHandle> SuggestAsync(Repository repository, MergeRequest mergeRequest, Suggestion suggestion, CancellationToken cancellationToken);

    /// <summary>
    /// Starts a new pipeline for a merge request, so that what has landed on its target branch counts. <c>false</c> where the forge has none (GitHub: a pull request
    /// runs again when its branch is updated).
    /// </summary>
    Task<bool> RunMergeRequestAgainAsync(Repository repository, long number, CancellationToken cancellationToken);

    /// <summary>Replaces the body and, where asked, closes. Twice is the same as once.</summary>
    Task UpdateMergeRequestAsync(Repository repository, long number, string body, MergeRequestChange change, CancellationToken cancellationToken);

    /// <summary>Deleting a branch that is gone is not an error.</summary>
    Task DeleteBranchAsync(Repository repository, string branch, CancellationToken cancellationToken);

    /// <summary>Comments on a merge request or a commit and returns the comment's handle, to be edited by.</summary>
    Task<CommentHandle> CreateCommentAsync(Repository repository, CommentTarget target, string body, CancellationToken cancellationToken);

    Task EditCommentAsync(Repository repository, CommentHandle comment, string body, CancellationToken cancellationToken);

    /// <summary>The bot's own comment that contains the marker; <c>null</c> when there is none. Used to look an effect up after a crash.</summary>
    Task<CommentHandle?> FindCommentAsync(Repository repository, CommentTarget target, string marker, CancellationToken cancellationToken);

    /// <summary>An emoji (<c>eyes</c>, <c>thumbs_up</c>, <c>thumbs_down</c>, <c>confused</c>) on a comment. Twice is the same as once.</summary>
    Task AddReactionAsync(Repository repository, CommentHandle comment, string emoji, CancellationToken cancellationToken);

    Task<Permission> GetPermissionAsync(Repository repository, long userId, string userName, CancellationToken cancellationToken);

    /// <summary>Checks a CI file's text in the repository's context; an empty list is valid. <c>null</c> where the forge offers no such check (GitHub).</summary>
    Task<IReadOnlyList<string>?> LintCiAsync(Repository repository, string content, CancellationToken cancellationToken);

    /// <summary>How git reads the repository: the URL without credentials, and the header that authenticates.</summary>
    Task<GitAccess> GetGitAccessAsync(Repository repository, CancellationToken cancellationToken);
}

/// <summary>Makes adapters. One adapter serves one unit of work, so that its calls can be counted; tokens and limits are shared below it.</summary>
public interface IForges
{
    /// <summary>Throws <see cref="ForgeException"/> with <see cref="ForgeProblem.NotConfigured"/> when no token is set for the forge.</summary>
    IForge Open(Repository repository);

    /// <summary><c>null</c> when no token is set for the forge.</summary>
    IForgeHistory? History(ForgeKind forge);

    /// <summary>Under which name the forge knows the bot. Throws <see cref="ForgeException"/> where it cannot be asked, or does not know it.</summary>
    Task<string> OwnNameAsync(ForgeKind forge, CancellationToken cancellationToken);
}
