using System.Diagnostics;
using System.Net;
using System.Runtime.Versioning;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary>The disk of the data folder, a small one that only the bot sees, is full while it works, and has room again.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FullDisk : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static readonly Dictionary<string, string> Environment = new(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task While_the_disk_is_full_deliveries_are_refused_and_afterwards_everything_acknowledged_is_worked()
    {
        await using var qmoi = await QmoiProcess.ServeWithinAsync(await WithDiskAsync(data.FullName, "12m"), data.FullName, Environment);
        var disk = SeenBy(qmoi, data.FullName);
        var senders = new Senders(qmoi.Url, 8);
        await senders.AcknowledgedAsync(100);

        await FillAsync(disk);
        await senders.RefusedAsync(50);
        await Waiting.UntilAsync(async () => await qmoi.GetAsync("/readyz") == (HttpStatusCode.ServiceUnavailable, "the store cannot be used\n"));
        File.Delete(Path.Combine(disk, Ballast));

        await Waiting.UntilAsync(async () => (await qmoi.GetAsync("/readyz")).Status == HttpStatusCode.OK);
        await senders.AcknowledgedAsync(100);
        await senders.StopAsync();
        await qmoi.IdleAsync();
        senders.AssertWorked(await QmoiProcess.DeliveriesAsync(data.FullName, within: Beside(qmoi)));
        await AssertLogsGoOnAsync(qmoi, Path.Combine(disk, "logs"));
        Assert.Equal(0, await qmoi.TerminateAsync());
    }

    [Fact, Trait("speed", "slow")]
    public async Task What_the_bot_did_while_it_could_not_be_written_down_is_not_done_again()
    {
        await using var simulator = await BothForges.StartAsync();
        await using var qmoi = await QmoiProcess.ServeWithinAsync(await WithDiskAsync(data.FullName, "12m"), data.FullName, simulator.GitLab.Environment());
        simulator.GitLab.HookUrl = qmoi.Url + "/webhooks/gitlab";
        var opening = new Fault("POST", "/merge_requests$", times: 1, effect: FaultEffect.HoldAnswer);
        simulator.GitLab.AddFault(opening);
        var repository = await simulator.GitLab.WithBrokenScriptAsync("acme/app");
        await opening.Struck;
        // What was announced is on the disk; that it is done will not be.
        await simulator.DrainAsync(default);
        await FillAsync(SeenBy(qmoi, data.FullName));
        opening.Release();
        await qmoi.ErrorLineAsync("The store cannot be used now");
        File.Delete(Path.Combine(SeenBy(qmoi, data.FullName), Ballast));
        await qmoi.ErrorLineAsync("The store can be used again");

        // Webhooks that were refused meanwhile are sent again, as catching up does.
        await Waiting.UntilAsync(() =>
        {
            foreach (var missed in simulator.GitLab.Deliveries.GroupBy(delivery => delivery.DeliveryId, StringComparer.Ordinal).Where(sent => !sent.Any(delivery => delivery.StatusCode is null or 200 or 202)).ToList())
                simulator.GitLab.Redeliver(missed.Key);
            return repository.MergeRequests.Any(fix => fix.Body.Contains("**Verified.**", StringComparison.Ordinal)) && repository.IsTold();
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
            Assert.Equal(HttpStatusCode.Accepted, await SignedPost.WorkedAsync(qmoi.Url, $"id-{number}"));
        await qmoi.IdleAsync();
        Assert.Equal("ready\n", await qmoi.ReadyAsync());
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
    private static async Task AssertLogsGoOnAsync(QmoiProcess qmoi, string logs) => await Waiting.UntilAsync(async () =>
    {
        Assert.Equal(HttpStatusCode.Unauthorized, await SignedPost.SendAsync(qmoi.Url, "forged", "push", "{}", secret: "another"));
        return Directory.GetFiles(logs, "qmoi*.log").SelectMany(ReadLines).Any(line => line.Contains("delivery was refused: its proof does not hold", StringComparison.Ordinal));
    });

    private static string[] ReadLines(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n');
    }
}
