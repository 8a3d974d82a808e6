using System.Buffers;
using System.Text;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Cuts a stream into lines on LF alone, in bounded memory whatever the stream holds, and keeps some of what was read for looking back.</summary>
internal sealed class LogBuffer(Stream stream) : IDisposable
{
    /// <summary>How much is kept of what lies before the current line.</summary>
    internal const int History = 256 * 1024;

    private const int Size = 1024 * 1024;
    private const int RawSize = 64 * 1024;

    // A longer line keeps only its two ends, half of this each; LineCleaner cuts them shorter.
    private const int LongestLine = 64 * 1024;

    // Small, so that a start in UTF-16 is converted in place.
    private const int FirstRead = 4096;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(Size);
    private byte[]? _raw;
    private Decoder? _decoder;
    private int _lineStart;
    private int _searchedTo;
    private int _end;
    private bool _isAtStart = true;
    private bool _isAtEnd;

    /// <summary>Bytes read from the stream so far.</summary>
    internal long Length { get; private set; }

    internal ReadOnlySpan<byte> Bytes(int start, int length) => _bytes.AsSpan(start, length);

    /// <summary>Reads more; false at the end of the stream.</summary>
    internal async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        if (_isAtEnd)
            return false;

        MakeRoom();
        if (_decoder is not null)
        {
            _end += await ReadUtf16Async(ct);
            return !_isAtEnd;
        }

        // One byte stays free: LiteralFinder looks one byte behind a line.
        var room = _isAtStart ? FirstRead : _bytes.Length - _end - 1;

        // A file is read in place: handing each block to another thread costs more than the block.
        var read = stream is FileStream ? ReadHere(room, ct) : await stream.ReadAsync(_bytes.AsMemory(_end, room), ct);
        _end += read;
        Length += read;
        if (_isAtStart && (_end >= 3 || read == 0))
            SkipByteOrderMark();

        _isAtEnd = read == 0;
        return !_isAtEnd;
    }

    /// <summary>The next whole line without its LF.</summary>
    internal bool TryTake(out int start, out int length)
    {
        start = _lineStart;
        var at = _isAtStart ? -1 : _bytes.AsSpan(_searchedTo, _end - _searchedTo).IndexOf((byte)'\n');
        if (at < 0)
        {
            _searchedTo = _end;
            length = 0;
            return false;
        }

        length = _searchedTo + at - _lineStart;
        _lineStart = _searchedTo = _searchedTo + at + 1;
        return true;
    }

    /// <summary>What follows the last LF, at the end of the stream.</summary>
    internal bool TryTakeRest(out int start, out int length)
    {
        start = _lineStart;
        length = _end - _lineStart;
        _lineStart = _searchedTo = _end;
        return length > 0;
    }

    /// <summary>The line that ends before <paramref name="start"/>, if it is still kept.</summary>
    internal bool TryPrevious(ref int start, out int length)
    {
        length = 0;
        if (start <= 0)
            return false;

        var lineEnd = start - 1;
        start = _bytes.AsSpan(0, lineEnd).LastIndexOf((byte)'\n') + 1;
        length = lineEnd - start;
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        if (_raw is not null)
            ArrayPool<byte>.Shared.Return(_raw);

        _raw = null;
    }

    private int ReadHere(int room, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return stream.Read(_bytes, _end, room);
    }

    private void MakeRoom()
    {
        if (_end - _lineStart > LongestLine)
            ShortenLine();

        if (_bytes.Length - _end > Size / 2)
            return;

        // The kept part begins at a line, so that its first line is never mistaken for a whole one.
        var from = Math.Max(0, _lineStart - History);
        if (from > 0)
            from += _bytes.AsSpan(from, _lineStart - from).IndexOf((byte)'\n') + 1;

        _bytes.AsSpan(from, _end - from).CopyTo(_bytes);
        _lineStart -= from;
        _searchedTo -= from;
        _end -= from;
    }

    private void ShortenLine()
    {
        const int Half = LongestLine / 2;
        _bytes.AsSpan(_end - Half, Half).CopyTo(_bytes.AsSpan(_lineStart + Half));
        _end = _lineStart + LongestLine;
        _searchedTo = _end;
    }

    private void SkipByteOrderMark()
    {
        _isAtStart = false;
        ReadOnlySpan<byte> start = _bytes.AsSpan(0, _end);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            _lineStart = _searchedTo = 3;
            return;
        }

        var encoding = start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) ? Encoding.Unicode : start.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? Encoding.BigEndianUnicode : null;
        if (encoding is null)
            return;

        _decoder = encoding.GetDecoder();
        _raw = ArrayPool<byte>.Shared.Rent(RawSize);
        start[2..].CopyTo(_raw);
        _end = Decode(_end - 2, isLast: false, at: 0);
    }

    private async ValueTask<int> ReadUtf16Async(CancellationToken ct)
    {
        var read = await stream.ReadAsync(_raw.AsMemory(0, RawSize), ct);
        Length += read;
        _isAtEnd = read == 0;
        return Decode(read, _isAtEnd, _end);
    }

    private int Decode(int count, bool isLast, int at)
    {
        var chars = new char[count + 1];
        var decoded = _decoder!.GetChars(_raw!, 0, count, chars, 0, isLast);
        return Encoding.UTF8.GetBytes(chars, 0, decoded, _bytes, at);
    }
}
