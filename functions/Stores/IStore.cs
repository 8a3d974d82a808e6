using QMoi.Functions.CatchUp;
using QMoi.Functions.Control;
using QMoi.Functions.Hooks;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores;

/// <summary>
/// Deliveries, their work, and what was done about them. Everything that returns has been written durably. Safe for many threads; the same promises hold for every
/// implementation.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>Stores a delivery and, unless there is nothing to do, its row of work. Throws <see cref="StoreUnavailableException"/> when it cannot be kept: then nothing was.</summary>
    Task<InsertResult> InsertAsync(NewDelivery delivery, CancellationToken cancellationToken);

    /// <summary>
    /// The oldest ready deliveries of lanes that nobody holds, one of each, those of default branches with a head start, leased to the caller. An expired lease can be claimed again, with a
    /// higher fencing number.
    /// </summary>
    /// <param name="most">So many at most; 0 only asks when there is something to claim.</param>
    /// <remarks>Fair between lanes: one that was just served stands behind all that waited meanwhile, however old its next delivery is. Order holds among the ready rows of a lane. A row that waits for its retry does not hold its lane up: handlers look at the newest state.</remarks>
    Task<Claimed> ClaimAsync(int most, CancellationToken cancellationToken);

    /// <summary>False when the lease has passed to another worker.</summary>
    Task<bool> RenewAsync(Claim claim, CancellationToken cancellationToken);

    /// <summary>Ends the work of a delivery. False when the lease has passed on: nothing was written.</summary>
    Task<bool> FinishAsync(Claim claim, DeliveryState state, string result, CancellationToken cancellationToken);

    /// <summary>Puts the delivery back until <paramref name="notBefore"/>.</summary>
    /// <param name="countsAsTry">False where nothing failed and the forge only said when to come again.</param>
    Task<bool> PostponeAsync(Claim claim, DateTimeOffset notBefore, string reason, bool countsAsTry, CancellationToken cancellationToken);

    /// <summary>
    /// Told once by a process that is going to work. Where one alone may do so (SQLite), it makes sure of that, and what a predecessor held when it died is claimable at once; where many may, the leases of the dead run out.
    /// </summary>
    /// <exception cref="StoreUnusableException">Another process works here.</exception>
    Task BeginWorkAsync(CancellationToken cancellationToken);

    /// <summary>Calls back whenever another process may have made something claimable. A hint, no promise: look now and then all the same. Ends when told to, or at once where no other process can.</summary>
    Task ListenAsync(Action mayBeClaimable, CancellationToken stop);

    /// <summary>The ids of keys that deliveries which wait were encrypted with and that are not given; the oldest and the newest are looked at.</summary>
    Task<IReadOnlyList<string>> MissingKeysAsync(CancellationToken cancellationToken);

    /// <summary>When there is something to claim, as far as is known: now, or when the next waiting row or expiring lease is due; <c>null</c> when nothing waits.</summary>
    Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken);

    ILedger Ledger(Claim claim);

    /// <summary>Newest last. Read in pages, so a long list costs no memory.</summary>
    IAsyncEnumerable<DeliveryRow> ListAsync(DeliveryState? state, DateTimeOffset? since, CancellationToken cancellationToken);

    Task<DeliveryRow?> FindAsync(string deliveryId, CancellationToken cancellationToken);

    /// <summary>The id under which these very bytes came; <c>null</c> when they did not.</summary>
    Task<string?> FindIdOfBodyAsync(ForgeKind forge, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);

    /// <summary>Makes a finished delivery work again, from the stored bytes. False when it is not finished.</summary>
    Task<bool> RequeueAsync(long sequence, CancellationToken cancellationToken);

    /// <summary>Removes a few of the oldest finished deliveries, if they came before that time; what was done about them is kept. Returns how many; 0 when there are no more.</summary>
    Task<int> RemoveFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>All attempts in a repository, oldest first.</summary>
    Task<IReadOnlyList<Attempt>> AttemptsAsync(string repositoryKey, CancellationToken cancellationToken);

    /// <summary>Several processes may work here at the same time.</summary>
    bool IsShared { get; }

    /// <summary>The switches of all processes that share this store, and the audit.</summary>
    ControlTable Control { get; }

    /// <summary>What catching up has to know from one sweep to the next.</summary>
    SweepTable Sweeps { get; }

    /// <summary>What single webhooks prove themselves by.</summary>
    HookTable Hooks { get; }

    /// <summary>What waits, and what was given up. Costs as much as there is waiting.</summary>
    Task<QueueState> QueueAsync(CancellationToken cancellationToken);

    /// <summary>Lets the database put itself in order, beside the work.</summary>
    /// <returns>What was done, a sentence each.</returns>
    Task<IReadOnlyList<string>> OptimizeAsync(CancellationToken cancellationToken);

    /// <summary>Throws <see cref="StoreUnavailableException"/> while nothing can be stored. Costs a read; after a write that failed it tries one.</summary>
    Task ProveAsync(CancellationToken cancellationToken);

    /// <summary>Problems of the database in words; empty when it is sound.</summary>
    Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken);
}

public enum InsertResult { Stored, Duplicate, DuplicateIdWithAnotherBody }

public enum DeliveryState { Stored, Working, Waiting, Done, Ignored, Dead }

/// <param name="Ignored">Why nothing is to be done about it, where that is known already: it is finished with being stored.</param>
public sealed record NewDelivery(ForgeKind Forge, Envelope Envelope, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body, DateTimeOffset ReceivedAt, string? Ignored = null);

/// <summary>The right to work one delivery until the lease ends, and what is needed to do so.</summary>
/// <param name="Tries">How often it was tried before.</param>
public sealed record Claim(long Sequence, long Fence, int Tries, ForgeKind Forge, string DeliveryId, string Event, string Lane, ReadOnlyMemory<byte> Body);

/// <param name="NextDue">Where there were fewer than asked for: when to look again, as far as is known; <c>null</c> when nothing waits.</param>
public sealed record Claimed(IReadOnlyList<Claim> Claims, DateTimeOffset? NextDue);

/// <summary>A delivery as people see it.</summary>
public sealed record DeliveryRow(long Sequence, ForgeKind Forge, string Id, string Event, string? Repository, DeliveryState State, string? Result, DateTimeOffset ReceivedAt);

/// <param name="Ready">Could be worked now, those in work among them.</param>
/// <param name="Waiting">Are due later.</param>
/// <param name="HeldLanes">Repositories that somebody works on.</param>
/// <param name="Age">How long the oldest ready one has been here.</param>
/// <param name="Dead">Were given up.</param>
public sealed record QueueState(long Ready, long Waiting, long HeldLanes, TimeSpan Age, long Dead);

/// <summary>The store cannot keep anything now (full, locked, slow). The sender is asked to come again.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The database is not one this program can use; the message says why and what to do.</summary>
public class StoreUnusableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The database itself is broken, as opposed to locked, unwritable or too new: it can be put back from a backup.</summary>
/// <param name="reason">What is broken about it.</param>
public sealed class StoreDamagedException(string file, string reason, Exception? inner = null)
    : StoreUnusableException($"The database {file} is damaged: {reason}. 'qmoi serve' and 'qmoi doctor --fix' restore it from the newest good backup and keep the damaged one.", inner)
{
    public string Reason { get; } = reason;
}
