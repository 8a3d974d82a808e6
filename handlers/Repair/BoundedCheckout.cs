using QMoi.Fixers;

namespace QMoi.Handlers.Repair;

/// <summary>What one fixer sees of a checkout, and how much of it. Time runs while the fixer thinks, not while it waits here.</summary>
internal sealed class BoundedCheckout : ICheckout, IDisposable
{
    private const long MaxFile = 4L << 20;
    private const long MaxBytes = 128L << 20;
    private const int MaxReads = 10_000;

    private readonly ICheckout checkout;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource late;
    private readonly CancellationTokenSource either;
    private TimeSpan left;
    private long since;
    private int waiting;
    private int reads;
    private long bytes;

    public BoundedCheckout(ICheckout checkout, TimeSpan longest, TimeProvider clock, CancellationToken cancellationToken)
    {
        (this.checkout, this.clock, left) = (checkout, clock, longest);
        late = new CancellationTokenSource(longest, clock);
        either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        (Token, since) = (either.Token, clock.GetTimestamp());
    }

    public CancellationToken Token { get; }

    public async Task<RepositoryFile?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var file = await WaitAsync(checkout.ReadAsync, path, cancellationToken);
        if (file is null || file.Content.Length > MaxFile)
            return null;
        return Interlocked.Add(ref bytes, file.Content.Length) <= MaxBytes ? file : throw new ExceededException();
    }

    public Task<IReadOnlyList<TreeEntry>> ListAsync(string folder, CancellationToken cancellationToken) => WaitAsync(checkout.ListAsync, folder, cancellationToken);

    public Task<IReadOnlyList<string>> ListAllAsync(CancellationToken cancellationToken) => WaitAsync((_, ct) => checkout.ListAllAsync(ct), "", cancellationToken);

    public void Dispose()
    {
        either.Dispose();
        late.Dispose();
    }

    private async Task<T> WaitAsync<T>(Func<string, CancellationToken, Task<T>> read, string path, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref reads) > MaxReads)
            throw new ExceededException();
        Stop();
        try
        {
            return await read(path, cancellationToken);
        }
        finally
        {
            Go();
        }
    }

    private void Stop()
    {
        lock (gate)
        {
            if (waiting++ > 0 || Token.IsCancellationRequested)
                return;
            left -= clock.GetElapsedTime(since);
            late.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private void Go()
    {
        lock (gate)
        {
            if (--waiting > 0 || Token.IsCancellationRequested)
                return;
            since = clock.GetTimestamp();
            late.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    /// <summary>The fixer reads more than a repair needs.</summary>
    public sealed class ExceededException() : Exception("The rule that repairs this would have to read more of the repository than it may.");
}
