using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <summary>The part of GitHub's expression language that workflows commonly use.</summary>
internal sealed partial class GitHubExpressions(Func<string, JsonNode?> context, Func<string, bool> status)
{
    /// <summary>Replaces every ${{ ... }} in a text.</summary>
    public string Expand(string text) => Placeholder().Replace(text, match => Text(Evaluate(match.Groups["expression"].Value)));

    /// <summary>An if: condition; without a status function it also asks that all went well so far.</summary>
    public bool IsTrue(string condition)
    {
        var bare = Placeholder().Match(condition) is { Success: true } whole && whole.Length == condition.Trim().Length ? whole.Groups["expression"].Value : condition;
        bare = Expand(bare);
        return IsTruthy(Evaluate(bare)) && (StatusFunction().IsMatch(bare) || status("success"));
    }

    public JsonNode? Evaluate(string expression)
    {
        var tokens = new Queue<string>(Token().Matches(expression).Select(match => match.Value));
        return Or(tokens);
    }

    private JsonNode? Or(Queue<string> tokens)
    {
        var left = And(tokens);
        while (Accept(tokens, "||"))
        {
            var right = And(tokens);
            left = IsTruthy(left) ? left : right;
        }
        return left;
    }

    private JsonNode? And(Queue<string> tokens)
    {
        var left = Comparison(tokens);
        while (Accept(tokens, "&&"))
        {
            var right = Comparison(tokens);
            left = IsTruthy(left) ? right : left;
        }
        return left;
    }

    private JsonNode? Comparison(Queue<string> tokens)
    {
        var left = Unary(tokens);
        if (!tokens.TryPeek(out var operation) || operation is not ("==" or "!=" or "<" or ">" or "<=" or ">="))
            return left;
        tokens.Dequeue();
        var right = Unary(tokens);
        return operation switch
        {
            "==" => AreEqual(left, right),
            "!=" => !AreEqual(left, right),
            "<" => Number(left) < Number(right),
            ">" => Number(left) > Number(right),
            "<=" => Number(left) <= Number(right),
            _ => Number(left) >= Number(right),
        };
    }

    private JsonNode? Unary(Queue<string> tokens)
    {
        if (Accept(tokens, "!"))
            return !IsTruthy(Unary(tokens));
        if (Accept(tokens, "("))
        {
            var inner = Or(tokens);
            Accept(tokens, ")");
            return inner;
        }
        if (!tokens.TryDequeue(out var token))
            return null;
        if (Accept(tokens, "("))
        {
            var arguments = new List<JsonNode?>();
            while (!Accept(tokens, ")") && tokens.Count > 0)
            {
                arguments.Add(Or(tokens));
                Accept(tokens, ",");
            }
            return Call(token, arguments);
        }
        return token switch
        {
            "null" => null,
            "true" => true,
            "false" => false,
            ['\'', ..] => token[1..^1].Replace("''", "'", StringComparison.Ordinal),
            _ => double.TryParse(token, out var number) ? number : context(token),
        };
    }

    private JsonNode? Call(string function, List<JsonNode?> arguments) => function.ToLowerInvariant() switch
    {
        "success" or "failure" or "always" or "cancelled" => status(function.ToLowerInvariant()),
        "contains" when arguments[0] is JsonArray list => list.Any(item => AreEqual(item, arguments[1])),
        "contains" => Text(arguments[0]).Contains(Text(arguments[1]), StringComparison.OrdinalIgnoreCase),
        "startswith" => Text(arguments[0]).StartsWith(Text(arguments[1]), StringComparison.OrdinalIgnoreCase),
        "endswith" => Text(arguments[0]).EndsWith(Text(arguments[1]), StringComparison.OrdinalIgnoreCase),
        "format" => arguments.Skip(1).Index().Aggregate(Text(arguments[0]),
            (text, argument) => text.Replace($"{{{argument.Index}}}", Text(argument.Item), StringComparison.Ordinal)),
        "fromjson" => JsonNode.Parse(Text(arguments[0])),
        "tojson" => arguments[0]?.ToJsonString() ?? "null",
        "join" => string.Join(arguments.Count > 1 ? Text(arguments[1]) : ",", (arguments[0] as JsonArray ?? []).Select(Text)),
        _ => "",
    };

    private static bool Accept(Queue<string> tokens, string expected)
    {
        if (!tokens.TryPeek(out var next) || next != expected)
            return false;
        tokens.Dequeue();
        return true;
    }

    private static string Text(JsonNode? node) => Yaml.Text(node);

    private static double Number(JsonNode? node) => double.TryParse(Text(node), out var number) ? number : double.NaN;

    private static bool AreEqual(JsonNode? left, JsonNode? right) => Text(left).Equals(Text(right), StringComparison.OrdinalIgnoreCase);

    private static bool IsTruthy(JsonNode? node) => node switch
    {
        null => false,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        JsonValue value when value.TryGetValue<double>(out var number) => number != 0,
        JsonValue value when value.TryGetValue<string>(out var text) => text.Length > 0,
        _ => true,
    };

    [GeneratedRegex(@"\$\{\{(?<expression>([^}]|\}[^}])*)\}\}", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\b(success|failure|always|cancelled)\s*\(", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex StatusFunction();

    [GeneratedRegex("""'([^']|'')*'|[A-Za-z_][A-Za-z0-9_.*-]*|[0-9]+(\.[0-9]+)?|==|!=|<=|>=|&&|\|\||[<>!(),]""",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
