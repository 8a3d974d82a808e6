using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace QMoi.Simulator;

/// <summary>GitHub's API: who asks, in which words things are refused, and where the routes are.</summary>
internal sealed partial class GitHubApi : ForgeApi
{
    private const int RateLimit = 5000;
    private readonly GitHubForge forge;
    private readonly Dictionary<string, Func<ReadOnlyMemory<byte>>> downloads = new(StringComparer.Ordinal);
    private int used;

    public GitHubApi(GitHubForge forge)
    {
        this.forge = forge;
        MapRepositories();
        MapGit();
        MapContents();
        MapPulls();
        MapIssues();
        MapActions();
        MapApp();
        MapHooks();
        MapGraphQl();
    }

    public override string? PathOf(string path) => path switch
    {
        "/api/v3" => "/",
        "/api/graphql" => "/graphql",
        _ => path.StartsWith("/api/v3/", StringComparison.Ordinal) ? path["/api/v3".Length..] : path,
    };

    public override bool IsBesideTheApi(string path) => path.StartsWith("/_downloads/", StringComparison.Ordinal);

    public override Task<Answer> HandleOtherAsync(HttpContext context, string path)
    {
        Func<ReadOnlyMemory<byte>>? content;
        lock (forge.Gate)
            downloads.TryGetValue(path, out content);
        if (content is null)
            return Task.FromResult(new Answer(404, (JsonNode?)null));
        // Not refused: gh sends its token to every port of its host, and there is only one host here.
        if (context.Request.Headers.Authorization.Count > 0)
            forge.NoteTokenSentToStorage();
        return Task.FromResult(Answer.Of(content(), path.EndsWith(".zip", StringComparison.Ordinal) ? "application/zip" : "text/plain; charset=utf-8"));
    }

    public override SimulatedUser Authenticate(HttpContext context, string apiPath)
    {
        var token = TokenOf(context.Request.Headers.Authorization.ToString());
        if (apiPath == "/app" || apiPath.StartsWith("/app/", StringComparison.Ordinal) || apiPath.EndsWith("/installation", StringComparison.Ordinal))
            return IsAppToken(token) ? forge.AppBot : throw new ApiError(401, Message("A JSON web token could not be decoded"));
        if (token.Length == 0 && apiPath is "/meta" or "/" or "/rate_limit")
            return forge.Bot;
        return forge.UserOf(token) ?? throw (token.Length == 0 ? new ApiError(401, Message("Requires authentication")) : new ApiError(401, Message("Bad credentials")));
    }

    public override ApiError NoSuchRoute() => NotFound();

    public override ApiError BadJson() => new(400, Message("Problems parsing JSON"));

    public override Answer Finish(HttpContext context, Answer answer)
    {
        var count = Interlocked.Increment(ref used);
        answer.Headers["x-github-request-id"] = $"SIM:{count:X8}";
        answer.Headers["x-ratelimit-limit"] = RateLimit.ToString();
        answer.Headers["x-ratelimit-remaining"] = Math.Max(0, RateLimit - count).ToString();
        answer.Headers["x-ratelimit-used"] = count.ToString();
        answer.Headers["x-ratelimit-reset"] = Reset.ToString();
        answer.Headers["x-ratelimit-resource"] = context.Request.Path.Value!.EndsWith("/graphql", StringComparison.Ordinal) ? "graphql" : "core";
        answer.Headers["x-github-api-version-selected"] = "2022-11-28";
        answer.Headers["x-oauth-scopes"] = "repo, workflow";
        if (answer.Status != 200 || answer.Json is null || !HttpMethods.IsGet(context.Request.Method))
            return answer;
        var tag = $"W/\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(answer.Json.ToJsonString())))}\"";
        if (context.Request.Headers.IfNoneMatch.ToString() == tag)
            answer = new Answer(304, (JsonNode?)null);
        answer.Headers["ETag"] = tag;
        return answer;
    }

    private long Reset => forge.Now.ToUnixTimeSeconds() / 3600 * 3600 + 3600;

    private static JsonObject Message(string message, string status = "") =>
        new() { ["message"] = message, ["documentation_url"] = "https://docs.github.com/rest", ["status"] = status };

    private static ApiError NotFound() => new(404, Message("Not Found", "404"));

    private static ApiError Forbidden(string message = "Resource not accessible by integration") => new(403, Message(message, "403"));

    private static ApiError Invalid(string message) => new(422, Message(message, "422"));

    private static ApiError Invalid(string resource, string field, string code, string? message = null)
    {
        var body = Message("Validation Failed", "422");
        var error = new JsonObject { ["resource"] = resource, ["field"] = field, ["code"] = code };
        if (message is not null)
            error["message"] = message;
        body["errors"] = new JsonArray(error);
        return new ApiError(422, body);
    }

    private static GitHubShapes Shapes(Call call) => new(call.ApiRoot, call.Root);

    private SimulatedRepository Repository(Call call)
    {
        var repository = forge.FindRepository($"{call["owner"]}/{call["repo"]}");
        return repository is not null && repository.PermissionOf(call.User) >= AccessLevel.Read ? repository : throw NotFound();
    }

    private SimulatedRepository Writable(Call call)
    {
        var repository = Repository(call);
        return repository.PermissionOf(call.User) >= AccessLevel.Write ? repository : throw Forbidden();
    }

    private static string Demand(Call call, string field, string resource) =>
        call.Field(field) is { Length: > 0 } value ? value : throw Invalid(resource, field, "missing_field");

    /// <summary>A link that works once without a token, outside the API, as blob storage does.</summary>
    private Answer Download(Call call, string name, Func<ReadOnlyMemory<byte>> content)
    {
        var path = $"/_downloads/{Guid.NewGuid():N}/{name}";
        lock (forge.Gate)
            downloads[path] = content;
        return Answer.Redirect(call.Root + path + "?se=2099-01-01T00%3A00%3A00Z&sig=simulated");
    }

    private static string TokenOf(string header)
    {
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return header[(header.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim();
        var buffer = new byte[header.Length];
        return Convert.TryFromBase64String(header["Basic ".Length..].Trim(), buffer, out var count) ? Encoding.UTF8.GetString(buffer, 0, count).Split(':')[^1] : "";
    }

    private bool IsAppToken(string token)
    {
        if (forge.Options.GitHubAppPublicKey is not { } pem)
            return token.Length > 0;
        if (token.Split('.') is not [var header, var payload, var signature])
            return false;
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        try
        {
            if (!key.VerifyData(Encoding.ASCII.GetBytes($"{header}.{payload}"), FromBase64Url(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
                return false;
            var claims = JsonNode.Parse(FromBase64Url(payload));
            var ends = DateTimeOffset.FromUnixTimeSeconds(claims?["exp"]?.GetValue<long>() ?? 0);
            return claims?["iss"]?.ToString() == forge.Options.GitHubAppId.ToString() && ends > forge.Now && ends <= forge.Now + TimeSpan.FromMinutes(11);
        }
        catch (Exception problem) when (problem is FormatException or System.Text.Json.JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static byte[] FromBase64Url(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);
}
