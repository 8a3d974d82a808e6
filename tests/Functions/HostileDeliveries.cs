using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Tests.Forges;

namespace QMoi.Tests.Functions;

/// <summary>What strangers send to the webhook addresses of both forges, over HTTP.</summary>
public sealed class HostileDeliveries : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-tests";
    private const string GitLab = "/webhooks/gitlab";
    private const string GitHub = "/webhooks/github";
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly RecordedLog log = new();
    private readonly ManualClock clock = new(DateTimeOffset.UtcNow);
    private readonly HttpClient client = new();
    private readonly List<Bot> bots = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        foreach (var bot in bots)
            await bot.DisposeAsync();
        data.Delete(recursive: true);
    }

    public static TheoryData<string> BothForges => [GitHub, GitLab];

    // ---- proofs

    public static TheoryData<string, string> BadProofs()
    {
        var right = Deliveries.GitHubSignature(Secret, Body(GitHub, "one"));
#pragma warning disable CA5350 // what old hooks send beside the real proof
        var sha1 = "sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(Body(GitHub, "one"))));
#pragma warning restore CA5350
        var cases = new TheoryData<string, string>();
        foreach (var (what, value) in ((string, string)[])
            [("X-Hub-Signature", sha1), ("X-Hub-Signature-256", sha1), ("X-Hub-Signature-256", right[..^1]), ("X-Hub-Signature-256", right[..^1] + "g"), ("X-Hub-Signature-256", $"{right},{right}"),
            ("X-Hub-Signature-256", right + new string('0', 10_000)), ("X-Hub-Signature-256", "doubled"), ("X-Gitlab-Token", Secret)])
            cases.Add(what, value);
        return cases;
    }

    [Theory, MemberData(nameof(BadProofs))]
    public async Task What_GitHub_would_not_send_is_refused_without_a_word(string header, string value)
    {
        var bot = await StartAsync();
        using var request = Request(bot, GitHub, "one", Body(GitHub, "one"));
        foreach (var one in value == "doubled" ? Enumerable.Repeat(Deliveries.GitHubSignature(Secret, Body(GitHub, "one")), 2) : [value])
            request.Headers.TryAddWithoutValidation(header, one);
        await AssertRefusedAsync(bot, request);
    }

    public static TheoryData<string> BadTokens => ["absent", "", "wrong", "doubled", "endless", "of GitHub"];

    [Theory, MemberData(nameof(BadTokens))]
    public async Task A_hook_of_GitLab_without_the_right_token_is_refused_without_a_word(string what)
    {
        var bot = await StartAsync(gitLab: new WebhookSecrets(["the-secret-of-the-lab"], []));
        using var request = Request(bot, GitLab, "one", Body(GitLab, "one"));
        string[] values = what switch { "absent" => [], "" => [""], "wrong" => ["the-secret-of-the-laB"], "doubled" => ["the-secret-of-the-lab", "the-secret-of-the-lab"], "endless" => [new string('x', 10_000)], _ => [Secret] };
        foreach (var value in values)
            request.Headers.TryAddWithoutValidation("X-Gitlab-Token", value);
        await AssertRefusedAsync(bot, request);
    }

    public static TheoryData<string> BadSignatures =>
        ["removed", "wrong", "of another body", "five thousand", "of an unknown version", "301 s old", "301 s ahead", "in milliseconds", "words for a time", "a point in the id", "a tab in the id"];

    [Theory, MemberData(nameof(BadSignatures))]
    public async Task A_hook_of_GitLab_with_a_signing_token_never_falls_back_to_its_token(string what)
    {
        var bot = await StartAsync(gitLab: Signed);
        var now = clock.GetUtcNow();
        var id = what switch { "a point in the id" => "on.e", "a tab in the id" => "on\te", _ => "one" };
        var time = what switch
        {
            "301 s old" => Seconds(now.AddSeconds(-301)), "301 s ahead" => Seconds(now.AddSeconds(301)), "in milliseconds" => now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), "words for a time" => "now", _ => Seconds(now),
        };
        var body = Body(GitLab, "one");
        var right = Deliveries.GitLabSignature(Key, id, time, Deliveries.Bytes(what == "of another body" ? Body(GitLab, "two") : body));
        var signature = what switch
        {
            "removed" => null, "wrong" => "v1," + Convert.ToBase64String(new byte[32]), "five thousand" => string.Join(' ', [.. Enumerable.Repeat("v1,", 5000), right]), "of an unknown version" => "v2" + right[2..], _ => right,
        };
        using var request = Request(bot, GitLab, null, body);
        request.Headers.TryAddWithoutValidation("X-Gitlab-Token", Secret);
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", time);
        if (signature is not null)
            request.Headers.TryAddWithoutValidation("webhook-signature", signature);
        await AssertRefusedAsync(bot, request);
        Assert.Contains(what.StartsWith("301 s", StringComparison.Ordinal) ? "see that the clock is right" : "its proof does not hold", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_refused_have_in_common_with_the_accepted_is_accepted()
    {
        var bot = await StartAsync();
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(bot, GitHub, "one"));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(bot, GitLab, "one"));
        var signed = await StartAsync(gitLab: Signed);
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(signed, GitLab, "two"));
        // Older hooks send an id and a time as well, without a signature.
        using var legacy = Request(bot, GitLab, "three", Body(GitLab, "three"));
        legacy.Headers.Add("webhook-timestamp", "1");
        legacy.Headers.Add("X-Gitlab-Token", Secret);
        using var response = await client.SendAsync(legacy);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task One_changed_byte_and_a_body_written_anew_are_refused(string forge)
    {
        var bot = await StartAsync(gitLab: Signed);
        var body = Body(forge, "one");
        foreach (var sent in (string[])[body.Replace("acme", "acmf", StringComparison.Ordinal), body.Replace(",", ", ", StringComparison.Ordinal), body + "\n"])
        {
            using var request = Request(bot, forge, "one", sent);
            Prove(request, forge, "one", body, isSigned: true);
            await AssertRefusedAsync(bot, request);
        }
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task A_hook_without_a_secret_verifies_nothing(string forge)
    {
        var bot = await StartAsync(new WebhookSecrets([], []), new WebhookSecrets([], []));
        foreach (var secret in (string[])["", Secret])
        {
            using var request = Request(bot, forge, "one", Body(forge, "one"));
            request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", Deliveries.GitHubSignature(secret, Body(forge, "one")));
            request.Headers.TryAddWithoutValidation("X-Gitlab-Token", secret);
            await AssertRefusedAsync(bot, request);
        }
    }

    // ---- again and again

    [Theory, MemberData(nameof(BothForges))]
    public async Task The_same_request_a_thousand_times_also_under_fresh_ids_is_one_delivery(string forge)
    {
        var bot = await StartAsync();
        var statuses = new ConcurrentDictionary<HttpStatusCode, int>();
        await Parallel.ForAsync(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, _) =>
            statuses.AddOrUpdate(await SendAsync(bot, forge, number % 2 == 0 ? "one" : $"fresh-{number}", Body(forge, "one")), 1, (_, count) => count + 1));
        Assert.Equal([(HttpStatusCode.Accepted, 1), (HttpStatusCode.OK, 999)], statuses.Select(status => (status.Key, status.Value)).OrderBy(status => status.Value));
        Assert.Single(await RowsAsync(bot));
        Assert.Empty(log.Warnings);
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task Under_a_known_id_another_valid_body_changes_nothing_and_is_told_as_a_security_event(string forge)
    {
        var bot = await StartAsync();
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(bot, forge, "one", Body(forge, "first")));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(bot, forge, "one", Body(forge, "second")));
        Assert.StartsWith("Security: ", Assert.Single(log.Warnings), StringComparison.Ordinal);
        await bot.Worker.DrainAsync(default);
        Assert.Single(await RowsAsync(bot));
        Assert.Equal("one", await bot.Store.FindIdOfBodyAsync(forge == GitHub ? Handlers.Forges.ForgeKind.GitHub : Handlers.Forges.ForgeKind.GitLab, Encoding.UTF8.GetBytes(Body(forge, "first")), default));
    }

    // ---- bodies

    public static TheoryData<string, string> Malformed()
    {
        var cases = new TheoryData<string, string>();
        foreach (var what in (string[])["byte order mark", "UTF-16", "UTF-16 with its mark", "raw NUL", "escaped NUL", "lone surrogate", "surrogate as bytes", "duplicate key", "duplicate key, escaped", "1e999", "65 levels", "form"])
        {
            cases.Add(GitHub, what);
            cases.Add(GitLab, what);
        }
        return cases;
    }

    [Theory, MemberData(nameof(Malformed))]
    public async Task Proved_but_readable_in_two_ways_is_refused_with_the_reason(string forge, string what)
    {
        var bot = await StartAsync();
        // Each is a delivery but for the one thing.
        byte[] With(string more) => Encoding.UTF8.GetBytes($"{Body(forge, "one")[..^1]},{more}}}");
        var good = Body(forge, "one");
        byte[] body = what switch
        {
            "byte order mark" => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(good)],
            "UTF-16" => Encoding.Unicode.GetBytes(good),
            "UTF-16 with its mark" => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(good)],
            "raw NUL" => With("\"x\":\"a\0b\""),
            "escaped NUL" => With("\"x\":\"a\\u0000b\""),
            "lone surrogate" => With("\"x\":\"\\ud800\""),
            "surrogate as bytes" => [.. With("\"x\":\"")[..^1], 0xED, 0xA0, 0x80, .. "\"}"u8],
            "duplicate key" => With("\"x\":{\"y\":1,\"y\":2}"),
            "duplicate key, escaped" => With("\"x\":1,\"\\u0078\":2"),
            "1e999" => With("\"x\":1e999"),
            "65 levels" => With($"\"x\":{new string('[', 64)}{new string(']', 64)}"),
            _ => Encoding.UTF8.GetBytes("payload=" + Uri.EscapeDataString(good)),
        };
        using var request = Request(bot, forge, "one", body);
        Prove(request, forge, "one", body);
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.NotEmpty(await response.Content.ReadAsStringAsync());
        Assert.Empty(await RowsAsync(bot));
    }

    [Theory, MemberData(nameof(BothForges))]
    public async Task Another_media_type_or_any_encoding_is_unsupported(string forge)
    {
        var bot = await StartAsync();
        foreach (var (type, encoding) in ((string, string?)[])
            [("application/x-www-form-urlencoded", null), ("text/plain", null), ("application/json; charset=utf-16", null), ("application/json", "gzip"), ("application/json", "br"), ("application/json", "identity")])
        {
            using var request = Request(bot, forge, "one", Body(forge, "one"));
            Prove(request, forge, "one", Body(forge, "one"));
            request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            if (encoding is not null)
                request.Content.Headers.ContentEncoding.Add(encoding);
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        }
        Assert.Empty(await RowsAsync(bot));
    }

    [Fact]
    public async Task Many_that_announce_25_MB_and_send_nothing_get_no_room_for_it()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = Secret, ["DOTNET_GCHeapHardLimit"] = $"{128 << 20:x}" };
        await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
        var sockets = new List<TcpClient>();
        try
        {
            for (var number = 0; number < 100; number++)
            {
                var (socket, stream) = await ConnectAsync(qmoi.Url);
                sockets.Add(socket);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {GitHub} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {Webhooks.MaxBodyBytes}\r\nExpect: 100-continue\r\n\r\n"));
            }
            // The bot begins to read: whatever room it wants it has by now.
            foreach (var socket in sockets)
            {
                using var reader = new StreamReader(socket.GetStream(), leaveOpen: true);
                Assert.Contains(" 100 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
            }
            using var request = Request(qmoi.Url, GitHub, "one", Encoding.UTF8.GetBytes(Body(GitHub, "one")));
            Prove(request, GitHub, "one", Body(GitHub, "one"));
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_body_that_comes_byte_by_byte_is_cut_off()
    {
        var bot = await StartAsync();
        var (socket, stream) = await ConnectAsync(bot.Url);
        using (socket)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {GitHub} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"));
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var answer = new byte[1000];
            var length = await ReadToEndAsync(stream, answer, patience.Token);
            Assert.DoesNotContain(" 20", Encoding.ASCII.GetString(answer, 0, length).Split('\r')[0], StringComparison.Ordinal);
        }
        Assert.Empty(await RowsAsync(bot));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(bot, GitHub, "one"));
    }

    // ---- floods

    [Theory, MemberData(nameof(BothForges))]
    public async Task In_a_flood_of_bad_proofs_good_deliveries_are_answered_within_a_second_and_the_log_stays_short(string forge)
    {
        var bot = await StartAsync();
        using var ended = new CancellationTokenSource();
        var refused = 0;
        var flood = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!ended.IsCancellationRequested)
            {
                using var request = Request(bot, forge, "bad", Body(forge, "bad"));
                request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", "sha256=" + new string('0', 64));
                request.Headers.TryAddWithoutValidation("X-Gitlab-Token", "no");
                using var response = await client.SendAsync(request);
                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Interlocked.Increment(ref refused);
            }
        }).ToList();
        var times = new List<TimeSpan>();
        for (var number = 0; number < 20 || Volatile.Read(ref refused) < 500; number++)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(HttpStatusCode.Accepted, await SendAsync(bot, forge, $"good-{number}"));
            times.Add(Stopwatch.GetElapsedTime(began));
        }
        // The one clock of the log stands still meanwhile: one line, and with the next one the number of the others.
        clock.Advance(TimeSpan.FromSeconds(2));
        var counted = Volatile.Read(ref refused);
        await Waiting.UntilAsync(() => log.Warnings.Count >= 2);
        await ended.CancelAsync();
        await Task.WhenAll(flood);
        Assert.Equal(2, log.Warnings.Count);
        Assert.EndsWith("(0 more since the last such line) ", log.Warnings[0], StringComparison.Ordinal);
        Assert.InRange(int.Parse(log.Warnings[1].Split('(', ' ')[^8], CultureInfo.InvariantCulture), counted / 2, refused);
        times.Sort();
        Assert.InRange(times[^2], TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task While_nothing_can_be_stored_the_log_says_so_once_a_minute_and_when_it_is_over()
    {
        var bot = await StartAsync();
        using (var other = new SqliteConnection($"Data Source={Path.Combine(data.FullName, "qmoi.db")};Pooling=False"))
        {
            other.Open();
            Execute(other, "BEGIN IMMEDIATE");
            await TurnedAwayAsync("first");
            Assert.StartsWith("Deliveries cannot be stored: ", Assert.Single(log.Warnings), StringComparison.Ordinal);
            clock.Advance(TimeSpan.FromMinutes(1));
            await TurnedAwayAsync("second");
            Assert.Equal(2, log.Warnings.Count);
            Assert.Contains(" 51 turned away", log.Warnings[1], StringComparison.Ordinal);
            Execute(other, "ROLLBACK");
        }
        await Waiting.UntilAsync(async () => await SendAsync(bot, GitHub, "last") != HttpStatusCode.ServiceUnavailable);
        var over = Assert.Single(log.Entries, entry => entry.Text.StartsWith("Deliveries can be stored again; ", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Information, over.Level);
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(bot, GitHub, "after"));
        Assert.Equal(2, log.Warnings.Count);

        async Task TurnedAwayAsync(string name)
        {
            var limit = new BotSettings().ReplyTimeout;
            List<Task<HttpStatusCode>> sent = [.. Enumerable.Range(0, 50).Select(number => SendAsync(bot, GitHub, $"{name}-{number}"))];
            await Waiting.UntilAsync(() => clock.WaitersFor(limit) + sent.Count(answer => answer.IsCompleted) >= sent.Count);
            clock.Advance(limit);
            Assert.All(await Task.WhenAll(sent), answer => Assert.Equal(HttpStatusCode.ServiceUnavailable, answer));
        }

        static void Execute(SqliteConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // words of this test
            command.CommandText = sql;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }
    }

    // ---- other places

    [Fact]
    public async Task What_is_refused_is_not_worked_and_no_forge_is_asked()
    {
        await using var own = await ScriptedServer.StartAsync(_ => Reply.NotFound);
        var bot = await StartAsync(new BotSettings
        {
            DataFolder = data.FullName, GitHubSecrets = new WebhookSecrets([Secret], []), GitLabSecrets = new WebhookSecrets([Secret], []),
            GitHub = new QMoi.Forges.GitHubSettings(new Uri(own.Url), "a-token"), GitLab = new QMoi.Forges.GitLabSettings(new Uri(own.Url + "/api/v4"), "a-token"),
        });
        foreach (var forge in (string[])[GitHub, GitLab])
        {
            using var unsigned = Request(bot, forge, "one", Body(forge, "one"));
            await AssertRefusedAsync(bot, unsigned);
            using var malformed = Request(bot, forge, "one", "{");
            Prove(malformed, forge, "one", "{");
            using var response = await client.SendAsync(malformed);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
        await bot.Worker.DrainAsync(default);
        Assert.Empty(own.Requests);
        Assert.Empty(await RowsAsync(bot));
    }

    [Fact]
    public async Task Addresses_in_a_body_and_a_foreign_instance_are_never_asked()
    {
        await using var foreign = await ScriptedServer.StartAsync(_ => new Reply(200));
        await using var own = await ScriptedServer.StartAsync(_ => Reply.NotFound);
        var settings = new BotSettings
        {
            DataFolder = data.FullName, GitHubSecrets = new WebhookSecrets([Secret], []), GitLabSecrets = new WebhookSecrets([Secret], []),
            GitHub = new QMoi.Forges.GitHubSettings(new Uri(own.Url), "a-token"), GitLab = new QMoi.Forges.GitLabSettings(new Uri(own.Url + "/api/v4"), "a-token"),
        };
        var bot = await StartAsync(settings);
        var hub = $$$"""
            {"action":"completed","workflow_run":{"id":5,"name":"CI","run_attempt":1,"head_branch":"main","head_sha":"{{{new string('1', 40)}}}","status":"completed","conclusion":"failure","path":".github/workflows/ci.yml","html_url":"{{{foreign.Url}}}/1",
             "url":"{{{foreign.Url}}}/2","jobs_url":"{{{foreign.Url}}}/3","logs_url":"{{{foreign.Url}}}/4","head_repository":{"id":7},"pull_requests":[]},
             "repository":{"id":7,"full_name":"acme/app","default_branch":"main","url":"{{{foreign.Url}}}/5","clone_url":"{{{foreign.Url}}}/6","html_url":"{{{foreign.Url}}}/7"}}
            """;
        var lab = $$$"""
            {"object_kind":"pipeline","object_attributes":{"id":900,"ref":"main","tag":false,"sha":"{{{new string('1', 40)}}}","status":"failed","url":"{{{foreign.Url}}}/1"},"merge_request":null,
             "project":{"id":7,"path_with_namespace":"acme/app","default_branch":"main","web_url":"{{{foreign.Url}}}/acme/app","git_http_url":"{{{foreign.Url}}}/acme/app.git"},
             "builds":[{"id":31,"stage":"test","name":"unit","status":"failed","allow_failure":false}]}
            """;
        foreach (var (forge, body, name) in ((string, string, string)[])[(GitHub, hub, "workflow_run"), (GitLab, lab, "Pipeline Hook")])
        {
            using var request = Request(bot, forge, "one", body, name);
            Prove(request, forge, "one", body);
            request.Headers.Add("X-Gitlab-Instance", foreign.Url);
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        }
        await bot.Worker.DrainAsync(default);
        Assert.Contains(own.Requests, request => request.Path.StartsWith("/api/v4/projects/7", StringComparison.Ordinal));
        Assert.Contains(own.Requests, request => request.Path.StartsWith("/repos/acme/app", StringComparison.Ordinal));
        Assert.Empty(foreign.Requests);
    }

    // ---- words

    private static WebhookSecrets Signed => new([Secret], ["whsec_" + Convert.ToBase64String(Key)]);

    private Task<Bot> StartAsync(WebhookSecrets? gitHub = null, WebhookSecrets? gitLab = null) => StartAsync(new BotSettings
    {
        DataFolder = bots.Count == 0 ? data.FullName : data.CreateSubdirectory($"bot-{bots.Count}").FullName,
        GitHubSecrets = gitHub ?? new WebhookSecrets([Secret], []), GitLabSecrets = gitLab ?? new WebhookSecrets([Secret], []),
    });

    private async Task<Bot> StartAsync(BotSettings settings)
    {
        var bot = Bot.Open(settings, clock, log);
        bots.Add(bot);
        await bot.ListenAsync("http://127.0.0.1:0", log, default);
        return bot;
    }

    private static string Body(string forge, string reference) => forge == GitHub
        ? $$$"""{"ref":"refs/heads/{{{reference}}}","repository":{"id":7,"full_name":"acme/app","default_branch":"main"}}"""
        : $$$"""{"object_kind":"push","ref":"refs/heads/{{{reference}}}","project":{"id":7,"path_with_namespace":"acme/app","default_branch":"main"}}""";

    private static HttpRequestMessage Request(Bot bot, string forge, string? id, string body, string eventName = "push") => Request(bot, forge, id, Encoding.UTF8.GetBytes(body), eventName);

    private static HttpRequestMessage Request(Bot bot, string forge, string? id, byte[] body, string eventName = "push") => Request(bot.Url, forge, id, body, eventName);

    private static HttpRequestMessage Request(string url, string forge, string? id, byte[] body, string eventName = "push")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url + forge) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(forge == GitHub ? "X-GitHub-Event" : "X-Gitlab-Event", eventName);
        if (id is not null)
            request.Headers.Add(forge == GitHub ? "X-GitHub-Delivery" : "webhook-id", id);
        return request;
    }

    private void Prove(HttpRequestMessage request, string forge, string id, string body, bool isSigned = false) => Prove(request, forge, id, Encoding.UTF8.GetBytes(body), isSigned);

    private void Prove(HttpRequestMessage request, string forge, string id, byte[] body, bool isSigned = false)
    {
        if (forge == GitHub)
            request.Headers.Add("X-Hub-Signature-256", Deliveries.GitHubSignature(Secret, body));
        else
            request.Headers.Add("X-Gitlab-Token", Secret);
        if (forge != GitLab || !isSigned)
            return;
        var time = Seconds(clock.GetUtcNow());
        request.Headers.Add("webhook-timestamp", time);
        request.Headers.Add("webhook-signature", Deliveries.GitLabSignature(Key, id, time, body));
    }

    private async Task<HttpStatusCode> SendAsync(Bot bot, string forge, string id, string? body = null)
    {
        body ??= Body(forge, id);
        using var request = Request(bot, forge, id, body);
        Prove(request, forge, id, body, isSigned: true);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }

    private async Task AssertRefusedAsync(Bot bot, HttpRequestMessage request)
    {
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        Assert.Empty(await RowsAsync(bot));
    }

    private static string Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static async Task<(TcpClient Socket, NetworkStream Stream)> ConnectAsync(string url)
    {
        var address = new Uri(url);
        var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port);
        return (socket, socket.GetStream());
    }

    private static async Task<int> ReadToEndAsync(NetworkStream stream, byte[] into, CancellationToken cancellationToken)
    {
        var length = 0;
        try
        {
            while (await stream.ReadAsync(into.AsMemory(length), cancellationToken) is > 0 and var read)
                length += read;
        }
        catch (IOException)
        {
            // Closed without a word.
        }
        return length;
    }

    private static ValueTask<List<DeliveryRow>> RowsAsync(Bot bot) => bot.Store.ListAsync(null, null, default).ToListAsync();
}
