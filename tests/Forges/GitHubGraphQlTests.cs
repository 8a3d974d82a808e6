using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Fixers;
using QMoi.Forges;
using QMoi.Handlers.Forges;

namespace QMoi.Tests.Forges;

/// <summary>Branch, commit and pull request in one request: what is sent, and how each answer that GitHub was seen to give ends.</summary>
public sealed class GitHubGraphQlTests : IAsyncDisposable
{
    private const string Parent = "0123456789abcdef0123456789abcdef01234567";
    private const string Made = "89abcdef0123456789abcdef0123456789abcdef";
    private const string ByRest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Branch = "qmoi/fix/x-1";

    private const string Ref = """{"ref":{"name":"qmoi/fix/x-1"}}""";
    private const string Pull = $$$"""{"pullRequest":{"number":12,"url":"https://hub.example/12","headRefOid":"{{{Made}}}"} }""";

    private static readonly Repository Hub = new(ForgeKind.GitHub, 7, "acme/app", "main", NodeId: "R_7");
    private static readonly NewMergeRequest Request = new(Branch, "main", "Title", "Body");
    private readonly Dictionary<string, Reply> answers = new(StringComparer.Ordinal) { ["GET /repos/acme/app"] = new Reply(200, """{"id":7,"full_name":"acme/app"}""") };
    private readonly ManualClock clock = new();
    private ScriptedServer server = null!;
    private QMoi.Forges.Forges forges = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    private static NewCommit Change(params FileEdit[] edits) =>
        new(Branch, CommitSha.Parse(Parent), "Fix it\n\nBecause.\n", new Patch(edits.Length > 0 ? edits : [new FileEdit.Write("a.txt", Text("old"), Text("new"))]));

    /// <param name="modes">Of the files before the commit; <c>null</c> for one that was not there.</param>
    private static string Commit(params int?[] modes)
    {
        var files = modes.Select((mode, i) => $"\"file{i}\":{(mode is { } known ? $"{{\"mode\":{known}}}" : "null")}");
        return $$$$"""{"commit":{"oid":"{{{{Made}}}}","parents":{"nodes":[{ {{{{string.Join(',', files)}}}} }]}}}""";
    }

    private static string Data(string createRef, string createCommit, string createPull, params string[] errors) =>
        $$$"""{"data":{"createRef":{{{createRef}}},"createCommitOnBranch":{{{createCommit}}},"createPullRequest":{{{createPull}}}}{{{(errors.Length == 0 ? "" : $",\"errors\":[{string.Join(',', errors)}]")}}}}""";

    private static string Error(string type, string field, string message) =>
        JsonSerializer.Serialize(new { type, path = new[] { field }, locations = new[] { new { line = 2, column = 3 } }, message });

    private async Task<IForge> OpenAsync(string graphQl, int status = 200, string api = "")
    {
        answers["POST /graphql"] = new Reply(status, graphQl);
        answers["POST /repos/acme/app/git/refs"] = new Reply(201);
        answers["PUT /repos/acme/app/contents/a.txt"] = new Reply(200, $$$"""{"commit":{"sha":"{{{ByRest}}}"} }""");
        answers["POST /repos/acme/app/pulls"] = new Reply(
            201, $$$"""{"number":13,"html_url":"https://hub.example/13","head":{"ref":"{{{Branch}}}","sha":"{{{ByRest}}}"},"base":{"ref":"main"} }""");
        server = await ScriptedServer.StartAsync(request => answers.GetValueOrDefault(request.Line.Replace("/api/v3", "", StringComparison.Ordinal).Replace("/api/", "/", StringComparison.Ordinal), Reply.NotFound));
        forges = new QMoi.Forges.Forges(
            new GitHubSettings(new Uri(server.Url + api), "hub-token"), new GitLabSettings(new Uri(server.Url + "/api/v4/"), "lab-token"), clock, NullLoggerFactory.Instance, TimeSpan.Zero);
        return forges.Open(Hub);
    }

    public async ValueTask DisposeAsync()
    {
        forges.Dispose();
        await server.DisposeAsync();
    }

    private IReadOnlyList<string> Lines => [.. server.Requests.Select(request => request.Line).Where(line => !line.EndsWith("/repos/acme/app", StringComparison.Ordinal))];

    private void BranchStandsAt(string sha)
    {
        answers["POST /repos/acme/app/git/refs"] = new Reply(422, """{"message":"Reference already exists"}""");
        answers["GET /repos/acme/app/git/ref/heads/qmoi/fix/x-1"] = new Reply(200, $$$"""{"object":{"sha":"{{{sha}}}"} }""");
    }

    private void OnTree(string mode)
    {
        answers[$"GET /repos/acme/app/git/commits/{Parent}"] = new Reply(200, $$$"""{"sha":"{{{Parent}}}","tree":{"sha":"roottree"} }""");
        answers[$"GET /repos/acme/app/git/trees/{Parent}"] = new Reply(200, $$"""{"sha":"roottree","tree":[{"path":"a.txt","mode":"{{mode}}","type":"blob","sha":"s1"}]}""");
        answers["POST /repos/acme/app/git/trees"] = new Reply(201, """{"sha":"newtree"}""");
        answers["POST /repos/acme/app/git/commits"] = new Reply(201, $$"""{"sha":"{{ByRest}}"}""");
        answers["PATCH /repos/acme/app/git/refs/heads/qmoi/fix/x-1"] = new Reply(200);
        answers["DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1"] = new Reply(204);
    }

    [Theory]
    [InlineData("", "POST /graphql")]
    [InlineData("/api/v3", "POST /api/graphql")]
    public async Task One_request_makes_all_three(string api, string line)
    {
        var forge = await OpenAsync(Data(Ref, Commit(33188, null, 33261), Pull), api: api);
        var offer = await forge.OfferAsync(
            Hub, Change(new FileEdit.Write("a.txt", Text("old"), Text("new")), new FileEdit.Write("b/c.txt", null, new byte[] { 0, 255 }), new FileEdit.Delete("d", Text("x"))), Request, Ct);

        Assert.Equal(new Offer(CommitSha.Parse(Made), 12, "https://hub.example/12"), offer);
        Assert.Equal([line], Lines);
        var sent = server.Requests[^1];
        Assert.Equal("Bearer hub-token", sent.Header("Authorization"));
        var body = JsonDocument.Parse(sent.Body).RootElement;
        Assert.Equal(
            """
            {"ref":{"repositoryId":"R_7","name":"refs/heads/qmoi/fix/x-1","oid":"0123456789abcdef0123456789abcdef01234567"},"commit":{"branch":{"repositoryNameWithOwner":"acme/app","branchName":"qmoi/fix/x-1"},"expectedHeadOid":"0123456789abcdef0123456789abcdef01234567","message":{"headline":"Fix it","body":"Because."},"fileChanges":{"additions":[{"path":"a.txt","contents":"bmV3"},{"path":"b/c.txt","contents":"AP8="}],"deletions":[{"path":"d"}]}},"pull":{"repositoryId":"R_7","baseRefName":"main","headRefName":"qmoi/fix/x-1","title":"Title","body":"Body"},"file0":"a.txt","file1":"b/c.txt","file2":"d"}
            """,
            body.GetProperty("variables").GetRawText());
    }

    [Fact]
    public async Task What_may_have_a_mode_and_what_is_much_goes_by_the_tree()
    {
        var forge = await OpenAsync(Data(Ref, Commit(33188), Pull));
        OnTree("100755");
        FileEdit[][] patches =
        [
            [new FileEdit.SetExecutable("a.txt", true)],
            [new FileEdit.Write("a.txt", Text("#!/bin/sh\n"), Text("#!/bin/sh\nx"))],
            [new FileEdit.Write("a.txt", Text("x"), new byte[1024 * 1024 + 1])],
        ];
        answers["POST /repos/acme/app/git/blobs"] = new Reply(201, """{"sha":"newblob"}""");
        foreach (var patch in patches)
        {
            await forge.OfferAsync(Hub, Change(patch), Request, Ct);
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.DoesNotContain("POST /graphql", Lines);
    }

    [Theory]
    [InlineData(404, """{"message":"Not Found"}""")]
    [InlineData(403, """{"message":"Resource not accessible by integration"}""")]
    [InlineData(400, """{"message":"A query attribute must be specified and must be a string."}""")]
    [InlineData(200, """{"errors":[{"path":["mutation Fix","createCommitOnBranch"],"extensions":{"code":"undefinedField","typeName":"Mutation","fieldName":"createCommitOnBranch"},"message":"Field 'createCommitOnBranch' doesn't exist on type 'Mutation'"}]}""")]
    [InlineData(200, """{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit already exceeded for user ID 1."}]}""")]
    public async Task A_server_that_refuses_it_is_not_asked_again_for_an_hour(int status, string body)
    {
        var forge = await OpenAsync(body, status);
        Assert.Equal(new Offer(CommitSha.Parse(ByRest), 13, "https://hub.example/13"), await forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal(["POST /graphql", "POST /repos/acme/app/git/refs", "PUT /repos/acme/app/contents/a.txt", "POST /repos/acme/app/pulls"], Lines);

        await forges.Open(Hub).OfferAsync(Hub, Change(), Request, Ct);
        Assert.Single(Lines, line => line == "POST /graphql");
        clock.Advance(TimeSpan.FromMinutes(61));
        await forges.Open(Hub).OfferAsync(Hub, Change(), Request, Ct);
        Assert.Equal(2, Lines.Count(line => line == "POST /graphql"));
    }

    [Theory]
    [InlineData(502, "<html>")]
    [InlineData(200, "<html>")]
    [InlineData(200, """{"data":null,"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."}]}""")]
    public async Task Nobody_knows_what_trouble_has_left_so_the_next_try_goes_by_rest_which_looks(int status, string body)
    {
        var forge = await OpenAsync(body, status);
        var trouble = await Assert.ThrowsAsync<ForgeException>(() => forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.True(trouble.IsTransient, trouble.Message);
        Assert.Equal(["POST /graphql"], Lines);

        BranchStandsAt(Parent);
        await forges.Open(Hub).OfferAsync(Hub, Change(), Request, Ct);
        Assert.Equal("GET /repos/acme/app/git/ref/heads/qmoi/fix/x-1", Lines[2]);
        Assert.Single(Lines, line => line == "POST /graphql");
    }

    [Fact]
    public async Task Its_limits_are_kept()
    {
        var forge = await OpenAsync("""{"data":{"createRef":null},"errors":[{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}]}""");
        var limited = await Assert.ThrowsAsync<ForgeException>(() => forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal((ForgeProblem.RateLimited, TimeSpan.FromMinutes(1)), (limited.Problem, limited.RetryAfter!.Value));
        await Assert.ThrowsAsync<ForgeException>(() => forge.GetBranchHeadAsync(Hub, "main", Ct));
        Assert.Equal(["POST /graphql"], Lines);
    }

    [Fact]
    public async Task One_request_counts_as_the_three_that_it_stands_for()
    {
        await OpenAsync(Data(Ref, Commit(33188), Pull));
        using var impatient = new QMoi.Forges.Forges(
            new GitHubSettings(new Uri(server.Url), "hub-token"), new GitLabSettings(new Uri(server.Url), "lab-token"), clock, NullLoggerFactory.Instance, TimeSpan.Zero);
        for (var i = 0; i < 3; i++)
            await impatient.Open(Hub).OfferAsync(Hub, Change(), Request, Ct);
        // Ten at once are let through.
        var limited = await Assert.ThrowsAsync<ForgeException>(() => impatient.Open(Hub).OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal(ForgeProblem.RateLimited, limited.Problem);
        Assert.Equal(3, Lines.Count);
    }

    // What an answer leaves open is done by REST

    [Fact]
    public async Task A_branch_left_over_at_its_parent_gets_its_commit()
    {
        var forge = await OpenAsync(Data("null", Commit(33188), Pull, Error("UNPROCESSABLE", "createRef", "A ref named \"refs/heads/qmoi/fix/x-1\" already exists in the repository.")));
        Assert.Equal(Made, (await forge.OfferAsync(Hub, Change(), Request, Ct)).Head.Value);
        Assert.Equal(["POST /graphql"], Lines);
    }

    [Fact]
    public async Task A_commit_left_over_gets_its_pull_request()
    {
        var forge = await OpenAsync(Data(
            "null", "null", Pull, Error("UNPROCESSABLE", "createRef", "A ref named ... already exists in the repository."),
            Error("STALE_DATA", "createCommitOnBranch", "Expected branch to point to \"0123\" but it did not.  Pull and try again.")));
        Assert.Equal(new Offer(CommitSha.Parse(Made), 12, "https://hub.example/12"), await forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal(["POST /graphql"], Lines);
    }

    [Fact]
    public async Task A_pull_request_that_is_there_already_is_a_conflict()
    {
        var forge = await OpenAsync(Data(
            "null", "null", "null", Error("UNPROCESSABLE", "createRef", "exists"), Error("STALE_DATA", "createCommitOnBranch", "stale"), Error("UNPROCESSABLE", "createPullRequest", "A pull request already exists for acme:qmoi/fix/x-1.")));
        BranchStandsAt(Made);
        answers["POST /repos/acme/app/pulls"] = new Reply(422, """{"message":"Validation Failed","errors":[{"message":"A pull request already exists for acme:qmoi/fix/x-1."}]}""");
        var refused = await Assert.ThrowsAsync<ForgeException>(() => forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal(ForgeProblem.Conflict, refused.Problem);
        Assert.DoesNotContain(Lines, line => line.StartsWith("DELETE", StringComparison.Ordinal) || line.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_missing_pull_request_is_made()
    {
        var forge = await OpenAsync(Data(Ref, Commit(33188), "null", Error("UNPROCESSABLE", "createPullRequest", "was submitted too quickly")));
        Assert.Equal(new Offer(CommitSha.Parse(Made), 13, "https://hub.example/13"), await forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal(["POST /graphql", "POST /repos/acme/app/pulls"], Lines);
    }

    [Fact]
    public async Task A_commit_that_is_refused_leaves_no_branch_and_names_the_missing_right()
    {
        var forge = await OpenAsync(Data(
            Ref, "null", "null", Error("FORBIDDEN", "createCommitOnBranch", "refusing to allow a GitHub App to create or update workflow"), Error("UNPROCESSABLE", "createPullRequest", "No commits between main and x")));
        BranchStandsAt(Parent);
        answers["PUT /repos/acme/app/contents/.github/workflows/ci.yml"] = new Reply(403, """{"message":"Resource not accessible by integration"}""");
        answers["DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1"] = new Reply(204);
        var refused = await Assert.ThrowsAsync<ForgeException>(() => forge.OfferAsync(Hub, Change(new FileEdit.Write(".github/workflows/ci.yml", Text("a"), Text("b"))), Request, Ct));
        Assert.Equal(ForgeProblem.Forbidden, refused.Problem);
        Assert.Contains("Workflows", refused.Message, StringComparison.Ordinal);
        Assert.Equal("DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1", Lines[^1]);
    }

    [Fact]
    public async Task What_it_forbids_and_rest_does_is_not_asked_for_again()
    {
        var forbidden = Error("FORBIDDEN", "createRef", "Resource not accessible by personal access token");
        var forge = await OpenAsync(Data("null", "null", "null", forbidden, forbidden, forbidden));
        await forge.OfferAsync(Hub, Change(), Request, Ct);
        await forge.OfferAsync(Hub, Change(), Request, Ct);
        Assert.Single(Lines, line => line == "POST /graphql");
    }

    [Fact]
    public async Task An_executable_that_lost_its_mode_gets_it_back()
    {
        var forge = await OpenAsync(Data(Ref, Commit(33261), Pull));
        OnTree("100755");
        Assert.Equal(new Offer(CommitSha.Parse(ByRest), 12, "https://hub.example/12"), await forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Contains("\"mode\":\"100755\"", server.Requests.Single(request => request.Line == "POST /repos/acme/app/git/trees").Body, StringComparison.Ordinal);
        Assert.Equal($$"""{"sha":"{{ByRest}}","force":true}""", server.Requests.Single(request => request.Method == "PATCH").Body);
    }

    [Fact]
    public async Task A_link_is_not_made_a_file()
    {
        var forge = await OpenAsync(Data(Ref, Commit(40960), Pull));
        OnTree("120000");
        var refused = await Assert.ThrowsAsync<ForgeException>(() => forge.OfferAsync(Hub, Change(), Request, Ct));
        Assert.Equal(ForgeProblem.Invalid, refused.Problem);
        Assert.Equal("DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1", Lines[^1]);
    }
}
