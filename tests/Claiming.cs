using QMoi.Functions.Stores;

namespace QMoi.Tests;

internal static class Claiming
{
    /// <summary>The next delivery that can be claimed; <c>null</c> when there is none now.</summary>
    public static async Task<Claim?> ClaimAsync(this IStore store, CancellationToken stop) => (await store.ClaimAsync(1, stop)).Claims.SingleOrDefault();
}
