using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Forges;
using QMoi.Handlers.Forges;

namespace QMoi.Tests.Forges;

/// <summary>How both adapters behave towards a forge that is slow, limited, wrong or hostile.</summary>
public sealed class ForgeHttpTests : IAsyncDisposable
{
    private const string Sha = "0123456789abcdef0123456789abcdef01234567";
    private const string Token = "glpat-not-a-real-one";
    private static readonly Repository Hub = new(ForgeKind.GitHub, 7, "acme/app", "main");
    private static readonly Repository Lab = new(ForgeKind.GitLab, 7, "acme/app", "main");
    private readonly List<IAsyncDisposable> servers = [];
    private readonly List<IDisposable> made = [];
    private readonly ManualClock clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var one in made) one.Dispose();
        foreach (var server in servers) await server.DisposeAsync();
    }

    private async Task<ScriptedServer> ServeAsync(Func<Request, Reply> answer)
    {
        var server = await ScriptedServer.StartAsync(answer);
        servers.Add(server);
        return server;
    }

    private IForges Connect(string url, TimeProvider? time = null, GitHubSettings? gitHub = null)
    {
        var forges = new QMoi.Forges.Forges(gitHub ?? new GitHubSettings(new Uri(url), "ghp-not-a-real-one"), new GitLabSettings(new Uri(url + "/api/v4"), Token), time ?? clock, NullLoggerFactory.Instance, TimeSpan.Zero);
        made.Add(forges);
        return forges;
    }

    private static bool IsNameCheck(Request request) => request.Path == "/repos/acme/app";

    private static Task<CommitSha?> AskAsync(IForges forges, Repository? repository = null) =>
        forges.Open(repository ?? Lab).GetBranchHeadAsync(repository ?? Lab, "main", Ct);

    private static async Task<ForgeException> RefusedAsync(Func<Task> act) => await Assert.ThrowsAsync<ForgeException>(act);

    /// <summary>A branch's head in the words of both forges.</summary>
    private static readonly string Branch = $$"""{"name":"main","commit":{"id":"{{Sha}}"},"object":{"sha":"{{Sha}}"} }""";

    // Waiting

    [Theory]
    [InlineData(429, "30", 30)]
    [InlineData(429, "-1", 1)]
    [InlineData(429, "0", 1)]
    [InlineData(429, "1000000000", 3600)]
    [InlineData(429, "99999999999999999999999", 60)]
    [InlineData(429, "soon", 60)]
    [InlineData(429, "1e9", 60)]
    [InlineData(429, "", 60)]
    [InlineData(429, null, 60)]
    [InlineData(429, "Sat, 21 Nov 2026 12:01:30 GMT", 90)]
    [InlineData(429, "Sat, 21 Nov 2020 12:01:30 GMT", 1)]
    [InlineData(429, "Sat, 21 Nov 2099 12:01:30 GMT", 3600)]
    [InlineData(403, "30", 30)]
    [InlineData(503, "30", 30)]
    public async Task A_told_waiting_time_is_kept_without_sending(int status, string? retryAfter, int seconds)
    {
        foreach (var repository in (Repository[])[Lab, Hub])
        {
            var now = new ManualClock();
            var isLimited = true;
            // Whether GitHub's repository still has its name is asked beside, whenever its turn comes.
            var server = await ServeAsync(request => IsNameCheck(request) ? new Reply(200, """{"id":7}""") : !isLimited ? new Reply(200, Branch)
                : retryAfter is null ? new Reply(status) : new Reply(status, "{}", ("Retry-After", retryAfter)));
            var forges = Connect(server.Url, now);

            var first = await RefusedAsync(() => AskAsync(forges, repository));
            Assert.Equal(status == 503 ? ForgeProblem.ServerError : ForgeProblem.RateLimited, first.Problem);
            Assert.Equal(TimeSpan.FromSeconds(seconds), first.RetryAfter);
            Assert.True(first.IsTransient);

            isLimited = false;
            var asked = Asked();
            now.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            var second = await RefusedAsync(() => AskAsync(forges, repository));
            Assert.Equal((ForgeProblem.RateLimited, TimeSpan.FromMilliseconds(1)), (second.Problem, second.RetryAfter));
            Assert.Equal(asked, Asked());

            now.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(Sha, (await AskAsync(forges, repository))?.Value);
            Assert.True(Asked() > asked);

            int Asked() => server.Requests.Count(request => !IsNameCheck(request));
        }
    }

    [Fact]
    public async Task Requests_that_are_refused_together_are_one_refusal()
    {
        var (isLimited, together) = (true, new CountdownEvent(5));
        made.Add(together);
        var allThere = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = await ServeAsync(_ => !isLimited ? new Reply(200, Branch) : new Reply(403, """{"message":"You have exceeded a secondary rate limit."}""")
        {
            Wait = token =>
            {
                if (together.Signal()) allThere.SetResult();
                return allThere.Task.WaitAsync(token);
            },
        });
        var forges = Connect(server.Url);
        var refusals = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => RefusedAsync(() => AskAsync(forges))));
        Assert.All(refusals, refused => Assert.Equal(TimeSpan.FromMinutes(1), refused.RetryAfter));
        isLimited = false;
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await AskAsync(forges));
    }

    [Fact]
    public async Task Without_a_told_time_each_refusal_doubles_the_wait()
    {
        var server = await ServeAsync(_ => new Reply(403, """{"message":"You have exceeded a secondary rate limit."}"""));
        var forges = Connect(server.Url);
        foreach (var minutes in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            var refused = await RefusedAsync(() => AskAsync(forges));
            Assert.Equal((ForgeProblem.RateLimited, TimeSpan.FromMinutes(minutes)), (refused.Problem, refused.RetryAfter));
            clock.Advance(TimeSpan.FromMinutes(minutes));
        }
    }

    [Fact]
    public async Task The_last_request_of_a_window_closes_it_until_the_reset()
    {
        var reset = clock.GetUtcNow().AddSeconds(90).ToUnixTimeSeconds().ToString();
        var server = await ServeAsync(_ => new Reply(200, Branch, ("RateLimit-Remaining", "0"), ("RateLimit-Reset", reset)));
        var forges = Connect(server.Url);
        Assert.NotNull(await AskAsync(forges));
        Assert.Equal(TimeSpan.FromSeconds(90), (await RefusedAsync(() => AskAsync(forges))).RetryAfter);
        clock.Advance(TimeSpan.FromSeconds(90));
        Assert.NotNull(await AskAsync(forges));
    }

    [Fact]
    public async Task A_used_up_window_of_GitHub_is_a_rate_limit_not_a_missing_right()
    {
        var reset = clock.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds().ToString();
        var server = await ServeAsync(_ => new Reply(403, """{"message":"API rate limit exceeded"}""", ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)));
        var refused = await RefusedAsync(() => AskAsync(Connect(server.Url), Hub));
        Assert.Equal((ForgeProblem.RateLimited, TimeSpan.FromMinutes(10)), (refused.Problem, refused.RetryAfter));
    }

    [Fact]
    public async Task One_installation_that_waits_holds_up_no_other()
    {
        using var key = RSA.Create(2048);
        var server = await ServeAsync(request => request.Path switch
        {
            "/app/installations/1/access_tokens" => new Reply(201, """{"token":"one","expires_at":"2026-11-21T13:00:00Z"}"""),
            "/app/installations/2/access_tokens" => new Reply(201, """{"token":"two","expires_at":"2026-11-21T13:00:00Z"}"""),
            _ when request.Header("Authorization") == "Bearer one" => new Reply(429, "{}", ("Retry-After", "100")),
            _ => new Reply(200, $$$"""{"object":{"sha":"{{{Sha}}}"} }"""),
        });
        var forges = Connect(server.Url, null, new GitHubSettings(new Uri(server.Url), null, 42, key.ExportRSAPrivateKeyPem()));
        Assert.Equal(ForgeProblem.RateLimited, (await RefusedAsync(() => AskAsync(forges, Hub with { Installation = 1 }))).Problem);
        Assert.Equal(ForgeProblem.RateLimited, (await RefusedAsync(() => AskAsync(forges, Hub with { Installation = 1 }))).Problem);
        Assert.NotNull(await AskAsync(forges, Hub with { Installation = 2 }));
    }

    [Fact]
    public async Task Our_own_limit_holds_writes_back_before_the_forge_does()
    {
        var server = await ServeAsync(_ => new Reply(200, """{"valid":true}"""));
        var forge = Connect(server.Url).Open(Lab);
        Task Write() => forge.UpdateMergeRequestAsync(Lab, 1, "body", MergeRequestChange.BodyOnly, Ct);

        for (var i = 0; i < 10; i++) await Write();
        var refused = await RefusedAsync(Write);
        Assert.Equal((ForgeProblem.RateLimited, TimeSpan.FromSeconds(1)), (refused.Problem, refused.RetryAfter));
        Assert.Equal(10, server.Requests.Count);

        // A minute at full speed: the burst and what flows in would be 70.
        var start = clock.GetUtcNow();
        var sent = 10;
        while (clock.GetUtcNow() - start < TimeSpan.FromSeconds(59))
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            try
            {
                await Write();
                sent++;
            }
            catch (ForgeException)
            {
            }
        }

        Assert.Equal(60, sent);
        while (sent < 400)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await Write();
            sent++;
        }

        clock.Advance(TimeSpan.FromSeconds(10));
        var hourly = await RefusedAsync(Write);
        Assert.InRange(hourly.RetryAfter!.Value, TimeSpan.FromMinutes(30), TimeSpan.FromHours(1));
        Assert.NotNull(await forge.LintCiAsync(Lab, "", Ct));   // changes nothing, so it is not held back
        clock.Advance(hourly.RetryAfter.Value);
        await Write();
    }

    [Fact]
    public async Task A_short_wait_for_our_own_limit_is_waited_out()
    {
        var server = await ServeAsync(_ => new Reply(200, """{"valid":true}"""));
        using var patient = new QMoi.Forges.Forges(new GitHubSettings(new Uri(server.Url)), new GitLabSettings(new Uri(server.Url + "/api/v4"), Token), clock, NullLoggerFactory.Instance);
        var forge = patient.Open(Lab);
        for (var i = 0; i < 10; i++) await forge.UpdateMergeRequestAsync(Lab, 1, "body", MergeRequestChange.BodyOnly, Ct);
        var eleventh = forge.UpdateMergeRequestAsync(Lab, 1, "body", MergeRequestChange.BodyOnly, Ct);
        Assert.False(eleventh.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await eleventh;
        Assert.Equal(11, server.Requests.Count);
    }

    [Fact]
    public async Task At_most_ten_requests_run_at_once()
    {
        var server = await ServeAsync(_ => new Reply(200, Branch) { Wait = token => Task.Delay(5, token) });
        var forges = Connect(server.Url, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => AskAsync(forges)));
        Assert.InRange(server.MostAtOnce, 2, 10);
    }

    // Trouble

    [Fact]
    public async Task A_passing_failure_of_a_read_is_tried_twice_again_and_each_try_is_counted()
    {
        var answers = new ConcurrentQueue<Reply>([new Reply(502), new Reply(500), new Reply(200, Branch)]);
        var server = await ServeAsync(_ => answers.TryDequeue(out var next) ? next : new Reply(500));
        var forge = Connect(server.Url, TimeProvider.System).Open(Lab);
        Assert.NotNull(await forge.GetBranchHeadAsync(Lab, "main", Ct));
        Assert.Equal([502, 500, 200], forge.Calls.Select(call => call.Status));
        Assert.All(forge.Calls, call => Assert.Equal(("GET", "/projects/7/repository/branches/main"), (call.Method, call.Path)));

        var failed = await RefusedAsync(() => forge.GetBranchHeadAsync(Lab, "main", Ct));
        Assert.Equal(ForgeProblem.ServerError, failed.Problem);
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task What_makes_something_new_is_never_sent_twice()
    {
        var server = await ServeAsync(_ => new Reply(502));
        var forge = Connect(server.Url, TimeProvider.System).Open(Lab);
        var failed = await RefusedAsync(() => forge.CreateCommentAsync(Lab, new CommentTarget.OnMergeRequest(1), "b", Ct));
        Assert.True(failed.IsTransient);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_forge_that_is_not_there_is_unreachable()
    {
        var server = await ServeAsync(_ => new Reply(200));
        var url = server.Url;
        await server.DisposeAsync();
        servers.Clear();
        var forge = Connect(url, TimeProvider.System).Open(Lab);
        var failed = await RefusedAsync(() => forge.GetBranchHeadAsync(Lab, "main", Ct));
        Assert.Equal((ForgeProblem.Unreachable, true), (failed.Problem, failed.IsTransient));
        Assert.All(forge.Calls, call => Assert.Equal(0, call.Status));
    }

    [Fact]
    public async Task A_request_that_is_not_answered_in_thirty_seconds_is_given_up()
    {
        var isAsked = new SemaphoreSlim(0);
        var server = await ServeAsync(_ => new Reply(200) { Wait = token => { isAsked.Release(); return Task.Delay(Timeout.Infinite, token); } });
        var asking = Connect(server.Url).Open(Lab).CreateCommentAsync(Lab, new CommentTarget.OnMergeRequest(1), "b", Ct);
        await isAsked.WaitAsync(Ct);
        clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(ForgeProblem.Unreachable, (await RefusedAsync(() => asking)).Problem);
    }

    [Theory]
    [InlineData(400, """{"message":"A branch called 'x' already exists. Switch to that branch in order to make changes"}""", ForgeProblem.Conflict)]
    [InlineData(400, """{"message":"A file with this name already exists"}""", ForgeProblem.Invalid)]
    [InlineData(400, """{"message":{"base":["bad"]}}""", ForgeProblem.Invalid)]
    [InlineData(401, """{"message":"401 Unauthorized"}""", ForgeProblem.Unauthorized)]
    [InlineData(403, """{"message":"403 Forbidden"}""", ForgeProblem.Forbidden)]
    [InlineData(404, """{"message":"404 Project Not Found"}""", ForgeProblem.NotFound)]
    [InlineData(409, """{"message":["Another open merge request already exists for this source branch: !1"]}""", ForgeProblem.Conflict)]
    [InlineData(422, """{"message":"Reference already exists"}""", ForgeProblem.Conflict)]
    [InlineData(422, """{"message":"Validation Failed","errors":[{"message":"A pull request already exists for acme:x."}]}""", ForgeProblem.Conflict)]
    [InlineData(422, """{"message":"Validation Failed","errors":[{"message":"No commits between main and x"}]}""", ForgeProblem.Invalid)]
    [InlineData(429, "Retry later", ForgeProblem.RateLimited)]
    [InlineData(500, "<html>oops</html>", ForgeProblem.ServerError)]
    [InlineData(418, "", ForgeProblem.Invalid)]
    public async Task Refusals_say_what_kind_they_are(int status, string body, ForgeProblem problem)
    {
        var server = await ServeAsync(_ => new Reply(status, body));
        var refused = await RefusedAsync(() => Connect(server.Url).Open(Lab).CreateCommentAsync(Lab, new CommentTarget.OnMergeRequest(1), "b", Ct));
        Assert.Equal(problem, refused.Problem);
        Assert.Contains("POST /projects/7/merge_requests", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusals_message_is_short_one_line_and_without_secrets()
    {
        var server = await ServeAsync(_ => new Reply(400, JsonSerializer.Serialize(new { message = $"bad {Token}\r\n\u001b[31m\u0000 {new string('x', 5000)}" })));
        var refused = await RefusedAsync(() => AskAsync(Connect(server.Url)));
        Assert.DoesNotContain(Token, refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(refused.Message, char.IsControl);
        Assert.InRange(refused.Message.Length, 10, 400);
    }

    [Fact]
    public async Task An_answer_over_the_cap_is_refused()
    {
        var server = await ServeAsync(_ => new Reply(200, "{\"x\":\"" + new string('x', 9 * 1024 * 1024) + "\"}"));
        Assert.Equal(ForgeProblem.Invalid, (await RefusedAsync(() => AskAsync(Connect(server.Url)))).Problem);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("")]
    public async Task An_answer_that_cannot_be_read_is_the_forges_trouble(string body)
    {
        var server = await ServeAsync(_ => new Reply(200, body));
        Assert.Equal(ForgeProblem.ServerError, (await RefusedAsync(() => AskAsync(Connect(server.Url)))).Problem);
    }

    // Other hosts

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_to_another_host_is_refused_and_gets_no_credentials(int status)
    {
        foreach (var repository in (Repository[])[Lab, Hub])
        {
            var foreign = await ServeAsync(_ => new Reply(200, Branch));
            var server = await ServeAsync(_ => new Reply(status, "", ("Location", foreign.Url + "/x")));
            var forges = Connect(server.Url);
            Assert.Equal(ForgeProblem.Invalid, (await RefusedAsync(() => AskAsync(forges, repository))).Problem);
            Assert.Equal(ForgeProblem.Invalid, (await RefusedAsync(() => forges.Open(repository).CreateCommentAsync(repository, new CommentTarget.OnMergeRequest(1), "b", Ct))).Problem);
            Assert.Empty(foreign.Requests);
        }
    }

    [Fact]
    public async Task A_redirect_on_the_same_host_is_followed_but_not_for_ever()
    {
        var server = await ServeAsync(request => request.Path.EndsWith("/loop", StringComparison.Ordinal) || request.Path.Contains("/branches/loop", StringComparison.Ordinal)
            ? new Reply(302, "", ("Location", "loop"))
            : request.Path.EndsWith("/moved", StringComparison.Ordinal) ? new Reply(200, Branch) : new Reply(301, "", ("Location", "moved")));
        var forge = Connect(server.Url).Open(Lab);
        Assert.NotNull(await forge.GetBranchHeadAsync(Lab, "main", Ct));
        Assert.Equal([301, 200], forge.Calls.Select(call => call.Status));
        Assert.Equal(Token, server.Requests[^1].Header("PRIVATE-TOKEN"));
        await RefusedAsync(() => forge.GetBranchHeadAsync(Lab, "loop", Ct));
        Assert.InRange(server.Requests.Count, 3, 7);
    }

    [Fact]
    public async Task Pages_that_point_to_another_host_are_refused()
    {
        foreach (var (repository, page) in ((Repository, string)[])[(Lab, "[]"), (Hub, """{"jobs":[]}""")])
        {
            var foreign = await ServeAsync(_ => new Reply(200, page));
            var server = await ServeAsync(request => request.Path == "/repos/acme/app" ? new Reply(200, """{"id":7}""") : new Reply(200, page, ("Link", $"<{foreign.Url}/next>; rel=\"next\"")));
            Assert.Equal(ForgeProblem.Invalid, (await RefusedAsync(() => Connect(server.Url).Open(repository).ListJobsAsync(repository, 1, Ct))).Problem);
            Assert.Empty(foreign.Requests);
        }
    }

    [Fact]
    public async Task Endless_pages_end_at_two_hundred()
    {
        foreach (var (repository, page) in ((Repository, string)[])[(Lab, "[]"), (Hub, """{"jobs":[]}""")])
        {
            ScriptedServer? server = null;
            server = await ServeAsync(request => request.Path == "/repos/acme/app" ? new Reply(200, """{"id":7}""")
                : new Reply(200, page, ("Link", $"<{server!.Url}{request.Path}?page=2>; rel=\"next\", <{server.Url}/>; rel=\"first\"")));
            await RefusedAsync(() => Connect(server.Url).Open(repository).ListJobsAsync(repository, 1, Ct));
            Assert.Equal(200, server.Requests.Count(request => !IsNameCheck(request)));
        }
    }

    [Fact]
    public async Task Pages_are_read_to_the_last()
    {
        ScriptedServer? server = null;
        server = await ServeAsync(request => request.Query.Contains("page=2", StringComparison.Ordinal)
            ? new Reply(200, """[{"id":2,"name":"b","status":"failed","web_url":"u"}]""")
            : new Reply(200, """[{"id":1,"name":"a","status":"success"}]""", ("Link", $"<{server!.Url}{request.Path}?page=2>; rel=\"next\"")));
        var jobs = await Connect(server.Url).Open(Lab).ListJobsAsync(Lab, 1, Ct);
        Assert.Equal([(1, RunStatus.Success), (2, RunStatus.Failed)], jobs.Select(job => ((int)job.Id, job.Status)));
    }

    [Fact]
    public async Task A_GitHub_job_log_is_fetched_from_its_store_without_credentials()
    {
        var store = await ServeAsync(request => request.Query == "?sig=secret" ? new Reply(200, "line\n") : new Reply(403));
        var server = await ServeAsync(request => request.Path.EndsWith("/logs", StringComparison.Ordinal)
            ? new Reply(302, "", ("Location", store.Url + "/log.txt?sig=secret"))
            : new Reply(200, """{"id":7}"""));
        var forge = Connect(server.Url).Open(Hub);
        await using var log = await forge.OpenJobLogAsync(Hub, 31, Ct);
        using var reader = new StreamReader(log!);
        Assert.Equal("line\n", await reader.ReadToEndAsync(Ct));
        Assert.Equal("", Assert.Single(store.Requests).Header("Authorization"));
        Assert.DoesNotContain(forge.Calls, call => call.Path.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task A_log_that_is_gone_is_none(int status)
    {
        var server = await ServeAsync(request => request.Path.EndsWith("/logs", StringComparison.Ordinal) || request.Path.EndsWith("/trace", StringComparison.Ordinal) ? new Reply(status) : new Reply(200, """{"id":7}"""));
        var forges = Connect(server.Url);
        Assert.Null(await forges.Open(Hub).OpenJobLogAsync(Hub, 31, Ct));
        Assert.Null(await forges.Open(Lab).OpenJobLogAsync(Lab, 31, Ct));
    }

    [Fact]
    public async Task A_GitLab_job_log_must_come_from_GitLab()
    {
        var foreign = await ServeAsync(_ => new Reply(200, "log"));
        var server = await ServeAsync(_ => new Reply(302, "", ("Location", foreign.Url)));
        await RefusedAsync(() => Connect(server.Url).Open(Lab).OpenJobLogAsync(Lab, 31, Ct));
        Assert.Empty(foreign.Requests);
    }

    [Fact]
    public async Task A_log_download_that_falls_silent_is_given_up_after_five_minutes()
    {
        var server = await ServeAsync(_ => new Reply(200, new string('x', 100)) { Stall = token => Task.Delay(Timeout.Infinite, token) });
        await using var log = await Connect(server.Url).Open(Lab).OpenJobLogAsync(Lab, 31, Ct);
        var block = new byte[100];
        await log!.ReadExactlyAsync(block, Ct);
        var next = log.ReadAsync(block, Ct).AsTask();
        clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ForgeProblem.Unreachable, (await RefusedAsync(() => next)).Problem);
    }

    [Fact]
    public async Task A_log_download_that_breaks_off_says_so()
    {
        var server = await ServeAsync(_ => new Reply(200, new string('x', 100), ("Content-Length", "200")));
        await using var log = await Connect(server.Url).Open(Lab).OpenJobLogAsync(Lab, 31, Ct);
        Assert.Equal(ForgeProblem.Unreachable, (await RefusedAsync(async () => await log!.ReadExactlyAsync(new byte[200], Ct))).Problem);
    }

    // Tokens

    [Fact]
    public async Task Five_hundred_jobs_without_a_token_make_one_and_a_refused_token_is_renewed_once()
    {
        using var key = RSA.Create(2048);
        var issued = 0;
        var good = "";
        var server = await ServeAsync(request =>
        {
            if (request.Path.EndsWith("/access_tokens", StringComparison.Ordinal))
            {
                good = $"token-{Interlocked.Increment(ref issued)}";
                return new Reply(201, $$"""{"token":"{{good}}","expires_at":"2099-01-01T00:00:00Z"}""");
            }

            return request.Header("Authorization") == $"Bearer {Volatile.Read(ref good)}" ? new Reply(200, $$$"""{"object":{"sha":"{{{Sha}}}"} }""") : new Reply(401);
        });
        var forges = Connect(server.Url, TimeProvider.System, new GitHubSettings(new Uri(server.Url), null, 42, key.ExportRSAPrivateKeyPem()));
        var repository = Hub with { Installation = 5 };
        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => AskAsync(forges, repository)));
        Assert.Equal(1, issued);

        good = "something else";
        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => AskAsync(forges, repository)));
        Assert.Equal(2, issued);
    }

    [Fact]
    public async Task A_token_that_stays_refused_ends_after_one_renewal()
    {
        using var key = RSA.Create(2048);
        var server = await ServeAsync(request => request.Path.EndsWith("/access_tokens", StringComparison.Ordinal) ? new Reply(201, """{"token":"t"}""") : new Reply(401));
        var forges = Connect(server.Url, null, new GitHubSettings(new Uri(server.Url), null, 42, key.ExportRSAPrivateKeyPem()));
        var refused = await RefusedAsync(() => AskAsync(forges, Hub with { Installation = 5 }));
        Assert.Equal((ForgeProblem.Unauthorized, false), (refused.Problem, refused.IsTransient));
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task The_App_proves_itself_with_a_short_lived_signed_claim_for_one_repository()
    {
        using var key = RSA.Create(2048);
        var server = await ServeAsync(request => request.Path switch
        {
            "/repos/acme/app/installation" => new Reply(200, """{"id":5}"""),
            "/app/installations/5/access_tokens" => new Reply(201, """{"token":"t","expires_at":"2026-11-21T13:00:00Z"}"""),
            _ => new Reply(200, $$$"""{"object":{"sha":"{{{Sha}}}"} }"""),
        });
        var pem = key.ExportPkcs8PrivateKeyPem().Replace("\n", "\\n", StringComparison.Ordinal);
        var forges = Connect(server.Url, null, new GitHubSettings(new Uri(server.Url), "a token beside it", 42, pem));
        Assert.NotNull(await AskAsync(forges, Hub));
        Assert.Equal(["GET /repos/acme/app/installation", "POST /app/installations/5/access_tokens", "GET /repos/acme/app/git/ref/heads/main"], server.Requests.Select(request => request.Line));
        Assert.Equal("""{"repository_ids":[7]}""", server.Requests[1].Body);

        var jwt = server.Requests[1].Header("Authorization")["Bearer ".Length..].Split('.');
        Assert.True(key.VerifyData(Deliveries.Bytes($"{jwt[0]}.{jwt[1]}"), Base64Url.DecodeFromChars(jwt[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Equal("RS256", JsonDocument.Parse(Base64Url.DecodeFromChars(jwt[0])).RootElement.GetProperty("alg").GetString());
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(jwt[1])).RootElement;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal((now - 60, 42), (claims.GetProperty("iat").GetInt64(), claims.GetProperty("iss").GetInt64()));
        Assert.InRange(claims.GetProperty("exp").GetInt64(), now + 1, now + 540);

        // Renewed with five minutes left, not before.
        clock.Advance(TimeSpan.FromMinutes(54));
        await AskAsync(forges, Hub);
        Assert.Equal(4, server.Requests.Count);
        clock.Advance(TimeSpan.FromMinutes(1));
        await AskAsync(forges, Hub);
        Assert.Equal("POST /app/installations/5/access_tokens", server.Requests[4].Line);
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task An_installation_that_does_not_reach_the_repository_is_a_missing_right()
    {
        using var key = RSA.Create(2048);
        var server = await ServeAsync(request => request.Path.EndsWith("/access_tokens", StringComparison.Ordinal)
            ? new Reply(422, """{"message":"There is at least one repository that does not exist or is not accessible to the parent installation."}""")
            : Reply.NotFound);
        var forges = Connect(server.Url, null, new GitHubSettings(new Uri(server.Url), null, 42, key.ExportRSAPrivateKeyPem()));
        Assert.Equal(ForgeProblem.Forbidden, (await RefusedAsync(() => AskAsync(forges, Hub with { Installation = 5 }))).Problem);
        Assert.Equal(ForgeProblem.Forbidden, (await RefusedAsync(() => AskAsync(forges, Hub))).Problem);
    }

    [Fact]
    public async Task A_forge_without_a_token_is_not_configured()
    {
        var server = await ServeAsync(_ => new Reply(200));
        using var forges = new QMoi.Forges.Forges(new GitHubSettings(new Uri(server.Url), " "), new GitLabSettings(new Uri(server.Url)), clock, NullLoggerFactory.Instance);
        Assert.Equal(ForgeProblem.NotConfigured, Assert.Throws<ForgeException>(() => forges.Open(Hub)).Problem);
        Assert.Equal(ForgeProblem.NotConfigured, Assert.Throws<ForgeException>(() => forges.Open(Lab)).Problem);
        Assert.Throws<ArgumentException>(() => Connect(server.Url, null, new GitHubSettings(new Uri(server.Url), null, 42, "not a key")));
        Assert.DoesNotContain("ghp", new GitHubSettings(new Uri(server.Url), "ghp", 1, "pem").ToString(), StringComparison.Ordinal);
    }
}
