using System.Text.Json.Nodes;

namespace QMoi.Tests.Contracts;

/// <summary>What a description says to the exchanges of one story.</summary>
internal sealed class ContractVerdict
{
    private readonly SortedDictionary<string, int> checkedCalls = new(StringComparer.Ordinal);
    private readonly SortedSet<string> notCovered = new(StringComparer.Ordinal);
    private readonly SortedSet<string> problems = new(StringComparer.Ordinal);
    private readonly string origin;

    private ContractVerdict(string origin) => this.origin = origin;

    /// <summary>Operations, and how often each was called.</summary>
    public IReadOnlyDictionary<string, int> Checked => checkedCalls;

    public IReadOnlyCollection<string> Problems => problems;

    /// <param name="withRequests">False for clients of others, who take liberties (python-gitlab asks <c>?recursive=False</c>): then only the answers count.</param>
    public static ContractVerdict Of(OpenApi description, IReadOnlyList<Exchange> exchanges, bool withRequests = true)
    {
        var verdict = new ContractVerdict(description.Origin);
        foreach (var exchange in exchanges.Where(exchange => !IsBesideTheApi(exchange.Path)))
            verdict.Judge(description, exchange, withRequests);
        return verdict;
    }

    /// <summary>Writes to the test's output what was checked and what could not be.</summary>
    public void Report(string title)
    {
        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"{title}, against {origin}");
        foreach (var (name, count) in checkedCalls) output.WriteLine($"  checked {count,3} x {name}");
        foreach (var name in notCovered) output.WriteLine($"  not covered: {name}");
        if (notCovered.Count > 0) TestContext.Current.AddWarning($"{title}: {origin} does not describe {string.Join("; ", notCovered)}");
    }

    // Git itself, and the store of logs that redirects lead to.
    private static bool IsBesideTheApi(string path) => path.Contains(".git/", StringComparison.Ordinal) || path.StartsWith("/_downloads/", StringComparison.Ordinal);

    private void Judge(OpenApi description, Exchange exchange, bool withRequests)
    {
        if (exchange.Path.EndsWith("/graphql", StringComparison.Ordinal) && exchange.Status == 200)
        {
            JudgeGraphQl(exchange);
            return;
        }

        if (description.Find(exchange.Method, exchange.Path) is not { } operation)
        {
            notCovered.Add($"{exchange.Method} {exchange.Path}");
            return;
        }

        checkedCalls[operation.Name] = checkedCalls.GetValueOrDefault(operation.Name) + 1;
        if (withRequests) problems.UnionWith(operation.RequestProblems(exchange.Query, exchange.RequestType, exchange.RequestBody));
        if (operation.AnswerProblems(exchange.Status, exchange.ContentType, exchange.Body) is { } found) problems.UnionWith(found);
        else if (exchange.Status >= 400) notCovered.Add($"{operation.Name} answered {exchange.Status}");
        else problems.Add($"{operation.Name} is not described as answering {exchange.Status} {exchange.ContentType}");
    }

    /// <summary>The simulated forge judges each document by GitHub's schema (simulator/GitHub/GraphQl/schema.graphql) and answers what it describes: what did not fit is an error without a type.</summary>
    private void JudgeGraphQl(Exchange exchange)
    {
        const string Name = "POST /graphql";
        checkedCalls[Name] = checkedCalls.GetValueOrDefault(Name) + 1;
        var errors = JsonNode.Parse(exchange.Body)!["errors"]?.AsArray() ?? [];
        problems.UnionWith(errors.Where(error => error!["type"] is null).Select(error => $"{Name}: {error!["message"]}"));
    }
}
