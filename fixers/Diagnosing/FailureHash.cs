using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>The hash that is the same for the same failure in every job, branch and repository.</summary>
internal static class FailureHash
{
    private static readonly LinePattern Time = new(@"\d{4}-\d{2}-\d{2}[t _]\d{2}[:_]\d{2}[:_]\d{2}[.\d_z]*|\b\d{1,2}:\d{2}(:\d{2})?([.,]\d+)?\b");
    // Whole paths and addresses, with the position behind them.
    private static readonly LinePattern Location = new(@"([a-z][a-z0-9+.-]*://|[a-z]:\\|\.{0,2}/|~/)[^\s'""`\u2018\u2019:,;()\[\]]*");
    private static readonly LinePattern Hexadecimal = new(@"\b(0x[0-9a-f]+|[0-9a-f]{7,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\b");
    private static readonly LinePattern Number = new(@"\d+([.,]\d+)*");
    private static readonly LinePattern Blank = new(@"[\s'""`\u2018\u2019\u201c\u201d]+");

    internal static string Of(CatalogueEntry entry, Dictionary<string, string> captures, string cause)
    {
        var identity = entry.Identity.Where(captures.ContainsKey).Order(StringComparer.Ordinal).Select(name => $"{name}={captures[name]}").ToList();
        return identity.Count == 0 ? Of(entry.Id, cause) : Hash(entry.Id + "\n" + string.Join('\n', identity));
    }

    internal static string Of(string id, string cause) => Hash(id + "\n" + Normalise(cause));

    internal static string Normalise(string text)
    {
        text = Redactor.Redact(text).ToLowerInvariant();
        text = Time.Replace(text, " ");
        text = Location.Replace(text, " ");
        text = Hexadecimal.Replace(text, " ");
        text = Number.Replace(text, " ");
        return Blank.Replace(text, " ").Trim();
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}
