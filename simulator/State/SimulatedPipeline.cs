namespace QMoi.Simulator;

public enum CiStatus
{
    Created,
    Pending,
    Running,
    Success,
    Failed,
    Canceled,
    Skipped,
    Manual,
}

public sealed class SimulatedPipeline
{
    internal SimulatedPipeline(SimulatedRepository repository, long id, int number, GitCommit commit, long workflowId) =>
        (Repository, Id, Number, Commit, WorkflowId) = (repository, id, number, commit, workflowId);

    public SimulatedRepository Repository { get; }
    public long Id { get; }

    /// <summary>GitLab's iid, GitHub's run number.</summary>
    public int Number { get; }
    public required string Sha { get; init; }
    public required string BeforeSha { get; init; }

    /// <summary>The branch or tag, without refs/heads/.</summary>
    public required string Ref { get; init; }
    public bool IsTag { get; init; }

    /// <summary>What started it, in the forge's words: push, pull_request, merge_request_event, web.</summary>
    public required string Source { get; init; }
    public required SimulatedUser Actor { get; init; }

    /// <summary>GitHub: the workflow's name and file.</summary>
    public required string Name { get; init; }
    public required string Path { get; init; }

    /// <summary>Why the configuration was refused; such a pipeline has failed and has no jobs.</summary>
    public string? ConfigError { get; init; }

    /// <summary>The merge request it runs for: the one that started it, or else the open one of its branch.</summary>
    public SimulatedMergeRequest? MergeRequest
    {
        get => field ?? Repository.MergeRequests.FirstOrDefault(mr => mr is { State: MergeRequestState.Open, IsFromFork: false } && mr.SourceBranch == Ref && !IsTag);
        init;
    }

    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; internal set; }
    public DateTimeOffset? StartedAt { get; internal set; }
    public DateTimeOffset? FinishedAt { get; internal set; }
    public CiStatus Status { get; internal set; }
    public int Attempt { get; internal set; } = 1;

    /// <summary>The jobs that count now; a retried job's earlier attempts are in <see cref="AllJobs"/>.</summary>
    public IReadOnlyList<SimulatedJob> Jobs => [.. JobList];
    public IReadOnlyList<SimulatedJob> AllJobs => [.. EveryJob];

    public SimulatedJob Job(string name) => Jobs.Single(job => job.Name == name);

    public bool IsFinished => Status is CiStatus.Success or CiStatus.Failed or CiStatus.Canceled or CiStatus.Skipped or CiStatus.Manual;

    internal GitCommit Commit { get; }
    internal long WorkflowId { get; }
    internal List<SimulatedJob> JobList { get; } = [];
    internal List<SimulatedJob> EveryJob { get; } = [];

    /// <summary>GitHub: what <see cref="JobList"/> was in each earlier attempt.</summary>
    internal List<IReadOnlyList<SimulatedJob>> EarlierAttempts { get; } = [];
    internal IReadOnlyList<string> Stages => [.. EveryJob.Select(job => job.Stage).Distinct(StringComparer.Ordinal)];
}

public sealed class SimulatedJob
{
    internal SimulatedJob(SimulatedPipeline pipeline, long id, JobPlan plan) => (Pipeline, Id, Plan) = (pipeline, id, plan);

    public SimulatedPipeline Pipeline { get; }
    public long Id { get; }
    public string Name => Plan.Name;
    public string Stage => Plan.Stage;
    public CiStatus Status { get; internal set; }
    public int Attempt { get; internal init; } = 1;

    /// <summary>GitLab's failure_reason: script_failure, job_execution_timeout, runner_system_failure.</summary>
    public string? FailureReason { get; internal set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; internal set; }
    public DateTimeOffset? FinishedAt { get; internal set; }
    public JobLog Log { get; internal set; } = new();
    public IReadOnlyList<SimulatedStep> Steps => [.. StepList];

    internal JobPlan Plan { get; }
    internal List<SimulatedStep> StepList { get; } = [];
    internal Dictionary<string, string> Outputs { get; } = new(StringComparer.Ordinal);
    internal int AutomaticRetries { get; init; }
    internal CancellationTokenSource Cancellation { get; } = new();
    internal bool IsFinished => Status is CiStatus.Success or CiStatus.Failed or CiStatus.Canceled or CiStatus.Skipped;

    /// <summary>Neither the jobs after it nor the pipeline mind how it ended.</summary>
    internal bool PassesFor => Status is CiStatus.Success || (Status is CiStatus.Failed or CiStatus.Manual && Plan.AllowFailure);
}

/// <summary>A step of a GitHub job, with the part of the log it wrote.</summary>
public sealed class SimulatedStep
{
    public required int Number { get; init; }
    public required string Name { get; init; }
    public CiStatus Status { get; internal set; } = CiStatus.Running;
    public DateTimeOffset StartedAt { get; internal init; }
    public DateTimeOffset? FinishedAt { get; internal set; }
    internal int LogStart { get; init; }
    internal int LogEnd { get; set; }
}
