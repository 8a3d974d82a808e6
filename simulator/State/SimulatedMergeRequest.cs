namespace QMoi.Simulator;

public enum MergeRequestState
{
    Open,
    Closed,
    Merged,
}

public sealed class SimulatedMergeRequest
{
    internal SimulatedMergeRequest(SimulatedRepository repository, SimulatedRepository source, long id, int number) =>
        (Repository, Source, Id, Number) = (repository, source, id, number);

    public SimulatedRepository Repository { get; }

    /// <summary>Where the source branch lives: the repository itself, or a fork.</summary>
    public SimulatedRepository Source { get; }
    public bool IsFromFork => Source != Repository;
    public long Id { get; }
    public int Number { get; }
    public required SimulatedUser Author { get; init; }
    public required string Title { get; set; }
    public required string Body { get; set; }
    public required string SourceBranch { get; init; }
    public required string TargetBranch { get; set; }
    public required string HeadSha { get; set; }
    public required string BaseSha { get; init; }
    public bool IsDraft { get; internal set; }
    public MergeRequestState State { get; internal set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; internal set; }
    public DateTimeOffset? ClosedAt { get; internal set; }
    public SimulatedUser? MergedBy { get; internal set; }
    public string? MergeSha { get; internal set; }
    public IReadOnlyList<string> Labels => [.. LabelNames];
    public IReadOnlyList<SimulatedComment> Comments => [.. CommentList];
    /// <summary>Comments on lines of the change. GitLab has them among <see cref="Comments"/> too.</summary>
    public IReadOnlyList<SimulatedComment> LineComments => Repository.Forge.Snapshot(LineCommentList);
    public IReadOnlyList<SimulatedReaction> Reactions => [.. ReactionList];

    internal List<string> LabelNames { get; } = [];
    internal List<SimulatedComment> CommentList { get; } = [];
    internal List<SimulatedComment> LineCommentList { get; } = [];
    internal List<SimulatedReaction> ReactionList { get; } = [];
    internal GitCommit? HeadCommit { get; set; }

    /// <summary>A person comments.</summary>
    public SimulatedComment Comment(string body, SimulatedUser? author = null) =>
        Repository.Forge.CommentOn(this, body, author ?? Repository.Owner, null);

    /// <summary>Somebody edits a comment, such as by ticking a box in it. Whether the forge would let them is not asked here.</summary>
    public void EditComment(SimulatedComment comment, string body, SimulatedUser? by = null) =>
        Repository.Forge.EditComment(Repository, this, comment, body, by ?? Repository.Owner);

    public Task MergeAsync(SimulatedUser? by = null) => Repository.Forge.MergeAsync(this, by ?? Repository.Owner, null);

    public void Close(SimulatedUser? by = null) => Repository.Forge.Close(this, by ?? Repository.Owner);
}
