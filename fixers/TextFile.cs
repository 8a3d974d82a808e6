using System.Text;

namespace QMoi.Fixers;

/// <summary>A UTF-8 file that is edited line by line. Byte order mark, line ends, a missing last line end and every line not named stay byte for byte.</summary>
internal sealed class TextFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly RepositoryFile file;
    private readonly string mark;

    // A line with its own end; the last one may have none.
    private readonly List<(string Text, string End)> lines;

    private TextFile(RepositoryFile file, string mark, List<(string Text, string End)> lines)
    {
        this.file = file;
        this.mark = mark;
        this.lines = lines;
    }

    public string Path => file.Path;

    public int Count => lines.Count;

    /// <summary>The end that new lines get: that of the first line.</summary>
    public string NewLine => lines is [(_, { Length: > 0 } end), ..] ? end : "\n";

    /// <summary>The lines as they stand now, without their ends.</summary>
    public IReadOnlyList<string> Lines => [.. lines.Select(line => line.Text)];

    public bool IsChanged => !Bytes().AsSpan().SequenceEqual(file.Content.Span);

    /// <param name="number">From 1, as logs count.</param>
    public string this[int number]
    {
        get => lines[number - 1].Text;
        set => lines[number - 1] = (value, lines[number - 1].End);
    }

    public bool Has(int number) => number >= 1 && number <= lines.Count;

    /// <returns><c>null</c> when there is no such file or it is not UTF-8 text.</returns>
    public static async Task<TextFile?> ReadAsync(ICheckout checkout, string path, CancellationToken cancellationToken) =>
        await checkout.ReadAsync(path, cancellationToken) is { } file ? Of(file) : null;

    /// <returns><c>null</c> when the content is not UTF-8 text.</returns>
    public static TextFile? Of(RepositoryFile file)
    {
        try
        {
            var text = Strict.GetString(file.Content.Span);
            if (text.Contains('\0', StringComparison.Ordinal))
                return null;
            var byteOrderMark = text.StartsWith('\ufeff') ? "\ufeff" : "";
            return new TextFile(file, byteOrderMark, Split(text[byteOrderMark.Length..]));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Puts lines before line <paramref name="number"/>; <see cref="Count"/> + 1 puts them at the end.</summary>
    public void Insert(int number, params IEnumerable<string> added)
    {
        var end = NewLine;
        if (number == lines.Count + 1 && lines is [.., (var last, "")])
            lines[^1] = (last, end);
        lines.InsertRange(number - 1, added.Select(text => (text, end)));
    }

    public void Remove(int number) => lines.RemoveAt(number - 1);

    /// <summary>The spaces and tabs that a line begins with.</summary>
    public string Indent(int number) => this[number][..(this[number].Length - this[number].TrimStart(' ', '\t').Length)];

    public FileEdit.Write ToEdit() => new(file.Path, file.Content, Bytes());

    private byte[] Bytes() => Strict.GetBytes(mark + string.Concat(lines.Select(line => line.Text + line.End)));

    private static List<(string Text, string End)> Split(string text)
    {
        var split = new List<(string, string)>();
        for (var start = 0; start < text.Length;)
        {
            var feed = text.IndexOf('\n', start);
            if (feed < 0)
            {
                split.Add((text[start..], ""));
                break;
            }
            var end = feed > start && text[feed - 1] == '\r' ? feed - 1 : feed;
            split.Add((text[start..end], text[end..(feed + 1)]));
            start = feed + 1;
        }
        return split;
    }
}
