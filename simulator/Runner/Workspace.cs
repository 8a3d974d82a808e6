using System.Text;

namespace QMoi.Simulator;

/// <summary>The folders one job works in, and the environment every job gets.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly string root;

    public Workspace(SimulatedJob job, string checkoutPath)
    {
        var repository = job.Pipeline.Repository;
        root = Path.Combine(repository.Forge.Root, "work", job.Id.ToString());
        Checkout = Path.Combine(root, checkoutPath);
        Temporary = Path.Combine(root, "tmp");
        Home = Path.Combine(root, "home");
        Directory.CreateDirectory(Checkout);
        Directory.CreateDirectory(Temporary);
        Directory.CreateDirectory(Home);
    }

    public string Checkout { get; }
    public string Temporary { get; }
    public string Home { get; }

    public static string ArtifactsOf(SimulatedJob job) =>
        Path.Combine(job.Pipeline.Repository.Forge.Root, "artifacts", job.Id.ToString());

    /// <summary>Nothing of the simulator's own environment reaches a job but the PATH.</summary>
    public Dictionary<string, string> Environment(SimulatedRepository repository)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = $"{Path.Combine(repository.RunnerFolder, "bin")}:{System.Environment.GetEnvironmentVariable("PATH")}",
            ["HOME"] = Home,
            ["TMPDIR"] = Temporary,
            ["LANG"] = "C.UTF-8",
            ["TERM"] = "dumb",
            ["CI"] = "true",
            ["SIM_STATE_DIR"] = repository.StateFolder,
            ["SIM_RUNNER_DIR"] = repository.RunnerFolder,
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["npm_config_update_notifier"] = "false",
            ["npm_config_audit"] = "false",
            ["npm_config_fund"] = "false",
            ["npm_config_prefer_offline"] = "true",
            ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["MSBUILDDISABLENODEREUSE"] = "1",
        };
        foreach (var (name, value) in repository.RunnerEnvironment)
            environment[name] = value;
        return environment;
    }

    /// <summary>A fresh clone at the commit. Depth 0 fetches everything, with tags.</summary>
    /// <returns>What git said about the submodules.</returns>
    public async Task<string> CheckOutAsync(SimulatedPipeline pipeline, int depth, bool submodules, bool recursive, string? branch)
    {
        var origin = pipeline.Repository.Git.Folder;
        Directory.Delete(Checkout, recursive: true);
        Directory.CreateDirectory(Checkout);
        await GitAsync("init", "--quiet", "--initial-branch", "main");
        await GitAsync("remote", "add", "origin", pipeline.Repository.CloneUrl);
        List<string> fetch = ["fetch", "--quiet"];
        if (depth > 0)
            fetch.AddRange(["--depth", depth.ToString(), "--no-tags", "file://" + origin, pipeline.Sha]);
        else
            fetch.AddRange(["file://" + origin, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*", pipeline.Sha]);
        await GitAsync([.. fetch]);
        await GitAsync(branch is null ? ["checkout", "--quiet", "--detach", pipeline.Sha] : ["checkout", "--quiet", "-B", branch, pipeline.Sha]);
        if (!submodules)
            return "";
        var updated = await GitProcess.RunAsync(Checkout,
            recursive ? ["submodule", "update", "--init", "--recursive"] : ["submodule", "update", "--init"]);
        return updated.Text + updated.Error;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(root, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // a job may leave folders without write permission; the root folder's removal does not depend on them
        }
    }

    private async Task GitAsync(params string[] arguments)
    {
        var result = await GitProcess.RunAsync(Checkout, arguments);
        if (result.ExitCode != 0)
            throw new GitFailedException(string.Join(' ', arguments), result.Error);
    }
}

/// <summary>Cuts a job's output into lines and replaces the folders of this machine with those of a real runner.</summary>
internal sealed class LineSplitter(Action<string> line, IReadOnlyList<(string From, string To)> masks)
{
    // Latin-1 maps every byte to one character and back, so that output that is not UTF-8 survives.
    private static readonly Encoding Bytes = Encoding.Latin1;
    private readonly StringBuilder rest = new();
    private readonly Lock gate = new();
    private bool isClosed;

    public void Write(ReadOnlyMemory<byte> output)
    {
        lock (gate)
        {
            if (isClosed)
                return;
            rest.Append(Bytes.GetString(output.Span));
            var text = rest.ToString();
            var end = text.LastIndexOf('\n');
            if (end < 0)
                return;
            rest.Clear().Append(text, end + 1, text.Length - end - 1);
            foreach (var one in text[..end].Split('\n'))
                line(Mask(one));
        }
    }

    public void Close()
    {
        lock (gate)
        {
            isClosed = true;
            if (rest.Length > 0)
                line(Mask(rest.ToString()));
            rest.Clear();
        }
    }

    public static byte[] Encode(string text) => Bytes.GetBytes(text);

    private string Mask(string text) => masks.Aggregate(text, (masked, mask) => masked.Replace(mask.From, mask.To, StringComparison.Ordinal));
}
