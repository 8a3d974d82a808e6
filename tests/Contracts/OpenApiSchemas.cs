using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace QMoi.Tests.Contracts;

/// <summary>Checks values against the schemas of one description. Reads the words of OpenAPI 3.0 (<c>nullable</c>) and of 3.1 (<c>type: [..., "null"]</c>).</summary>
/// <remarks>Checked: required properties, types, enums, the formats date-time and uri, unknown properties. Of <c>oneOf</c> one form has to fit; that only one does is not checked,
/// because GitHub's own forms of a file overlap.</remarks>
internal sealed class OpenApiSchemas(JsonElement root)
{
    private static readonly string[] Narrowing = ["type", "oneOf", "anyOf", "allOf", "enum", "properties", "required", "items"];
    private readonly ConcurrentDictionary<string, JsonElement> resolved = new(StringComparer.Ordinal);

    /// <summary>What a <c>$ref</c> points to, or the element itself.</summary>
    public JsonElement Resolve(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$ref", out var reference) ? Resolve(resolved.GetOrAdd(reference.GetString()!, Locate)) : element;

    /// <param name="knownOnly">Properties that a schema with properties does not name are problems even where it does not forbid them: a misspelt one would be ignored in silence.</param>
    public IReadOnlyList<string> Problems(JsonElement value, JsonElement schema, string where, bool knownOnly)
    {
        List<string> problems = [];
        Check(value, schema, where, knownOnly, problems);
        return problems;
    }

    /// <summary>A value as it stands in a path or a query.</summary>
    public IReadOnlyList<string> TextProblems(string text, JsonElement schema, string where)
    {
        schema = Resolve(schema);
        foreach (var word in (string[])["oneOf", "anyOf"])
        {
            if (schema.TryGetProperty(word, out var forms))
                return forms.EnumerateArray().Any(form => TextProblems(text, form, where).Count == 0) ? [] : [$"{where}: {text} fits none of its forms"];
        }
        if (schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && !ReadsAs(text, type.GetString()!))
            return [$"{where}: {text} is not {type}"];
        return schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(one => one.ToString() == text) ? [$"{where}: {text} is not one of {allowed}"] : [];
    }

    private static bool ReadsAs(string text, string type) => type switch
    {
        "integer" => long.TryParse(text, CultureInfo.InvariantCulture, out _),
        "number" => double.TryParse(text, CultureInfo.InvariantCulture, out _),
        "boolean" => text is "true" or "false",
        _ => true,
    };

    private JsonElement Locate(string reference)
    {
        var target = root;
        foreach (var part in reference.Split('/').Skip(1))
            target = target.GetProperty(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        return target;
    }

    private void Check(JsonElement value, JsonElement schema, string where, bool knownOnly, List<string> problems)
    {
        schema = Resolve(schema);
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (!AllowsNull(schema)) problems.Add($"{where} is null");
            return;
        }

        if (schema.TryGetProperty("allOf", out var parts))
        {
            // Each of several parts knows only its own properties.
            var isWhole = parts.GetArrayLength() == 1 && !schema.TryGetProperty("properties", out _);
            foreach (var part in parts.EnumerateArray()) Check(value, part, where, knownOnly && isWhole, problems);
        }
        if (schema.TryGetProperty("oneOf", out var one)) CheckForms(value, one, where, knownOnly, problems);
        if (schema.TryGetProperty("anyOf", out var any)) CheckForms(value, any, where, knownOnly, problems);

        if (schema.TryGetProperty("type", out var type) && !IsType(value, type))
        {
            problems.Add($"{where} is not {type}");
            return;
        }
        if (schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(item => item.ValueKind == value.ValueKind && item.ToString() == value.ToString()))
            problems.Add($"{where} is {value}, not one of {allowed}");
        if (value.ValueKind == JsonValueKind.String && schema.TryGetProperty("format", out var format) && !HasFormat(value.GetString()!, format.GetString()!))
            problems.Add($"{where} is {value}, not a {format}");
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
            foreach (var item in value.EnumerateArray()) Check(item, items, where + "[]", knownOnly, problems);
        if (value.ValueKind == JsonValueKind.Object) CheckObject(value, schema, where, knownOnly, problems);
    }

    private void CheckObject(JsonElement value, JsonElement schema, string where, bool knownOnly, List<string> problems)
    {
        if (schema.TryGetProperty("required", out var required))
            problems.AddRange(required.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{where}.{name} is missing"));
        var hasNames = schema.TryGetProperty("properties", out var properties);
        var hasRest = schema.TryGetProperty("additionalProperties", out var rest);
        var restIsForbidden = hasRest ? rest.ValueKind == JsonValueKind.False : knownOnly && hasNames;
        foreach (var property in value.EnumerateObject())
        {
            var inner = $"{where}.{property.Name}";
            if (hasNames && properties.TryGetProperty(property.Name, out var known)) Check(property.Value, known, inner, knownOnly, problems);
            else if (restIsForbidden) problems.Add($"{inner} is unknown");
            else if (hasRest && rest.ValueKind == JsonValueKind.Object) Check(property.Value, rest, inner, knownOnly, problems);
        }
    }

    private void CheckForms(JsonElement value, JsonElement forms, string where, bool knownOnly, List<string> problems)
    {
        var attempts = forms.EnumerateArray().Select(form => Problems(value, form, where, knownOnly)).ToList();
        if (attempts.TrueForAll(attempt => attempt.Count > 0))
            problems.AddRange(attempts.MinBy(attempt => attempt.Count)!.Select(problem => $"{problem} (nearest of {attempts.Count} forms)"));
    }

    private bool AllowsNull(JsonElement schema)
    {
        schema = Resolve(schema);
        if (schema.TryGetProperty("nullable", out var nullable) && nullable.ValueKind == JsonValueKind.True) return true;
        if (schema.TryGetProperty("type", out var type))
            return type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Any(name => name.ValueEquals("null")) : type.ValueEquals("null");
        foreach (var word in (string[])["oneOf", "anyOf"])
            if (schema.TryGetProperty(word, out var forms)) return forms.EnumerateArray().Any(AllowsNull);
        if (schema.TryGetProperty("allOf", out var parts)) return parts.EnumerateArray().All(AllowsNull);
        if (schema.TryGetProperty("enum", out var allowed)) return allowed.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.Null);
        return !Narrowing.Any(word => schema.TryGetProperty(word, out _));
    }

    private static bool IsType(JsonElement value, JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Any(name => IsType(value, name.GetString()!)) : IsType(value, type.GetString()!);

    private static bool IsType(JsonElement value, string type) => type switch
    {
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => false,
    };

    private static bool HasFormat(string text, string format) => format switch
    {
        "date-time" => text.Contains('T', StringComparison.Ordinal) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme.Length > 1 && !text.StartsWith('/'),
        _ => true,
    };
}
