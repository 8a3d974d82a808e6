using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>The App: itself, its installations and their tokens.</summary>
internal sealed partial class GitHubApi
{
    private void MapApp()
    {
        Router.Map("GET /app", call => Answer.Ok(App(call)));
        Router.Map("GET /app/installations", call => Page.Of(call, [.. Installations.Select(group => group.Key)], id => Installation(call, id), 30, withTotals: false));
        Router.Map("GET /app/installations/{id}", call => Answer.Ok(Installation(call, call.Id("id"))));
        Router.Map("POST /app/installations/{id}/access_tokens", CreateInstallationToken);
        Router.Map("GET /repos/{owner}/{repo}/installation", call => Answer.Ok(Installation(call, Repository(call).InstallationId ?? throw NotFound())));
        Router.Map("GET /installation/repositories", call =>
            Page.Counted(call, [.. forge.Repositories.Where(repository => repository.InstallationId is not null)], "repositories", r => Shapes(call).Repository(r)));
        Router.Map("GET /app/hook/config", _ => Answer.Ok(new JsonObject { ["url"] = forge.HookUrl, ["content_type"] = "json", ["secret"] = "********", ["insecure_ssl"] = "0" }));
        Router.Map("PATCH /app/hook/config", UpdateAppHook);
    }

    private IEnumerable<IGrouping<long, SimulatedRepository>> Installations =>
        forge.Repositories.Where(repository => repository.InstallationId is not null).GroupBy(repository => repository.InstallationId!.Value);

    private JsonObject App(Call call) => new()
    {
        ["id"] = forge.Options.GitHubAppId,
        ["slug"] = forge.Options.BotLogin,
        ["node_id"] = GitHubShapes.NodeId("App", forge.Options.GitHubAppId),
        ["client_id"] = $"Iv1.{forge.Options.GitHubAppId:x16}",
        ["owner"] = Shapes(call).User(forge.Bot),
        ["name"] = forge.Options.BotLogin,
        ["description"] = null,
        ["external_url"] = call.Root,
        ["html_url"] = $"{call.Root}/apps/{forge.Options.BotLogin}",
        ["created_at"] = GitHubShapes.Time(forge.Now),
        ["updated_at"] = GitHubShapes.Time(forge.Now),
        ["permissions"] = Permissions(),
        ["events"] = Events(),
        ["installations_count"] = Installations.Count(),
    };

    private JsonObject Installation(Call call, long id)
    {
        var account = Installations.FirstOrDefault(group => group.Key == id)?.First().Owner ?? throw NotFound();
        var owner = Shapes(call).User(account);
        (owner["name"], owner["slug"]) = (account.Name, account.Login);
        (owner["created_at"], owner["updated_at"]) = (GitHubShapes.Time(forge.Now), GitHubShapes.Time(forge.Now));
        return new JsonObject
        {
            ["id"] = id,
            ["account"] = owner,
            ["repository_selection"] = "selected",
            ["access_tokens_url"] = $"{call.ApiRoot}/app/installations/{id}/access_tokens",
            ["repositories_url"] = $"{call.ApiRoot}/installation/repositories",
            ["html_url"] = $"{call.Root}/settings/installations/{id}",
            ["app_id"] = forge.Options.GitHubAppId,
            ["app_slug"] = forge.Options.BotLogin,
            ["target_id"] = account.Id,
            ["target_type"] = account.Kind,
            ["permissions"] = Permissions(),
            ["events"] = Events(),
            ["created_at"] = GitHubShapes.Time(forge.Now),
            ["updated_at"] = GitHubShapes.Time(forge.Now),
            ["single_file_name"] = null,
            ["suspended_by"] = null,
            ["suspended_at"] = null,
        };
    }

    private Answer CreateInstallationToken(Call call)
    {
        if (Installations.All(group => group.Key != call.Id("id")))
            throw NotFound();
        var lifetime = TimeSpan.FromHours(1);
        return Answer.Created(new JsonObject
        {
            ["token"] = forge.IssueToken(forge.AppBot, lifetime, "ghs_"),
            ["expires_at"] = GitHubShapes.Time(forge.Now + lifetime),
            ["permissions"] = Permissions(),
            ["repository_selection"] = "selected",
        });
    }

    private Answer UpdateAppHook(Call call)
    {
        forge.HookUrl = call.Field("url") ?? forge.HookUrl;
        return Answer.Ok(new JsonObject { ["url"] = forge.HookUrl, ["content_type"] = "json", ["secret"] = "********", ["insecure_ssl"] = "0" });
    }

    private JsonObject Permissions()
    {
        var permissions = new JsonObject
        {
            ["actions"] = "write",
            ["contents"] = "write",
            ["issues"] = "write",
            ["metadata"] = "read",
            ["pull_requests"] = "write",
            ["statuses"] = "write",
        };
        if (forge.MayWriteWorkflows)
            permissions["workflows"] = "write";
        return permissions;
    }

    private static JsonArray Events() => ["issue_comment", "pull_request", "push", "workflow_job", "workflow_run"];
}
