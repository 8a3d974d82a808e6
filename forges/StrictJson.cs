using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;

namespace QMoi.Forges;

/// <summary>
/// Reads a delivery once, forwards only, and refuses whatever two parsers could read differently: duplicate keys in any object, a byte order mark,
/// invalid UTF-8, NUL, lone surrogates, numbers out of range, more than 64 levels. Throws <see cref="JsonException"/> with words for people.
/// </summary>
internal ref struct StrictJsonReader
{
    private const int MaxDepth = 64;

    /// <summary>Keys of all open objects together; the largest real delivery has about 250.</summary>
    private const int MaxOpenKeys = 16_384;

    private const int LongestNumber = 300;

    private Utf8JsonReader reader;
    private Span<ulong> keys;
    private int keyCount;
    private DepthStarts starts;

    /// <param name="keyBuffer">Scratch for the key hashes, best from the stack; grows when too small.</param>
    public StrictJsonReader(ReadOnlySpan<byte> json, Span<ulong> keyBuffer)
    {
        if (json.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) throw new JsonException("The body begins with a byte order mark.");
        if (!Utf8.IsValid(json)) throw new JsonException("The body is not valid UTF-8.");
        reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        keys = keyBuffer;
    }

    public readonly JsonTokenType TokenType => reader.TokenType;

    /// <summary>1 for the keys of the outermost object.</summary>
    public readonly int Depth => reader.CurrentDepth;

    public readonly bool Is(ReadOnlySpan<byte> text) => reader.ValueTextEquals(text);

    public readonly string? GetString() => reader.GetString();

    public readonly bool TryGetInt64(out long value) => reader.TryGetInt64(out value);

    public bool Read()
    {
        if (!reader.Read()) return false;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                starts[reader.CurrentDepth] = keyCount;
                break;
            case JsonTokenType.EndObject:
                keyCount = starts[reader.CurrentDepth];
                break;
            case JsonTokenType.PropertyName:
                if (reader.ValueIsEscaped) CheckEscapes(reader.ValueSpan);
                RememberKey();
                break;
            case JsonTokenType.String:
                if (reader.ValueIsEscaped) CheckEscapes(reader.ValueSpan);
                break;
            case JsonTokenType.Number:
                CheckNumber(reader.ValueSpan);
                break;
        }

        return true;
    }

    private void RememberKey()
    {
        var hash = Hash(reader.ValueIsEscaped ? Unescaped() : reader.ValueSpan);
        var start = starts[reader.CurrentDepth - 1];
        if (keys[start..keyCount].Contains(hash)) throw new JsonException("An object has the same key twice.");
        if (keyCount == keys.Length)
        {
            if (keyCount >= MaxOpenKeys) throw new JsonException("The body has too many keys.");
            var larger = new ulong[Math.Max(64, keys.Length * 2)];
            keys.CopyTo(larger);
            keys = larger;
        }

        keys[keyCount++] = hash;
    }

    private readonly ReadOnlySpan<byte> Unescaped()
    {
        var text = new byte[reader.ValueSpan.Length];
        return text.AsSpan(0, reader.CopyString(text));
    }

    // 64 bits over all bytes. Two different keys of one object that collide would be refused as a duplicate: about once in 10^15 deliveries.
    private static ulong Hash(ReadOnlySpan<byte> key)
    {
        const ulong Factor = 0x9E37_79B9_7F4A_7C15;
        var hash = (ulong)key.Length * Factor;
        while (key.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key)) * Factor;
            hash ^= hash >> 32;
            key = key[8..];
        }

        ulong tail = 0;
        foreach (var b in key) tail = (tail << 8) | b;
        hash = (hash ^ tail) * Factor;
        return hash ^ (hash >> 32);
    }

    private static void CheckEscapes(ReadOnlySpan<byte> text)
    {
        while (text.IndexOf((byte)'\\') is >= 0 and var at)
        {
            if (text[at + 1] != 'u')
            {
                text = text[(at + 2)..];
                continue;
            }

            var unit = CodeUnit(text[(at + 2)..]);
            text = text[(at + 6)..];
            if (unit == 0) throw new JsonException("The body holds a NUL character.");
            if (!char.IsSurrogate(unit)) continue;
            var isPair = char.IsHighSurrogate(unit) && text.StartsWith("\\u"u8) && char.IsLowSurrogate(CodeUnit(text[2..]));
            if (!isPair) throw new JsonException("The body holds half a surrogate pair.");
            text = text[6..];
        }
    }

    private static char CodeUnit(ReadOnlySpan<byte> hex) =>
        Utf8Parser.TryParse(hex[..4], out int value, out _, 'x') ? (char)value : throw new JsonException("The body holds a broken escape.");

    private static void CheckNumber(ReadOnlySpan<byte> number)
    {
        var isSane = number.Length <= LongestNumber
            && (!number.ContainsAny((byte)'e', (byte)'E') || (Utf8Parser.TryParse(number, out double value, out _) && double.IsFinite(value)));
        if (!isSane) throw new JsonException("The body holds a number out of range.");
    }

    [InlineArray(MaxDepth + 1)]
    private struct DepthStarts
    {
        private int first;
    }
}
