using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.FileSystemGlobbing;

namespace QMoi.Simulator;

/// <summary>Runs a job as GitLab's runner does, and prints what it prints.</summary>
internal sealed partial class GitLabJobRunner(SimulatedJob job, GitLabJobPlan plan)
{
    private const string Esc = "\u001b";
    private const string Green = Esc + "[32;1m";
    private const string Yellow = Esc + "[0;33m";
    private const string Red = Esc + "[31;1m";
    private const string Reset = Esc + "[0;m";
    private readonly SimulatedPipeline pipeline = job.Pipeline;
    private readonly SimulatedRepository repository = job.Pipeline.Repository;

    private string Shown => $"/builds/{repository.FullName}";

    public async Task<JobOutcome> RunAsync(CancellationToken cancellationToken)
    {
        using var workspace = new Workspace(job, Path.Combine("builds", repository.FullName));
        var image = Yaml.Text(plan.Keywords["image"] is System.Text.Json.Nodes.JsonObject described ? described["name"] : plan.Keywords["image"]);
        if (image.Length == 0)
            image = "debian:12";
        Line($"{Esc}[0KRunning with gitlab-runner 17.5.3 (12030cf4){Reset}");
        Line($"{Esc}[0K  on sim-runner-1 t3_Sim1, system ID: s_51a2b3c4d5e6{Reset}");
        Section("prepare_executor", "Preparing the \"docker\" executor", () =>
        {
            Line($"{Esc}[0KUsing Docker executor with image {image} ...{Reset}");
            Line($"{Esc}[0KPulling docker image {image} ...{Reset}");
        });
        Section("prepare_script", "Preparing environment",
            () => Line($"Running on runner-t3sim1-project-{repository.Id}-concurrent-0 via sim-runner-1..."));
        await SectionAsync("get_sources", "Getting source from Git repository", () => GetSourcesAsync(workspace));
        DownloadArtifacts(workspace);
        var environment = Environment(workspace);
        var limit = GitLabCi.Duration(plan.Keywords["timeout"]) is { } own && own < repository.Forge.Options.JobTimeout ? own : repository.Forge.Options.JobTimeout;
        var result = new JobProcessResult(0, TimedOut: false);
        await SectionAsync("step_script", "Executing \"step_script\" stage of the job script", async () =>
        {
            Line($"{Esc}[0KUsing docker image sha256:{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(image.PadRight(16)))[..32]} for {image} ...{Reset}");
            string[] lines = [.. GitLabCi.Lines(plan.Keywords["before_script"]), .. GitLabCi.Lines(plan.Keywords["script"])];
            result = await ShellAsync(workspace, "step_script", lines, environment, limit, cancellationToken);
        });
        if (GitLabCi.Lines(plan.Keywords["after_script"]) is { Count: > 0 } after)
        {
            await SectionAsync("after_script", "Running after_script", async () =>
            {
                Line($"{Green}Running after script...{Reset}");
                environment["CI_JOB_STATUS"] = result is { ExitCode: 0, TimedOut: false } ? "success" : "failed";
                await ShellAsync(workspace, "after_script", after, environment, limit, cancellationToken);
            });
        }
        var passed = result is { ExitCode: 0, TimedOut: false };
        KeepArtifacts(workspace, passed);
        Section("cleanup_file_variables", "Cleaning up project directory and file based variables", () => { });
        if (result.TimedOut)
            Line($"{Red}ERROR: Job failed: execution took longer than {GoDuration(limit)} seconds{Reset}");
        else
            Line(passed ? $"{Green}Job succeeded{Reset}" : $"{Red}ERROR: Job failed: exit code {result.ExitCode}{Reset}");
        return result.TimedOut ? JobOutcome.Timeout : passed ? JobOutcome.Success : JobOutcome.ScriptFailure;
    }

    private async Task GetSourcesAsync(Workspace workspace)
    {
        var depth = int.TryParse(plan.Variables.GetValueOrDefault("GIT_DEPTH", "20"), out var given) ? given : 20;
        var strategy = plan.Variables.GetValueOrDefault("GIT_SUBMODULE_STRATEGY", "none");
        Line(depth > 0 ? $"{Green}Fetching changes with git depth set to {depth}...{Reset}" : $"{Green}Fetching changes...{Reset}");
        Line($"Initialized empty Git repository in {Shown}/.git/");
        Line($"{Green}Created fresh repository.{Reset}");
        var submodules = await workspace.CheckOutAsync(pipeline, depth, strategy is "normal" or "recursive", strategy == "recursive", branch: null);
        Line($"{Green}Checking out {pipeline.Sha[..8]} as detached HEAD (ref is {pipeline.Ref})...{Reset}");
        Line("");
        Line(strategy is "normal" or "recursive" ? $"{Green}Updating/initializing submodules...{Reset}" : $"{Green}Skipping Git submodules setup{Reset}");
        foreach (var line in submodules.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Line(line.Replace(workspace.Checkout, Shown, StringComparison.Ordinal));
    }

    private async Task<JobProcessResult> ShellAsync(Workspace workspace, string name, IReadOnlyList<string> lines, Dictionary<string, string> environment,
        TimeSpan limit, CancellationToken cancellationToken)
    {
        var script = new StringBuilder();
        foreach (var line in lines)
        {
            var first = line.Trim().Split('\n')[0];
            var label = line.Trim().Contains('\n', StringComparison.Ordinal) ? first + " # collapsed multi-line command" : first;
            script.Append($"printf '%s\\n' {Quote($"{Green}$ {label}{Reset}")}\n{line}\n");
        }
        var file = Path.Combine(workspace.Temporary, name);
        await File.WriteAllTextAsync(file, script.ToString(), cancellationToken);
        var splitter = new LineSplitter(line => job.Log.Append(LineSplitter.Encode(line + "\n")),
            [(workspace.Checkout, Shown), (file, $"/scripts-{repository.Id}-{job.Id}/{name}"), (workspace.Home, "/root"), (workspace.Temporary, "/tmp"),
                (repository.RunnerFolder, "/usr/local")]);
        var result = await JobProcess.RunAsync(file, ["-eo", "pipefail"], workspace.Checkout, environment, limit, splitter.Write, cancellationToken);
        splitter.Close();
        return result;
    }

    private Dictionary<string, string> Environment(Workspace workspace)
    {
        var environment = workspace.Environment(repository);
        foreach (var (name, value) in plan.Variables)
            environment[name] = value;
        foreach (var (name, value) in repository.Secrets)
            environment[name] = value;
        environment["CI_JOB_ID"] = job.Id.ToString();
        environment["CI_JOB_NAME"] = job.Name;
        environment["CI_JOB_STAGE"] = job.Stage;
        environment["CI_JOB_URL"] = $"{repository.WebUrl}/-/jobs/{job.Id}";
        environment["CI_PIPELINE_ID"] = pipeline.Id.ToString();
        environment["CI_PIPELINE_IID"] = pipeline.Number.ToString();
        environment["CI_PROJECT_DIR"] = workspace.Checkout;
        environment["CI_BUILDS_DIR"] = Path.GetDirectoryName(Path.GetDirectoryName(workspace.Checkout))!;
        // Variables may name each other; a variable that names itself stays as it is.
        for (var round = 0; round < 3; round++)
        {
            foreach (var name in plan.Variables.Keys)
                environment[name] = Reference().Replace(environment[name], match =>
                    match.Groups["name"].Value == name ? match.Value : environment.GetValueOrDefault(match.Groups["name"].Value, ""));
        }
        return environment;
    }

    private void DownloadArtifacts(Workspace workspace)
    {
        var sources = pipeline.Jobs.Where(other => plan.ArtifactsFrom.Contains(other.Name, StringComparer.Ordinal) && Directory.Exists(Workspace.ArtifactsOf(other))).ToList();
        if (sources.Count == 0)
            return;
        Section("download_artifacts", "Downloading artifacts", () =>
        {
            foreach (var source in sources)
            {
                Line($"{Green}Downloading artifacts for {source.Name} ({source.Id})...{Reset}");
                CopyFolder(Workspace.ArtifactsOf(source), workspace.Checkout);
                Line($"Downloading artifacts from coordinator... ok        host={new Uri(repository.Forge.Url).Authority} id={source.Id} responseStatus=200 OK");
            }
        });
    }

    private void KeepArtifacts(Workspace workspace, bool passed)
    {
        var artifacts = plan.Keywords["artifacts"] as System.Text.Json.Nodes.JsonObject;
        var paths = GitLabCi.Lines(artifacts?["paths"]);
        var when = artifacts?["when"] is { } given ? Yaml.Text(given) : "on_success";
        if (paths.Count == 0 || (passed ? when == "on_failure" : when == "on_success"))
            return;
        Section(passed ? "upload_artifacts_on_success" : "upload_artifacts_on_failure", $"Uploading artifacts for {(passed ? "successful" : "failed")} job", () =>
        {
            Line($"{Green}Uploading artifacts...{Reset}");
            foreach (var path in paths)
            {
                var pattern = path.TrimEnd('/');
                var matcher = new Matcher().AddInclude(pattern).AddInclude(pattern + "/**/*");
                var files = matcher.GetResultsInFullPath(workspace.Checkout).ToList();
                Line(files.Count == 0
                    ? $"{Yellow}WARNING: {path}: no matching files. Ensure that the artifact path is relative to the working directory ({Shown}) {Reset}"
                    : $"{path}: found {files.Count} matching artifact files and directories ");
                foreach (var file in files)
                {
                    var target = Path.Combine(Workspace.ArtifactsOf(job), Path.GetRelativePath(workspace.Checkout, file));
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    File.Copy(file, target, overwrite: true);
                }
            }
        });
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }

    private void Section(string name, string title, Action body)
    {
        BeginSection(name, title);
        body();
        EndSection(name);
    }

    private async Task SectionAsync(string name, string title, Func<Task> body)
    {
        BeginSection(name, title);
        await body();
        EndSection(name);
    }

    private void BeginSection(string name, string title) =>
        Line($"section_start:{repository.Forge.Now.ToUnixTimeSeconds()}:{name}\r{Esc}[0K{Esc}[0K{Esc}[36;1m{title}{Reset}");

    private void EndSection(string name) => Line($"section_end:{repository.Forge.Now.ToUnixTimeSeconds()}:{name}\r{Esc}[0K");

    private void Line(string text) => job.Log.Append(Encoding.UTF8.GetBytes(text + "\n"));

    private static string Quote(string text) => $"$'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    private static string GoDuration(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(int)time.TotalHours}h{time.Minutes}m{time.Seconds}s" : time.TotalMinutes >= 1 ? $"{time.Minutes}m{time.Seconds}s" : $"{time.Seconds}s";

    [GeneratedRegex(@"\$(\{(?<name>\w+)\}|(?<name>\w+))", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();
}
