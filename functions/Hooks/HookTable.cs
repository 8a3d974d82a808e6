using Dapper;
using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Hooks;

/// <summary>What one webhook proves itself by, as it is kept.</summary>
/// <param name="Path">Of the repository or group when it was installed.</param>
/// <param name="Sealed">Its <see cref="HookKeys"/>, encrypted.</param>
/// <param name="OldUntil">Until then the keys before the newest count too.</param>
/// <param name="WeakerUntil">Until then what is not signed is proved by its secret.</param>
public sealed record HookRow(HookOwner Owner, string Path, byte[] Sealed, DateTimeOffset? OldUntil, DateTimeOffset? WeakerUntil);

/// <summary>The secrets of single webhooks, as one store keeps them for all processes that share it.</summary>
public sealed class HookTable(SqlStore store)
{
    private const string Repository = "repository";
    private const string Group = "group";

    /// <summary>Something else whenever anything has changed: how many there are, and when the last one was saved.</summary>
    public Task<(long Count, long Newest)> VersionAsync(CancellationToken cancellationToken) =>
        store.ReadAsync(reading => reading.QuerySingleAsync<(long, long)>("SELECT count(*), coalesce(max(changed_at), 0) FROM hook_secrets"), cancellationToken);

    public async Task<IReadOnlyList<HookRow>> AllAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(
            reading => reading.QueryAsync<Row>("SELECT forge, scope, id, path, sealed, old_until, weaker_until FROM hook_secrets ORDER BY forge, path"), cancellationToken);
        return [.. rows.Select(row => new HookRow(
            new HookOwner(SqlStore.Forge(row.Forge), row.Scope == Group, row.Id), row.Path, row.Sealed, SqlStore.Time(row.Old_until), SqlStore.Time(row.Weaker_until)))];
    }

    public async Task<HookRow?> FindAsync(HookOwner owner, CancellationToken cancellationToken) => (await AllAsync(cancellationToken)).FirstOrDefault(row => row.Owner == owner);

    public Task SaveAsync(HookRow row, CancellationToken cancellationToken) => store.WriteAsync(
        async connection => await connection.ExecuteAsync("""
            INSERT INTO hook_secrets (forge, scope, id, path, sealed, old_until, weaker_until, changed_at)
            VALUES (@forge, @scope, @Id, @Path, @Sealed, @old, @weaker, @now)
            ON CONFLICT (forge, scope, id) DO UPDATE SET path = excluded.path, sealed = excluded.sealed, old_until = excluded.old_until, weaker_until = excluded.weaker_until,
                changed_at = CASE WHEN hook_secrets.changed_at < excluded.changed_at THEN excluded.changed_at ELSE hook_secrets.changed_at + 1 END
            """, new
        {
            forge = SqlStore.Name(row.Owner.Forge),
            scope = Scope(row.Owner),
            row.Owner.Id,
            row.Path,
            row.Sealed,
            old = row.OldUntil?.ToUnixTimeMilliseconds(),
            weaker = row.WeakerUntil?.ToUnixTimeMilliseconds(),
            now = await store.NowAsync(connection),
        }),
        cancellationToken);

    /// <summary>The same, encrypted anew; nothing where it was changed meanwhile.</summary>
    public Task SealAgainAsync(HookRow row, byte[] again, CancellationToken cancellationToken) => store.WriteAsync(
        connection => connection.ExecuteAsync("UPDATE hook_secrets SET sealed = @again WHERE forge = @forge AND scope = @scope AND id = @Id AND sealed = @Sealed", new
        {
            again,
            forge = SqlStore.Name(row.Owner.Forge),
            scope = Scope(row.Owner),
            row.Owner.Id,
            row.Sealed,
        }),
        cancellationToken);

    public Task RemoveAsync(HookOwner owner, CancellationToken cancellationToken) => store.WriteAsync(
        connection => connection.ExecuteAsync("DELETE FROM hook_secrets WHERE forge = @forge AND scope = @scope AND id = @Id", new { forge = SqlStore.Name(owner.Forge), scope = Scope(owner), owner.Id }),
        cancellationToken);

    private static string Scope(HookOwner owner) => owner.IsGroup ? Group : Repository;

    private sealed record Row(string Forge, string Scope, long Id, string Path, byte[] Sealed, long? Old_until, long? Weaker_until);
}
