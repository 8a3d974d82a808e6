using System.Data.Common;
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
        var passed = retries.Where(attempt => AttemptDetails.Of(attempt).PassedOnRetry ?? attempt.State == AttemptState.Verified).ToList();
        return new RetryHistory(passed.Count, retries.Count, passed.Exists(attempt => attempt.Head == head));
    }

    public async Task<IReadOnlyList<Flake>> FlakesAsync(string repositoryKey, string jobName, IReadOnlyList<string> testNames, CancellationToken cancellationToken)
    {
        var flakes = new List<Flake>();
        foreach (var testName in testNames)
            if (await store.ReadAsync(
                reading => reading.QuerySingleOrDefaultAsync<FlakeRow>(
                    "SELECT retried, passed, failed, last_seen_at FROM flakes WHERE repository_key = @repositoryKey AND job_name = @jobName AND test_name = @testName", new { repositoryKey, jobName, testName }),
                cancellationToken) is { } row)
                flakes.Add(new Flake(jobName, testName, (int)row.Retried, (int)row.Passed, (int)row.Failed, DateTimeOffset.FromUnixTimeMilliseconds(row.Last_seen_at)));
        return flakes;
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

    public Task<Attempt> SaveAsync(Attempt attempt, CancellationToken cancellationToken) => SaveAsync(attempt, [], cancellationToken);

    public Task<Attempt> SaveRetryEndAsync(Attempt attempt, IReadOnlyList<RetryEnd> ends, CancellationToken cancellationToken) => SaveAsync(attempt, ends, cancellationToken);

    private async Task<Attempt> SaveAsync(Attempt attempt, IReadOnlyList<RetryEnd> ends, CancellationToken cancellationToken)
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
                await CountAsync(connection, row, ends);
                return (attempt, state);
            },
            cancellationToken);
        if (before != saved.State.ToString() && saved.State is not (AttemptState.Diagnosed or AttemptState.Delivering))
            Signals.Attempts.Add(1, new KeyValuePair<string, object?>("failure", saved.FailureId), new KeyValuePair<string, object?>("state", saved.State.ToString().ToLowerInvariant()));
        return saved;
    }

    private static async Task CountAsync(DbConnection connection, AttemptRow attempt, IReadOnlyList<RetryEnd> ends)
    {
        if (ends.Count == 0)
            return;
        foreach (var end in ends)
            await connection.ExecuteAsync("""
                INSERT INTO flakes (repository_key, job_name, test_name, retried, passed, failed, last_seen_at) VALUES (@repository_key, @jobName, @TestName, 1, @passed, @failed, @updated_at)
                ON CONFLICT (repository_key, job_name, test_name) DO UPDATE
                SET retried = flakes.retried + 1, passed = flakes.passed + excluded.passed, failed = flakes.failed + excluded.failed, last_seen_at = excluded.last_seen_at
                """,
                new { attempt.repository_key, jobName = attempt.job_name ?? "", end.TestName, passed = end.HasPassed == true ? 1 : 0, failed = end.HasPassed == false ? 1 : 0, attempt.updated_at });
        await connection.ExecuteAsync("""
            DELETE FROM flakes WHERE repository_key = @repository_key AND (job_name, test_name) IN (
                SELECT job_name, test_name FROM flakes WHERE repository_key = @repository_key ORDER BY last_seen_at DESC, job_name, test_name LIMIT 1000 OFFSET 1000)
            """, new { attempt.repository_key });
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

    private sealed record FlakeRow(long Retried, long Passed, long Failed, long Last_seen_at);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
