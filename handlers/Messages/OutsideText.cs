using System.Text;

namespace QMoi.Handlers.Messages;

/// <summary>
/// Text from outside (logs, names, branches) made fit for Markdown: it never becomes a mention, a quick action, a link, a heading or the end of its own
/// code block.
/// </summary>
public static class OutsideText
{
    /// <summary>A code span on one line: <c>`text`</c>. Empty text gives a dash.</summary>
    public static string Code(string? text, int maxLength = 200)
    {
        var line = OneLine(text, maxLength);
        if (line.Length == 0)
            return "-";
        var fence = new string('`', LongestRun(line) + 1);
        var pad = line[0] == '`' || line[^1] == '`' ? " " : "";
        return $"{fence}{pad}{line}{pad}{fence}";
    }

    /// <summary>A fenced block whose fence no line of the text can close. Lines are prefixed by the caller, so none begins with a slash.</summary>
    public static string Block(IEnumerable<string> lines, string language)
    {
        var clean = lines.Select(line => Clean(line, 500)).ToList();
        var fence = new string('`', Math.Max(3, clean.Select(LongestRun).DefaultIfEmpty(0).Max() + 1));
        return $"{fence}{language}\n{string.Join('\n', clean)}\n{fence}";
    }

    /// <summary>Plain words on one line with everything that Markdown or a forge would act on made harmless.</summary>
    public static string Plain(string? text, int maxLength = 300)
    {
        var words = new StringBuilder();
        foreach (var c in Clean(text ?? "", maxLength))
        {
            if (c is '@' or '#' or '!' or '&' or '~' or '%' or '$')
                words.Append(c).Append('\u2060');          // word joiner: no mention, reference or label
            else if (c is '\\' or '`' or '*' or '_' or '{' or '}' or '[' or ']' or '<' or '>' or '(' or ')' or '|')
                words.Append('\\').Append(c);
            else
                words.Append(c);
        }
        // No address, no reference (GH-1 is #1 to GitHub), no quick action, nor a mark that makes a list of a line.
        var plain = words.Replace("://", ":\u2060//").Replace("www.", "www\u2060.").Replace("GH-", "GH\u2060-").Replace("gh-", "gh\u2060-").ToString();
        var start = plain.Length - plain.TrimStart().Length;
        return start < plain.Length && plain[start] is '/' or '-' or '+' or '=' ? plain.Insert(start, "\u2060") : plain;
    }

    /// <summary>A sentence of ours with names from outside in it: what stands between backticks becomes a code span, the rest plain words.</summary>
    public static string Sentence(string? text, int maxLength = 400)
    {
        var parts = OneLine(text, maxLength).Split('`');
        return string.Concat(parts.Select((part, index) => index % 2 == 1 && index < parts.Length - 1 ? Code(part) : index % 2 == 1 ? "\\`" + Plain(part) : Plain(part, maxLength)));
    }

    /// <summary>A link to an address of the forge; the bare words where the address is none.</summary>
    public static string Link(string words, string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.UserInfo.Length == 0
            ? $"[{Plain(words, 80)}]({uri.AbsoluteUri.Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal)})"
            : Plain(words, 80);

    /// <summary>Words for a commit message: no trailer, no reference, no address of an issue, no <c>[skip ci]</c>.</summary>
    public static string ForCommit(string? text, int maxLength = 200) =>
        OneLine(text, maxLength).Replace("://", ": //", StringComparison.Ordinal).Replace("GH-", "GH ", StringComparison.OrdinalIgnoreCase).Replace("-by:", "-by", StringComparison.OrdinalIgnoreCase)
            .Replace('[', '(').Replace(']', ')').Replace("#", "", StringComparison.Ordinal).Replace("!", "", StringComparison.Ordinal)
            .Replace("@", "(at)", StringComparison.Ordinal).Replace("***", "", StringComparison.Ordinal);

    /// <summary>Without line breaks, control and invisible characters.</summary>
    public static string OneLine(string? text, int maxLength) => Clean(text ?? "", maxLength).Trim();

    private static string Clean(string text, int maxLength)
    {
        var clean = new StringBuilder(Math.Min(text.Length, maxLength) + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= maxLength)
            {
                clean.Append('\u2026');
                break;
            }
            if (rune.Value == '\t')
                clean.Append("    ");
            else if (Rune.IsControl(rune) || IsInvisible(rune.Value))
                clean.Append(rune.Value is '\r' or '\n' or 0x2028 or 0x2029 ? " " : "");
            else
                clean.Append(rune);
        }
        return clean.ToString();
    }

    /// <summary>Zero-width, bidirectional and separator characters: what a reader cannot see must not change what is read.</summary>
    private static bool IsInvisible(int c) => c is 0x00AD or 0x061C or 0x180E or (>= 0x200B and <= 0x200F) or (>= 0x2028 and <= 0x202E) or (>= 0x2060 and <= 0x206F) or 0xFEFF
        or (>= 0xE0000 and <= 0xE007F);

    private static int LongestRun(string text)
    {
        var (longest, run) = (0, 0);
        foreach (var c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        return longest;
    }
}
