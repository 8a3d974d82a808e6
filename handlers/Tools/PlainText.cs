using System.Text;

namespace QMoi.Handlers.Tools;

/// <summary>What a program printed, made fit for a sentence to people: no escapes, no control characters, the end of it.</summary>
internal static class PlainText
{
    /// <summary>The last <paramref name="maxCharacters"/>, beginning at a line where one begins; line breaks stay.</summary>
    public static string Tail(ReadOnlySpan<byte> bytes, int maxCharacters)
    {
        var text = Clean(Encoding.UTF8.GetString(bytes)).Trim();
        if (text.Length <= maxCharacters) return text;
        var tail = text[^maxCharacters..];
        var line = tail.IndexOf('\n', StringComparison.Ordinal);
        return line >= 0 && line < maxCharacters / 2 ? tail[(line + 1)..] : tail;
    }

    private static string Clean(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (character is '\u001b' or '\u009b')
            {
                i = EscapeEnd(text, i);
                continue;
            }
            if (character == '\r')
            {
                if (i + 1 < text.Length && text[i + 1] != '\n') result.Append('\n');
                continue;
            }
            if (character is '\n' or '\t') result.Append(character);
            else if (!char.IsControl(character) && char.GetUnicodeCategory(character) is not System.Globalization.UnicodeCategory.Format) result.Append(character);
        }
        return result.ToString();
    }

    // ESC [ ... letter, ESC ] ... BEL or ESC \, ESC and one more.
    private static int EscapeEnd(string text, int start)
    {
        var i = start + 1;
        var kind = text[start] == '\u009b' ? '[' : i < text.Length ? text[i++] : ' ';
        if (kind == '[')
        {
            while (i < text.Length && text[i] is >= '\u0020' and <= '\u003f') i++;
            return Math.Min(i, text.Length - 1);
        }
        if (kind is not (']' or 'P' or '^' or '_')) return Math.Min(i - 1, text.Length - 1);
        while (i < text.Length && text[i] is not ('\u0007' or '\u001b' or '\n')) i++;
        if (i + 1 < text.Length && text[i] == '\u001b' && text[i + 1] == '\\') i++;
        return Math.Min(i, text.Length - 1);
    }
}
