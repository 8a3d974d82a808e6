using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace QMoi.Simulator;

/// <summary>GitLab's REST API: who asks, in which words things are refused, and where the routes are.</summary>
internal sealed partial class GitLabApi : ForgeApi
{
    private const int RateLimit = 2000;
    private const string P = "/projects/{id}";
    private readonly GitLabForge forge;
    private int used;

    public GitLabApi(GitLabForge forge)
    {
        this.forge = forge;
        MapProjects();
        MapRepository();
        MapCommits();
        MapMergeRequests();
        MapPipelines();
        MapHooks();
    }

    public override string? PathOf(string path) => path.StartsWith("/api/v4/", StringComparison.Ordinal) ? path["/api/v4".Length..] : null;

    public override bool IsBesideTheApi(string path) => false;

    public override Task<Answer> HandleOtherAsync(HttpContext context, string path) => Task.FromResult(new Answer(404, (JsonNode?)null));

    public override SimulatedUser Authenticate(HttpContext context, string apiPath)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = context.Request.Headers["PRIVATE-TOKEN"].ToString() is { Length: > 0 } own ? own
            : context.Request.Headers["JOB-TOKEN"].ToString() is { Length: > 0 } job ? job
            : header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim()
            : context.Request.Query["private_token"].ToString();
        return forge.UserOf(token) ?? throw new ApiError(401, new JsonObject { ["message"] = "401 Unauthorized" });
    }

    public override ApiError NoSuchRoute() => new(404, new JsonObject { ["error"] = "404 Not Found" });

    public override ApiError BadJson() => new(400, new JsonObject { ["error"] = "The request body could not be parsed as JSON" });

    public override Answer Finish(HttpContext context, Answer answer)
    {
        var count = Interlocked.Increment(ref used);
        answer.Headers["RateLimit-Limit"] = RateLimit.ToString();
        answer.Headers["RateLimit-Observed"] = count.ToString();
        answer.Headers["RateLimit-Remaining"] = Math.Max(0, RateLimit - count).ToString();
        answer.Headers["RateLimit-Reset"] = (forge.Now.ToUnixTimeSeconds() / 60 * 60 + 60).ToString();
        answer.Headers["RateLimit-Name"] = "throttle_authenticated_api";
        answer.Headers["X-Request-Id"] = $"SIM{count:X8}";
        // Without a charset: python-gitlab compares the whole value.
        return answer.Json is null ? answer : answer with { ContentType = "application/json" };
    }

    private static GitLabShapes Shapes(Call call) => new(call.Root);

    private static ApiError Message(int status, JsonNode message) => new(status, new JsonObject { ["message"] = message });

    private static ApiError NotFound(string what) => Message(404, $"404 {what} Not Found");

    private SimulatedRepository Project(Call call)
    {
        var key = call["id"];
        var repository = long.TryParse(key, out var id) ? forge.FindRepository(id) : forge.FindRepository(key);
        return repository is not null && (!repository.IsPrivate || repository.PermissionOf(call.User) >= AccessLevel.Read) ? repository : throw NotFound("Project");
    }

    private SimulatedRepository Writable(Call call)
    {
        var repository = Project(call);
        return repository.PermissionOf(call.User) >= AccessLevel.Write ? repository : throw Message(403, "403 Forbidden");
    }

    private static string Demand(Call call, string field) =>
        call.Field(field) is { Length: > 0 } value ? value : throw new ApiError(400, new JsonObject { ["error"] = $"{field} is missing" });

    private static Answer List<T>(Call call, IReadOnlyCollection<T> items, Func<T, JsonNode?> shape) => Page.Of(call, items, shape, 20, withTotals: true);

    private SimulatedUser UserById(long id) => forge.Users.FirstOrDefault(user => user.Id == id) ?? throw NotFound("User");
}
