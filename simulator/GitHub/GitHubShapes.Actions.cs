using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Workflow runs, jobs and commit statuses in GitHub's JSON.</summary>
internal sealed partial class GitHubShapes
{
    public JsonObject Run(SimulatedPipeline run)
    {
        var url = $"{RepositoryUrl(run.Repository)}/actions/runs/{run.Id}";
        return new JsonObject
        {
            ["id"] = run.Id,
            ["name"] = run.Name,
            ["node_id"] = NodeId("WorkflowRun", run.Id),
            ["check_suite_id"] = run.Id + 1_000_000,
            ["check_suite_node_id"] = NodeId("CheckSuite", run.Id + 1_000_000),
            ["head_branch"] = run.Ref,
            ["head_sha"] = run.Sha,
            ["path"] = run.Path,
            ["display_title"] = run.Source == "pull_request" ? run.MergeRequest!.Title : run.Commit.Title,
            ["run_number"] = run.Number,
            ["event"] = run.Source,
            ["status"] = StatusWord(run.Status),
            ["conclusion"] = run.ConfigError is null ? Conclusion(run.Status) : "startup_failure",
            ["workflow_id"] = run.WorkflowId,
            ["url"] = url,
            ["html_url"] = $"{web}/{run.Repository.FullName}/actions/runs/{run.Id}",
            ["pull_requests"] = new JsonArray(run.MergeRequest is { IsFromFork: false, State: MergeRequestState.Open } mr ? [PullRequestMinimal(mr)] : []),
            ["created_at"] = Time(run.CreatedAt),
            ["updated_at"] = Time(run.UpdatedAt),
            ["actor"] = User(run.Actor),
            ["run_attempt"] = run.Attempt,
            ["referenced_workflows"] = new JsonArray(),
            ["run_started_at"] = Time(run.StartedAt ?? run.CreatedAt),
            ["triggering_actor"] = User(run.Actor),
            ["jobs_url"] = url + "/jobs",
            ["logs_url"] = url + "/logs",
            ["check_suite_url"] = $"{RepositoryUrl(run.Repository)}/check-suites/{run.Id + 1_000_000}",
            ["artifacts_url"] = url + "/artifacts",
            ["cancel_url"] = url + "/cancel",
            ["rerun_url"] = url + "/rerun",
            ["previous_attempt_url"] = run.Attempt > 1 ? $"{url}/attempts/{run.Attempt - 1}" : null,
            ["workflow_url"] = $"{RepositoryUrl(run.Repository)}/actions/workflows/{run.WorkflowId}",
            ["head_commit"] = SimpleCommit(run.Commit),
            ["repository"] = MinimalRepository(run.Repository),
            ["head_repository"] = MinimalRepository(run.Source == "pull_request" ? run.MergeRequest!.Source : run.Repository),
        };
    }

    public JsonObject Job(SimulatedJob job)
    {
        var run = job.Pipeline;
        var hasRunner = job.StartedAt is not null;
        return new JsonObject
        {
            ["id"] = job.Id,
            ["run_id"] = run.Id,
            ["workflow_name"] = run.Name,
            ["head_branch"] = run.Ref,
            ["run_url"] = $"{RepositoryUrl(run.Repository)}/actions/runs/{run.Id}",
            ["run_attempt"] = job.Attempt,
            ["node_id"] = NodeId("CheckRun", job.Id),
            ["head_sha"] = run.Sha,
            ["url"] = $"{RepositoryUrl(run.Repository)}/actions/jobs/{job.Id}",
            ["html_url"] = $"{web}/{run.Repository.FullName}/actions/runs/{run.Id}/job/{job.Id}",
            ["status"] = StatusWord(job.Status),
            ["conclusion"] = Conclusion(job.Status),
            ["created_at"] = Time(job.CreatedAt),
            ["started_at"] = Time(job.StartedAt ?? job.CreatedAt),
            ["completed_at"] = job.IsFinished ? Time(job.FinishedAt ?? job.CreatedAt) : null,
            ["name"] = job.Name,
            ["steps"] = new JsonArray([.. job.Steps.Select(Step)]),
            ["check_run_url"] = $"{RepositoryUrl(run.Repository)}/check-runs/{job.Id}",
            ["labels"] = new JsonArray([.. GitHubWorkflow.Names((job.Plan as GitHubJobPlan)?.Keywords["runs-on"] is JsonValue or JsonArray
                ? ((GitHubJobPlan)job.Plan).Keywords["runs-on"] : "ubuntu-latest").Select(label => JsonValue.Create(label))]),
            ["runner_id"] = hasRunner ? 1 : null,
            ["runner_name"] = hasRunner ? "GitHub Actions 1" : null,
            ["runner_group_id"] = hasRunner ? 0 : null,
            ["runner_group_name"] = hasRunner ? "GitHub Actions" : null,
        };
    }

    public JsonObject Workflow(SimulatedPipeline run)
    {
        var url = $"{RepositoryUrl(run.Repository)}/actions/workflows/{run.WorkflowId}";
        return new JsonObject
        {
            ["id"] = run.WorkflowId,
            ["node_id"] = NodeId("Workflow", run.WorkflowId),
            ["name"] = run.Name,
            ["path"] = run.Path,
            ["state"] = "active",
            ["created_at"] = Time(run.Repository.CreatedAt),
            ["updated_at"] = Time(run.Repository.CreatedAt),
            ["url"] = url,
            ["html_url"] = $"{web}/{run.Repository.FullName}/blob/{run.Repository.DefaultBranch}/{run.Path}",
            ["badge_url"] = $"{web}/{run.Repository.FullName}/workflows/{Uri.EscapeDataString(run.Name)}/badge.svg",
        };
    }

    public JsonObject Status(SimulatedRepository repository, SimulatedStatus status) => new()
    {
        ["url"] = $"{RepositoryUrl(repository)}/statuses/{status.Sha}",
        ["avatar_url"] = $"{web}/avatars/{status.Creator.Id}",
        ["id"] = status.Id,
        ["node_id"] = NodeId("Status", status.Id),
        ["state"] = status.State,
        ["description"] = status.Description,
        ["target_url"] = status.TargetUrl,
        ["context"] = status.Context,
        ["created_at"] = Time(status.CreatedAt),
        ["updated_at"] = Time(status.CreatedAt),
        ["creator"] = User(status.Creator),
    };

    public static JsonObject SimpleCommit(GitCommit commit) => new()
    {
        ["id"] = commit.Sha,
        ["tree_id"] = commit.Tree,
        ["message"] = commit.Message,
        ["timestamp"] = Time(commit.Committer.When),
        ["author"] = new JsonObject { ["name"] = commit.Author.Name, ["email"] = commit.Author.Email },
        ["committer"] = new JsonObject { ["name"] = commit.Committer.Name, ["email"] = commit.Committer.Email },
    };

    public static string StatusWord(CiStatus status) => status switch
    {
        CiStatus.Created or CiStatus.Pending => "queued",
        CiStatus.Running => "in_progress",
        CiStatus.Manual => "waiting",
        _ => "completed",
    };

    public static string? Conclusion(CiStatus status) => status switch
    {
        CiStatus.Success => "success",
        CiStatus.Failed => "failure",
        CiStatus.Canceled => "cancelled",
        CiStatus.Skipped => "skipped",
        _ => null,
    };

    private static JsonObject Step(SimulatedStep step) => new()
    {
        ["name"] = step.Name,
        ["status"] = StatusWord(step.Status),
        ["conclusion"] = Conclusion(step.Status),
        ["number"] = step.Number,
        ["started_at"] = Time(step.StartedAt),
        ["completed_at"] = Time(step.FinishedAt),
    };
}
