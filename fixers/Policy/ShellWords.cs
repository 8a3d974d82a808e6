namespace QMoi.Fixers.Policy;

/// <summary>Takes a command line apart where that needs no shell.</summary>
internal static class ShellWords
{
    /// <returns><c>null</c> where a shell would do more than to take words apart: variables, globs, pipes, escapes, more than one command.</returns>
    public static IReadOnlyList<string>? Split(string command)
    {
        var words = new List<string>();
        var word = "";
        var isWord = false;
        var quote = '\0';
        foreach (var character in command)
        {
            if (char.IsControl(character) && character != '\t')
                return null;
            if (quote != '\0')
            {
                if (character == quote)
                    quote = '\0';
                else if (character is '$' or '`' or '\\')
                    return null;
                else
                    word += character;
            }
            else if (character is '"' or '\'')
            {
                (quote, isWord) = (character, true);
            }
            else if (character is ' ' or '\t')
            {
                if (isWord)
                    words.Add(word);
                (word, isWord) = ("", false);
            }
            else if (char.IsAsciiLetterOrDigit(character) || character is '.' or '/' or '-' or '_' or '=' or ':' or '@' or '+' or ',' or '%')
            {
                word += character;
                isWord = true;
            }
            else
            {
                return null;
            }
        }

        if (isWord)
            words.Add(word);
        return quote == '\0' && words.Count > 0 ? words : null;
    }
}
