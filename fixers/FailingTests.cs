using System.Text;

namespace QMoi.Fixers;

/// <summary>The names of the tests that a diagnosis says have failed, as their runner prints them: read from the captures <c>test</c> of the catalogue, so a runner that it knows is known here.</summary>
public static class FailingTests
{
    public const int Most = 20;
    public const int LongestName = 200;

    // So many are compared with each other.
    private const int MostCompared = 200;

    // Headings and threads that stand where a test's name does: jest, Surefire's sum of a class, Rust's threads.
    private static readonly string[] NoTests = ["Console", "Test suite failed to run", "main", "<unnamed>"];

    /// <summary>At most <see cref="Most"/> names of at most <see cref="LongestName"/> characters, each once, in the order of the log; empty where no test is to blame or none is named.</summary>
    public static IReadOnlyList<string> Of(Diagnosis diagnosis)
    {
        if (diagnosis.Category != FailureCategory.Test)
            return [];
        var names = diagnosis.Matches.Select(match => NameOf(match.Captures)).OfType<string>().Distinct(StringComparer.Ordinal).Take(MostCompared).ToList();
        // Surefire names a test twice, without its package and with it.
        return [.. names.Where(name => !names.Exists(other => other.EndsWith('.' + name, StringComparison.Ordinal))).Take(Most)];
    }

    private static string? NameOf(IReadOnlyDictionary<string, string> captures)
    {
        if (!captures.TryGetValue("test", out var test) || Array.IndexOf(NoTests, test) >= 0 || test.StartsWith("Tests run:", StringComparison.Ordinal))
            return null;
        var name = captures switch
        {
            _ when captures.TryGetValue("method", out var method) => $"{test}.{method}",
            _ when Owner(captures) is { } owner => $"{owner}.{test}",
            // With a line it is where the test failed, which need not be where it stands.
            _ when captures.TryGetValue("file", out var file) && !captures.ContainsKey("line") => $"{file}::{test}",
            _ => MethodOfClass(test),
        };
        return Whole(name.Split(" # time=")[0].Trim());
    }

    private static string? Owner(IReadOnlyDictionary<string, string> captures) =>
        captures.GetValueOrDefault("class") ?? captures.GetValueOrDefault("module") ?? captures.GetValueOrDefault("suite");

    /// <summary>JUnit before 5: <c>method(package.Class)</c>.</summary>
    private static string MethodOfClass(string test)
    {
        var open = test.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || test[^1] != ')' || test.AsSpan(0, open).Contains('.'))
            return test;
        var owner = test[(open + 1)..^1];
        return owner.Contains('.', StringComparison.Ordinal) && char.IsAsciiLetter(owner[0]) && owner.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '$') ? $"{owner}.{test[..open]}" : test;
    }

    /// <summary>Cut to its length; half a character, which no database takes, becomes a mark.</summary>
    private static string? Whole(string name)
    {
        name = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name));
        if (name.Length > LongestName)
            name = name[..(char.IsHighSurrogate(name[LongestName - 1]) ? LongestName - 1 : LongestName)];
        return name.Length == 0 ? null : name;
    }
}
