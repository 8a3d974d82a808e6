using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>The requests of one unit of work, which may run beside each other.</summary>
internal sealed class CallLog
{
    private readonly Lock gate = new();
    private readonly List<ForgeCall> calls = [];

    public void Add(ForgeCall call)
    {
        lock (gate) calls.Add(call);
    }

    public int Count
    {
        get
        {
            lock (gate) return calls.Count;
        }
    }

    public IReadOnlyList<ForgeCall> InOrder()
    {
        lock (gate) return [.. calls.OrderBy(call => call.StartedAt)];
    }
}
