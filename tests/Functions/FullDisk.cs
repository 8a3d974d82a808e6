using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using QMoi.Simulator;

namespace QMoi.Tests.Functions;

/// <summary>The disk of the data folder, a small one that only the bot sees, is full while it works, and has room again.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FullDisk : IDisposable
{
    private const string Secret = "a-secret-of-the-tests";

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly HttpClient client = new();
    private readonly (ConcurrentDictionary<string, bool> Acknowledged, ConcurrentDictionary<HttpStatusCode, int> Statuses) told =
        (new(StringComparer.Ordinal), new());

    private static readonly Dictionary<string, string> Environment = new(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = Secret };

    public void Dispose()
    {
        client.Dispose();
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task While_the_disk_is_full_deliveries_are_refused_and_afterwards_everything_acknowledged_is_worked()
    {
        await using var qmoi = await QmoiProcess.ServeWithinAsync(await WithDiskAsync(data.FullName, "12m"), data.FullName, Environment);
        var disk = SeenBy(qmoi, data.FullName);
        using var enough = new CancellationTokenSource();
        var senders = Enumerable.Range(1, 8).Select(sender => SendAsync(qmoi.Url, sender, enough.Token)).ToList();
        await AcknowledgedAsync(100);

        await FillAsync(disk);
        await UntilAsync(() => Task.FromResult(told.Statuses.GetValueOrDefault(HttpStatusCode.ServiceUnavailable) >= 50));
        await UntilAsync(async () => await ReadyAsync(qmoi) == (HttpStatusCode.ServiceUnavailable, "the store cannot be used\n"));
        File.Delete(Path.Combine(disk, Ballast));

        await UntilAsync(async () => (await ReadyAsync(qmoi)).Status == HttpStatusCode.OK);
        await AcknowledgedAsync(100);
        await enough.CancelAsync();
        await Task.WhenAll(senders);
        Assert.Empty(told.Statuses.Keys.Except([HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]));
        await UntilAsync(async () =>
            (await client.GetFromJsonAsync<JsonElement>(qmoi.Url + "/api/qmoi/status")).GetProperty("queue") is var queue && queue.GetProperty("ready").GetInt64() + queue.GetProperty("waiting").GetInt64() == 0);

        var (exitCode, output, error) = await QmoiProcess.RunAsync(["deliveries", "--json", "--data", data.FullName], within: Beside(qmoi));
        Assert.True(exitCode == 0, error);
        var rows = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(row => row.GetProperty("id").GetString()!, row => row.GetProperty("state").GetString(), StringComparer.Ordinal);
        Assert.Empty(told.Acknowledged.Keys.Except(rows.Keys, StringComparer.Ordinal));
        Assert.All(rows.Values, state => Assert.Equal("ignored", state));
        await AssertLogsGoOnAsync(qmoi, Path.Combine(disk, "logs"));
        Assert.Equal(0, await qmoi.TerminateAsync());
    }

    [Fact, Trait("speed", "slow")]
    public async Task What_the_bot_did_while_it_could_not_be_written_down_is_not_done_again()
    {
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = Secret, GitLabWebhookSecret = Secret }, default);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITLAB_API_URL"] = simulator.GitLab.ApiUrl, ["GITLAB_TOKEN"] = simulator.GitLab.Token, ["GITLAB_WEBHOOK_SECRET"] = Secret };
        await using var qmoi = await QmoiProcess.ServeWithinAsync(await WithDiskAsync(data.FullName, "12m"), data.FullName, environment);
        simulator.GitLab.HookUrl = qmoi.Url + "/webhooks/gitlab";
        var opening = new Fault("POST", "/merge_requests$", times: 1, effect: FaultEffect.HoldAnswer);
        simulator.GitLab.AddFault(opening);
        var (path, ci) = Scenarios.World.Ci("gitlab", "./check.sh");
        var repository = await simulator.GitLab.CreateRepositoryAsync(
            "acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = ci, ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho ok\n") }, announce: true);
        await opening.Struck;
        // What was announced is on the disk; that it is done will not be.
        await simulator.DrainAsync(default);
        await FillAsync(SeenBy(qmoi, data.FullName));
        opening.Release();
        await qmoi.ErrorLineAsync("The store cannot be used now");
        File.Delete(Path.Combine(SeenBy(qmoi, data.FullName), Ballast));
        await qmoi.ErrorLineAsync("The store can be used again");

        // Webhooks that were refused meanwhile are sent again, as catching up does.
        await UntilAsync(() =>
        {
            foreach (var missed in simulator.GitLab.Deliveries.GroupBy(delivery => delivery.DeliveryId, StringComparer.Ordinal).Where(sent => !sent.Any(delivery => delivery.StatusCode is null or 200 or 202)).ToList())
                simulator.GitLab.Redeliver(missed.Key);
            return Task.FromResult(repository.MergeRequests.Any(fix => fix.Body.Contains("**Verified.**", StringComparison.Ordinal)) && repository.CommitComments.Any(comment => comment.Body.Contains("Fix ready", StringComparison.Ordinal)));
        });
        Assert.Single(repository.MergeRequests);
        Assert.Equal(2, repository.Branches.Count);
        Assert.Single(repository.CommitComments);
    }

    [Fact]
    public async Task A_full_disk_under_the_logs_stops_nothing_but_the_logs()
    {
        var logs = data.CreateSubdirectory("logs").FullName;
        await using var qmoi = await QmoiProcess.ServeWithinAsync(await WithDiskAsync(logs, "64k"), data.FullName, Environment);
        var disk = SeenBy(qmoi, logs);
        await FillAsync(disk);
        for (var number = 0; number < 50; number++)
            Assert.Equal(HttpStatusCode.Accepted, await PostAsync(qmoi.Url, 1, $"id-{number}"));
        await UntilAsync(async () =>
            (await client.GetFromJsonAsync<JsonElement>(qmoi.Url + "/api/qmoi/status")).GetProperty("queue") is var queue && queue.GetProperty("ready").GetInt64() + queue.GetProperty("waiting").GetInt64() == 0);
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await ReadyAsync(qmoi));
        File.Delete(Path.Combine(disk, Ballast));
        await AssertLogsGoOnAsync(qmoi, disk);
        Assert.Equal(0, await qmoi.TerminateAsync());
    }

    [Fact]
    public async Task A_disk_without_room_for_a_database_stops_the_start_with_what_to_do()
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", data.FullName], Environment, within: await WithDiskAsync(data.FullName, "16k"));
        Assert.Equal((2, ""), (exitCode, output));
        var line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("qmoi.db cannot be opened", line, StringComparison.Ordinal);
        Assert.Contains("has room", line, StringComparison.Ordinal);
    }

    // ---- disks

    private const string Ballast = "ballast";

    /// <summary>A command that becomes another one, for which a folder is a disk of its own. Nobody else sees it, and it goes with the last process that does.</summary>
    private static async Task<IReadOnlyList<string>> WithDiskAsync(string folder, string size) => await WithMountAsync($"mount -t tmpfs -o size={size},mode=700 tmpfs '{folder}'");

    internal static async Task<IReadOnlyList<string>> WithMountAsync(string mount)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no mounts of one's own on Windows.");
        string[] alone = System.Environment.UserName == "root" ? ["unshare", "-m"] : ["unshare", "-r", "-m"];
        using var probe = Process.Start(new ProcessStartInfo(alone[0], [.. alone[1..], "true"]) { RedirectStandardError = true })!;
        var problem = await probe.StandardError.ReadToEndAsync();
        await probe.WaitForExitAsync();
        Assert.SkipUnless(probe.ExitCode == 0, "This machine lets nobody mount anything: " + problem);
        return [.. alone, "sh", "-c", $"{mount} && exec \"$0\" \"$@\""];
    }

    /// <summary>Where the same disks are seen.</summary>
    private static string[] Beside(QmoiProcess qmoi) => ["nsenter", "--target", qmoi.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), "--mount", .. System.Environment.UserName == "root" ? (string[])[] : ["--user", "--preserve-credentials"]];

    private static string SeenBy(QmoiProcess qmoi, string folder) => $"/proc/{qmoi.Id}/root{folder}";

    /// <summary>To the last byte.</summary>
    private static async Task FillAsync(string disk)
    {
        await using var ballast = new FileStream(Path.Combine(disk, Ballast), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
                await ballast.WriteAsync(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    // ---- helpers

    /// <summary>A refusal is a warning, so it stands in the file when it can.</summary>
    private async Task AssertLogsGoOnAsync(QmoiProcess qmoi, string logs) => await UntilAsync(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, qmoi.Url + "/webhooks/github") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        return Directory.GetFiles(logs, "qmoi*.log").SelectMany(ReadLines).Any(line => line.Contains("delivery was refused: its proof does not hold", StringComparison.Ordinal));
    });

    private static string[] ReadLines(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n');
    }

    private async Task<(HttpStatusCode Status, string Said)> ReadyAsync(QmoiProcess qmoi)
    {
        using var response = await client.GetAsync(qmoi.Url + "/readyz");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private Task AcknowledgedAsync(int more)
    {
        var target = told.Acknowledged.Count + more;
        return UntilAsync(() => Task.FromResult(told.Acknowledged.Count >= target));
    }

    /// <summary>As a forge that sends again what was not taken, under the same id.</summary>
    private async Task SendAsync(string url, int sender, CancellationToken enough)
    {
        for (var number = 0; !enough.IsCancellationRequested; number++)
        {
            var id = $"{sender}-{number}";
            HttpStatusCode status;
            do
            {
                status = await PostAsync(url, sender, id);
                told.Statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            }
            while (status == HttpStatusCode.ServiceUnavailable && !enough.IsCancellationRequested);
            if (status is HttpStatusCode.Accepted or HttpStatusCode.OK)
                told.Acknowledged[id] = true;
        }
    }

    private async Task<HttpStatusCode> PostAsync(string url, int repository, string id)
    {
        var (name, body) = Receiving.Worked(id, repository);
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/webhooks/github") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-GitHub-Event", name);
        request.Headers.Add("X-Hub-Signature-256", Receiving.Signature(body, Secret));
        using var response = await client.SendAsync(request);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.RetryAfter?.Delta);
        return response.StatusCode;
    }

    /// <summary>Another process does the work, so it can only be looked at; gives up after a minute.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await condition())
            await Task.Delay(20, limit.Token);
    }
}
