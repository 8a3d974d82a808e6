using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>
/// What GitHub remembers. An App asks for its own deliveries, with no right beyond being the App; a plain token for those of each repository's hooks, where it may administer them:
/// docs.github.com/rest/apps/webhooks and /rest/repos/webhooks (2026-11).
/// </summary>
internal sealed class GitHubHistory(ForgeHttp http, GitHubTokens tokens) : IForgeHistory
{
    private const string HookPath = "/webhooks/github";

    /// <summary>docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries (2026-11).</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(3);

    /// <summary>A delivery is listed when it has ended, in up to ten seconds, with the time when it began.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(10);

    /// <summary>Runs are listed by when they were created. One that is older and was run again since is found where the bot itself waits for it, else not.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(1);

    private readonly CallLog calls = new();
    private readonly Dictionary<long, GitHubRepository> repositories = [];

    public ForgeKind Kind => ForgeKind.GitHub;

    public DateTimeOffset Now => http.Now;

    public int RequestCount => calls.Count;

    public ForgeHook? OwnHook { get; } = tokens.App is null ? null : new ForgeHook(null, 0, HookState.On);

    public async Task<IReadOnlyList<ForgeHook>> HooksAsync(Repository repository, CancellationToken cancellationToken)
    {
        if (OwnHook is not null) return [];
        List<ForgeHook> hooks = [];
        var request = Get($"repos/{GitHubForge.Name(repository)}/hooks?per_page=100");
        await foreach (var page in http.PagesAsync(await AccountAsync(repository, cancellationToken), request, GitHubJson.Default.IReadOnlyListGitHubHook, calls, cancellationToken))
            hooks.AddRange(page.Where(hook => hook.Active && RecordedJson.LeadsTo(HookPath, hook.Config?.Url)).Select(hook => new ForgeHook(repository, hook.Id, HookState.On)));
        return hooks;
    }

    public async IAsyncEnumerable<IReadOnlyList<SentDelivery>> DeliveriesAsync(ForgeHook hook, long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var oldest = Now - Kept;
        if (after is { } known && DateTimeOffset.FromUnixTimeMilliseconds(known) - Overlap is var since && since > oldest) oldest = since;
        var account = await AccountAsync(hook, cancellationToken);
        await foreach (var page in http.PagesAsync(account, Get($"{Path(hook)}/deliveries?per_page=100"), RecordedJson.Default.JsonElement, calls, cancellationToken))
        {
            var rows = RecordedJson.Items(page, null).Select(row => RecordedJson.TryRead(row, GitHubJson.Default.GitHubHookDelivery)).OfType<GitHubHookDelivery>().ToList();
            yield return [.. rows.Where(row => row.DeliveredAt >= oldest).Select(row => new SentDelivery(
                row.Id, row.Guid, row.DeliveredAt.ToUnixTimeMilliseconds(), IsAcknowledged: row.Status == "OK" || row.StatusCode is >= 200 and < 300))];
            if (rows.Count == 0 || rows[^1].DeliveredAt < oldest) yield break;
        }
    }

    public async Task<RecordedRequest?> ReadAsync(ForgeHook hook, SentDelivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            var account = await AccountAsync(hook, cancellationToken);
            var answer = await http.SendAsync(account, Get($"{Path(hook)}/deliveries/{delivery.Handle}"), RecordedJson.Default.JsonElement, calls, cancellationToken);
            if (RecordedJson.Property(answer, "request") is not { } request) return RecordedRequest.Unreadable("the forge has not kept what it sent");
            var recorded = RecordedJson.Request(RecordedJson.Property(request, "headers"), RecordedJson.Property(request, "payload"));
            if (recorded.Problem is not null) return recorded;
            // The list says what they were; the recorded headers may lack them.
            var headers = new Dictionary<string, string>(recorded.Headers, StringComparer.OrdinalIgnoreCase) { ["X-GitHub-Delivery"] = delivery.DeliveryId! };
            if (RecordedJson.Text(answer, "event") is { } name) headers["X-GitHub-Event"] = name;
            return recorded with { Headers = headers };
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Invalid || e.InnerException is JsonException)
        {
            return RecordedRequest.Unreadable(e.Message);
        }
    }

    /// <summary>GitHub switches no hook off.</summary>
    public Task<ForgeHook> EnableAsync(ForgeHook hook, CancellationToken cancellationToken) => Task.FromResult(hook);

    public async Task<IReadOnlyList<ForgeChange>> FailedPipelinesAsync(Repository repository, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var created = (since - LongestRun).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var request = Get($"repos/{GitHubForge.Name(repository)}/actions/runs?status=failure&created={ApiPath.Query(">=" + created)}&per_page=100");
        List<ForgeChange> found = [];
        await foreach (var page in http.PagesAsync(await AccountAsync(repository, cancellationToken), request, RecordedJson.Default.JsonElement, calls, cancellationToken))
            found.AddRange(RecordedJson.Items(page, "workflow_runs").Select(EndedRun).OfType<ForgeChange>().Where(run => run.At >= since));
        return found;
    }

    public async Task<IReadOnlyList<ForgeChange>> EndedPipelinesAsync(Repository repository, CommitSha head, CancellationToken cancellationToken)
    {
        var request = Get($"repos/{GitHubForge.Name(repository)}/actions/runs?head_sha={head}&status=completed&per_page=20");
        var answer = await http.SendAsync(await AccountAsync(repository, cancellationToken), request, RecordedJson.Default.JsonElement, calls, cancellationToken);
        return [.. RecordedJson.Items(answer, "workflow_runs").Select(EndedRun).OfType<ForgeChange>()];
    }

    public async Task<ForgeChange?> EndedPipelineAsync(Repository repository, long pipelineId, CancellationToken cancellationToken)
    {
        try
        {
            var request = Get($"repos/{GitHubForge.Name(repository)}/actions/runs/{pipelineId}");
            return EndedRun(await http.SendAsync(await AccountAsync(repository, cancellationToken), request, RecordedJson.Default.JsonElement, calls, cancellationToken));
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
    }

    private static ForgeChange? EndedRun(JsonElement item) =>
        RecordedJson.TryRead(item, GitHubJson.Default.GitHubEndedRun) is { } run && GitHubEvents.Status(run.Status, run.Conclusion) is RunStatus.Success or RunStatus.Failed && run.Status == "completed"
            ? new ForgeChange(RunKey(run.Id, run.RunAttempt), run.UpdatedAt, RecordedJson.Source(item))
            : null;

    public async Task<IReadOnlyList<ForgeChange>> ClosedMergeRequestsAsync(Repository repository, DateTimeOffset since, string branchPrefix, CancellationToken cancellationToken)
    {
        var request = Get($"repos/{GitHubForge.Name(repository)}/pulls?state=closed&sort=updated&direction=desc&per_page=50");
        List<ForgeChange> found = [];
        await foreach (var page in http.PagesAsync(await AccountAsync(repository, cancellationToken), request, RecordedJson.Default.JsonElement, calls, cancellationToken))
        {
            var pulls = RecordedJson.Items(page, null).Select(item => (Item: item, Pull: RecordedJson.TryRead(item, GitHubJson.Default.GitHubEndedPull))).Where(row => row.Pull is not null).ToList();
            found.AddRange(pulls.Where(row => row.Pull!.ClosedAt >= since && row.Pull.Head.Ref.StartsWith(branchPrefix, StringComparison.Ordinal))
                .Select(row => new ForgeChange(PullKey(repository.Id, row.Pull!.Number, row.Pull.MergedAt is not null), row.Pull.ClosedAt!.Value, RecordedJson.Source(row.Item))));
            if (pulls.Count == 0 || pulls[^1].Pull!.UpdatedAt < since) break;
        }

        return found;
    }

    public async Task<DescribedChange?> DescribeAsync(Repository repository, ForgeChange change, CancellationToken cancellationToken)
    {
        if (!repositories.TryGetValue(repository.Id, out var named))
        {
            var request = Get($"repos/{GitHubForge.Name(repository)}");
            repositories[repository.Id] = named = await http.SendAsync(await AccountAsync(repository, cancellationToken), request, GitHubJson.Default.GitHubRepository, calls, cancellationToken);
        }

        // The name has passed to another repository.
        if (named.Id != repository.Id) return null;
        var isRun = change.Key.StartsWith("run:", StringComparison.Ordinal);
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("action", isRun ? "completed" : "closed");
            json.WritePropertyName(isRun ? "workflow_run" : "pull_request");
            json.WriteRawValue(change.Source.Span);
            json.WritePropertyName("repository");
            json.WriteStartObject();
            json.WriteNumber("id", named.Id);
            if (named.NodeId is { } node) json.WriteString("node_id", node);
            json.WriteString("full_name", named.FullName);
            json.WriteString("default_branch", named.DefaultBranch);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["X-GitHub-Event"] = isRun ? "workflow_run" : "pull_request",
            ["X-GitHub-Delivery"] = "reconciled:" + change.Key,
        };
        return new DescribedChange(change.Key, new RecordedRequest(headers, body.WrittenMemory));
    }

    /// <remarks>By the id, as renamed repositories are redirected to: a name can have passed to another one.</remarks>
    public async Task<bool> IsReachableAsync(Repository repository, CancellationToken cancellationToken)
    {
        try
        {
            var account = await tokens.AccountAsync(repository, calls, cancellationToken);
            await http.SendAsync(account, Get($"repositories/{repository.Id}"), GitHubJson.Default.GitHubRepositoryId, calls, cancellationToken);
            return true;
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound || GitHubTokens.IsNotInstalled(e))
        {
            await tokens.CheckOwnAsync(calls, cancellationToken);
            return false;
        }
    }

    public string? KeyOf(string eventName, ReadOnlySpan<byte> body)
    {
        try
        {
            return eventName switch
            {
                "workflow_run" when JsonSerializer.Deserialize(body, GitHubJson.Default.GitHubWorkflowRunDelivery) is { Action: "completed", WorkflowRun: { } run } => RunKey(run.Id, run.RunAttempt),
                "pull_request" when JsonSerializer.Deserialize(body, GitHubJson.Default.GitHubPullRequestDelivery) is { Action: "closed", PullRequest: { } pull, Repository.Id: var id } =>
                    PullKey(id, pull.Number, pull.Merged ?? pull.MergedAt is not null),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string RunKey(long id, int attempt) => $"run:{id}:{attempt}";

    private static string PullKey(long repositoryId, long number, bool isMerged) => $"merge_request:{repositoryId}:{number}:{(isMerged ? "merged" : "closed")}";

    private static string Path(ForgeHook hook) => hook.Repository is null ? "app/hook" : $"repos/{GitHubForge.Name(hook.Repository)}/hooks/{hook.Id}";

    private static ForgeRequest Get(string path) => ForgeRequest.Get(path) with { Accept = "application/vnd.github+json" };

    private async Task<ForgeAccount> AccountAsync(ForgeHook hook, CancellationToken cancellationToken) => hook.Repository is null ? tokens.App! : await AccountAsync(hook.Repository, cancellationToken);

    private async Task<ForgeAccount> AccountAsync(Repository repository, CancellationToken cancellationToken)
    {
        await tokens.CheckNameAsync(repository, calls, cancellationToken);
        return await tokens.AccountAsync(repository, calls, cancellationToken);
    }
}
