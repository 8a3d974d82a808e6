using System.Buffers;
using QMoi.Fixers;

namespace QMoi.Handlers.Forges;

public enum ForgeKind { GitHub, GitLab }

/// <summary>A repository as a delivery names it. Keyed by <see cref="Forge"/> and <see cref="Id"/>: names move, ids do not.</summary>
/// <param name="FullName"><c>owner/name</c>; on GitLab the path with all its groups.</param>
/// <param name="Installation">GitHub App installation that sent the delivery; <c>null</c> with a plain token and on GitLab.</param>
/// <param name="NodeId">Its id in GitHub's GraphQL API; <c>null</c> where the delivery does not tell it.</param>
public sealed record Repository(ForgeKind Forge, long Id, string FullName, string DefaultBranch, long? Installation = null, string? NodeId = null)
{
    /// <summary>The lane, and the prefix of effect keys: <c>github:1234</c>.</summary>
    public string Key => $"{(Forge == ForgeKind.GitHub ? "github" : "gitlab")}:{Id}";
}

/// <summary>A full commit id: 40 or 64 lower-case hex digits.</summary>
public readonly record struct CommitSha
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");
    private readonly string? value;

    private CommitSha(string value) => this.value = value;

    public string Value => value ?? throw new InvalidOperationException("An empty commit id.");

    /// <summary>The first eight digits, for people and branch names.</summary>
    public string Abbreviated => Value[..8];

    public static bool TryParse(string? text, out CommitSha sha)
    {
        var isSha = text is { Length: 40 or 64 } && !text.AsSpan().ContainsAnyExcept(LowerHex);
        sha = isSha ? new CommitSha(text!) : default;
        return isSha;
    }

    public static CommitSha Parse(string text) =>
        TryParse(text, out var sha) ? sha : throw new FormatException("A commit id has 40 or 64 lower-case hex digits.");

    public override string ToString() => value ?? "";
}

public enum RunStatus { Pending, Running, Success, Failed, Canceled, Skipped, Other }

/// <summary>One CI run for a commit.</summary>
/// <param name="Attempt">1 for the first run, more where the forge re-ran it (GitHub <c>run_attempt</c>); always 1 on GitLab.</param>
/// <param name="Branch">Branch name, or the tag's where <paramref name="IsTag"/>.</param>
/// <param name="CiFile">Path of the workflow's file; <c>null</c> on GitLab and where not known.</param>
/// <param name="IsFromFork">True when the commit lives in another repository than the pipeline reports to.</param>
/// <param name="MergeRequestNumber">Where the delivery names it.</param>
/// <param name="AuthorName">Author of the head commit; <c>null</c> where not known.</param>
public sealed record Pipeline(
    long Id, int Attempt, CommitSha Sha, string Branch, bool IsTag, RunStatus Status, string? Name, string? CiFile, string Url,
    bool IsFromFork, long? MergeRequestNumber, string? AuthorName);

/// <summary>One unit of a pipeline.</summary>
/// <param name="FailureReason">GitLab's <c>failure_reason</c>; <c>null</c> elsewhere.</param>
/// <param name="MayFail">GitLab's <c>allow_failure</c>: its failure does not fail the pipeline.</param>
public sealed record Job(long Id, string Name, string? Stage, RunStatus Status, string? FailureReason, bool MayFail, string Url);

/// <param name="IsFromFork">The source branch lives in another repository.</param>
public sealed record MergeRequest(
    long Number, string Url, string SourceBranch, string TargetBranch, CommitSha Head, bool IsFromFork, bool IsOpen, bool IsMerged);

/// <param name="Message">Whole commit message.</param>
public sealed record Commit(CommitSha Sha, IReadOnlyList<CommitSha> Parents, string Message);

/// <param name="Message">Whole commit message.</param>
public sealed record NewCommit(string Branch, CommitSha Parent, string Message, Patch Patch);

public sealed record NewMergeRequest(string SourceBranch, string TargetBranch, string Title, string Body);

/// <param name="Head">The commit offered.</param>
public sealed record Offer(CommitSha Head, long Number, string Url);

/// <summary>Lines of the new side of a merge request's diff and what should stand there.</summary>
/// <param name="StartLine">From 1; the first line replaced.</param>
/// <param name="EndLine">The last line replaced.</param>
/// <param name="Body">Words before the suggestion, Markdown; holds the marker by which it is found again.</param>
/// <param name="Text">The new lines, without the last line end; empty deletes the lines.</param>
public sealed record Suggestion(string Path, int StartLine, int EndLine, string Body, string Text);

public enum MergeRequestChange { BodyOnly, Close }

/// <summary>Where a comment goes.</summary>
public abstract record CommentTarget
{
    private CommentTarget() { }
    public sealed record OnMergeRequest(long Number) : CommentTarget;
    public sealed record OnCommit(CommitSha Sha) : CommentTarget;
}

/// <summary>What the adapter needs to edit a comment again; opaque elsewhere, kept in the store.</summary>
public sealed record CommentHandle(string Value);

/// <summary>Rights, ordered: each holds those before it.</summary>
public enum Permission { None, Read, Triage, Write, Maintain, Admin }

/// <param name="HeaderName">HTTP header that authenticates git, e.g. <c>Authorization</c>. Never put on a command line.</param>
public sealed record GitAccess(string Url, string HeaderName, string HeaderValue);

/// <summary>One HTTP request to a forge. Calls that overlap in time ran beside each other.</summary>
public sealed record ForgeCall(string Method, string Path, int Status, DateTimeOffset StartedAt, TimeSpan Elapsed)
{
    /// <summary>How many of the calls had to wait for the one before: the number of times the way to the forge and back was waited for.</summary>
    public static int CountSequential(IReadOnlyList<ForgeCall> calls)
    {
        var (count, last) = (0, DateTimeOffset.MinValue);
        foreach (var call in calls.OrderBy(call => call.StartedAt + call.Elapsed).Where(call => call.StartedAt >= last))
            (count, last) = (count + 1, call.StartedAt + call.Elapsed);
        return count;
    }
}

public enum ForgeProblem { Unreachable, RateLimited, ServerError, NotFound, Forbidden, Unauthorized, Conflict, Invalid, NotConfigured }

/// <summary>The forge could not be asked, or refused. The worker retries where <see cref="IsTransient"/>, not before <see cref="RetryAfter"/>.</summary>
public sealed class ForgeException(ForgeProblem problem, string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public ForgeProblem Problem { get; } = problem;

    public bool IsTransient => Problem is ForgeProblem.Unreachable or ForgeProblem.RateLimited or ForgeProblem.ServerError;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
