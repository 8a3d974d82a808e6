using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>What a person sees of a line.</summary>
internal static class LogText
{
    private const int LongestText = 512;

    internal static string Read(ReadOnlySpan<byte> raw)
    {
        var scratch = new byte[4 * Math.Min(raw.Length, LineCleaner.LongestLine) + 64];
        raw = raw[LinePrefix.TimeLength(raw)..];
        var text = Encoding.UTF8.GetString(scratch.AsSpan(0, LineCleaner.Clean(raw, scratch)));
        return Short(text.StartsWith("section_", StringComparison.Ordinal) ? "" : text);
    }

    /// <summary>False also where the answer would take too long: the text is a stranger's, and no sign is a matter of life and death.</summary>
    internal static bool Matches(Regex sign, string text, int longest = LongestText)
    {
        try
        {
            return sign.IsMatch(text.AsSpan(0, Math.Min(text.Length, longest)));
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    internal static string Short(string text, int longest = LongestText) => text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
