using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using QMoi.Fixers.Diagnosing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores.Postgres;

namespace QMoi.Functions.Telemetry;

/// <summary>
/// The last gate before a log: one entry stays one line, whatever outside text it quotes, and no secret gets through: neither those of the settings, in whatever form they
/// travel, nor anything that looks like one.
/// </summary>
internal sealed class LogGate
{
    private const int Longest = 16 * 1024;

    /// <summary>A shorter secret is as likely a common word, and hiding that would spoil the log more than it helps.</summary>
    private const int ShortestSecret = 8;

    private readonly string[] secrets;

    private LogGate(IEnumerable<string?> secrets)
    {
        this.secrets = [.. secrets.OfType<string>().SelectMany(Forms).Where(form => form.Length >= ShortestSecret).Distinct(StringComparer.Ordinal)];
        // Longest first: one may be a part of another.
        Array.Sort(this.secrets, static (one, other) => other.Length.CompareTo(one.Length));
    }

    public static LogGate Of(BotSettings settings) => new(
    [
        settings.GitHub.Token, settings.GitLab.Token, .. settings.GitHubSecrets.Secrets, .. settings.GitHubSecrets.SigningTokens, .. settings.GitLabSecrets.Secrets, .. settings.GitLabSecrets.SigningTokens,
        .. settings.AdminTokens, .. settings.EncryptionKeys.Select(Convert.ToBase64String), .. (settings.GitHub.PrivateKeyPem ?? "").Split('\n').Where(line => !line.Contains("---", StringComparison.Ordinal)),
        settings.DatabaseUrl, settings.DatabaseUrl is { } url ? PasswordIn(url) : null,
        .. (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_HEADERS") ?? "").Split(',').Select(header => header.Split('=', 2)[^1]),
    ]);

    /// <summary>By itself, so that the library is loaded only where it is used.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string? PasswordIn(string url) => PostgresUrl.Parse(url).Password;

    /// <summary>One line without secrets.</summary>
    public string Clean(string text) => OneLine(WithoutShapes(Hide(text.Length > Longest ? text[..Longest] + "..." : text)));

    /// <summary>Outside words without secrets, for whatever they are put into.</summary>
    public string Hidden(string text) => WithoutShapes(Hide(text));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string WithoutShapes(string text) => Redactor.Redact(text);

    /// <summary>The same for a message of ours with these values in it. Looking for the shapes of secrets is left out where no value could be one: to get ready for
    /// it takes 20 ms, which the warnings of a start would have to wait for.</summary>
    public string Clean(string message, IEnumerable<string> values) => values.All(IsPlain) ? CleanLightly(message) : Clean(message);

    /// <summary>Words without digits and signs, names of variables.</summary>
    private static bool IsPlain(string value)
    {
        foreach (var range in value.AsSpan().Split(' '))
        {
            var word = value.AsSpan(range);
            if (word.ContainsAnyExcept(NameLetters) && (word.Length > 15 || word.ContainsAnyExcept(WordLetters)))
                return false;
        }
        return true;
    }

    /// <summary>What some writer of JSON writes otherwise.</summary>
    private static readonly SearchValues<char> Escaped = SearchValues.Create("\"\\'<>&+`/\b\f\n\r\t");
    private static readonly SearchValues<char> NameLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_,");
    private static readonly SearchValues<char> WordLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz,.'");

    /// <summary>One line without the secrets of the settings. For the audit, whose hashes must stay as they are.</summary>
    public string CleanLightly(string text) => OneLine(Hide(text));

    /// <summary>Types, messages and stacks, the innermost last. Messages quote the outside, so each is one line; no line of a stack looks like an entry of its own.</summary>
    public string Clean(Exception exception)
    {
        var text = new StringBuilder();
        var pending = new Stack<Exception>([exception]);
        for (var shown = 0; shown < 10 && pending.TryPop(out var one); shown++)
        {
            text.Append("    ").Append(one.GetType().FullName).Append(": ").Append(Clean(one.Message)).Append('\n');
            foreach (var line in (one.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                text.Append("      ").Append(Clean(line)).Append('\n');
            Exception?[] inners = one is AggregateException many ? [.. many.InnerExceptions.Reverse()] : [one.InnerException];
            foreach (var inner in inners)
                if (inner is not null)
                    pending.Push(inner);
        }
        return text.ToString();
    }

    private string Hide(string text) => secrets.Aggregate(text, static (hidden, secret) => hidden.Replace(secret, Redactor.Mark, StringComparison.Ordinal));

    /// <summary>As it is, in an address, in JSON, and as git and HTTP send it.</summary>
    private static IEnumerable<string> Forms(string secret)
    {
        var trimmed = secret.Trim();
        yield return trimmed;
        yield return Uri.EscapeDataString(trimmed);
        if (trimmed.AsSpan().ContainsAny(Escaped))
            yield return InJson(trimmed);
        foreach (var user in (string[])["", "x-access-token:", "oauth2:"])
            yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(user + trimmed)).TrimEnd('=');
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string InJson(string text) => System.Text.Json.JsonEncodedText.Encode(text).ToString();

    private static string OneLine(string text)
    {
        var at = text.AsSpan().IndexOfAny(Breaking);
        if (at < 0)
            return text;
        var line = new StringBuilder(text.Length + 16).Append(text, 0, at);
        foreach (var character in text.AsSpan(at))
        {
            _ = character switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                '\t' => line.Append(' '),
                _ when Breaking.Contains(character) => line.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture)),
                _ => line.Append(character),
            };
        }
        return line.ToString();
    }

    /// <summary>Control characters, what some viewers take for the end of a line, and what turns the direction of text around.</summary>
    private static readonly SearchValues<char> Breaking = SearchValues.Create(Characters((0x00, 0x1f), (0x7f, 0x9f), (0x200e, 0x200f), (0x2028, 0x202e), (0x2066, 0x2069), (0xfeff, 0xfeff)));

    private static string Characters(params (int First, int Last)[] ranges)
    {
        var characters = new StringBuilder();
        foreach (var (first, last) in ranges)
            for (var code = first; code <= last; code++)
                characters.Append((char)code);
        return characters.ToString();
    }
}
