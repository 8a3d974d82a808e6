namespace QMoi.Simulator;

public sealed class SimulatedComment
{
    internal SimulatedComment(long id, SimulatedUser author, string body, DateTimeOffset now) =>
        (Id, Author, Body, CreatedAt, UpdatedAt) = (id, author, body, now, now);

    public long Id { get; }
    public SimulatedUser Author { get; }
    public string Body { get; internal set; }
    public DateTimeOffset CreatedAt { get; }
    public DateTimeOffset UpdatedAt { get; internal set; }

    /// <summary>GitLab only: the thread the comment stands in.</summary>
    public string DiscussionId { get; internal init; } = Guid.NewGuid().ToString("N");

    /// <summary>The commit, for a comment on a commit.</summary>
    public string? CommitSha { get; internal init; }
    public string? Path { get; internal init; }
    public int? Line { get; internal init; }

    /// <summary>The first of several lines that a comment on a change is about.</summary>
    public int? StartLine { get; internal init; }

    public IReadOnlyList<SimulatedReaction> Reactions => [.. ReactionList];
    internal List<SimulatedReaction> ReactionList { get; } = [];
}

public sealed record SimulatedReaction(long Id, SimulatedUser Author, string Content, DateTimeOffset CreatedAt);

public sealed record SimulatedLabel(long Id, string Name, string Color, string Description);

public sealed record SimulatedStatus(long Id, string Sha, string State, string Context, string? Description, string? TargetUrl, SimulatedUser Creator,
    DateTimeOffset CreatedAt);
