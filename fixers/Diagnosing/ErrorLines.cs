namespace QMoi.Fixers.Diagnosing;

/// <summary>The lines of one part of a log in which something may have gone wrong, whatever the catalogue says: the first and the last ones that hold an error word, and its end.</summary>
internal sealed class ErrorLines
{
    private const int MostFirst = 120;
    private const int MostMarked = 60;
    private const int MostLast = 200;
    private const int LongestKept = 600;

    /// <summary>In any case, somewhere in a line.</summary>
    internal static readonly string[] Words =
    [
        "error:", "error ", "error[", "[error]", "failed", "failure:", "failure ", "failure!", "failing", "fails ", "fail: ", "fail ", "fatal", "exception", "panic", "cannot", "can't ", "could not", "couldn't", "unable to", "not found", "no such", "denied", "undefined",
        "traceback", "assert", "invalid", "abort", "missing", "unexpected", "mismatch", "killed", "segfault", "segmentation", "expected", "refused", "timed out", "not ok ", "unknown", "illegal", "violation",
    ];

    private readonly List<RawLine> _first = [];
    private readonly List<RawLine> _marked = [];
    private (int Number, int Length)[] _last = [];
    private byte[] _lastBytes = [];
    private int _lastCount;

    /// <summary>The lines before the end of the part, in log order; empty until the end was seen.</summary>
    internal IReadOnlyList<RawLine> Tail { get; set; } = [];

    /// <param name="visible">The line without time and colours.</param>
    internal void Add(int number, ReadOnlySpan<byte> raw, ReadOnlySpan<byte> visible)
    {
        if (LogMarks.IsPassed(visible))
            return;

        raw = raw[..Math.Min(raw.Length, LongestKept)];
        if (_first.Count < MostFirst)
        {
            _first.Add(new RawLine(number, raw.ToArray()));
            return;
        }

        if (_marked.Count < MostMarked && LogMarks.IsFailed(visible))
        {
            _marked.Add(new RawLine(number, raw.ToArray()));
            return;
        }

        if (_lastBytes.Length == 0)
            (_last, _lastBytes) = (new (int, int)[MostLast], new byte[MostLast * LongestKept]);

        // A ring: in a long log most of these lines are overwritten.
        var slot = _lastCount++ % MostLast;
        raw.CopyTo(_lastBytes.AsSpan(slot * LongestKept));
        _last[slot] = (number, raw.Length);
    }

    internal IReadOnlyList<RawLine> InOrder()
    {
        var from = Tail.Count > 0 ? Tail[0].Number : int.MaxValue;
        return [.. _first.Concat(_marked).Concat(Last()).Where(line => line.Number < from).OrderBy(line => line.Number), .. Tail];
    }

    /// <summary>Matches keep their part alive: what no longer can be the failed one gives its lines up.</summary>
    internal void Clear()
    {
        _first.Clear();
        _marked.Clear();
        (_last, _lastBytes, _lastCount, Tail) = ([], [], 0, []);
    }

    private IEnumerable<RawLine> Last()
    {
        for (var at = Math.Max(0, _lastCount - MostLast); at < _lastCount; at++)
        {
            var slot = at % MostLast;
            yield return new RawLine(_last[slot].Number, _lastBytes.AsSpan(slot * LongestKept, _last[slot].Length).ToArray());
        }
    }
}

/// <summary>A line as the log has it, cut short.</summary>
internal readonly record struct RawLine(int Number, byte[] Bytes)
{
    internal LogLine Read() => new(Number, LogText.Read(Bytes));
}

/// <summary>The words with which test runners and tools begin a line about what passed and what failed.</summary>
internal static class LogMarks
{
    internal static bool IsPassed(ReadOnlySpan<byte> line)
    {
        line = line.TrimStart((byte)' ');
        return line.StartsWith("PASS"u8) || line.StartsWith("SKIP"u8) || line.StartsWith("ok "u8) || line.StartsWith("\u2713"u8) || line.StartsWith("\u2714"u8) || line.StartsWith("\u221A"u8);
    }

    internal static bool IsFailed(ReadOnlySpan<byte> line)
    {
        line = line.TrimStart((byte)' ');
        return line.StartsWith("FAIL"u8) || line.StartsWith("--- FAIL"u8) || line.StartsWith("ERROR"u8) || line.StartsWith("[ERROR]"u8) || line.StartsWith("not ok"u8) || line.StartsWith("Error:"u8) || line.StartsWith("error"u8)
            || line.StartsWith("\u2717"u8) || line.StartsWith("\u2715"u8) || line.StartsWith("\u2716"u8);
    }
}
