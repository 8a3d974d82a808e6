using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace QMoi.Functions.Stores;

/// <summary>
/// What becomes of a body on its way into the database and back: compressed (about tenfold, which more than pays for the work: fewer pages to write and to sync), and encrypted
/// where there is a key.
/// </summary>
/// <param name="keys">Of 32 bytes each. The first encrypts, all decrypt, so that a key can be changed; none: bodies are kept readable.</param>
/// <remarks>Encrypted is, in this order: a mark that begins no Brotli stream, the key's id (4 bytes), nonce (12), tag (16), AES-256-GCM of the compressed body.</remarks>
public sealed class StoredBody(IReadOnlyList<byte[]> keys)
{
    private const byte Mark = 0x11; // a window size that RFC 7932 calls invalid
    private const int IdEnd = 5;
    private const int NonceEnd = IdEnd + 12;
    private const int HeaderLength = NonceEnd + 16;

    private readonly (uint Id, byte[] Key)[] keys = [.. keys.Select(key => (IdOf(key), key))];

    public static StoredBody Readable { get; } = new([]);

    public byte[] Keep(ReadOnlySpan<byte> body)
    {
        var start = keys.Length == 0 ? 0 : HeaderLength;
        var buffer = ArrayPool<byte>.Shared.Rent(start + BrotliEncoder.GetMaxCompressedLength(body.Length));
        try
        {
            if (!BrotliEncoder.TryCompress(body, buffer.AsSpan(start), out var length, quality: 0, window: 18))
                throw new InvalidOperationException("The largest compressed size was too small.");
            var kept = buffer.AsSpan(0, start + length).ToArray();
            if (keys is [var (id, key), ..])
                Encrypt(kept, id, key);
            return kept;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary><c>null</c> where the bytes are not what was stored.</summary>
    /// <exception cref="KeyMissingException">They were encrypted with a key that is not given.</exception>
    public byte[]? TryRead(byte[] kept)
    {
        try
        {
            return Decompress(Decrypted(kept));
        }
        catch (Exception garbled) when (garbled is InvalidDataException or InvalidOperationException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The id of the key that is wanting to read these; <c>null</c> where none is.</summary>
    internal string? MissingKey(ReadOnlySpan<byte> kept) =>
        kept.Length >= IdEnd && kept[0] == Mark && BinaryPrimitives.ReadUInt32BigEndian(kept[1..]) is var id && !Array.Exists(keys, known => known.Id == id) ? id.ToString("x8") : null;

    /// <summary>They are as <see cref="Keep"/> would encrypt them now.</summary>
    internal bool IsOfNewestKey(ReadOnlySpan<byte> kept) => keys.Length == 0 || (kept.Length >= IdEnd && kept[0] == Mark && BinaryPrimitives.ReadUInt32BigEndian(kept[1..]) == keys[0].Id);

    private static void Encrypt(Span<byte> kept, uint id, byte[] key)
    {
        kept[0] = Mark;
        BinaryPrimitives.WriteUInt32BigEndian(kept[1..], id);
        RandomNumberGenerator.Fill(kept[IdEnd..NonceEnd]);
        using var cipher = new AesGcm(key, tagSizeInBytes: HeaderLength - NonceEnd);
        cipher.Encrypt(kept[IdEnd..NonceEnd], kept[HeaderLength..], kept[HeaderLength..], kept[NonceEnd..HeaderLength], kept[..IdEnd]);
    }

    private ReadOnlyMemory<byte> Decrypted(byte[] kept)
    {
        if (kept is not [Mark, ..])
            return kept;
        if (kept.Length < HeaderLength)
            throw new InvalidDataException("It is cut off.");
        if (MissingKey(kept) is { } missing)
            throw new KeyMissingException(missing);
        var compressed = new byte[kept.Length - HeaderLength];
        using var cipher = new AesGcm(keys.First(known => known.Id == BinaryPrimitives.ReadUInt32BigEndian(kept.AsSpan(1))).Key, tagSizeInBytes: HeaderLength - NonceEnd);
        cipher.Decrypt(kept.AsSpan(IdEnd..NonceEnd), kept.AsSpan(HeaderLength), kept.AsSpan(NonceEnd..HeaderLength), compressed, kept.AsSpan(0, IdEnd));
        return compressed;
    }

    private static byte[] Decompress(ReadOnlyMemory<byte> compressed)
    {
        using var brotli = new BrotliStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = brotli.Read(buffer)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > Webhooks.MaxBodyBytes)
                throw new InvalidDataException("A stored body is larger than any that is accepted.");
        }
        return body.ToArray();
    }

    /// <summary>Tells nothing about the key but whether it is the same.</summary>
    private static uint IdOf(byte[] key) => BinaryPrimitives.ReadUInt32BigEndian(HMACSHA256.HashData(key, "qmoi key id"u8));
}

/// <summary>A stored body was encrypted with a key that the settings do not name.</summary>
/// <param name="id">Of the key, 8 hex digits.</param>
public sealed class KeyMissingException(string id) : Exception($"It was encrypted with the key {id}, which QMOI_ENCRYPTION_KEY does not name.");
