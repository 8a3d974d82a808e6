using System.Buffers;
using Microsoft.AspNetCore.Http.Features;

namespace QMoi.Functions;

/// <summary>The bytes of a request, whole. Disposing gives their memory back.</summary>
internal sealed class IncomingBody : IDisposable
{
    /// <summary>So much room is made before anything has come, whatever length is announced: room for 25 MB costs the sender one line.</summary>
    private const int FirstRoom = 64 * 1024;

    private readonly BodyRoom room;
    private byte[] buffer;
    private int taken;

    private IncomingBody(BodyRoom room, int size) => (this.room, buffer) = (room, ArrayPool<byte>.Shared.Rent(size));

    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <exception cref="BodyRefusedException">It is too long or too slow, or there is no room for it now.</exception>
    public static async Task<IncomingBody> ReadAsync(HttpRequest request, BodyRoom room, TimeProvider clock, CancellationToken aborted)
    {
        var body = new IncomingBody(room, (int)Math.Min(request.ContentLength ?? FirstRoom, FirstRoom) + 1);
        try
        {
            await body.FillAsync(request, clock, aborted);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        room.Return(taken);
    }

    private async Task FillAsync(HttpRequest request, TimeProvider clock, CancellationToken aborted)
    {
        var length = await request.Body.ReadAsync(buffer, aborted);
        // Nearly all come in one piece, and need no limit.
        if (length > 0 && length != request.ContentLength)
            length = await FillAsync(request, length, clock, aborted);
        Bytes = buffer.AsMemory(0, length);
    }

    private async Task<int> FillAsync(HttpRequest request, int length, TimeProvider clock, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(BodyRoom.ReadTimeout, clock);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(aborted, limit.Token);
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                    Grow();
                var read = await request.Body.ReadAsync(buffer.AsMemory(length), limited.Token);
                if (read == 0)
                    return length;
                length += read;
                if (length > Webhooks.MaxBodyBytes)
                    throw new BodyRefusedException(StatusCodes.Status413PayloadTooLarge, $"At most {Webhooks.MaxBodyBytes} bytes are read.");
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !aborted.IsCancellationRequested)
        {
            throw new BodyRefusedException(StatusCodes.Status408RequestTimeout, $"The body did not end within {BodyRoom.ReadTimeout.TotalSeconds:0} s.");
        }
    }

    private void Grow()
    {
        var size = Math.Min(Webhooks.MaxBodyBytes + 1, buffer.Length * 2);
        if (!room.TryTake(size - taken, size))
            throw new BodyRefusedException(StatusCodes.Status503ServiceUnavailable, "Too much is being received already; come again.");
        taken = size;
        var larger = ArrayPool<byte>.Shared.Rent(size);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}

/// <param name="words">For the sender.</param>
internal sealed class BodyRefusedException(int status, string words) : Exception(words)
{
    public int Status => status;
}

/// <summary>
/// How much memory the bodies in hand may take together, from where they are more than small until they are stored. What comes beyond that is asked to come again. Large ones may not take all
/// of it, so that the many others go on.
/// </summary>
internal sealed class BodyRoom
{
    /// <summary>So long the rest of a body is waited for: forges give up after that too.</summary>
    public static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(10);

    private const long All = 128L << 20;
    private const long OfLargeOnes = All * 3 / 4;
    private const int Large = 1 << 20;

    private long taken;

    /// <summary>True: to be given back with <see cref="Return"/>.</summary>
    /// <param name="bytes">More than are held for this body.</param>
    /// <param name="size">Of its buffer, with them.</param>
    public bool TryTake(int bytes, int size)
    {
        if (Interlocked.Add(ref taken, bytes) <= (size > Large ? OfLargeOnes : All))
            return true;
        Return(bytes);
        return false;
    }

    public void Return(int bytes) => Interlocked.Add(ref taken, -bytes);
}
