namespace QMoi.Handlers.Tools;

/// <summary>What this machine's npm is configured with, asked once outside the sandbox, in an empty folder so that no repository's settings take part.</summary>
internal sealed class NpmConfiguration(TimeProvider clock)
{
    private readonly Lock once = new();
    private Task<Machine>? machine;

    /// <param name="Registry">URL without credentials; <c>null</c> without npm.</param>
    public sealed record Machine(string? Registry, RegistryHost? Host);

    public Task<Machine> ReadAsync(CancellationToken cancellationToken)
    {
        lock (once) machine ??= AskAsync();
        return machine.WaitAsync(cancellationToken);
    }

    private async Task<Machine> AskAsync()
    {
        var folder = Directory.CreateTempSubdirectory("qmoi-npm-").FullName;
        try
        {
            var environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["PATH"] = Sandbox.SearchPath,
                ["HOME"] = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                ["npm_config_update_notifier"] = "false",
                ["npm_config_cache"] = folder,
            };
            foreach (var name in new[] { "npm_config_registry", "NPM_CONFIG_REGISTRY", "npm_config_userconfig", "NPM_CONFIG_USERCONFIG", "npm_config_globalconfig", "NPM_CONFIG_GLOBALCONFIG" })
                if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
            var result = await ChildProcess.RunAsync(
                new ChildSpec("npm", ["config", "get", "registry"], folder) { Environment = environment, Timeout = TimeSpan.FromSeconds(30) }, clock, CancellationToken.None);
            return result is ChildResult.Ran { Succeeded: true } ran ? Parse(ran.Output.Text.Trim()) : new Machine(null, null);
        }
        finally
        {
            Git.Folders.Remove(folder);
        }
    }

    private static Machine Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return new Machine(null, null);
        var plain = new UriBuilder(url) { UserName = "", Password = "" }.Uri;
        return new Machine(plain.AbsoluteUri, new RegistryHost(url.IdnHost, url.Port));
    }
}
