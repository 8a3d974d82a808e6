using Dapper;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>The ledger through one claim's lease.</summary>
internal sealed class SqliteLedger(SqliteStore store, Claim claim) : ILedger
{
    public Task<IReadOnlyList<Attempt>> AttemptsOnAsync(string repositoryKey, CommitSha head, CancellationToken cancellationToken) =>
        store.AttemptsAsync("repository_key = $repositoryKey AND head = $head ORDER BY id", new { repositoryKey, head = head.Value }, cancellationToken);

    public async Task<Attempt?> AttemptOfFixBranchAsync(string repositoryKey, string fixBranch, CancellationToken cancellationToken) =>
        (await store.AttemptsAsync("repository_key = $repositoryKey AND fix_branch = $fixBranch ORDER BY id DESC LIMIT 1", new { repositoryKey, fixBranch }, cancellationToken)).SingleOrDefault();

    public async Task<Attempt?> AttemptOfFixHeadAsync(string repositoryKey, CommitSha fixHead, CancellationToken cancellationToken) =>
        (await store.AttemptsAsync("repository_key = $repositoryKey AND fix_head = $fixHead ORDER BY id DESC LIMIT 1", new { repositoryKey, fixHead = fixHead.Value }, cancellationToken)).SingleOrDefault();

    public Task<IReadOnlyList<Attempt>> OpenAttemptsAsync(string repositoryKey, string branch, CancellationToken cancellationToken) => store.AttemptsAsync(
        "repository_key = $repositoryKey AND branch = $branch AND state IN ('Delivering', 'Delivered', 'Verified') AND fix_branch IS NOT NULL ORDER BY id DESC",
        new { repositoryKey, branch }, cancellationToken);

    public async Task<RetryHistory> RetryHistoryAsync(string repositoryKey, string failureSignature, string? jobName, CommitSha head, long pipelineId, CancellationToken cancellationToken)
    {
        var retries = await store.AttemptsAsync(
            "repository_key = $repositoryKey AND failure_signature = $failureSignature AND job_name = $jobName AND fix_branch IS NULL AND patch_hash IS NULL AND state IN ('Retried', 'Verified') AND pipeline_id <> $pipelineId ORDER BY id DESC LIMIT 50",
            new { repositoryKey, failureSignature, jobName = jobName ?? "", pipelineId }, cancellationToken);
        var passed = retries.Where(attempt => attempt.State == AttemptState.Verified).ToList();
        return new RetryHistory(passed.Count, retries.Count, passed.Exists(attempt => attempt.Head == head));
    }

    public async Task<FixHistory> FixHistoryAsync(string repositoryKey, string failureId, CancellationToken cancellationToken)
    {
        var fixes = await store.AttemptsAsync(
            "repository_key = $repositoryKey AND failure_id = $failureId AND patch_hash IS NOT NULL AND state IN ('Verified', 'Merged', 'Failed', 'Closed', 'Undone') ORDER BY id DESC LIMIT 50",
            new { repositoryKey, failureId }, cancellationToken);
        return new FixHistory([.. from fix in fixes let details = AttemptDetails.Of(fix) where fix.State != AttemptState.Failed || !details.WasTransient
            select new FixOutcome(fix.State, fix.FailureSignature, fix.PatchHash!, details.IsCommit ? fix.Branch : null)]);
    }

    public Task<IReadOnlyList<Attempt>> WaitingForFixAsync(string repositoryKey, string failureSignature, CancellationToken cancellationToken) => store.AttemptsAsync(
        "repository_key = $repositoryKey AND failure_signature = $failureSignature AND state = 'WaitingForFix' ORDER BY id", new { repositoryKey, failureSignature }, cancellationToken);

    public async Task<Attempt?> AttemptAsync(string repositoryKey, long id, CancellationToken cancellationToken) =>
        (await store.AttemptsAsync("id = $id AND repository_key = $repositoryKey", new { id, repositoryKey }, cancellationToken)).SingleOrDefault();

    public Task<int> CountRetriesAsync(string repositoryKey, DateTimeOffset since, CancellationToken cancellationToken) => CountAsync(
        "SELECT count(*) FROM attempts WHERE repository_key = $repositoryKey AND created_at >= $since AND fix_branch IS NULL AND patch_hash IS NULL AND state IN ('Retried', 'Verified')",
        new { repositoryKey, since = since.ToUnixTimeMilliseconds() }, cancellationToken);

    public Task<int> CountOthersFailingAsync(string repositoryKey, string failureId, DateTimeOffset since, CancellationToken cancellationToken) => CountAsync(
        "SELECT count(DISTINCT repository_key) FROM attempts WHERE failure_id = $failureId AND created_at >= $since AND repository_key <> $repositoryKey",
        new { repositoryKey, failureId, since = since.ToUnixTimeMilliseconds() }, cancellationToken);

    private Task<int> CountAsync(string sql, object parameters, CancellationToken cancellationToken) =>
        store.ReadAsync(reading => reading.ExecuteScalarAsync<int>(sql, parameters), cancellationToken);

    public Task<Attempt> SaveAsync(Attempt attempt, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim,
        connection =>
        {
            var row = AttemptRow.Of(attempt);
            if (attempt.Id == 0)
                return attempt with { Id = connection.ExecuteScalar<long>(AttemptRow.Insert, row) };
            connection.Execute(AttemptRow.Update, row);
            return attempt;
        },
        cancellationToken);

    public Task<EffectState> BeginEffectAsync(string key, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim,
        connection =>
        {
            if (connection.Execute("INSERT INTO effects (key, updated_at) VALUES ($key, $now) ON CONFLICT DO NOTHING", new { key, now = store.Now }) == 1)
                return new EffectState.New();
            var result = connection.ExecuteScalar<string?>("SELECT result FROM effects WHERE key = $key", new { key });
            return (EffectState)(result is null ? new EffectState.Begun() : new EffectState.Done(result));
        },
        cancellationToken);

    public Task CompleteEffectAsync(string key, string result, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim, connection => connection.Execute("UPDATE effects SET result = $result, updated_at = $now WHERE key = $key", new { key, result, now = store.Now }), cancellationToken);

    public Task AbandonEffectAsync(string key, CancellationToken cancellationToken) => store.WriteFencedAsync(
        claim, connection => connection.Execute("DELETE FROM effects WHERE key = $key AND result IS NULL", new { key }), cancellationToken);
}

/// <summary>An attempt as its table holds it: column names, whole numbers, milliseconds since 1970.</summary>
internal sealed class AttemptRow
{
#pragma warning disable IDE1006, CA1707 // The names are the columns'.
    public long id { get; init; }
    public required string repository_key { get; init; }
    public required string branch { get; init; }
    public required string head { get; init; }
    public required string failure_signature { get; init; }
    public required string failure_id { get; init; }
    public long pipeline_id { get; init; }
    public long pipeline_attempt { get; init; }
    public long? job_id { get; init; }
    public string? job_name { get; init; }
    public long number { get; init; }
    public required string state { get; init; }
    public string? fix_branch { get; init; }
    public string? fix_head { get; init; }
    public long? merge_request_number { get; init; }
    public string? merge_request_url { get; init; }
    public string? patch_hash { get; init; }
    public string? patch_diff { get; init; }
    public required string details { get; init; }
    public required string summary { get; init; }
    public long created_at { get; init; }
    public long updated_at { get; init; }
#pragma warning restore IDE1006, CA1707

    private static readonly string[] Columns = [.. typeof(AttemptRow).GetProperties().Select(property => property.Name).Where(name => name != "id")];

    public static readonly string Insert =
        $"INSERT INTO attempts ({string.Join(", ", Columns)}) VALUES ({string.Join(", ", Columns.Select(column => "$" + column))}) RETURNING id";

    public static readonly string Update = $"UPDATE attempts SET {string.Join(", ", Columns.Select(column => $"{column} = ${column}"))} WHERE id = $id";

    public static AttemptRow Of(Attempt attempt) => new()
    {
        id = attempt.Id,
        repository_key = attempt.RepositoryKey,
        branch = attempt.Branch,
        head = attempt.Head.Value,
        failure_signature = attempt.FailureSignature,
        failure_id = attempt.FailureId,
        pipeline_id = attempt.PipelineId,
        pipeline_attempt = attempt.PipelineAttempt,
        job_id = attempt.JobId,
        job_name = attempt.JobName,
        number = attempt.Number,
        state = attempt.State.ToString(),
        fix_branch = attempt.FixBranch,
        fix_head = attempt.FixHead?.Value,
        merge_request_number = attempt.MergeRequestNumber,
        merge_request_url = attempt.MergeRequestUrl,
        patch_hash = attempt.PatchHash,
        patch_diff = attempt.PatchDiff,
        details = attempt.DetailsJson,
        summary = attempt.Summary,
        created_at = attempt.CreatedAt.ToUnixTimeMilliseconds(),
        updated_at = attempt.UpdatedAt.ToUnixTimeMilliseconds(),
    };

    public Attempt ToAttempt() => new(
        id, repository_key, branch, CommitSha.Parse(head), failure_signature, failure_id, pipeline_id, (int)pipeline_attempt, job_id, job_name, (int)number,
        Enum.Parse<AttemptState>(state), fix_branch, fix_head is null ? null : CommitSha.Parse(fix_head), merge_request_number, merge_request_url, patch_hash, patch_diff,
        details, summary, DateTimeOffset.FromUnixTimeMilliseconds(created_at), DateTimeOffset.FromUnixTimeMilliseconds(updated_at));
}
