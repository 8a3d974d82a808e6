using QMoi.Simulator;
using QMoi.Tests.Functions;

namespace QMoi.Tests.Scenarios;

/// <summary>Both simulated forges for a bot that is a process of its own, and repositories in which something fails.</summary>
internal static class BothForges
{
    public static Task<ForgeSimulator> StartAsync() =>
        ForgeSimulator.StartAsync(new SimulatorOptions { GitHubWebhookSecret = SignedPost.Secret, GitLabWebhookSecret = SignedPost.Secret }, TestContext.Current.CancellationToken);

    /// <summary>What the bot has to know of them.</summary>
    public static Dictionary<string, string> Environment(this ForgeSimulator simulator) => new([.. simulator.GitHub.Environment(), .. simulator.GitLab.Environment()], StringComparer.Ordinal);

    public static Dictionary<string, string> Environment(this SimulatedForge forge)
    {
        var name = forge is GitHubForge ? "GITHUB" : "GITLAB";
        return new(StringComparer.Ordinal) { [name + "_API_URL"] = forge.ApiUrl, [name + "_TOKEN"] = forge.Token, [name + "_WEBHOOK_SECRET"] = SignedPost.Secret };
    }

    public static void PointHooks(this ForgeSimulator simulator, string url) =>
        (simulator.GitHub.HookUrl, simulator.GitLab.HookUrl) = (url + "/webhooks/github", url + "/webhooks/gitlab");

    /// <summary>The pipeline fails because <c>check.sh</c> is not executable; it passes once it is.</summary>
    public static Task<SimulatedRepository> WithBrokenScriptAsync(this SimulatedForge forge, string name, params (string Path, SimulatedFile File)[] more) =>
        forge.WithFilesAsync(name, [World.Ci(forge, "./check.sh"), World.Script, .. more]);

    /// <summary>The pipeline fails because of a comma too many in <c>package.json</c>: the fix is the text of one file.</summary>
    public static Task<SimulatedRepository> WithCommaTooManyAsync(this SimulatedForge forge, string name, bool executable = false) =>
        forge.WithFilesAsync(name, World.Ci(forge, "npm test"), ("package.json", SimulatedFile.Text("{\n  \"scripts\": { \"test\": \"echo ok\", }\n}\n", executable)));

    public static Task<SimulatedRepository> WithFilesAsync(this SimulatedForge forge, string name, params (string Path, SimulatedFile File)[] files) =>
        forge.CreateRepositoryAsync(name, files.ToDictionary(file => file.Path, file => file.File, StringComparer.Ordinal), announce: true);

    /// <summary>From now on its pipeline fails because <c>check.sh</c> is not executable.</summary>
    public static Task BreakAsync(this SimulatedRepository repository)
    {
        var ((path, ci), (name, script)) = (World.Ci(repository.Forge, "./check.sh"), World.Script);
        return repository.PushAsync("main", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { [path] = ci, [name] = script }, "Check");
    }

    /// <summary>Its people have been told of a fix.</summary>
    public static bool IsTold(this SimulatedRepository repository) => repository.CommitComments.Any(comment => comment.Body.Contains("Fix ready", StringComparison.Ordinal));

    public static void AssertHealedOnce(this SimulatedRepository repository)
    {
        Assert.Contains("**Verified.**", Assert.Single(repository.MergeRequests).Body, StringComparison.Ordinal);
        Assert.Equal(2, repository.Branches.Count);
        Assert.Contains("Fix ready", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }
}
