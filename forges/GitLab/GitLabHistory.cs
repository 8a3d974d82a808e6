using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitLab;

/// <summary>
/// What GitLab remembers: for seven days what each project's hooks sent, to those with the role Maintainer (docs.gitlab.com/api/project_webhooks, 2026-11; from 17.3). It remembers nothing of the
/// time in which it had switched a hook off, so the state of pipelines and merge requests is looked at as well.
/// </summary>
internal sealed class GitLabHistory(ForgeHttp http, GitLabTokens tokens) : IForgeHistory
{
    private const string HookPath = "/webhooks/gitlab";

    private readonly CallLog calls = new();
    private readonly Dictionary<long, GitLabProject> projects = [];

    public ForgeKind Kind => ForgeKind.GitLab;

    public DateTimeOffset Now => http.Now;

    public int RequestCount => calls.Count;

    public ForgeHook? OwnHook => null;

    public async Task<IReadOnlyList<ForgeHook>> HooksAsync(Repository repository, CancellationToken cancellationToken)
    {
        List<ForgeHook> hooks = [];
        var request = ForgeRequest.Get(Path(repository, "hooks?per_page=100"));
        await foreach (var page in http.PagesAsync(tokens.Account, request, GitLabJson.Default.IReadOnlyListGitLabProjectHook, calls, cancellationToken))
            hooks.AddRange(page.Where(hook => RecordedJson.LeadsTo(HookPath, hook.Url)).Select(hook => HookOf(repository, hook)));
        return hooks;
    }

    private static ForgeHook HookOf(Repository repository, GitLabProjectHook hook) =>
        new(repository, hook.Id, hook.AlertStatus switch { "disabled" => HookState.Off, "temporarily_disabled" => HookState.Paused, _ => HookState.On });

    /// <summary>The list tells no times, but the newest comes first and ids grow. An id is given when the delivery has been answered, so two may swap places: pages are taken whole.</summary>
    public async IAsyncEnumerable<IReadOnlyList<SentDelivery>> DeliveriesAsync(ForgeHook hook, long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Each item holds the whole body that was sent.
        var request = ForgeRequest.Get(Path(hook.Repository!, $"hooks/{hook.Id}/events?per_page=50"));
        await foreach (var page in http.PagesAsync(tokens.Account, request, RecordedJson.Default.JsonElement, calls, cancellationToken))
        {
            var rows = RecordedJson.Items(page, null).Select(Sent).ToList();
            yield return rows;
            if (rows.Count == 0 || rows.Exists(row => row.Position > 0 && row.Position <= after)) yield break;
        }
    }

    private static SentDelivery Sent(JsonElement item)
    {
        var id = RecordedJson.Property(item, "id") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : 0;
        // A number, or words where there was no answer.
        var isAcknowledged = int.TryParse(RecordedJson.Property(item, "response_status")?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 200 and < 300;
        var request = RecordedJson.Request(RecordedJson.Property(item, "request_headers"), RecordedJson.Property(item, "request_data"));
        var deliveryId = request.Headers.TryGetValue("webhook-id", out var signed) ? signed : request.Headers.GetValueOrDefault("Idempotency-Key");
        return new SentDelivery(id, deliveryId, id, isAcknowledged, request);
    }

    public Task<RecordedRequest?> ReadAsync(ForgeHook hook, SentDelivery delivery, CancellationToken cancellationToken) => Task.FromResult(delivery.Request);

    /// <summary>A test that is answered switches a hook on again (docs.gitlab.com/user/project/integrations/webhooks, "Re-enable disabled webhooks", 2026-11). Of all events a push is the one that nothing is done about.</summary>
    public async Task<ForgeHook> EnableAsync(ForgeHook hook, CancellationToken cancellationToken)
    {
        await http.SendAsync(tokens.Account, ForgeRequest.Post(Path(hook.Repository!, $"hooks/{hook.Id}/test/push_events")), calls, cancellationToken);
        return HookOf(hook.Repository!, await SendAsync(hook.Repository!, $"hooks/{hook.Id}", GitLabJson.Default.GitLabProjectHook, cancellationToken));
    }

    public async Task<IReadOnlyList<ForgeChange>> FailedPipelinesAsync(Repository repository, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var request = ForgeRequest.Get(Path(repository, $"pipelines?status=failed&updated_after={Time(since)}&order_by=updated_at&sort=desc&per_page=100"));
        List<ForgeChange> found = [];
        await foreach (var page in http.PagesAsync(tokens.Account, request, RecordedJson.Default.JsonElement, calls, cancellationToken))
            found.AddRange(RecordedJson.Items(page, null).Select(EndedPipeline).OfType<ForgeChange>().Where(pipeline => pipeline.At >= since));
        return found;
    }

    public async Task<IReadOnlyList<ForgeChange>> EndedPipelinesAsync(Repository repository, CommitSha head, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(repository, $"pipelines?sha={head}&per_page=20", RecordedJson.Default.JsonElement, cancellationToken);
        return [.. RecordedJson.Items(answer, null).Select(EndedPipeline).OfType<ForgeChange>()];
    }

    public async Task<ForgeChange?> EndedPipelineAsync(Repository repository, long pipelineId, CancellationToken cancellationToken)
    {
        try
        {
            return EndedPipeline(await SendAsync(repository, $"pipelines/{pipelineId}", RecordedJson.Default.JsonElement, cancellationToken));
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
    }

    /// <summary>A list tells when a pipeline last changed, which for one that ended is when it ended; the pipeline itself tells the latter.</summary>
    private static ForgeChange? EndedPipeline(JsonElement item) =>
        RecordedJson.TryRead(item, GitLabJson.Default.GitLabEndedPipeline) is { } pipeline && GitLabEvents.Status(pipeline.Status) is RunStatus.Success or RunStatus.Failed
            ? new ForgeChange(PipelineKey(pipeline.Id, pipeline.FinishedAt ?? pipeline.UpdatedAt), pipeline.UpdatedAt, RecordedJson.Source(item))
            : null;

    public async Task<IReadOnlyList<ForgeChange>> ClosedMergeRequestsAsync(Repository repository, DateTimeOffset since, string branchPrefix, CancellationToken cancellationToken)
    {
        var request = ForgeRequest.Get(Path(repository, $"merge_requests?state=all&updated_after={Time(since)}&order_by=updated_at&sort=desc&per_page=100"));
        List<ForgeChange> found = [];
        await foreach (var page in http.PagesAsync(tokens.Account, request, RecordedJson.Default.JsonElement, calls, cancellationToken))
        {
            foreach (var item in RecordedJson.Items(page, null))
            {
                if (RecordedJson.TryRead(item, GitLabJson.Default.GitLabEndedMergeRequest) is not { State: "closed" or "merged" } ended || !ended.SourceBranch.StartsWith(branchPrefix, StringComparison.Ordinal)) continue;
                var at = ended.MergedAt ?? ended.ClosedAt ?? ended.UpdatedAt;
                if (at >= since) found.Add(new ForgeChange(MergeRequestKey(repository.Id, ended.Iid, ended.State == "merged"), at, RecordedJson.Source(item)));
            }
        }

        return found;
    }

    public async Task<DescribedChange?> DescribeAsync(Repository repository, ForgeChange change, CancellationToken cancellationToken)
    {
        try
        {
            if (!projects.TryGetValue(repository.Id, out var project))
                projects[repository.Id] = project = await http.SendAsync(tokens.Account, ForgeRequest.Get($"projects/{repository.Id}"), GitLabJson.Default.GitLabProject, calls, cancellationToken);
            return change.Key.StartsWith("pipeline:", StringComparison.Ordinal)
                ? await DescribePipelineAsync(repository, project, change, cancellationToken)
                : DescribeMergeRequest(project, change);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
    }

    private async Task<DescribedChange?> DescribePipelineAsync(Repository repository, GitLabProject project, ForgeChange change, CancellationToken cancellationToken)
    {
        var listed = JsonSerializer.Deserialize(change.Source.Span, GitLabJson.Default.GitLabEndedPipeline)!;
        var pipeline = await SendAsync(repository, $"pipelines/{listed.Id}", GitLabJson.Default.GitLabEndedPipeline, cancellationToken);
        // It runs again: that one's end will be told, or found.
        if (GitLabEvents.Status(pipeline.Status) is not (RunStatus.Success or RunStatus.Failed)) return null;
        List<GitLabJob> jobs = [];
        await foreach (var page in http.PagesAsync(tokens.Account, ForgeRequest.Get(Path(repository, $"pipelines/{pipeline.Id}/jobs?per_page=100")), GitLabJson.Default.IReadOnlyListGitLabJob, calls, cancellationToken))
            jobs.AddRange(page);
        var commit = await SendAsync(repository, $"repository/commits/{ApiPath.Whole(pipeline.Sha)}", GitLabJson.Default.GitLabCommitAuthor, cancellationToken);
        // refs/merge-requests/NUMBER/head or /merge
        var mergeRequest = pipeline.Ref.Split('/') is ["refs", "merge-requests", var number, ..] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var iid)
            ? await SendAsync(repository, $"merge_requests/{iid}", GitLabJson.Default.GitLabEndedMergeRequest, cancellationToken)
            : null;

        var key = PipelineKey(pipeline.Id, pipeline.FinishedAt);
        return Described(key, "Pipeline Hook", project, json =>
        {
            json.WriteString("object_kind", "pipeline");
            json.WriteStartObject("object_attributes");
            json.WriteNumber("id", pipeline.Id);
            json.WriteString("name", pipeline.Name);
            json.WriteString("ref", pipeline.Ref);
            json.WriteBoolean("tag", pipeline.Tag);
            json.WriteString("sha", pipeline.Sha);
            json.WriteString("status", pipeline.Status);
            json.WriteString("finished_at", pipeline.FinishedAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
            json.WriteString("url", pipeline.WebUrl);
            json.WriteEndObject();
            if (mergeRequest is not null)
            {
                json.WriteStartObject("merge_request");
                json.WriteNumber("iid", mergeRequest.Iid);
                json.WriteString("source_branch", mergeRequest.SourceBranch);
                if (mergeRequest.SourceProjectId is { } from) json.WriteNumber("source_project_id", from);
                if (mergeRequest.TargetProjectId is { } to) json.WriteNumber("target_project_id", to);
                json.WriteEndObject();
            }

            json.WriteStartObject("commit");
            json.WriteString("id", pipeline.Sha);
            json.WriteStartObject("author");
            json.WriteString("name", commit.AuthorName);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("builds");
            foreach (var job in jobs)
            {
                json.WriteStartObject();
                json.WriteNumber("id", job.Id);
                json.WriteString("stage", job.Stage);
                json.WriteString("name", job.Name);
                json.WriteString("status", job.Status);
                json.WriteString("failure_reason", job.FailureReason);
                json.WriteBoolean("allow_failure", job.AllowFailure ?? false);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private static DescribedChange DescribeMergeRequest(GitLabProject project, ForgeChange change)
    {
        var ended = JsonSerializer.Deserialize(change.Source.Span, GitLabJson.Default.GitLabEndedMergeRequest)!;
        var isMerged = ended.State == "merged";
        return Described(change.Key, "Merge Request Hook", project, json =>
        {
            json.WriteString("object_kind", "merge_request");
            json.WriteStartObject("user");
            json.WriteString("username", (isMerged ? ended.MergeUser ?? ended.MergedBy : ended.ClosedBy)?.Username);
            json.WriteEndObject();
            json.WriteStartObject("object_attributes");
            json.WriteNumber("iid", ended.Iid);
            json.WriteString("source_branch", ended.SourceBranch);
            json.WriteString("target_branch", ended.TargetBranch);
            if (ended.SourceProjectId is { } from) json.WriteNumber("source_project_id", from);
            if (ended.TargetProjectId is { } to) json.WriteNumber("target_project_id", to);
            json.WriteString("state", ended.State);
            json.WriteString("action", isMerged ? "merge" : "close");
            json.WriteString("url", ended.WebUrl);
            json.WriteEndObject();
        });
    }

    private static DescribedChange Described(string key, string eventHeader, GitLabProject project, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteStartObject("project");
            json.WriteNumber("id", project.Id);
            json.WriteString("path_with_namespace", project.PathWithNamespace);
            json.WriteString("default_branch", project.DefaultBranch);
            json.WriteString("web_url", project.WebUrl);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["X-Gitlab-Event"] = eventHeader, ["webhook-id"] = "reconciled:" + key };
        return new DescribedChange(key, new RecordedRequest(headers, body.WrittenMemory));
    }

    public async Task<bool> IsReachableAsync(Repository repository, CancellationToken cancellationToken)
    {
        try
        {
            await http.SendAsync(tokens.Account, ForgeRequest.Get($"projects/{repository.Id}"), GitLabJson.Default.GitLabProject, calls, cancellationToken);
            return true;
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
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
                "pipeline" when JsonSerializer.Deserialize(body, GitLabJson.Default.GitLabPipelineDelivery) is { ObjectAttributes: { } pipeline } && GitLabEvents.Status(pipeline.Status) is RunStatus.Success or RunStatus.Failed =>
                    PipelineKey(pipeline.Id, Finished(pipeline.FinishedAt)),
                "merge_request" when JsonSerializer.Deserialize(body, GitLabJson.Default.GitLabMergeRequestDelivery) is { ObjectAttributes: { Iid: { } number, Action: "close" or "merge" } ended, Project.Id: { } id } =>
                    MergeRequestKey(id, number, ended.Action == "merge"),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary><c>2026-11-21 12:00:00 UTC</c>, or as the API writes it.</summary>
    private static DateTimeOffset? Finished(string? text) =>
        DateTimeOffset.TryParse(text?.Replace(" UTC", "Z", StringComparison.Ordinal), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    /// <summary>A pipeline whose jobs were run again ends once more, at another time.</summary>
    private static string PipelineKey(long id, DateTimeOffset? finished) => $"pipeline:{id}:{finished?.ToUnixTimeSeconds() ?? 0}";

    private static string MergeRequestKey(long projectId, long number, bool isMerged) => $"merge_request:{projectId}:{number}:{(isMerged ? "merged" : "closed")}";

    private static string Time(DateTimeOffset time) => ApiPath.Query(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));

    private static string Path(Repository repository, string rest) => $"projects/{repository.Id}/{rest}";

    private Task<T> SendAsync<T>(Repository repository, string rest, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        http.SendAsync(tokens.Account, ForgeRequest.Get(Path(repository, rest)), type, calls, cancellationToken);
}
