using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Fixers;
using QMoi.Forges;
using QMoi.Handlers.Forges;
using QMoi.Tests.Contracts;

namespace QMoi.Tests.Forges;

/// <summary>What the verbs send, how many calls they take, and how the answers read.</summary>
public sealed class ForgeVerbTests : IAsyncDisposable
{
    private const string Parent = "0123456789abcdef0123456789abcdef01234567";
    private const string Made = "89abcdef0123456789abcdef0123456789abcdef";
    private static readonly Repository Hub = new(ForgeKind.GitHub, 7, "acme/app", "main");
    private static readonly Repository Lab = new(ForgeKind.GitLab, 7, "acme/group/app", "main");
    private readonly Dictionary<string, Func<Request, Reply>> answers = new(StringComparer.Ordinal) { ["GET /repos/acme/app"] = _ => new Reply(200, """{"id":7,"full_name":"acme/app"}""") };
    private ScriptedServer server = null!;
    private QMoi.Forges.Forges forges = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<IForge> OpenAsync(Repository repository)
    {
        server = await ScriptedServer.StartAsync(request => answers.TryGetValue(request.Line, out var answer) ? answer(request) : Reply.NotFound);
        forges = new QMoi.Forges.Forges(new GitHubSettings(new Uri(server.Url), "hub-token"), new GitLabSettings(new Uri(server.Url + "/api/v4/"), "lab-token"), new ManualClock(), NullLoggerFactory.Instance, TimeSpan.Zero);
        return forges.Open(repository);
    }

    public async ValueTask DisposeAsync()
    {
        forges.Dispose();
        await server.DisposeAsync();
    }

    private void On(string line, int status, string body) => answers[line] = _ => new Reply(status, body);

    private IReadOnlyList<string> Lines => [.. server.Requests.Select(request => request.Line).Where(line => line != "GET /repos/acme/app")];

    private Request Sent(string line) => server.Requests.Last(request => request.Line == line);

    private JsonElement Body(string line) => JsonDocument.Parse(Sent(line).Body).RootElement;

    private static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    private static NewCommit Commit(params FileEdit[] edits) => new("qmoi/fix/x-1", CommitSha.Parse(Parent), "Fix it", new Patch(edits));

    /// <summary>The commit of an offer; its merge request is made on either forge.</summary>
    private async Task<CommitSha> CommitAsync(IForge forge, Repository repository, NewCommit commit)
    {
        On("POST /repos/acme/app/pulls", 201, Pull());
        On("POST /api/v4/projects/7/merge_requests", 201, """{"iid":4,"source_branch":"qmoi/fix/x-1","target_branch":"main","state":"opened","web_url":"https://lab.example/4"}""");
        return (await forge.OfferAsync(repository, commit, Request, Ct)).Head;
    }

    private static NewMergeRequest Request { get; } = new("qmoi/fix/x-1", "main", "Title", "Body");

    // Commits on GitHub, by REST: a delivery that does not tell the node id leaves no other way

    [Fact]
    public async Task GitHub_one_changed_file_is_a_branch_and_a_file()
    {
        On("POST /repos/acme/app/git/refs", 201, "{}");
        On("PUT /repos/acme/app/contents/src/a%20b.txt", 200, $$$"""{"content":{},"commit":{"sha":"{{{Made}}}"} }""");
        var forge = await OpenAsync(Hub);
        var sha = await CommitAsync(forge, Hub, Commit(new FileEdit.Write("src/a b.txt", Text("hello\n"), Text("new\n"))));
        Assert.Equal(Made, sha.Value);
        Assert.Equal(["POST /repos/acme/app/git/refs", "PUT /repos/acme/app/contents/src/a%20b.txt", "POST /repos/acme/app/pulls"], Lines);
        Assert.Equal(("refs/heads/qmoi/fix/x-1", Parent), (Body(Lines[0]).GetProperty("ref").GetString(), Body(Lines[0]).GetProperty("sha").GetString()));
        // git hash-object of "hello\n"
        Assert.Equal("ce013625030ba8dba906f756967f9e9ca394464a", Body(Lines[1]).GetProperty("sha").GetString());
        Assert.Equal("bmV3Cg==", Body(Lines[1]).GetProperty("content").GetString());
        Assert.Equal("Bearer hub-token", Sent(Lines[1]).Header("Authorization"));
        Assert.Equal("2022-11-28", Sent(Lines[1]).Header("X-GitHub-Api-Version"));
    }

    [Fact]
    public async Task GitHub_what_an_earlier_run_has_left_is_taken_up_again()
    {
        On("POST /repos/acme/app/git/refs", 422, """{"message":"Reference already exists"}""");
        On("GET /repos/acme/app/git/ref/heads/qmoi/fix/x-1", 200, $$$"""{"object":{"sha":"{{{Parent}}}"} }""");
        On("PUT /repos/acme/app/contents/a", 200, $$$"""{"commit":{"sha":"{{{Made}}}"} }""");
        var forge = await OpenAsync(Hub);
        Assert.Equal(Made, (await CommitAsync(forge, Hub, Commit(new FileEdit.Write("a", null, Text("x"))))).Value);

        On("GET /repos/acme/app/git/ref/heads/qmoi/fix/x-1", 200, $$$"""{"object":{"sha":"{{{Made}}}"} }""");
        Assert.Equal(Made, (await CommitAsync(forge, Hub, Commit(new FileEdit.Write("a", null, Text("y"))))).Value);
        Assert.Single(Lines, line => line.StartsWith("PUT ", StringComparison.Ordinal));

        On("POST /repos/acme/app/pulls", 422, """{"message":"Validation Failed","errors":[{"message":"A pull request already exists for acme:qmoi/fix/x-1."}]}""");
        var refused = await Assert.ThrowsAsync<ForgeException>(() => forge.OfferAsync(Hub, Commit(new FileEdit.Write("a", null, Text("x"))), Request, Ct));
        Assert.Equal(ForgeProblem.Conflict, refused.Problem);
    }

    [Fact]
    public async Task GitHub_a_branch_left_over_without_its_commit_gets_one_of_several_files_too()
    {
        OnTree();
        On("POST /repos/acme/app/git/refs", 422, """{"message":"Reference already exists"}""");
        On("GET /repos/acme/app/git/ref/heads/qmoi/fix/x-1", 200, $$$"""{"object":{"sha":"{{{Parent}}}"} }""");
        On("PATCH /repos/acme/app/git/refs/heads/qmoi/fix/x-1", 200, "{}");
        var forge = await OpenAsync(Hub);
        Assert.Equal(Made, (await CommitAsync(forge, Hub, Commit(new FileEdit.SetExecutable("a.txt", true)))).Value);
        Assert.Equal($$"""{"sha":"{{Made}}","force":false}""", Sent("PATCH /repos/acme/app/git/refs/heads/qmoi/fix/x-1").Body);
    }

    [Theory]
    [InlineData(403, """{"message":"Resource not accessible by integration"}""")]
    [InlineData(404, """{"message":"Not Found"}""")]
    [InlineData(422, """{"message":"refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"}""")]
    public async Task GitHub_a_missing_Workflows_permission_is_named_and_leaves_no_branch(int status, string body)
    {
        On("POST /repos/acme/app/git/refs", 201, "{}");
        On("PUT /repos/acme/app/contents/.github/workflows/ci.yml", status, body);
        On("DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1", 204, "");
        var forge = await OpenAsync(Hub);
        var refused = await Assert.ThrowsAsync<ForgeException>(
            () => CommitAsync(forge, Hub, Commit(new FileEdit.Write(".github/workflows/ci.yml", Text("a"), Text("b")))));
        Assert.Equal(ForgeProblem.Forbidden, refused.Problem);
        Assert.Contains("Workflows", refused.Message, StringComparison.Ordinal);
        Assert.Equal("DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1", Lines[^1]);
    }

    [Fact]
    public async Task GitHub_a_file_that_has_changed_is_not_a_branch_that_exists()
    {
        On("POST /repos/acme/app/git/refs", 201, "{}");
        On("PUT /repos/acme/app/contents/a", 409, """{"message":"a does not match 0000"}""");
        On("DELETE /repos/acme/app/git/refs/heads/qmoi/fix/x-1", 204, "");
        var forge = await OpenAsync(Hub);
        var refused = await Assert.ThrowsAsync<ForgeException>(() => CommitAsync(forge, Hub, Commit(new FileEdit.Write("a", Text("x"), Text("y")))));
        Assert.Equal(ForgeProblem.Invalid, refused.Problem);
    }

    private void OnTree(bool truncated = false)
    {
        On($"GET /repos/acme/app/git/commits/{Parent}", 200, $$$"""{"sha":"{{{Parent}}}","tree":{"sha":"roottree"} }""");
        On($"GET /repos/acme/app/git/trees/{Parent}", 200, $$"""
            {"sha":"roottree","truncated":{{(truncated ? "true" : "false")}},"tree":[
             {"path":"run.sh","mode":"100755","type":"blob","sha":"s1"},{"path":"a.txt","mode":"100644","type":"blob","sha":"s2"},
             {"path":"logo.png","mode":"100644","type":"blob","sha":"s3"},{"path":"link","mode":"120000","type":"blob","sha":"s4"},{"path":"dir","mode":"040000","type":"tree","sha":"s5"}]}
            """);
        On("GET /repos/acme/app/git/trees/s5", 200, """{"sha":"s5","tree":[{"path":"deep.sh","mode":"100755","type":"blob","sha":"s6"}]}""");
        On("POST /repos/acme/app/git/blobs", 201, """{"sha":"newblob"}""");
        On("POST /repos/acme/app/git/trees", 201, """{"sha":"newtree","tree":[]}""");
        On("POST /repos/acme/app/git/commits", 201, $$"""{"sha":"{{Made}}"}""");
        On("POST /repos/acme/app/git/refs", 201, "{}");
    }

    [Fact]
    public async Task GitHub_several_edits_are_one_commit_and_modes_stay()
    {
        OnTree();
        var forge = await OpenAsync(Hub);
        await CommitAsync(forge, Hub, Commit(
                new FileEdit.Write("run.sh", Text("old"), Text("new")), new FileEdit.SetExecutable("a.txt", true), new FileEdit.Delete("logo.png", Text("p")),
                new FileEdit.Write("bin", null, new byte[] { 0, 255 })));
        Assert.Equal(7, Lines.Count);
        Assert.Equal(["POST /repos/acme/app/git/refs", "POST /repos/acme/app/pulls"], Lines.TakeLast(2));
        var tree = Body("POST /repos/acme/app/git/trees");
        Assert.Equal("roottree", tree.GetProperty("base_tree").GetString());
        Assert.Equal(
            """
            [{"path":"run.sh","mode":"100755","type":"blob","content":"new"},{"path":"a.txt","mode":"100755","type":"blob","sha":"s2"},{"path":"logo.png","mode":"100644","type":"blob","sha":null},{"path":"bin","mode":"100644","type":"blob","sha":"newblob"}]
            """,
            tree.GetProperty("tree").GetRawText());
        Assert.Equal("AP8=", Body("POST /repos/acme/app/git/blobs").GetProperty("content").GetString());
        Assert.Equal($$"""{"message":"Fix it","tree":"newtree","parents":["{{Parent}}"]}""", Sent("POST /repos/acme/app/git/commits").Body);
        Conform(OpenApi.GitHub());
    }

    [Fact]
    public async Task GitHub_a_changed_script_stays_executable()
    {
        OnTree();
        var forge = await OpenAsync(Hub);
        await CommitAsync(forge, Hub, Commit(new FileEdit.Write("run.sh", Text("#!/bin/sh\nold"), Text("#!/bin/sh\nnew"))));
        Assert.Contains("\"mode\":\"100755\"", Sent("POST /repos/acme/app/git/trees").Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GitHub_a_cut_tree_is_walked_along_the_path()
    {
        OnTree(truncated: true);
        var forge = await OpenAsync(Hub);
        await CommitAsync(forge, Hub, Commit(new FileEdit.SetExecutable("dir/deep.sh", false)));
        Assert.Contains("""{"path":"dir/deep.sh","mode":"100644","type":"blob","sha":"s6"}""", Sent("POST /repos/acme/app/git/trees").Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GitHub_links_folders_and_files_that_are_not_there_are_not_edited()
    {
        OnTree();
        var forge = await OpenAsync(Hub);
        foreach (var edit in (FileEdit[])[new FileEdit.Delete("link", Text("x")), new FileEdit.Delete("dir", Text("x")), new FileEdit.SetExecutable("nowhere", true), new FileEdit.Delete("nowhere", Text("x"))])
        {
            var refused = await Assert.ThrowsAsync<ForgeException>(() => CommitAsync(forge, Hub, Commit(edit)));
            Assert.Equal(ForgeProblem.Invalid, refused.Problem);
        }

        Assert.DoesNotContain(Lines, line => line.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task GitHub_a_name_that_another_repository_has_taken_is_not_written_to()
    {
        On("GET /repos/acme/app", 200, """{"id":8}""");
        var forge = await OpenAsync(Hub);
        var refused = await Assert.ThrowsAsync<ForgeException>(() => forge.CreateCommentAsync(Hub, new CommentTarget.OnMergeRequest(1), "x", Ct));
        Assert.Equal(ForgeProblem.NotFound, refused.Problem);
        await Assert.ThrowsAsync<ForgeException>(() => forge.GetGitAccessAsync(Hub, Ct));
        Assert.Empty(Lines);
    }

    private void Conform(OpenApi description) => Assert.Empty(server.Requests.SelectMany(description.Problems));

    // Commits on GitLab

    [Fact]
    public async Task GitLab_any_commit_is_one_call()
    {
        On("POST /api/v4/projects/7/repository/commits", 201, $$"""{"id":"{{Made}}"}""");
        var forge = await OpenAsync(Lab);
        var sha = await CommitAsync(forge, Lab, Commit(
                new FileEdit.Write("new.txt", null, Text("a\u00e9\n")), new FileEdit.Write("old.bin", Text("x"), new byte[] { 0xff, 0 }),
                new FileEdit.Write("bom.txt", Text("x"), new byte[] { 0xEF, 0xBB, 0xBF, 65 }), new FileEdit.Delete("gone", Text("x")), new FileEdit.SetExecutable("run.sh", true)));
        Assert.Equal(Made, sha.Value);
        Assert.Equal(["POST /api/v4/projects/7/repository/commits", "POST /api/v4/projects/7/merge_requests"], Lines);
        var sent = server.Requests[0];
        Assert.Equal("lab-token", sent.Header("PRIVATE-TOKEN"));
        var body = JsonDocument.Parse(sent.Body).RootElement;
        Assert.Equal(("qmoi/fix/x-1", Parent, "Fix it"), (body.GetProperty("branch").GetString(), body.GetProperty("start_sha").GetString(), body.GetProperty("commit_message").GetString()));
        Assert.False(body.TryGetProperty("force", out _));
        Assert.Equal(
            ["create new.txt text a\u00e9\n", "update old.bin base64 /wA=", "update bom.txt base64 77u/QQ==", "delete gone  ", "chmod run.sh  "],
            body.GetProperty("actions").EnumerateArray().Select(action => $"{action.GetProperty("action")} {action.GetProperty("file_path")} {Part(action, "encoding")} {Part(action, "content")}"));
        Conform(OpenApi.GitLab());

        static string Part(JsonElement action, string name) => action.TryGetProperty(name, out var value) ? value.GetString()! : "";
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("")]
    [InlineData("a\nb")]
    public async Task A_path_that_would_change_the_URL_is_never_sent(string path)
    {
        var forge = await OpenAsync(Hub);
        var lab = forges.Open(Lab);
        foreach (var (one, repository) in ((IForge, Repository)[])[(forge, Hub), (lab, Lab)])
        {
            await Assert.ThrowsAsync<ForgeException>(() => one.ReadFileAsync(repository, path, "main", Ct));
            await Assert.ThrowsAsync<ForgeException>(() => one.GetBranchHeadAsync(repository, path, Ct));
        }

        await Assert.ThrowsAsync<ForgeException>(() => forge.GetBranchHeadAsync(Hub with { FullName = path }, "main", Ct));
        await Assert.ThrowsAsync<ForgeException>(() => CommitAsync(lab, Lab, Commit(new FileEdit.Delete(path, Text("x")))));
        Assert.Empty(Lines);
    }

    // Merge requests

    private static string Pull(string state = "open", long head = 7) =>
        $$$"""
        {"number":12,"state":"{{{state}}}","html_url":"https://hub.example/12","merged_at":null,"head":{"ref":"topic","sha":"{{{Parent}}}","repo":{"id":{{{head}}} } },"base":{"ref":"main","repo":{"id":7} } }
        """;

    [Fact]
    public async Task GitHub_merge_requests()
    {
        On("POST /repos/acme/app/pulls", 201, Pull());
        On($"GET /repos/acme/app/commits/{Parent}/pulls", 200, $"[{Pull("closed")},{Pull(head: 8)}]");
        On("GET /repos/acme/app/pulls", 200, $"[{Pull(head: 8)},{Pull("closed")}]");
        On("PATCH /repos/acme/app/pulls/12", 200, Pull("closed"));
        var forge = await OpenAsync(Hub);
        var expected = new MergeRequest(12, "https://hub.example/12", "topic", "main", CommitSha.Parse(Parent), IsFromFork: false, IsOpen: true, IsMerged: false);
        On("POST /repos/acme/app/git/refs", 201, "{}");
        On("PUT /repos/acme/app/contents/a", 200, $$$"""{"commit":{"sha":"{{{Made}}}"} }""");
        Assert.Equal(
            new Offer(CommitSha.Parse(Made), 12, "https://hub.example/12"), await forge.OfferAsync(Hub, Commit(new FileEdit.Write("a", null, Text("x"))), Request, Ct));
        Assert.Equal("""{"title":"Title","head":"qmoi/fix/x-1","base":"main","body":"Body"}""", Sent("POST /repos/acme/app/pulls").Body);
        Assert.Equal(expected with { IsFromFork = true }, await forge.FindMergeRequestAsync(Hub, CommitSha.Parse(Parent), Ct));
        Assert.Null(await forge.FindMergeRequestAsync(Hub, CommitSha.Parse(Made), Ct));
        Assert.Equal(expected with { IsOpen = false }, await forge.FindMergeRequestFromBranchAsync(Hub, "topic", Ct));
        Assert.Contains("head=acme%3Atopic", Sent("GET /repos/acme/app/pulls").Query, StringComparison.Ordinal);
        await forge.UpdateMergeRequestAsync(Hub, 12, "new", MergeRequestChange.BodyOnly, Ct);
        Assert.Equal("""{"body":"new"}""", Sent("PATCH /repos/acme/app/pulls/12").Body);
        await forge.UpdateMergeRequestAsync(Hub, 12, "new", MergeRequestChange.Close, Ct);
        Assert.Equal("""{"body":"new","state":"closed"}""", Sent("PATCH /repos/acme/app/pulls/12").Body);
        Conform(OpenApi.GitHub());
    }

    private static string LabMergeRequest(string state = "opened", string? sha = Parent, long source = 7) =>
        JsonSerializer.Serialize(new { iid = 12, state, sha, source_branch = "topic", target_branch = "main", web_url = "https://lab.example/12", source_project_id = source, target_project_id = 7 });

    [Fact]
    public async Task GitLab_merge_requests()
    {
        On("POST /api/v4/projects/7/merge_requests", 201, LabMergeRequest(sha: null));
        On("POST /api/v4/projects/7/repository/commits", 400, """{"message":"A branch called 'qmoi/fix/x-1' already exists. Switch to that branch in order to make changes"}""");
        On("GET /api/v4/projects/7/repository/branches/qmoi%2Ffix%2Fx-1", 200, $$$"""{"commit":{"id":"{{{Made}}}"} }""");
        On($"GET /api/v4/projects/7/repository/commits/{Parent}/merge_requests", 200, $"[{LabMergeRequest("closed")},{LabMergeRequest(source: 8)}]");
        On("GET /api/v4/projects/7/merge_requests", 200, $"[{LabMergeRequest(source: 8)},{LabMergeRequest("merged")}]");
        On("PUT /api/v4/projects/7/merge_requests/12", 200, LabMergeRequest());
        var forge = await OpenAsync(Lab);
        var expected = new MergeRequest(12, "https://lab.example/12", "topic", "main", CommitSha.Parse(Parent), IsFromFork: false, IsOpen: true, IsMerged: false);
        Assert.Equal(
            new Offer(CommitSha.Parse(Made), 12, "https://lab.example/12"), await forge.OfferAsync(Lab, Commit(new FileEdit.Write("a", null, Text("x"))), Request, Ct));
        Assert.Equal(expected with { IsFromFork = true }, await forge.FindMergeRequestAsync(Lab, CommitSha.Parse(Parent), Ct));
        Assert.Equal(expected with { IsOpen = false, IsMerged = true }, await forge.FindMergeRequestFromBranchAsync(Lab, "topic", Ct));
        await forge.UpdateMergeRequestAsync(Lab, 12, "new", MergeRequestChange.Close, Ct);
        Assert.Equal("""{"description":"new","state_event":"close"}""", Sent("PUT /api/v4/projects/7/merge_requests/12").Body);
        Conform(OpenApi.GitLab());
    }

    // Comments

    [Fact]
    public async Task GitHub_comments_are_found_again_only_when_they_are_the_bots_own()
    {
        On("GET /user", 200, """{"id":99,"login":"qmoi"}""");
        On("POST /repos/acme/app/issues/12/comments", 201, """{"id":5}""");
        On("PATCH /repos/acme/app/issues/comments/5", 200, "{}");
        On("POST /repos/acme/app/issues/comments/5/reactions", 200, "{}");
        On($"POST /repos/acme/app/commits/{Parent}/comments", 201, """{"id":6}""");
        On("PATCH /repos/acme/app/comments/6", 200, "{}");
        answers["GET /repos/acme/app/issues/12/comments"] = request => request.Query.Contains("page=3", StringComparison.Ordinal)
            ? new Reply(200, """[{"id":5,"body":"<!-- m --> mine","user":{"id":99} }]""", ("Link", $"<{server.Url}/repos/acme/app/issues/12/comments?page=2>; rel=\"prev\", <{server.Url}/x>; rel=\"first\""))
            : request.Query.Contains("page=2", StringComparison.Ordinal) ? new Reply(500)
            : new Reply(200, """[{"id":1,"body":"<!-- m --> forged","user":{"id":98} }]""", ("Link", $"<{server.Url}/repos/acme/app/issues/12/comments?page=3>; rel=\"last\""));
        var forge = await OpenAsync(Hub);
        var target = new CommentTarget.OnMergeRequest(12);
        var comment = await forge.CreateCommentAsync(Hub, target, "text", Ct);
        await forge.EditCommentAsync(Hub, comment, "new", Ct);
        await forge.AddReactionAsync(Hub, comment, "thumbs_up", Ct);
        Assert.Equal("""{"content":"+1"}""", Sent("POST /repos/acme/app/issues/comments/5/reactions").Body.Replace("\\u002B", "+", StringComparison.Ordinal));
        Assert.Equal(comment, await forge.FindCommentAsync(Hub, target, "<!-- m -->", Ct));
        Conform(OpenApi.GitHub());

        var onCommit = await forge.CreateCommentAsync(Hub, new CommentTarget.OnCommit(CommitSha.Parse(Parent)), "text", Ct);
        await forge.EditCommentAsync(Hub, onCommit, "new", Ct);
        Assert.Null(await FindForgedAsync());
        await Assert.ThrowsAsync<ForgeException>(() => forge.EditCommentAsync(Hub, new CommentHandle("issue:../../5"), "x", Ct));

        async Task<CommentHandle?> FindForgedAsync()
        {
            On("GET /repos/acme/app/issues/12/comments", 200, """[{"id":1,"body":"<!-- m --> forged","user":{"id":98} }]""");
            return await forge.FindCommentAsync(Hub, target, "<!-- m -->", Ct);
        }
    }

    [Fact]
    public async Task GitLab_comments_on_commits_are_discussions_because_those_can_be_edited()
    {
        var discussions = $"/api/v4/projects/7/repository/commits/{Parent}/discussions";
        On("GET /api/v4/user", 200, """{"id":99}""");
        On("POST " + discussions, 201, """{"id":"abc123","notes":[{"id":5}]}""");
        On("PUT " + discussions + "/abc123/notes/5", 200, "{}");
        On("GET " + discussions, 200, """[{"id":"abc123","notes":[{"id":4,"body":"m","author":{"id":98}},{"id":5,"body":"m","author":{"id":99}}]}]""");
        On("POST /api/v4/projects/7/merge_requests/12/notes", 201, """{"id":8}""");
        On("PUT /api/v4/projects/7/merge_requests/12/notes/8", 200, "{}");
        On("GET /api/v4/projects/7/merge_requests/12/notes", 200, """[{"id":9,"body":"m","system":true,"author":{"id":99}},{"id":8,"body":"m","author":{"id":99}}]""");
        On("POST /api/v4/projects/7/merge_requests/12/notes/8/award_emoji", 404, """{"message":"404 Award Emoji Name has already been taken Not Found"}""");
        var forge = await OpenAsync(Lab);
        foreach (var target in (CommentTarget[])[new CommentTarget.OnCommit(CommitSha.Parse(Parent)), new CommentTarget.OnMergeRequest(12)])
        {
            var comment = await forge.CreateCommentAsync(Lab, target, "text", Ct);
            await forge.EditCommentAsync(Lab, comment, "new", Ct);
            await forge.AddReactionAsync(Lab, comment, "thumbs_up", Ct);
            Assert.Equal(comment, await forge.FindCommentAsync(Lab, target, "m", Ct));
            Assert.Null(await forge.FindCommentAsync(Lab, target, "other", Ct));
        }

        Assert.Single(server.Requests, request => request.Line == "GET /api/v4/user");
        Conform(OpenApi.GitLab());
    }

    // Reading

    [Fact]
    public async Task GitHub_files_folders_and_branches()
    {
        On("GET /repos/acme/app/contents/a.txt", 200, """{"type":"file","path":"a.txt","sha":"s","size":6,"encoding":"base64","content":"aGVs\nbG8K\n"}""");
        On("GET /repos/acme/app/contents/src", 200, """[{"type":"file","path":"src/x","sha":"1"},{"type":"dir","path":"src/d","sha":"2"}]""");
        On("GET /repos/acme/app/contents", 200, """[{"type":"dir","path":"src","sha":"3"}]""");
        answers["GET /repos/acme/app/contents/large.json"] = request => request.Header("Accept").Contains("raw", StringComparison.Ordinal)
            ? new Reply(200, "{ }") : new Reply(200, """{"type":"file","path":"large.json","sha":"s","size":2000000,"encoding":"none","content":""}""");
        var forge = await OpenAsync(Hub);
        var file = await forge.ReadFileAsync(Hub, "a.txt", Parent, Ct);
        Assert.Equal(("hello\n", (bool?)null), (Encoding.UTF8.GetString(file!.Content.Span), file.IsExecutable));
        Assert.Equal("{ }", Encoding.UTF8.GetString((await forge.ReadFileAsync(Hub, "large.json", "main", Ct))!.Content.Span));
        Assert.Null(await forge.ReadFileAsync(Hub, "src", "main", Ct));
        Assert.Null(await forge.ReadFileAsync(Hub, "none", "main", Ct));
        Assert.Equal([new TreeEntry("src/x", false), new TreeEntry("src/d", true)], await forge.ListFolderAsync(Hub, "src", "main", Ct));
        Assert.Equal([new TreeEntry("src", true)], await forge.ListFolderAsync(Hub, "", "main", Ct));
        Assert.Empty(await forge.ListFolderAsync(Hub, "none", "main", Ct));
        Assert.Null(await forge.GetBranchHeadAsync(Hub, "none", Ct));
    }

    [Fact]
    public async Task GitLab_files_folders_and_branches()
    {
        On("GET /api/v4/projects/7/repository/files/src%2Fa.sh", 200, """{"file_path":"src/a.sh","encoding":"base64","content":"aGVsbG8K","execute_filemode":true}""");
        On("GET /api/v4/projects/7/repository/tree", 200, """[{"path":"src/x","type":"blob"},{"path":"src/d","type":"tree"}]""");
        On("GET /api/v4/projects/7/repository/files/gone", 404, """{"message":"404 Project Not Found"}""");
        On("GET /api/v4/projects/7/pipelines/3", 200, """{"id":3,"yaml_errors":"jobs config should contain at least one visible job"}""");
        On("GET /api/v4/projects/7/pipelines/4", 200, """{"id":4,"yaml_errors":null}""");
        On("POST /api/v4/projects/7/ci/lint", 200, """{"valid":false,"errors":["bad"],"warnings":[]}""");
        var forge = await OpenAsync(Lab);
        var file = await forge.ReadFileAsync(Lab, "src/a.sh", Parent, Ct);
        Assert.Equal(("hello\n", (bool?)true), (Encoding.UTF8.GetString(file!.Content.Span), file.IsExecutable));
        Assert.Null(await forge.ReadFileAsync(Lab, "none", "main", Ct));
        Assert.Equal(ForgeProblem.NotFound, (await Assert.ThrowsAsync<ForgeException>(() => forge.ReadFileAsync(Lab, "gone", "main", Ct))).Problem);
        Assert.Equal([new TreeEntry("src/x", false), new TreeEntry("src/d", true)], await forge.ListFolderAsync(Lab, "src", "main", Ct));
        Assert.Null(await forge.GetBranchHeadAsync(Lab, "feature/none", Ct));
        Assert.Equal("GET /api/v4/projects/7/repository/branches/feature%2Fnone", Lines[^1]);
        Assert.NotNull(await forge.GetPipelineErrorsAsync(Lab, 3, Ct));
        Assert.Null(await forge.GetPipelineErrorsAsync(Lab, 4, Ct));
        Assert.Equal(["bad"], await forge.LintCiAsync(Lab, "x", Ct));
        On("POST /api/v4/projects/7/ci/lint", 200, """{"valid":true,"errors":[]}""");
        Assert.Empty((await forge.LintCiAsync(Lab, "x", Ct))!);
        Conform(OpenApi.GitLab());
    }

    // Acting

    [Fact]
    public async Task A_job_that_was_run_again_already_is_not_run_a_third_time()
    {
        static string Jobs(long id) => $$"""{"total_count":1,"jobs":[{"id":{{id}},"run_id":9,"run_attempt":1,"head_sha":"{{Parent}}","name":"t","status":"completed","conclusion":"failure"}]}""";
        On("GET /repos/acme/app/actions/runs/9/jobs", 200, Jobs(31));
        On("POST /repos/acme/app/actions/runs/9/rerun-failed-jobs", 201, "{}");
        var forge = await OpenAsync(Hub);
        await forge.RetryAsync(Hub, 9, [31], Ct);
        On("GET /repos/acme/app/actions/runs/9/jobs", 200, Jobs(32));
        Assert.Equal(ForgeProblem.Conflict, (await Assert.ThrowsAsync<ForgeException>(() => forge.RetryAsync(Hub, 9, [31], Ct))).Problem);
        Assert.Single(server.Requests, request => request.Method == "POST");
        On("GET /repos/acme/app/actions/runs/9/jobs", 200, Jobs(31));
        On("POST /repos/acme/app/actions/runs/9/rerun-failed-jobs", 403, """{"message":"This workflow is already running"}""");
        Assert.Equal(ForgeProblem.Conflict, (await Assert.ThrowsAsync<ForgeException>(() => forge.RetryAsync(Hub, 9, [31], Ct))).Problem);
        Conform(OpenApi.GitHub());
    }

    [Fact]
    public async Task A_GitLab_job_that_was_run_again_already_is_passed_over()
    {
        On("POST /api/v4/projects/7/jobs/31/retry", 403, """{"message":"403 Forbidden - Job is not retryable"}""");
        On("POST /api/v4/projects/7/jobs/32/retry", 201, "{}");
        var lab = await OpenAsync(Lab);
        await lab.RetryAsync(Lab, 9, [31, 32], Ct);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Deleting_a_branch_that_is_gone_is_no_error()
    {
        On("DELETE /repos/acme/app/git/refs/heads/a/b", 422, """{"message":"Reference does not exist"}""");
        On("DELETE /api/v4/projects/7/repository/branches/a%2Fb", 404, """{"message":"404 Branch Not Found"}""");
        var forge = await OpenAsync(Hub);
        await forge.DeleteBranchAsync(Hub, "a/b", Ct);
        await forges.Open(Lab).DeleteBranchAsync(Lab, "a/b", Ct);
        On("DELETE /repos/acme/app/git/refs/heads/a/b", 422, """{"message":"Cannot delete protected branch"}""");
        await Assert.ThrowsAsync<ForgeException>(() => forge.DeleteBranchAsync(Hub, "a/b", Ct));
    }

    [Theory]
    [InlineData("admin", "admin", 3, Permission.Admin)]
    [InlineData("write", "maintain", 3, Permission.Maintain)]
    [InlineData("write", "write", 3, Permission.Write)]
    [InlineData("read", "triage", 3, Permission.Triage)]
    [InlineData("read", "read", 3, Permission.Read)]
    [InlineData("none", "", 3, Permission.None)]
    [InlineData("write", "our own role", 3, Permission.Write)]
    [InlineData("admin", "admin", 4, Permission.None)]
    public async Task GitHub_permissions_count_for_the_user_id_only(string permission, string role, int id, Permission expected)
    {
        On("GET /repos/acme/app/collaborators/ada/permission", 200, JsonSerializer.Serialize(new { permission, role_name = role, user = new { id, login = "ada" } }));
        var forge = await OpenAsync(Hub);
        Assert.Equal(expected, await forge.GetPermissionAsync(Hub, 3, "ada", Ct));
        Assert.Equal(Permission.None, await forge.GetPermissionAsync(Hub, 3, "nobody", Ct));
    }

    [Theory]
    [InlineData(5, Permission.None)]
    [InlineData(10, Permission.Read)]
    [InlineData(15, Permission.Read)]
    [InlineData(20, Permission.Triage)]
    [InlineData(30, Permission.Write)]
    [InlineData(40, Permission.Maintain)]
    [InlineData(50, Permission.Admin)]
    public async Task GitLab_access_levels_are_permissions(int level, Permission expected)
    {
        On("GET /api/v4/projects/7/members/all/3", 200, $$"""{"id":3,"access_level":{{level}},"state":"active"}""");
        On("GET /api/v4/projects/7/members/all/4", 200, $$"""{"id":4,"access_level":{{level}},"state":"blocked"}""");
        var forge = await OpenAsync(Lab);
        Assert.Equal(expected, await forge.GetPermissionAsync(Lab, 3, "ada", Ct));
        Assert.Equal(Permission.None, await forge.GetPermissionAsync(Lab, 4, "ada", Ct));
        Assert.Equal(Permission.None, await forge.GetPermissionAsync(Lab, 5, "ada", Ct));
    }

    // Suggestions

    private static MergeRequest Request4 => new(4, "", "topic", "main", CommitSha.Parse(Parent), IsFromFork: false, IsOpen: true, IsMerged: false);

    [Fact]
    public async Task GitHub_a_suggestion_is_a_comment_on_the_lines_and_is_made_once()
    {
        const string Comments = "/repos/acme/app/pulls/4/comments";
        On($"GET {Comments}", 200, "[]");
        On($"POST {Comments}", 201, "{\"id\":31}");
        On("GET /user", 200, "{\"id\":1,\"login\":\"qmoi\"}");
        var forge = await OpenAsync(Hub);
        Assert.Equal("review:31", (await forge.SuggestAsync(Hub, Request4, new Suggestion("src/a.c", 5, 7, "why", "new"), Ct)).Value);
        var sent = Body($"POST {Comments}");
        Assert.Equal(("src/a.c", Parent, 7, 5, "RIGHT"), (
            sent.GetProperty("path").GetString(), sent.GetProperty("commit_id").GetString(), sent.GetProperty("line").GetInt32(), sent.GetProperty("start_line").GetInt32(), sent.GetProperty("side").GetString()));
        Assert.Equal("why\n\n```suggestion\nnew\n```", sent.GetProperty("body").GetString());

        On($"GET {Comments}", 200, "[{\"id\":30,\"body\":\"why\",\"user\":{\"id\":66,\"login\":\"mallory\"}},{\"id\":31,\"body\":\"why\",\"user\":{\"id\":1,\"login\":\"qmoi\"}}]");
        Assert.Equal("review:31", (await forge.SuggestAsync(Hub, Request4, new Suggestion("src/a.c", 5, 7, "why", "new"), Ct)).Value);
        Assert.Single(Lines, line => line == $"POST {Comments}");
    }

    [Fact]
    public async Task A_suggestion_outside_the_diff_is_invalid_on_both()
    {
        On("GET /repos/acme/app/pulls/4/comments", 200, "[]");
        On("POST /repos/acme/app/pulls/4/comments", 422, "{\"message\":\"Validation Failed\",\"errors\":[{\"field\":\"pull_request_review_thread.line\",\"code\":\"custom\",\"message\":\"must be part of the diff\"}]}");
        On("GET /api/v4/projects/7/merge_requests/4/notes", 200, "[]");
        On("GET /api/v4/projects/7/merge_requests/4", 200, $$$"""{"iid":4,"state":"opened","source_branch":"topic","target_branch":"main","diff_refs":{"base_sha":"b","start_sha":"s","head_sha":"{{{Parent}}}"} }""");
        On("POST /api/v4/projects/7/merge_requests/4/discussions", 400, "{\"message\":\"400 Bad request - Note {:line_code=>[\\\"can't be blank\\\", \\\"must be a valid line code\\\"]}\"}");
        var hub = await OpenAsync(Hub);
        var suggestion = new Suggestion("src/a.c", 5, 5, "why", "new");
        Assert.Equal(ForgeProblem.Invalid, (await Assert.ThrowsAsync<ForgeException>(() => hub.SuggestAsync(Hub, Request4, suggestion, Ct))).Problem);
        Assert.Equal(ForgeProblem.Invalid, (await Assert.ThrowsAsync<ForgeException>(() => forges.Open(Lab).SuggestAsync(Lab, Request4, suggestion, Ct))).Problem);
        var position = Body("POST /api/v4/projects/7/merge_requests/4/discussions").GetProperty("position");
        Assert.Equal(("b", "s", Parent, 5), (position.GetProperty("base_sha").GetString(), position.GetProperty("start_sha").GetString(), position.GetProperty("head_sha").GetString(), position.GetProperty("new_line").GetInt32()));
    }

    [Fact]
    public async Task A_merge_request_runs_again_on_GitLab_alone()
    {
        On("POST /api/v4/projects/7/merge_requests/4/pipelines", 200, "{\"id\":1}");
        Assert.True(await (await OpenAsync(Lab)).RunMergeRequestAgainAsync(Lab, 4, Ct));
        Assert.False(await forges.Open(Hub).RunMergeRequestAgainAsync(Hub, 4, Ct));
        Assert.Equal(["POST /api/v4/projects/7/merge_requests/4/pipelines"], Lines);
    }

    [Fact]
    public async Task Git_is_reached_beside_the_API_with_the_token_in_a_header()
    {
        On("GET /api/v3/repos/acme/app", 200, """{"id":7}""");
        var hub = await (await OpenAsync(Hub)).GetGitAccessAsync(Hub, Ct);
        var expected = new GitAccess($"{server.Url}/acme/app.git", "Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:hub-token")));
        Assert.Equal(expected, hub);
        var lab = await forges.Open(Lab).GetGitAccessAsync(Lab, Ct);
        Assert.Equal(new GitAccess($"{server.Url}/acme/group/app.git", "Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("oauth2:lab-token"))), lab);

        using var enterprise = new QMoi.Forges.Forges(
            new GitHubSettings(new Uri(server.Url + "/api/v3"), "hub-token"), new GitLabSettings(new Uri(server.Url)), new ManualClock(), NullLoggerFactory.Instance, TimeSpan.Zero);
        Assert.Equal(expected, await enterprise.Open(Hub).GetGitAccessAsync(Hub, Ct));
    }
}
