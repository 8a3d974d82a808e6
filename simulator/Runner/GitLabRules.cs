using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <summary>rules:, only: and except: of a job, and the small language of rules:if.</summary>
internal static partial class GitLabRules
{
    private static readonly TimeSpan RegexTimeout = TimeSpan.FromSeconds(1);

    internal sealed record Verdict(string When, bool AllowFailure, JsonNode? Variables);

    /// <returns>Null: the job is not in the pipeline.</returns>
    public static Verdict? Judge(JsonObject job, IReadOnlyDictionary<string, string> variables)
    {
        var when = job["when"] is { } given ? Yaml.Text(given) : "on_success";
        var allowFailure = job["allow_failure"] is JsonObject || job["allow_failure"]?.GetValue<bool>() == true;
        if (job["rules"] is JsonArray rules)
        {
            if (FirstMatch(rules, variables) is not { } match || match.When == "never")
                return null;
            var effective = match.When ?? when;
            return new Verdict(effective, match.AllowFailure ?? allowFailure, match.Variables);
        }
        // Without rules: branches and tags, not merge requests.
        var isWanted = job["only"] is { } only ? Names(only, variables) : variables["CI_PIPELINE_SOURCE"] != "merge_request_event";
        if (!isWanted || (job["except"] is { } except && Names(except, variables)) || when == "never")
            return null;
        return new Verdict(when, allowFailure || (when == "manual" && job["allow_failure"] is null), null);
    }

    internal sealed record Rule(string? When, bool? AllowFailure, JsonNode? Variables);

    public static Rule? FirstMatch(JsonArray rules, IReadOnlyDictionary<string, string> variables)
    {
        foreach (var rule in rules.OfType<JsonObject>())
        {
            if (rule["if"] is { } condition && !Evaluate(Yaml.Text(condition), variables))
                continue;
            return new Rule(rule["when"] is { } when ? Yaml.Text(when) : null, rule["allow_failure"]?.GetValue<bool>(), rule["variables"]);
        }
        return null;
    }

    private static bool Names(JsonNode node, IReadOnlyDictionary<string, string> variables)
    {
        var refs = GitLabCi.Lines(node is JsonObject map ? map["refs"] : node);
        if (refs.Count == 0)
            return true;
        var name = variables.GetValueOrDefault("CI_COMMIT_REF_NAME", "");
        var isMergeRequest = variables["CI_PIPELINE_SOURCE"] == "merge_request_event";
        return refs.Any(reference => reference switch
        {
            "branches" => variables.ContainsKey("CI_COMMIT_BRANCH"),
            "tags" => variables.ContainsKey("CI_COMMIT_TAG"),
            "merge_requests" => isMergeRequest,
            "pushes" => variables["CI_PIPELINE_SOURCE"] == "push",
            "web" => variables["CI_PIPELINE_SOURCE"] == "web",
            ['/', .., '/'] => !isMergeRequest && Regex.IsMatch(name, reference[1..^1], RegexOptions.CultureInvariant, RegexTimeout),
            _ => !isMergeRequest && reference == name,
        });
    }

    /// <summary>$A == "x" &amp;&amp; ($B =~ /re/ || $C)</summary>
    private static bool Evaluate(string condition, IReadOnlyDictionary<string, string> variables)
    {
        var tokens = new Queue<string>(Token().Matches(condition).Select(match => match.Value));
        return Or();

        bool Or()
        {
            var value = And();
            while (tokens.TryPeek(out var next) && next == "||")
            {
                tokens.Dequeue();
                value = And() || value;
            }
            return value;
        }

        bool And()
        {
            var value = Comparison();
            while (tokens.TryPeek(out var next) && next == "&&")
            {
                tokens.Dequeue();
                value = Comparison() && value;
            }
            return value;
        }

        bool Comparison()
        {
            if (tokens.TryPeek(out var open) && open == "(")
            {
                tokens.Dequeue();
                var inner = Or();
                tokens.TryDequeue(out _);
                return inner;
            }
            var left = Operand();
            if (!tokens.TryPeek(out var operation) || operation is not ("==" or "!=" or "=~" or "!~"))
                return !string.IsNullOrEmpty(left);
            tokens.Dequeue();
            return operation switch
            {
                "==" => left == Operand(),
                "!=" => left != Operand(),
                "=~" => Matches(left, tokens.Dequeue()),
                _ => !Matches(left, tokens.Dequeue()),
            };
        }

        string? Operand() => tokens.TryDequeue(out var token) ? Value(token) : null;

        string? Value(string token) => token switch
        {
            ['"' or '\'', ..] => token[1..^1],
            ['$', .. var name] => variables.GetValueOrDefault(name.Trim('{', '}')),
            _ => null,
        };

        bool Matches(string? text, string pattern)
        {
            if (Value(pattern) is { } indirect)
                pattern = indirect;
            var end = pattern.LastIndexOf('/');
            if (text is null || end < 1)
                return false;
            var options = pattern[end..].Contains('i', StringComparison.Ordinal) ? RegexOptions.IgnoreCase : RegexOptions.None;
            return Regex.IsMatch(text, pattern[1..end], options | RegexOptions.CultureInvariant, RegexTimeout);
        }
    }

    [GeneratedRegex("""\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|"[^"]*"|'[^']*'|==|!=|=~|!~|&&|\|\||\(|\)|/(\\/|[^/])+/[a-z]*|null""",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
