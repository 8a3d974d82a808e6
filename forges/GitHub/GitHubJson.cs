using System.Text.Json;
using System.Text.Json.Serialization;

namespace QMoi.Forges.GitHub;

// Deliveries

internal sealed record GitHubWorkflowRunDelivery(
    string? Action = null, GitHubWorkflowRun? WorkflowRun = null, GitHubRepository? Repository = null, GitHubInstallation? Installation = null);

internal sealed record GitHubWorkflowJobDelivery(
    GitHubWorkflowJob? WorkflowJob = null, GitHubRepository? Repository = null, GitHubInstallation? Installation = null);

internal sealed record GitHubPullRequestDelivery(
    string? Action = null, GitHubPull? PullRequest = null, GitHubRepository? Repository = null, GitHubInstallation? Installation = null,
    GitHubUser? Sender = null, JsonElement? Review = null, JsonElement? Comment = null);

internal sealed record GitHubIssueCommentDelivery(
    GitHubIssue? Issue = null, GitHubComment? Comment = null, GitHubUser? Sender = null, GitHubRepository? Repository = null, GitHubInstallation? Installation = null);

internal sealed record GitHubIssue(long Number, JsonElement? PullRequest = null);

internal sealed record GitHubWorkflowRun(
    long Id, string HeadSha, int RunAttempt = 1, string? Name = null, string? Path = null, string? HeadBranch = null, string? Status = null, string? Conclusion = null,
    string? HtmlUrl = null, GitHubRepositoryId? HeadRepository = null, IReadOnlyList<GitHubRunPull>? PullRequests = null, GitHubHeadCommit? HeadCommit = null);

internal sealed record GitHubRunPull(long Number, GitHubRunPullBase? Base = null);

internal sealed record GitHubRunPullBase(GitHubRepositoryId? Repo = null);

internal sealed record GitHubHeadCommit(GitHubAuthor? Author = null);

internal sealed record GitHubAuthor(string? Name = null);

internal sealed record GitHubRepositoryId(long Id);

internal sealed record GitHubRepository(long Id, string FullName, string? DefaultBranch = null, string? NodeId = null);

internal sealed record GitHubInstallation(long Id);

// Both

internal sealed record GitHubWorkflowJob(
    long Id, long RunId, string HeadSha, string Name, int RunAttempt = 1, string? HeadBranch = null, string? WorkflowName = null, string? Status = null,
    string? Conclusion = null, string? HtmlUrl = null);

internal sealed record GitHubPull(
    long Number, GitHubPullHead Head, GitHubPullBase Base, string State = "open", string? HtmlUrl = null, bool? Merged = null, DateTimeOffset? MergedAt = null);

internal sealed record GitHubPullHead(string Ref, string Sha, string? Label = null, GitHubRepositoryId? Repo = null);

internal sealed record GitHubPullBase(string Ref, GitHubRepositoryId? Repo = null);

internal sealed record GitHubUser(long Id, string? Login = null, string? Type = null);

// Answers

internal sealed record GitHubJobList(IReadOnlyList<GitHubWorkflowJob> Jobs);

internal sealed record GitHubRun(long Id, int RunAttempt = 1, string? Name = null);

internal sealed record GitHubRunList(IReadOnlyList<GitHubRun> WorkflowRuns);

internal sealed record GitHubHook(long Id, bool Active = true, GitHubHookConfig? Config = null, IReadOnlyList<string>? Events = null);

internal sealed record GitHubNewHook(string? Name, bool Active, IReadOnlyList<string> Events, GitHubNewHookConfig Config);

internal sealed record GitHubNewHookConfig(string Url, string ContentType, string Secret, string InsecureSsl);

internal sealed record GitHubOrganization(long Id, string Login);

internal sealed record GitHubHookConfig(string? Url = null);

internal sealed record GitHubHookDelivery(long Id, string Guid, DateTimeOffset DeliveredAt, string? Status = null, int? StatusCode = null);

internal sealed record GitHubEndedRun(long Id, DateTimeOffset UpdatedAt, int RunAttempt = 1, string? Status = null, string? Conclusion = null);

internal sealed record GitHubEndedPull(long Number, GitHubPullHead Head, DateTimeOffset UpdatedAt, DateTimeOffset? ClosedAt = null, DateTimeOffset? MergedAt = null);

internal sealed record GitHubToken(string Token, DateTimeOffset? ExpiresAt = null);

internal sealed record GitHubApp(long Id, string? Slug = null);

internal sealed record GitHubContent(string Path, string Type, string Sha, long Size = 0, string? Encoding = null, string? Content = null);

internal sealed record GitHubTree(string Sha, IReadOnlyList<GitHubTreeItem> Tree, bool Truncated = false);

internal sealed record GitHubTreeItem(string Path, string Mode, string Type, string? Sha = null);

internal sealed record GitHubRef(GitHubSha Object);

internal sealed record GitHubSha(string Sha);

internal sealed record GitHubCommit(string Sha, GitHubSha Tree, IReadOnlyList<GitHubSha>? Parents = null, string? Message = null);

internal sealed record GitHubContentWritten(GitHubSha Commit);

internal sealed record GitHubComment(long Id, string? Body = null, GitHubUser? User = null, GitHubApp? PerformedViaGithubApp = null);

internal sealed record GitHubPermission(string Permission, string? RoleName = null, GitHubUser? User = null);

// Requests

internal sealed record GitHubNewToken(IReadOnlyList<long> RepositoryIds);

internal sealed record GitHubNewRef(string Ref, string Sha);

internal sealed record GitHubRefChange(string Sha, bool Force);

internal sealed record GitHubNewContent(string Message, string Content, string Branch, string? Sha);

internal sealed record GitHubNewBlob(string Content, string Encoding);

/// <param name="Tree"><see cref="GitHubNewTreeText"/> and <see cref="GitHubNewTreeBlob"/>.</param>
internal sealed record GitHubNewTree(string BaseTree, IReadOnlyList<object> Tree);

internal sealed record GitHubNewTreeText(string Path, string Mode, string Type, string Content);

/// <param name="Sha"><c>null</c>, which is written, deletes the file.</param>
internal sealed record GitHubNewTreeBlob(string Path, string Mode, string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Sha);

internal sealed record GitHubNewCommit(string Message, string Tree, IReadOnlyList<string> Parents);

internal sealed record GitHubNewPull(string Title, string Head, string Base, string Body);

internal sealed record GitHubPullChange(string Body, string? State);

internal sealed record GitHubBody(string Body);

internal sealed record GitHubNewReviewComment(string Body, string CommitId, string Path, int Line, string Side, int? StartLine, string? StartSide);

internal sealed record GitHubReaction(string Content);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(GitHubWorkflowRunDelivery))]
[JsonSerializable(typeof(GitHubWorkflowJobDelivery))]
[JsonSerializable(typeof(GitHubPullRequestDelivery))]
[JsonSerializable(typeof(GitHubIssueCommentDelivery))]
[JsonSerializable(typeof(GitHubJobList))]
[JsonSerializable(typeof(GitHubRun))]
[JsonSerializable(typeof(GitHubRunList))]
[JsonSerializable(typeof(IReadOnlyList<GitHubHook>))]
[JsonSerializable(typeof(GitHubNewHook))]
[JsonSerializable(typeof(GitHubOrganization))]
[JsonSerializable(typeof(GitHubHookDelivery))]
[JsonSerializable(typeof(GitHubEndedRun))]
[JsonSerializable(typeof(GitHubEndedPull))]
[JsonSerializable(typeof(GitHubRepository))]
[JsonSerializable(typeof(GitHubToken))]
[JsonSerializable(typeof(GitHubApp))]
[JsonSerializable(typeof(GitHubTree))]
[JsonSerializable(typeof(GitHubRef))]
[JsonSerializable(typeof(GitHubCommit))]
[JsonSerializable(typeof(GitHubContent))]
[JsonSerializable(typeof(IReadOnlyList<GitHubContent>))]
[JsonSerializable(typeof(GitHubContentWritten))]
[JsonSerializable(typeof(IReadOnlyList<GitHubPull>))]
[JsonSerializable(typeof(IReadOnlyList<GitHubComment>))]
[JsonSerializable(typeof(GitHubPermission))]
[JsonSerializable(typeof(GitHubNewToken))]
[JsonSerializable(typeof(GitHubNewRef))]
[JsonSerializable(typeof(GitHubRefChange))]
[JsonSerializable(typeof(GitHubNewContent))]
[JsonSerializable(typeof(GitHubNewBlob))]
[JsonSerializable(typeof(GitHubNewTree))]
[JsonSerializable(typeof(GitHubNewTreeText))]
[JsonSerializable(typeof(GitHubNewTreeBlob))]
[JsonSerializable(typeof(GitHubNewCommit))]
[JsonSerializable(typeof(GitHubNewPull))]
[JsonSerializable(typeof(GitHubPullChange))]
[JsonSerializable(typeof(GitHubBody))]
[JsonSerializable(typeof(GitHubNewReviewComment))]
[JsonSerializable(typeof(GitHubReaction))]
internal sealed partial class GitHubJson : JsonSerializerContext;
