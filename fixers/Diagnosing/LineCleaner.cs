using System.Buffers;
using System.Text;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Turns the bytes of one line into what a person sees: no colours, links or other control sequences, no overwritten text, no hidden characters, valid UTF-8.</summary>
internal static class LineCleaner
{
    /// <summary>Longer lines keep their two ends.</summary>
    internal const int LongestLine = 8 * 1024;

    // A token that the cut goes through is left out as a whole: half a secret cannot be recognised.
    private const int LongestToken = 600;

    private static readonly SearchValues<byte> Plain = SearchValues.Create([(byte)'\t', .. Enumerable.Range(0x20, 0x5F).Select(value => (byte)value)]);

    private static ReadOnlySpan<byte> Gap => " [...] "u8;

    private static ReadOnlySpan<byte> Replacement => "\uFFFD"u8;

    /// <summary>True where the line is already as <see cref="Clean"/> would leave it.</summary>
    internal static bool IsClean(ReadOnlySpan<byte> line) => line.Length <= LongestLine && !line.ContainsAnyExcept(Plain);

    /// <summary>Writes the visible text of the line and returns its length; <paramref name="into"/> holds at least three times <see cref="LongestLine"/> and a little more.</summary>
    internal static int Clean(ReadOnlySpan<byte> line, Span<byte> into)
    {
        line = line.TrimEnd((byte)'\r');
        if (line.Length > LongestLine)
        {
            Span<byte> ends = stackalloc byte[LongestLine + Gap.Length];
            return CleanParts(ends[..KeepEnds(line, ends)], into);
        }

        return CleanParts(line, into);
    }

    private static int KeepEnds(ReadOnlySpan<byte> line, Span<byte> into)
    {
        const int Half = LongestLine / 2;
        var head = line[..Half];
        var tail = line[^Half..];
        head = head[..^TokenLength(head, fromEnd: true)];
        tail = tail[TokenLength(tail, fromEnd: false)..];
        head.CopyTo(into);
        Gap.CopyTo(into[head.Length..]);
        tail.CopyTo(into[(head.Length + Gap.Length)..]);
        return head.Length + Gap.Length + tail.Length;
    }

    private static int TokenLength(ReadOnlySpan<byte> text, bool fromEnd)
    {
        var length = 0;
        while (length < LongestToken && length < text.Length && text[fromEnd ? ^(length + 1) : length] is > (byte)' ' and < 0x7F)
            length++;

        return length;
    }

    // Text before a carriage return was overwritten on a terminal: the last part that shows anything counts. But what a shell says about a script with Windows
    // line ends holds the carriage return of the script: "x.sh: line 3: set: -\r: invalid option".
    private static int CleanParts(ReadOnlySpan<byte> line, Span<byte> into)
    {
        while (true)
        {
            var at = line.LastIndexOf((byte)'\r');
            if (at > 0 && line[(at + 1)..].StartsWith(": "u8))
            {
                var head = CleanParts(line[..at], into);
                "^M"u8.CopyTo(into[head..]);
                return head + 2 + CleanPart(line[(at + 1)..], into[(head + 2)..]);
            }

            var length = CleanPart(line[(at + 1)..], into);
            if (at < 0 || into[..length].IndexOfAnyExcept((byte)' ', (byte)'\t') >= 0)
                return length;

            line = line[..at];
        }
    }

    private static int CleanPart(ReadOnlySpan<byte> line, Span<byte> into)
    {
        var written = 0;
        var read = 0;
        while (read < line.Length)
        {
            var plain = line[read..].IndexOfAnyExcept(Plain);
            if (plain < 0)
                plain = line.Length - read;

            line.Slice(read, plain).CopyTo(into[written..]);
            written += plain;
            read += plain;
            if (read < line.Length)
                read += CleanOne(line[read..], into, ref written);
        }

        return written;
    }

    // Returns how many bytes it took.
    private static int CleanOne(ReadOnlySpan<byte> line, Span<byte> into, ref int written)
    {
        if (line[0] == 0x1B)
            return 1 + EscapeLength(line[1..]);

        if (line[0] is < 0x20 or 0x7F)
            return 1;

        var status = Rune.DecodeFromUtf8(line, out var rune, out var length);
        if (status != OperationStatus.Done)
        {
            // A lone byte of the C1 range is a control in 8-bit form; everything else shows that something was there.
            if (line[0] is >= 0x80 and < 0xA0)
                return 1 + ControlLength(line[0], line[1..]);

            Replacement.CopyTo(into[written..]);
            written += Replacement.Length;
            return length;
        }

        if (rune.Value is >= 0x80 and < 0xA0)
            return length + ControlLength((byte)rune.Value, line[length..]);

        if (IsHidden(rune.Value))
            return length;

        line[..length].CopyTo(into[written..]);
        written += length;
        return length;
    }

    private static int EscapeLength(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
            return 0;

        return rest[0] switch
        {
            (byte)'[' => 1 + SequenceLength(rest[1..]),
            (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_' => 1 + StringLength(rest[1..]),
            (byte)'(' or (byte)')' or (byte)'*' or (byte)'+' or (byte)'#' or (byte)' ' => Math.Min(2, rest.Length),
            >= 0x30 and < 0x7F => 1,
            _ => 0,
        };
    }

    private static int ControlLength(byte control, ReadOnlySpan<byte> rest) => control switch
    {
        0x9B => SequenceLength(rest),
        0x9D or 0x90 or 0x98 or 0x9E or 0x9F => StringLength(rest),
        _ => 0,
    };

    // CSI: parameters, intermediates, one final byte.
    private static int SequenceLength(ReadOnlySpan<byte> rest)
    {
        var length = 0;
        while (length < rest.Length && rest[length] is >= 0x20 and < 0x40)
            length++;

        return length < rest.Length && rest[length] is >= 0x40 and < 0x7F ? length + 1 : length;
    }

    // OSC and its kin end with BEL, ESC \ or ST; an unfinished one is taken as text, so that it cannot hide the rest of a line.
    private static int StringLength(ReadOnlySpan<byte> rest)
    {
        for (var at = 0; at < rest.Length; at++)
        {
            if (rest[at] == 0x07)
                return at + 1;

            if (rest[at] == 0x1B)
                return at + 1 < rest.Length && rest[at + 1] == '\\' ? at + 2 : at;

            if (rest[at] == 0xC2 && at + 1 < rest.Length && rest[at + 1] == 0x9C)
                return at + 2;
        }

        return 0;
    }

    // Zero-width, direction and tag characters: they show nothing, but split words or carry hidden text.
    private static bool IsHidden(int rune) => rune is 0xAD or 0x180E or 0xFEFF or (>= 0x200B and <= 0x200F) or (>= 0x202A and <= 0x202E) or (>= 0x2060 and <= 0x206F)
        or (>= 0x2028 and <= 0x2029) or (>= 0xFFF9 and <= 0xFFFB) or (>= 0xE0000 and <= 0xE007F);
}
