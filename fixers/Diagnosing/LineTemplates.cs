using System.Text;

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

    internal bool Contains(int template) => _seen.Contains(template);

    internal static int HashOf(string text)
    {
        Span<byte> bytes = stackalloc byte[2048];
        return HashOf(bytes[..Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, 512)), bytes)]);
    }

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
            _seen.Add(HashOf(Encoding.UTF8.GetString(scratch.AsSpan(0, length))));
    }

    // A word with a digit in it varies; the others are the template. A lone 0 is a word of its own: "0 errors" is not "3 errors".
    private static int HashOf(ReadOnlySpan<byte> line)
    {
        const uint Prime = 16777619;
        var hash = 2166136261u;
        for (var at = 0; at < line.Length;)
        {
            var start = at;
            var word = hash;
            var hasDigit = false;
            while (at < line.Length && char.IsAsciiLetterOrDigit((char)line[at]))
            {
                hasDigit |= char.IsAsciiDigit((char)line[at]);
                word = (word ^ line[at++]) * Prime;
            }

            if (at == start)
                hash = (hash ^ line[at++]) * Prime;
            else
                hash = hasDigit && (at - start > 1 || line[start] != '0') ? (hash ^ 0xFF) * Prime : word;
        }

        return (int)hash;
    }
}
