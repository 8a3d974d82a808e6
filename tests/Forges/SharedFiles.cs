using System.Text.Json;

namespace QMoi.Tests.Forges;

/// <summary>Material beside the repository that need not be there: payload samples and the forges' own API descriptions.</summary>
internal static class SharedFiles
{
    public static string Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", path);
            if (Path.Exists(candidate)) return candidate;
        }

        Assert.Skip($"shared/{path} is not on this machine.");
        return "";
    }
}

/// <summary>Checks requests against a forge's own description: the path exists, the body has what is required, nothing unknown, and the right types.</summary>
internal sealed class OpenApi
{
    private readonly JsonElement root;

    private OpenApi(JsonElement root) => this.root = root;

    public static OpenApi GitHub() => new(JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Find("openapi/github.reduced.json"))).RootElement);

    public static OpenApi GitLab() => new(JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Find("openapi/gitlab.reduced.json"))).RootElement);

    public IReadOnlyList<string> Problems(Request request)
    {
        foreach (var path in root.GetProperty("paths").EnumerateObject().OrderBy(path => path.Name.Count(c => c == '{')))
        {
            if (!Fits(path.Name, request.Path) || !path.Value.TryGetProperty(request.Method.ToLowerInvariant(), out var operation)) continue;
            if (request.Body.Length == 0) return [];
            var schema = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
            List<string> problems = [];
            Check(JsonDocument.Parse(request.Body).RootElement, schema, request.Line, problems);
            return problems;
        }

        return [$"{request.Line} is not described"];
    }

    // A GitHub path or ref at the end may hold slashes.
    private static bool Fits(string template, string path)
    {
        var (wanted, given) = (template.Split('/'), path.Split('/'));
        var isOpen = wanted[^1] is "{path}" or "{ref}";
        return (isOpen ? given.Length >= wanted.Length : given.Length == wanted.Length) && wanted.Zip(given).All(pair => pair.First.StartsWith('{') || pair.First == pair.Second);
    }

    private void Check(JsonElement value, JsonElement schema, string where, List<string> problems)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var target = root;
            foreach (var part in reference.GetString()!.Split('/').Skip(1)) target = target.GetProperty(part);
            Check(value, target, where, problems);
            return;
        }

        if (schema.TryGetProperty("oneOf", out _)) return;
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (!schema.TryGetProperty("nullable", out var nullable) || !nullable.GetBoolean()) problems.Add($"{where} is null");
            return;
        }

        var type = schema.TryGetProperty("type", out var named) ? named.GetString() : null;
        var isRight = type switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "array" => value.ValueKind == JsonValueKind.Array,
            "object" => value.ValueKind == JsonValueKind.Object,
            _ => true,
        };
        if (!isRight) problems.Add($"{where} is not {type}");
        if (schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(one => one.ToString() == value.ToString())) problems.Add($"{where} is {value}");
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
            foreach (var item in value.EnumerateArray()) Check(item, items, where + "[]", problems);
        if (value.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties)) return;
        foreach (var property in value.EnumerateObject())
        {
            if (properties.TryGetProperty(property.Name, out var known)) Check(property.Value, known, $"{where}.{property.Name}", problems);
            else problems.Add($"{where}.{property.Name} is unknown");
        }

        if (!schema.TryGetProperty("required", out var required)) return;
        problems.AddRange(required.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{where}.{name} is missing"));
    }
}
