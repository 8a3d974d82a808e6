using System.Diagnostics;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>A pattern over one line that a stranger wrote: linear in time in the long run, whatever the line and the pattern are.</summary>
/// <remarks>
/// A non-backtracking expression costs 11 ms and 1.2 MB (161 patterns, .NET 10.0, measured 2026-11): hundreds of them are too much for a process that diagnoses
/// one log. So a pattern backtracks at first, within a limit, and one that has been slow a few times no longer does. Both find the same matches.
/// A busy machine makes every pattern look slow now and then: what was slow is asked once more at once, and only so many are kept in their dear form.
/// Made when first needed, safe for many threads.
/// </remarks>
internal sealed class LinePattern
{
    private const RegexOptions Shared = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private const int MostSlowLines = 4;

    /// <summary>About 20 MB.</summary>
    private const int MostLinear = 16;
    private const int UsesToTime = 8;

    // Compiling takes as long as about this many matches, and a log that needs so many will need more.
    private const int UsesToCompile = 20_000;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(0.5);

    private static readonly string[] Unsupported = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?(", "\\k"];

    private static readonly List<LinePattern> WithLinear = [];

    private readonly string _pattern;
    private Regex? _quick;
    private Regex? _linear;
    private long _lastLinear;
    private int _slowLines;
    private int _uses;

    internal LinePattern(string pattern) => _pattern = pattern;

    internal bool IsMatch(ReadOnlySpan<char> line)
    {
        if (_linear is { } linear)
            return Used(linear).IsMatch(line);

        try
        {
            var uses = ++_uses;
            if (uses == UsesToCompile)
                _quick = new Regex(_pattern, Shared | RegexOptions.Compiled, Limit);

            // Looking at the clock takes as long as a match: one in a few shows as well which pattern is slow.
            if (uses % UsesToTime != 0)
                return Quick().IsMatch(line);
            var isMatch = IsMatch(line, out var isSlow);
            if (isSlow)
                _ = IsMatch(line, out isSlow);
            if (isSlow && ++_slowLines > MostSlowLines)
                Linear();

            return isMatch;
        }
        catch (RegexMatchTimeoutException)
        {
            return IsMatchAgain(line);
        }
    }

    private bool IsMatch(ReadOnlySpan<char> line, out bool isSlow)
    {
        var started = Stopwatch.GetTimestamp();
        var isMatch = Quick().IsMatch(line);
        isSlow = Stopwatch.GetElapsedTime(started) > Slow;
        return isMatch;
    }

    private bool IsMatchAgain(ReadOnlySpan<char> line)
    {
        try
        {
            return Quick().IsMatch(line);
        }
        catch (RegexMatchTimeoutException)
        {
            return Linear().IsMatch(line);
        }
    }

    /// <summary>What the pattern finds in the line; <see cref="IsMatch(ReadOnlySpan{char})"/> is the cheaper question.</summary>
    internal Match Match(string line)
    {
        if (_linear is { } linear)
            return Used(linear).Match(line);

        try
        {
            return Quick().Match(line);
        }
        catch (RegexMatchTimeoutException)
        {
            return Linear().Match(line);
        }
    }

    internal string Replace(string text, string replacement) => Replace(text, match => match.Result(replacement));

    internal string Replace(string text, MatchEvaluator evaluator)
    {
        if (!IsMatch(text))
            return text;

        try
        {
            return (_linear ?? Quick()).Replace(text, evaluator);
        }
        catch (RegexMatchTimeoutException)
        {
            return Linear().Replace(text, evaluator);
        }
    }

    /// <summary>Names of the captures.</summary>
    /// <exception cref="ArgumentException">The pattern cannot be used.</exception>
    internal static IReadOnlyList<string> CaptureNames(string pattern)
    {
        var regex = new Regex(pattern, Shared, Limit);
        if (Array.Find(Unsupported, pattern.Contains) is { } construct || HasBackReference(pattern))
            throw new ArgumentException("look-around, back-references and atomic groups are not supported", nameof(pattern));

        return [.. regex.GetGroupNames().Where(name => !char.IsAsciiDigit(name[0]))];
    }

    private Regex Quick() => _quick ??= new Regex(_pattern, Shared, Limit);

    private Regex Linear()
    {
        var linear = _linear ?? new Regex(_pattern, Shared | RegexOptions.NonBacktracking);
        lock (WithLinear)
        {
            if (!WithLinear.Contains(this))
            {
                if (WithLinear.Count == MostLinear)
                    WithLinear.MinBy(pattern => pattern._lastLinear)!.Forget();
                WithLinear.Add(this);
            }
            _linear = linear;
        }

        return Used(linear);
    }

    private Regex Used(Regex linear)
    {
        _lastLinear = Environment.TickCount64;
        return linear;
    }

    private void Forget()
    {
        WithLinear.Remove(this);
        (_linear, _slowLines) = (null, 0);
    }

    private static bool HasBackReference(string pattern)
    {
        for (var at = 0; at + 1 < pattern.Length; at++)
        {
            if (pattern[at] == '\\' && pattern[++at] is >= '1' and <= '9')
                return true;
        }

        return false;
    }
}
