namespace QMoi.Fixers.Diagnosing;

/// <summary>Text of the catalogue with <c>{capture}</c> placeholders.</summary>
internal static class Template
{
    /// <summary>The names of the placeholders, in order.</summary>
    internal static IReadOnlyList<string> Names(string text)
    {
        List<string> names = [];
        for (var from = 0; Next(text, from) is var (start, end); from = end)
            names.Add(text[(start + 1)..(end - 1)]);

        return names;
    }

    /// <summary>The text with all placeholders filled, or <c>null</c> when a value is not known.</summary>
    internal static string? Fill(string text, IReadOnlyDictionary<string, string> values)
    {
        var result = new System.Text.StringBuilder();
        var done = 0;
        while (Next(text, done) is var (start, end))
        {
            if (!values.TryGetValue(text[(start + 1)..(end - 1)], out var value))
                return null;

            result.Append(text, done, start - done).Append(value);
            done = end;
        }

        return result.Append(text, done, text.Length - done).ToString();
    }

    private static (int Start, int End)? Next(string text, int from)
    {
        while (text.IndexOf('{', from) is var start and >= 0)
        {
            var end = start + 1;
            while (end < text.Length && (char.IsAsciiLetterLower(text[end]) || text[end] == '_'))
                end++;

            if (end > start + 1 && end < text.Length && text[end] == '}')
                return (start, end + 1);

            from = start + 1;
        }

        return null;
    }
}
