namespace QMoi.Simulator;

/// <summary>How pipelines come to be.</summary>
public abstract partial class SimulatedForge
{
    /// <summary>Which pipelines the configuration in this commit asks for.</summary>
    internal abstract Task<IReadOnlyList<PipelinePlan>> PlanAsync(SimulatedRepository repository, CiTrigger trigger);

    /// <summary>The forge's word for "because of a merge request".</summary>
    internal abstract string MergeRequestSource { get; }

    /// <summary>A push may say ci.skip.</summary>
    internal abstract bool TakesPushOptions { get; }

    internal abstract Task<JobOutcome> RunJobAsync(SimulatedJob job, CancellationToken cancellationToken);

    internal async Task<IReadOnlyList<SimulatedPipeline>> StartPipelinesAsync(SimulatedRepository repository, CiTrigger trigger)
    {
        var started = new List<SimulatedPipeline>();
        foreach (var plan in await PlanAsync(repository, trigger))
            started.Add(Runner.Create(repository, trigger, plan));
        return started;
    }

    internal async Task<SimulatedPipeline> FailPipelineAsync(SimulatedRepository repository, string branch, string jobName, JobLog log)
    {
        var plan = new PipelinePlan("CI", DefaultConfigPath, [new DeclaredJobPlan(log) { Name = jobName, Stage = "test" }], null);
        return Runner.Create(repository, await TriggerForAsync(repository, branch), plan);
    }

    internal async Task<SimulatedPipeline> ConfigErrorPipelineAsync(SimulatedRepository repository, string branch, string error) =>
        Runner.Create(repository, await TriggerForAsync(repository, branch), new PipelinePlan(DefaultConfigPath, DefaultConfigPath, [], error));

    internal abstract string DefaultConfigPath { get; }

    internal async Task<CiTrigger> TriggerForAsync(SimulatedRepository repository, string branch, string source = "push", SimulatedUser? actor = null)
    {
        var commit = await repository.Git.CommitAsync($"refs/heads/{branch}") ?? throw new ArgumentException($"no branch {branch}", nameof(branch));
        var mergeRequest = repository.MergeRequests.FirstOrDefault(mr => mr.State == MergeRequestState.Open && !mr.IsFromFork && mr.SourceBranch == branch);
        return new CiTrigger(source, branch, IsTag: false, commit, commit.FirstParent ?? GitRepository.NoSha, mergeRequest, actor ?? repository.Owner);
    }

    internal Task<IReadOnlyList<SimulatedPipeline>> StartMergeRequestPipelinesAsync(SimulatedMergeRequest mergeRequest, SimulatedUser actor) =>
        StartPipelinesAsync(mergeRequest.Repository, new CiTrigger(MergeRequestSource, mergeRequest.SourceBranch, IsTag: false, mergeRequest.HeadCommit!,
            GitRepository.NoSha, mergeRequest, actor));
}
