namespace QMoi.Fixers.TypeScript;

/// <summary>What the compiler reports besides the errors that a rule is for.</summary>
internal static class TscErrors
{
    // What an unknown or untyped name leads to elsewhere.
    private static readonly HashSet<string> Consequences = new(StringComparer.Ordinal) { "TS7006", "TS7031", "TS7005", "TS7034", "TS7053", "TS18046", "TS2571" };

    /// <summary>The code of an error on another line that the rule would leave; <c>null</c> where there is none. Needs a supporting signature that captures <c>other</c>.</summary>
    public static string? Unrelated(Diagnosis diagnosis)
    {
        var own = diagnosis.Matches.Where(match => match.Captures.ContainsKey("file")).ToList();
        var lines = own.Select(match => match.Line).ToHashSet();
        var places = own.Select(match => (match.Captures["file"], match.Captures.GetValueOrDefault("line"))).ToHashSet();
        return diagnosis.Matches
            .Where(match => match.Captures.ContainsKey("other") && !lines.Contains(match.Line) && !places.Contains((match.Captures.GetValueOrDefault("otherfile", ""), match.Captures.GetValueOrDefault("otherline"))))
            .Select(match => match.Captures["other"])
            .FirstOrDefault(code => !Consequences.Contains(code));
    }
}
