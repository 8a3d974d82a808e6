using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>Where the blocks of a Python file begin and end, whatever its indentation is made of.</summary>
internal static partial class PythonIndentation
{
    /// <summary>Python itself counts a tab up to the next multiple of this.</summary>
    public const int PythonTab = 8;

    /// <summary>The first lines of statements, with the column they begin at when tabs are so wide.</summary>
    public static IReadOnlyList<(int Line, int Column)> Columns(TextFile file, PythonSource source, int tab) =>
        [.. Enumerable.Range(1, file.Count).Where(source.IsStatement).Select(line => (line, Width(file.Indent(line), tab)))];

    public static int Width(string indent, int tab)
    {
        var width = 0;
        foreach (var character in indent)
            width = character == '\t' ? (width / tab + 1) * tab : width + 1;
        return width;
    }

    /// <summary>The step of the file: 2, 3, 4 or 8 columns, by the lines that are indented with blanks; 4 where none is.</summary>
    public static int Step(TextFile file, PythonSource source)
    {
        var steps = new Dictionary<int, int>();
        var above = 0;
        foreach (var (line, column) in Columns(file, source, PythonTab))
        {
            if (file.Indent(line).Contains('\t', StringComparison.Ordinal))
                continue;
            if (column > above)
                steps[column - above] = steps.GetValueOrDefault(column - above) + 1;
            above = column;
        }

        return steps.Where(step => step.Key is 2 or 3 or 4 or 8).OrderByDescending(step => step.Value).Select(step => step.Key).FirstOrDefault(4);
    }

    /// <summary>
    /// True where the columns make blocks that a person can have meant: deeper only below a line that opens a block, back only to where one began, and nothing behind the end of a block.
    /// </summary>
    public static bool IsSound(IReadOnlyList<(int Line, int Column)> columns, PythonSource source)
    {
        var open = new Stack<int>([0]);
        var opens = false;
        var leaves = false;
        foreach (var (line, column) in columns)
        {
            if (opens != column > open.Peek())
                return false;
            if (opens)
                open.Push(column);
            else if (column < open.Peek())
                leaves = false;
            while (open.Peek() > column)
                open.Pop();
            if (open.Peek() != column || leaves)
                return false;
            var end = source.Code(source.EndOf(line)).TrimEnd();
            opens = end.EndsWith(':');
            leaves = Leaves().IsMatch(source.Code(line));
        }

        return !opens;
    }

    [GeneratedRegex(@"^\s*(?:return|raise|continue|break)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Leaves();
}
