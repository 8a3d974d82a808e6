using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>The token shapes that are known by how they begin, and the few that are known by their middle.</summary>
internal static class TokenShapes
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const string Hexadecimal = "0123456789abcdefABCDEF";

    private static readonly SearchValues<char> Word = SearchValues.Create(Letters + "_");
    private static readonly SearchValues<char> Dashed = SearchValues.Create(Letters + "_-");
    private static readonly SearchValues<char> Dotted = SearchValues.Create(Letters + "_-.");
    private static readonly SearchValues<char> Base64 = SearchValues.Create(Letters + "_-+/=.");
    private static readonly SearchValues<char> Hex = SearchValues.Create(Hexadecimal);

    private static readonly Shape[] Shapes =
    [
        // GitHub: personal, OAuth, user, server (also ghs_<id>_<jwt>, 520 characters), refresh
        .. Each(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], Dotted, 20), new("github_pat_", Word, 20),

        // GitLab, also routable with dots: docs.gitlab.com/security/tokens (read 2026-11)
        .. Each(["glpat-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "gloas-", "glffct-", "glwt-"], Base64, 16),
        new("GR1348941", Dashed, 20), new("_gitlab_session=", Word, 32), new("whsec_", Base64, 24),

        // Slack
        .. Each(["xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "xwfp-"], Dotted, 10),

        // Clouds: AWS key ids, Google, DigitalOcean, Vault, Azure storage and shared access signatures
        .. Each(["AKIA", "ASIA", "ABIA", "ACCA"], SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 16, 16),
        new("AIza", Dashed, 35, 35), new("ya29.", Dashed, 20), new("GOCSPX-", Dashed, 20), .. Each(["dop_v1_", "doo_v1_", "dor_v1_"], Hex, 64), .. Each(["hvs.", "hvb.", "hvr."], Dashed, 20),
        new("AccountKey=", Base64, 40), new("SharedAccessKey=", Base64, 40), new("sig=", SearchValues.Create(Letters + "%+/="), 40),

        // Package feeds
        new("npm_", Word, 36), new("pypi-", Dashed, 16), new("rubygems_", Hex, 48), new("oy2", SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789"), 43, 43), new("cio", SearchValues.Create(Letters), 32, 32),
        new("dckr_pat_", Dashed, 20), new("dckr_oat_", Dashed, 20), new("AKCp", SearchValues.Create(Letters), 60),

        // Model providers
        new("sk-", Dashed, 20), new("hf_", SearchValues.Create(Letters), 30), new("gsk_", SearchValues.Create(Letters), 40), new("xai-", Word, 60), new("pplx-", Word, 40), new("r8_", SearchValues.Create(Letters), 37, 37),

        // Services
        .. Each(["sk_live_", "sk_test_", "rk_live_", "rk_test_"], Word, 16), new("SG.", Dotted, 40), .. Each(["shpat_", "shpca_", "shppa_", "shpss_"], Hex, 32), .. Each(["sqp_", "sqa_", "squ_"], Hex, 40),
        new("glc_", Base64, 32), new("glsa_", Word, 32), new("dapi", Hex, 32, 32), new("lin_api_", Word, 40), .. Each(["ATATT3", "ATCTT3"], Base64, 60), new("ATBB", Word, 32), new("PMAK-", Dashed, 50),
        new("AGE-SECRET-KEY-1", Word, 50), new("tskey-", Dashed, 20), new("pul-", Hex, 40), .. Each(["sntrys_", "sntryu_"], Base64, 40), new("figd_", Dashed, 40), new("dvc_server_", Word, 20),

        // JSON Web Tokens: {"alg": or {"typ": in base64; the check for a second part is below
        new("eyJ", Dotted, 20),
    ];

    private static readonly SearchValues<string> Starts = SearchValues.Create([.. Shapes.Select(shape => shape.Prefix)], StringComparison.Ordinal);

    // Azure client secrets, HCP Terraform, Telegram bots, Discord bots, Azure keys with a mark near their end
    private static readonly LinePattern Middles = new(
        @"[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}|\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{30,}|\b\d{8,10}:AA[A-Za-z0-9_-]{33}|\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"
        + @"|\b[A-Za-z0-9+/]{40,}(AQDO|APIM|AzCa|AzFu|AzSe|\+ASt|\+AMC|ACDb|ACRh)[A-Za-z0-9+/]{5}[AQgw]==");

    internal static bool AnyIn(string text) => First(text, 0) is not null || Middles.IsMatch(text);

    internal static string Replace(string text, string mark)
    {
        var found = First(text, 0);
        if (found is not null)
        {
            var result = new StringBuilder(text.Length);
            var done = 0;
            while (found is { } token)
            {
                result.Append(text, done, token.Start - done).Append(mark);
                done = token.End;
                found = First(text, done);
            }

            text = result.Append(text, done, text.Length - done).ToString();
        }

        return Middles.Replace(text, mark);
    }

    /// <summary>Where a token begins that reaches to the end of the text, whole or not.</summary>
    internal static int UnfinishedAt(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var next = text.AsSpan(at).IndexOfAny(Starts);
            if (next < 0)
                return -1;

            at += next;
            foreach (var shape in Shapes)
            {
                if (StartsAt(shape, text, at) && BodyLength(shape, text, at) == text.Length - at - shape.Prefix.Length)
                    return at;
            }

            at++;
        }

        return -1;
    }

    private static (int Start, int End)? First(string text, int from)
    {
        while (from < text.Length)
        {
            var next = text.AsSpan(from).IndexOfAny(Starts);
            if (next < 0)
                return null;

            from += next;
            var longest = 0;
            foreach (var shape in Shapes)
            {
                if (StartsAt(shape, text, from) && IsWhole(shape, text, from, out var length))
                    longest = Math.Max(longest, length);
            }

            if (longest > 0)
                return (from, from + longest);

            from++;
        }

        return null;
    }

    private static bool StartsAt(Shape shape, string text, int at) =>
        text.AsSpan(at).StartsWith(shape.Prefix, StringComparison.Ordinal) && (at == 0 || !char.IsAsciiLetterOrDigit(text[at - 1]) || shape.Prefix[0] == '_');

    private static bool IsWhole(Shape shape, string text, int at, out int length)
    {
        var body = BodyLength(shape, text, at);
        length = shape.Prefix.Length + body;
        if (body < shape.Shortest || body > shape.Longest)
            return false;

        var token = text.AsSpan(at, length);
        return shape.Prefix switch
        {
            "eyJ" => token.Contains(".eyJ", StringComparison.Ordinal),

            // sk-learn-... and the like: a key has digits and capitals, a name in kebab case has not.
            "sk-" => token.ContainsAnyInRange('0', '9') && token.ContainsAnyInRange('A', 'Z'),
            _ => true,
        };
    }

    private static int BodyLength(Shape shape, string text, int at)
    {
        var body = text.AsSpan(at + shape.Prefix.Length);
        var length = body.IndexOfAnyExcept(shape.Body);
        length = length < 0 ? body.Length : length;

        // The full stop behind a token ends the sentence.
        while (length > 0 && body[length - 1] == '.')
            length--;

        return length;
    }

    private static IEnumerable<Shape> Each(string[] prefixes, SearchValues<char> body, int shortest, int longest = int.MaxValue) =>
        prefixes.Select(prefix => new Shape(prefix, body, shortest, longest));

    private sealed record Shape(string Prefix, SearchValues<char> Body, int Shortest, int Longest = int.MaxValue);
}
