using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Takes secrets out of text: every known token shape, also where it is escaped, encoded or broken over lines. Hashes of commits and locks and UUIDs stay.</summary>
public static class Redactor
{
    public const string Mark = "[REDACTED]";

    // Fewer characters on the next line do not show that a token goes on there.
    private const int ShortestPiece = 4;

    private static readonly LinePattern PrivateKey = new(@"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|$)");
    private static readonly LinePattern KeyBegin = new("-----BEGIN [A-Z0-9 ]*PRIVATE KEY");

    // https://user:password@host, https://token@host
    private static readonly LinePattern UrlCredentials = new(@"(?<scheme>[A-Za-z][A-Za-z0-9+.-]+://)([^\s/@:'""<>]*:[^\s/@'""<>]+|[^\s/@:'""<>]{16,})@");

    private static readonly LinePattern HookUrls = new(
        @"(?<keep>https://hooks\.slack\.com/(services|workflows|triggers)/|https://(ptb\.|canary\.)?discord(app)?\.com/api/webhooks/\d+/|https://[a-z0-9-]+\.webhook\.office\.com/webhookb2/)[A-Za-z0-9/_@%=&.-]{16,}");

    private static readonly LinePattern Headers = new(
        @"(?i)(?<keep>\b(authorization|proxy-authorization)[""']?\s*[:=]\s*[""']?(basic|bearer|token|negotiate)\s+)[A-Za-z0-9+/_.=~-]{8,}"
        + @"|(?<keep>\b(private-token|job-token|deploy-token|x-api-key|x-gitlab-token|x-auth-token|x-vault-token|set-cookie|cookie)[""']?\s*[:=]\s*[""']?)[A-Za-z0-9+/_.=~%-]{8,}"
        + @"|(?<keep>\bbearer\s+)[A-Za-z0-9+/_.=~-]{20,}");

    private static readonly LinePattern Assignments = new(
        @"(?i)(?<keep>(password|passwd|pwd|secret|_token|api_?key|access_?key(_id)?|auth_?token|_auth|private_?key|secret_?key|credentials?)[""']?\s?[=:]\s?[""']?)(?<value>[^\s""',;&]{6,})");

    private static readonly LinePattern EscapedWord = new(@"[A-Za-z0-9_.~+/=-]*((%|\\u00|\\x)[0-9A-Fa-f]{2}[A-Za-z0-9_.~+/=-]*)+");
    private static readonly LinePattern Escape = new(@"(%|\\u00|\\x)(?<code>[0-9A-Fa-f]{2})");
    private static readonly LinePattern Base64Word = new("[A-Za-z0-9+/_-]{24,}={0,2}");

    /// <summary>The text without secrets; the same string when there is none.</summary>
    public static string Redact(string text)
    {
        if (text.Length < 8)
            return text;

        return text.Contains('\n', StringComparison.Ordinal) ? string.Join('\n', Redact(text.Split('\n'))) : OneLine(text);
    }

    /// <summary>Several lines of one text, in order.</summary>
    public static IReadOnlyList<string> Redact(IReadOnlyList<string> lines) => [.. Broken(InsideKeys([.. lines])).Select(OneLine)];

    internal static string? RedactOrNull(string? text) => text is null ? null : Redact(text);

    private static string OneLine(string line) => line.Length < 8 ? line : Encoded(Escaped(Plain(line)));

    private static string Plain(string text)
    {
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
            text = PrivateKey.Replace(text, Mark);

        text = TokenShapes.Replace(text, Mark);
        if (text.Contains("://", StringComparison.Ordinal))
        {
            text = UrlCredentials.Replace(text, "${scheme}" + Mark + "@");
            text = HookUrls.Replace(text, "${keep}" + Mark);
        }

        text = Headers.Replace(text, "${keep}" + Mark);
        return Assignments.Replace(text, match => IsSecretValue(match.Groups["keep"].Value, match.Groups["value"].Value) ? match.Groups["keep"].Value + Mark : match.Value);
    }

    // What stands behind password= is often a reference, a placeholder, the name of a variable, a word of the sentence or already masked; behind pwd= a folder.
    private static bool IsSecretValue(string name, string value) =>
        value[0] is not ('$' or '[' or '<' or '*' or '{' or '(' or '%') && value is not ("undefined" or "required" or "missing" or "parameter" or "unbound" or "environment")
        && (!value.Contains('_', StringComparison.Ordinal) || value.AsSpan().ContainsAnyExceptInRange('A', '_')) && !(value[0] is '/' && name.StartsWith("pwd", StringComparison.OrdinalIgnoreCase))
        && !value.Contains(Mark, StringComparison.Ordinal);

    // %2D and \u002d hide the characters that a token is known by.
    private static string Escaped(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal) && !text.Contains("\\u", StringComparison.Ordinal) && !text.Contains("\\x", StringComparison.Ordinal))
            return text;

        return EscapedWord.Replace(text, word =>
        {
            var plain = Escape.Replace(word.Value, escape => ((char)Convert.ToInt32(escape.Groups["code"].Value, 16)).ToString());
            return TokenShapes.AnyIn(plain) || UrlCredentials.IsMatch(plain) ? Mark : word.Value;
        });
    }

    private static string Encoded(string text) => Base64Word.Replace(text, word =>
    {
        var value = word.Value.Replace('-', '+').Replace('_', '/').TrimEnd('=');

        // The run need not begin where the encoded text does: three other offsets cover all.
        for (var skip = 0; skip < 4; skip++)
        {
            var rest = value[skip..];
            rest = rest[..(rest.Length - (rest.Length % 4 == 1 ? 1 : 0))];
            var bytes = new byte[rest.Length];
            if (!Convert.TryFromBase64String(rest.PadRight((rest.Length + 3) / 4 * 4, '='), bytes, out var count))
                continue;

            var plain = Encoding.Latin1.GetString(bytes, 0, count);
            if (TokenShapes.AnyIn(plain) || KeyBegin.IsMatch(plain) || UrlCredentials.IsMatch(plain))
                return Mark;
        }

        return word.Value;
    });

    // The lines of a private key whose frame is on other lines.
    private static string[] InsideKeys(string[] lines)
    {
        var isInside = false;
        for (var at = 0; at < lines.Length; at++)
        {
            var begins = KeyBegin.IsMatch(lines[at]);
            var ends = lines[at].Contains("-----END", StringComparison.Ordinal);
            if (begins || isInside)
                lines[at] = Mark;

            isInside = (isInside || begins) && !ends;
        }

        return lines;
    }

    // Half a token shows itself together with its other half. One that is whole already goes on only where the next line looks like it, and not like a word.
    private static bool GoesOn(string first, string second) =>
        TokenShapes.AnyIn(first)
            ? second.Length >= 2 * ShortestPiece && second.AsSpan().ContainsAnyInRange('0', '9') && second.AsSpan().ContainsAnyInRange('A', 'Z') && second.AsSpan().ContainsAnyInRange('a', 'z')
            : TokenShapes.AnyIn(first + second);

    private static string[] Broken(string[] lines)
    {
        for (var at = 0; at + 1 < lines.Length; at++)
        {
            var first = lines[at].TrimEnd('\r');
            var start = TokenShapes.UnfinishedAt(first);
            if (start < 0)
                continue;

            var second = lines[at + 1].TrimStart();
            var end = 0;
            while (end < second.Length && (char.IsAsciiLetterOrDigit(second[end]) || second[end] is '_' or '-' or '.'))
                end++;

            if (end < ShortestPiece || !GoesOn(first[start..], second[..end]))
                continue;

            lines[at] = first[..start] + Mark;
            lines[at + 1] = Mark + second[end..];
        }

        return lines;
    }
}
