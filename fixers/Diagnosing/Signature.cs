using System.Text;
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
    private readonly byte[][][] _alsoHolds;

    /// <exception cref="ArgumentException">No text of the pattern is long enough to be looked for.</exception>
    internal Signature(string pattern, IReadOnlyList<string> keywords, string? unless, string? headingPattern, string? commandPattern)
    {
        Pattern = pattern;
        _line = new LinePattern(pattern);
        _exception = unless is null ? null : new LinePattern(unless);
        _heading = headingPattern is null ? null : new LinePattern(headingPattern);
        _command = commandPattern is null ? null : new LinePattern(commandPattern);
        IgnoresCase = keywords.Count > 0 || pattern.Contains("(?i", StringComparison.Ordinal);
        IsAnchored = pattern.Contains('^', StringComparison.Ordinal);
        _first = FirstOf(pattern);
        var sets = RequiredLiterals.Of(pattern);
        Keywords = commandPattern is not null ? [] : keywords.Count > 0 ? keywords : sets.FirstOrDefault(set => set.Shortest >= LiteralFinder.ShortestText)?.Texts ?? [];
        if (Keywords.Count == 0 && _command is null)
            throw new ArgumentException($"it demands no text of {LiteralFinder.ShortestText} or more characters: give a keyword", nameof(pattern));

        _alsoHolds = pattern.Contains("(?i", StringComparison.Ordinal) ? [] : [.. sets.Where(set => !ReferenceEquals(set.Texts, Keywords) && set.Shortest > 1).Select(set => set.Texts.Select(Encoding.UTF8.GetBytes).ToArray())];
    }

    public string Pattern { get; }

    /// <summary>Texts of which a matching line holds at least one; empty where the command decides instead.</summary>
    public IReadOnlyList<string> Keywords { get; }

    /// <summary>Adds lines and captures to an entry that another signature has established, but does not establish it.</summary>
    public bool IsSupporting { get; init; }

    /// <summary>Says that something failed and not why: what another signature of the entry matches is the cause, and without it any other cause outranks the entry.</summary>
    public bool IsConsequence { get; init; }

    /// <summary>The case of <see cref="Keywords"/> does not matter.</summary>
    internal bool IgnoresCase { get; }

    /// <summary>Where the line begins matters: it is tried without a tool's prefix as well.</summary>
    internal bool IsAnchored { get; }

    /// <summary>Every line that certain commands print is tried, and no other.</summary>
    internal bool HasCommand => _command is not null;

    internal bool HasHeading => _heading is not null;

    /// <summary>False where the line lacks a text that the pattern demands beside the keyword.</summary>
    internal bool IsPossible(ReadOnlySpan<byte> line)
    {
        foreach (var texts in _alsoHolds)
        {
            var isThere = false;
            foreach (var text in texts)
                isThere = isThere || line.IndexOf(text) >= 0;

            if (!isThere)
                return false;
        }

        return true;
    }

    internal Match? Match(string text)
    {
        if (_first != 0 && (text.Length == 0 || (_first == ' ' ? !char.IsWhiteSpace(text[0]) : text[0] != _first)))
            return null;

        var match = _line.Match(text);
        return match.Success && _exception?.IsMatch(text) != true ? match : null;
    }

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
