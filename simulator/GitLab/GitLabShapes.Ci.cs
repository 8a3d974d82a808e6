using System.Text.Json.Nodes;

namespace QMoi.Simulator;

internal sealed partial class GitLabShapes
{
    public static string StatusWord(CiStatus status) => status.ToString().ToLowerInvariant();

    public JsonObject PipelineInfo(SimulatedPipeline pipeline) => new()
    {
        ["id"] = pipeline.Id,
        ["iid"] = pipeline.Number,
        ["project_id"] = pipeline.Repository.Id,
        ["sha"] = pipeline.Sha,
        ["ref"] = RefOf(pipeline),
        ["status"] = StatusWord(pipeline.Status),
        ["source"] = pipeline.Source,
        ["name"] = null,
        ["created_at"] = Time(pipeline.CreatedAt),
        ["updated_at"] = Time(pipeline.UpdatedAt),
        ["web_url"] = $"{web}/{pipeline.Repository.FullName}/-/pipelines/{pipeline.Id}",
    };

    public JsonObject Pipeline(SimulatedPipeline pipeline)
    {
        var shape = PipelineInfo(pipeline);
        shape["before_sha"] = pipeline.BeforeSha;
        shape["tag"] = pipeline.IsTag;
        shape["yaml_errors"] = pipeline.ConfigError;
        shape["user"] = User(pipeline.Actor);
        shape["started_at"] = Time(pipeline.StartedAt);
        shape["finished_at"] = Time(pipeline.FinishedAt);
        shape["committed_at"] = null;
        shape["duration"] = Seconds(pipeline.StartedAt, pipeline.FinishedAt) is { } seconds ? (int)seconds : null;
        shape["queued_duration"] = Seconds(pipeline.CreatedAt, pipeline.StartedAt) is { } queued ? (int)queued : null;
        shape["coverage"] = null;
        var (icon, text) = pipeline.Status switch { CiStatus.Success => ("success", "Passed"), var status => (StatusWord(status), status.ToString()) };
        shape["detailed_status"] = new JsonObject
        {
            ["icon"] = "status_" + icon,
            ["text"] = text,
            ["label"] = text.ToLowerInvariant(),
            ["group"] = icon,
            ["tooltip"] = text.ToLowerInvariant(),
            ["has_details"] = true,
            ["details_path"] = $"/{pipeline.Repository.FullName}/-/pipelines/{pipeline.Id}",
            ["illustration"] = null,
            ["favicon"] = $"/assets/ci_favicons/favicon_status_{icon}.png",
        };
        return shape;
    }

    public JsonObject Job(SimulatedJob job, SimulatedUser viewer)
    {
        var pipeline = job.Pipeline;
        var artifacts = new JsonArray();
        if (job.StartedAt is not null && !job.Log.IsMissing)
            artifacts.Add(new JsonObject { ["file_type"] = "trace", ["size"] = job.Log.Length, ["filename"] = "job.log", ["file_format"] = null });
        return new JsonObject
        {
            ["id"] = job.Id,
            ["status"] = StatusWord(job.Status),
            ["stage"] = job.Stage,
            ["name"] = job.Name,
            ["ref"] = RefOf(pipeline),
            ["tag"] = pipeline.IsTag,
            ["coverage"] = null,
            ["allow_failure"] = job.Plan.AllowFailure,
            ["created_at"] = Time(job.CreatedAt),
            ["started_at"] = Time(job.StartedAt),
            ["finished_at"] = Time(job.FinishedAt),
            ["erased_at"] = null,
            ["duration"] = Seconds(job.StartedAt, job.FinishedAt),
            ["queued_duration"] = Seconds(job.CreatedAt, job.StartedAt),
            ["failure_reason"] = job.FailureReason,
            ["user"] = User(pipeline.Actor),
            ["commit"] = Commit(pipeline.Repository, pipeline.Commit),
            ["pipeline"] = PipelineInfo(pipeline),
            ["web_url"] = $"{web}/{pipeline.Repository.FullName}/-/jobs/{job.Id}",
            ["project"] = new JsonObject { ["ci_job_token_scope_enabled"] = false },
            ["artifacts"] = artifacts,
            ["runner"] = job.StartedAt is null ? null : new JsonObject
            {
                ["id"] = 1,
                ["description"] = "sim-runner-1",
                ["active"] = true,
                ["is_shared"] = true,
                ["name"] = "gitlab-runner",
            },
            ["artifacts_expire_at"] = null,
            ["archived"] = false,
            ["tag_list"] = new JsonArray(),
        };
    }

    public JsonObject Status(SimulatedRepository repository, SimulatedStatus status) => new()
    {
        ["id"] = status.Id,
        ["sha"] = status.Sha,
        ["ref"] = repository.DefaultBranch,
        ["status"] = status.State,
        ["name"] = status.Context,
        ["target_url"] = status.TargetUrl,
        ["description"] = status.Description,
        ["created_at"] = Time(status.CreatedAt),
        ["started_at"] = null,
        ["finished_at"] = Time(status.CreatedAt),
        ["allow_failure"] = false,
        ["coverage"] = null,
        ["author"] = User(status.Creator),
    };

    public JsonObject Status(SimulatedJob job) => new()
    {
        ["id"] = job.Id,
        ["sha"] = job.Pipeline.Sha,
        ["ref"] = RefOf(job.Pipeline),
        ["status"] = StatusWord(job.Status),
        ["name"] = job.Name,
        ["target_url"] = $"{web}/{job.Pipeline.Repository.FullName}/-/jobs/{job.Id}",
        ["description"] = null,
        ["created_at"] = Time(job.CreatedAt),
        ["started_at"] = Time(job.StartedAt),
        ["finished_at"] = Time(job.FinishedAt),
        ["allow_failure"] = job.Plan.AllowFailure,
        ["coverage"] = null,
        ["author"] = User(job.Pipeline.Actor),
    };

    public static double? Seconds(DateTimeOffset? from, DateTimeOffset? to) => to - from is { } span ? Math.Round(span.TotalSeconds, 3) : null;

    public static string RefOf(SimulatedPipeline pipeline) =>
        pipeline.Source == "merge_request_event" ? $"refs/merge-requests/{pipeline.MergeRequest!.Number}/head" : pipeline.Ref;
}
