using System.Diagnostics;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>A _pattern over one line that a stranger wrote: _linear in time in the long run, whatever the line and the _pattern are.</summary>
/// <remarks>
/// A non-backtracking expression costs 11 ms and 1.2 MB (161 patterns, .NET 10.0, measured 2026-11): hundreds of them are too much for a process that diagnoses
/// one log. So a _pattern backtracks at first, within a limit, and one that has been slow a few times never does again. Both find the same matches.
/// Made when first needed, safe for many threads.
/// </remarks>
internal sealed class LinePattern
{
    private const RegexOptions Shared = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private const int MostSlowLines = 20;

    // Compiling takes as long as about this many matches, and a log that needs so many will need more.
    private const int UsesToCompile = 20_000;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(0.5);

    private static readonly string[] Unsupported = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?(", "\\k"];

    private readonly string _pattern;
    private Regex? _quick;
    private Regex? _linear;
    private int _slowLines;
    private int _uses;
    private bool _isCompiled;

    internal LinePattern(string pattern) => _pattern = pattern;

    internal bool IsMatch(string line) => Match(line).Success;

    internal Match Match(string line)
    {
        if (_linear is not null)
            return _linear.Match(line);

        var started = Stopwatch.GetTimestamp();
        try
        {
            if (!_isCompiled && ++_uses > UsesToCompile)
            {
                _isCompiled = true;
                _quick = new Regex(_pattern, Shared | RegexOptions.Compiled, Limit);
            }

            var match = (_quick ??= new Regex(_pattern, Shared, Limit)).Match(line);
            if (Stopwatch.GetElapsedTime(started) > Slow && Interlocked.Increment(ref _slowLines) > MostSlowLines)
                Linear();

            return match;
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
            return (_linear ?? _quick!).Replace(text, evaluator);
        }
        catch (RegexMatchTimeoutException)
        {
            return Linear().Replace(text, evaluator);
        }
    }

    /// <summary>Names of the captures.</summary>
    /// <exception cref="ArgumentException">The _pattern cannot be used.</exception>
    internal static IReadOnlyList<string> CaptureNames(string pattern)
    {
        var regex = new Regex(pattern, Shared, Limit);
        if (Array.Find(Unsupported, pattern.Contains) is { } construct || HasBackReference(pattern))
            throw new ArgumentException("look-around, back-references and atomic groups are not supported", nameof(pattern));

        return [.. regex.GetGroupNames().Where(name => !char.IsAsciiDigit(name[0]))];
    }

    private Regex Linear() => _linear ??= new Regex(_pattern, Shared | RegexOptions.NonBacktracking);

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
