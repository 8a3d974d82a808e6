using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Reads one job log once, line by line, and keeps what the choice of the root cause needs: never the whole log.</summary>
internal sealed class LogScan : IDisposable
{
    private const int LongestCapture = 500;

    // In the whole log, so that a hostile log cannot fill the memory.
    private const int MostMatches = 4_000;

    // How far up a heading (the file above its findings) is looked for.
    private const int FarthestHeading = 300;
    private const int TailLines = 120;
    private const int TailLinesOfOthers = 20;

    // Parts with error lines that are kept although nothing says that they failed.
    private const int MostRecentParts = 8;

    private readonly SignatureIndex _index;
    private readonly LogBuffer _buffer;
    private readonly FoundLiterals _found;
    private readonly TimePrefix _times = new();
    private readonly int[] _triedIn;
    private readonly EntryHits?[] _hits;
    private readonly List<Cluster> _open = [];
    private readonly RawLine[] _lately = new RawLine[TailLines];
    private readonly Queue<Segment> _recent = new();
    private readonly byte[] _scratch = ArrayPool<byte>.Shared.Rent(4 * LineCleaner.LongestLine);
    private readonly byte[] _otherScratch = ArrayPool<byte>.Shared.Rent(4 * LineCleaner.LongestLine);
    private readonly Dictionary<Signature, (int HitLine, Dictionary<string, string>? Captures)> _headings = [];
    private readonly char[] _chars = ArrayPool<char>.Shared.Rent(4 * LineCleaner.LongestLine);
    private readonly int[] _marks = new int[LogStructure.Marks.Length];
    private readonly List<(int Entry, int Signature)> _ofCommand = [];
    private string? _command;
    private int _line;
    private int _lineStart;
    private int _lineLength;
    private int _matches;

    internal LogScan(SignatureIndex index, LogBuffer buffer)
    {
        _index = index;
        _buffer = buffer;
        _found = new FoundLiterals(index.Finder.Count);
        _triedIn = new int[index.SignatureCount];
        _hits = new EntryHits?[index.Entries.Count];
        Structure.Ended = Finish;
    }

    internal LogStructure Structure { get; } = new();

    internal int Lines => _line;

    internal IReadOnlyList<CatalogueEntry> Entries => _index.Entries;

    /// <summary>Parts at the end of the log that no word of the runner calls failed.</summary>
    internal IEnumerable<Segment> Recent => _recent;

    internal EntryHits? Hits(int entry) => _hits[entry];

    /// <summary>Takes all whole lines that the buffer holds.</summary>
    internal void TakeLines()
    {
        while (_buffer.TryTake(out var start, out var length))
            TakeLine(start, length);
    }

    internal void TakeRest()
    {
        var hasRest = _buffer.TryTakeRest(out var start, out var length);
        if (hasRest)
            TakeLine(start, length);

        // As if one more line began.
        _line++;
        _lineStart = hasRest ? start + length + 1 : start;
        Finish(Structure.Current);
        _line--;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_scratch);
        ArrayPool<byte>.Shared.Return(_otherScratch);
        ArrayPool<char>.Shared.Return(_chars);
    }

    private void TakeLine(int start, int length)
    {
        _line++;
        (_lineStart, _lineLength) = (start, length);
        var raw = _buffer.Bytes(start, length);
        if (_open.Count > 0)
            AddContext(raw);

        var visible = Visible(raw);
        _found.Clear();
        _index.Finder.Find(visible, _found);
        if (_found.Count == 0 && _ofCommand.Count == 0 && !Structure.IsInteresting(visible))
            return;

        TakeFound(raw, visible);
    }

    private void TakeFound(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> visible)
    {
        string? text = null;
        var level = LineLevel.None;
        var marks = 0;
        var hasErrorWord = false;
        foreach (var literal in _found.Ids)
        {
            if (_index.MarkOf(literal) is >= 0 and var mark)
                _marks[marks++] = mark;
            else
                hasErrorWord |= _index.IsErrorWord(literal);
        }

        if (marks > 0 || Structure.IsInteresting(visible))
        {
            var isGreen = visible.Length > 1 && visible[0] == '$' && raw.IndexOf("\u001B[32;1m$ "u8) >= 0;
            text = Structure.Take(Decode(visible), isGreen, raw.IndexOf("\u001B[36;1m"u8) >= 0, _line, _marks.AsSpan(0, marks), out level, out var isFailure);
            NoteCommand();
            if (isFailure && Structure.FailedSegment is { Errors.Tail.Count: 0 } failed)
                failed.Errors.Tail = TailBefore(failed, TailLines);
        }

        if (text is not null && Structure.IsListing)
            return;

        if (hasErrorWord && Structure.Current.Kind != SegmentKind.After)
            Structure.Current.Errors.Add(_line, raw, visible);

        var (chars, prefix) = (0, -1);
        foreach (var (entry, id) in _ofCommand)
            Try(entry, _index.Signature(id), text ??= Decode(visible), level);

        foreach (var literal in _found.Ids)
        {
            foreach (var (entry, id) in _index.UsersOf(literal))
            {
                if (_triedIn[id] == _line)
                    continue;

                _triedIn[id] = _line;
                if (!_index.IsPossible(id, visible))
                    continue;

                if (chars == 0)
                    chars = DecodeTo(_chars, visible, text);
                var signature = _index.Signature(id);
                var line = _chars.AsSpan(0, chars);
                if (signature.IsMatch(line) || (signature.IsAnchored && (prefix < 0 ? prefix = LinePrefix.ToolLength(line) : prefix) > 0 && signature.IsMatch(line[prefix..])))
                    Try(entry, signature, text ??= line.ToString(), level);
            }
        }
    }

    // The signatures that only what this command prints can match.
    private void NoteCommand()
    {
        if (Structure.Current.Command is { } command ? ReferenceEquals(command, _command) : _command is null)
            return;

        _command = Structure.Current.Command;
        _ofCommand.Clear();
        if (_command is not null)
            _ofCommand.AddRange(_index.ByCommand.Where(user => _index.Signature(user.Signature).IsPrintedBy(_command)));
    }

    // Marks in the middle of a line are not looked for behind colours: the whole line is cleaned first.
    private ReadOnlySpan<byte> Visible(ReadOnlySpan<byte> raw)
    {
        raw = raw[_times.Length(raw)..];
        if (raw.Length <= LineCleaner.LongestLine && !raw.ContainsAny((byte)0x1B, (byte)'\r', (byte)0) && !raw.StartsWith("section_"u8))
            return raw;

        raw = Structure.TakeMarkers(raw, _line);
        return _scratch.AsSpan(0, LineCleaner.Clean(raw, _scratch));
    }

    private string Decode(ReadOnlySpan<byte> visible)
    {
        if (LineCleaner.IsClean(visible))
            return Encoding.ASCII.GetString(visible);

        return Encoding.UTF8.GetString(_otherScratch.AsSpan(0, LineCleaner.Clean(visible, _otherScratch)));
    }

    // What the structure made of the line where it did, else the line.
    private int DecodeTo(char[] chars, ReadOnlySpan<byte> visible, string? text)
    {
        if (text is null && LineCleaner.IsClean(visible))
            return Encoding.ASCII.GetChars(visible, chars);

        text ??= Decode(visible);
        text.CopyTo(chars);
        return text.Length;
    }

    private void AddContext(ReadOnlySpan<byte> raw)
    {
        for (var at = _open.Count - 1; at >= 0; at--)
        {
            if (_open[at].Needs(_line))
                _open[at].AddContext(Kept(_line, raw));
            else
                _open.RemoveAt(at);
        }
    }

    private void Try(int entry, Signature signature, string text, LineLevel level)
    {
        var match = signature.Match(text);
        if (match is null && signature.IsAnchored && LinePrefix.ToolLength(text) is > 0 and var prefix)
            match = signature.Match(text[prefix..]);

        if (match is null || ErrorSigns.IsPassed(text))
            return;

        var captures = CapturesOf(match);
        if (signature.HasHeading)
            AddHeading(signature, captures);

        var segment = Structure.Current;
        var hits = _hits[entry] ??= new EntryHits();
        var part = hits.In(segment);
        part.IsEstablished |= !signature.IsSupporting;
        part.HasError |= level == LineLevel.Error;
        part.IsWarningOnly &= level == LineLevel.Warning || ErrorSigns.IsWarning(text);
        foreach (var (name, value) in captures)
            part.Captures.TryAdd(name, value);

        text = LogText.Short(text);
        AddToCluster(part, text, captures.Count > 0, signature, level);
        if (hits.Matches.Count >= EntryHits.MostMatches || _matches >= MostMatches)
            return;

        _matches++;
        hits.Matches.Add((segment, new SignatureMatch(_line, text, captures)));
    }

    private void AddToCluster(SegmentHits part, string text, bool hasCaptures, Signature signature, LineLevel level)
    {
        // The first cause takes the place of consequences before it; consequences behind a cause say nothing new.
        if (!signature.IsConsequence && part.IsConsequence)
        {
            part.IsConsequence = false;
            if (part.LastCluster?.CanTake(_line) != true)
                part.FirstCluster = part.FirstEstablished = part.LastCluster = null;
        }
        else if (signature.IsConsequence && !part.IsConsequence && part.FirstEstablished is not null && !part.LastCluster!.CanTake(_line))
        {
            return;
        }

        var cluster = part.LastCluster;
        if (cluster is null || !cluster.CanTake(_line))
        {
            cluster = part.LastCluster = new Cluster(_line, Before());
            _open.Add(cluster);
            if (_open.Count > 64)
                _open.RemoveAt(0);
        }

        part.FirstCluster ??= cluster;
        if (level == LineLevel.Error)
            part.FirstMarked ??= cluster;
        if (part.IsEstablished)
            part.FirstEstablished ??= cluster;

        cluster.Hit(_line, text, hasCaptures && !signature.IsConsequence, !signature.IsSupporting);
    }

    private List<RawLine> Before()
    {
        List<RawLine> lines = [Kept(_line, _buffer.Bytes(_lineStart, _lineLength))];
        var start = _lineStart;
        for (var back = 1; back <= Cluster.Context && _line - back > 0 && _buffer.TryPrevious(ref start, out var length); back++)
            lines.Add(Kept(_line - back, _buffer.Bytes(start, length)));

        lines.Reverse();
        return lines;
    }

    // Lines near each other are the context of many matches: one copy serves all.
    private RawLine Kept(int line, ReadOnlySpan<byte> raw)
    {
        ref var kept = ref _lately[line % _lately.Length];
        if (kept.Number != line)
            kept = new RawLine(line, raw[..Math.Min(raw.Length, Cluster.LongestKept)].ToArray());

        return kept;
    }

    private void AddHeading(Signature signature, Dictionary<string, string> captures)
    {
        // Up to the finding before: what stands above it has been looked at, whether a heading was there or not.
        var (lastHit, found) = _headings.GetValueOrDefault(signature);
        var start = _lineStart;
        for (var number = _line - 1; number > Math.Max(lastHit, _line - FarthestHeading) && _buffer.TryPrevious(ref start, out var length); number--)
        {
            if (signature.MatchHeading(LogText.Read(_buffer.Bytes(start, length))) is { } match)
            {
                found = CapturesOf(match);
                break;
            }
        }

        _headings[signature] = (_line, found);
        foreach (var (name, value) in found ?? [])
            captures.TryAdd(name, value);
    }

    // What failed keeps its last lines; of what did not, only the last parts keep their error lines.
    private void Finish(Segment segment)
    {
        if (segment.Kind == SegmentKind.After)
            return;

        // Of a part that did not fail, a few lines will do.
        if (segment.Errors.Tail.Count == 0)
            segment.Errors.Tail = TailBefore(segment, segment.HasErrors || segment == Structure.Current && segment.LastLine == int.MaxValue ? TailLines : TailLinesOfOthers);

        if (segment == Structure.FailedSegment || segment == Structure.FirstWithErrors)
            return;

        _recent.Enqueue(segment);
        if (_recent.Count > MostRecentParts)
            _recent.Dequeue().Errors.Clear();
    }

    private List<RawLine> TailBefore(Segment segment, int most)
    {
        List<RawLine> lines = [];
        var (start, number) = (_lineStart, _line);
        while (--number >= segment.FirstLine && lines.Count < most && _buffer.TryPrevious(ref start, out var length))
        {
            if (number <= segment.LastLine)
                lines.Add(Kept(number, _buffer.Bytes(start, length)));
        }

        lines.Reverse();
        return lines;
    }

    private static Dictionary<string, string> CapturesOf(Match match)
    {
        var captures = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in match.Groups.Keys)
        {
            if (!char.IsAsciiDigit(name[0]) && match.Groups[name] is { Success: true, Length: > 0 } group)
                captures[name] = group.Length <= LongestCapture ? group.Value : group.Value[..LongestCapture];
        }

        return captures;
    }
}
