using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Says what is wrong with a document before any of it is done, in the words of the library that GitHub uses (graphql-ruby).</summary>
internal sealed class GraphQlSchema(IReadOnlyDictionary<string, GraphQlType> types)
{
    public static GraphQlSchema GitHub { get; } = new(GraphQlSyntax.ParseSchema(Resource("schema.graphql")));

    /// <summary>Nothing when it fits.</summary>
    public IReadOnlyList<GraphQlRefusal> Problems(GraphQlDocument document, GraphQlOperation operation)
    {
        var problems = new List<GraphQlRefusal>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var variable in operation.Variables.Where(variable => !types.TryGetValue(variable.Type.Innermost, out var type) || type.Kind is not ("input" or "scalar")))
            problems.Add(Problem($"{variable.Type.Innermost} isn't a defined input type (on ${variable.Name})", "variableRequiresValidType", [Title(operation)], variable.Place));
        Check(Root(operation), operation.Selections, [Title(operation)]);
        foreach (var variable in operation.Variables.Where(variable => !used.Contains(variable.Name)))
            problems.Add(Problem($"Variable ${variable.Name} is declared by {operation.Name ?? "anonymous " + operation.Kind} but not used", "variableNotUsed", [Title(operation)], variable.Place));
        return problems;

        void Check(GraphQlType type, IReadOnlyList<GraphQlSelection> selections, List<string> path)
        {
            foreach (var selection in selections)
            {
                switch (selection)
                {
                    case GraphQlSelection.Inline inline:
                        Check(inline.On is { } on ? types.GetValueOrDefault(on) ?? type : type, inline.Selections, path);
                        break;
                    case GraphQlSelection.Spread spread when document.Fragments.TryGetValue(spread.Name, out var fragment):
                        Check(types.GetValueOrDefault(fragment.On!) ?? type, fragment.Selections, path);
                        break;
                    case GraphQlSelection.Spread spread:
                        problems.Add(Problem($"Fragment {spread.Name} was used, but not defined", "useAndDefineFragment", path, spread.Place));
                        break;
                    case GraphQlSelection.Field field:
                        CheckField(type, field, [.. path, field.Alias]);
                        break;
                }
            }
        }

        void CheckField(GraphQlType type, GraphQlSelection.Field field, List<string> path)
        {
            if (field.Name == "__typename")
                return;
            if (!type.Fields.TryGetValue(field.Name, out var known))
            {
                problems.Add(Problem($"Field '{field.Name}' doesn't exist on type '{type.Name}'", "undefinedField", path, field.Place, ("typeName", type.Name), ("fieldName", field.Name)));
                return;
            }
            foreach (var (name, value) in field.Arguments)
            {
                if (!known.Arguments.TryGetValue(name, out var expected))
                    problems.Add(Problem($"Field '{field.Name}' doesn't accept argument '{name}'", "argumentNotAccepted", [.. path, name], field.Place));
                else
                    CheckVariables(expected, value, [.. path, name], field.Place);
            }
            foreach (var (name, _) in known.Arguments.Where(argument => argument.Value.IsRequired && field.Arguments.All(given => given.Key != argument.Key)))
                problems.Add(Problem($"Field '{field.Name}' is missing required arguments: {name}", "missingRequiredArguments", path, field.Place));
            var result = types[known.Type.Innermost];
            if (result.Kind == "scalar" != (field.Selections.Count == 0))
                problems.Add(Problem(
                    result.Kind == "scalar"
                        ? $"Selections can't be made on scalars (field '{field.Name}' returns {result.Name} but has selections)"
                        : $"Field must have selections (field '{field.Name}' returns {result.Name} but has no selections. Did you mean '{field.Name} {{ ... }}'?)",
                    "selectionMismatch", path, field.Place));
            else
                Check(result, field.Selections, path);
        }

        void CheckVariables(GraphQlTypeRef expected, GraphQlValue value, List<string> path, GraphQlPlace place)
        {
            switch (value)
            {
                case GraphQlValue.Variable reference:
                    used.Add(reference.Name);
                    if (operation.Variables.FirstOrDefault(variable => variable.Name == reference.Name) is not { } variable)
                        problems.Add(Problem($"Variable ${reference.Name} is used by {operation.Name ?? "anonymous " + operation.Kind} but not declared", "variableNotDefined", path, place));
                    else if (variable.Type.ToString().TrimEnd('!') != expected.ToString().TrimEnd('!') || (expected.IsRequired && !variable.Type.IsRequired && variable.Default is null))
                        problems.Add(Problem($"Type mismatch on variable ${reference.Name} and argument {path[^1]} ({variable.Type} / {expected})", "variableMismatch", path, place));
                    break;
                case GraphQlValue.Items items:
                    foreach (var item in items.Values)
                        CheckVariables(expected.Item ?? expected, item, path, place);
                    break;
                case GraphQlValue.Members members when types[expected.Innermost].Fields is { Count: > 0 } fields:
                    foreach (var (name, member) in members.Values.Where(member => fields.ContainsKey(member.Key)))
                        CheckVariables(fields[name].Type, member, [.. path, name], place);
                    break;
            }
        }
    }

    /// <summary>The variables of a request, with their defaults.</summary>
    /// <exception cref="GraphQlRefusal">A value does not fit its type.</exception>
    public JsonObject Variables(GraphQlOperation operation, JsonObject given)
    {
        var values = new JsonObject();
        foreach (var variable in operation.Variables)
        {
            var value = given.ContainsKey(variable.Name) ? given[variable.Name] : variable.Default is { } usual ? Fill(usual, []) : null;
            Demand(variable.Type, value, $"Variable ${variable.Name} of type {variable.Type} was provided invalid value", variable.Place);
            values[variable.Name] = value?.DeepClone();
        }
        return values;
    }

    public JsonObject Arguments(GraphQlType type, GraphQlSelection.Field field, JsonObject variables)
    {
        var arguments = new JsonObject();
        foreach (var (name, value) in field.Arguments)
        {
            var filled = Fill(value, variables);
            Demand(type.Fields[field.Name].Arguments[name], filled, $"Argument '{name}' on Field '{field.Name}' has an invalid value", field.Place);
            arguments[name] = filled;
        }
        return arguments;
    }

    public GraphQlType Root(GraphQlOperation operation) => types[operation.Kind == "mutation" ? "Mutation" : "Query"];

    public GraphQlType Type(string name) => types[name];

    private static JsonNode? Fill(GraphQlValue value, JsonObject variables) => value switch
    {
        GraphQlValue.Variable variable => variables[variable.Name]?.DeepClone(),
        GraphQlValue.Items items => new JsonArray([.. items.Values.Select(item => Fill(item, variables))]),
        GraphQlValue.Members members => new JsonObject(members.Values.Select(member => KeyValuePair.Create(member.Key, Fill(member.Value, variables)))),
        GraphQlValue.Literal literal => literal.Json?.DeepClone(),
        _ => null,
    };

    private void Demand(GraphQlTypeRef type, JsonNode? value, string words, GraphQlPlace place)
    {
        var found = new List<(string Path, string Explanation)>();
        Compare(type, value, "", found);
        if (found.Count == 0)
            return;
        var places = string.Join(", ", found.Where(problem => problem.Path.Length > 0).Select(problem => $"{problem.Path} ({problem.Explanation})"));
        throw new GraphQlRefusal(places.Length == 0 ? words : $"{words} for {places}")
        {
            Place = place,
            Extensions = new JsonObject
            {
                ["value"] = value?.DeepClone(),
                ["problems"] = new JsonArray([.. found.Select(problem => new JsonObject
                {
                    ["path"] = new JsonArray([.. problem.Path.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(step => JsonValue.Create(step))]), ["explanation"] = problem.Explanation,
                })]),
            },
        };
    }

    private void Compare(GraphQlTypeRef type, JsonNode? value, string path, List<(string Path, string Explanation)> found)
    {
        if (value is null)
        {
            if (type.IsRequired)
                found.Add((path, "Expected value to not be null"));
        }
        else if (type.Item is { } item)
        {
            foreach (var (index, element) in (value as JsonArray ?? [value.DeepClone()]).Index())
                Compare(item, element, Below(path, index.ToString()), found);
        }
        else if (types[type.Name] is { Kind: "input" } input)
        {
            if (value is not JsonObject members)
            {
                found.Add((path, $"Expected \"{value}\" to be a key-value object."));
                return;
            }
            foreach (var (name, _) in members.Where(member => !input.Fields.ContainsKey(member.Key)))
                found.Add((Below(path, name), $"Field is not defined on {input.Name}"));
            foreach (var (name, field) in input.Fields)
                Compare(field.Type, members[name], Below(path, name), found);
        }
        else if (!IsOf(type.Name, value))
        {
            found.Add((path, $"Could not coerce value {value.ToJsonString()} to {type.Name}"));
        }
    }

    private static bool IsOf(string scalar, JsonNode value) => value is JsonValue json && scalar switch
    {
        "Int" => json.TryGetValue<int>(out _),
        "Boolean" => json.TryGetValue<bool>(out _),
        "ID" => json.TryGetValue<string>(out _) || json.TryGetValue<long>(out _),
        "GitObjectID" => json.TryGetValue<string>(out var sha) && sha.Length == 40 && sha.All(char.IsAsciiHexDigitLower),
        "Base64String" => json.TryGetValue<string>(out var text) && Convert.TryFromBase64String(text, new byte[text.Length], out _),
        _ => json.TryGetValue<string>(out _),
    };

    private static string Below(string path, string step) => path.Length == 0 ? step : $"{path}.{step}";

    private static string Title(GraphQlOperation operation) => operation.Name is { } name ? $"{operation.Kind} {name}" : operation.Kind;

    private static GraphQlRefusal Problem(string message, string code, IReadOnlyList<string> path, GraphQlPlace place, params IEnumerable<(string Name, string Value)> more)
    {
        var extensions = new JsonObject { ["code"] = code };
        foreach (var (name, value) in more)
            extensions[name] = value;
        return new GraphQlRefusal(message) { Path = path, Place = place, Extensions = extensions };
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(GraphQlSchema).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
