namespace QMoi.Fixers.TypeScript;

/// <summary>JavaScript or TypeScript read only as far as rules need it: what is code and what is a comment or a text, and where a word stands.</summary>
internal static class ScriptCode
{
    /// <summary>The lines with everything in comments, strings and templates blanked out; places stay. Quotes themselves stay, so that a text still ends in something.</summary>
    public static IReadOnlyList<string> Mask(IReadOnlyList<string> lines)
    {
        var masked = new List<string>(lines.Count);
        var isComment = false;
        // For each open ${ of a template: how many braces are open in it.
        var templates = new Stack<int>();
        var isTemplate = false;
        foreach (var line in lines)
        {
            var text = line.ToCharArray();
            for (var at = 0; at < text.Length; at++)
            {
                if (isComment)
                {
                    isComment = !line.AsSpan(at).StartsWith("*/");
                    text[at] = ' ';
                    if (!isComment)
                        text[++at] = ' ';
                }
                else if (isTemplate)
                {
                    if (line[at] == '`')
                    {
                        isTemplate = false;
                    }
                    else if (line.AsSpan(at).StartsWith("${"))
                    {
                        templates.Push(0);
                        isTemplate = false;
                        text[at] = ' ';
                        text[++at] = '(';
                    }
                    else
                    {
                        if (line[at] == '\\' && at + 1 < text.Length)
                            text[at++] = ' ';
                        text[at] = ' ';
                    }
                }
                else if (line.AsSpan(at).StartsWith("//"))
                {
                    text.AsSpan(at).Fill(' ');
                    break;
                }
                else if (line.AsSpan(at).StartsWith("/*"))
                {
                    isComment = true;
                    text[at] = text[++at] = ' ';
                }
                else if (line[at] is '"' or '\'')
                {
                    at = Blank(text, line, at, line[at]);
                }
                else if (line[at] == '/' && BeginsPattern(text.AsSpan(0, at)))
                {
                    at = Blank(text, line, at, '/');
                }
                else if (line[at] == '`')
                {
                    isTemplate = true;
                }
                else if (templates.Count > 0 && line[at] == '{')
                {
                    templates.Push(templates.Pop() + 1);
                }
                else if (templates.Count > 0 && line[at] == '}')
                {
                    var open = templates.Pop();
                    isTemplate = open == 0;
                    if (isTemplate)
                        text[at] = ')';
                    else
                        templates.Push(open - 1);
                }
            }

            masked.Add(new string(text));
        }

        return masked;
    }

    public static bool IsWordPart(char character) => char.IsLetterOrDigit(character) || character is '_' or '$';

    /// <summary>The word stands at this place, whole.</summary>
    /// <param name="at">From 0.</param>
    public static bool HasWord(string text, int at, string word) =>
        at >= 0 && at + word.Length <= text.Length && string.CompareOrdinal(text, at, word, 0, word.Length) == 0
        && (at == 0 || !IsWordPart(text[at - 1]) || !IsWordPart(word[0])) && (at + word.Length == text.Length || !IsWordPart(text[at + word.Length]) || !IsWordPart(word[^1]));

    /// <summary>Every place (from 0) at which the word stands, whole.</summary>
    public static IEnumerable<int> Words(string text, string word)
    {
        for (var at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
            if (HasWord(text, at, word))
                yield return at;
    }

    // Blanks a text up to its closing quote. A string that is not closed ends with its line.
    private static int Blank(char[] text, string line, int start, char quote)
    {
        var isSet = false;
        for (var at = start + 1; at < line.Length; at++)
        {
            if (line[at] == quote && !isSet)
                return at;
            isSet = quote == '/' && (line[at] == '[' || (isSet && line[at] != ']'));
            if (line[at] == '\\' && at + 1 < line.Length)
                text[at++] = ' ';
            text[at] = ' ';
        }

        return line.Length;
    }

    // A slash behind a value divides; behind an operator, a bracket or nothing it begins a pattern, if the line also ends it. JSX closes with it: </a>.
    private static bool BeginsPattern(ReadOnlySpan<char> before)
    {
        before = before.TrimEnd();
        return before.IsEmpty || before[^1] is '(' or ',' or '=' or ':' or '[' or '!' or '&' or '|' or '?' or '{' or ';' or '+' || before.EndsWith("return") || before.EndsWith("case") || before.EndsWith("typeof");
    }
}
