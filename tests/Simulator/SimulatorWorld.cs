using System.Diagnostics;
using QMoi.Simulator;

namespace QMoi.Tests.Simulator;

/// <summary>Both forges, a listener for their webhooks and a client for each.</summary>
public abstract class SimulatorWorld : IAsyncLifetime
{
    private protected const string SigningToken = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private protected ForgeSimulator Simulator { get; private set; } = null!;
    private protected HookListener Listener { get; private set; } = null!;
    private protected ForgeClient GitHub { get; private set; } = null!;
    private protected ForgeClient GitLab { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Listener = await HookListener.StartAsync();
        Simulator = await ForgeSimulator.StartAsync(new SimulatorOptions
        {
            GitHubHookUrl = Listener.Url,
            GitLabHookUrl = Listener.Url,
            GitLabSigningToken = SigningToken,
            JobTimeout = TimeSpan.FromSeconds(30),
        }, TestContext.Current.CancellationToken);
        GitHub = new ForgeClient(Simulator.GitHub);
        GitLab = new ForgeClient(Simulator.GitLab);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        GitHub.Dispose();
        GitLab.Dispose();
        await Simulator.DisposeAsync();
        await Listener.DisposeAsync();
    }

    private protected Task DrainAsync() => Simulator.DrainAsync(TestContext.Current.CancellationToken);

    private protected static Dictionary<string, SimulatedFile> Files(params (string Path, string Content)[] files) =>
        files.ToDictionary(file => file.Path, file => SimulatedFile.Text(file.Content), StringComparer.Ordinal);

    private protected static Dictionary<string, SimulatedFile?> Changes(params (string Path, string Content)[] files) =>
        files.ToDictionary(file => file.Path, file => (SimulatedFile?)SimulatedFile.Text(file.Content), StringComparer.Ordinal);

    private protected static async Task<string> GitAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-c", "user.name=alice", "-c", "user.email=alice@localhost", "-c", "credential.helper=", .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await git.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await git.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(git.ExitCode == 0, $"git {string.Join(' ', arguments)}: {error}");
        return await output;
    }
}
