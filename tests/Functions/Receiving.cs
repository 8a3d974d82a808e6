using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Tests.Forges;

namespace QMoi.Tests.Functions;

/// <summary>What a forge, or somebody who pretends to be one, sees of the webhook addresses.</summary>
public sealed class Receiving : IAsyncLifetime
{
    private const string OldSecret = "the-secret-before-it";
    private const string Push = """{"ref":"refs/heads/main","after":"1111111111111111111111111111111111111111","repository":{"id":7,"full_name":"acme/app","default_branch":"main"}}""";

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly HttpClient client = new();
    private Bot bot = null!;

    public async ValueTask InitializeAsync()
    {
        var settings = new BotSettings { DataFolder = data.FullName, GitHubSecrets = new WebhookSecrets([SignedPost.Secret, OldSecret], []), GitLabSecrets = new WebhookSecrets([SignedPost.Secret], []) };
        bot = Bot.Open(settings, TimeProvider.System, NullLoggerFactory.Instance);
        await bot.ListenAsync("http://127.0.0.1:0", NullLoggerFactory.Instance, default);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await bot.DisposeAsync();
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task A_signed_delivery_is_stored_before_it_is_answered()
    {
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("one", Push));
        var row = Assert.Single(await RowsAsync());
        Assert.Equal(("one", "push", "acme/app", DeliveryState.Ignored), (row.Id, row.Event, row.Repository, row.State));
    }

    [Fact]
    public async Task Both_secrets_are_valid_while_one_is_being_changed()
    {
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("one", Push, secret: OldSecret));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("two", Push.Replace("main", "next", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_same_delivery_again_and_the_same_body_under_another_id_are_duplicates()
    {
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("one", Push));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("one", Push));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("two", Push));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("one", Push.Replace("main", "next", StringComparison.Ordinal)));
        Assert.Single(await RowsAsync());
    }

    [Fact]
    public async Task A_ping_is_answered_and_not_stored()
    {
        Assert.Equal(HttpStatusCode.OK, await SendAsync("one", """{"zen":"Keep it logically awesome.","hook_id":1,"repository":{"id":7,"full_name":"acme/app"}}""", eventName: "ping"));
        Assert.Empty(await RowsAsync());
    }

    public static TheoryData<string> BadSignatures =>
    [
        "absent", "", "sha256=", "sha256=abc", "sha256=" + new string('0', 64), "sha1=" + new string('0', 40), "sha256=" + new string('z', 64), "sha256=" + new string('0', 10_000),
    ];

    [Theory, MemberData(nameof(BadSignatures))]
    public async Task What_is_not_proved_is_refused_without_a_word_and_not_stored(string signature)
    {
        using var request = Request("one", Push);
        if (signature != "absent")
            request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", signature);
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsStringAsync());
        Assert.Empty(await RowsAsync());
    }

    [Fact]
    public async Task One_changed_byte_is_refused()
    {
        using var request = Request("one", Push + " ");
        request.Headers.Add("X-Hub-Signature-256", Deliveries.GitHubSignature(SignedPost.Secret, Push));
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    public static TheoryData<string> Malformed =>
    [
        "{", "[]", "null", "", "{\"ref\":1}x", new string('[', 100) + new string(']', 100),
        "{\"repository\":{\"id\":7,\"id\":8,\"full_name\":\"a/b\"}}", "{\"repository\":{\"id\":1e999,\"full_name\":\"a/b\"}}", "\uFEFF{}",
    ];

    [Theory, MemberData(nameof(Malformed))]
    public async Task Signed_but_malformed_is_told_so_and_not_stored(string body)
    {
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync("one", body));
        Assert.Empty(await RowsAsync());
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", null)]
    [InlineData("text/plain", null)]
    [InlineData("application/json; charset=utf-16", null)]
    [InlineData("application/json", "gzip")]
    [InlineData("application/json", "identity")]
    public async Task Another_media_type_or_any_encoding_is_unsupported(string type, string? encoding)
    {
        using var request = Request("one", Push);
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding is not null)
            request.Content.Headers.ContentEncoding.Add(encoding);
        request.Headers.Add("X-Hub-Signature-256", Deliveries.GitHubSignature(SignedPost.Secret, Push));
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_body_over_25_MB_is_too_large_whether_announced_or_not(bool announced)
    {
        // Raw bytes: a client library would wait for an answer it may never read.
        var address = new Uri(bot.Url);
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port);
        await using var stream = socket.GetStream();
        var length = announced ? $"Content-Length: {Webhooks.MaxBodyBytes + 1}" : "Transfer-Encoding: chunked";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"));
        if (!announced)
        {
            var chunk = new byte[1 << 20];
            try
            {
                for (var sent = 0; sent <= Webhooks.MaxBodyBytes; sent += chunk.Length)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"{chunk.Length:x}\r\n"));
                    await stream.WriteAsync(chunk);
                    await stream.WriteAsync("\r\n"u8.ToArray());
                }
            }
            catch (IOException)
            {
                // Closed while it was still being sent: that is the point.
            }
        }
        using var reader = new StreamReader(stream);
        Assert.Contains("413", await reader.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Empty(await RowsAsync());
    }

    [Fact]
    public async Task An_unknown_event_is_stored_and_ends_as_ignored()
    {
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("one", """{"action":"created","repository":{"id":7,"full_name":"acme/app"}}""", eventName: "sponsorship"));
        await bot.Worker.DrainAsync(default);
        Assert.Equal(DeliveryState.Ignored, Assert.Single(await RowsAsync()).State);
    }

    [Fact]
    public async Task A_body_under_another_events_name_does_nothing()
    {
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("one", Push, eventName: "workflow_run"));
        await bot.Worker.DrainAsync(default);
        Assert.Equal(DeliveryState.Ignored, Assert.Single(await RowsAsync()).State);
    }

    [Theory]
    [InlineData("/webhooks/github", HttpStatusCode.MethodNotAllowed)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/elsewhere", HttpStatusCode.NotFound)]
    public async Task Reading_the_addresses(string path, HttpStatusCode expected)
    {
        using var response = await client.GetAsync(bot.Url + path);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Good_deliveries_are_answered_while_bad_ones_flood()
    {
        using var ended = new CancellationTokenSource();
        var flood = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!ended.IsCancellationRequested)
            {
                using var request = Request("bad", Push);
                using var response = await client.SendAsync(request);
            }
        }).ToList();
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.Accepted, await SendAsync($"good-{i}", Push.Replace("main", $"b{i}", StringComparison.Ordinal)));
        await ended.CancelAsync();
        await Task.WhenAll(flood);
        Assert.Equal(20, (await RowsAsync()).Count);
    }

    private Task<HttpStatusCode> SendAsync(string id, string body, string eventName = "push", string secret = SignedPost.Secret) => SignedPost.SendAsync(bot.Url, id, eventName, body, secret);

    private HttpRequestMessage Request(string id, string body) => SignedPost.Unsigned(bot.Url, id, "push", body);

    private ValueTask<List<DeliveryRow>> RowsAsync() => bot.Store.ListAsync(null, null, default).ToListAsync();
}
