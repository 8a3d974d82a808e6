using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QMoi.Fixers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>
/// GitHub's GraphQL API, for the one thing that takes REST three requests, each waiting for the one before: branch, commit and pull request. It only makes things faster:
/// whatever its answer leaves open is done by REST, and a server that does not take it is not asked again for a while. Shared by all adapters.
/// </summary>
/// <remarks>Mutations of one request run in order, and one that fails does not stop those after it: docs.github.com/graphql (read 2026-11).</remarks>
internal sealed class GitHubGraphQl(ForgeHttp http, TimeProvider clock)
{
    /// <summary>GitHub ends a request that takes it more than 10 seconds, and this one does the work of three.</summary>
    private const int MaxFiles = 20;
    private const int MaxContent = 1024 * 1024;

    /// <summary>The content-creating limit is said to be one of actions, however they are sent; REST would count three.</summary>
    private const int Writes = 3;

    private const int NormalMode = 0x81A4;        // 0100644
    private const int ExecutableMode = 0x81ED;    // 0100755

    private static readonly TimeSpan AfterRefusal = TimeSpan.FromHours(1);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private long restFrom;
    private TimeSpan rest = TimeSpan.Zero;

    /// <summary>Below the API's own address; GitHub Enterprise Server has the one under /api/v3 and the other beside it.</summary>
    private string Path => http.ApiUrl.AbsolutePath.EndsWith("/api/v3/", StringComparison.Ordinal) ? "../graphql" : "graphql";

    /// <summary>Whether the patch can go this way: few whole files. The API knows no modes, so nothing that sets one or may have one.</summary>
    public bool Takes(Repository repository, Patch patch) =>
        repository.NodeId is not null && !IsResting() && patch.Edits.Count is > 0 and <= MaxFiles
        && patch.Edits.All(edit => edit is FileEdit.Delete || (edit is FileEdit.Write write && !GitHubForge.MayBeExecutable(write)))
        && patch.Edits.OfType<FileEdit.Write>().Sum(write => (long)write.After.Length) <= MaxContent;

    /// <summary>Asks for all three. What was made of them is told; nothing where the server does not take the request at all.</summary>
    /// <exception cref="ForgeException">Passing trouble: nobody knows what was made. The next try goes by REST, which looks.</exception>
    public async Task<GitHubMade> MakeAsync(
        ForgeAccount account, Repository repository, NewCommit commit, NewMergeRequest mergeRequest, CallLog calls, CancellationToken cancellationToken)
    {
        await account.Limits.TakeWritesAsync(Writes, cancellationToken);
        if (await SendAsync(account, Request(repository, commit, mergeRequest), calls, cancellationToken) is not var (answer, said)) return GitHubMade.Nothing;

        var errors = said.Errors ?? [];
        if (errors.FirstOrDefault(error => error.Message.Contains("secondary rate limit", StringComparison.OrdinalIgnoreCase)) is { } limit)
            throw new ForgeException(ForgeProblem.RateLimited, $"POST /graphql: {http.Refusals.OneLine(limit.Message)}", account.Limits.Learn(429, answer.Headers, limit.Message));
        if (said.Data is not { } data)
        {
            // What is named (a field the server does not know, its own budget used up) was refused before anything ran; what is not may have run.
            var isRefused = errors.Any(error => error.Type is not null || error.Extensions is not null);
            Rest(isRefused ? AfterRefusal : AfterTrouble);
            return isRefused ? GitHubMade.Nothing : throw new ForgeException(ForgeProblem.ServerError, $"POST /graphql: {http.Refusals.OneLine(errors is [var first, ..] ? first.Message : "no data")}");
        }

        var made = data.CreateCommitOnBranch?.Commit;
        return new GitHubMade(
            HasNewBranch: data.CreateRef is not null,
            Head: made is null ? null : CommitSha.Parse(made.Oid),
            HasKeptModes: made?.Parents.Nodes is [var parent, ..] && commit.Patch.Edits.Index().All(edit => IsPlain(edit.Item, parent.GetValueOrDefault(FileName(edit.Index))?.Mode)),
            Pull: data.CreatePullRequest?.PullRequest,
            IsForbidden: errors.Any(error => error.Type == "FORBIDDEN"));
    }

    /// <summary>What it forbids and REST does is not worth asking for.</summary>
    public void Refused() => Rest(AfterRefusal);

    /// <summary><c>null</c> where the server does not take it.</summary>
    private async Task<(ForgeAnswer Answer, GraphQlAnswer Said)?> SendAsync(ForgeAccount account, ForgeRequest request, CallLog calls, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await http.SendAsync(account, request, calls, cancellationToken);
            return (answer, answer.Read(GitHubGraphQlJson.Default.GraphQlAnswer));
        }
        catch (ForgeException e) when (e.Problem is ForgeProblem.NotFound or ForgeProblem.Forbidden or ForgeProblem.Invalid or ForgeProblem.Conflict)
        {
            Rest(AfterRefusal);
            return null;
        }
        catch (ForgeException e) when (e.Problem is ForgeProblem.ServerError or ForgeProblem.Unreachable)
        {
            Rest(AfterTrouble);
            throw;
        }
    }

    private ForgeRequest Request(Repository repository, NewCommit commit, NewMergeRequest mergeRequest)
    {
        var edits = commit.Patch.Edits;
        foreach (var path in edits.Select(edit => edit.Path).Append(commit.Branch)) _ = ApiPath.Segments(path);
        var lines = commit.Message.Split('\n', 2);
        var variables = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["ref"] = new CreateRefInput(repository.NodeId!, $"refs/heads/{commit.Branch}", commit.Parent.Value),
            ["commit"] = new CreateCommitOnBranchInput(
                new CommittableBranch(repository.FullName, commit.Branch),
                commit.Parent.Value,
                new CommitMessage(lines[0].TrimEnd(), lines.Length > 1 ? lines[1].Trim() : null),
                new FileChanges(
                    [.. edits.OfType<FileEdit.Write>().Select(write => new FileAddition(write.Path, Convert.ToBase64String(write.After.Span)))],
                    [.. edits.OfType<FileEdit.Delete>().Select(delete => new FileDeletion(delete.Path))])),
            ["pull"] = new CreatePullRequestInput(repository.NodeId!, mergeRequest.TargetBranch, mergeRequest.SourceBranch, mergeRequest.Title, mergeRequest.Body),
        };
        foreach (var (index, edit) in edits.Index()) variables[FileName(index)] = edit.Path;
        return ForgeRequest.Post(Path, new GraphQlRequest(Document(edits.Count), variables), GitHubGraphQlJson.Default.GraphQlRequest) with { IsWrite = false };
    }

    /// <summary>The modes are those of the files before, by the parent of the commit just made.</summary>
    private static string Document(int files)
    {
        var (variables, modes) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; i < files; i++)
        {
            variables.Append($", ${FileName(i)}: String!");
            modes.Append($" {FileName(i)}: file(path: ${FileName(i)}) {{ mode }}");
        }

        return $$"""
            mutation Fix($ref: CreateRefInput!, $commit: CreateCommitOnBranchInput!, $pull: CreatePullRequestInput!{{variables}}) {
              createRef(input: $ref) { ref { name } }
              createCommitOnBranch(input: $commit) { commit { oid parents(first: 1) { nodes {{{modes}} } } } }
              createPullRequest(input: $pull) { pullRequest { number url headRefOid } }
            }
            """;
    }

    private static string FileName(int index) => $"file{index}";

    /// <summary>A file that the API writes is a plain one afterwards; it has to have been one before, or none.</summary>
    private static bool IsPlain(FileEdit edit, int? mode) => edit switch
    {
        FileEdit.Write { Before: null } => mode is null,
        FileEdit.Write => mode == NormalMode,
        _ => mode is NormalMode or ExecutableMode,
    };

    private bool IsResting()
    {
        lock (gate) return rest > TimeSpan.Zero && clock.GetElapsedTime(restFrom) < rest;
    }

    private void Rest(TimeSpan time)
    {
        lock (gate) (restFrom, rest) = (clock.GetTimestamp(), time);
    }
}

/// <summary>What one request has made.</summary>
/// <param name="HasNewBranch">The branch was not there before.</param>
/// <param name="HasKeptModes">No file of the commit was an executable, a link or otherwise not what the patch believes.</param>
/// <param name="IsForbidden">Something was refused for want of a right.</param>
internal sealed record GitHubMade(bool HasNewBranch, CommitSha? Head, bool HasKeptModes, GraphQlPull? Pull, bool IsForbidden)
{
    public static GitHubMade Nothing { get; } = new(HasNewBranch: false, Head: null, HasKeptModes: true, Pull: null, IsForbidden: false);
}

// Requests; the names are those of GitHub's schema.

internal sealed record GraphQlRequest(string Query, IReadOnlyDictionary<string, object> Variables);

internal sealed record CreateRefInput(string RepositoryId, string Name, string Oid);

internal sealed record CreateCommitOnBranchInput(CommittableBranch Branch, string ExpectedHeadOid, CommitMessage Message, FileChanges FileChanges);

internal sealed record CommittableBranch(string RepositoryNameWithOwner, string BranchName);

internal sealed record CommitMessage(string Headline, string? Body);

internal sealed record FileChanges(IReadOnlyList<FileAddition> Additions, IReadOnlyList<FileDeletion> Deletions);

internal sealed record FileAddition(string Path, string Contents);

internal sealed record FileDeletion(string Path);

internal sealed record CreatePullRequestInput(string RepositoryId, string BaseRefName, string HeadRefName, string Title, string Body);

// Answers

/// <param name="Errors">With status 200 as well; the field that failed is <c>null</c> in the data then.</param>
internal sealed record GraphQlAnswer(GraphQlData? Data = null, IReadOnlyList<GraphQlError>? Errors = null);

internal sealed record GraphQlError(string Message, string? Type = null, JsonElement? Extensions = null);

internal sealed record GraphQlData(CreateRefPayload? CreateRef = null, CreateCommitOnBranchPayload? CreateCommitOnBranch = null, CreatePullRequestPayload? CreatePullRequest = null);

internal sealed record CreateRefPayload;

internal sealed record CreateCommitOnBranchPayload(GraphQlCommit? Commit = null);

internal sealed record GraphQlCommit(string Oid, GraphQlParents Parents);

internal sealed record GraphQlParents(IReadOnlyList<Dictionary<string, GraphQlTreeEntry?>> Nodes);

internal sealed record GraphQlTreeEntry(int Mode);

internal sealed record CreatePullRequestPayload(GraphQlPull? PullRequest = null);

internal sealed record GraphQlPull(long Number, string Url, string HeadRefOid);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(GraphQlRequest))]
[JsonSerializable(typeof(CreateRefInput))]
[JsonSerializable(typeof(CreateCommitOnBranchInput))]
[JsonSerializable(typeof(CreatePullRequestInput))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(GraphQlAnswer))]
internal sealed partial class GitHubGraphQlJson : JsonSerializerContext;
