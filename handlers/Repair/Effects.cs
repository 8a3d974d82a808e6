using System.Security.Cryptography;
using System.Text;
using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>Does an effect once as seen from outside, wherever the process dies: announced durably, done, recorded; after a crash looked up on the forge first.</summary>
internal static class Effects
{
    /// <param name="lookUp">Finds what an earlier run may have done, as the text to record; <c>null</c> when it did not.</param>
    /// <param name="perform">Does it and returns the text to record.</param>
    public static async Task<string> OnceAsync(
        this ILedger ledger, string key, Func<CancellationToken, Task<string?>> lookUp, Func<CancellationToken, Task<string>> perform, CancellationToken cancellationToken)
    {
        var state = await ledger.BeginEffectAsync(key, cancellationToken);
        if (state is EffectState.Done done)
            return done.Result;
        var result = state is EffectState.Begun ? await lookUp(cancellationToken) : null;
        result ??= await PerformAsync(ledger, key, lookUp, perform, cancellationToken);
        await ledger.CompleteEffectAsync(key, result, cancellationToken);
        return result;
    }

    /// <summary>Writes a text whose repetition changes nothing (an edit in place), and not at all when it says what it said last.</summary>
    public static async Task KeepAsync(this ILedger ledger, string key, string text, Func<CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        if (await ledger.BeginEffectAsync(key, cancellationToken) is EffectState.Done { Result: var last } && last == hash)
            return;
        await write(cancellationToken);
        await ledger.CompleteEffectAsync(key, hash, cancellationToken);
    }

    private static async Task<string> PerformAsync(
        ILedger ledger, string key, Func<CancellationToken, Task<string?>> lookUp, Func<CancellationToken, Task<string>> perform, CancellationToken cancellationToken)
    {
        try
        {
            return await perform(cancellationToken);
        }
        // It is there already though no record says so: a store restored from a backup, or an answer lost on the way.
        catch (ForgeException exception) when (exception.Problem == ForgeProblem.Conflict)
        {
            return await lookUp(cancellationToken) ?? throw new ForgeException(ForgeProblem.Conflict, exception.Message, inner: exception);
        }
        catch (ForgeException exception) when (!exception.IsTransient)
        {
            await ledger.AbandonEffectAsync(key, cancellationToken);
            throw;
        }
    }
}
