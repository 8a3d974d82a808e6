using Dapper;
using QMoi.Handlers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores;

/// <summary>The ledger through one claim's lease, in words that both databases understand.</summary>
internal sealed class Ledger(SqlStore store, Claim claim, TimeProvider clock) : ILedger
{
    public Task<IReadOnlyList<Attempt>> AttemptsOnAsync(string repositoryKey, CommitSha head, CancellationToken cancellationToken) =>
        store.AttemptsAsync("repository_key = @repositoryKey AND head = @head ORDER BY id", new { repositoryKey, head = head.Value }, cancellationToken);

    public async Task<Attempt?> AttemptOfFixBranchAsync(string repositoryKey, string fixBranch, CancellationToken cancellationToken) =>
        (await store.AttemptsAsync("repository_key = @repositoryKey AND fix_branch = @fixBranch ORDER BY id DESC LIMIT 1", new { repositoryKey, fixBranch }, cancellationToken)).SingleOrDefault();

    public async Task<Attempt?> AttemptOfFixHeadAsync(string repositoryKey, CommitSha fixHead, CancellationToken cancellationToken) =>
        (await store.AttemptsAsync("repository_key = @repositoryKey AND fix_head = @fixHead ORDER BY id DESC LIMIT 1", new { repositoryKey, fixHead = fixHead.Value }, cancellationToken)).SingleOrDefault();

    public Task<IReadOnlyList<Attempt>> OpenAttemptsAsync(string repositoryKey, string branch, CancellationToken cancellationToken) => store.AttemptsAsync(
        "repository_key = @repositoryKey AND branch = @branch AND state IN ('Delivering', 'Delivered', 'Verified') AND fix_branch IS NOT NULL ORDER BY id DESC",
        new { repositoryKey, branch }, cancellationToken);

    public async Task<RetryHistory> RetryHistoryAsync(string repositoryKey, string failureSignature, string? jobName, CommitSha head, long pipelineId, CancellationToken cancellationToken)
    {
        var retries = await store.AttemptsAsync(
            "repository_key = @repositoryKey AND failure_signature = @failureSignature AND job_name = @jobName AND fix_branch IS NULL AND patch_hash IS NULL AND state IN ('Retried', 'Verified') AND pipeline_id <> @pipelineId ORDER BY id DESC LIMIT 50",
            new { repositoryKey, failureSignature, jobName = jobName ?? "", pipelineId }, cancellationToken);
        var passed = retries.Where(attempt => attempt.State == AttemptState.Verified).ToList();
        return new RetryHistory(passed.Count, retries.Count, passed.Exists(attempt => attempt.Head == head));
    }

    public async Task<FixHistory> FixHistoryAsync(string repositoryKey, string failureId, CancellationToken cancellationToken)
    {
        var fixes = await store.AttemptsAsync(
            "repository_key = @repositoryKey AND failure_id = @failureId AND patch_hash IS NOT NULL AND state IN ('Verified', 'Merged', 'Failed', 'Closed', 'Undone') ORDER BY id DESC LIMIT 50",
            new { repositoryKey, failureId }, cancellationToken);
        return new FixHistory([.. from fix in fixes let details = AttemptDetails.Of(fix) where fix.State != AttemptState.Failed || !details.WasTransient
            select new FixOutcome(fix.State, fix.FailureSignature, fix.PatchHash!, details.IsCommit ? fix.Branch : null)]);
    }

    public Task<IReadOnlyList<Attempt>> WaitingForFixAsync(string repositoryKey, string failureSignature, CancellationToken cancellationToken) => store.AttemptsAsync(
        "repository_key = @repositoryKey AND failure_signature = @failureSignature AND state = 'WaitingForFix' ORDER BY id", new { repositoryKey, failureSignature }, cancellationToken);

    public async Task<Attempt?> AttemptAsync(string repositoryKey, long id, CancellationToken cancellationToken) =>
        (await store.AttemptsAsync("id = @id AND repository_key = @repositoryKey", new { id, repositoryKey }, cancellationToken)).SingleOrDefault();

    public Task<int> CountRetriesAsync(string repositoryKey, DateTimeOffset since, CancellationToken cancellationToken) => CountAsync(
        "SELECT count(*) FROM attempts WHERE repository_key = @repositoryKey AND created_at >= @since AND fix_branch IS NULL AND patch_hash IS NULL AND state IN ('Retried', 'Verified')",
        new { repositoryKey, since = since.ToUnixTimeMilliseconds() }, cancellationToken);

    public Task<int> CountOthersFailingAsync(string repositoryKey, string failureId, DateTimeOffset since, CancellationToken cancellationToken) => CountAsync(
        "SELECT count(DISTINCT repository_key) FROM attempts WHERE failure_id = @failureId AND created_at >= @since AND repository_key <> @repositoryKey",
        new { repositoryKey, failureId, since = since.ToUnixTimeMilliseconds() }, cancellationToken);

    private Task<int> CountAsync(string sql, object parameters, CancellationToken cancellationToken) =>
        store.ReadAsync(reading => reading.ExecuteScalarAsync<int>(sql, parameters), cancellationToken);

    public async Task<Attempt> SaveAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var (saved, before) = await store.WriteFencedAsync(
            claim,
            async connection =>
            {
                var row = AttemptRow.Of(attempt);
                if (attempt.Id == 0)
                    return (attempt with { Id = await connection.ExecuteScalarAsync<long>(AttemptRow.Insert, row) }, null);
                // Asked only where somebody counts.
                var state = Signals.Attempts.Enabled ? await connection.ExecuteScalarAsync<string?>("SELECT state FROM attempts WHERE id = @id", new { id = attempt.Id }) : null;
                await connection.ExecuteAsync(AttemptRow.Update, row);
                return (attempt, state);
            },
            cancellationToken);
        if (before != saved.State.ToString() && saved.State is not (AttemptState.Diagnosed or AttemptState.Delivering))
            Signals.Attempts.Add(1, new KeyValuePair<string, object?>("failure", saved.FailureId), new KeyValuePair<string, object?>("state", saved.State.ToString().ToLowerInvariant()));
        return saved;
    }

    public Task<EffectState> BeginEffectAsync(string key, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim,
        async connection =>
        {
            if (await connection.ExecuteAsync("INSERT INTO effects (key, updated_at) VALUES (@key, @now) ON CONFLICT DO NOTHING", new { key, now = Now }) == 1)
                return new EffectState.New();
            var result = await connection.ExecuteScalarAsync<string?>("SELECT result FROM effects WHERE key = @key", new { key });
            return (EffectState)(result is null ? new EffectState.Begun() : new EffectState.Done(result));
        },
        cancellationToken);

    public Task CompleteEffectAsync(string key, string result, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim, connection => connection.ExecuteAsync("UPDATE effects SET result = @result, updated_at = @now WHERE key = @key", new { key, result, now = Now }), cancellationToken);

    public Task AbandonEffectAsync(string key, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim, connection => connection.ExecuteAsync("DELETE FROM effects WHERE key = @key AND result IS NULL", new { key }), cancellationToken);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
