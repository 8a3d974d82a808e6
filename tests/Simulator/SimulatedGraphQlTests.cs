using System.Text.Json.Nodes;
using QMoi.Simulator;

namespace QMoi.Tests.Simulator;

/// <summary>The GraphQL of the simulated GitHub: documents are read and judged by its schema, mutations run in order, and each that fails is an error beside the others.</summary>
public sealed class SimulatedGraphQlTests : SimulatorWorld
{
    private const string Fix = """
        mutation Fix($ref: CreateRefInput!, $commit: CreateCommitOnBranchInput!, $pull: CreatePullRequestInput!, $path: String!) {
          made: createRef(input: $ref) { ref { name prefix target { ... on Commit { oid } } } }
          createCommitOnBranch(input: $commit) { commit { ...Sent parents(first: 1) { nodes { file(path: $path) { mode } } } } }
          createPullRequest(input: $pull) { pullRequest { number headRefOid __typename } }
        }
        fragment Sent on Commit { oid message committedViaWeb }
        """;

    private Task<JsonNode> AskAsync(string query, JsonNode? variables = null, string path = "/graphql", ForgeClient? client = null) =>
        (client ?? GitHub).PostAsync(path, new JsonObject { ["query"] = query, ["variables"] = variables }, 200);

    private async Task<(SimulatedRepository Repository, JsonObject Variables)> ReadyAsync()
    {
        var repository = await Simulator.GitHub.CreateRepositoryAsync("acme/app", Files(("a.txt", "one\n"), ("b.txt", "two\n")));
        var id = (await GitHub.GetAsync("/repos/acme/app"))["node_id"]!.GetValue<string>();
        var head = repository.Branches["main"];
        return (repository, new JsonObject
        {
            ["ref"] = new JsonObject { ["repositoryId"] = id, ["name"] = "refs/heads/fix", ["oid"] = head },
            ["commit"] = new JsonObject
            {
                ["branch"] = new JsonObject { ["repositoryNameWithOwner"] = "acme/app", ["branchName"] = "fix" },
                ["expectedHeadOid"] = head,
                ["message"] = new JsonObject { ["headline"] = "Fix", ["body"] = "Because." },
                ["fileChanges"] = new JsonObject
                {
                    ["additions"] = new JsonArray(new JsonObject { ["path"] = "a.txt", ["contents"] = Convert.ToBase64String("1\n"u8) }),
                    ["deletions"] = new JsonArray(new JsonObject { ["path"] = "b.txt" }),
                },
            },
            ["pull"] = new JsonObject { ["repositoryId"] = id, ["baseRefName"] = "main", ["headRefName"] = "fix", ["title"] = "Fix", ["body"] = "Words" },
            ["path"] = "a.txt",
        });
    }

    [Theory, InlineData("/graphql"), InlineData("/api/graphql")]
    public async Task Three_mutations_of_one_document_see_each_other(string path)
    {
        var (repository, variables) = await ReadyAsync();
        var before = repository.Branches["main"];
        var data = (await AskAsync(Fix, variables, path))["data"]!;
        var head = repository.Branches["fix"];

        Assert.Equal($$$$"""{"ref":{"name":"fix","prefix":"refs/heads/","target":{"oid":"{{{{before}}}}"}}}""", data["made"]!.ToJsonString());
        Assert.Equal(
            $$$$$"""{"commit":{"oid":"{{{{{head}}}}}","message":"Fix\n\nBecause.","committedViaWeb":true,"parents":{"nodes":[{"file":{"mode":33188}}]}}}""", data["createCommitOnBranch"]!.ToJsonString());
        Assert.Equal($$$"""{"pullRequest":{"number":1,"headRefOid":"{{{head}}}","__typename":"PullRequest"}}""", data["createPullRequest"]!.ToJsonString());
        Assert.Equal("1\n", await repository.ReadTextAsync("fix", "a.txt"));
        Assert.Equal(["a.txt"], await repository.FilesAsync("fix"));
        await DrainAsync();
        Assert.Equal(["created", "pushed"], Listener.Of("X-GitHub-Event", "push").Select(hook => hook.Json["created"]!.GetValue<bool>() ? "created" : "pushed"));
        Assert.Single(Listener.Of("X-GitHub-Event", "pull_request"), hook => hook.Json["action"]!.GetValue<string>() == "opened");
    }

    [Fact]
    public async Task A_mutation_that_fails_is_an_error_and_those_after_it_run()
    {
        var (repository, variables) = await ReadyAsync();
        await AskAsync(Fix, variables.DeepClone());
        var again = await AskAsync(Fix, variables);
        Assert.Equal("""{"made":null,"createCommitOnBranch":null,"createPullRequest":null}""", again["data"]!.ToJsonString());
        Assert.Equal(
            [
                """UNPROCESSABLE ["made"] A ref named "refs/heads/fix" already exists in the repository.""",
                $"""STALE_DATA ["createCommitOnBranch"] Expected branch to point to "{repository.Branches["main"]}" but it did not.  Pull and try again.""",
                """UNPROCESSABLE ["createPullRequest"] A pull request already exists for acme:fix.""",
            ],
            again["errors"]!.AsArray().Select(error => $"{error!["type"]} {error["path"]!.ToJsonString()} {error["message"]}"));
    }

    [Theory]
    [InlineData("{ viewer { login } repository(owner: \"acme\", name: \"app\") { nameWithOwner } }", "")]
    [InlineData("query { viewer { nsodes } }", "Field 'nsodes' doesn't exist on type 'User'")]
    [InlineData("{ viewer }", "Field must have selections")]
    [InlineData("{ viewer { login { x } } }", "Selections can't be made on scalars")]
    [InlineData("{ repository(owner: \"acme\") { id } }", "missing required arguments: name")]
    [InlineData("{ repository(owner: \"acme\", name: \"app\", colour: 1) { id } }", "doesn't accept argument 'colour'")]
    [InlineData("query A($x: String!) { viewer { login } }", "Variable $x is declared by A but not used")]
    [InlineData("query A { repository(owner: $x, name: \"a\") { id } }", "Variable $x is used by A but not declared")]
    [InlineData("query A($x: Int!) { repository(owner: $x, name: \"a\") { id } }", "Type mismatch on variable $x")]
    [InlineData("mutation { createRef(input: { name: \"refs/heads/x\" }) { ref { name } } }", "repositoryId (Expected value to not be null)")]
    [InlineData("mutation($i: CreateRefInput!) { createRef(input: $i) { ref { name } } }", "Variable $i of type CreateRefInput! was provided invalid value")]
    [InlineData("mutation { createRef(input: { nme: 1 }) { ref { name } } }", "nme (Field is not defined on CreateRefInput)")]
    [InlineData("{ repository(owner: \"nobody\", name: \"app\") { id } }", "Could not resolve to a Repository with the name 'nobody/app'.")]
    [InlineData("{ repository(owner: \"acme\", name: \"app\") { ref(qualifiedName: \"refs/heads/main\") { target { ... on Commit { parents { totalCount } } } } } }", "You must provide a `first` or `last` value")]
    [InlineData("{ viewer { login }", "Unexpected end of document")]
    [InlineData("{ viewer { login } } }", "actual: \"}\"")]
    [InlineData("", "A query attribute must be specified")]
    public async Task A_document_is_judged_by_the_schema(string query, string problem)
    {
        await ReadyAsync();
        var errors = (await AskAsync(query))["errors"]?.AsArray().Select(error => error!["message"]!.ToString()) ?? [];
        if (problem.Length == 0)
            Assert.Empty(errors);
        else
            Assert.Contains(errors, error => error.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rights_are_those_of_the_token()
    {
        var (repository, variables) = await ReadyAsync();
        var stranger = Simulator.GitHub.AddUser("stranger");
        using var reader = new ForgeClient(Simulator.GitHub, Simulator.GitHub.IssueToken(stranger));
        Assert.Equal("FORBIDDEN", (await AskAsync(Fix, variables.DeepClone(), client: reader))["errors"]![0]!["type"]!.GetValue<string>());
        repository.IsPrivate = true;
        Assert.Equal("NOT_FOUND", (await AskAsync(Fix, variables, client: reader))["errors"]![0]!["type"]!.GetValue<string>());
        using var nobody = new ForgeClient(Simulator.GitHub, "wrong");
        await nobody.PostAsync("/graphql", new JsonObject(), 401);
        Simulator.GitHub.TakesGraphQl = false;
        await GitHub.PostAsync("/graphql", new JsonObject(), 404);
    }
}
