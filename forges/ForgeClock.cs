using System.Net.Http.Headers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>How far this machine's clock is from a forge's, by the time that stands on its answers.</summary>
internal sealed class ForgeClock(ForgeKind forge, TimeProvider clock, IForgeAlarms? alarms)
{
    /// <summary>Less is of no consequence: GitLab's signatures are good for five minutes, the claims of an App for nine.</summary>
    /// <remarks>An App's claims are then made by the forge's time; whether a delivery is as young as it says stays a matter of this machine's clock.</remarks>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(2);

    private readonly Lock gate = new();
    private TimeSpan ahead;

    /// <summary>So much this machine is ahead of the forge; zero where they agree, or nothing was heard yet.</summary>
    public TimeSpan Ahead
    {
        get
        {
            lock (gate) return ahead;
        }
    }

    /// <summary>The forge's time; this machine's where they agree, or nothing was heard yet.</summary>
    public DateTimeOffset Now => clock.GetUtcNow() - Ahead;

    /// <param name="took">How long the answer was on its way at most.</param>
    public void Learn(HttpResponseHeaders headers, TimeSpan took)
    {
        // What a cache kept is as old as it says.
        if (headers.Date is not { } date || headers.Age is not null)
            return;
        var difference = clock.GetUtcNow() - date;
        lock (gate)
        {
            var isOff = difference.Duration() - took > Tolerance;
            if (isOff && (ahead == TimeSpan.Zero || (difference - ahead).Duration() > Tolerance))
            {
                alarms?.Raise(
                    $"clock {forge}", $"the clock of this machine is {Math.Round(difference.Duration().TotalMinutes):0} minutes {(difference > TimeSpan.Zero ? "ahead of" : "behind")} {forge}'s",
                    "deliveries with a signature of GitLab 19 are refused as long as it is more than five; set the clock (NTP)");
                ahead = difference;
            }
            else if (!isOff && ahead != TimeSpan.Zero)
            {
                alarms?.Clear($"clock {forge}");
                ahead = TimeSpan.Zero;
            }
        }
    }
}
