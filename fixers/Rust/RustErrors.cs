namespace QMoi.Fixers.Rust;

/// <summary>Puts together what rustc says about one error on several lines: the message, below it the place, and further below what it would do.</summary>
internal static class RustErrors
{
    /// <summary>How far below the message the place may stand; rustc prints it on the next line.</summary>
    private const int Nearest = 3;

    /// <summary>The matches that hold the capture, each with the place behind it and with those after it up to the next place.</summary>
    public static IReadOnlyList<(SignatureMatch Error, IReadOnlyList<SignatureMatch> Below)> Of(Diagnosis diagnosis, string capture)
    {
        var errors = new List<(SignatureMatch, IReadOnlyList<SignatureMatch>)>();
        var matches = diagnosis.Matches;
        for (var at = 0; at < matches.Count; at++)
        {
            if (!matches[at].Captures.ContainsKey(capture) || at + 1 == matches.Count || !IsPlace(matches[at + 1]) || matches[at + 1].Line - matches[at].Line > Nearest)
                continue;
            var below = new List<SignatureMatch>();
            for (var next = at + 2; next < matches.Count && !matches[next].Captures.ContainsKey(capture) && !(IsPlace(matches[next]) && !IsOfLibrary(matches[next])); next++)
                below.Add(matches[next]);
            var captures = new Dictionary<string, string>(matches[at + 1].Captures, StringComparer.Ordinal);
            foreach (var (name, value) in matches[at].Captures)
                captures[name] = value;
            errors.Add((matches[at] with { Captures = captures }, below));
        }

        return errors;
    }

    private static bool IsPlace(SignatureMatch match) => match.Captures.ContainsKey("column");

    private static bool IsOfLibrary(SignatureMatch match) => match.Captures["file"].StartsWith("/rustc/", StringComparison.Ordinal) || match.Captures["file"].Contains("/.cargo/", StringComparison.Ordinal);
}
