using System.Diagnostics;
using System.Net.Http.Headers;
using QMoi.Handlers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>Spans and metrics of the requests to one forge: method, route and status, nothing else.</summary>
internal sealed class CallSignals(ForgeKind forge, Uri apiUrl)
{
    /// <summary>Words of both APIs. Only these are shown of an address; whatever else stands in it may be a name, and a name may be a secret.</summary>
    private static readonly HashSet<string> Words = new(
        [
            "access_tokens", "actions", "all", "app", "applications", "attempts", "award_emoji", "blobs", "branches", "check-runs", "check-suites", "ci", "collaborators", "comments", "commits",
            "contents", "deliveries", "discussions", "events", "files", "git", "graphql", "groups", "heads", "hook", "hooks", "installation", "installations", "issues", "jobs", "lint", "logs",
            "members", "merge", "merge_requests", "notes", "permission", "pipelines", "projects", "pulls", "raw", "reactions", "ref", "refs", "repos", "repositories", "repository", "rerun-failed-jobs", "resend",
            "retry", "runs", "search", "statuses", "tags", "test", "trace", "tree", "trees", "user", "users", "workflows",
        ],
        StringComparer.Ordinal);

    /// <summary>Behind these comes a path or a branch with slashes in it, to the end.</summary>
    private static readonly HashSet<string> BeforePaths = new(["contents", "heads", "tags", "files"], StringComparer.Ordinal);

    private readonly KeyValuePair<string, object?> label = new("forge", Signals.Label(forge));

    public Activity? Begin(HttpRequestMessage message)
    {
        if (Signals.Begin("request", ActivityKind.Client) is not { } span) return null;
        var route = Route(message.RequestUri!);
        span.DisplayName = $"{message.Method.Method} {route}";
        span.SetTag("http.request.method", message.Method.Method).SetTag("url.template", route).SetTag("qmoi.forge", label.Value);
        return span;
    }

    public void End(Activity? span, int status, TimeSpan elapsed)
    {
        if (Signals.ForgeRequests.Enabled)
            Signals.ForgeRequests.Add(1, label, new KeyValuePair<string, object?>("status", status == 0 ? "none" : status.ToString()));
        Signals.ForgeRequestDuration.Record(elapsed.TotalSeconds, label);
        if (span is null) return;
        if (status != 0) span.SetTag("http.response.status_code", status);
        if (status is 0 or >= 400) span.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>How much the forge still grants; searching and the like have limits of their own and do not count here.</summary>
    public void Learn(HttpResponseHeaders headers)
    {
        if (!Signals.ForgeLimitRemaining.Enabled || (Value(headers, "X-RateLimit-Resource") ?? "core") != "core") return;
        if (long.TryParse(Value(headers, "X-RateLimit-Remaining") ?? Value(headers, "RateLimit-Remaining"), out var remaining))
            Signals.ForgeLimitRemaining.Record(remaining, label);
    }

    /// <summary><c>/repos/{}/actions/jobs/{}/logs</c>. What is not of the API (a signed download) is <c>/{}</c>.</summary>
    internal string Route(Uri address)
    {
        if (!ForgeHttp.IsSameOrigin(address, apiUrl) || !address.AbsolutePath.StartsWith(apiUrl.AbsolutePath, StringComparison.Ordinal)) return "/{}";
        var parts = address.AbsolutePath[apiUrl.AbsolutePath.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        var shown = new List<string>();
        for (var at = 0; at < parts.Length; at++)
        {
            // Owners and names of repositories may be any word.
            var isName = (at is 1 or 2 && parts[0] == "repos") || (at == 1 && parts[0] is "projects" or "groups");
            if (!isName && Words.Contains(parts[at])) shown.Add(parts[at]);
            else if (shown.Count == 0 || shown[^1] != "{}") shown.Add("{}");
            if (!isName && BeforePaths.Contains(parts[at]))
            {
                if (at + 1 < parts.Length) shown.Add("{}");
                break;
            }
        }
        return "/" + string.Join('/', shown);
    }

    private static string? Value(HttpResponseHeaders headers, string name) => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString().Trim() : null;
}
