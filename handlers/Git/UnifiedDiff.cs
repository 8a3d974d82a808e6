using System.Text;
using QMoi.Fixers;

namespace QMoi.Handlers.Git;

/// <summary>A patch as text, the way git prints it and <c>git apply</c> reads it.</summary>
public static class UnifiedDiff
{
    private const int Context = 3;

    /// <summary>For showing: content that is no UTF-8 has U+FFFD in it. <see cref="RenderBytes"/> is exact.</summary>
    public static string Render(Patch patch) => Encoding.UTF8.GetString(RenderBytes(patch));

    public static byte[] RenderBytes(Patch patch)
    {
        using var output = new MemoryStream();
        foreach (var edit in patch.Edits) Write(output, edit);
        return output.ToArray();
    }

    internal static (IReadOnlyList<string> Removed, IReadOnlyList<string> Added) ChangedLines(FileEdit edit) => edit switch
    {
        FileEdit.Write write => ChangedLines(write.Before is { } before ? before.Span : default, write.After.Span),
        FileEdit.Delete delete => ChangedLines(delete.Before.Span, default),
        _ => ([], []),
    };

    /// <summary>Added and removed lines of a text file; each without its line end.</summary>
    internal static (IReadOnlyList<string> Removed, IReadOnlyList<string> Added) ChangedLines(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        List<string> removed = [], added = [];
        string[] oldLines = Lines(before), newLines = Lines(after);
        foreach (var block in LineComparison.Of(oldLines, newLines))
        {
            removed.AddRange(oldLines.AsSpan(block.OldStart, block.OldCount).ToArray().Select(Readable));
            added.AddRange(newLines.AsSpan(block.NewStart, block.NewCount).ToArray().Select(Readable));
        }
        return (removed, added);
    }

    /// <summary>The blocks of old lines (from 1, at least one each) and what stands in their place; an insertion takes a neighbouring line with it.</summary>
    internal static IReadOnlyList<(int Start, int End, string Text)> Replacements(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        string[] oldLines = Lines(before), newLines = Lines(after);
        var replacements = new List<(int, int, string)>();
        foreach (var block in LineComparison.Of(oldLines, newLines))
        {
            var added = newLines.AsSpan(block.NewStart, block.NewCount).ToArray().Select(Readable);
            if (block.OldCount > 0)
                replacements.Add((block.OldStart + 1, block.OldStart + block.OldCount, string.Join('\n', added)));
            else if (block.OldStart > 0)
                replacements.Add((block.OldStart, block.OldStart, string.Join('\n', [Readable(oldLines[block.OldStart - 1]), .. added])));
            else if (oldLines.Length > 0)
                replacements.Add((1, 1, string.Join('\n', [.. added, Readable(oldLines[0])])));
        }
        return replacements;
    }

    internal static bool IsBinary(ReadOnlySpan<byte> content) => content[..Math.Min(content.Length, 8000)].Contains((byte)0);

    private static void Write(MemoryStream output, FileEdit edit)
    {
        Line(output, $"diff --git {Quote("a/", edit.Path)} {Quote("b/", edit.Path)}");
        switch (edit)
        {
            case FileEdit.SetExecutable mode:
                Line(output, mode.IsExecutable ? "old mode 100644" : "old mode 100755");
                Line(output, mode.IsExecutable ? "new mode 100755" : "new mode 100644");
                break;
            case FileEdit.Write { Before: null } write:
                Line(output, "new file mode 100644");
                Body(output, "/dev/null", Name("b/", edit.Path), default, write.After.Span);
                break;
            case FileEdit.Write { Before: { } before } write:
                Body(output, Name("a/", edit.Path), Name("b/", edit.Path), before.Span, write.After.Span);
                break;
            case FileEdit.Delete delete:
                Line(output, "deleted file mode 100644");
                Body(output, Name("a/", edit.Path), "/dev/null", delete.Before.Span, default);
                break;
            default:
                throw new InvalidOperationException("Unknown edit.");
        }
    }

    private static void Body(MemoryStream output, string oldName, string newName, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        if (before.SequenceEqual(after)) return;
        if (IsBinary(before) || IsBinary(after))
        {
            Line(output, $"Binary files {oldName.TrimEnd('\t')} and {newName.TrimEnd('\t')} differ");
            return;
        }
        Line(output, "--- " + oldName);
        Line(output, "+++ " + newName);
        string[] oldLines = Lines(before), newLines = Lines(after);
        foreach (var hunk in Hunks(LineComparison.Of(oldLines, newLines))) WriteHunk(output, hunk, oldLines, newLines);
    }

    private static void WriteHunk(MemoryStream output, IReadOnlyList<LineBlock> hunk, string[] oldLines, string[] newLines)
    {
        var (first, last) = (hunk[0], hunk[^1]);
        var lead = Math.Min(Context, first.OldStart);
        var trail = Math.Min(Context, oldLines.Length - last.OldStart - last.OldCount);
        var oldStart = first.OldStart - lead;
        var newStart = first.NewStart - lead;
        var oldCount = last.OldStart + last.OldCount + trail - oldStart;
        var newCount = last.NewStart + last.NewCount + trail - newStart;
        Line(output, $"@@ -{Range(oldStart, oldCount)} +{Range(newStart, newCount)} @@");
        var at = oldStart;
        foreach (var block in hunk)
        {
            for (; at < block.OldStart; at++) Content(output, ' ', oldLines[at]);
            for (var i = 0; i < block.OldCount; i++) Content(output, '-', oldLines[at++]);
            for (var i = 0; i < block.NewCount; i++) Content(output, '+', newLines[block.NewStart + i]);
        }
        for (var i = 0; i < trail; i++) Content(output, ' ', oldLines[at++]);
    }

    private static string Range(int start, int count) => count switch { 0 => $"{start},0", 1 => $"{start + 1}", _ => $"{start + 1},{count}" };

    private static IEnumerable<IReadOnlyList<LineBlock>> Hunks(IReadOnlyList<LineBlock> blocks)
    {
        var hunk = new List<LineBlock>();
        foreach (var block in blocks)
        {
            if (hunk.Count > 0 && block.OldStart - hunk[^1].OldStart - hunk[^1].OldCount > 2 * Context)
            {
                yield return hunk;
                hunk = [];
            }
            hunk.Add(block);
        }
        if (hunk.Count > 0) yield return hunk;
    }

    // One character a byte, so that no byte is lost whatever the file's encoding is.
    private static string[] Lines(ReadOnlySpan<byte> content) => SplitLines(Encoding.Latin1.GetString(content));

    internal static string[] SplitLines(string text)
    {
        var lines = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            var next = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..next]);
            start = next;
        }
        return [.. lines];
    }

    private static string Readable(string line) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(line)).TrimEnd('\n', '\r');

    private static void Content(MemoryStream output, char mark, string line)
    {
        output.WriteByte((byte)mark);
        output.Write(Encoding.Latin1.GetBytes(line));
        if (!line.EndsWith('\n')) output.Write("\n\\ No newline at end of file\n"u8);
    }

    private static void Line(MemoryStream output, string text)
    {
        output.Write(Encoding.UTF8.GetBytes(text));
        output.WriteByte((byte)'\n');
    }

    // git ends a name with blanks by a tab, so that a reader does not take what follows for a date.
    private static string Name(string prefix, string path) =>
        Quote(prefix, path) is var name && name[0] != '"' && path.Contains(' ', StringComparison.Ordinal) ? name + "\t" : name;

    private static string Quote(string prefix, string path) => path.AsSpan().ContainsAny("\"\\\t\n\r")
        ? "\"" + prefix + path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal) + "\""
        : prefix + path;
}
