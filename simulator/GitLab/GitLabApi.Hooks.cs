using System.Text.Json.Nodes;

namespace QMoi.Simulator;

internal sealed partial class GitLabApi
{
    private void MapHooks()
    {
        Router.Map($"GET {P}/hooks", call => List(call, HooksOf(call), Hook));
        Router.Map($"POST {P}/hooks", CreateHook);
        Router.Map($"GET {P}/hooks/{{hook}}", call => Answer.Ok(Hook(HookOf(call))));
        Router.Map($"PUT {P}/hooks/{{hook}}", UpdateHook);
        Router.Map($"DELETE {P}/hooks/{{hook}}", DeleteHook);
        Router.Map($"GET {P}/hooks/{{hook}}/events", ListEvents);
        Router.Map($"POST {P}/hooks/{{hook}}/test/{{trigger}}", TestHookAsync);
        const string ofAll = "/groups/{group}/hooks";
        Router.Map("GET /groups/{group}", call => forge.FindGroup(call["group"]) is { } group ? Answer.Ok(new JsonObject { ["id"] = group.Id, ["full_path"] = group.Path }) : throw NotFound("Group"));
        Router.Map($"GET {ofAll}", call => List(call, HooksOf(call), Hook));
        Router.Map($"POST {ofAll}", CreateHook);
        Router.Map($"PUT {ofAll}/{{hook}}", UpdateHook);
        Router.Map($"POST {P}/hooks/{{hook}}/events/{{event}}/resend", call =>
        {
            var delivery = forge.Deliveries.FirstOrDefault(delivery => delivery.HookId == HookOf(call).Id && delivery.Id == call.Id("event")) ?? throw NotFound("Hook event");
            forge.Hooks.Redeliver(delivery);
            return Answer.Created(new JsonObject { ["response_status"] = 200 });
        });
    }

    /// <summary>Those of the last seven days, newest first.</summary>
    private Answer ListEvents(Call call)
    {
        var (hook, since) = (HookOf(call).Id, forge.Now - TimeSpan.FromDays(7));
        return List(call, [.. forge.Deliveries.Where(delivery => delivery.HookId == hook && delivery.StatusCode is not null && delivery.SentAt >= since && HasStatus(delivery, call.Query("status"))).Reverse()], Event);
    }

    private static bool HasStatus(DeliveryRecord delivery, string? wanted) => wanted switch
    {
        null => true,
        "successful" => delivery.StatusCode is >= 200 and < 300,
        "client_failure" => delivery.StatusCode is >= 400 and < 500,
        "server_failure" => delivery.StatusCode is >= 500,
        _ => delivery.StatusCode.ToString() == wanted,
    };

    /// <summary>A test that is answered well switches a hook on again that GitLab has switched off.</summary>
    private async Task<Answer> TestHookAsync(Call call)
    {
        if (call["trigger"] != "push_events")
            throw new ApiError(400, new JsonObject { ["error"] = "trigger does not have a valid value" });
        var hook = HookOf(call);
        var sent = await forge.Hooks.TestAsync(hook, "Push Hook", forge.Hooks.SamplePush(hook.Repository!, call.User));
        return sent.StatusCode is >= 200 and < 300
            ? Answer.Created(new JsonObject { ["message"] = "201 Created" })
            : throw Message(422, $"Hook executed successfully but returned HTTP {sent.StatusCode} {sent.Answer}");
    }

    /// <summary>Where the request is about a group.</summary>
    private SimulatedGroup? GroupOf(Call call) =>
        call.Has("group") ? forge.FindGroup(call["group"]) is { } group ? forge.IsOwner(group, call.User) ? group : throw Message(403, "403 Forbidden") : throw NotFound("Group") : null;

    private List<SimulatedHook> HooksOf(Call call)
    {
        if (GroupOf(call) is { } group)
            return [.. forge.Snapshot(forge.RepositoryHooks).Where(hook => hook.Group == group)];
        var repository = Project(call);
        if (repository.PermissionOf(call.User) < AccessLevel.Maintain)
            throw Message(403, "403 Forbidden");
        return [.. forge.Snapshot(forge.RepositoryHooks).Where(hook => hook.Repository == repository)];
    }

    private SimulatedHook HookOf(Call call) => HooksOf(call).Find(hook => hook.Id == call.Id("hook")) ?? throw NotFound("Hook");

    private static bool IsOn(SimulatedHook hook, string name) => hook.Events?.Contains(name, StringComparer.Ordinal) != false;

    private JsonObject Hook(SimulatedHook hook)
    {
        var shape = new JsonObject
        {
            ["id"] = hook.Id,
            ["url"] = hook.Url,
            ["name"] = null,
            ["description"] = null,
            [hook.Group is null ? "project_id" : "group_id"] = hook.Group?.Id ?? hook.Repository!.Id,
            ["token_present"] = hook.Secret.Length > 0,
            ["signing_token_present"] = hook.SigningToken is not null,
            ["enable_ssl_verification"] = true,
            ["alert_status"] = forge.Hooks.StateOf(hook.Id).Alert,
            ["disabled_until"] = GitLabShapes.Time(forge.Hooks.StateOf(hook.Id).Until),
            ["created_at"] = GitLabShapes.Time(forge.Now),
        };
        foreach (var name in GitLabHooks.Switches.Values)
            shape[name] = IsOn(hook, name);
        return shape;
    }

    private Answer CreateHook(Call call)
    {
        var group = GroupOf(call);
        var repository = group is null ? Writable(call) : null;
        var hook = new SimulatedHook(forge.NextId(), Demand(call, "url"), call.Field("token") ?? "", SigningToken(call), repository)
        {
            Group = group,
            Events = [.. GitLabHooks.Switches.Values.Where(name => (call.Field(name) ?? (name == "push_events" ? "true" : "false")) == "true")],
        };
        lock (forge.Gate)
            forge.RepositoryHooks.Add(hook);
        return Answer.Created(Hook(hook));
    }

    /// <summary>Before 19.0 it is not known, and what is not known is not looked at.</summary>
    private string? SigningToken(Call call) => forge.HasSigningTokens ? call.Field("signing_token") : null;

    private Answer UpdateHook(Call call)
    {
        if (GroupOf(call) is null)
            Writable(call);
        var hook = HookOf(call);
        var changed = hook with
        {
            Url = call.Field("url") ?? hook.Url,
            Secret = call.Field("token") ?? hook.Secret,
            SigningToken = SigningToken(call) ?? hook.SigningToken,
            Events = [.. GitLabHooks.Switches.Values.Where(name => (call.Field(name) ?? (IsOn(hook, name) ? "true" : "false")) == "true")],
        };
        lock (forge.Gate)
            forge.RepositoryHooks[forge.RepositoryHooks.IndexOf(hook)] = changed;
        return Answer.Ok(Hook(changed));
    }

    private Answer DeleteHook(Call call)
    {
        Writable(call);
        var hook = HookOf(call);
        lock (forge.Gate)
            forge.RepositoryHooks.Remove(hook);
        return Answer.NoContent();
    }

    private static JsonObject Event(DeliveryRecord delivery) => new()
    {
        ["id"] = delivery.Id,
        ["url"] = delivery.Url,
        ["trigger"] = delivery.Event,
        ["request_headers"] = new JsonObject(delivery.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)(header.Key == "X-Gitlab-Token" ? "[REDACTED]" : header.Value)))),
        ["request_data"] = JsonNode.Parse(delivery.Body),
        ["response_status"] = delivery.StatusCode is 0 ? "internal error" : delivery.StatusCode.ToString(),
        ["execution_duration"] = delivery.Duration.TotalSeconds,
    };
}
