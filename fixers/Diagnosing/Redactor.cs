using System.Buffers;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Replaces what looks like a secret by <c>[REDACTED]</c>. One per log: private keys span lines. Commit ids and UUIDs stay.</summary>
public sealed class Redactor
{
    public const string Mask = "[REDACTED]";

    private static readonly SearchValues<string> Hints = SearchValues.Create(
        ["gh", "glpat-", "gl", "xox", "xapp-", "hooks.slack.com", "AKIA", "ASIA", "npm_", "eyJ", "-----BEGIN", "://", "AIza", "sk-", "dckr_pat_", "pypi-", "earer ", "asic ", "ecret", "ECRET", "assw", "ASSW", "oken", "OKEN", "pi_key", "PI_KEY", "pi-key", "authToken"],
        StringComparison.Ordinal);

    private static readonly Regex Tokens = new(
        @"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
        + @"|gl(?:pat|rt|oas|dt|ptt|ft|imt|agent|cbt|soat|ffct|rtr|wt)-[A-Za-z0-9_.=-]{16,}|GR1348941[A-Za-z0-9_-]{16,}"
        + @"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}"
        + @"|(?:AKIA|ASIA)[A-Z0-9]{16}|npm_[A-Za-z0-9]{30,}|AIza[A-Za-z0-9_-]{35}|sk-[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{20,}|pypi-[A-Za-z0-9_-]{40,}"
        + @"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)|hooks\.slack\.com/services/[A-Za-z0-9/_-]+",
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);

    private static readonly Regex UrlCredentials = new(@"(?<scheme>://)[^\s/@:'""]*:?[^\s/@'""]+@", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);

    private static readonly Regex Assignments = new(
        @"(?<name>(?i:secret|secret_access_key|password|passwd|token|api[_-]?key|_authToken)[""']?\s{0,2}[=:]\s{0,2}[""']?)(?<value>[A-Za-z0-9+/_.~-]{16,}={0,2})|(?<scheme>(?i:bearer|basic) )(?<token>[A-Za-z0-9+/_.~-]{16,}={0,2})",
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);

    private static readonly Regex Harmless = new(
        @"^(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);

    private bool _isInsideKey;

    public string Redact(string line)
    {
        if (_isInsideKey)
        {
            _isInsideKey = !line.Contains("-----END", StringComparison.Ordinal) && IsKeyText(line);
            if (_isInsideKey || line.Contains("-----END", StringComparison.Ordinal))
                return Mask;
        }

        if (!line.AsSpan().ContainsAny(Hints))
            return line;
        if (line.IndexOf("-----BEGIN", StringComparison.Ordinal) is >= 0 and var start && line.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            _isInsideKey = !line.Contains("-----END", StringComparison.Ordinal);
            return line[..start] + Mask;
        }

        line = Tokens.Replace(line, Mask);
        line = UrlCredentials.Replace(line, "${scheme}" + Mask + "@");
        return Assignments.Replace(line, MaskValue);
    }

    // A log cut short inside a key must not swallow everything after it.
    private static bool IsKeyText(string line) => !line.Trim().Contains(' ', StringComparison.Ordinal) || line.Contains(": ", StringComparison.Ordinal);

    private static string MaskValue(Match match)
    {
        var value = match.Groups["value"].Success ? match.Groups["value"] : match.Groups["token"];
        return Harmless.IsMatch(value.Value) ? match.Value : match.Groups["name"].Value + match.Groups["scheme"].Value + Mask;
    }
}
