using System.Buffers;
using System.IO.Compression;

namespace QMoi.Functions.Stores;

/// <summary>Bodies shrink about tenfold, which more than pays for the work: fewer pages to write and to sync.</summary>
internal static class StoredBody
{
    public static byte[] Compress(ReadOnlySpan<byte> body)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(body.Length));
        try
        {
            if (!BrotliEncoder.TryCompress(body, buffer, out var length, quality: 0, window: 18))
                throw new InvalidOperationException("The largest compressed size was too small.");
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary><c>null</c> where the bytes are not what was stored.</summary>
    public static byte[]? TryDecompress(byte[] compressed)
    {
        try
        {
            return Decompress(compressed);
        }
        catch (Exception garbled) when (garbled is InvalidDataException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[] Decompress(byte[] compressed)
    {
        using var brotli = new BrotliStream(new MemoryStream(compressed), CompressionMode.Decompress);
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
}
