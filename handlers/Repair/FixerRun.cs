using System.Collections.Concurrent;
using System.Security.Cryptography;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;

namespace QMoi.Handlers.Repair;

/// <summary>A fixer threw or did not end. For the log.</summary>
/// <param name="Incident">Also told to people, so that it is found.</param>
public sealed record FixerFault(string Incident, string FailureId, Exception Exception);

/// <summary>Asks fixers so that one which throws, hangs or reads without end harms the attempt it was asked for and nothing else.</summary>
internal sealed class FixerRun(Action<FixerFault>? report, TimeProvider clock)
{
    /// <summary>Time to think; waiting for files is not counted, for a clone may take minutes.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    // No thread can be ended from outside: who does not end is left behind, and not asked again meanwhile.
    private readonly ConcurrentDictionary<string, Task> leftBehind = new(StringComparer.Ordinal);

    /// <exception cref="ForgeException">A file could not be read.</exception>
    public async Task<FixResult> AskAsync(IFixer fixer, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (leftBehind.ContainsKey(fixer.FailureId))
            return new FixResult.Declined("The rule that repairs this did not end the last time it was asked, so it is not asked now.");
        using var span = Signals.Begin("fixer");
        span?.SetTag("qmoi.failure", fixer.FailureId);
        using var bounded = new BoundedCheckout(checkout, Longest, clock, cancellationToken);
        var asked = Task.Run(() => fixer.FixAsync(diagnosis, bounded, bounded.Token), CancellationToken.None);
        try
        {
            var result = await asked.WaitAsync(bounded.Token);
            span?.SetTag("qmoi.result", result.GetType().Name);
            return result;
        }
        catch (OperationCanceledException) when (bounded.Token.IsCancellationRequested)
        {
            LeaveBehind(fixer.FailureId, asked);
            cancellationToken.ThrowIfCancellationRequested();
            return new FixResult.Declined(Told(fixer.FailureId, new TimeoutException($"The fixer did not end within {Longest.TotalSeconds} s.")));
        }
        catch (BoundedCheckout.ExceededException exceeded)
        {
            return new FixResult.Declined(exceeded.Message);
        }
        catch (Exception exception) when (exception is not (ForgeException or GitException))
        {
            return new FixResult.Declined(Told(fixer.FailureId, exception));
        }
    }

    /// <summary>Logs a fault and gives the words for people.</summary>
    public string Told(string failureId, Exception exception)
    {
        var incident = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        report?.Invoke(new FixerFault(incident, failureId, exception));
        return $"The rule that repairs this failed by our mistake, incident {incident}.";
    }

    private void LeaveBehind(string failureId, Task asked)
    {
        leftBehind[failureId] = asked;
        _ = asked.ContinueWith(
            ended => (ended.Exception, leftBehind.TryRemove(failureId, out _)), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
