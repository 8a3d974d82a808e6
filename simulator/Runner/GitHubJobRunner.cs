using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <summary>Runs a job as GitHub's runner does, and prints what it prints.</summary>
internal sealed partial class GitHubJobRunner
{
    private const string Esc = "\u001b";
    private readonly SimulatedJob job;
    private readonly GitHubJobPlan plan;
    private readonly SimulatedPipeline pipeline;
    private readonly SimulatedRepository repository;
    private readonly GitHubExpressions expressions;
    private readonly Dictionary<string, string> environment;
    private readonly JsonObject stepOutputs = [];
    private bool hasFailed;

    public GitHubJobRunner(SimulatedJob job, GitHubJobPlan plan)
    {
        (this.job, this.plan, pipeline, repository) = (job, plan, job.Pipeline, job.Pipeline.Repository);
        environment = Variables();
        expressions = new GitHubExpressions(Context, function => function switch { "always" => true, "cancelled" => false, "failure" => hasFailed, _ => !hasFailed });
    }

    private string Shown => $"/home/runner/work/{repository.Name}/{repository.Name}";
    private IEnumerable<JsonObject> Steps => (plan.Keywords["steps"] as JsonArray ?? []).Select(step => step!.AsObject());

    /// <summary>A job's own if:, which looks at the jobs it needs.</summary>
    public bool IsTrue(string condition, bool allPassed, bool hasFailure) =>
        new GitHubExpressions(Context, function => function switch { "always" => true, "failure" => hasFailure, "success" => allPassed, _ => false }).IsTrue(condition);

    public async Task<JobOutcome> RunAsync(CancellationToken cancellationToken)
    {
        using var workspace = new Workspace(job, Path.Combine("work", repository.Name, repository.Name));
        foreach (var (name, value) in workspace.Environment(repository))
            environment[name] = value;
        environment["GITHUB_WORKSPACE"] = workspace.Checkout;
        environment["RUNNER_TEMP"] = workspace.Temporary;
        Apply(plan.Workflow["env"]);
        Apply(plan.Keywords["env"]);
        var minutes = double.TryParse(Yaml.Text(plan.Keywords["timeout-minutes"]), out var given) ? given : 360;
        var deadline = repository.Forge.Now + (TimeSpan.FromMinutes(minutes) < repository.Forge.Options.JobTimeout ? TimeSpan.FromMinutes(minutes) : repository.Forge.Options.JobTimeout);
        if (!SetUp())
            return JobOutcome.ScriptFailure;
        var outcome = JobOutcome.Success;
        foreach (var (index, step) in Steps.Index())
        {
            var isWanted = step["if"] is { } condition ? expressions.IsTrue(Yaml.Text(condition)) : !hasFailed;
            var record = BeginStep(NameOf(step));
            if (!isWanted)
            {
                EndStep(record, CiStatus.Skipped);
                continue;
            }
            var result = step["uses"] is { } uses
                ? await UseAsync(step, Yaml.Text(uses), workspace)
                : await RunStepAsync(step, index, workspace, deadline - repository.Forge.Now, minutes, cancellationToken);
            var mayFail = expressions.Expand(Yaml.Text(step["continue-on-error"])) == "true";
            EndStep(record, result == JobOutcome.Success || mayFail ? CiStatus.Success : CiStatus.Failed);
            if (result == JobOutcome.Success || mayFail)
                continue;
            hasFailed = true;
            outcome = result;
        }
        foreach (var step in Steps.Where(step => Yaml.Text(step["uses"]).StartsWith("actions/checkout@", StringComparison.Ordinal)))
        {
            var post = BeginStep($"Post {NameOf(step)}");
            Line("Post job cleanup.");
            EndStep(post, CiStatus.Success);
        }
        var complete = BeginStep("Complete job");
        foreach (var (name, value) in plan.Keywords["outputs"] as JsonObject ?? [])
            job.Outputs[name] = expressions.Expand(Yaml.Text(value));
        Line("Cleaning up orphan processes");
        EndStep(complete, CiStatus.Success);
        return outcome;
    }

    private bool SetUp()
    {
        var record = BeginStep("Set up job");
        string[] lines =
        [
            "Current runner version: '2.328.0'",
            "##[group]Runner Image Provisioner", "Hosted Compute Agent", "##[endgroup]",
            "##[group]Operating System", "Ubuntu", "24.04.3", "LTS", "##[endgroup]",
            "##[group]Runner Image", "Image: ubuntu-24.04", "Version: 20250922.53.1", "##[endgroup]",
            "##[group]GITHUB_TOKEN Permissions", "Contents: read", "Metadata: read", "##[endgroup]",
            "Secret source: Actions", "Prepare workflow directory", "Prepare all required actions",
        ];
        foreach (var line in lines)
            Line(line);
        var uses = Steps.Select(step => Yaml.Text(step["uses"])).Where(name => name.Length > 0 && !name.StartsWith("./", StringComparison.Ordinal)).ToList();
        if (uses.Count > 0)
            Line("Getting action download info");
        if (uses.FirstOrDefault(name => RetiredAction().IsMatch(name)) is { } retired)
        {
            var action = retired.Replace("@", ": ", StringComparison.Ordinal);
            Line($"##[error]This request has been automatically failed because it uses a deprecated version of `{action}`. Learn more: {NoticeFor(retired)}");
            EndStep(record, CiStatus.Failed);
            return false;
        }
        foreach (var name in uses.Distinct(StringComparer.Ordinal))
            Line($"Download action repository '{name}' (SHA:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..40]})");
        Line($"Complete job name: {job.Name}");
        EndStep(record, CiStatus.Success);
        return true;
    }

    private static string NoticeFor(string action) => action.StartsWith("actions/cache", StringComparison.Ordinal)
        ? "https://github.blog/changelog/2024-12-05-notice-of-upcoming-releases-and-breaking-changes-for-github-actions/#actions-cache-v1-v2-and-actions-toolkit-cache-package-closing-down"
        : "https://github.blog/changelog/2024-04-16-deprecation-notice-v3-of-the-artifact-actions/";

    private async Task<JobOutcome> UseAsync(JsonObject step, string action, Workspace workspace)
    {
        var with = step["with"] as JsonObject ?? [];
        Line($"##[group]Run {action}");
        if (with.Count > 0)
            Line("with:");
        foreach (var (name, value) in with)
            Line($"  {name}: {expressions.Expand(Yaml.Text(value))}");
        Line("##[endgroup]");
        if (!action.StartsWith("actions/checkout@", StringComparison.Ordinal))
            return JobOutcome.Success;
        var depth = int.TryParse(Yaml.Text(with["fetch-depth"]), out var given) ? given : 1;
        var submodules = Yaml.Text(with["submodules"]);
        Line($"Syncing repository: {repository.FullName}");
        var said = await workspace.CheckOutAsync(pipeline, depth, submodules is "true" or "recursive", submodules == "recursive", pipeline.IsTag ? null : pipeline.Ref);
        foreach (var line in said.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Line(line.Replace(workspace.Checkout, Shown, StringComparison.Ordinal));
        Line($"[command]/usr/bin/git checkout --progress --force -B {pipeline.Ref} refs/remotes/origin/{pipeline.Ref}");
        Line("[command]/usr/bin/git log -1 --format=%H");
        Line(pipeline.Sha);
        return JobOutcome.Success;
    }

    private async Task<JobOutcome> RunStepAsync(JsonObject step, int index, Workspace workspace, TimeSpan limit, double minutes, CancellationToken cancellationToken)
    {
        var defaults = ((plan.Keywords["defaults"] ?? plan.Workflow["defaults"]) as JsonObject)?["run"] as JsonObject;
        var command = expressions.Expand(Yaml.Text(step["run"])).TrimEnd('\n');
        var shell = Yaml.Text(step["shell"] ?? defaults?["shell"]);
        Line($"##[group]Run {command.TrimStart().Split('\n')[0]}");
        foreach (var line in command.Split('\n'))
            Line($"{Esc}[36;1m{line}{Esc}[0m");
        Line(shell == "bash" ? "shell: /usr/bin/bash --noprofile --norc -e -o pipefail {0}" : "shell: /usr/bin/bash -e {0}");
        var shown = new JsonObject();
        foreach (var (name, value) in (plan.Workflow["env"] as JsonObject ?? []).Concat(plan.Keywords["env"] as JsonObject ?? []).Concat(step["env"] as JsonObject ?? []))
            shown[name] = Yaml.Text(value).Contains("secrets.", StringComparison.Ordinal) ? "***" : expressions.Expand(Yaml.Text(value));
        if (shown.Count > 0)
            Line("env:");
        foreach (var (name, value) in shown)
            Line($"  {name}: {Yaml.Text(value)}");
        Line("##[endgroup]");
        var folder = expressions.Expand(Yaml.Text(step["working-directory"] ?? defaults?["working-directory"]));
        var cwd = Path.GetFullPath(Path.Combine(workspace.Checkout, folder));
        if (!Directory.Exists(cwd))
        {
            var named = cwd.Replace(workspace.Checkout, Shown, StringComparison.Ordinal);
            Line($"##[error]An error occurred trying to start process '/usr/bin/bash' with working directory '{named}'. No such file or directory");
            return JobOutcome.ScriptFailure;
        }
        return await ShellAsync(step, index, command, shell == "bash" ? ["-e", "-o", "pipefail"] : ["-e"], cwd, workspace, limit, minutes, cancellationToken);
    }

    private async Task<JobOutcome> ShellAsync(JsonObject step, int index, string command, string[] options, string cwd, Workspace workspace, TimeSpan limit,
        double minutes, CancellationToken cancellationToken)
    {
        var script = Path.Combine(workspace.Temporary, $"step-{index}.sh");
        await File.WriteAllTextAsync(script, command + "\n", cancellationToken);
        var own = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        foreach (var (name, value) in step["env"] as JsonObject ?? [])
            own[name] = expressions.Expand(Yaml.Text(value));
        foreach (var file in FileCommands)
        {
            own[file] = Path.Combine(workspace.Temporary, $"{file}-{index}");
            await File.WriteAllTextAsync(own[file], "", cancellationToken);
        }
        var splitter = new LineSplitter(line => Line(line, LineSplitter.Encode(line)),
            [(workspace.Checkout, Shown), (workspace.Temporary, "/home/runner/work/_temp"), (workspace.Home, "/home/runner"), (repository.RunnerFolder, "/usr/local"),
                .. SecretMasks()]);
        var result = await JobProcess.RunAsync(script, options, cwd, own, limit > TimeSpan.Zero ? limit : TimeSpan.FromMilliseconds(1), splitter.Write, cancellationToken);
        splitter.Close();
        ReadFileCommands(step, own);
        if (result.TimedOut)
            Line($"##[error]The job running on runner GitHub Actions 1 has exceeded the maximum execution time of {minutes} minutes.");
        else if (result.ExitCode != 0)
            Line($"##[error]Process completed with exit code {result.ExitCode}.");
        return result.TimedOut ? JobOutcome.Timeout : result.ExitCode == 0 ? JobOutcome.Success : JobOutcome.ScriptFailure;
    }

    private static readonly string[] FileCommands = ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"];

    private IEnumerable<(string From, string To)> SecretMasks() => repository.Secrets.Values.Where(value => value.Length > 0).Select(value => (value, "***"));

    private void ReadFileCommands(JsonObject step, Dictionary<string, string> own)
    {
        foreach (var (name, value) in KeyValues(File.ReadAllText(own["GITHUB_ENV"])))
            environment[name] = value;
        foreach (var folder in File.ReadAllLines(own["GITHUB_PATH"]).Where(line => line.Length > 0))
            environment["PATH"] = $"{folder}:{environment["PATH"]}";
        var outputs = new JsonObject();
        foreach (var (name, value) in KeyValues(File.ReadAllText(own["GITHUB_OUTPUT"])))
            outputs[name] = value;
        if (step["id"] is { } id)
            stepOutputs[Yaml.Text(id)] = new JsonObject { ["outputs"] = outputs };
    }

    /// <summary>NAME=value lines, and NAME&lt;&lt;END blocks.</summary>
    private static IEnumerable<(string Name, string Value)> KeyValues(string text)
    {
        var lines = new Queue<string>(text.Split('\n'));
        while (lines.TryDequeue(out var line))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var heredoc = line.IndexOf("<<", StringComparison.Ordinal);
            if (heredoc > 0 && (equals < 0 || heredoc < equals))
            {
                var block = new List<string>();
                while (lines.TryDequeue(out var inner) && inner != line[(heredoc + 2)..])
                    block.Add(inner);
                yield return (line[..heredoc], string.Join('\n', block));
            }
            else if (equals > 0)
            {
                yield return (line[..equals], line[(equals + 1)..]);
            }
        }
    }

    private void Apply(JsonNode? values)
    {
        foreach (var (name, value) in values as JsonObject ?? [])
            environment[name] = expressions.Expand(Yaml.Text(value));
    }

    private JsonNode? Context(string name)
    {
        var parts = name.Split('.');
        var key = string.Join('.', parts.Skip(1));
        return parts[0] switch
        {
            "env" => environment.GetValueOrDefault(key, ""),
            "secrets" => key == "GITHUB_TOKEN" ? "" : repository.Secrets.TryGetValue(key, out var secret) ? secret : "",
            "matrix" => plan.Matrix[key]?.DeepClone(),
            "github" => environment.GetValueOrDefault("GITHUB_" + key.ToUpperInvariant(), ""),
            "runner" => key switch { "os" => "Linux", "arch" => "X64", "temp" => "/home/runner/work/_temp", _ => "" },
            "steps" => key.Split('.') is [var id, .. var rest] ? rest.Aggregate(stepOutputs[id], (node, field) => (node as JsonObject)?[field])?.DeepClone() : null,
            "needs" => Need(parts),
            "job" when key == "status" => hasFailed ? "failure" : "success",
            _ => null,
        };
    }

    private JsonNode? Need(string[] parts)
    {
        var needed = pipeline.Jobs.FirstOrDefault(other => parts.Length > 2 && other.Stage == parts[1]);
        return parts switch
        {
            [_, _, "result"] => needed is null ? "" : GitHubShapes.Conclusion(needed.Status),
            [_, _, "outputs", var output] => needed?.Outputs.GetValueOrDefault(output, ""),
            _ => null,
        };
    }

    private Dictionary<string, string> Variables() => new(StringComparer.Ordinal)
    {
        ["GITHUB_ACTIONS"] = "true",
        ["GITHUB_SHA"] = pipeline.Sha,
        ["GITHUB_REF"] = pipeline.IsTag ? $"refs/tags/{pipeline.Ref}" : $"refs/heads/{pipeline.Ref}",
        ["GITHUB_REF_NAME"] = pipeline.Ref,
        ["GITHUB_REF_TYPE"] = pipeline.IsTag ? "tag" : "branch",
        ["GITHUB_HEAD_REF"] = pipeline.Source == "pull_request" ? pipeline.Ref : "",
        ["GITHUB_BASE_REF"] = pipeline.Source == "pull_request" ? pipeline.MergeRequest!.TargetBranch : "",
        ["GITHUB_REPOSITORY"] = repository.FullName,
        ["GITHUB_REPOSITORY_OWNER"] = repository.Namespace,
        ["GITHUB_EVENT_NAME"] = pipeline.Source,
        ["GITHUB_WORKFLOW"] = pipeline.Name,
        ["GITHUB_JOB"] = plan.Id,
        ["GITHUB_ACTOR"] = pipeline.Actor.Login,
        ["GITHUB_RUN_ID"] = pipeline.Id.ToString(),
        ["GITHUB_RUN_NUMBER"] = pipeline.Number.ToString(),
        ["GITHUB_RUN_ATTEMPT"] = pipeline.Attempt.ToString(),
        ["GITHUB_SERVER_URL"] = repository.Forge.Url,
        ["GITHUB_API_URL"] = repository.Forge.ApiUrl,
        ["RUNNER_OS"] = "Linux",
    };

    private string NameOf(JsonObject step) =>
        step["name"] is { } name ? expressions.Expand(Yaml.Text(name)) : $"Run {Yaml.Text(step["uses"] ?? step["run"]).TrimStart().Split('\n')[0]}";

    private SimulatedStep BeginStep(string name)
    {
        lock (repository.Forge.Gate)
        {
            var step = new SimulatedStep { Number = job.StepList.Count + 1, Name = name, StartedAt = repository.Forge.Now, LogStart = job.Log.Length };
            job.StepList.Add(step);
            return step;
        }
    }

    private void EndStep(SimulatedStep step, CiStatus status)
    {
        lock (repository.Forge.Gate)
            (step.Status, step.FinishedAt, step.LogEnd) = (status, repository.Forge.Now, job.Log.Length);
    }

    private void Line(string text) => Line(text, Encoding.UTF8.GetBytes(text));

    private void Line(string text, byte[] bytes)
    {
        // Workflow commands are shown as the runner shows them.
        foreach (var (command, shown) in Commands)
        {
            if (text.StartsWith(command, StringComparison.Ordinal))
                bytes = LineSplitter.Encode(shown + text[(text.IndexOf("::", 2, StringComparison.Ordinal) + 2)..]);
        }
        job.Log.Append([.. Encoding.UTF8.GetBytes($"{repository.Forge.Now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffff}Z "), .. bytes, (byte)'\n']);
    }

    private static readonly (string Command, string Shown)[] Commands =
        [("::error", "##[error]"), ("::warning", "##[warning]"), ("::notice", "##[notice]"), ("::group::", "##[group]"), ("::endgroup::", "##[endgroup]")];

    [GeneratedRegex("^actions/((upload|download)-artifact@v[123]|cache(/[a-z]+)?@v[12])(\\.|$)", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex RetiredAction();
}
