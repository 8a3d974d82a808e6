using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>The instance, accounts, projects, members, labels.</summary>
internal sealed partial class GitLabApi
{
    private const string Version = "18.5.0";
    private const string Revision = "51a2b3c4d5e";

    private void MapProjects()
    {
        Router.Map("GET /version", _ => Answer.Ok(new JsonObject { ["version"] = Version, ["revision"] = Revision }));
        Router.Map("GET /metadata", call => Answer.Ok(new JsonObject
        {
            ["version"] = Version,
            ["revision"] = Revision,
            ["kas"] = new JsonObject { ["enabled"] = false, ["externalUrl"] = null, ["version"] = null },
            ["enterprise"] = false,
        }));
        Router.Map("GET /user", call => Answer.Ok(Shapes(call).FullUser(call.User, forge.Now)));
        Router.Map("GET /users", call => List(call, [.. forge.Users.Where(user => (call.Query("username") ?? call.Query("search") ?? user.Login) == user.Login)],
            user => Shapes(call).FullUser(user, forge.Now)));
        Router.Map("GET /users/{user}", call => Answer.Ok(Shapes(call).FullUser(UserById(call.Id("user")), forge.Now)));
        Router.Map("GET /personal_access_tokens/self", call => Answer.Ok(new JsonObject
        {
            ["id"] = 1,
            ["name"] = "simulated",
            ["revoked"] = false,
            ["created_at"] = GitLabShapes.Time(forge.Now),
            ["scopes"] = new JsonArray("api", "read_repository", "write_repository"),
            ["user_id"] = call.User.Id,
            ["active"] = true,
            ["expires_at"] = null,
        }));
        Router.Map("GET /projects", call => List(call, [.. forge.Repositories.Where(repository =>
                (!repository.IsPrivate || repository.PermissionOf(call.User) > AccessLevel.None)
                && (call.Query("search") is not { } text || repository.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
                && (call.Query("membership") != "true" || repository.PermissionOf(call.User) > AccessLevel.None))],
            repository => Shapes(call).Project(repository, call.User)));
        Router.Map("POST /projects", CreateProjectAsync);
        Router.Map($"GET {P}", call => Answer.Ok(Shapes(call).Project(Project(call), call.User)));
        Router.Map($"PUT {P}", UpdateProject);
        Router.Map($"POST {P}/fork", async call => Answer.Created(Shapes(call).Project(await forge.ForkAsync(Project(call), call.User), call.User)));
        Router.Map($"GET {P}/forks", call => List(call, [.. forge.Repositories.Where(fork => fork.ForkOf == Project(call))], fork => Shapes(call).Project(fork, call.User)));
        Router.Map($"GET {P}/members/all/{{user}}", GetMember);
        Router.Map($"GET {P}/members/all", ListMembers);
        Router.Map($"GET {P}/members/{{user}}", GetMember);
        Router.Map($"GET {P}/members", ListMembers);
        Router.Map($"GET {P}/labels", call => List(call, Project(call).Labels, GitLabShapes.Label));
        Router.Map($"POST {P}/labels", CreateLabel);
        Router.Map($"POST {P}/ci/lint", Lint);
        Router.Map($"GET {P}/protected_branches", call => List(call, Array.Empty<JsonNode>(), node => node));
    }

    private async Task<Answer> CreateProjectAsync(Call call)
    {
        var name = call.Field("path") ?? Demand(call, "name");
        var space = call.Field("namespace_id") is { } id ? UserById(long.TryParse(id, out var number) ? number : -1).Login : call.User.Login;
        var fullName = $"{space}/{name}";
        if (forge.FindRepository(fullName) is not null)
            throw Message(400, new JsonObject { ["name"] = new JsonArray("has already been taken"), ["path"] = new JsonArray("has already been taken") });
        var repository = call.Field("initialize_with_readme") == "true"
            ? await forge.CreateRepositoryAsync(fullName, new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { ["README.md"] = SimulatedFile.Text($"# {name}\n") })
            : await forge.CreateEmptyRepositoryAsync(fullName, null);
        repository.IsPrivate = call.Field("visibility") is null or "private";
        repository.SetPermission(call.User, AccessLevel.Admin);
        return Answer.Created(Shapes(call).Project(repository, call.User));
    }

    private Answer UpdateProject(Call call)
    {
        var repository = Writable(call);
        repository.DefaultBranch = call.Field("default_branch") ?? repository.DefaultBranch;
        repository.IsPrivate = (call.Field("visibility") ?? (repository.IsPrivate ? "private" : "public")) == "private";
        return Answer.Ok(Shapes(call).Project(repository, call.User));
    }

    private Answer GetMember(Call call)
    {
        var user = forge.Users.FirstOrDefault(user => user.Id == call.Id("user"));
        return user is not null && Project(call).PermissionOf(user) > AccessLevel.None ? Answer.Ok(Shapes(call).Member(Project(call), user)) : throw NotFound("Member");
    }

    private Answer ListMembers(Call call)
    {
        var repository = Project(call);
        return List(call, [.. forge.Users.Where(user => user.Kind != "Organization" && repository.PermissionOf(user) > AccessLevel.None)],
            user => Shapes(call).Member(repository, user));
    }

    private Answer CreateLabel(Call call)
    {
        var repository = Writable(call);
        var name = Demand(call, "name");
        lock (forge.Gate)
        {
            if (repository.LabelList.Exists(label => label.Name == name))
                throw Message(409, "Label already exists");
            var label = new SimulatedLabel(forge.NextId(), name, call.Field("color") ?? "#428BCA", call.Field("description") ?? "");
            repository.LabelList.Add(label);
            return Answer.Created(GitLabShapes.Label(label));
        }
    }

    private Answer Lint(Call call)
    {
        Project(call);
        var ci = new GitLabCi(Demand(call, "content"));
        return Answer.Ok(new JsonObject
        {
            ["valid"] = ci.Errors.Count == 0,
            ["errors"] = new JsonArray([.. ci.Errors.Select(error => JsonValue.Create(error))]),
            ["warnings"] = new JsonArray(),
            ["merged_yaml"] = ci.Errors.Count == 0 ? ci.MergedYaml : null,
            ["includes"] = new JsonArray(),
        });
    }
}
