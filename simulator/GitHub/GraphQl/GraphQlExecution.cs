using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Something of a type in the schema whose fields can be asked for, by name and arguments: text, numbers, truth values, others of its kind and lists of them.</summary>
internal sealed class GraphQlObject(string type, Func<string, JsonObject, Task<object?>> field)
{
    public string Type => type;

    public Task<object?> FieldAsync(string name, JsonObject arguments) => field(name, arguments);

    /// <summary>One whose fields are known already.</summary>
    public static GraphQlObject Of(string type, params (string Name, object? Value)[] fields) =>
        new(type, (name, _) => Task.FromResult(fields.FirstOrDefault(known => known.Name == name).Value));
}

/// <summary>Does what a document asks for: one field after the other, and one that fails is null beside its error while the others go on.</summary>
internal sealed class GraphQlExecution(GraphQlSchema schema, GraphQlDocument document, JsonObject variables)
{
    private readonly JsonArray errors = [];

    public static async Task<JsonObject> RunAsync(GraphQlSchema schema, JsonObject request, Func<GraphQlOperation, GraphQlObject> root)
    {
        try
        {
            var document = GraphQlSyntax.Parse(request["query"] is JsonValue query && query.TryGetValue<string>(out var text) ? text : "");
            var wanted = request["operationName"]?.ToString();
            if (document.Operations.Where(one => wanted is null || one.Name == wanted).ToList() is not [var operation])
                throw new GraphQlRefusal(document.Operations.Count == 0 ? "A query attribute must be specified and must be a string." : "An operation name is required");
            if (schema.Problems(document, operation) is { Count: > 0 } problems)
                return new JsonObject { ["errors"] = new JsonArray([.. problems.Select(problem => problem.ToJson())]) };
            var execution = new GraphQlExecution(schema, document, schema.Variables(operation, request["variables"] as JsonObject ?? []));
            var data = await execution.SelectAsync(root(operation), operation.Selections, []);
            var answer = new JsonObject { ["data"] = data };
            if (execution.errors.Count > 0)
                answer["errors"] = execution.errors;
            return answer;
        }
        catch (GraphQlRefusal refusal)
        {
            return new JsonObject { ["errors"] = new JsonArray(refusal.ToJson()) };
        }
    }

    private async Task<JsonObject> SelectAsync(GraphQlObject of, IReadOnlyList<GraphQlSelection> selections, IReadOnlyList<string> path)
    {
        var answer = new JsonObject();
        foreach (var selection in selections)
        {
            if (selection is GraphQlSelection.Field field)
            {
                answer[field.Alias] = await FieldAsync(of, field, [.. path, field.Alias]);
                continue;
            }
            var (on, more) = selection switch
            {
                GraphQlSelection.Inline inline => (inline.On, inline.Selections),
                GraphQlSelection.Spread spread => (document.Fragments[spread.Name].On, document.Fragments[spread.Name].Selections),
                _ => (null, []),
            };
            // The only interface is GitObject, and the only object of it that is simulated a commit.
            if (on is not null && on != of.Type && on != "GitObject")
                continue;
            foreach (var (name, value) in (await SelectAsync(of, more, path)).ToList())
                answer[name] = value?.DeepClone();
        }
        return answer;
    }

    private async Task<JsonNode?> FieldAsync(GraphQlObject of, GraphQlSelection.Field field, IReadOnlyList<string> path)
    {
        if (field.Name == "__typename")
            return of.Type;
        try
        {
            var arguments = schema.Arguments(schema.Type(of.Type), field, variables);
            return await JsonAsync(await of.FieldAsync(field.Name, arguments), field.Selections, path);
        }
        catch (GraphQlRefusal refusal)
        {
            errors.Add(new GraphQlRefusal(refusal.Message) { Type = refusal.Type, Extensions = refusal.Extensions, Path = path, Place = field.Place }.ToJson());
            return null;
        }
    }

    private async Task<JsonNode?> JsonAsync(object? value, IReadOnlyList<GraphQlSelection> selections, IReadOnlyList<string> path)
    {
        switch (value)
        {
            case null:
                return null;
            case GraphQlObject one:
                return await SelectAsync(one, selections, path);
            case IEnumerable<GraphQlObject> many:
                var list = new JsonArray();
                foreach (var (index, one) in many.Index())
                    list.Add(await SelectAsync(one, selections, [.. path, index.ToString()]));
                return list;
            default:
                return System.Text.Json.JsonSerializer.SerializeToNode(value);
        }
    }
}
