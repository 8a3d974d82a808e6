using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Webhooks of repositories, and the deliveries that were made.</summary>
internal sealed partial class GitHubApi
{
    private void MapHooks()
    {
        const string hooks = "/repos/{owner}/{repo}/hooks";
        Router.Map($"GET {hooks}", call => Page.Of(call, HooksOf(call), hook => Hook(call, hook), 30, withTotals: false));
        Router.Map($"POST {hooks}", CreateHook);
        Router.Map($"GET {hooks}/{{id}}", call => Answer.Ok(Hook(call, HookOf(call))));
        Router.Map($"PATCH {hooks}/{{id}}", UpdateHook);
        Router.Map($"DELETE {hooks}/{{id}}", DeleteHook);
        Router.Map($"POST {hooks}/{{id}}/pings", PingHook);
        Router.Map($"GET {hooks}/{{id}}/deliveries", call => ListDeliveries(call, HookOf(call).Id));
        Router.Map($"GET {hooks}/{{id}}/deliveries/{{delivery}}", call => Answer.Ok(Delivery(call, HookOf(call).Id)));
        Router.Map($"POST {hooks}/{{id}}/deliveries/{{delivery}}/attempts", call => Redeliver(call, HookOf(call).Id));
        const string ofAll = "/orgs/{org}/hooks";
        Router.Map("GET /orgs/{org}", call => forge.FindGroup(call["org"]) is { } group ? Answer.Ok(new JsonObject { ["login"] = group.Path, ["id"] = group.Id, ["type"] = "Organization" }) : throw NotFound());
        Router.Map($"GET {ofAll}", call => Page.Of(call, HooksOf(call), hook => Hook(call, hook), 30, withTotals: false));
        Router.Map($"POST {ofAll}", CreateHook);
        Router.Map($"PATCH {ofAll}/{{id}}", UpdateHook);
        Router.Map("GET /app/hook/deliveries", call => ListDeliveries(call, forge.GlobalHookId));
        Router.Map("GET /app/hook/deliveries/{delivery}", call => Answer.Ok(Delivery(call, forge.GlobalHookId)));
        Router.Map("POST /app/hook/deliveries/{delivery}/attempts", call => Redeliver(call, forge.GlobalHookId));
    }

    private List<SimulatedHook> HooksOf(Call call)
    {
        if (GroupOf(call) is { } group)
            return [.. forge.Snapshot(forge.RepositoryHooks).Where(hook => hook.Group == group)];
        var repository = Repository(call);
        // Who may not administer the repository is told that there is nothing.
        if (repository.PermissionOf(call.User) < AccessLevel.Admin)
            throw NotFound();
        return [.. forge.Snapshot(forge.RepositoryHooks).Where(hook => hook.Repository == repository)];
    }

    /// <summary>Where the request is about an organisation.</summary>
    private SimulatedGroup? GroupOf(Call call) => call.Has("org") ? forge.FindGroup(call["org"]) is { } group && forge.IsOwner(group, call.User) ? group : throw NotFound() : null;

    private SimulatedHook HookOf(Call call) => HooksOf(call).Find(hook => hook.Id == call.Id("id")) ?? throw NotFound();

    private JsonObject Hook(Call call, SimulatedHook hook)
    {
        var url = hook.Group is { } group ? $"{forge.ApiUrl}/orgs/{group.Path}/hooks/{hook.Id}" : $"{Shapes(call).RepositoryUrl(hook.Repository!)}/hooks/{hook.Id}";
        return new JsonObject
        {
            ["type"] = hook.Group is null ? "Repository" : "Organization",
            ["id"] = hook.Id,
            ["name"] = "web",
            ["active"] = hook.IsActive,
            ["events"] = new JsonArray([.. (hook.Events ?? ["*"]).Select(name => JsonValue.Create(name))]),
            ["config"] = new JsonObject { ["url"] = hook.Url, ["content_type"] = "json", ["insecure_ssl"] = "0", ["secret"] = "********" },
            ["updated_at"] = GitHubShapes.Time(forge.Now),
            ["created_at"] = GitHubShapes.Time(forge.Now),
            ["url"] = url,
            ["test_url"] = url + "/tests",
            ["ping_url"] = url + "/pings",
            ["deliveries_url"] = url + "/deliveries",
            ["last_response"] = new JsonObject { ["code"] = null, ["status"] = "unused", ["message"] = null },
        };
    }

    private Answer CreateHook(Call call)
    {
        var group = GroupOf(call);
        var repository = group is null ? Writable(call) : null;
        var config = call.Body["config"] as JsonObject ?? throw Invalid("Hook", "config", "missing_field");
        var url = config["url"]?.ToString() ?? throw Invalid("Hook", "url", "missing_field");
        if (HooksOf(call).Exists(known => known.Url == url))
            throw Invalid("Hook", "", "custom", "Hook already exists on this repository");
        var hook = new SimulatedHook(forge.NextId(), url, config["secret"]?.ToString() ?? "", null, repository)
        {
            Events = call.Body["events"] is null ? ["push"] : GitHubWorkflow.Names(call.Body["events"]),
            IsActive = call.Field("active") != "false",
            Group = group,
        };
        lock (forge.Gate)
            forge.RepositoryHooks.Add(hook);
        Ping(call, hook);
        return Answer.Created(Hook(call, hook));
    }

    private Answer UpdateHook(Call call)
    {
        var hook = HookOf(call);
        var config = call.Body["config"] as JsonObject;
        var changed = hook with
        {
            Url = config?["url"]?.ToString() ?? hook.Url,
            Secret = config?["secret"]?.ToString() ?? hook.Secret,
            Events = call.Body["events"] is { } events ? GitHubWorkflow.Names(events) : hook.Events,
            IsActive = (call.Field("active") ?? (hook.IsActive ? "true" : "false")) == "true",
        };
        lock (forge.Gate)
            forge.RepositoryHooks[forge.RepositoryHooks.IndexOf(hook)] = changed;
        return Answer.Ok(Hook(call, changed));
    }

    private Answer DeleteHook(Call call)
    {
        var hook = HookOf(call);
        lock (forge.Gate)
            forge.RepositoryHooks.Remove(hook);
        return Answer.NoContent();
    }

    private Answer PingHook(Call call)
    {
        Ping(call, HookOf(call));
        return Answer.NoContent();
    }

    private void Ping(Call call, SimulatedHook hook)
    {
        var payload = new JsonObject
        {
            ["zen"] = "Keep it logically awesome.",
            ["hook_id"] = hook.Id,
            ["hook"] = Hook(call, hook),
            ["sender"] = Shapes(call).User(call.User),
        };
        if (hook.Group is { } group)
            payload["organization"] = new JsonObject { ["login"] = group.Path, ["id"] = group.Id };
        else
            payload["repository"] = Shapes(call).Repository(hook.Repository!);
        forge.Hooks.Ping(hook, "ping", payload);
    }

    /// <summary>Kept for three days.</summary>
    private IEnumerable<DeliveryRecord> Sent(long hook)
    {
        var since = forge.Now - TimeSpan.FromDays(3);
        return forge.Deliveries.Where(delivery => delivery.HookId == hook && delivery.StatusCode is not null && delivery.SentAt >= since);
    }

    /// <summary>Newest first; the cursor is the id to go on before.</summary>
    private Answer ListDeliveries(Call call, long hook)
    {
        var size = int.TryParse(call.Query("per_page"), out var given) ? Math.Clamp(given, 1, 100) : 30;
        var before = long.TryParse(call.Query("cursor"), out var cursor) ? cursor : long.MaxValue;
        var rows = Sent(hook).Where(delivery => delivery.Id < before).OrderByDescending(delivery => delivery.Id).Take(size + 1).ToList();
        var answer = Answer.Ok(new JsonArray([.. rows.Take(size).Select(DeliveryItem)]));
        if (rows.Count > size)
            answer.Headers["Link"] = $"<{call.Root}{RawPath.Of(call.Request)}?per_page={size}&cursor={rows[size - 1].Id}>; rel=\"next\"";
        return answer;
    }

    private static JsonObject DeliveryItem(DeliveryRecord delivery) => new()
    {
        ["id"] = delivery.Id,
        ["guid"] = delivery.DeliveryId,
        ["delivered_at"] = GitHubShapes.Time(delivery.SentAt),
        ["redelivery"] = delivery.IsRedelivery,
        ["duration"] = Math.Round(delivery.Duration.TotalSeconds, 2),
        ["status"] = delivery.StatusCode switch { >= 200 and < 300 => "OK", 0 => "failed to connect", _ => "Invalid HTTP Response: " + delivery.StatusCode },
        ["status_code"] = delivery.StatusCode,
        ["event"] = delivery.Event,
        ["action"] = delivery.Action,
        ["installation_id"] = delivery.Repository?.InstallationId,
        ["repository_id"] = delivery.Repository?.Id,
        ["throttled_at"] = null,
    };

    private DeliveryRecord Find(Call call, long hook) => Sent(hook).FirstOrDefault(delivery => delivery.Id == call.Id("delivery")) ?? throw NotFound();

    private JsonObject Delivery(Call call, long hook)
    {
        var delivery = Find(call, hook);
        var shape = DeliveryItem(delivery);
        shape["url"] = delivery.Url;
        shape["request"] = new JsonObject
        {
            ["headers"] = new JsonObject(delivery.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))),
            ["payload"] = JsonNode.Parse(delivery.Body),
        };
        shape["response"] = new JsonObject { ["headers"] = new JsonObject(), ["payload"] = delivery.Answer };
        return shape;
    }

    private Answer Redeliver(Call call, long hook)
    {
        forge.Hooks.Redeliver(Find(call, hook));
        return Answer.Accepted(new JsonObject());
    }
}
