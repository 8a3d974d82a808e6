using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>
/// Gives the lines of a file that are indented in another way the way of the rest, blanks or tabs. Unsafe where the blocks differ with the width that a tab is read with;
/// then only what makes no sense outside of the deeper block is put into it.
/// </summary>
public sealed partial class PythonInconsistentTabsFixer : IFixer
{
    // What editors show; blanks of other steps are tried where these do not come right.
    private static readonly int[] Widths = [4, 8];
    private static readonly int[] OddWidths = [2, 3];

    public string FailureId => "python-inconsistent-tabs";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        var files = found.Places.Where(place => place.File.Path.EndsWith(".py", StringComparison.Ordinal) || place.File.Path.EndsWith(".pyi", StringComparison.Ordinal))
            .Select(place => place.File).Distinct().OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        foreach (var file in files)
            if (Align(file) is { } refusal)
                return new FixResult.Declined(refusal);
        return files.Count == 0 || !files.TrueForAll(file => file.IsChanged)
            ? new FixResult.Declined("the files that the log names do not mix tabs and blanks")
            : new FixResult.Fixed(new Patch([.. files.Select(file => file.ToEdit())]), $"Made the indentation of {string.Join(", ", files.Select(file => $"`{file.Path}`"))} one of {Kind(files[0])}.");
    }

    /// <returns>Why the file cannot be repaired, or <c>null</c>.</returns>
    internal static string? Align(TextFile file)
    {
        var source = PythonSource.Of(file);
        var statements = Enumerable.Range(1, file.Count).Where(line => source.IsStatement(line) && file.Indent(line).Length > 0).ToList();
        var tabbed = statements.Count(line => file[line][0] == '\t');
        var isOfTabs = tabbed > statements.Count - tabbed;
        var strange = statements.Where(line => file.Indent(line).Contains(isOfTabs ? ' ' : '\t', StringComparison.Ordinal)).ToList();
        if (strange.Count == 0)
            return $"`{file.Path}` does not mix tabs and blanks";

        var step = PythonIndentation.Step(file, source);
        var readings = Readings(file, source, isOfTabs, isOfTabs ? Widths : [PythonIndentation.PythonTab, step]);
        if (readings.Count == 0 && isOfTabs)
            readings = Readings(file, source, isOfTabs, OddWidths);
        if (readings.Count == 0)
            return $"the blocks of `{file.Path}` do not come right with any width of a tab";
        if (readings.Count > 1 && (isOfTabs || !strange.TrueForAll(line => BelongsToDeeper(source, readings, line))))
            return $"the blocks of `{file.Path}` depend on how wide a tab is; which of them is meant is for a person to say";

        var chosen = readings[0].Columns.ToDictionary(column => column.Line, column => column.Column);
        for (var line = 1; line <= file.Count; line++)
        {
            var indent = file.Indent(line);
            if (source.IsContinued(line) || !indent.Contains(isOfTabs ? ' ' : '\t', StringComparison.Ordinal) || file[line].Length == indent.Length)
                continue;
            var column = chosen.TryGetValue(line, out var known) ? known : isOfTabs ? Level(indent, readings[0].Width) : PythonIndentation.Width(indent, readings[0].Width);
            if (column >= 0)
                file[line] = new string(isOfTabs ? '\t' : ' ', column) + file[line][indent.Length..];
        }

        return null;
    }

    // The blocks with each width that makes sense of them, those that are the same once.
    private static List<(int Width, IReadOnlyList<(int Line, int Column)> Columns)> Readings(TextFile file, PythonSource source, bool isOfTabs, IEnumerable<int> widths) =>
        [
            .. widths.Distinct()
                .Select(width => (Width: width, Columns: isOfTabs ? Levels(file, source, width) : PythonIndentation.Columns(file, source, width)))
                .Where(reading => reading.Columns.All(column => column.Column >= 0) && PythonIndentation.IsSound(reading.Columns, source))
                .DistinctBy(reading => string.Join(' ', reading.Columns.Select(column => column.Column))),
        ];

    // How many tabs a line stands for; -1 where its blanks are no number of them.
    private static IReadOnlyList<(int Line, int Column)> Levels(TextFile file, PythonSource source, int width) =>
        [.. PythonIndentation.Columns(file, source, width).Select(column => (column.Line, Level(file.Indent(column.Line), width)))];

    private static int Level(string indent, int width) => PythonIndentation.Width(indent, width) is var column && column % width == 0 ? column / width : -1;

    // Read with Python's width the line stands in a block that it only makes sense in: it uses what the block alone binds, or counts or ends a loop.
    private static bool BelongsToDeeper(PythonSource source, List<(int Width, IReadOnlyList<(int Line, int Column)> Columns)> readings, int line)
    {
        int ColumnIn(int reading) => readings[reading].Columns.First(column => column.Line == line).Column;
        if (readings.Select((_, reading) => ColumnIn(reading)).Distinct().Count() == 1)
            return true;
        var columns = readings[0].Columns;
        var head = columns.LastOrDefault(other => other.Line < line && other.Column < ColumnIn(0));
        var code = source.Code(line);
        if (head.Line == 0 || head.Column < ColumnIn(1) || Ends().IsMatch(code))
            return false;
        if (Loop().IsMatch(source.Code(head.Line)) && CountsOrLeaves().IsMatch(code))
            return true;

        bool IsUsed(string name) => name != "_" && Regex.IsMatch(code, $@"\b{name}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        IEnumerable<string> Assigned(IEnumerable<(int Line, int Column)> among) => among.Select(column => Assignment().Match(source.Code(column.Line))).Where(match => match.Success).Select(match => match.Groups["name"].Value);
        var names = Head().Match(source.Code(head.Line)) is { Success: true } match ? Word().Matches(match.Groups["names"].Value).Select(word => word.Value) : [];
        var inside = Assigned(columns.Where(column => column.Line > head.Line && column.Line < line && column.Column >= ColumnIn(0)));
        var outside = Assigned(columns.Where(column => column.Line < line && (column.Line < head.Line || column.Column < ColumnIn(0)))).ToHashSet(StringComparer.Ordinal);
        return names.Any(IsUsed) || inside.Any(name => !outside.Contains(name) && IsUsed(name));
    }

    private static string Kind(TextFile file) => file.Lines.Any(line => line.StartsWith('\t')) ? "tabs" : "blanks";

    [GeneratedRegex(@"^\s*(?:async\s+)?(?:for\s+(?<names>.+?)\s+in\b|(?:with|except)\b.*\bas\s+(?<names>\w+)\s*:)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Head();

    [GeneratedRegex(@"^\s*(?:return|yield)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ends();

    [GeneratedRegex(@"^\s*(?:async\s+)?(?:for|while)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Loop();

    [GeneratedRegex(@"^\s*(?:[\w.]+(?:\[[^\]]*\])?\s*(?:[-+*/%&|^]|//|\*\*|<<|>>)=|(?:continue|break)\b)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CountsOrLeaves();

    [GeneratedRegex(@"^\s*(?<name>[A-Za-z_]\w*)\s*(?::[^=]+)?=(?:[^=]|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"[A-Za-z_]\w*", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();
}
