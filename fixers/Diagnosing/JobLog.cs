using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>What a line says of itself on GitHub (<c>##[error]</c>, <c>::warning::</c>).</summary>
public enum LogLevel { None, Group, EndGroup, Command, Debug, Notice, Warning, Error }

/// <summary>One line of a job log without timestamps, colours and markers.</summary>
/// <param name="Number">Counted from 1 on LF only.</param>
/// <param name="Section">The GitLab section the line stands in.</param>
/// <param name="IsEcho">The runner echoed a script line here: <c>$ npm ci</c> in its own colour.</param>
public sealed record JobLogLine(int Number, string Text, string? Section, LogLevel Level, bool IsEcho);

/// <summary>Reads a job log line by line in bounded memory, whatever its bytes are.</summary>
public sealed partial class JobLog(Stream stream)
{
    /// <summary>Longest line kept, in bytes; of a longer one half from its head and half from its tail.</summary>
    public const int LongestLine = 8 * 1024;

    private const int Half = LongestLine / 2;
    private const string GitLabEcho = "\e[32;1m$ ";

    private readonly byte[] _head = new byte[Half];
    private readonly byte[] _tail = new byte[Half];
    private readonly byte[] _part = new byte[LongestLine];
    private long _partLength;
    private string? _section;

    private string _text = "";
    private LogLevel _level;
    private bool _isEcho;

    public int Lines { get; private set; }
    public long Bytes { get; private set; }

    public async IAsyncEnumerable<JobLogLine> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var isOpen = false;
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            Bytes += read;
            var position = 0;
            while (position < read)
            {
                var length = buffer.AsSpan(position, read - position).IndexOfAny((byte)'\n', (byte)'\r');
                Append(buffer.AsSpan(position, length < 0 ? read - position : length));
                isOpen = true;
                if (length < 0)
                    break;
                position += length + 1;
                EndPart();
                if (buffer[position - 1] == (byte)'\r')
                    continue;
                isOpen = false;
                yield return EndLine();
            }
        }

        if (!isOpen)
            yield break;
        EndPart();
        yield return EndLine();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_partLength < Half)
        {
            var count = (int)Math.Min(Half - _partLength, bytes.Length);
            bytes[..count].CopyTo(_head.AsSpan((int)_partLength));
            _partLength += count;
            bytes = bytes[count..];
        }

        if (bytes.Length > Half)
        {
            _partLength += bytes.Length - Half;
            bytes = bytes[^Half..];
        }

        while (bytes.Length > 0)
        {
            var start = (int)(_partLength % Half);
            var count = Math.Min(Half - start, bytes.Length);
            bytes[..count].CopyTo(_tail.AsSpan(start));
            _partLength += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>What a carriage return ends was overwritten on a terminal, unless nothing follows it.</summary>
    private void EndPart()
    {
        if (_partLength == 0)
            return;
        var raw = Decode();
        _partLength = 0;
        var text = Clean(raw);
        text = WithoutTimestamp(text);
        if (text.StartsWith("section_", StringComparison.Ordinal) && Marker().Match(text) is { Success: true } marker)
        {
            _section = marker.Groups["edge"].Value == "start" ? marker.Groups["name"].Value : null;
            return;
        }

        if (string.IsNullOrWhiteSpace(text))
            return;
        _isEcho = raw.Contains(GitLabEcho, StringComparison.Ordinal) && text.StartsWith("$ ", StringComparison.Ordinal);
        (_level, _text) = WithoutLevel(text);
    }

    private JobLogLine EndLine()
    {
        var line = new JobLogLine(++Lines, _text, _section, _level, _isEcho);
        (_text, _level, _isEcho) = ("", LogLevel.None, false);
        return line;
    }

    private string Decode()
    {
        if (_partLength <= Half)
            return Encoding.UTF8.GetString(_head.AsSpan(0, (int)_partLength));
        var start = (int)(_partLength % Half);
        if (_partLength <= LongestLine)
        {
            _head.CopyTo(_part, 0);
            _tail.AsSpan(0, (int)(_partLength - Half)).CopyTo(_part.AsSpan(Half));
            return Encoding.UTF8.GetString(_part.AsSpan(0, (int)_partLength));
        }

        _tail.AsSpan(start).CopyTo(_part);
        _tail.AsSpan(0, start).CopyTo(_part.AsSpan(Half - start));
        // A secret cut in two would no longer look like one: the words at the cut go.
        return string.Concat(WithoutLastWord(Encoding.UTF8.GetString(_head)), " [...] ", WithoutFirstWord(Encoding.UTF8.GetString(_part.AsSpan(0, Half))));
    }

    private static ReadOnlySpan<char> WithoutLastWord(string text) => text.AsSpan(0, text.LastIndexOf(' ') is >= Half / 2 and var end ? end : Half / 2);

    private static ReadOnlySpan<char> WithoutFirstWord(string text) =>
        text.IndexOf(' ', StringComparison.Ordinal) is >= 0 and < Half / 2 and var start ? text.AsSpan(start + 1) : text.AsSpan(Math.Min(text.Length, Half / 2));

    private static string Clean(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f'))
            return text;
        if (text.Contains('\e', StringComparison.Ordinal) || text.AsSpan().ContainsAnyInRange('\u0080', '\u009f'))
            text = Escapes().Replace(text, "");
        var kept = new StringBuilder(text.Length);
        foreach (var character in text)
            if (character == '\t' || !char.IsControl(character))
                kept.Append(character);
        return kept.ToString();
    }

    private static string WithoutTimestamp(string text)
    {
        // GitHub keeps a byte order mark at the head of the file.
        if (text.StartsWith('\ufeff'))
            text = text[1..];
        if (text.Length < 20 || text[4] != '-' || text[10] != 'T' || !char.IsAsciiDigit(text[0]))
            return text;
        var match = Timestamp().Match(text);
        return match.Success ? text[match.Length..] : text;
    }

    private static (LogLevel Level, string Text) WithoutLevel(string text)
    {
        if (text.StartsWith("##[", StringComparison.Ordinal) && text.IndexOf(']', StringComparison.Ordinal) is > 0 and < 16 and var end)
        {
            LogLevel? level = text[3..end] switch
            {
                "group" => LogLevel.Group,
                "endgroup" => LogLevel.EndGroup,
                "command" => LogLevel.Command,
                "debug" => LogLevel.Debug,
                "notice" => LogLevel.Notice,
                "warning" => LogLevel.Warning,
                "error" => LogLevel.Error,
                _ => null,
            };
            return level is null ? (LogLevel.None, text) : (level.Value, text[(end + 1)..]);
        }

        if (text.StartsWith("::", StringComparison.Ordinal) && WorkflowCommand().Match(text) is { Success: true } command)
            return (command.Groups["level"].Value == "error" ? LogLevel.Error : LogLevel.Warning, text[command.Length..]);
        return (LogLevel.None, text);
    }

    // CSI, OSC (hyperlinks too), character sets and single escapes; the 8-bit forms of CSI and OSC. The last alternative drops a sequence that never ends.
    [GeneratedRegex(@"(?:\e\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\e\]|\u009d)[^\a\e\u009c]*(?:\a|\e\\|\u009c)|\e[()*+][A-Z0-9]|\e[@-Z\\-_]|\e[78=>]|\e", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Escapes();

    // GitHub: 2024-05-06T07:08:09.1234567Z text. GitLab: the same, then a stream tag 00O or 01E and a blank or + for a continued line.
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ?(?:[0-9a-f]{2}[OE][ +])?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Timestamp();

    [GeneratedRegex(@"^section_(?<edge>start|end):\d+:(?<name>[\w.-]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Marker();

    [GeneratedRegex("^::(?<level>error|warning)[^:]*::", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex WorkflowCommand();
}
