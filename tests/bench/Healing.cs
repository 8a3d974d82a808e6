using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Forges;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;
using QMoi.Handlers.Tools;
using QMoi.Simulator;

namespace QMoi.Bench;

/// <summary>
/// Pushes broken repositories to the simulated forges and tells how long it took from the webhook to the open fix, and to green. Takes a folder of cases, each with
/// <c>case.yaml</c> (keys expect, needs, provider) and <c>repo/</c>; names that begin with <c>dot_</c> stand for hidden files.
/// </summary>
internal static partial class Healing
{
    private const string Secret = "a-secret-of-the-benchmark";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static Task RunAsync(string folder, string temporary, string qmoi) => WithBotAsync(temporary, qmoi, (simulator, _) => CasesAsync(folder, simulator));

    /// <summary>
    /// As many broken repositories, told all at once and then, to another bot, one after the other: what becomes of each has to be the same. They are the cases of a folder, again and again, or,
    /// without one, all have a script that is not executable; half of those on each forge.
    /// </summary>
    public static async Task RunManyAsync(int count, string? folder, string temporary, string qmoi)
    {
        var broken = Enumerable.Range(0, count).Select(number => (Name: $"acme/many{number}", Case: Pick(folder, number), IsGitHub: number % 2 == 1)).ToList();
        List<string> together = [], alone = [];
        await WithBotAsync(Path.Combine(temporary, "together"), qmoi, async (simulator, bot) =>
        {
            simulator.GitHub.HoldDeliveries();
            simulator.GitLab.HoldDeliveries();
            var repositories = new List<SimulatedRepository>();
            foreach (var (name, path, isGitHub) in broken)
                repositories.Add(await BreakAsync(simulator, name, path, isGitHub));
            await simulator.DrainAsync(default);
            var before = Environment.WorkingSet;
            var begin = DateTimeOffset.UtcNow;
            simulator.GitHub.ReleaseDeliveries(shuffled: true);
            simulator.GitLab.ReleaseDeliveries(shuffled: true);
            var peak = before;
            var settled = SettleAsync(simulator, bot);
            while (!settled.IsCompleted)
            {
                peak = Math.Max(peak, Environment.WorkingSet);
                await Task.WhenAny(settled, Task.Delay(50));
            }
            await settled;
            var took = DateTimeOffset.UtcNow - begin;
            var offered = repositories.Where(repository => repository.MergeRequests.Count > 0).Select(repository => (repository.MergeRequests[0].CreatedAt - begin).TotalSeconds).ToList();
            var verified = repositories.Count(repository => repository.MergeRequests is [{ Body: var body }] && body.Contains("**Verified.**", StringComparison.Ordinal));
            Console.WriteLine($"{count} at once: all handled after {took.TotalSeconds:0.0} s; {offered.Count} fixes, each once: {repositories.TrueForAll(repository => repository.MergeRequests.Count <= 1)}, median {Median(offered):0.0} s, last {offered.DefaultIfEmpty(double.NaN).Max():0.0} s; {verified} verified; memory of bot and both forges together {peak >> 20} MB (before: {before >> 20} MB)");
            foreach (var repository in repositories)
                together.Add(await repository.DescribeAsync());
        });
        await WithBotAsync(Path.Combine(temporary, "alone"), qmoi, async (simulator, bot) =>
        {
            var begin = DateTimeOffset.UtcNow;
            foreach (var (name, path, isGitHub) in broken)
            {
                var repository = await BreakAsync(simulator, name, path, isGitHub);
                await SettleAsync(simulator, bot);
                alone.Add(await repository.DescribeAsync());
            }
            Console.WriteLine($"{count} one by one: {(DateTimeOffset.UtcNow - begin).TotalSeconds:0.0} s");
        });
        var unlike = Enumerable.Range(0, count).Where(number => together[number] != alone[number]).ToList();
        Console.WriteLine($"{count - unlike.Count} of {count} ended the same at once and one by one");
        foreach (var number in unlike)
            Console.WriteLine($"\n{broken[number].Name} ({Path.GetFileName(broken[number].Case) ?? "script"}) differs:\n{Difference(alone[number], together[number])}");
    }

    private static string? Pick(string? folder, int number)
    {
        if (folder is null)
            return null;
        // What a tree of files cannot hold is left out.
        var cases = Directory.GetDirectories(folder).Where(path => !File.Exists(Path.Combine(path, "setup.sh"))).Order(StringComparer.Ordinal).ToList();
        return cases[number % cases.Count];
    }

    private static async Task<SimulatedRepository> BreakAsync(ForgeSimulator simulator, string name, string? path, bool isGitHub)
    {
        if (path is not null)
            return await PushCaseAsync(await ForgeOfAsync(simulator, path), name, path);
        var (forge, file, ci) = isGitHub
            ? ((SimulatedForge)simulator.GitHub, ".github/workflows/ci.yml", "on: push\njobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: ./check.sh\n")
            : (simulator.GitLab, ".gitlab-ci.yml", "check:\n  script:\n    - ./check.sh\n");
        return await forge.CreateRepositoryAsync(name, new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [file] = SimulatedFile.Text(ci), ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho fine\n") }, announce: true);
    }

    /// <summary>Until the forges are at rest and nothing is left to work, which both look at anew as long as one stirs the other.</summary>
    private static async Task SettleAsync(ForgeSimulator simulator, Bot bot)
    {
        var limit = DateTimeOffset.UtcNow + (Patience * 10);
        for (var before = -1; before != simulator.GitHub.Deliveries.Count + simulator.GitLab.Deliveries.Count;)
        {
            before = simulator.GitHub.Deliveries.Count + simulator.GitLab.Deliveries.Count;
            await simulator.DrainAsync(default);
            while (await bot.Store.QueueAsync(default) is not { Ready: 0, Waiting: 0 })
            {
                if (DateTimeOffset.UtcNow > limit)
                    throw new TimeoutException($"Still at work after {Patience * 10}: {await bot.Store.QueueAsync(default)}");
                await Task.Delay(20);
            }
            await simulator.DrainAsync(default);
        }
    }

    private static string Difference(string alone, string together)
    {
        var (one, other) = (alone.Split('\n'), together.Split('\n'));
        return string.Join('\n', [.. one.Except(other).Select(line => "  alone:    " + line), .. other.Except(one).Select(line => "  together: " + line)]);
    }

    private static async Task WithBotAsync(string temporary, string qmoi, Func<ForgeSimulator, Bot, Task> measure)
    {
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = Secret, GitLabWebhookSecret = Secret }, default);
        var settings = new BotSettings
        {
            DataFolder = Path.Combine(temporary, "data"),
            Repair = new RepairSettings { MaxRetryWait = TimeSpan.Zero },
            // The sandbox calls this program; the benchmark is another one.
            Sandbox = new SandboxSettings { Launcher = [qmoi] },
            GitHub = new GitHubSettings(new Uri(simulator.GitHub.ApiUrl), simulator.GitHub.Token),
            GitLab = new GitLabSettings(new Uri(simulator.GitLab.ApiUrl), simulator.GitLab.Token),
            GitHubSecrets = new WebhookSecrets([Secret], []),
            GitLabSecrets = new WebhookSecrets([Secret], []),
        };
        await using var bot = Bot.Open(settings, TimeProvider.System, NullLoggerFactory.Instance);
        await bot.ListenAsync("http://127.0.0.1:0", NullLoggerFactory.Instance, default);
        (simulator.GitHub.HookUrl, simulator.GitLab.HookUrl) = (bot.Url + "/webhooks/github", bot.Url + "/webhooks/gitlab");
        using var stop = new CancellationTokenSource();
        var working = bot.Worker.RunAsync(stop.Token);

        await measure(simulator, bot);
        await stop.CancelAsync();
        try
        {
            await working;
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static async Task CasesAsync(string folder, ForgeSimulator simulator)
    {
        var (opened, green) = (new List<double>(), new List<double>());
        Console.WriteLine($"{"case",-34} {"forge",-7} {"to fix s",9} {"to green s",11}  end");
        foreach (var path in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
        {
            var facts = await File.ReadAllTextAsync(Path.Combine(path, "case.yaml"));
            var isWanted = Value(facts, "expect") == "heal" && Value(facts, "needs") == "rules" && !File.Exists(Path.Combine(path, "setup.sh"));
            if (!isWanted)
                continue;
            var forge = await ForgeOfAsync(simulator, path);
            var (fix, toGreen, end) = await OneAsync(forge, $"acme/case{opened.Count}-{green.Count}-{Guid.NewGuid():N}"[..24], path);
            if (fix is { } seconds)
                opened.Add(seconds);
            if (toGreen is { } all)
                green.Add(all);
            Console.WriteLine($"{Path.GetFileName(path),-34} {Value(facts, "provider"),-7} {fix,9:0.00} {toGreen,11:0.00}  {end}");
        }
        Console.WriteLine($"\n{opened.Count} fixes offered, median {Median(opened):0.00} s from webhook to open merge request; {green.Count} verified green, median {Median(green):0.00} s");
    }

    private static async Task<(double? ToFix, double? ToGreen, string End)> OneAsync(SimulatedForge forge, string name, string path)
    {
        var repository = await PushCaseAsync(forge, name, path);
        var begin = DateTimeOffset.UtcNow;
        while (DateTimeOffset.UtcNow - begin < Patience)
        {
            await Task.Delay(20);
            var comment = repository.CommitComments is [.., var last] ? last.Body : "";
            var fix = repository.MergeRequests is [.., var newest] ? newest : null;
            if (fix is null && !comment.Contains("needs a person", StringComparison.Ordinal))
                continue;
            if (fix is null)
                return (null, null, Why(comment));
            if (!fix.Body.Contains("**Verified.**", StringComparison.Ordinal) && fix.State == MergeRequestState.Open)
                continue;
            var told = forge.Deliveries.Where(delivery => delivery.Repository == repository && Failed().IsMatch(Encoding.UTF8.GetString(delivery.Body))).Min(delivery => delivery.SentAt);
            var toFix = (fix.CreatedAt - told).TotalSeconds;
            return fix.State == MergeRequestState.Open ? (toFix, (DateTimeOffset.UtcNow - told).TotalSeconds, "green") : (toFix, null, "did not heal");
        }
        return (null, null, "nothing within " + Patience);
    }

    private static async Task<SimulatedForge> ForgeOfAsync(ForgeSimulator simulator, string path) =>
        Value(await File.ReadAllTextAsync(Path.Combine(path, "case.yaml")), "provider") == "github" ? simulator.GitHub : simulator.GitLab;

    private static async Task<SimulatedRepository> PushCaseAsync(SimulatedForge forge, string name, string path)
    {
        var files = SimulatedFile.FromFolder(Path.Combine(path, "repo")).ToDictionary(file => Hidden().Replace(file.Key, "${start}."), file => file.Value, StringComparer.Ordinal);
        var repository = await forge.CreateRepositoryAsync(name, new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { ["README.md"] = SimulatedFile.Text("Empty\n") });
        // Jobs have a home of their own; toolchains that live in a person's are found all the same.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        (repository.RunnerEnvironment["RUSTUP_HOME"], repository.RunnerEnvironment["CARGO_HOME"]) = (Path.Combine(home, ".rustup"), Path.Combine(home, ".cargo"));
        foreach (var command in Directory.Exists(Path.Combine(path, "runner", "bin")) ? Directory.GetFiles(Path.Combine(path, "runner", "bin")) : [])
            repository.AddRunnerCommand(Path.GetFileName(command), await File.ReadAllTextAsync(command));
        await repository.PushAsync("main", files.ToDictionary(file => file.Key, file => (SimulatedFile?)file.Value, StringComparer.Ordinal), "Everything");
        return repository;
    }

    private static string Why(string comment) => comment.Split('\n').FirstOrDefault(line => line.StartsWith("**Done:**", StringComparison.Ordinal)) is { } line ? line[..Math.Min(line.Length, 120)] : "explained";

    private static string Value(string yaml, string key) => Regex.Match(yaml, $"(?m)^{key}: *(?<value>\\S+)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)).Groups["value"].Value;

    private static double Median(List<double> values) => values.Count == 0 ? double.NaN : values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex("(?<start>^|/)dot_(?=git)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hidden();

    [GeneratedRegex("\"(?:status|conclusion)\":\"(?:failed|failure)\"", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Failed();
}
