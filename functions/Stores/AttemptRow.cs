using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Stores;

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

    /// <summary>The columns by name: a newer version may add some while this one runs.</summary>
    public static readonly string Select = $"SELECT id, {string.Join(", ", Columns)} FROM attempts";

    public static readonly string Insert =
        $"INSERT INTO attempts ({string.Join(", ", Columns)}) VALUES ({string.Join(", ", Columns.Select(column => "@" + column))}) RETURNING id";

    public static readonly string Update = $"UPDATE attempts SET {string.Join(", ", Columns.Select(column => $"{column} = @{column}"))} WHERE id = @id";

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
