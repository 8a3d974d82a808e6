using QMoi.Handlers.Repair;

namespace QMoi.Handlers.Forges;

/// <summary>
/// Whether the work in hand may still write at a forge. A process that stood still for longer than its lease goes on where it was, before any timer or the store has told it that another has taken
/// its work over; so the time is looked at right before each write.
/// </summary>
public static class LeaseGuard
{
    private static readonly AsyncLocal<Func<bool>?> Holds = new();

    /// <summary>For all that is begun from here on.</summary>
    public static void Set(Func<bool>? isHeld) => Holds.Value = isHeld;

    /// <exception cref="LeaseLostException">The lease may have passed to another worker.</exception>
    public static void ThrowIfOver()
    {
        if (Holds.Value?.Invoke() == false)
            throw new LeaseLostException();
    }
}
