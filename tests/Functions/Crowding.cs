using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Handlers.Events;

namespace QMoi.Tests.Functions;

/// <summary>Senders who together would fill the memory with half-sent bodies, or who never come to an end.</summary>
public sealed class Crowding : IAsyncLifetime
{
    private const int Declared = 25_000_000;

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly ManualClock clock = new();
    private Bot bot = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        bot = Bot.Open(new BotSettings { DataFolder = data.FullName, GitHubSecrets = new WebhookSecrets([SignedPost.Secret], []) }, clock, NullLoggerFactory.Instance);
        await bot.ListenAsync("http://127.0.0.1:0", NullLoggerFactory.Instance, default);
    }

    public async ValueTask DisposeAsync()
    {
        await bot.DisposeAsync();
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task Half_sent_large_bodies_take_no_more_than_their_share_and_deliveries_go_on()
    {
        var senders = new List<TcpClient>();
        try
        {
            for (var number = 0; number < 24; number++)
                senders.Add(await BeginAsync(sent: 12_000_000));
            // A buffer of 16 MB each: six of them are the share of large ones.
            var refused = 0;
            await foreach (var answer in Task.WhenEach(senders.Select(ReadAsync)))
            {
                Assert.StartsWith("HTTP/1.1 503 ", await answer, StringComparison.Ordinal);
                if (++refused == 18)
                    break;
            }
            Assert.Equal(HttpStatusCode.Accepted, await SendAsync("small", padding: 10));
            Assert.Equal(HttpStatusCode.Accepted, await SendAsync("medium", padding: 500_000));
        }
        finally
        {
            senders.ForEach(sender => sender.Dispose());
        }
        // What they held is free again as soon as the server has seen that they are gone.
        HttpStatusCode status;
        while ((status = await SendAsync("large", padding: 20_000_000)) == HttpStatusCode.ServiceUnavailable)
            Stop.ThrowIfCancellationRequested();
        Assert.Equal(HttpStatusCode.Accepted, status);
    }

    [Fact]
    public async Task A_body_that_takes_longer_than_any_forge_waits_is_not_waited_for()
    {
        using var sender = await BeginAsync(sent: 200_000);
        await Waiting.UntilAsync(() => clock.WaitersFor(TimeSpan.FromSeconds(10)) > 0);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains(" 408 ", await ReadAsync(sender), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("good", padding: 10));
    }

    private async Task<TcpClient> BeginAsync(int sent)
    {
        var sender = new TcpClient();
        var address = new Uri(bot.Url);
        await sender.ConnectAsync(address.Host, address.Port, Stop);
        await sender.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /webhooks/github HTTP/1.1\r\nHost: qmoi\r\nContent-Type: application/json\r\nContent-Length: {Declared}\r\n\r\n"), Stop);
        var part = new byte[100_000];
        try
        {
            for (var at = 0; at < sent; at += part.Length)
                await sender.GetStream().WriteAsync(part, Stop);
        }
        catch (IOException)
        {
            // Refused already.
        }
        return sender;
    }

    /// <summary>The first line of the answer; empty where the connection was cut instead.</summary>
    private static async Task<string> ReadAsync(TcpClient sender)
    {
        try
        {
            using var reader = new StreamReader(sender.GetStream(), leaveOpen: true);
            return await reader.ReadLineAsync(Stop) ?? "";
        }
        catch (Exception over) when (over is IOException or ObjectDisposedException)
        {
            return "";
        }
    }

    private Task<HttpStatusCode> SendAsync(string id, int padding) => SignedPost.SendAsync(
        bot.Url, id, "push", $$$"""{"ref":"refs/heads/{{{id}}}","padding":"{{{new string('x', padding)}}}","repository":{"id":7,"full_name":"acme/app","default_branch":"main"}}""");
}
