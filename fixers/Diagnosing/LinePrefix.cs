namespace QMoi.Fixers.Diagnosing;

/// <summary>What runners and tools put before the text of a line.</summary>
internal static class LinePrefix
{
    /// <summary>Length of the time at the start of a line, with the stream tag of a GitLab runner behind it; 0 where there is none.</summary>
    /// <remarks>
    /// GitHub: <c>2024-05-06T07:08:09.1234567Z text</c>. GitLab: <c>2024-05-06T07:08:09.123456Z 00O text</c>, with <c>+</c> for the blank where the line goes on.
    /// <c>gh run view --log</c>: job, tab, step, tab, time, text.
    /// </remarks>
    internal static int TimeLength(ReadOnlySpan<byte> line)
    {
        if (line.Length < 20)
            return 0;

        if (!char.IsAsciiDigit((char)line[0]) || line[4] != '-')
            return ColumnsLength(line);

        return StampLength(line);
    }

    /// <summary>Length of a tool's own prefix: BuildKit <c>#12 3.456 </c>, compose <c>web-1  | </c>, turbo <c>app:build: </c>, Maven's <c>[ERROR] </c>; 0 where there is none.</summary>
    internal static int ToolLength(ReadOnlySpan<char> line)
    {
        if (line.IsEmpty)
            return 0;

        var at = 0;
        if (line[0] == '#')
        {
            at = 1;
            while (at < line.Length && (char.IsAsciiDigit(line[at]) || line[at] is ' ' or '.'))
                at++;

            return at > 3 && line[at - 1] == ' ' ? at : 0;
        }

        if (line[0] == '[')
        {
            var close = line.IndexOf("] ");
            return close is > 0 and < 12 ? close + 2 : 0;
        }

        while (at < line.Length && at < 80 && (char.IsAsciiLetterOrDigit(line[at]) || line[at] is '-' or '_' or '.' or '@' or '/' or ':' or '#'))
            at++;

        if (at == 0 || at >= line.Length || line[at] != ' ')
            return 0;

        // app:build: , not a.c:3:5:
        if (line[at - 1] == ':' && line[..(at - 1)].ContainsAny(':', '#'))
            return char.IsAsciiDigit(line[at - 2]) ? 0 : at + 1;

        var bar = line[at..].IndexOfAnyExcept(' ');
        return bar >= 0 && line[at + bar] == '|' ? Math.Min(line.Length, at + bar + 2) : 0;
    }

    private static int StampLength(ReadOnlySpan<byte> line)
    {
        if (line[7] != '-' || line[10] != 'T' || line[13] != ':' || line[16] != ':')
            return 0;

        var at = 19;
        while (at < line.Length && at < 36 && (char.IsAsciiDigit((char)line[at]) || line[at] is (byte)'.' or (byte)'Z' or (byte)'+' or (byte)'-' or (byte)':'))
            at++;

        if (at == line.Length)
            return at;

        if (line[at] != ' ')
            return 0;

        at++;
        var tag = line[at..];
        return tag.Length >= 3 && char.IsAsciiDigit((char)tag[0]) && char.IsAsciiDigit((char)tag[1]) && tag[2] is (byte)'O' or (byte)'E'
            && (tag.Length == 3 || tag[3] is (byte)' ' or (byte)'+')
            ? at + Math.Min(4, tag.Length)
            : at;
    }

    private static int ColumnsLength(ReadOnlySpan<byte> line)
    {
        var first = line[..Math.Min(line.Length, 200)].IndexOf((byte)'\t');
        if (first < 0)
            return 0;

        var second = line[(first + 1)..Math.Min(line.Length, first + 200)].IndexOf((byte)'\t');
        if (second < 0)
            return 0;

        var start = first + second + 2;
        var rest = line[start..];
        if (rest.StartsWith("\uFEFF"u8))
        {
            start += 3;
            rest = rest[3..];
        }

        var stamp = rest.Length >= 20 && char.IsAsciiDigit((char)rest[0]) && rest[4] == '-' ? StampLength(rest) : 0;
        return stamp == 0 ? 0 : start + stamp;
    }
}

/// <summary>The times at the start of the lines of one log: mostly all have the same form.</summary>
internal sealed class TimePrefix
{
    private const int DateEnd = 10;
    private const int SecondsEnd = 19;

    private int _length;
    private int _zone;

    /// <inheritdoc cref="LinePrefix.TimeLength"/>
    internal int Length(ReadOnlySpan<byte> line)
    {
        if (_length > 0 && line.Length > _length && line[DateEnd] == 'T' && line[4] == '-' && line[SecondsEnd] == '.' && line[_zone] == 'Z' && line[_length - 1] == ' '
            && (_length == _zone + 2 || line[_zone + 4] is (byte)'O' or (byte)'E'))
            return _length;

        var length = LinePrefix.TimeLength(line);
        if (length == 0 || line[DateEnd] != 'T' || line[length - 1] != ' ')
            return length;

        var zone = line[..length].IndexOf((byte)'Z');
        if (zone > SecondsEnd && (length == zone + 2 || length == zone + 6))
            (_length, _zone) = (length, zone);

        return length;
    }
}
