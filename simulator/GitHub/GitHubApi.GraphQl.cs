using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>GraphQL: the mutations that make a branch, a commit and a pull request, with the errors that GitHub was seen to answer them with.</summary>
internal sealed partial class GitHubApi
{
    /// <summary>Who commits what is committed on the pages and by GraphQL.</summary>
    private static readonly (string Name, string Email) WebFlow = ("GitHub", "noreply@github.com");

    private void MapGraphQl() => Router.Map("POST /graphql", async call =>
    {
        if (!forge.TakesGraphQl)
            throw NotFound();
        var answer = await GraphQlExecution.RunAsync(
            GraphQlSchema.GitHub, call.Body, operation => new GraphQlObject(GraphQlSchema.GitHub.Root(operation).Name, (field, arguments) => RootFieldAsync(call, field, arguments)));
        return Answer.Ok(answer);
    });

    private async Task<object?> RootFieldAsync(Call call, string field, JsonObject arguments)
    {
        var fault = forge.TakeFault("GRAPHQL", field);
        if (fault is { Effect: FaultEffect.Answer })
            throw Refused("UNPROCESSABLE", fault.Body);
        if (fault is { Effect: FaultEffect.BreakBeforeEffect })
            throw new ConnectionBroken();
        var input = arguments["input"] as JsonObject ?? [];
        var made = field switch
        {
            "viewer" => GraphQlObject.Of("User", ("id", GitHubShapes.NodeId("User", call.User.Id)), ("login", call.User.Login)),
            "repository" => RepositoryNode(call, Named(call, $"{arguments["owner"]}/{arguments["name"]}")),
            "createRef" => await CreateRefAsync(call, input),
            "createCommitOnBranch" => await CreateCommitOnBranchAsync(call, input),
            "createPullRequest" => await CreatePullRequestAsync(call, input),
            _ => throw new InvalidOperationException($"{field} is in the schema and nowhere else"),
        };
        return fault is null ? made : throw new ConnectionBroken();
    }

    private async Task<GraphQlObject> CreateRefAsync(Call call, JsonObject input)
    {
        var repository = Writable(call, ById(call, input["repositoryId"]!.ToString()));
        var (name, sha) = (input["name"]!.ToString(), input["oid"]!.ToString());
        if (!name.StartsWith("refs/", StringComparison.Ordinal) || name.Count(c => c == '/') < 2)
            throw Refused("UNPROCESSABLE", $"\"{name}\" is not a valid ref name.");
        if (await repository.Git.ResolveAsync(sha) is null)
            throw Refused("UNPROCESSABLE", $"The given OID \"{sha}\" does not exist.");
        await AsGraphQlAsync(() => DemandWorkflowPermissionAsync(call, repository, sha));
        if (!await repository.Git.UpdateRefAsync(name, sha, GitRepository.NoSha))
            throw Refused("UNPROCESSABLE", $"A ref named \"{name}\" already exists in the repository.");
        await repository.NoticeRefsAsync(call.User);
        return Payload("CreateRefPayload", input, ("ref", RefNode(call, repository, name, sha)));
    }

    /// <summary>Every file that is added is a plain one afterwards, whatever it was before.</summary>
    private async Task<GraphQlObject> CreateCommitOnBranchAsync(Call call, JsonObject input)
    {
        var branch = input["branch"]!;
        if (branch["repositoryNameWithOwner"]?.ToString() is not { } fullName || branch["branchName"]?.ToString() is not { } branchName)
            throw Refused("UNPROCESSABLE", "A branch is named by its repository and its own name here.");
        var repository = Writable(call, Named(call, fullName));
        branchName = branchName.StartsWith("refs/heads/", StringComparison.Ordinal) ? branchName["refs/heads/".Length..] : branchName;
        var expected = input["expectedHeadOid"]!.ToString();
        var head = await repository.Git.ResolveAsync($"refs/heads/{branchName}") ?? throw Refused("NOT_FOUND", $"Could not resolve to a Ref with the name '{branchName}'.");
        if (head != expected)
            throw Stale(expected);
        var edits = new List<GitTreeEdit>();
        foreach (var addition in input["fileChanges"]?["additions"] as JsonArray ?? [])
            edits.Add(new GitTreeEdit(addition!["path"]!.ToString(), GitRepository.RegularFile, await repository.Git.WriteBlobAsync(Convert.FromBase64String(addition["contents"]!.ToString()))));
        foreach (var deletion in input["fileChanges"]?["deletions"] as JsonArray ?? [])
        {
            var path = deletion!["path"]!.ToString();
            if (await repository.Git.EntryAsync(head, path) is null)
                throw Refused("UNPROCESSABLE", $"A path was requested for deletion which does not exist as of commit oid `{head}`");
            edits.Add(new GitTreeEdit(path, GitRepository.RegularFile, null));
        }
        if (edits.FirstOrDefault(edit => IsWorkflow(edit.Path) && !forge.MayWriteWorkflows) is { } workflow)
            throw Refused("FORBIDDEN", Words(WorkflowRefused(workflow.Path)));
        var message = input["message"]!;
        var words = message["body"]?.ToString() is { Length: > 0 } body ? $"{message["headline"]}\n\n{body}" : message["headline"]!.ToString();
        var tree = await repository.Git.WriteTreeAsync(head, edits);
        var sha = await repository.Git.WriteCommitAsync(tree, [head], words, new GitSignature(call.User.Name, call.User.Email, forge.Now), new GitSignature(WebFlow.Name, WebFlow.Email, forge.Now));
        if (!await repository.Git.UpdateRefAsync($"refs/heads/{branchName}", sha, head))
            throw Stale(expected);
        await repository.NoticeRefsAsync(call.User);
        return Payload(
            "CreateCommitOnBranchPayload", input, ("commit", await CommitNodeAsync(call, repository, sha)), ("ref", RefNode(call, repository, $"refs/heads/{branchName}", sha)));
    }

    private async Task<GraphQlObject> CreatePullRequestAsync(Call call, JsonObject input)
    {
        var repository = ById(call, input["repositoryId"]!.ToString());
        var request = await AsGraphQlAsync(() => OpenPullAsync(
            call.User, repository, input["headRefName"]!.ToString(), input["baseRefName"]!.ToString(), input["title"]!.ToString(), input["body"]?.ToString() ?? "",
            isDraft: input["draft"]?.GetValue<bool>() == true));
        return Payload("CreatePullRequestPayload", input, ("pullRequest", GraphQlObject.Of(
            "PullRequest", ("id", GitHubShapes.NodeId("PullRequest", request.Id)), ("number", request.Number), ("url", $"{call.Root}/{repository.FullName}/pull/{request.Number}"),
            ("title", request.Title), ("body", request.Body), ("headRefName", request.SourceBranch), ("headRefOid", request.HeadSha), ("baseRefName", request.TargetBranch), ("isDraft", request.IsDraft))));
    }

    // Nodes

    private static GraphQlObject Payload(string type, JsonObject input, params (string Name, object? Value)[] fields) =>
        GraphQlObject.Of(type, [("clientMutationId", input["clientMutationId"]?.ToString()), .. fields]);

    private static GraphQlObject RepositoryNode(Call call, SimulatedRepository repository) => new("Repository", async (field, arguments) => field switch
    {
        "id" => GitHubShapes.NodeId("Repository", repository.Id),
        "name" => repository.Name,
        "nameWithOwner" => repository.FullName,
        "url" => $"{call.Root}/{repository.FullName}",
        _ => await repository.Git.ResolveAsync(arguments["qualifiedName"]!.ToString()) is { } sha ? RefNode(call, repository, arguments["qualifiedName"]!.ToString(), sha) : null,
    });

    private static GraphQlObject RefNode(Call call, SimulatedRepository repository, string fullName, string sha)
    {
        var at = fullName.IndexOf('/', "refs/".Length) + 1;
        return new GraphQlObject("Ref", async (field, _) => field switch
        {
            "id" => GitHubShapes.NodeId("Ref", fullName),
            "name" => fullName[at..],
            "prefix" => fullName[..at],
            _ => await CommitNodeAsync(call, repository, sha),
        });
    }

    private static async Task<GraphQlObject> CommitNodeAsync(Call call, SimulatedRepository repository, string sha)
    {
        var commit = (await repository.Git.CommitAsync(sha))!;
        return new GraphQlObject("Commit", async (field, arguments) => field switch
        {
            "id" => GitHubShapes.NodeId("Commit", sha),
            "oid" => sha,
            "url" => $"{call.Root}/{repository.FullName}/commit/{sha}",
            "message" => commit.Message,
            "messageHeadline" => commit.Title,
            "messageBody" => commit.Message[commit.Title.Length..].Trim(),
            "committedViaWeb" => commit.Committer.Email == WebFlow.Email,
            "file" => await repository.Git.EntryAsync(sha, arguments["path"]!.ToString()) is { } entry ? EntryNode(entry) : null,
            _ => await ParentsAsync(call, repository, commit, arguments),
        });
    }

    private static async Task<GraphQlObject> ParentsAsync(Call call, SimulatedRepository repository, GitCommit commit, JsonObject arguments)
    {
        if (arguments["first"] is null && arguments["last"] is null)
            throw Refused("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `parents` connection.");
        var nodes = new List<GraphQlObject>();
        foreach (var parent in commit.Parents.Take(arguments["first"]?.GetValue<int>() ?? int.MaxValue))
            nodes.Add(await CommitNodeAsync(call, repository, parent));
        return GraphQlObject.Of("CommitConnection", ("nodes", nodes), ("totalCount", commit.Parents.Count));
    }

    private static GraphQlObject EntryNode(GitTreeEntry entry) =>
        GraphQlObject.Of("TreeEntry", ("name", entry.Name), ("path", entry.Path), ("oid", entry.Sha), ("type", entry.Type), ("mode", Convert.ToInt32(entry.Mode, 8)));

    // Rights and refusals

    private SimulatedRepository ById(Call call, string nodeId) =>
        forge.Repositories.FirstOrDefault(repository => GitHubShapes.NodeId("Repository", repository.Id) == nodeId && repository.PermissionOf(call.User) >= AccessLevel.Read)
            ?? throw Refused("NOT_FOUND", $"Could not resolve to a node with the global id of '{nodeId}'");

    private SimulatedRepository Named(Call call, string fullName) =>
        forge.FindRepository(fullName) is { } repository && repository.PermissionOf(call.User) >= AccessLevel.Read
            ? repository
            : throw Refused("NOT_FOUND", $"Could not resolve to a Repository with the name '{fullName}'.");

    private static SimulatedRepository Writable(Call call, SimulatedRepository repository) =>
        repository.PermissionOf(call.User) >= AccessLevel.Write ? repository : throw Refused("FORBIDDEN", "Resource not accessible by integration");

    private static GraphQlRefusal Stale(string expected) => Refused("STALE_DATA", $"Expected branch to point to \"{expected}\" but it did not.  Pull and try again.");

    private static GraphQlRefusal Refused(string type, string message) =>
        new(message) { Type = type, Extensions = type == "FORBIDDEN" ? new JsonObject { ["saml_failure"] = false } : null };

    private static async Task<T> AsGraphQlAsync<T>(Func<Task<T>> rest)
    {
        try
        {
            return await rest();
        }
        catch (ApiError error)
        {
            throw Refused(error.Answer.Status == 403 ? "FORBIDDEN" : "UNPROCESSABLE", Words(error));
        }
    }

    private static Task AsGraphQlAsync(Func<Task> rest) => AsGraphQlAsync(async () =>
    {
        await rest();
        return true;
    });

    /// <summary>What REST says, without its frame.</summary>
    private static string Words(ApiError error) => error.Answer.Json?["errors"]?[0]?["message"]?.ToString() ?? error.Answer.Json?["message"]?.ToString() ?? "";
}
