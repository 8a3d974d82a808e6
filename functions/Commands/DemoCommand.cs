using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Forges;
using QMoi.Functions.Demo;
using QMoi.Functions.Settings;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;
using QMoi.Simulator;

namespace QMoi.Functions.Commands;

internal sealed record DemoJson(bool Passed, double Seconds, IReadOnlyList<DemoRowJson> Rows);

internal sealed record DemoRowJson(
    string Forge, string Repository, string Story, string Cause, string Action, int ApiCalls, int SequentialCalls, double? SecondsToMergeRequest, double? SecondsToGreen, string Result);

/// <summary><c>qmoi demo</c>: the bot and both simulated forges on loopback; broken repositories are healed before your eyes.</summary>
internal static class DemoCommand
{
    private const int MinHealed = 5;
    private const long AppId = 4711;

    public static Command Create()
    {
        var once = new Option<bool>("--once") { Description = "Run the whole story, print it, and end: 0 only if every expected pipeline is green" };
        var port = new Option<int>("--port") { Description = "Port of the bot (default: a free one)", HelpName = "N" };
        port.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ushort.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"--port: '{token.Value}' is not a port; wanted is 0 to 65535.");
        });
        var json = CommandLine.JsonOption();
        var command = CommandLine.Command("demo", "Heals failing pipelines on two simulated forges, on this machine, with real git and real jobs.", "qmoi demo", "qmoi demo --once --json");
        command.Options.Add(once);
        command.Options.Add(json);
        command.Options.Add(port);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(once), parsed.GetValue(json), parsed.GetValue(port), stop));
        return command;
    }

    private static async Task<int> RunAsync(bool once, bool json, int port, CancellationToken stop)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var data = Directory.CreateTempSubdirectory("qmoi-demo-");
        try
        {
            // GitHub as most people install it: an App, with an installation (and limits) for each owner.
            using var key = RSA.Create(2048);
            var (gitHubSecret, gitLabSecret) = (Secret(), Secret());
            await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions
            {
                GitHubWebhookSecret = gitHubSecret, GitLabWebhookSecret = gitLabSecret, GitHubAppId = AppId, GitHubAppPublicKey = key.ExportSubjectPublicKeyInfoPem(),
            }, stop);
            var settings = new BotSettings
            {
                DataFolder = data.FullName,
                Repair = new RepairSettings { MaxRetryWait = TimeSpan.Zero }, // Nobody watches a pause.
                GitHub = new GitHubSettings(new Uri(simulator.GitHub.ApiUrl), AppId: AppId, PrivateKeyPem: key.ExportRSAPrivateKeyPem()),
                GitLab = new GitLabSettings(new Uri(simulator.GitLab.ApiUrl), simulator.GitLab.Token),
                GitHubSecrets = new WebhookSecrets([gitHubSecret], []),
                GitLabSecrets = new WebhookSecrets([gitLabSecret], []),
            };
            await using var bot = Bot.Open(settings, clock, NullLoggerFactory.Instance);
            await bot.ListenAsync($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", NullLoggerFactory.Instance, stop);
            simulator.GitHub.HookUrl = bot.Url + "/webhooks/github";
            simulator.GitLab.HookUrl = bot.Url + "/webhooks/gitlab";

            using var working = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var worker = bot.Worker.RunAsync(working.Token);
            var story = new DemoStory(Terminal.Rich(onStandardError: json));
            story.Begin(simulator.GitHub.Url, simulator.GitLab.Url, bot.Url);
            var run = new DemoRun(clock);
            await run.RunAsync(simulator, bot, () => story.Tell(run.Rows), stop);
            var elapsed = clock.GetElapsedTime(start);
            story.End(run.Rows, elapsed);
            var passed = run.Rows.All(row => row.State is RowState.Healed or RowState.Explained or RowState.Skipped) && run.Rows.Count(row => row.State == RowState.Healed) >= MinHealed;
            if (json)
                await Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(new DemoJson(passed, Math.Round(elapsed.TotalSeconds, 1), [.. run.Rows.Select(Json)]), OutputJson.Readable.DemoJson));
            if (!once)
            {
                await Terminal.Error.WriteLineAsync("The forges and the bot go on until Ctrl+C: push to their repositories and watch.");
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            await working.CancelAsync();
            await worker;
            return passed ? ExitCode.Done : ExitCode.Failed;
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    private static DemoRowJson Json(DemoRow row) => new(
        row.Plan.Forge == ForgeKind.GitHub ? "github" : "gitlab", row.Plan.Name, row.Plan.Story, row.Cause, row.Action, row.ApiCalls, row.SequentialCalls,
        row.ToMergeRequest is { } opened ? Math.Round(opened.TotalSeconds, 2) : null, row.ToGreen is { } green ? Math.Round(green.TotalSeconds, 2) : null, row.State.ToString().ToLowerInvariant());
}
