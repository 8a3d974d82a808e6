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
    private readonly Window[] _windows;

    internal LiteralFinder(IReadOnlyList<(string Text, bool IgnoresCase)> literals)
    {
        _texts = [.. literals.Select(literal => Encoding.UTF8.GetBytes(literal.Text))];
        _ignoresCase = [.. literals.Select(literal => literal.IgnoresCase && Ascii.IsValid(literal.Text))];

        // 32 bits or more for each window keep false alarms at 3 in 100.
        var windows = (uint)_texts.Sum(text => text.Length < WindowLength ? 130 : 2);
        var log = Math.Clamp(BitOperations.Log2(windows) + 6, 16, 22);
        _bits = new uint[(1 << log) / 32];
        _bitShift = 32 - log;
        var byWindow = new Dictionary<uint, List<Window>>();
        for (var id = 0; id < _texts.Length; id++)
        {
            var text = _texts[id].AsSpan();
            var start = text.Length < WindowLength ? 0 : CommonText.RarestWindow(text, WindowLength, window => byWindow.GetValueOrDefault(window)?.Count ?? 0);
            Add(byWindow, id, start, Fold(MemoryMarshal.Read<uint>(text[start..])));
            if (text.Length >= WindowLength)
                Add(byWindow, id, start + 1, Fold(MemoryMarshal.Read<uint>(text[(start + 1)..])));
            else
                AddFollowed(byWindow, id, text);
        }

        // What is compared together lies together.
        var slotLog = BitOperations.Log2((uint)byWindow.Count + 1) + 2;
        _slots = new Slot[1 << slotLog];
        _slotShift = 32 - slotLog;
        _windows = new Window[byWindow.Values.Sum(list => list.Count)];
        var next = 0;
        foreach (var (window, entered) in byWindow)
        {
            var bit = (window * Mix) >> _bitShift;
            _bits[bit >> 5] |= 1u << (int)(bit & 31);
            var slot = SlotOf(window);
            while (_slots[slot].Count > 0)
                slot = (slot + 1) & (_slots.Length - 1);

            entered.CopyTo(_windows, next);
            _slots[slot] = new Slot(window, next, entered.Count);
            next += entered.Count;
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
        for (var slot = SlotOf(window); _slots[slot].Count > 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (_slots[slot].Key != window)
                continue;

            foreach (ref readonly var entered in _windows.AsSpan(_slots[slot].First, _slots[slot].Count))
            {
                var start = at - entered.Offset;
                if (start < 0 || start + entered.Length > line.Length)
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

    private void AddFollowed(Dictionary<uint, List<Window>> byWindow, int id, ReadOnlySpan<byte> text)
    {
        Span<byte> followed = stackalloc byte[sizeof(uint)];
        text[1..].CopyTo(followed);
        for (var next = 0; next < 256; next++)
        {
            // Upper and lower case fall together.
            followed[^1] = (byte)next;
            if ((next & 0x20) != 0)
                Add(byWindow, id, 1, Fold(MemoryMarshal.Read<uint>(followed)));
        }
    }

    private void Add(Dictionary<uint, List<Window>> byWindow, int id, int offset, uint window)
    {
        if (!byWindow.TryGetValue(window, out var entered))
            byWindow[window] = entered = [];

        entered.Add(new Window(id, offset, _texts[id].Length, BeginOf(_texts[id]), MaskOf(_texts[id])));
    }

    private int SlotOf(uint window) => (int)((window * Mix) >> _slotShift);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Slot(uint Key, int First, int Count);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Window(int Text, int Offset, int Length, ulong Begin, ulong Mask);
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
