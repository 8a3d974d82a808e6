using System.Text;

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

    internal static string Short(string text, int longest = LongestText) => text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
