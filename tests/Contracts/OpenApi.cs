using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using QMoi.Tests.Forges;

namespace QMoi.Tests.Contracts;

/// <summary>A forge's own description of its API: which operation a request is, whether it is sent as described, whether it is answered as described.</summary>
internal sealed class OpenApi
{
    private static readonly Lazy<OpenApi?> ForGitHub = new(() => Open(FindPublishedGitHub() ?? SharedFiles.TryFind("openapi/github.reduced.json")));
    private static readonly Lazy<OpenApi?> ForGitLab = new(() => Open(SharedFiles.TryFind("openapi/gitlab.reduced.json")));
    private readonly JsonElement webhooks;
    private readonly List<(string Template, string[] Parts, JsonElement Item)> paths;

    private OpenApi(string origin, JsonElement root)
    {
        Origin = origin;
        Schemas = new OpenApiSchemas(root);
        webhooks = root.TryGetProperty("x-webhooks", out var described) ? described : default;
        // What is spelt out goes before what is a parameter.
        paths = [.. root.GetProperty("paths").EnumerateObject().Select(path => (path.Name, Parts: path.Name.Split('/'), path.Value)).OrderBy(path => path.Parts.Count(IsParameter))];
    }

    public string Origin { get; }

    public OpenApiSchemas Schemas { get; }

    public bool HasWebhooks => webhooks.ValueKind == JsonValueKind.Object;

    public static bool HasGitLab => ForGitLab.Value is not null;

    /// <summary>The description that GitHub publishes, which test.sh fetches; else the reduced one. Skips the test where neither is.</summary>
    public static OpenApi GitHub()
    {
        if (ForGitHub.Value is null) Assert.Skip("There is no description of GitHub's API: ./test.sh fetches the npm package @octokit/openapi, or have shared/openapi/github.reduced.json beside the repository.");
        return ForGitHub.Value;
    }

    /// <summary>Skips the test where there is none: no package has GitLab's description.</summary>
    public static OpenApi GitLab()
    {
        if (ForGitLab.Value is null) Assert.Skip("There is no description of GitLab's API: have shared/openapi/gitlab.reduced.json beside the repository.");
        return ForGitLab.Value;
    }

    public static OpenApi Parse(string json) => new("a description of the tests", JsonDocument.Parse(json).RootElement);

    /// <summary>Checks a delivery of the forge. GitHub describes its own as "workflow-run-completed"; the reduced descriptions have none.</summary>
    /// <returns>Null: not described.</returns>
    public IReadOnlyList<string>? DeliveryProblems(string eventName, JsonElement payload)
    {
        var action = payload.TryGetProperty("action", out var given) ? $" {given}" : "";
        var name = (eventName + action).Replace('_', '-').Replace(' ', '-');
        if (!HasWebhooks || !webhooks.TryGetProperty(name, out var described)) return null;
        var schema = described.GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        return Schemas.Problems(payload, schema, name, knownOnly: false);
    }

    /// <returns>Null: not described.</returns>
    public OpenApiOperation? Find(string method, string path)
    {
        var given = path.Split('/');
        var shaped = paths.Where(candidate => Fits(candidate.Parts, given)).ToList();
        // A path that fits part for part is meant, also where this method of it is not described; only else does a last parameter take the slashes.
        if (shaped.Exists(candidate => candidate.Parts.Length == given.Length))
            shaped.RemoveAll(candidate => candidate.Parts.Length != given.Length);
        var fitting = shaped.Where(candidate => candidate.Item.TryGetProperty(method.ToLowerInvariant(), out _)).ToList();
        return fitting.Count == 0 ? null : new OpenApiOperation(this, method, fitting[0].Template, fitting[0].Item, path);
    }

    public IReadOnlyList<string> Problems(Request request) =>
        Find(request.Method, request.Path) is { } operation ? operation.RequestProblems(request.Query, request.Header("Content-Type"), request.Body) : [$"{request.Line} is not described"];

    // A GitHub path or ref at the end may hold slashes; the path of the root folder is empty, and then the slash before it is left out.
    private static bool Fits(string[] wanted, string[] given)
    {
        var isLongEnough = wanted[^1] switch
        {
            "{path}" => given.Length >= wanted.Length - 1,
            "{ref}" => given.Length >= wanted.Length,
            _ => given.Length == wanted.Length,
        };
        return isLongEnough
            && wanted.Zip(given).All(pair => IsParameter(pair.First) ? pair.Second.Length > 0 : pair.First == pair.Second);
    }

    private static bool IsParameter(string part) => part.StartsWith('{');

    private static OpenApi? Open(string? file) => file is null ? null : new OpenApi(Path.GetFileName(file), JsonDocument.Parse(File.ReadAllBytes(file)).RootElement);

    private static string? FindPublishedGitHub()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "artifacts/test-tools/node_modules/@octokit/openapi/generated/api.github.com.json");
            if (File.Exists(candidate)) return candidate;
        }
        return null;
    }
}

/// <summary>One method on one path.</summary>
internal sealed class OpenApiOperation(OpenApi api, string method, string template, JsonElement item, string path)
{
    private readonly JsonElement operation = item.GetProperty(method.ToLowerInvariant());

    public string Name => $"{method} {template}";

    public IReadOnlyList<string> RequestProblems(string query, string contentType, string body)
    {
        var problems = ParameterProblems(query);
        if (!operation.TryGetProperty("requestBody", out var described))
            return body.Length == 0 ? problems : [.. problems, $"{Name} takes no body"];
        described = api.Schemas.Resolve(described);
        if (body.Length == 0)
            return described.TryGetProperty("required", out var required) && required.GetBoolean() ? [.. problems, $"{Name} needs a body"] : problems;
        if (Content(described, contentType) is not { } content)
            return [.. problems, $"{Name} does not take {contentType}"];
        using var json = JsonDocument.Parse(body);
        problems.AddRange(api.Schemas.Problems(json.RootElement, content.GetProperty("schema"), Name, knownOnly: true));
        return problems;
    }

    /// <returns>Null: this status, or this kind of content, is not described.</returns>
    public IReadOnlyList<string>? AnswerProblems(int status, string contentType, string body)
    {
        var responses = operation.GetProperty("responses");
        if (!responses.TryGetProperty(status.ToString(CultureInfo.InvariantCulture), out var described) && !responses.TryGetProperty($"{status / 100}XX", out described))
            return null;
        described = api.Schemas.Resolve(described);
        if (!described.TryGetProperty("content", out var kinds) || !kinds.EnumerateObject().Any())
            return body.Length == 0 || status >= 300 ? [] : [$"{Name} {status} has a body"];
        if (Content(described, contentType) is not { } content)
            return body.Length == 0 && !IsJson(contentType) ? [$"{Name} {status} has no body"] : null;
        if (!IsJson(contentType) || !content.TryGetProperty("schema", out var schema))
            return [];
        using var json = JsonDocument.Parse(body);
        return api.Schemas.Problems(json.RootElement, schema, $"{Name} {status}", knownOnly: false);
    }

    private List<string> ParameterProblems(string query)
    {
        List<JsonElement> described = [];
        if (item.TryGetProperty("parameters", out var common)) described.AddRange(common.EnumerateArray().Select(api.Schemas.Resolve));
        if (operation.TryGetProperty("parameters", out var own)) described.AddRange(own.EnumerateArray().Select(api.Schemas.Resolve));
        var known = described.ToLookup(parameter => parameter.GetProperty("in").GetString());
        List<string> problems = [];

        var given = path.Split('/');
        foreach (var (part, index) in template.Split('/').Select((part, index) => (part, index)).Where(one => one.part.StartsWith('{') && one.index < given.Length))
        {
            var parameter = known["path"].FirstOrDefault(parameter => parameter.GetProperty("name").ValueEquals(part.Trim('{', '}')));
            if (parameter.ValueKind == JsonValueKind.Object)
                problems.AddRange(api.Schemas.TextProblems(Uri.UnescapeDataString(given[index]), parameter.GetProperty("schema"), $"{Name} {part}"));
        }

        var sent = QueryHelpers.ParseQuery(query);
        foreach (var (name, values) in sent)
        {
            var parameter = known["query"].FirstOrDefault(parameter => parameter.GetProperty("name").GetString()!.Replace("[]", "", StringComparison.Ordinal) == name.Replace("[]", "", StringComparison.Ordinal));
            if (parameter.ValueKind != JsonValueKind.Object)
                problems.Add($"{Name} does not know ?{name}");
            else
                problems.AddRange(values.SelectMany(value => api.Schemas.TextProblems(value ?? "", parameter.GetProperty("schema"), $"{Name} ?{name}")));
        }
        problems.AddRange(known["query"].Where(parameter => parameter.TryGetProperty("required", out var required) && required.GetBoolean())
            .Select(parameter => parameter.GetProperty("name").GetString()!).Where(name => !sent.ContainsKey(name)).Select(name => $"{Name} needs ?{name}"));
        return problems;
    }

    private static JsonElement? Content(JsonElement described, string contentType)
    {
        var given = contentType.Split(';')[0].Trim();
        foreach (var content in described.GetProperty("content").EnumerateObject())
        {
            // GitHub answers application/vnd.github+json where it describes application/json.
            if (content.Name.Split(';')[0] == given || (content.Name == "application/json" && given is "application/vnd.github+json")) return content.Value;
        }
        return null;
    }

    private static bool IsJson(string contentType) => contentType.Contains("json", StringComparison.Ordinal);
}
