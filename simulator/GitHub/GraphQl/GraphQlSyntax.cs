using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>A GraphQL document, read: operations and fragments of a request, or the types of a schema (spec.graphql.org, October 2021). No directives, unions or subscriptions.</summary>
internal sealed class GraphQlSyntax
{
    private readonly string text;
    private int at;
    private Token next;

    private GraphQlSyntax(string text)
    {
        this.text = text;
        next = Read();
    }

    /// <exception cref="GraphQlRefusal">It cannot be read.</exception>
    public static GraphQlDocument Parse(string text)
    {
        var syntax = new GraphQlSyntax(text);
        var document = new GraphQlDocument([], new Dictionary<string, GraphQlFragment>(StringComparer.Ordinal));
        while (syntax.next.Kind != TokenKind.End)
        {
            if (syntax.Skip("fragment"))
            {
                var name = syntax.Name();
                syntax.Demand("on");
                document.Fragments[name] = new GraphQlFragment(syntax.Name(), syntax.Selections());
            }
            else
            {
                document.Operations.Add(syntax.Operation());
            }
        }
        return document;
    }

    public static IReadOnlyDictionary<string, GraphQlType> ParseSchema(string text)
    {
        var syntax = new GraphQlSyntax(text);
        var types = new Dictionary<string, GraphQlType>(StringComparer.Ordinal);
        while (syntax.next.Kind != TokenKind.End)
        {
            var kind = syntax.Name();
            var name = syntax.Name();
            if (syntax.Skip("implements"))
                syntax.Name();
            var fields = new Dictionary<string, GraphQlFieldType>(StringComparer.Ordinal);
            if (syntax.Skip("{"))
            {
                while (!syntax.Skip("}"))
                {
                    var field = syntax.Name();
                    var arguments = new Dictionary<string, GraphQlTypeRef>(StringComparer.Ordinal);
                    if (syntax.Skip("("))
                    {
                        while (!syntax.Skip(")"))
                        {
                            var argument = syntax.Name();
                            syntax.Demand(":");
                            arguments[argument] = syntax.TypeRef();
                        }
                    }
                    syntax.Demand(":");
                    fields[field] = new GraphQlFieldType(arguments, syntax.TypeRef());
                }
            }
            types[name] = new GraphQlType(kind, name, fields);
        }
        return types;
    }

    private GraphQlOperation Operation()
    {
        if (next.Text == "{")
            return new GraphQlOperation("query", null, [], Selections());
        var kind = Name();
        if (kind is not ("query" or "mutation"))
            throw Unexpected();
        var name = next.Kind == TokenKind.Name ? Name() : null;
        var variables = new List<GraphQlVariable>();
        if (Skip("("))
        {
            while (!Skip(")"))
            {
                var place = next.Place;
                Demand("$");
                var variable = Name();
                Demand(":");
                variables.Add(new GraphQlVariable(variable, TypeRef(), Skip("=") ? Value() : null, place));
            }
        }
        return new GraphQlOperation(kind, name, variables, Selections());
    }

    private List<GraphQlSelection> Selections()
    {
        Demand("{");
        var selections = new List<GraphQlSelection>();
        while (!Skip("}"))
        {
            var place = next.Place;
            if (Skip("..."))
            {
                if (next.Kind == TokenKind.Name && next.Text != "on")
                    selections.Add(new GraphQlSelection.Spread(Name(), place));
                else
                    selections.Add(new GraphQlSelection.Inline(Skip("on") ? Name() : null, Selections()));
                continue;
            }
            var (name, alias) = (Name(), (string?)null);
            if (Skip(":"))
                (alias, name) = (name, Name());
            selections.Add(new GraphQlSelection.Field(alias ?? name, name, Skip("(") ? Members(")") : [], next.Text == "{" ? Selections() : [], place));
        }
        return selections.Count > 0 ? selections : throw Unexpected();
    }

    private List<KeyValuePair<string, GraphQlValue>> Members(string end)
    {
        var members = new List<KeyValuePair<string, GraphQlValue>>();
        while (!Skip(end))
        {
            var name = Name();
            Demand(":");
            members.Add(KeyValuePair.Create(name, Value()));
        }
        return members;
    }

    private GraphQlValue Value()
    {
        if (Skip("$"))
            return new GraphQlValue.Variable(Name());
        if (Skip("{"))
            return new GraphQlValue.Members(Members("}"));
        if (Skip("["))
        {
            var items = new List<GraphQlValue>();
            while (!Skip("]"))
                items.Add(Value());
            return new GraphQlValue.Items(items);
        }
        var token = next;
        if (token.Kind is not (TokenKind.Name or TokenKind.Number or TokenKind.Text))
            throw Unexpected();
        next = Read();
        return new GraphQlValue.Literal(token switch
        {
            { Kind: TokenKind.Number } => JsonNode.Parse(token.Text),
            { Kind: TokenKind.Name, Text: "null" } => null,
            { Kind: TokenKind.Name, Text: "true" or "false" } => JsonValue.Create(token.Text == "true"),
            _ => JsonValue.Create(token.Text),
        });
    }

    private GraphQlTypeRef TypeRef()
    {
        GraphQlTypeRef type;
        if (Skip("["))
        {
            type = new GraphQlTypeRef("", IsRequired: false, TypeRef());
            Demand("]");
        }
        else
        {
            type = new GraphQlTypeRef(Name(), IsRequired: false, Item: null);
        }
        return Skip("!") ? type with { IsRequired = true } : type;
    }

    private string Name()
    {
        var token = next;
        if (token.Kind != TokenKind.Name)
            throw Unexpected();
        next = Read();
        return token.Text;
    }

    private bool Skip(string word)
    {
        if (next.Kind is not (TokenKind.Name or TokenKind.Mark) || next.Text != word)
            return false;
        next = Read();
        return true;
    }

    private void Demand(string word)
    {
        if (!Skip(word))
            throw Unexpected();
    }

    private GraphQlRefusal Unexpected() =>
        new(next.Kind == TokenKind.End ? "Unexpected end of document" : $"Expected one of a name, a value or a closing bracket, actual: \"{next.Text}\" at [{next.Place.Line}, {next.Place.Column}]") { Place = next.Place };

    private Token Read()
    {
        while (at < text.Length && (char.IsWhiteSpace(text[at]) || text[at] is ',' or '#' or '\uFEFF'))
        {
            if (text[at] == '#')
                at = text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;
            else
                at++;
        }
        var place = PlaceOf(at);
        if (at == text.Length)
            return new Token(TokenKind.End, "", place);
        var start = at;
        if (text[at] == '"')
            return new Token(TokenKind.Text, text.AsSpan(at).StartsWith("\"\"\"") ? Block() : Quoted(), place);
        if (char.IsAsciiLetter(text[at]) || text[at] == '_')
        {
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
                at++;
            return new Token(TokenKind.Name, text[start..at], place);
        }
        if (char.IsAsciiDigit(text[at]) || text[at] == '-')
        {
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] is '-' or '+' or '.' or 'e' or 'E'))
                at++;
            return new Token(TokenKind.Number, text[start..at], place);
        }
        at += text.AsSpan(at).StartsWith("...") ? 3 : 1;
        return new Token(TokenKind.Mark, text[start..at], place);
    }

    private string Quoted()
    {
        var words = new StringBuilder();
        for (at++; at < text.Length && text[at] is not ('"' or '\n'); at++)
        {
            if (text[at] != '\\')
            {
                words.Append(text[at]);
                continue;
            }
            var escape = ++at < text.Length ? text[at] : '\0';
            if (escape == 'u' && at + 4 < text.Length && ushort.TryParse(text.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
            {
                words.Append((char)unit);
                at += 4;
                continue;
            }
            words.Append(escape switch
            {
                'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', '"' or '\\' or '/' => escape, _ => throw Unread(),
            });
        }
        return at < text.Length && text[at++] == '"' ? words.ToString() : throw Unread();
    }

    private string Block()
    {
        var end = text.IndexOf("\"\"\"", at + 3, StringComparison.Ordinal);
        if (end < 0)
            throw Unread();
        var block = text[(at + 3)..end];
        at = end + 3;
        return block.Trim();
    }

    private GraphQlRefusal Unread() => new("Parse error on a string that does not end") { Place = PlaceOf(Math.Min(at, text.Length)) };

    private GraphQlPlace PlaceOf(int index)
    {
        var before = text.AsSpan(0, index);
        return new GraphQlPlace(before.Count('\n') + 1, index - before.LastIndexOf('\n'));
    }

    private enum TokenKind { End, Name, Number, Text, Mark }

    private readonly record struct Token(TokenKind Kind, string Text, GraphQlPlace Place);
}

internal sealed record GraphQlPlace(int Line, int Column);

internal sealed record GraphQlDocument(List<GraphQlOperation> Operations, Dictionary<string, GraphQlFragment> Fragments);

internal sealed record GraphQlOperation(string Kind, string? Name, IReadOnlyList<GraphQlVariable> Variables, IReadOnlyList<GraphQlSelection> Selections);

internal sealed record GraphQlFragment(string? On, IReadOnlyList<GraphQlSelection> Selections);

internal sealed record GraphQlVariable(string Name, GraphQlTypeRef Type, GraphQlValue? Default, GraphQlPlace Place);

internal abstract record GraphQlSelection
{
    private GraphQlSelection() { }
    public sealed record Field(string Alias, string Name, IReadOnlyList<KeyValuePair<string, GraphQlValue>> Arguments, IReadOnlyList<GraphQlSelection> Selections, GraphQlPlace Place) : GraphQlSelection;
    public sealed record Inline(string? On, IReadOnlyList<GraphQlSelection> Selections) : GraphQlSelection;
    public sealed record Spread(string Name, GraphQlPlace Place) : GraphQlSelection;
}

internal abstract record GraphQlValue
{
    private GraphQlValue() { }
    public sealed record Literal(JsonNode? Json) : GraphQlValue;
    public sealed record Variable(string Name) : GraphQlValue;
    public sealed record Items(IReadOnlyList<GraphQlValue> Values) : GraphQlValue;
    public sealed record Members(IReadOnlyList<KeyValuePair<string, GraphQlValue>> Values) : GraphQlValue;
}

/// <param name="Kind">type, interface, input or scalar.</param>
internal sealed record GraphQlType(string Kind, string Name, IReadOnlyDictionary<string, GraphQlFieldType> Fields);

internal sealed record GraphQlFieldType(IReadOnlyDictionary<string, GraphQlTypeRef> Arguments, GraphQlTypeRef Type);

/// <param name="Item">Of a list.</param>
internal sealed record GraphQlTypeRef(string Name, bool IsRequired, GraphQlTypeRef? Item)
{
    /// <summary>Without lists.</summary>
    public string Innermost => Item?.Innermost ?? Name;

    public override string ToString() => $"{(Item is null ? Name : $"[{Item}]")}{(IsRequired ? "!" : "")}";
}

/// <summary>One entry of an answer's <c>errors</c>.</summary>
internal sealed class GraphQlRefusal(string message) : Exception(message)
{
    /// <summary>GitHub's kind of error: NOT_FOUND, FORBIDDEN, UNPROCESSABLE, STALE_DATA; documents that do not fit the schema have none.</summary>
    public string? Type { get; init; }

    public JsonObject? Extensions { get; init; }
    public IReadOnlyList<string>? Path { get; init; }
    public GraphQlPlace? Place { get; init; }

    public JsonObject ToJson()
    {
        var error = new JsonObject();
        if (Type is not null)
            error["type"] = Type;
        if (Path is not null)
            error["path"] = new JsonArray([.. Path.Select(step => JsonValue.Create(step))]);
        if (Extensions is not null)
            error["extensions"] = Extensions.DeepClone();
        if (Place is { } place)
            error["locations"] = new JsonArray(new JsonObject { ["line"] = place.Line, ["column"] = place.Column });
        error["message"] = Message;
        return error;
    }
}
