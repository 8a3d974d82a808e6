using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <summary>
/// Finds the handler of a request by its path as sent. ASP.NET Core's own routing decodes the path first, and then a branch
/// or project name with an encoded slash cannot be told from a path: that is why there is one here.
/// </summary>
internal sealed partial class Router
{
    // Expressions that never backtrack cost some 11 ms each to make, which is seconds for all routes.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly List<Route> routes = [];

    /// <param name="route">METHOD /path/{segment}/{anything...}</param>
    public void Map(string route, Func<Call, Task<Answer>> handler)
    {
        var (method, path) = route.Split(' ') switch { [var m, var p] => (m, p), _ => throw new ArgumentException(route, nameof(route)) };
        var pattern = Parameter().Replace(path, match => match.Groups["many"].Success ? $"(?<{match.Groups["name"].Value}>.+)" : $"(?<{match.Groups["name"].Value}>[^/]+)");
        routes.Add(new Route(method, new Regex($"^{pattern}/?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Limit), handler));
    }

    public void Map(string route, Func<Call, Answer> handler) => Map(route, call => Task.FromResult(handler(call)));

    /// <returns>Null: no such route.</returns>
    public (Func<Call, Task<Answer>> Handler, IReadOnlyDictionary<string, string> Values)? Find(string method, string rawPath)
    {
        foreach (var route in routes.Where(route => route.Method == method || (method == "HEAD" && route.Method == "GET")))
        {
            if (route.Path.Match(rawPath) is not { Success: true } match)
                continue;
            var values = match.Groups.Values.Where(group => group.Name != "0")
                .ToDictionary(group => group.Name, group => Uri.UnescapeDataString(group.Value), StringComparer.Ordinal);
            return (route.Handler, values);
        }
        return null;
    }

    private sealed record Route(string Method, Regex Path, Func<Call, Task<Answer>> Handler);

    [GeneratedRegex(@"\{(?<name>\w+)(?<many>\.\.\.)?\}", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Parameter();
}
