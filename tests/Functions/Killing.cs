using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace QMoi.Tests.Functions;

/// <summary>The process is killed under load; what it had acknowledged is there when it comes back.</summary>
public sealed class Killing
{
    private const string Secret = "a-secret-of-the-tests";

    [Fact, Trait("speed", "slow")]
    public async Task Nothing_acknowledged_is_lost_when_the_process_is_killed()
    {
        var data = Directory.CreateTempSubdirectory("qmoi-test-");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = Secret };
        var acknowledged = new ConcurrentBag<string>();
        try
        {
            for (var round = 0; round < 3; round++)
            {
                await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
                using var client = new HttpClient();
                var target = acknowledged.Count + 400;
                var senders = Enumerable.Range(0, 16).Select(async sender =>
                {
                    for (var i = 0; ; i++)
                    {
                        var id = $"{round}-{sender}-{i}";
                        var body = $$$"""{"ref":"refs/heads/{{{id}}}","after":"1111111111111111111111111111111111111111","repository":{"id":{{{sender}}},"full_name":"acme/app"}}""";
                        using var request = new HttpRequestMessage(HttpMethod.Post, qmoi.Url + "/webhooks/github") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                        request.Headers.Add("X-GitHub-Delivery", id);
                        request.Headers.Add("X-GitHub-Event", "push");
                        request.Headers.Add("X-Hub-Signature-256", Receiving.Signature(body, Secret));
                        try
                        {
                            using var response = await client.SendAsync(request);
                            if ((int)response.StatusCode == 202)
                                acknowledged.Add(id);
                        }
                        catch (HttpRequestException)
                        {
                            return;     // killed
                        }
                        if (acknowledged.Count >= target)
                            await qmoi.KillAsync();
                    }
                }).ToList();
                await Task.WhenAll(senders);
            }
            var (exitCode, output, error) = await QmoiProcess.RunAsync(["deliveries", "--json", "--data", data.FullName]);
            Assert.True(exitCode == 0, error);
            var stored = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!).ToList();
            Assert.Empty(acknowledged.Except(stored, StringComparer.Ordinal));
            Assert.Equal(stored.Count, stored.Distinct(StringComparer.Ordinal).Count());
            Assert.True(acknowledged.Count >= 1200, $"only {acknowledged.Count} acknowledged");
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_polite_stop_ends_with_zero()
    {
        var data = Directory.CreateTempSubdirectory("qmoi-test-");
        await using (var qmoi = await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = Secret }))
            Assert.Equal(0, await qmoi.TerminateAsync());
        data.Delete(recursive: true);
    }
}
