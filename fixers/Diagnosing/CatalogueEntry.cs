using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>One known failure, as a file under <c>fixers/catalogue</c> describes it.</summary>
public sealed record CatalogueEntry
{
    public required string Id { get; init; }
    public required string Title { get; init; }
    public required FailureCategory Category { get; init; }

    /// <summary>1 to 100. Specific causes 70 and up, bodies of tests and compilers 40 to 69, catch-alls below.</summary>
    public required int Priority { get; init; }

    /// <summary>The most telling signature first: its match becomes the root cause.</summary>
    public required IReadOnlyList<Signature> Signatures { get; init; }
    public required bool IsTransient { get; init; }
    public required FailureAction Action { get; init; }
    public IReadOnlyList<string> MayChange { get; init; } = [];

    /// <summary><c>approval: auto</c>: a repair needs no person, as an upper bound.</summary>
    public required bool MayBeAutomatic { get; init; }

    /// <summary>One sentence; <c>{name}</c> stands for a capture.</summary>
    public required string Summary { get; init; }

    /// <summary>One sentence; <c>{name}</c> stands for a capture.</summary>
    public required string Next { get; init; }

    /// <summary>True where the last match tells the cause (shells, retry loops), false where the first does (compilers, resolvers).</summary>
    public required bool IsLastMatchCause { get; init; }

    /// <summary>Log lines that this entry explains.</summary>
    public required string Sample { get; init; }

    /// <summary>Log lines that look alike and are something else; empty when there are none.</summary>
    public string LookAlike { get; init; } = "";
}

/// <summary>A pattern over one normalised log line.</summary>
/// <param name="Keywords">Literals, one of which every matching line contains; tested before the pattern.</param>
/// <param name="Groups">Names of the pattern's groups in order, <c>_</c> for one that is not kept.</param>
/// <param name="IsDetail">Recorded beside other matches, but says nothing alone.</param>
public sealed record Signature(string Pattern, IReadOnlyList<string> Keywords, IReadOnlyList<string> Groups, bool IsDetail)
{
    private readonly Lazy<Regex> _regex = new(() => Compile(Pattern));

    public IReadOnlyDictionary<string, string>? Match(string line)
    {
        if (!HasKeyword(line))
            return null;
        var match = _regex.Value.Match(line);
        if (!match.Success)
            return null;
        var captures = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var index = 0; index < Groups.Count; index++)
            if (Groups[index] != "_" && match.Groups[index + 1] is { Success: true } group)
                captures[Groups[index]] = group.Value.Trim();
        return captures;
    }

    internal static Regex Compile(string pattern) =>
        new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);

    private bool HasKeyword(string line)
    {
        foreach (var keyword in Keywords)
            if (line.Contains(keyword, StringComparison.Ordinal))
                return true;
        return false;
    }
}

public static class FailureCategories
{
    public static string Name(this FailureCategory category) => category switch
    {
        FailureCategory.LintFormat => "lint_format",
        FailureCategory.AuthSecret => "auth_secret",
        _ => category.ToString().ToLowerInvariant(),
    };

    public static string Name(this FailureAction action) => action.ToString().ToLowerInvariant();
}
