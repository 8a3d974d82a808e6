using System.Text;

namespace QMoi.Fixers.Python;

/// <summary>The lines of a Python file as they stand when it is made: where statements begin, what is code, what is text or comment.</summary>
internal sealed class PythonSource
{
    private readonly TextFile file;
    private readonly Line[] lines;

    private PythonSource(TextFile file, Line[] lines)
    {
        this.file = file;
        this.lines = lines;
    }

    public int Count => lines.Length;

    public static PythonSource Of(TextFile file) => new(file, Scan(file.Lines));

    /// <summary>The line with comments blanked out and each character inside a string replaced by an underscore; as long as the line itself.</summary>
    public string Code(int number) => lines[number - 1].Code;

    /// <summary>The line begins inside a string, a bracket or behind a backslash.</summary>
    public bool IsContinued(int number) => lines[number - 1].Outer != Outer.None;

    /// <summary>The line begins inside a string of several lines.</summary>
    public bool IsInString(int number) => lines[number - 1].Outer == Outer.String;

    /// <summary>The first line of a statement.</summary>
    public bool IsStatement(int number) => !IsContinued(number) && !IsBlank(number);

    /// <summary>Neither code nor text: nothing, or a comment.</summary>
    public bool IsBlank(int number) => !IsInString(number) && Code(number).AsSpan().Trim(" \t\f").IsEmpty;

    public bool IsComment(int number) => IsBlank(number) && file[number].TrimStart().StartsWith('#');

    /// <summary>The last line of the statement that begins at the line.</summary>
    public int EndOf(int number)
    {
        while (number < Count && IsContinued(number + 1))
            number++;
        return number;
    }

    /// <summary>The first line of the statement that the line belongs to.</summary>
    public int StartOf(int number)
    {
        while (number > 1 && IsContinued(number))
            number--;
        return number;
    }

    /// <summary>The next statement below, or 0.</summary>
    public int Next(int number)
    {
        for (var next = number + 1; next <= Count; next++)
            if (IsStatement(next))
                return next;
        return 0;
    }

    private static Line[] Scan(IReadOnlyList<string> texts)
    {
        var scanned = new Line[texts.Count];
        var quote = "";
        var depth = 0;
        var outer = Outer.None;
        for (var index = 0; index < texts.Count; index++)
        {
            var (text, code) = (texts[index], new StringBuilder(texts[index].Length));
            var begins = outer;
            var isContinued = false;
            for (var at = 0; at < text.Length;)
            {
                if (quote.Length > 0)
                {
                    var isEnd = string.CompareOrdinal(text, at, quote, 0, quote.Length) == 0;
                    var length = isEnd ? quote.Length : text[at] == '\\' && at + 1 < text.Length ? 2 : 1;
                    code.Append(isEnd ? quote : new string('_', length));
                    isContinued = !isEnd && length == 1 && text[at] == '\\';
                    at += length;
                    quote = isEnd ? "" : quote;
                }
                else if (text[at] is '"' or '\'')
                {
                    quote = at + 2 < text.Length && text[at + 1] == text[at] && text[at + 2] == text[at] ? text.Substring(at, 3) : text.Substring(at, 1);
                    code.Append(quote);
                    at += quote.Length;
                }
                else if (text[at] == '#')
                {
                    code.Append(' ', text.Length - at);
                    at = text.Length;
                }
                else
                {
                    depth = Math.Max(0, depth + (text[at] is '(' or '[' or '{' ? 1 : text[at] is ')' or ']' or '}' ? -1 : 0));
                    isContinued = text[at] == '\\' && at + 1 == text.Length;
                    code.Append(text[at++]);
                }
            }

            // A string of one line ends with it, whatever is missing.
            if (quote.Length == 1 && !isContinued)
                quote = "";
            scanned[index] = new Line(code.ToString(), begins);
            outer = quote.Length > 0 ? Outer.String : depth > 0 || isContinued ? Outer.Code : Outer.None;
        }

        return scanned;
    }

    private enum Outer { None, Code, String }

    private readonly record struct Line(string Code, Outer Outer);
}
