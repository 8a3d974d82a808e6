namespace QMoi.Fixers.Diagnosing;

/// <summary>What kinds of line a log holds: its lines with numbers, hashes and times left out, as hashes. The idea of Drain (He and others, 2017), without its tree.</summary>
public sealed class LineTemplates
{
    private const int MostTemplates = 200_000;

    private readonly HashSet<int> _seen = [];

    public int Count => _seen.Count;

    /// <summary>Reads the log of a job that passed.</summary>
    public static async Task<LineTemplates> ReadAsync(Stream log, CancellationToken ct)
    {
        var templates = new LineTemplates();
        var scratch = new byte[4 * LineCleaner.LongestLine];
        using var buffer = new LogBuffer(log);
        while (await buffer.FillAsync(ct))
            templates.Take(buffer, scratch);

        templates.Take(buffer, scratch);
        if (buffer.TryTakeRest(out var start, out var length))
            templates.Add(buffer.Bytes(start, length), scratch);

        return templates;
    }

    internal bool Contains(string text) => _seen.Contains(HashOf(System.Text.Encoding.UTF8.GetBytes(text)));

    private void Take(LogBuffer buffer, byte[] scratch)
    {
        while (buffer.TryTake(out var start, out var length))
            Add(buffer.Bytes(start, length), scratch);
    }

    private void Add(ReadOnlySpan<byte> raw, byte[] scratch)
    {
        if (_seen.Count >= MostTemplates)
            return;

        var length = LineCleaner.Clean(raw[LinePrefix.TimeLength(raw)..], scratch);
        if (length > 0)
            _seen.Add(HashOf(scratch.AsSpan(0, length)));
    }

    // A run of letters and digits with a digit in it varies; the others are the template.
    private static int HashOf(ReadOnlySpan<byte> line)
    {
        var hash = new HashCode();
        Span<byte> mark = [0];
        for (var at = 0; at < line.Length;)
        {
            var end = at;
            var hasDigit = false;
            while (end < line.Length && char.IsAsciiLetterOrDigit((char)line[end]))
                hasDigit |= char.IsAsciiDigit((char)line[end++]);

            end = Math.Max(end, at + 1);
            hash.AddBytes(hasDigit ? mark : line[at..end]);
            at = end;
        }

        return hash.ToHashCode();
    }
}
