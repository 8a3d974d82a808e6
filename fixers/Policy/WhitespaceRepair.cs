namespace QMoi.Fixers.Policy;

/// <summary>Blanks at the ends of lines and of files.</summary>
internal static class WhitespaceRepair
{
    /// <param name="keepsBreaks">Two blanks or more at the end of a line are a line break of Markdown and become two.</param>
    public static void Lines(TextFile file, bool keepsBreaks)
    {
        for (var line = 1; line <= file.Count; line++)
        {
            var text = file[line].TrimEnd();
            file[line] = keepsBreaks && text.Length > 0 && file[line].EndsWith("  ", StringComparison.Ordinal) ? text + "  " : text;
        }
    }

    /// <summary>One line end behind the last line that holds anything.</summary>
    public static void End(TextFile file)
    {
        while (file.Count > 0 && file[file.Count].Length == 0)
            file.Remove(file.Count);
        if (file.Count > 0)
            file.Insert(file.Count + 1);
    }
}
