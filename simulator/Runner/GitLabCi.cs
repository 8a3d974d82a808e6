using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <param name="Keywords">The job's keywords, after extends, !reference and default.</param>
internal sealed record GitLabJobPlan(JsonObject Keywords, IReadOnlyDictionary<string, string> Variables, IReadOnlyList<string> ArtifactsFrom) : JobPlan;

/// <summary>A .gitlab-ci.yml: read, checked in GitLab's words, and turned into jobs.</summary>
internal sealed partial class GitLabCi
{
    private static readonly HashSet<string> Reserved = new(
        ["image", "services", "stages", "types", "before_script", "after_script", "variables", "cache", "include", "workflow", "default", "spec"],
        StringComparer.Ordinal);

    private static readonly HashSet<string> JobKeywords = new(
        ["script", "before_script", "after_script", "stage", "needs", "dependencies", "artifacts", "cache", "image", "services", "variables", "rules", "only",
            "except", "tags", "timeout", "retry", "allow_failure", "when", "environment", "coverage", "interruptible", "resource_group", "parallel", "trigger",
            "run", "inherit", "release", "secrets", "id_tokens", "extends", "hooks", "pages", "identity", "start_in", "publish", "manual_confirmation"],
        StringComparer.Ordinal);

    private static readonly string[] Inherited = ["before_script", "after_script", "image", "services", "cache", "timeout", "retry", "tags", "artifacts"];

    private readonly JsonObject config = [];
    private readonly Dictionary<string, JsonObject> jobs = new(StringComparer.Ordinal);
    private readonly List<string> errors = [];
    private readonly List<string> stages = [];

    public GitLabCi(string text)
    {
        try
        {
            if (Yaml.Parse(text) is not JsonObject parsed)
            {
                errors.Add(text.Trim().Length == 0 ? "Please provide content of .gitlab-ci.yml" : "Invalid configuration format");
                return;
            }
            config = parsed;
        }
        catch (YamlProblem problem)
        {
            errors.Add($"Invalid configuration format: (<unknown>): {problem.Message}");
            return;
        }
        ReadStages();
        ReadJobs();
        if (jobs.Count == 0 && errors.Count == 0)
            errors.Add("jobs config should contain at least one visible job");
        foreach (var (name, job) in jobs)
            CheckOrder(name, job);
    }

    public IReadOnlyList<string> Errors => errors;

    public string MergedYaml
    {
        get
        {
            var merged = config.DeepClone().AsObject();
            foreach (var (name, job) in jobs)
                merged[name] = job.DeepClone();
            return Yaml.Write(merged);
        }
    }

    /// <summary>The jobs of a pipeline in which these variables are set.</summary>
    public IReadOnlyList<JobPlan> Plan(IReadOnlyDictionary<string, string> given)
    {
        var variables = Variables(config["variables"], new Dictionary<string, string>(given, StringComparer.Ordinal));
        if ((config["workflow"] as JsonObject)?["rules"] is JsonArray workflowRules && GitLabRules.FirstMatch(workflowRules, variables) is null or { When: "never" })
            return [];
        var chosen = new List<(string Name, JsonObject Job, GitLabRules.Verdict Verdict, Dictionary<string, string> Variables)>();
        foreach (var (name, job) in jobs)
        {
            var own = Variables(job["variables"], new Dictionary<string, string>(variables, StringComparer.Ordinal));
            if (GitLabRules.Judge(job, own) is { } verdict)
                chosen.Add((name, job, verdict, verdict.Variables is null ? own : Variables(verdict.Variables, own)));
        }
        var names = chosen.Select(job => job.Name).ToHashSet(StringComparer.Ordinal);
        return [.. chosen.OrderBy(job => stages.IndexOf(StageOf(job.Job))).Select(job =>
        {
            var (needs, artifacts) = Order(job.Job, names);
            return new GitLabJobPlan(job.Job, job.Variables, artifacts)
            {
                Name = job.Name,
                Stage = StageOf(job.Job),
                Needs = needs,
                When = job.Verdict.When switch { "manual" => StartWhen.Manual, "always" => StartWhen.Always, "on_failure" => StartWhen.OnFailure, _ => StartWhen.OnSuccess },
                AllowFailure = job.Verdict.AllowFailure,
                MaxRetries = (int)((job.Job["retry"] is JsonObject retry ? retry["max"] : job.Job["retry"])?.GetValue<double>() ?? 0),
            };
        })];
    }

    public static IReadOnlyList<string> Lines(JsonNode? script) => script switch
    {
        null => [],
        JsonArray list => [.. list.SelectMany(Lines)],
        _ => [Yaml.Text(script)],
    };

    private static string StageOf(JsonObject job) => job["stage"] is { } stage ? Yaml.Text(stage) : "test";

    private static Dictionary<string, string> Variables(JsonNode? node, Dictionary<string, string> into)
    {
        foreach (var (name, value) in node as JsonObject ?? [])
            into[name] = Yaml.Text(value is JsonObject described ? described["value"] : value);
        return into;
    }

    private void ReadStages()
    {
        var declared = config["stages"] is JsonArray list ? list.Select(Yaml.Text) : ["build", "test", "deploy"];
        stages.AddRange([".pre", .. declared.Where(stage => stage is not (".pre" or ".post")), ".post"]);
    }

    private void ReadJobs()
    {
        foreach (var (name, node) in config.Where(entry => !Reserved.Contains(entry.Key) && !entry.Key.StartsWith('.')))
        {
            if (node is not JsonObject)
            {
                errors.Add($"jobs {name} config should implement the script:, run:, or trigger: keyword");
                continue;
            }
            var job = Resolve(Extend(name, [])).AsObject();
            foreach (var keyword in Inherited)
            {
                if (!job.ContainsKey(keyword) && ((config["default"] as JsonObject)?[keyword] ?? config[keyword]) is { } inherited)
                    job[keyword] = Resolve(inherited.DeepClone());
            }
            if (!job.ContainsKey("script") && !job.ContainsKey("trigger") && !job.ContainsKey("run"))
                errors.Add($"jobs {name} config should implement the script:, run:, or trigger: keyword");
            if (job.ContainsKey("script") && !IsScript(job["script"]))
                errors.Add($"jobs:{name}:script config should be a string or a nested array of strings up to 10 levels deep");
            var unknown = job.Select(entry => entry.Key).Where(key => !JobKeywords.Contains(key)).ToList();
            if (unknown.Count > 0)
                errors.Add($"jobs:{name} config contains unknown keys: {string.Join(", ", unknown)}");
            jobs[name] = job;
        }
    }

    private static bool IsScript(JsonNode? script) => script switch
    {
        JsonArray list => list.Count > 0 && list.All(IsScript),
        JsonValue value => value.TryGetValue<string>(out _),
        _ => false,
    };

    private JsonObject Extend(string name, IReadOnlyList<string> seen)
    {
        var job = config[name]!.AsObject();
        var result = new JsonObject();
        if (seen.Contains(name, StringComparer.Ordinal) || seen.Count > 10)
        {
            errors.Add($"{seen[0]}: circular dependency detected in `extends`");
            return result;
        }
        foreach (var parent in Lines(job["extends"]))
        {
            if (config[parent] is JsonObject)
                DeepMerge(result, Extend(parent, [.. seen, name]));
            else
                errors.Add($"{name}: unknown keys in `extends` ({parent})");
        }
        DeepMerge(result, job);
        result.Remove("extends");
        return result;
    }

    private static void DeepMerge(JsonObject into, JsonObject from)
    {
        foreach (var (key, value) in from)
        {
            if (value is JsonObject map && into[key] is JsonObject existing)
                DeepMerge(existing, map);
            else
                into[key] = value?.DeepClone();
        }
    }

    /// <summary>Puts what !reference names in its place.</summary>
    private JsonNode Resolve(JsonNode node, int depth = 0)
    {
        switch (node)
        {
            case JsonObject map when map["!reference"] is JsonArray path:
                JsonNode? target = config;
                foreach (var step in path.Select(Yaml.Text))
                    target = (target as JsonObject)?[step];
                if (target is not null && depth < 10)
                    return Resolve(target.DeepClone(), depth + 1);
                errors.Add($"!reference [{string.Join(", ", path.Select(step => $"\"{Yaml.Text(step)}\""))}] could not be found");
                return new JsonArray();
            case JsonObject map:
                return new JsonObject(map.Select(entry => KeyValuePair.Create(entry.Key, entry.Value is null ? null : Resolve(entry.Value.DeepClone(), depth))));
            case JsonArray list:
                return new JsonArray([.. list.Select(item => item is null ? null : Resolve(item.DeepClone(), depth))]);
            default:
                return node;
        }
    }

    private void CheckOrder(string name, JsonObject job)
    {
        var stage = StageOf(job);
        if (!stages.Contains(stage, StringComparer.Ordinal))
        {
            errors.Add($"{name} job: chosen stage {stage} does not exist; available stages are {string.Join(", ", stages)}");
            return;
        }
        foreach (var need in NeedsOf(job))
        {
            if (!jobs.TryGetValue(need, out var needed))
                errors.Add($"{name} job: undefined need: {need}");
            else if (stages.IndexOf(StageOf(needed)) > stages.IndexOf(stage))
                errors.Add($"{name} job: need {need} is not defined in current or prior stages");
        }
        foreach (var dependency in Lines(job["dependencies"]).Where(dependency => !jobs.ContainsKey(dependency)))
            errors.Add($"{name} job: undefined dependency: {dependency}");
    }

    private static IEnumerable<string> NeedsOf(JsonObject job) =>
        (job["needs"] as JsonArray ?? []).Select(need => Yaml.Text(need is JsonObject described ? described["job"] : need));

    private (IReadOnlyList<string> Needs, IReadOnlyList<string> Artifacts) Order(JsonObject job, HashSet<string> present)
    {
        IReadOnlyList<string> before;
        IReadOnlyList<string> artifacts;
        if (job["needs"] is JsonArray needs)
        {
            before = [.. NeedsOf(job).Where(present.Contains)];
            artifacts = [.. needs.Where(need => need is not JsonObject { } described || described["artifacts"]?.GetValue<bool>() != false)
                .Select(need => Yaml.Text(need is JsonObject described ? described["job"] : need))];
        }
        else
        {
            var index = stages.IndexOf(StageOf(job));
            before = [.. jobs.Where(other => present.Contains(other.Key) && stages.IndexOf(StageOf(other.Value)) < index).Select(other => other.Key)];
            artifacts = before;
        }
        return (before, job["dependencies"] is JsonArray dependencies ? Lines(dependencies) : artifacts);
    }

    /// <summary>"1h 30m", "90 seconds", "3600".</summary>
    public static TimeSpan? Duration(JsonNode? node)
    {
        var text = Yaml.Text(node);
        if (double.TryParse(text, out var seconds))
            return TimeSpan.FromSeconds(seconds);
        var total = TimeSpan.Zero;
        foreach (Match part in DurationPart().Matches(text))
        {
            var amount = double.Parse(part.Groups["n"].Value);
            total += part.Groups["unit"].Value switch { "h" => TimeSpan.FromHours(amount), "m" => TimeSpan.FromMinutes(amount), _ => TimeSpan.FromSeconds(amount) };
        }
        return total > TimeSpan.Zero ? total : null;
    }

    [GeneratedRegex("(?<n>[0-9]+) ?(?<unit>[hms])", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex DurationPart();
}
