using System.Text.Json.Nodes;
using Microsoft.Extensions.FileSystemGlobbing;

namespace QMoi.Simulator;

/// <param name="Id">The key under jobs:.</param>
internal sealed record GitHubJobPlan(string Id, JsonObject Keywords, JsonObject Workflow, JsonObject Matrix) : JobPlan
{
    public override bool IsWanted(SimulatedJob job, bool allPassed, bool hasFailed) =>
        Keywords["if"] is { } condition ? new GitHubJobRunner(job, this).IsTrue(Yaml.Text(condition), allPassed, hasFailed) : allPassed;
}

/// <summary>A file of .github/workflows: read, checked, and turned into jobs.</summary>
internal sealed class GitHubWorkflow
{
    private static readonly HashSet<string> WorkflowKeywords = new(
        ["name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"], StringComparer.Ordinal);

    private static readonly HashSet<string> StepKeywords = new(
        ["id", "if", "name", "uses", "run", "working-directory", "shell", "with", "env", "continue-on-error", "timeout-minutes"], StringComparer.Ordinal);

    private readonly string path;
    private readonly JsonObject workflow = [];

    public GitHubWorkflow(string path, string text)
    {
        this.path = path;
        try
        {
            if (Yaml.Parse(text) is JsonObject parsed)
                workflow = parsed;
            Error = Check();
        }
        catch (YamlProblem problem)
        {
            Error = $"You have an error in your yaml syntax: {problem.Message}";
        }
    }

    public string? Error { get; }

    /// <summary>GitHub falls back to the path, and always does for a file it cannot read.</summary>
    public string Name => Error is null && workflow["name"] is { } name ? Yaml.Text(name) : path;

    public bool IsTriggeredBy(CiTrigger trigger)
    {
        // A file that cannot be read fails on every push: its triggers are unknown.
        if (workflow["on"] is not { } on)
            return Error is not null && trigger.Source == "push";
        var filter = on switch
        {
            JsonObject map when map.ContainsKey(trigger.Source) => map[trigger.Source] as JsonObject ?? [],
            JsonArray list when list.Select(Yaml.Text).Contains(trigger.Source, StringComparer.Ordinal) => [],
            JsonValue value when Yaml.Text(value) == trigger.Source => [],
            _ => null,
        };
        if (filter is null)
            return false;
        var branch = trigger.Source == "pull_request" ? trigger.MergeRequest!.TargetBranch : trigger.Ref;
        if (trigger.IsTag)
            return Matches(filter, "tags", trigger.Ref) ?? filter["branches"] is null;
        return !(Matches(filter, "branches-ignore", branch) ?? false) && (Matches(filter, "branches", branch) ?? filter["tags"] is null);
    }

    public PipelinePlan Plan() =>
        new(Name, path, Error is null ? [.. workflow["jobs"]!.AsObject().SelectMany(job => Jobs(job.Key, job.Value!.AsObject()))] : [], Error);

    public static IReadOnlyList<string> Names(JsonNode? node) => node switch
    {
        null => [],
        JsonArray list => [.. list.Select(Yaml.Text)],
        _ => [Yaml.Text(node)],
    };

    private static bool? Matches(JsonObject filter, string key, string name)
    {
        if (filter[key] is not { } patterns)
            return null;
        var isMatch = false;
        foreach (var pattern in Names(patterns))
        {
            var negative = pattern.StartsWith('!');
            if (new Matcher().AddInclude(negative ? pattern[1..] : pattern).Match(name).HasMatches)
                isMatch = !negative;
        }
        return isMatch;
    }

    private IEnumerable<JobPlan> Jobs(string id, JsonObject job)
    {
        var combinations = Combinations((job["strategy"] as JsonObject)?["matrix"] as JsonObject);
        foreach (var matrix in combinations)
        {
            var values = new GitHubExpressions(token => token.StartsWith("matrix.", StringComparison.Ordinal) ? matrix[token["matrix.".Length..]] : null, _ => true);
            var name = job["name"] is { } given ? values.Expand(Yaml.Text(given)) : id;
            if (matrix.Count > 0 && (job["name"] is null || !Yaml.Text(job["name"]).Contains("matrix.", StringComparison.Ordinal)))
                name = $"{name} ({string.Join(", ", matrix.Select(entry => Yaml.Text(entry.Value)))})";
            yield return new GitHubJobPlan(id, job, workflow, matrix)
            {
                Name = name,
                Stage = id,
                Needs = [.. Names(job["needs"]).SelectMany(NamesOfJob)],
                AllowFailure = Yaml.Text(job["continue-on-error"]) == "true",
            };
        }
    }

    private IEnumerable<string> NamesOfJob(string id) =>
        workflow["jobs"]![id] is JsonObject job && Names(job["needs"]).Contains(id, StringComparer.Ordinal) ? [] : Jobs(id, workflow["jobs"]![id]!.AsObject()).Select(plan => plan.Name);

    private static List<JsonObject> Combinations(JsonObject? matrix)
    {
        List<JsonObject> result = [[]];
        foreach (var (axis, values) in matrix ?? [])
        {
            if (axis is "include" or "exclude" || values is not JsonArray list)
                continue;
            result = [.. result.SelectMany(row => list.Select(value => With(row, axis, value)))];
        }
        foreach (var excluded in (matrix?["exclude"] as JsonArray ?? []).OfType<JsonObject>())
            result.RemoveAll(row => excluded.All(entry => JsonNode.DeepEquals(row[entry.Key], entry.Value)));
        foreach (var included in (matrix?["include"] as JsonArray ?? []).OfType<JsonObject>())
            Include(result, included, matrix!);
        if (result.Count > 1)
            result.RemoveAll(row => row.Count == 0);
        return result;
    }

    private static JsonObject With(JsonObject row, string axis, JsonNode? value)
    {
        var longer = row.DeepClone().AsObject();
        longer[axis] = value?.DeepClone();
        return longer;
    }

    private static void Include(List<JsonObject> rows, JsonObject included, JsonObject matrix)
    {
        var axes = included.Where(entry => matrix.ContainsKey(entry.Key)).ToList();
        var extended = rows.Where(row => row.Count > 0 && axes.All(axis => JsonNode.DeepEquals(row[axis.Key], axis.Value))).ToList();
        if (extended.Count == 0)
            rows.Add(included.DeepClone().AsObject());
        foreach (var row in extended)
        {
            foreach (var (key, value) in included)
                row[key] = value?.DeepClone();
        }
    }

    private string? Check()
    {
        if (workflow.Count == 0)
            return "workflow file is empty";
        if (workflow.Select(entry => entry.Key).FirstOrDefault(key => !WorkflowKeywords.Contains(key)) is { } unknown)
            return $"Unexpected value '{unknown}'";
        if (workflow["on"] is null)
            return "No event triggers defined in `on`";
        if (workflow["jobs"] is not JsonObject { Count: > 0 } jobs)
            return "Required property is missing: jobs";
        foreach (var (id, node) in jobs)
        {
            if (node is not JsonObject job)
                return $"jobs.{id}: a mapping was expected";
            if (job["uses"] is null && job["runs-on"] is null)
                return $"jobs.{id}: Required property is missing: runs-on";
            if (Names(job["needs"]).FirstOrDefault(need => !jobs.ContainsKey(need)) is { } missing)
                return $"Job '{id}' depends on unknown job '{missing}'.";
            if (CheckSteps(id, job) is { } problem)
                return problem;
        }
        return null;
    }

    private static string? CheckSteps(string id, JsonObject job)
    {
        if (job["steps"] is not JsonArray { Count: > 0 } steps)
            return job["uses"] is null ? $"jobs.{id}: Required property is missing: steps" : null;
        foreach (var (index, node) in steps.Index())
        {
            if (node is not JsonObject step)
                return $"jobs.{id}.steps[{index}]: a mapping was expected";
            if (step.Select(entry => entry.Key).FirstOrDefault(key => !StepKeywords.Contains(key)) is { } unknown)
                return $"jobs.{id}.steps[{index}]: Unexpected value '{unknown}'";
            if (step.ContainsKey("run") == step.ContainsKey("uses"))
                return $"jobs.{id}.steps[{index}]: every step must define a `uses` or `run` key";
        }
        return null;
    }
}
