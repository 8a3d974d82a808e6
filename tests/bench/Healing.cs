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

    public static Task RunAsync(string folder, string temporary, string qmoi) => WithBotAsync(temporary, qmoi, simulator => CasesAsync(folder, simulator));

    /// <summary>As many repositories with a script that is not executable, half on each forge, all told at once.</summary>
    public static Task RunManyAsync(int count, string temporary, string qmoi) => WithBotAsync(temporary, qmoi, async simulator =>
    {
        simulator.GitHub.HoldDeliveries();
        simulator.GitLab.HoldDeliveries();
        var repositories = new List<SimulatedRepository>();
        for (var number = 0; number < count; number++)
        {
            var (forge, path, ci) = number % 2 == 0
                ? ((SimulatedForge)simulator.GitLab, ".gitlab-ci.yml", "check:\n  script:\n    - ./check.sh\n")
                : (simulator.GitHub, ".github/workflows/ci.yml", "on: push\njobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: ./check.sh\n");
            repositories.Add(await forge.CreateRepositoryAsync(
                $"acme/many{number}", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = SimulatedFile.Text(ci), ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho fine\n") }, announce: true));
        }
        await simulator.DrainAsync(default);
        var before = Environment.WorkingSet;
        var begin = DateTimeOffset.UtcNow;
        simulator.GitHub.ReleaseDeliveries(shuffled: true);
        simulator.GitLab.ReleaseDeliveries(shuffled: true);
        var peak = before;
        while (DateTimeOffset.UtcNow - begin < Patience * 4 && !repositories.TrueForAll(repository => repository.MergeRequests is [{ Body: var body }] && body.Contains("**Verified.**", StringComparison.Ordinal)))
        {
            peak = Math.Max(peak, Environment.WorkingSet);
            await Task.Delay(50);
        }
        var offered = repositories.Where(repository => repository.MergeRequests.Count > 0).Select(repository => (repository.MergeRequests[0].CreatedAt - begin).TotalSeconds).ToList();
        var verified = repositories.Count(repository => repository.MergeRequests is [{ Body: var body }] && body.Contains("**Verified.**", StringComparison.Ordinal));
        Console.WriteLine($"{count} at once: {offered.Count} fixes, each once: {repositories.TrueForAll(repository => repository.MergeRequests.Count <= 1)}, median {Median(offered):0.0} s, last {offered.DefaultIfEmpty(double.NaN).Max():0.0} s; {verified} verified after {(DateTimeOffset.UtcNow - begin).TotalSeconds:0.0} s; memory of bot and both forges together {peak >> 20} MB (before: {before >> 20} MB)");
        if (repositories[^1].MergeRequests is [{ } one, ..])
            Console.WriteLine($"\nOne of them reads:\n\n{one.Title}\n\n{one.Body}");
    });

    private static async Task WithBotAsync(string temporary, string qmoi, Func<ForgeSimulator, Task> measure)
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

        await measure(simulator);
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
            var forge = Value(facts, "provider") == "github" ? (SimulatedForge)simulator.GitHub : simulator.GitLab;
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
        var files = SimulatedFile.FromFolder(Path.Combine(path, "repo")).ToDictionary(file => Hidden().Replace(file.Key, "${start}."), file => file.Value, StringComparer.Ordinal);
        var repository = await forge.CreateRepositoryAsync(name, new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { ["README.md"] = SimulatedFile.Text("Empty\n") });
        // Jobs have a home of their own; toolchains that live in a person's are found all the same.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        (repository.RunnerEnvironment["RUSTUP_HOME"], repository.RunnerEnvironment["CARGO_HOME"]) = (Path.Combine(home, ".rustup"), Path.Combine(home, ".cargo"));
        foreach (var command in Directory.Exists(Path.Combine(path, "runner", "bin")) ? Directory.GetFiles(Path.Combine(path, "runner", "bin")) : [])
            repository.AddRunnerCommand(Path.GetFileName(command), await File.ReadAllTextAsync(command));
        await repository.PushAsync("main", files.ToDictionary(file => file.Key, file => (SimulatedFile?)file.Value, StringComparer.Ordinal), "Everything");
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

    private static string Why(string comment) => comment.Split('\n').FirstOrDefault(line => line.StartsWith("**Done:**", StringComparison.Ordinal)) is { } line ? line[..Math.Min(line.Length, 120)] : "explained";

    private static string Value(string yaml, string key) => Regex.Match(yaml, $"(?m)^{key}: *(?<value>\\S+)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)).Groups["value"].Value;

    private static double Median(List<double> values) => values.Count == 0 ? double.NaN : values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex("(?<start>^|/)dot_(?=git)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hidden();

    [GeneratedRegex("\"(?:status|conclusion)\":\"(?:failed|failure)\"", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Failed();
}
