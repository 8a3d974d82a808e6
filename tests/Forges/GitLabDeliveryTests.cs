using QMoi.Forges.GitLab;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using static QMoi.Tests.Forges.Deliveries;

namespace QMoi.Tests.Forges;

public sealed class GitLabDeliveryTests
{
    private const string Secret = "the hook's own token";
    private const string Id = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f";
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly string SigningToken = "whsec_" + Convert.ToBase64String(Key);
    private static readonly string Timestamp = Now.ToUnixTimeSeconds().ToString();
    private static readonly byte[] Body = Bytes("""{"object_kind":"pipeline","project":{"id":7,"path_with_namespace":"acme/app"}}""");
    private static readonly GitLabWebhookFormat Format = new();

    private static bool IsVerified(WebhookSecrets secrets, params (string, string)[] headers) => Format.Verify(new Headers(headers), Body, secrets, Now) == VerificationResult.Verified;

    private static readonly WebhookSecrets Legacy = new([Secret, "another"], []);
    private static readonly WebhookSecrets Signed = new([Secret], [SigningToken]);

    private static (string, string)[] SignedHeaders(string? signature = null, string id = Id, string? timestamp = null) =>
        [("webhook-id", id), ("webhook-timestamp", timestamp ?? Timestamp), ("webhook-signature", signature ?? GitLabSignature(Key, id, timestamp ?? Timestamp, Body))];

    [Fact]
    public void The_right_token_verifies_a_hook_without_signing_token()
    {
        Assert.True(IsVerified(Legacy, ("X-Gitlab-Token", Secret)));
        Assert.True(IsVerified(Legacy, ("x-gitlab-token", "another")));
        Assert.True(IsVerified(Legacy, ("X-Gitlab-Token", Secret), ("webhook-id", Id), ("webhook-timestamp", Timestamp)));
    }

    [Fact]
    public void A_wrong_missing_doubled_or_endless_token_is_refused()
    {
        Assert.False(IsVerified(Legacy));
        Assert.False(IsVerified(Legacy, ("X-Gitlab-Token", "")));
        Assert.False(IsVerified(Legacy, ("X-Gitlab-Token", Secret + "x")));
        Assert.False(IsVerified(Legacy, ("X-Gitlab-Token", Secret[..^1])));
        Assert.False(IsVerified(Legacy, ("X-Gitlab-Token", Secret), ("X-Gitlab-Token", Secret)));
        Assert.False(IsVerified(Legacy, ("X-Gitlab-Token", new string('x', 10_000))));
        Assert.False(IsVerified(new WebhookSecrets([], []), ("X-Gitlab-Token", "")));
        Assert.False(IsVerified(new WebhookSecrets([""], []), ("X-Gitlab-Token", "")));
        Assert.False(IsVerified(Legacy, SignedHeaders()));
    }

    [Fact]
    public void The_right_signature_verifies_a_hook_with_signing_token()
    {
        Assert.True(IsVerified(Signed, SignedHeaders()));
        var right = GitLabSignature(Key, Id, Timestamp, Body);
        Assert.True(IsVerified(Signed, SignedHeaders($"v2,xyz v1a,{right} v1,AAAA {right}")));
        var second = new WebhookSecrets([], ["whsec_" + Convert.ToBase64String(new byte[32]), SigningToken]);
        Assert.True(IsVerified(second, SignedHeaders()));
    }

    [Fact]
    public void A_signing_token_never_falls_back_to_the_weaker_proof()
    {
        var token = ("X-Gitlab-Token", Secret);
        Assert.False(IsVerified(Signed, token));
        Assert.False(IsVerified(Signed, [token, .. SignedHeaders("v1," + Convert.ToBase64String(new byte[32]))]));
        Assert.False(IsVerified(new WebhookSecrets([Secret], ["not a signing token"]), token));
        Assert.False(IsVerified(new WebhookSecrets([Secret], ["whsec_"]), [token, .. SignedHeaders()]));
    }

    [Theory]
    [InlineData(-300, VerificationResult.Verified)]
    [InlineData(300, VerificationResult.Verified)]
    [InlineData(-301, VerificationResult.OtherTime)]
    [InlineData(301, VerificationResult.OtherTime)]
    public void A_signature_is_good_for_five_minutes_either_way(int seconds, VerificationResult expected) =>
        Assert.Equal(expected, Format.Verify(new Headers(SignedHeaders(timestamp: (Now.ToUnixTimeSeconds() + seconds).ToString())), Body, Signed, Now));

    [Fact]
    public void A_wrong_signature_says_nothing_about_the_clock() =>
        Assert.Equal(VerificationResult.Refused, Format.Verify(new Headers(SignedHeaders("v1," + Convert.ToBase64String(new byte[32]), timestamp: "1")), Body, Signed, Now));

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("+1795262400")]
    [InlineData(" 1795262400")]
    [InlineData("1795262400.0")]
    [InlineData("1795262400000")]
    [InlineData("0x6B01C000")]
    [InlineData("-1795262400")]
    [InlineData("99999999999999999999999")]
    [InlineData("\u0661\u0667\u0669\u0665")]
    public void A_timestamp_that_is_not_plain_seconds_is_refused(string timestamp) => Assert.False(IsVerified(Signed, SignedHeaders(timestamp: timestamp)));

    [Fact]
    public void Milliseconds_are_refused() => Assert.False(IsVerified(Signed, SignedHeaders(timestamp: Now.ToUnixTimeMilliseconds().ToString())));

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a\u0001b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("\u00e9")]
    public void An_id_that_could_run_over_is_refused(string id) => Assert.False(IsVerified(Signed, SignedHeaders(id: id)));

    [Fact]
    public void An_endless_id_is_refused() => Assert.False(IsVerified(Signed, SignedHeaders(id: new string('a', 100_000))));

    [Fact]
    public void Only_eight_signatures_are_looked_at()
    {
        var right = GitLabSignature(Key, Id, Timestamp, Body);
        var wrong = "v1," + Convert.ToBase64String(new byte[32]);
        Assert.True(IsVerified(Signed, SignedHeaders(string.Join(' ', [.. Enumerable.Repeat(wrong, 7), right]))));
        Assert.False(IsVerified(Signed, SignedHeaders(string.Join(' ', [.. Enumerable.Repeat(wrong, 8), right]))));
        Assert.False(IsVerified(Signed, SignedHeaders(string.Join(' ', [.. Enumerable.Repeat("v1,", 8), right]))));
        Assert.False(IsVerified(Signed, SignedHeaders(string.Join(' ', [.. Enumerable.Repeat(wrong, 5000), right]))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("v1,")]
    [InlineData("v1,!!!!")]
    [InlineData("v2,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("   ")]
    public void A_malformed_signature_is_refused(string signature) => Assert.False(IsVerified(Signed, SignedHeaders(signature)));

    [Fact]
    public void A_signature_for_another_body_id_or_time_is_refused()
    {
        Assert.False(IsVerified(Signed, SignedHeaders(GitLabSignature(Key, Id, Timestamp, Bytes("{}")))));
        Assert.False(IsVerified(Signed, SignedHeaders(GitLabSignature(Key, "other", Timestamp, Body))));
        Assert.False(IsVerified(Signed, SignedHeaders(GitLabSignature(Key, Id, "1", Body))));
        var right = GitLabSignature(Key, Id, Timestamp, Body);
        Assert.False(IsVerified(Signed, [.. SignedHeaders(right), ("webhook-signature", right)]));
    }

    private static Envelope? Read(string body, out string? problem, params (string, string)[] headers) =>
        Format.ReadEnvelope(new Headers(headers.Length == 0 ? [("webhook-id", Id), ("X-Gitlab-Event", "Push Hook")] : headers), Bytes(body), out problem);

    [Fact]
    public void The_body_names_the_event_and_the_project() =>
        Assert.Equal(
            new Envelope(Id, "pipeline", 7, "acme/app", IsPing: false),
            Format.ReadEnvelope(new Headers(("webhook-id", Id), ("X-Gitlab-Event", "Push Hook")), Body, out _));

    [Fact]
    public void System_hooks_and_job_hooks_name_the_project_at_the_top()
    {
        var system = Read("""{"event_name":"project_create","project_id":74,"path_with_namespace":"acme/new"}""", out _);
        Assert.Equal(("project_create", 74, "acme/new"), (system!.EventName, system.RepositoryId, system.RepositoryName));
        Assert.Equal(("build", 380), (Read("""{"object_kind":"build","project_id":380}""", out _)!.EventName, 380));
        Assert.Null(Read("""{"event_name":"user_create","user_id":41}""", out _)!.RepositoryId);
    }

    [Fact]
    public void A_body_that_contradicts_itself_is_refused()
    {
        Assert.Null(Read("""{"object_kind":"note","project_id":5,"project":{"id":6}}""", out var problem));
        Assert.Contains("differ", problem, StringComparison.Ordinal);
        Assert.Null(Read("""{"object_kind":"note","project":{"id":5},"project":{"id":6}}""", out _));
        Assert.Null(Read("""{"project":{"id":5}}""", out _));
        Assert.Null(Read("""{"object_kind":"Push Hook"}""", out _));
        Assert.Null(Read("""{"object_kind":7}""", out _));
        Assert.Null(Read("""{"object_kind":"note","project":{"id":1e999}}""", out _));
        Assert.Null(Read("""{"object_kind":"note","project_id":"5"}""", out _));
    }

    [Fact]
    public void An_event_id_that_hooks_share_counts_only_together_with_the_body()
    {
        Assert.Equal("key-1", Read("""{"object_kind":"push"}""", out _, ("Idempotency-Key", "key-1"), ("X-Gitlab-Event-UUID", "shared"))!.DeliveryId);
        Assert.Equal("id-1", Read("""{"object_kind":"push"}""", out _, ("Idempotency-Key", "key-1"), ("webhook-id", "id-1"))!.DeliveryId);
        var one = Read("""{"object_kind":"push"}""", out _, ("X-Gitlab-Event-UUID", "shared"))!.DeliveryId;
        var other = Read("""{"object_kind":"push","x":1}""", out _, ("X-Gitlab-Event-UUID", "shared"))!.DeliveryId;
        Assert.NotEqual(one, other);
        Assert.StartsWith("shared-", one, StringComparison.Ordinal);
        Assert.InRange(one.Length, 1, 200);
        Assert.Null(Read("""{"object_kind":"push"}""", out var problem, ("X-Gitlab-Event", "Push Hook")));
        Assert.NotNull(problem);
    }

    private const string Sha = "0123456789abcdef0123456789abcdef01234567";
    private const string Project = """{"id":7,"path_with_namespace":"acme/group/app","default_branch":"trunk","web_url":"https://lab.example/acme/group/app","name":"App"}""";

    private static string Pipeline(string status = "failed", string mergeRequest = "null", string builds = "", string reference = "topic", string tag = "false") =>
        $$$"""
        {"object_kind":"pipeline","object_attributes":{"id":900,"iid":3,"ref":"{{{reference}}}","tag":{{{tag}}},"sha":"{{{Sha}}}","status":"{{{status}}}","name":null,"url":"https://lab.example/p/900"},
         "merge_request":{{{mergeRequest}}},"project":{{{Project}}},"commit":{"id":"{{{Sha}}}","author":{"name":"Ada","email":"ada@forge.example"}},"builds":[{{{builds}}}]}
        """;

    private static ForgeEvent Event(string name, string body) => Format.ReadEvent(name, Bytes(body));

    private static ForgeEvent.PipelineFinished Finished(string body) => Assert.IsType<ForgeEvent.PipelineFinished>(Event("pipeline", body));

    [Fact]
    public void A_failed_pipeline_comes_with_its_jobs()
    {
        var finished = Finished(Pipeline(builds: """
            {"id":31,"stage":"test","name":"unit","status":"failed","failure_reason":"script_failure","allow_failure":false,"runner":null},
            {"id":32,"stage":"lint","name":"style","status":"manual","allow_failure":true}
            """));
        Assert.Equal(new Repository(ForgeKind.GitLab, 7, "acme/group/app", "trunk"), finished.Repository);
        Assert.Equal(
            new Pipeline(900, 1, CommitSha.Parse(Sha), "topic", IsTag: false, RunStatus.Failed, null, null, "https://lab.example/p/900", IsFromFork: false, null, "Ada"),
            finished.Pipeline);
        Assert.Equal(
            [
                new Job(31, "unit", "test", RunStatus.Failed, "script_failure", MayFail: false, "https://lab.example/acme/group/app/-/jobs/31"),
                new Job(32, "style", "lint", RunStatus.Other, null, MayFail: true, "https://lab.example/acme/group/app/-/jobs/32"),
            ],
            finished.Jobs);
    }

    [Fact]
    public void A_pipeline_with_a_broken_CI_file_has_no_jobs()
    {
        Assert.Empty(Finished(Pipeline()).Jobs!);
        Assert.Empty(Finished(Pipeline().Replace(",\"builds\":[]", "", StringComparison.Ordinal)).Jobs!);
    }

    [Theory]
    [InlineData("success", RunStatus.Success)]
    [InlineData("failed", RunStatus.Failed)]
    [InlineData("canceled", RunStatus.Canceled)]
    [InlineData("skipped", RunStatus.Skipped)]
    public void Ended_pipelines_are_acted_on(string status, RunStatus expected) => Assert.Equal(expected, Finished(Pipeline(status)).Pipeline.Status);

    [Theory]
    [InlineData("created")]
    [InlineData("pending")]
    [InlineData("running")]
    [InlineData("canceling")]
    [InlineData("manual")]
    [InlineData("waiting_for_resource")]
    [InlineData("something_new")]
    public void Pipelines_that_go_on_are_not(string status) => Assert.IsType<ForgeEvent.Nothing>(Event("pipeline", Pipeline(status)));

    [Fact]
    public void Tags_merge_requests_and_forks_are_told_apart()
    {
        Assert.True(Finished(Pipeline(tag: "true", reference: "v1.0")).Pipeline.IsTag);
        var own = Finished(Pipeline(mergeRequest: """{"iid":4,"source_branch":"topic","source_project_id":7,"target_project_id":7}""", reference: "refs/merge-requests/4/head")).Pipeline;
        Assert.Equal((4L, "topic", false), (own.MergeRequestNumber, own.Branch, own.IsFromFork));
        Assert.True(Finished(Pipeline(mergeRequest: """{"iid":4,"source_branch":"topic","source_project_id":8,"target_project_id":7}""")).Pipeline.IsFromFork);
        var inFork = Finished(Pipeline(mergeRequest: """{"iid":4,"source_branch":"topic","source_project_id":7,"target_project_id":99}""")).Pipeline;
        Assert.Equal(((long?)null, false), (inFork.MergeRequestNumber, inFork.IsFromFork));
    }

    private static string MergeRequest(string action, string source = "7") =>
        $$$"""
        {"object_kind":"merge_request","user":{"id":3,"username":"ada"},"project":{{{Project}}},
         "object_attributes":{"id":1,"iid":12,"source_branch":"qmoi/fix/x","source_project_id":{{{source}}},"target_project_id":7,"action":"{{{action}}}","source":{"path_with_namespace":"mallory/app"} } }
        """;

    [Fact]
    public void Closed_and_merged_merge_requests_are_noticed()
    {
        var closed = Assert.IsType<ForgeEvent.MergeRequestClosed>(Event("merge_request", MergeRequest("close")));
        Assert.Equal((12, "qmoi/fix/x", false, "ada"), (closed.Number, closed.SourceBranch, closed.IsMerged, closed.ClosedBy));
        Assert.True(Assert.IsType<ForgeEvent.MergeRequestClosed>(Event("merge_request", MergeRequest("merge"))).IsMerged);
        Assert.Equal("mallory/app:qmoi/fix/x", Assert.IsType<ForgeEvent.MergeRequestClosed>(Event("merge_request", MergeRequest("close", source: "8"))).SourceBranch);
        Assert.IsType<ForgeEvent.Nothing>(Event("merge_request", MergeRequest("update")));
    }

    private static string Note(string action = "update", long author = 1, long editor = 3, string system = "false", string target = "\"merge_request\":{\"iid\":4},") =>
        $$$"""
        {"object_kind":"note","user":{"id":{{{editor}}},"username":"ada"},"project":{{{Project}}},{{{target}}}
         "object_attributes":{"id":55,"note":"- [x] Undo","action":"{{{action}}}","author_id":{{{author}}},"system":{{{system}}} } }
        """;

    [Fact]
    public void Only_an_edit_by_another_than_its_author_on_a_merge_request_is_noticed()
    {
        var edited = Assert.IsType<ForgeEvent.CommentEdited>(Event("note", Note()));
        Assert.Equal((4L, "merge_request:4:55", "- [x] Undo", 3L, "ada"), (edited.MergeRequestNumber, edited.Comment.Value, edited.Body, edited.EditorId, edited.EditorName));
        foreach (var other in (string[])[Note("create"), Note(author: 3), Note(system: "true"), Note(target: "")])
            Assert.IsType<ForgeEvent.Nothing>(Event("note", other));
    }

    [Fact]
    public void A_body_sent_under_another_events_name_does_nothing()
    {
        Assert.Contains("does not fit", Assert.IsType<ForgeEvent.Nothing>(Event("pipeline", MergeRequest("close"))).Reason, StringComparison.Ordinal);
        Assert.Contains("does not fit", Assert.IsType<ForgeEvent.Nothing>(Event("merge_request", Pipeline())).Reason, StringComparison.Ordinal);
        Assert.IsType<ForgeEvent.Nothing>(Event("build", Pipeline()));
        Assert.IsType<ForgeEvent.Nothing>(Event("push", Pipeline()));
    }

    [Theory]
    [InlineData("\"id\":900,", "")]
    [InlineData(Sha, "short")]
    [InlineData("\"status\":\"failed\",", "\"status\":null,")]
    [InlineData("\"default_branch\":\"trunk\",", "")]
    public void A_known_event_that_lacks_what_it_must_have_is_our_trouble(string part, string instead) =>
        Assert.Throws<FormatException>(() => Event("pipeline", Pipeline().Replace(part, instead, StringComparison.Ordinal)));

    [Fact]
    public void No_kept_header_carries_a_proof() =>
        Assert.DoesNotContain(Format.KeptHeaders, name => name.Contains("signature", StringComparison.Ordinal) || name.Contains("token", StringComparison.Ordinal) || name.Any(char.IsUpper));

    [Theory]
    [InlineData("gitlab")]
    [InlineData("gitlab-system")]
    public void Every_sample_of_a_real_delivery_is_read(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(SharedFiles.Find("corpus/webhooks/" + folder), "*.json"))
        {
            var body = File.ReadAllBytes(file);
            var envelope = Format.ReadEnvelope(new Headers(("webhook-id", Id)), body, out var problem);
            Assert.True(envelope is not null, $"{file}: {problem}");
            var forgeEvent = Format.ReadEvent(envelope.EventName, body);
            if (Path.GetFileName(file) == "pipeline.json") Assert.Equal(5, Assert.IsType<ForgeEvent.PipelineFinished>(forgeEvent).Jobs!.Count);
        }
    }
}
