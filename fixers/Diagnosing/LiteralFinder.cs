using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Finds which of many texts a line holds, in one pass over every second byte of it.</summary>
/// <remarks>
/// Of each text a window of five bytes is chosen that is rare in logs. Whatever its place in a line, one of its two halves of four bytes begins at an even
/// place: a bit table says at once that most places hold none, a hash table names the texts of the others, which are then compared as a whole.
/// A text of four bytes is entered with every byte that may follow it.
/// </remarks>
internal sealed class LiteralFinder
{
    /// <summary>Shortest text that can be found.</summary>
    internal const int ShortestText = 4;

    private const int WindowLength = 5;

    private const uint FoldCase = 0x20202020;
    private const ulong FoldCases = 0x2020202020202020;
    private const uint Mix = 0x9E3779B1;

    private readonly byte[][] _texts;
    private readonly bool[] _ignoresCase;
    private readonly uint[] _bits;
    private readonly int _bitShift;
    private readonly Slot[] _slots;
    private readonly int _slotShift;
    private Window[] _windows = [];
    private int _windowCount;

    internal LiteralFinder(IReadOnlyList<(string Text, bool IgnoresCase)> literals)
    {
        _texts = [.. literals.Select(literal => Encoding.UTF8.GetBytes(literal.Text))];
        _ignoresCase = [.. literals.Select(literal => literal.IgnoresCase && Ascii.IsValid(literal.Text))];

        // 32 bits or more for each window keep false alarms at 3 in 100.
        var windows = (uint)_texts.Sum(text => text.Length < WindowLength ? 130 : 2);
        var log = Math.Clamp(BitOperations.Log2(windows) + 6, 16, 22);
        _bits = new uint[(1 << log) / 32];
        _bitShift = 32 - log;
        var slotLog = BitOperations.Log2(windows) + 2;
        _slots = new Slot[1 << slotLog];
        Array.Fill(_slots, new Slot(0, -1));
        _slotShift = 32 - slotLog;
        var crowd = new Dictionary<uint, int>();
        for (var id = 0; id < _texts.Length; id++)
        {
            var text = _texts[id].AsSpan();
            var start = text.Length < WindowLength ? 0 : CommonText.RarestWindow(text, WindowLength, crowd);
            Add(id, start, Fold(MemoryMarshal.Read<uint>(text[start..])), crowd);
            if (text.Length >= WindowLength)
                Add(id, start + 1, Fold(MemoryMarshal.Read<uint>(text[(start + 1)..])), crowd);
            else
                AddFollowed(id, text, crowd);
        }
    }

    internal int Count => _texts.Length;

    /// <summary>Adds each text in the line once to <paramref name="found"/>.</summary>
    /// <param name="line">Behind it one more byte can be read, whatever it is: the end of a text of four bytes may be the end of the line.</param>
    internal void Find(ReadOnlySpan<byte> line, FoundLiterals found)
    {
        ref var start = ref MemoryMarshal.GetReference(line);
        ref var bits = ref MemoryMarshal.GetArrayDataReference(_bits);
        var shift = _bitShift;
        var last = line.Length + 1 - sizeof(uint);
        for (nint at = 0; at <= last; at += 2)
        {
            var window = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, at)) | FoldCase;
            var bit = (window * Mix) >> shift;
            if ((Unsafe.Add(ref bits, (nint)(bit >> 5)) & (1u << (int)(bit & 31))) != 0)
                Check(window, (int)at, line, found);
        }
    }

    private void Check(uint window, int at, ReadOnlySpan<byte> line, FoundLiterals found)
    {
        for (var slot = SlotOf(window); _slots[slot].First >= 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (_slots[slot].Key != window)
                continue;

            for (var next = _slots[slot].First; next >= 0; next = _windows[next].Next)
            {
                ref readonly var entered = ref _windows[next];
                var start = at - entered.Offset;
                if (start < 0 || start + _texts[entered.Text].Length > line.Length)
                    continue;

                // The first eight bytes, which tell nearly all texts of a window apart.
                if (start + sizeof(ulong) <= line.Length && ((Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(line), start)) | FoldCases) & entered.Mask) != entered.Begin)
                    continue;

                var text = _texts[entered.Text];
                var here = line.Slice(start, text.Length);
                if (_ignoresCase[entered.Text] ? Ascii.EqualsIgnoreCase(here, text) : here.SequenceEqual(text))
                    found.Add(entered.Text);
            }

            return;
        }
    }

    private static ulong BeginOf(ReadOnlySpan<byte> text)
    {
        Span<byte> begin = stackalloc byte[sizeof(ulong)];
        begin.Clear();
        text[..Math.Min(text.Length, sizeof(ulong))].CopyTo(begin);
        return (MemoryMarshal.Read<ulong>(begin) | FoldCases) & MaskOf(text);
    }

    private static ulong MaskOf(ReadOnlySpan<byte> text) => text.Length >= sizeof(ulong) ? ulong.MaxValue : (1UL << (8 * text.Length)) - 1;

    private static uint Fold(uint window) => window | FoldCase;

    private void AddFollowed(int id, ReadOnlySpan<byte> text, Dictionary<uint, int> crowd)
    {
        Span<byte> followed = stackalloc byte[sizeof(uint)];
        text[1..].CopyTo(followed);
        for (var next = 0; next < 256; next++)
        {
            // Upper and lower case fall together.
            followed[^1] = (byte)next;
            if ((next & 0x20) != 0)
                Add(id, 1, Fold(MemoryMarshal.Read<uint>(followed)), crowd);
        }
    }

    private void Add(int id, int offset, uint window, Dictionary<uint, int> crowd)
    {
        crowd[window] = crowd.GetValueOrDefault(window) + 1;
        var bit = (window * Mix) >> _bitShift;
        _bits[bit >> 5] |= 1u << (int)(bit & 31);
        var slot = SlotOf(window);
        while (_slots[slot].First >= 0 && _slots[slot].Key != window)
            slot = (slot + 1) & (_slots.Length - 1);

        if (_windowCount == _windows.Length)
            Array.Resize(ref _windows, Math.Max(256, 2 * _windowCount));

        _windows[_windowCount] = new Window(id, offset, _slots[slot].First, BeginOf(_texts[id]), MaskOf(_texts[id]));
        _slots[slot] = new Slot(window, _windowCount++);
    }

    private int SlotOf(uint window) => (int)((window * Mix) >> _slotShift);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Slot(uint Key, int First);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Window(int Text, int Offset, int Next, ulong Begin, ulong Mask);
}

/// <summary>The texts found in one line, each once. Reused from line to line.</summary>
internal sealed class FoundLiterals(int literals)
{
    private readonly int[] _seenIn = new int[literals];
    private readonly int[] _ids = new int[literals];
    private int _line;

    internal int Count { get; private set; }

    internal ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    internal void Clear()
    {
        Count = 0;
        _line++;
    }

    internal void Add(int id)
    {
        if (_seenIn[id] == _line)
            return;

        _seenIn[id] = _line;
        _ids[Count++] = id;
    }
}
