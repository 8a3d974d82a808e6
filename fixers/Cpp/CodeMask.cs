namespace QMoi.Fixers.Cpp;

/// <summary>What quotes and comments a language has.</summary>
internal enum CodeKind { C, Rust, Go }

/// <summary>Lines of a program with comments blanked and the insides of texts made unreadable, so that what is left is code. Every character keeps its place.</summary>
internal static class CodeMask
{
    /// <summary>Stands for each character of a text and its quotes: not blank, and no part of any name.</summary>
    public const char Literal = '"';

    public static string[] Of(TextFile file, CodeKind kind) => Of(file.Lines, kind);

    public static string[] Of(IReadOnlyList<string> lines, CodeKind kind)
    {
        var masked = new string[lines.Count];
        var depth = 0;
        string? end = null;
        var escapes = false;
        for (var number = 0; number < lines.Count; number++)
        {
            var line = lines[number];
            var text = line.ToCharArray();
            for (var at = 0; at < text.Length;)
            {
                if (depth > 0)
                    at = Comment(line, text, at, kind, ref depth);
                else if (end is not null)
                    at = Inside(line, text, at, escapes, ref end);
                else if (line[at] == '/' && at + 1 < line.Length && line[at + 1] == '/')
                    at = Fill(text, at, text.Length - at, ' ');
                else if (line[at] == '/' && at + 1 < line.Length && line[at + 1] == '*')
                    (depth, at) = (1, Fill(text, at, 2, ' '));
                else
                    at = Open(line, text, at, kind, ref end, ref escapes);
            }

            // Only these go on over the end of a line.
            if (end is "\"" && kind != CodeKind.Rust && !line.EndsWith('\\'))
                end = null;
            masked[number] = new string(text);
        }

        return masked;
    }

    public static bool IsName(char character) => char.IsLetterOrDigit(character) || character == '_';

    /// <summary>Where a name stands as a whole word.</summary>
    public static IEnumerable<int> Places(string masked, string name)
    {
        for (var at = masked.IndexOf(name, StringComparison.Ordinal); at >= 0; at = masked.IndexOf(name, at + 1, StringComparison.Ordinal))
            if ((at == 0 || !IsName(masked[at - 1])) && (at + name.Length == masked.Length || !IsName(masked[at + name.Length])))
                yield return at;
    }

    private static int Open(string line, char[] text, int at, CodeKind kind, ref string? end, ref bool escapes)
    {
        if (line[at] == '`' && kind == CodeKind.Go)
        {
            (end, escapes) = ("`", false);
            return Fill(text, at, 1, Literal);
        }

        if (line[at] == '"')
        {
            (end, escapes) = (RawEnd(line, at, kind) ?? "\"", RawEnd(line, at, kind) is null);
            return Fill(text, at, 1, Literal);
        }

        if (line[at] == '\'' && CharacterLength(line, at, kind) is > 0 and var length)
            return Fill(text, at, length, Literal);
        return at + 1;
    }

    private static int Inside(string line, char[] text, int at, bool escapes, ref string? end)
    {
        if (escapes && line[at] == '\\')
            return Fill(text, at, Math.Min(2, text.Length - at), Literal);
        if (string.CompareOrdinal(line, at, end, 0, end!.Length) != 0)
            return Fill(text, at, 1, Literal);
        at = Fill(text, at, end.Length, Literal);
        end = null;
        return at;
    }

    private static int Comment(string line, char[] text, int at, CodeKind kind, ref int depth)
    {
        var pair = at + 1 < line.Length ? line.AsSpan(at, 2) : "";
        if (pair is "*/")
            depth--;
        else if (pair is "/*" && kind == CodeKind.Rust)
            depth++;
        else
            return Fill(text, at, 1, ' ');
        return Fill(text, at, 2, ' ');
    }

    // R"x( … )x" in C++, r#" … "# in Rust.
    private static string? RawEnd(string line, int quote, CodeKind kind)
    {
        var start = quote;
        if (kind == CodeKind.C)
        {
            var open = line.IndexOf('(', quote);
            return quote > 0 && line[quote - 1] == 'R' && open > 0 && open - quote <= 17 ? $"){line[(quote + 1)..open]}\"" : null;
        }

        while (start > 0 && line[start - 1] == '#')
            start--;
        var isRaw = kind == CodeKind.Rust && start > 0 && line[start - 1] == 'r' && (start == 1 || !IsName(line[start - 2]) || line[start - 2] == 'b');
        return isRaw ? "\"" + new string('#', quote - start) : null;
    }

    // 0 where the quote begins no character: 1'000 in C++, a lifetime in Rust.
    private static int CharacterLength(string line, int at, CodeKind kind)
    {
        if (kind == CodeKind.C && at > 0 && char.IsAsciiHexDigit(line[at - 1]) && at + 1 < line.Length && char.IsAsciiHexDigit(line[at + 1]))
            return 0;
        var close = at + 1;
        while (close < line.Length && line[close] != '\'')
            close += line[close] == '\\' ? 2 : 1;
        if (close >= line.Length)
            return 0;
        var length = close - at + 1;
        return kind == CodeKind.Rust && line[at + 1] != '\\' && length > 4 ? 0 : length;
    }

    private static int Fill(char[] text, int at, int length, char with)
    {
        text.AsSpan(at, length).Fill(with);
        return at + length;
    }
}
