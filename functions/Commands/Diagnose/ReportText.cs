using System.Globalization;
using System.Text;
using QMoi.Fixers;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>Text of strangers, made fit for a line that a person reads.</summary>
internal static class ReportText
{
    /// <summary>On one line, at most so long, without what moves a cursor, starts a command or turns the order of letters around.</summary>
    public static string OneLine(string text, int longest = int.MaxValue)
    {
        var line = new StringBuilder(Math.Min(text.Length, longest));
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length + rune.Utf16SequenceLength > longest)
                return line.Append("...").ToString();
            line.Append(rune.Value is '\t' or '\r' or '\n' ? " " : IsUnfit(rune) ? "\ufffd" : rune.ToString());
        }
        return line.ToString();
    }

    /// <summary>The root-cause lines, as many of them as the evidence has.</summary>
    public static string Cause(Diagnosis diagnosis)
    {
        var cause = diagnosis.RootCause;
        var lines = diagnosis.Evidence.Where(line => line.Number >= cause.Line && line.Number <= cause.EndLine).ToList();
        return lines.Count == cause.EndLine - cause.Line + 1 ? string.Join('\n', lines.Select(line => line.Text)) : cause.Text;
    }

    private static bool IsUnfit(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        // Joiners belong to emoji and to many scripts.
        UnicodeCategory.Format => rune.Value is not (0x200c or 0x200d),
        _ => false,
    };
}
