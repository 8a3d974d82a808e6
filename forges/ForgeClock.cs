using System.Net.Http.Headers;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>How far this machine's clock is from a forge's, by the time that stands on its answers.</summary>
internal sealed class ForgeClock(ForgeKind forge, TimeProvider clock, IForgeAlarms? alarms)
{
    /// <summary>Less is of no consequence: GitLab's signatures are good for five minutes, the claims of an App for nine.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(2);

    private readonly Lock gate = new();
    private TimeSpan ahead;

    /// <summary>The forge's time; this machine's where they agree, or nothing was heard yet.</summary>
    public DateTimeOffset Now
    {
        get
        {
            lock (gate) return clock.GetUtcNow() - ahead;
        }
    }

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
                    "deliveries with a signature of GitLab 19 are refused, and so are tokens of a GitHub App; set the clock (NTP)");
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
