using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>Values that are dear to get and serve many: got once however many ask, kept while fresh, got again after a failure.</summary>
internal sealed class SharedValues<TKey, TValue>(Func<TValue, bool> isFresh) where TKey : notnull
{
    private const int MaxKept = 10_000;
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, Entry> entries = [];

    public Task<TValue> GetAsync(TKey key, Func<CancellationToken, Task<TValue>> get, CancellationToken cancellationToken)
    {
        Entry? entry;
        lock (gate)
        {
            if (!entries.TryGetValue(key, out entry) || entry.IsStale(isFresh))
            {
                if (entries.Count >= MaxKept) entries.Clear();
                entries[key] = entry = new Entry();
                // Nobody's own cancellation stops what others wait for; every request has its time limit.
                entry.Start(get);
            }
        }

        return entry.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Forgets a value, unless it has been replaced by another meanwhile. True where the next one asked for will be another.</summary>
    public bool Forget(TKey key, Func<TValue, bool> isRefused)
    {
        lock (gate)
        {
            if (entries.TryGetValue(key, out var entry) && entry.Holds(isRefused)) entries.Remove(key);
            return true;
        }
    }

    private sealed class Entry
    {
        private TValue? value;

        public Task<TValue> Task { get; private set; } = null!;

        public void Start(Func<CancellationToken, Task<TValue>> get) => Task = RunAsync(get);

        public bool IsStale(Func<TValue, bool> isFresh) => Task.IsFaulted || Task.IsCanceled || (Task.IsCompletedSuccessfully && !isFresh(value!));

        public bool Holds(Func<TValue, bool> isIt) => Task.IsCompletedSuccessfully && isIt(value!);

        private async Task<TValue> RunAsync(Func<CancellationToken, Task<TValue>> get)
        {
            await System.Threading.Tasks.Task.Yield();   // out of the lock
            LeaseGuard.Set(null);   // it is for others too
            return value = await get(CancellationToken.None);
        }
    }
}
