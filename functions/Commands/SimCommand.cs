using System.CommandLine;
using QMoi.Simulator;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi sim</c>: the simulated forges alone, for tests, demos and other people's clients.</summary>
internal static class SimCommand
{
    public static Command Create()
    {
        var gitHub = new Option<string>("--github") { Description = "Where the GitHub side listens", DefaultValueFactory = _ => "http://127.0.0.1:0", HelpName = "URL" };
        var gitLab = new Option<string>("--gitlab") { Description = "Where the GitLab side listens", DefaultValueFactory = _ => "http://127.0.0.1:0", HelpName = "URL" };
        CommandLine.AcceptOnlyHttp(gitHub);
        CommandLine.AcceptOnlyHttp(gitLab);
        var root = new Option<string?>("--root") { Description = "Folder of the git repositories (default: a temporary one)", HelpName = "DIR" };
        var hook = new Option<string?>("--hook") { Description = "Webhooks are posted to S/webhooks/github and S/webhooks/gitlab of this server", HelpName = "URL" };
        var secret = new Option<string?>("--secret") { Description = "Secret that signs them", HelpName = "S" };
        var command = CommandLine.Command("sim", "Runs the simulated forges alone: GitHub and GitLab APIs, git over HTTP, and a job runner, on loopback.\nThe job runner runs what repositories say, without a sandbox: use it for your own only.",
            "qmoi sim --github http://127.0.0.1:9001 --gitlab http://127.0.0.1:9002", "qmoi sim --hook http://127.0.0.1:8080 --secret 0123456789abcdef");
        foreach (var option in new Option[] { gitHub, gitLab, root, hook, secret })
            command.Options.Add(option);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(gitHub)!, parsed.GetValue(gitLab)!, parsed.GetValue(root), parsed.GetValue(hook), parsed.GetValue(secret), stop));
        return command;
    }

    private static async Task<int> RunAsync(string gitHub, string gitLab, string? root, string? hook, string? secret, CancellationToken stop)
    {
        var options = new SimulatorOptions { GitHubUrl = gitHub, GitLabUrl = gitLab, Root = root };
        if (hook is not null)
            options = options with { GitHubHookUrl = $"{hook.TrimEnd('/')}/webhooks/github", GitLabHookUrl = $"{hook.TrimEnd('/')}/webhooks/gitlab" };
        if (secret is not null)
            options = options with { GitHubWebhookSecret = secret, GitLabWebhookSecret = secret };
        await using var simulator = await ForgeSimulator.StartAsync(options, stop);
        foreach (var (name, forge) in new (string, SimulatedForge)[] { ("github", simulator.GitHub), ("gitlab", simulator.GitLab) })
            await Terminal.Out.WriteLineAsync($"{name} {forge.ApiUrl} token {forge.Token}");
        await Terminal.Out.WriteLineAsync("ready");
        await Terminal.Out.FlushAsync(stop);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return ExitCode.Done;
    }
}
