using System.Security.Cryptography;
using System.Text;
using QMoi.Forges.GitHub;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using static QMoi.Tests.Forges.Deliveries;

namespace QMoi.Tests.Forges;

public sealed class GitHubDeliveryTests
{
    private const string Secret = "a secret of the hook";
    private static readonly byte[] Body = Bytes("""{"action":"completed","repository":{"id":7,"full_name":"acme/app"}}""");
    private static readonly GitHubWebhookFormat Format = new();

    private static VerificationResult Verify(Headers headers, byte[]? body = null, params string[] secrets) =>
        Format.Verify(headers, body ?? Body, new WebhookSecrets(secrets.Length == 0 ? [Secret] : secrets, []), Now);

    [Fact]
    public void A_body_signed_with_the_secret_is_verified() =>
        Assert.Equal(VerificationResult.Verified, Verify(new Headers(("X-Hub-Signature-256", GitHubSignature(Secret, Body)))));

    [Fact]
    public void While_a_secret_is_being_changed_both_are_good()
    {
        Assert.Equal(VerificationResult.Verified, Verify(new Headers(("x-hub-signature-256", GitHubSignature(Secret, Body))), null, "new", Secret));
        Assert.Equal(VerificationResult.Verified, Verify(new Headers(("x-hub-signature-256", GitHubSignature("new", Body))), null, "new", Secret));
    }

    [Fact]
    public void One_changed_byte_is_refused()
    {
        var changed = Body.ToArray();
        changed[^2] ^= 1;
        Assert.Equal(VerificationResult.Refused, Verify(new Headers(("X-Hub-Signature-256", GitHubSignature(Secret, Body))), changed));
    }

    public static TheoryData<string> BadSignatures()
    {
        var right = GitHubSignature(Secret, Body);
        return
        [
            "", "sha256=", right[..^1], right + "0", right[..^1] + "g", right["sha256=".Length..], "SHA256=" + right["sha256=".Length..], "sha1=" + right["sha256=".Length..],
            right + "," + right, " " + right, "sha256=" + new string('0', 64), new string('a', 10_000), "sha256=" + new string('\u0661', 64), right[..^2] + "\0\0",
        ];
    }

    [Theory, MemberData(nameof(BadSignatures))]
    public void A_malformed_signature_is_refused(string signature) => Assert.Equal(VerificationResult.Refused, Verify(new Headers(("X-Hub-Signature-256", signature))));

    [Fact]
    public void No_signature_a_doubled_one_or_only_SHA1_is_refused()
    {
        var right = GitHubSignature(Secret, Body);
#pragma warning disable CA5350 // what old hooks send beside the real proof
        var sha1 = "sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(Bytes(Secret), Body));
#pragma warning restore CA5350
        Assert.Equal(VerificationResult.Refused, Verify(new Headers()));
        Assert.Equal(VerificationResult.Refused, Verify(new Headers(("X-Hub-Signature-256", right), ("x-hub-signature-256", right))));
        Assert.Equal(VerificationResult.Refused, Verify(new Headers(("X-Hub-Signature", sha1))));
        Assert.Equal(VerificationResult.Refused, Verify(new Headers(("X-Hub-Signature-256", sha1))));
    }

    [Fact]
    public void A_hook_without_a_secret_verifies_nothing()
    {
        var signedWithNothing = new Headers(("X-Hub-Signature-256", GitHubSignature("", Body)));
        Assert.Equal(VerificationResult.Refused, Format.Verify(signedWithNothing, Body, new WebhookSecrets([], []), Now));
        Assert.Equal(VerificationResult.Refused, Format.Verify(signedWithNothing, Body, new WebhookSecrets([""], []), Now));
    }

    [Fact]
    public void A_very_long_secret_works()
    {
        var secret = new string('s', 5000);
        Assert.Equal(VerificationResult.Verified, Verify(new Headers(("X-Hub-Signature-256", GitHubSignature(secret, Body))), null, secret));
    }

    private static Envelope? Read(byte[] body, out string? problem, string eventName = "workflow_run") =>
        Format.ReadEnvelope(new Headers(("X-GitHub-Event", eventName), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")), body, out problem);

    [Fact]
    public void The_envelope_names_delivery_event_and_repository()
    {
        var envelope = Read(Body, out var problem);
        Assert.Null(problem);
        Assert.Equal(new Envelope("72d3162e-cc78-11e3-81ab-4c9367dc0958", "workflow_run", 7, "acme/app", IsPing: false), envelope);
    }

    [Fact]
    public void A_ping_is_a_ping_only_when_its_body_is_one()
    {
        Assert.True(Read(Bytes("""{"zen":"Keep it simple.","hook_id":1}"""), out _, "ping")!.IsPing);
        Assert.False(Read(Body, out _, "ping")!.IsPing);
    }

    [Fact]
    public void An_unknown_event_without_repository_is_accepted()
    {
        var envelope = Read(Bytes("""{"action":"created","installation":{"id":9}}"""), out _, "something_new");
        Assert.Null(envelope!.RepositoryId);
    }

    public static TheoryData<byte[], string> BadBodies() => new()
    {
        { [], "empty" },
        { Bytes("[]"), "array" },
        { Bytes("null"), "null" },
        { Bytes("payload=%7B%7D"), "form" },
        { Bytes("{"), "cut" },
        { Bytes("{}x"), "trailing" },
        { Bytes("{} {}"), "two objects" },
        { Bytes("""{"a":1,}"""), "trailing comma" },
        { Bytes("""{"a":1 /* c */}"""), "comment" },
        { [0xEF, 0xBB, 0xBF, .. Body], "byte order mark" },
        { Encoding.Unicode.GetBytes("{}"), "UTF-16" },
        { [.. Bytes("{\"a\":\""), 0xC3, 0x28, .. Bytes("\"}")], "invalid UTF-8" },
        { [.. Bytes("{\"a\":\""), 0xED, 0xA0, 0x80, .. Bytes("\"}")], "surrogate as UTF-8" },
        { [.. Bytes("{\"a\":\""), 0, .. Bytes("\"}")], "raw NUL" },
        { Bytes("{\"a\":\"x\\u0000y\"}"), "escaped NUL" },
        { Bytes("{\"a\":\"\\ud800\"}"), "lone high surrogate" },
        { Bytes("{\"a\":\"\\udc00\"}"), "lone low surrogate" },
        { Bytes("{\"a\":\"\\ud800\\u0041\"}"), "half a pair" },
        { Bytes("{\"\\ud800\":1}"), "lone surrogate in a key" },
        { Bytes("""{"repository":{"id":7},"repository":{"id":8}}"""), "duplicate key" },
        { Bytes("""{"repository":{"id":7},"\u0072epository":{"id":8}}"""), "duplicate key, one escaped" },
        { Bytes("""{"repository":{"id":7,"full_name":"a/b","id":8}}"""), "duplicate id" },
        { Bytes("""{"x":[{"y":{"b":1,"b":2}}]}"""), "duplicate deep inside" },
        { Bytes("""{"repository":{"id":1e999}}"""), "1e999 as id" },
        { Bytes("""{"x":1e999}"""), "1e999 elsewhere" },
        { Bytes("""{"repository":{"id":7.5}}"""), "fraction as id" },
        { Bytes("""{"repository":{"id":"7"}}"""), "text as id" },
        { Bytes("""{"repository":{"id":null}}"""), "null as id" },
        { Bytes("""{"repository":{"id":-7}}"""), "negative id" },
        { Bytes("""{"repository":{"id":99999999999999999999}}"""), "id too large" },
        { Bytes("""{"repository":{"id":7,"full_name":[1]}}"""), "list as name" },
        { Bytes(string.Concat(Enumerable.Repeat("{\"a\":", 65)) + "1" + new string('}', 65)), "65 levels" },
    };

    [Theory, MemberData(nameof(BadBodies))]
    public void A_body_that_could_be_read_in_two_ways_is_refused(byte[] body, string what)
    {
        Assert.True(Read(body, out var problem) is null, what);
        Assert.False(string.IsNullOrEmpty(problem), what);
    }

    [Fact]
    public void Escapes_pairs_and_64_levels_are_fine()
    {
        Assert.NotNull(Read(Bytes("{\"a\":\"\\ud83d\\ude00 \\\\u0000 \\n\",\"b\":[{\"c\":1},{\"c\":2}],\"d\":1.5e10}"), out _));
        Assert.NotNull(Read(Bytes(string.Concat(Enumerable.Repeat("{\"a\":", 64)) + "1" + new string('}', 64)), out _));
        Assert.NotNull(Read(Bytes("{" + string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"key{i}\":{i}")) + "}"), out _));
    }

    [Theory]
    [InlineData("workflow_run", null)]
    [InlineData("workflow_run", "")]
    [InlineData("workflow_run", "a b")]
    [InlineData("workflow_run", "a\tb")]
    [InlineData("workflow_run", "\u00e9")]
    [InlineData(null, "id")]
    [InlineData("", "id")]
    [InlineData("Workflow Run", "id")]
    public void Headers_that_are_missing_or_malformed_are_refused(string? eventName, string? id)
    {
        List<(string, string)> headers = [];
        if (eventName is not null) headers.Add(("X-GitHub-Event", eventName));
        if (id is not null) headers.Add(("X-GitHub-Delivery", id));
        Assert.Null(Format.ReadEnvelope(new Headers([.. headers]), Body, out var problem));
        Assert.NotNull(problem);
        Assert.Null(Format.ReadEnvelope(new Headers(("X-GitHub-Event", "push"), ("X-GitHub-Delivery", new string('x', 201))), Body, out _));
    }

    private const string Sha = "0123456789abcdef0123456789abcdef01234567";
    private const string Repository = """{"id":7,"full_name":"acme/app","default_branch":"trunk","unknown":{}}""";

    private static string Run(string conclusion = "failure", string more = "", string head = "7", string status = "completed") =>
        $$$"""
        {"action":"completed","installation":{"id":55},"repository":{{{Repository}}},
         "workflow_run":{"id":900,"run_attempt":2,"name":"CI","path":".github/workflows/ci.yml@main","head_branch":"topic","head_sha":"{{{Sha}}}",
          "status":"{{{status}}}","conclusion":"{{{conclusion}}}","html_url":"https://forge.example/run/900","head_repository":{"id":{{{head}}} },
          "pull_requests":[{"number":12,"base":{"ref":"trunk","repo":{"id":7} } }],"head_commit":{"author":{"name":"Ada"}}{{{more}}} } }
        """;

    private static ForgeEvent Event(string name, string body) => Format.ReadEvent(name, Bytes(body));

    [Fact]
    public void A_workflow_run_that_ended_is_a_finished_pipeline()
    {
        var finished = Assert.IsType<ForgeEvent.PipelineFinished>(Event("workflow_run", Run()));
        Assert.Equal(new Repository(ForgeKind.GitHub, 7, "acme/app", "trunk", 55), finished.Repository);
        Assert.Equal(
            new Pipeline(
                900, 2, CommitSha.Parse(Sha), "topic", IsTag: false, RunStatus.Failed, "CI", ".github/workflows/ci.yml", "https://forge.example/run/900",
                IsFromFork: false, 12, "Ada"),
            finished.Pipeline);
        Assert.Null(finished.Jobs);
    }

    [Theory]
    [InlineData("success", RunStatus.Success)]
    [InlineData("failure", RunStatus.Failed)]
    [InlineData("timed_out", RunStatus.Failed)]
    [InlineData("startup_failure", RunStatus.Failed)]
    [InlineData("cancelled", RunStatus.Canceled)]
    [InlineData("skipped", RunStatus.Skipped)]
    [InlineData("action_required", RunStatus.Other)]
    [InlineData("neutral", RunStatus.Other)]
    [InlineData("stale", RunStatus.Other)]
    public void Conclusions_become_states(string conclusion, RunStatus status) =>
        Assert.Equal(status, Assert.IsType<ForgeEvent.PipelineFinished>(Event("workflow_run", Run(conclusion))).Pipeline.Status);

    [Fact]
    public void A_run_of_a_fork_is_known_as_one_even_when_the_fork_is_gone()
    {
        Assert.True(Assert.IsType<ForgeEvent.PipelineFinished>(Event("workflow_run", Run(head: "8"))).Pipeline.IsFromFork);
        var gone = Run().Replace("\"head_repository\":{\"id\":7 }", "\"head_repository\":null", StringComparison.Ordinal);
        Assert.True(Assert.IsType<ForgeEvent.PipelineFinished>(Event("workflow_run", gone)).Pipeline.IsFromFork);
    }

    [Theory]
    [InlineData("dynamic/github-code-scanning/codeql")]
    [InlineData("other/repo/.github/workflows/ci.yml@main")]
    public void A_workflow_that_is_no_file_of_the_repository_has_no_CI_file(string path) =>
        Assert.Null(Assert.IsType<ForgeEvent.PipelineFinished>(
            Event("workflow_run", Run().Replace(".github/workflows/ci.yml@main", path, StringComparison.Ordinal))).Pipeline.CiFile);

    [Fact]
    public void A_job_that_ended_is_a_finished_job()
    {
        var body = $$"""
            {"action":"completed","repository":{{Repository}},"workflow_job":{"id":31,"run_id":900,"run_attempt":3,"name":"test (20)","workflow_name":"CI",
             "head_branch":"topic","head_sha":"{{Sha}}","status":"completed","conclusion":"failure","html_url":"https://forge.example/acme/app/actions/runs/900/job/31","steps":[]} }
            """;
        var finished = Assert.IsType<ForgeEvent.JobFinished>(Event("workflow_job", body));
        Assert.Equal((900, 3, "topic", "CI"), (finished.Pipeline.Id, finished.Pipeline.Attempt, finished.Pipeline.Branch, finished.Pipeline.Name));
        Assert.Equal("https://forge.example/acme/app/actions/runs/900", finished.Pipeline.Url);
        Assert.Equal(new Job(31, "test (20)", null, RunStatus.Failed, null, MayFail: false, "https://forge.example/acme/app/actions/runs/900/job/31"), finished.Job);
        Assert.Null(finished.Repository.Installation);
        Assert.IsType<ForgeEvent.Nothing>(Event("workflow_job", body.Replace("completed\",\"repository", "in_progress\",\"repository", StringComparison.Ordinal)));
    }

    private static string Pull(string action = "closed", string headRepository = "7", string merged = "true") =>
        $$$"""
        {"action":"{{{action}}}","sender":{"id":3,"login":"ada"},"repository":{{{Repository}}},
         "pull_request":{"number":12,"state":"closed","merged":{{{merged}}},"head":{"ref":"qmoi/fix/x","sha":"{{{Sha}}}","label":"mallory:qmoi/fix/x","repo":{"id":{{{headRepository}}} } },
          "base":{"ref":"trunk","repo":{"id":7} } } }
        """;

    [Fact]
    public void A_closed_pull_request_is_a_closed_merge_request()
    {
        var closed = Assert.IsType<ForgeEvent.MergeRequestClosed>(Event("pull_request", Pull()));
        Assert.Equal((12, "qmoi/fix/x", true, "ada"), (closed.Number, closed.SourceBranch, closed.IsMerged, closed.ClosedBy));
        Assert.False(Assert.IsType<ForgeEvent.MergeRequestClosed>(Event("pull_request", Pull(merged: "false"))).IsMerged);
        Assert.IsType<ForgeEvent.Nothing>(Event("pull_request", Pull("opened")));
    }

    [Fact]
    public void A_forks_branch_is_never_taken_for_one_of_the_repository() =>
        Assert.Equal("mallory:qmoi/fix/x", Assert.IsType<ForgeEvent.MergeRequestClosed>(Event("pull_request", Pull(headRepository: "8"))).SourceBranch);

    private static string Comment(string action = "edited", long author = 1, long editor = 3, string kind = "User", string pull = ",\"pull_request\":{}") =>
        $$$"""
        {"action":"{{{action}}}","issue":{"number":4{{{pull}}} },"comment":{"id":55,"body":"- [x] Undo","user":{"id":{{{author}}},"login":"qmoi"} },
         "sender":{"id":{{{editor}}},"login":"ada","type":"{{{kind}}}"},"repository":{"id":7,"full_name":"acme/app","default_branch":"trunk"} }
        """;

    [Fact]
    public void Only_an_edit_by_a_person_who_is_not_its_author_on_a_pull_request_is_noticed()
    {
        var edited = Assert.IsType<ForgeEvent.CommentEdited>(Event("issue_comment", Comment()));
        Assert.Equal((4L, "issue:55", "- [x] Undo", 3L, "ada"), (edited.MergeRequestNumber, edited.Comment.Value, edited.Body, edited.EditorId, edited.EditorName));
        foreach (var other in (string[])[Comment("created"), Comment(author: 3), Comment(kind: "Bot"), Comment(pull: "")])
            Assert.IsType<ForgeEvent.Nothing>(Event("issue_comment", other));
    }

    [Fact]
    public void A_body_sent_under_another_events_name_does_nothing()
    {
        Assert.Contains("does not fit", Assert.IsType<ForgeEvent.Nothing>(Event("workflow_job", Run())).Reason, StringComparison.Ordinal);
        Assert.Contains("does not fit", Assert.IsType<ForgeEvent.Nothing>(Event("workflow_run", Pull("completed"))).Reason, StringComparison.Ordinal);
        Assert.Contains("does not fit", Assert.IsType<ForgeEvent.Nothing>(Event("pull_request", Comment("closed"))).Reason, StringComparison.Ordinal);
        Assert.Contains("not with this action", Assert.IsType<ForgeEvent.Nothing>(Event("pull_request", Run())).Reason, StringComparison.Ordinal);
        var review = Pull().Insert(1, "\"review\":{},");
        Assert.Contains("does not fit", Assert.IsType<ForgeEvent.Nothing>(Event("pull_request", review)).Reason, StringComparison.Ordinal);
        Assert.IsType<ForgeEvent.Nothing>(Event("push", Run()));
    }

    [Theory]
    [InlineData("\"id\":900,", "")]
    [InlineData("\"head_sha\":\"" + Sha + "\",", "")]
    [InlineData(Sha, "not a commit")]
    [InlineData("\"id\":900,", "\"id\":\"900\",")]
    [InlineData("\"default_branch\":\"trunk\",", "")]
    [InlineData("\"name\":\"CI\"", "\"name\":\"CI\",\"head_sha\":\"" + Sha + "\"")]
    public void A_known_event_that_lacks_what_it_must_have_is_our_trouble(string part, string instead) =>
        Assert.Throws<FormatException>(() => Event("workflow_run", Run().Replace(part, instead, StringComparison.Ordinal)));

    [Fact]
    public void No_kept_header_carries_a_proof() =>
        Assert.DoesNotContain(Format.KeptHeaders, name => name.Contains("signature", StringComparison.Ordinal) || name.Contains("token", StringComparison.Ordinal) || name.Any(char.IsUpper));

    [Fact]
    public void Every_sample_of_a_real_delivery_is_read()
    {
        foreach (var file in Directory.EnumerateFiles(SharedFiles.Find("corpus/webhooks/github"), "*.json"))
        {
            var eventName = Path.GetFileName(file).Split('.')[0];
            var body = File.ReadAllBytes(file);
            var envelope = Read(body, out var problem, eventName);
            Assert.True(envelope is not null, $"{file}: {problem}");
            Assert.Equal(eventName == "ping", envelope.IsPing);
            var forgeEvent = Format.ReadEvent(eventName, body);
            if (file.Contains("workflow_run.completed", StringComparison.Ordinal)) Assert.IsType<ForgeEvent.PipelineFinished>(forgeEvent);
            if (file.Contains("pull_request.closed", StringComparison.Ordinal)) Assert.IsType<ForgeEvent.MergeRequestClosed>(forgeEvent);
        }
    }
}
