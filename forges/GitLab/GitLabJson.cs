using System.Text.Json.Serialization;

namespace QMoi.Forges.GitLab;

// Deliveries

internal sealed record GitLabDeliveryKind(string? ObjectKind = null);

internal sealed record GitLabPipelineDelivery(
    GitLabHookPipeline? ObjectAttributes = null, GitLabHookPipelineMergeRequest? MergeRequest = null, GitLabHookProject? Project = null,
    GitLabHookCommit? Commit = null, IReadOnlyList<GitLabHookBuild>? Builds = null);

internal sealed record GitLabHookPipeline(
    long Id, string Ref, string Sha, string Status, bool Tag = false, string? Name = null, string? Url = null, string? FinishedAt = null);

internal sealed record GitLabHookPipelineMergeRequest(long Iid, string? SourceBranch = null, long? SourceProjectId = null, long? TargetProjectId = null);

internal sealed record GitLabHookProject(long? Id = null, string? PathWithNamespace = null, string? DefaultBranch = null, string? WebUrl = null);

internal sealed record GitLabHookCommit(GitLabHookAuthor? Author = null);

internal sealed record GitLabHookAuthor(string? Name = null);

internal sealed record GitLabHookBuild(long Id, string Name, string? Stage = null, string? Status = null, string? FailureReason = null, bool AllowFailure = false);

internal sealed record GitLabMergeRequestDelivery(
    GitLabHookMergeRequest? ObjectAttributes = null, GitLabHookProject? Project = null, GitLabHookUser? User = null);

internal sealed record GitLabHookMergeRequest(
    long? Iid = null, string? SourceBranch = null, string? Action = null, long? SourceProjectId = null, GitLabHookSource? Source = null);

internal sealed record GitLabNoteDelivery(
    GitLabHookNote? ObjectAttributes = null, GitLabHookNoteTarget? MergeRequest = null, GitLabHookProject? Project = null, GitLabHookUser? User = null);

internal sealed record GitLabHookNote(long Id = 0, string? Note = null, string? Action = null, long? AuthorId = null, bool System = false);

internal sealed record GitLabHookNoteTarget(long Iid);

internal sealed record GitLabHookSource(string? PathWithNamespace = null);

internal sealed record GitLabHookUser(string? Username = null, long? Id = null);

// Answers

internal sealed record GitLabPipeline(long Id, string? YamlErrors = null);

internal sealed record GitLabJob(
    long Id, string Name, string? Stage = null, string? Status = null, string? FailureReason = null, bool? AllowFailure = null, string? WebUrl = null);

internal sealed record GitLabProjectHook(
    long Id, string? Url = null, string? AlertStatus = null, bool? SigningTokenPresent = null, bool? PipelineEvents = null, bool? MergeRequestsEvents = null, bool? NoteEvents = null);

internal sealed record GitLabNewHook(
    string Url, string Token, string? SigningToken, bool PipelineEvents, bool MergeRequestsEvents, bool NoteEvents, bool PushEvents, bool EnableSslVerification);

internal sealed record GitLabGroup(long Id, string FullPath);

internal sealed record GitLabProject(long Id, string PathWithNamespace, string? DefaultBranch = null, string? WebUrl = null);

internal sealed record GitLabEndedPipeline(
    long Id, string Sha, string Ref, string Status, DateTimeOffset UpdatedAt, DateTimeOffset? FinishedAt = null, bool Tag = false, string? Name = null, string? WebUrl = null);

internal sealed record GitLabCommitAuthor(string? AuthorName = null);

internal sealed record GitLabEndedMergeRequest(
    long Iid, string SourceBranch, string TargetBranch, string State, DateTimeOffset UpdatedAt, DateTimeOffset? ClosedAt = null, DateTimeOffset? MergedAt = null,
    long? SourceProjectId = null, long? TargetProjectId = null, string? WebUrl = null, GitLabHookUser? MergeUser = null, GitLabHookUser? MergedBy = null, GitLabHookUser? ClosedBy = null);

internal sealed record GitLabStatus(string? Name = null, string? Status = null);

internal sealed record GitLabFile(string FilePath, string Content, string Encoding = "base64", bool? ExecuteFilemode = null);

internal sealed record GitLabTreeItem(string Path, string Type);

internal sealed record GitLabBranch(GitLabCommit Commit);

internal sealed record GitLabCommit(string Id, IReadOnlyList<string>? ParentIds = null, string? Message = null);

internal sealed record GitLabMergeRequest(
    long Iid, string SourceBranch, string TargetBranch, string State, string? Sha = null, string? WebUrl = null, long? SourceProjectId = null, long? TargetProjectId = null,
    GitLabDiffRefs? DiffRefs = null);

internal sealed record GitLabDiffRefs(string BaseSha, string StartSha, string HeadSha);

internal sealed record GitLabDiscussion(string Id, IReadOnlyList<GitLabNote> Notes);

internal sealed record GitLabNote(long Id, string? Body = null, bool? System = null, GitLabUser? Author = null);

internal sealed record GitLabUser(long Id, string? Username = null);

internal sealed record GitLabMember(long Id, int AccessLevel, string? State = null);

internal sealed record GitLabLint(bool Valid, IReadOnlyList<string>? Errors = null);

// Requests

internal sealed record GitLabNewCommit(string Branch, string StartSha, string CommitMessage, IReadOnlyList<GitLabCommitAction> Actions);

internal sealed record GitLabCommitAction(string Action, string FilePath, string? Content = null, string? Encoding = null, bool? ExecuteFilemode = null);

internal sealed record GitLabNewMergeRequest(string SourceBranch, string TargetBranch, string Title, string Description, bool RemoveSourceBranch);

internal sealed record GitLabMergeRequestEdit(string Description, string? StateEvent);

internal sealed record GitLabBody(string Body);

internal sealed record GitLabPositionedBody(string Body, GitLabPosition Position);

internal sealed record GitLabPosition(string PositionType, string BaseSha, string StartSha, string HeadSha, string OldPath, string NewPath, int NewLine);

internal sealed record GitLabAward(string Name);

internal sealed record GitLabLintRequest(string Content);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(GitLabDeliveryKind))]
[JsonSerializable(typeof(GitLabPipelineDelivery))]
[JsonSerializable(typeof(GitLabMergeRequestDelivery))]
[JsonSerializable(typeof(GitLabNoteDelivery))]
[JsonSerializable(typeof(GitLabPipeline))]
[JsonSerializable(typeof(IReadOnlyList<GitLabPipeline>))]
[JsonSerializable(typeof(IReadOnlyList<GitLabJob>))]
[JsonSerializable(typeof(IReadOnlyList<GitLabStatus>))]
[JsonSerializable(typeof(GitLabProjectHook))]
[JsonSerializable(typeof(IReadOnlyList<GitLabProjectHook>))]
[JsonSerializable(typeof(GitLabNewHook))]
[JsonSerializable(typeof(GitLabGroup))]
[JsonSerializable(typeof(GitLabProject))]
[JsonSerializable(typeof(GitLabEndedPipeline))]
[JsonSerializable(typeof(GitLabCommitAuthor))]
[JsonSerializable(typeof(GitLabEndedMergeRequest))]
[JsonSerializable(typeof(GitLabFile))]
[JsonSerializable(typeof(IReadOnlyList<GitLabTreeItem>))]
[JsonSerializable(typeof(GitLabBranch))]
[JsonSerializable(typeof(GitLabMergeRequest))]
[JsonSerializable(typeof(IReadOnlyList<GitLabMergeRequest>))]
[JsonSerializable(typeof(GitLabDiscussion))]
[JsonSerializable(typeof(IReadOnlyList<GitLabDiscussion>))]
[JsonSerializable(typeof(GitLabNote))]
[JsonSerializable(typeof(IReadOnlyList<GitLabNote>))]
[JsonSerializable(typeof(GitLabMember))]
[JsonSerializable(typeof(GitLabLint))]
[JsonSerializable(typeof(GitLabNewCommit))]
[JsonSerializable(typeof(GitLabNewMergeRequest))]
[JsonSerializable(typeof(GitLabMergeRequestEdit))]
[JsonSerializable(typeof(GitLabBody))]
[JsonSerializable(typeof(GitLabPositionedBody))]
[JsonSerializable(typeof(GitLabAward))]
[JsonSerializable(typeof(GitLabLintRequest))]
internal sealed partial class GitLabJson : JsonSerializerContext;
