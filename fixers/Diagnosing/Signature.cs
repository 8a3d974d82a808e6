using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>What one line of a job log must look like. Made when first needed, safe for many threads.</summary>
public sealed class Signature
{
    private readonly LinePattern _line;
    private readonly LinePattern? _exception;
    private readonly LinePattern? _heading;
    private readonly LinePattern? _command;
    private readonly char _first;

    /// <exception cref="ArgumentException">No text of the pattern is long enough to be looked for.</exception>
    internal Signature(string pattern, IReadOnlyList<string> keywords, string? unless, string? headingPattern, string? commandPattern)
    {
        Pattern = pattern;
        _line = new LinePattern(pattern);
        _exception = unless is null ? null : new LinePattern(unless);
        _heading = headingPattern is null ? null : new LinePattern(headingPattern);
        _command = commandPattern is null ? null : new LinePattern(commandPattern);
        IsAnchored = pattern.Contains('^', StringComparison.Ordinal);
        _first = FirstOf(pattern);
        LiteralSet[] sets = commandPattern is null ? RequiredLiterals.Of(pattern) : [];
        Literals = keywords.Count > 0 ? [new LiteralSet([.. keywords], IgnoresCase: true), .. sets] : sets;
        if (_command is null && !Array.Exists(Literals, set => set.Shortest >= LiteralFinder.ShortestText))
            throw new ArgumentException($"it demands no text of {LiteralFinder.ShortestText} or more characters: give a keyword", nameof(pattern));
    }

    public string Pattern { get; }

    /// <summary>Adds lines and captures to an entry that another signature has established, but does not establish it.</summary>
    public bool IsSupporting { get; init; }

    /// <summary>Says that something failed and not why: what another signature of the entry matches is the cause, and without it any other cause outranks the entry.</summary>
    public bool IsConsequence { get; init; }

    /// <summary>What a matching line holds, one text of each; empty where the command decides instead.</summary>
    internal LiteralSet[] Literals { get; }

    /// <summary>Where the line begins matters: it is tried without a tool's prefix as well.</summary>
    internal bool IsAnchored { get; }

    /// <summary>Every line that certain commands print is tried, and no other.</summary>
    internal bool HasCommand => _command is not null;

    internal bool HasHeading => _heading is not null;

    /// <summary>False where the line lacks a text that every match holds; <paramref name="found"/> is known to be there.</summary>
    internal bool IsPossible(ReadOnlySpan<byte> line, LiteralSet? found)
    {
        foreach (var set in Literals)
        {
            if (!ReferenceEquals(set, found) && !set.IgnoresCase && set.Shortest > 1 && !set.IsIn(line))
                return false;
        }

        return true;
    }

    /// <summary>True where <see cref="Match"/> would find something, without the cost of telling what.</summary>
    internal bool IsMatch(ReadOnlySpan<char> text) => BeginsRight(text) && _line.IsMatch(text);

    internal Match? Match(string text)
    {
        if (!BeginsRight(text))
            return null;

        var match = _line.Match(text);
        return match.Success && _exception?.IsMatch(text) != true ? match : null;
    }

    private bool BeginsRight(ReadOnlySpan<char> text) => _first == 0 || (text.Length > 0 && (_first == ' ' ? char.IsWhiteSpace(text[0]) : text[0] == _first));

    // The character that every match begins the line with, a blank for any white space; 0 where there is none.
    private static char FirstOf(string pattern)
    {
        if (pattern.Length < 3 || pattern[0] != '^' || pattern.Contains("(?i", StringComparison.Ordinal) || RequiredLiterals.HasAlternatives(pattern))
            return '\0';

        var (first, next) = pattern[1] == '\\' ? (pattern[2], 3) : (pattern[1], 2);
        if (next < pattern.Length && pattern[next] is '?' or '*' or '{')
            return '\0';

        if (pattern[1] == '\\')
            return first == 's' ? ' ' : char.IsAsciiLetterOrDigit(first) ? '\0' : first;

        return char.IsAsciiLetterOrDigit(first) ? first : '\0';
    }

    internal bool IsPrintedBy(string command) => _command?.IsMatch(command) == true;

    internal Match? MatchHeading(string text) => _heading?.Match(text) is { Success: true } match ? match : null;
}
