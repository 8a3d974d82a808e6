using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Handlers.Settings;

/// <summary>One condition of <c>.qmoi.yml</c>: <c>key operator value</c>, such as <c>branch!=release/*</c> or <c>confidence>=0.9</c>.</summary>
public sealed class Condition
{
    private const int MaxValueLength = 500;

    private const int LongestLine = 8 * 1024;

    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(250);

    private static readonly string[] AllOperators = ["!~=", "~=", "!=", ">=", "<=", "=", ">", "<"];
    private static readonly string[] Equality = ["=", "!="];
    private static readonly string[] Likeness = ["~=", "!~="];
    private static readonly string[] Order = ["=", "!=", ">=", "<=", ">", "<"];

    private static readonly IReadOnlyList<Key> Known =
    [
        new("log", Likeness, (_, value) => Like(value, facts => facts.Log)),
        Text("branch", facts => facts.Branch, Patterns.IsPath, Patterns.PathProblem),
        Text("target_branch", facts => facts.TargetBranch, Patterns.IsPath, Patterns.PathProblem),
        Text("job", facts => facts.Job, Patterns.IsWord),
        // User names have no case of their own on either forge.
        Text("author", facts => facts.Author, (pattern, name) => Patterns.IsWord(pattern.ToUpperInvariant(), name.ToUpperInvariant())),
        Text("failure", facts => facts.Failure, Patterns.IsWord, Patterns.IdProblem),
        Text("fixer", facts => facts.Fixer, Patterns.IsWord, Patterns.IdProblem),
        Choice("category", facts => facts.Category?.Name(), [.. Enum.GetValues<FailureCategory>().Select(category => category.Name())]),
        Choice("risk", facts => facts.Risk, "low", "medium", "high"),
        Choice("flaky", facts => Written(facts.IsFlaky), "true", "false"),
        Choice("verified", facts => Written(facts.IsVerified), "true", "false"),
        Share("retry_pass_rate", facts => facts.RetryPassRate),
        Share("confidence", facts => facts.Confidence),
        Count("retries", facts => facts.Retries),
        Count("changed_lines", facts => facts.ChangedLines),
        Count("changed_files", facts => facts.ChangedFiles),
    ];

    private readonly string text;
    private readonly Func<Facts, bool?> test;
    private readonly bool isNegated;

    private Condition(string text, Func<Facts, bool?> test, bool isNegated) => (this.text, this.test, this.isNegated) = (text, test, isNegated);

    /// <summary>False also where the fact is not known, and where a pattern takes longer than 250 ms.</summary>
    public bool Holds(Facts facts) => test(facts) is { } isSo && isSo != isNegated;

    /// <summary>As it was written.</summary>
    public override string ToString() => text;

    /// <exception cref="FormatException">It is no condition; the message says what would be.</exception>
    public static Condition Parse(string text)
    {
        var at = text.AsSpan().IndexOfAny("=!~<>") is var first and >= 0 ? first : text.Length;
        var name = text[..at].Trim();
        var key = Known.FirstOrDefault(key => key.Name == name)
            ?? throw new FormatException($"unknown key '{YamlValue.Shown(name)}'; did you mean '{Spelling.Nearest(name, Known.Select(key => key.Name))}'?");

        var sign = AllOperators.FirstOrDefault(known => text.AsSpan(at).StartsWith(known)) ?? "";
        var value = text[(at + sign.Length)..].Trim();
        // '==' and '=>' begin with an operator and are none. A pattern may begin with anything.
        if (!Likeness.Contains(sign) && text[at..].TakeWhile("=!~<>".Contains).Count() != sign.Length || !key.Operators.Contains(sign))
            throw new FormatException($"one of {string.Join(' ', key.Operators)} is wanted after '{key.Name}'");
        if (value.Length == 0)
            throw new FormatException($"a value is wanted after '{sign}'");
        if (value.Length > MaxValueLength)
            throw new FormatException($"{value.Length} characters stand after '{sign}'; at most {MaxValueLength} are read");
        return new(text, key.Read(sign, value), sign[0] == '!');
    }

    internal static IReadOnlyList<Condition> ReadList(YamlValue value) => value.Each(1, 10, item =>
    {
        try
        {
            return Parse(item.Text(maxLength: int.MaxValue));
        }
        catch (FormatException exception)
        {
            throw item.Wrong($"{item}: {exception.Message}");
        }
    });

    private static Key Text(string name, Func<Facts, string?> fact, Func<string, string, bool> matches, Func<string, string?>? problem = null) => new(name, [.. Equality, .. Likeness], (sign, value) =>
    {
        if (Likeness.Contains(sign))
            return Like(value, fact);
        if (problem?.Invoke(value) is { } what)
            throw new FormatException(what);
        return facts => fact(facts) is { } text ? matches(value, text) : null;
    });

    private static Func<Facts, bool?> Like(string pattern, Func<Facts, string?> fact)
    {
        try
        {
            // Only what needs no backtracking is accepted, but it is matched by the engine that keeps to its time: .NET 10 without backtracking
            // worked 65 s on one line of 8 kB for (.*){1000}(.*){1000}q, and sees the clock, wrongly, every 100,000 characters alone.
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            var regex = new Regex(pattern, RegexOptions.CultureInvariant, PatternTimeout);
            return facts => fact(facts) is { } text ? IsInAnyLine(regex, text) : null;
        }
        catch (RegexParseException exception)
        {
            throw new FormatException($"not a regular expression ({exception.Error} at character {exception.Offset})", exception);
        }
        catch (NotSupportedException exception)
        {
            throw new FormatException("a regular expression without look-around, back-references and huge repetitions is wanted", exception);
        }
    }

    private static bool? IsInAnyLine(Regex regex, string text)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            foreach (var line in text.AsSpan().EnumerateLines())
            {
                if (regex.IsMatch(line[..Math.Min(line.Length, LongestLine)]))
                    return true;
                if (Stopwatch.GetElapsedTime(start) > PatternTimeout)
                    return null;
            }
            return false;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    private static Key Choice(string name, Func<Facts, string?> fact, params string[] choices) => new(name, Equality, (_, value) =>
        choices.Contains(value) ? facts => fact(facts) is { } text ? text == value : null : throw new FormatException($"'{YamlValue.Shown(value)}' is not one of {string.Join(", ", choices)}"));

    private static Key Share(string name, Func<Facts, double?> fact) => Number(name, fact, "a number from 0 to 1", number => number is >= 0 and <= 1);

    private static Key Count(string name, Func<Facts, int?> fact) => Number(name, facts => fact(facts), $"a whole number from 0 to {int.MaxValue}", number => number is >= 0 and <= int.MaxValue && double.IsInteger(number));

    private static Key Number(string name, Func<Facts, double?> fact, string range, Func<double, bool> isInRange) => new(name, Order, (sign, value) =>
    {
        if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var limit) || !isInRange(limit))
            throw new FormatException($"'{YamlValue.Shown(value)}' is not {range}");
        Func<double, bool> compare = sign switch { ">=" => number => number >= limit, "<=" => number => number <= limit, ">" => number => number > limit, "<" => number => number < limit, _ => number => number.Equals(limit) };
        return facts => fact(facts) is { } number ? compare(number) : null;
    });

    private static string? Written(bool? isSo) => isSo switch { true => "true", false => "false", null => null };

    /// <param name="Read">From operator and value the test; the operator's <c>!</c> is dealt with outside.</param>
    private sealed record Key(string Name, string[] Operators, Func<string, string, Func<Facts, bool?>> Read);
}
