namespace QMoi.Fixers.Diagnosing;

/// <summary>The lines of one part of a log in which something may have gone wrong, whatever the catalogue says: the first and the last ones that hold an error word, and its end.</summary>
internal sealed class ErrorLines
{
    private const int MostFirst = 150;
    private const int MostLast = 250;
    private const int LongestKept = 1024;

    /// <summary>In any case, somewhere in a line.</summary>
    internal static readonly string[] Words =
    [
        "error", "failed", "failure", "failing", "fails ", "fail: ", "fatal", "exception", "panic", "cannot", "can't ", "could not", "couldn't", "unable to", "not found", "no such", "denied", "undefined",
        "traceback", "assert", "invalid", "abort", "missing", "unexpected", "mismatch", "killed", "segfault", "segmentation", "expected", "refused", "timed out", "timeout", "not ok ", "unknown", "illegal", "violation",
    ];

    private readonly List<RawLine> _first = [];
    private readonly Queue<RawLine> _last = new();

    /// <summary>The lines before the end of the part, in log order; empty until the end was seen.</summary>
    internal IReadOnlyList<RawLine> Tail { get; set; } = [];

    internal void Add(int number, ReadOnlySpan<byte> raw)
    {
        var line = new RawLine(number, raw[..Math.Min(raw.Length, LongestKept)].ToArray());
        if (_first.Count < MostFirst)
        {
            _first.Add(line);
            return;
        }

        if (_last.Count == MostLast)
            _last.Dequeue();

        _last.Enqueue(line);
    }

    internal IReadOnlyList<RawLine> InOrder()
    {
        var from = Tail.Count > 0 ? Tail[0].Number : int.MaxValue;
        return [.. _first.TakeWhile(line => line.Number < from), .. _last.TakeWhile(line => line.Number < from), .. Tail];
    }

    internal void Clear()
    {
        _first.Clear();
        _last.Clear();
    }
}

/// <summary>A line as the log has it, cut short.</summary>
internal readonly record struct RawLine(int Number, byte[] Bytes)
{
    internal LogLine Read() => new(Number, LogText.Read(Bytes));
}
