using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace QMoi.Tests.Functions;

/// <summary>The process is killed under load; what it had acknowledged is there when it comes back.</summary>
public sealed class Killing
{
    private const string Secret = "a-secret-of-the-tests";

    /// <summary>With those of <see cref="KillingEffects"/> a hundred; <c>QMOI_TEST_KILLS=1000</c> makes it a long run.</summary>
    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("QMOI_TEST_KILLS"), out var kills) ? kills : 90;

    [Fact, Trait("speed", "slow")]
    public async Task Nothing_acknowledged_is_lost_or_doubled_when_the_process_is_killed_at_any_moment()
    {
        var data = Directory.CreateTempSubdirectory("qmoi-test-");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = Secret };
        var acknowledged = new ConcurrentBag<string>();
        var moments = new Random(7);
        try
        {
            for (var round = 0; round < Kills; round++)
            {
                await using var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment);
                // From the first answer on: while it stores, works, finishes, backs up.
                await SendUntilKilledAsync(qmoi, round, acknowledged, acknowledged.Count + moments.Next(1, 80));
            }
            // What is left over is worked to its end by one that is not killed.
            await using (var last = await QmoiProcess.ServeAsync(data.FullName, environment))
            {
                using var client = new HttpClient();
                using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
                while ((await client.GetFromJsonAsync<JsonElement>(last.Url + "/api/qmoi/status", limit.Token)).GetProperty("queue") is var queue && queue.GetProperty("ready").GetInt64() + queue.GetProperty("waiting").GetInt64() > 0)
                    await Task.Delay(20, limit.Token);
            }
            var (exitCode, output, error) = await QmoiProcess.RunAsync(["deliveries", "--json", "--data", data.FullName]);
            Assert.True(exitCode == 0, error);
            var rows = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
            var stored = rows.ConvertAll(row => row.GetProperty("id").GetString()!);
            Assert.Empty(acknowledged.Except(stored, StringComparer.Ordinal));
            Assert.Equal(stored.Count, stored.Distinct(StringComparer.Ordinal).Count());
            Assert.All(rows, row => Assert.Equal("ignored", row.GetProperty("state").GetString()));
            Assert.True(acknowledged.Count >= Kills * 10, $"only {acknowledged.Count} acknowledged");
            TestContext.Current.SendDiagnosticMessage($"{Kills} kills, {acknowledged.Count} acknowledged, 0 lost, 0 doubled");
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task SendUntilKilledAsync(QmoiProcess qmoi, int round, ConcurrentBag<string> acknowledged, int target)
    {
        using var client = new HttpClient();
        var kills = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async sender =>
        {
            for (var i = 0; ; i++)
            {
                var id = $"{round}-{sender}-{i}";
                var (name, body) = Receiving.Worked(id, sender);
                using var request = new HttpRequestMessage(HttpMethod.Post, qmoi.Url + "/webhooks/github") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                request.Headers.Add("X-GitHub-Delivery", id);
                request.Headers.Add("X-GitHub-Event", name);
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
                if (acknowledged.Count >= target && Interlocked.Exchange(ref kills, 1) == 0)
                    await qmoi.KillAsync();
            }
        }));
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
