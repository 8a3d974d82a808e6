namespace QMoi.Simulator;

/// <summary>Starts the jobs of pipelines when their turn comes, and tells the hooks what changed.</summary>
internal sealed class PipelineRunner(SimulatedForge forge, SemaphoreSlim slots)
{
    public SimulatedPipeline Create(SimulatedRepository repository, CiTrigger trigger, PipelinePlan plan)
    {
        lock (forge.Gate)
        {
            if (!repository.WorkflowIds.TryGetValue(plan.Path, out var workflow))
                repository.WorkflowIds[plan.Path] = workflow = forge.NextId();
            var pipeline = new SimulatedPipeline(repository, forge.NextId(), repository.PipelineList.Count(p => p.WorkflowId == workflow) + 1,
                trigger.Commit, workflow)
            {
                Sha = trigger.Commit.Sha,
                BeforeSha = trigger.BeforeSha,
                Ref = trigger.Ref,
                IsTag = trigger.IsTag,
                Source = trigger.Source,
                Actor = trigger.Actor,
                Name = plan.Name,
                Path = plan.Path,
                ConfigError = plan.Error,
                MergeRequest = trigger.MergeRequest,
                CreatedAt = forge.Now,
                UpdatedAt = forge.Now,
            };
            repository.PipelineList.Add(pipeline);
            foreach (var job in plan.Jobs)
                AddJob(pipeline, job, 1, 0);
            forge.Hooks.PipelineCreated(pipeline);
            Advance(pipeline);
            return pipeline;
        }
    }

    /// <summary>GitLab's way: a new job in the same pipeline; jobs that were skipped because of it get their chance again.</summary>
    public SimulatedJob RetryJob(SimulatedJob job, int automaticRetries = 0)
    {
        lock (forge.Gate)
        {
            var pipeline = job.Pipeline;
            var again = AddJob(pipeline, job.Plan, job.Attempt + 1, automaticRetries, replaces: job);
            foreach (var skipped in pipeline.JobList.Where(other => other.Status == CiStatus.Skipped))
                skipped.Status = CiStatus.Created;
            pipeline.FinishedAt = null;
            Advance(pipeline);
            return again;
        }
    }

    /// <summary>GitHub's way: another attempt of the run, in which these jobs and all that waited for them run again.</summary>
    public void Rerun(SimulatedPipeline pipeline, IReadOnlyCollection<SimulatedJob> jobs)
    {
        lock (forge.Gate)
        {
            pipeline.EarlierAttempts.Add([.. pipeline.JobList]);
            pipeline.Attempt++;
            var names = jobs.Select(job => job.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var job in pipeline.JobList.ToList())
            {
                if (names.Contains(job.Name) || job.Plan.Needs.Any(names.Contains))
                {
                    names.Add(job.Name);
                    AddJob(pipeline, job.Plan, pipeline.Attempt, 0, replaces: job);
                }
            }
            (pipeline.Status, pipeline.StartedAt, pipeline.FinishedAt) = (CiStatus.Created, null, null);
            forge.Hooks.PipelineCreated(pipeline);
            Advance(pipeline);
        }
    }

    public void Cancel(SimulatedPipeline pipeline)
    {
        lock (forge.Gate)
        {
            foreach (var job in pipeline.JobList)
                Cancel(job);
            Advance(pipeline);
        }
    }

    public void Cancel(SimulatedJob job)
    {
        lock (forge.Gate)
        {
            if (job.IsFinished)
                return;
            if (job.Status is CiStatus.Created or CiStatus.Manual)
                Finish(job, CiStatus.Canceled, null);
            else
                job.Cancellation.Cancel();
        }
    }

    /// <summary>A job somebody has to start by hand is started.</summary>
    public void Play(SimulatedJob job)
    {
        lock (forge.Gate)
        {
            Start(job);
            Advance(job.Pipeline);
        }
    }

    private SimulatedJob AddJob(SimulatedPipeline pipeline, JobPlan plan, int attempt, int automaticRetries, SimulatedJob? replaces = null)
    {
        var job = new SimulatedJob(pipeline, forge.NextId(), plan) { CreatedAt = forge.Now, Attempt = attempt, AutomaticRetries = automaticRetries };
        if (replaces is null)
            pipeline.JobList.Add(job);
        else
            pipeline.JobList[pipeline.JobList.IndexOf(replaces)] = job;
        pipeline.EveryJob.Add(job);
        forge.Hooks.JobChanged(job);
        return job;
    }

    private void Advance(SimulatedPipeline pipeline)
    {
        lock (forge.Gate)
        {
            for (var moved = true; moved;)
            {
                moved = false;
                foreach (var job in pipeline.JobList.Where(job => job.Status == CiStatus.Created).ToList())
                    moved |= Decide(job);
            }
            var status = StatusOf(pipeline);
            if (status == pipeline.Status)
                return;
            pipeline.Status = status;
            pipeline.UpdatedAt = forge.Now;
            if (status == CiStatus.Running)
                pipeline.StartedAt ??= forge.Now;
            if (pipeline.IsFinished)
                pipeline.FinishedAt = forge.Now;
            forge.Hooks.PipelineChanged(pipeline);
        }
    }

    private bool Decide(SimulatedJob job)
    {
        var before = job.Pipeline.JobList.Where(other => job.Plan.Needs.Contains(other.Name, StringComparer.Ordinal)).ToList();
        if (before.Any(other => !other.IsFinished && !(other.Status == CiStatus.Manual && other.Plan.AllowFailure)))
            return false;
        var hasFailed = before.Any(other => other.Status == CiStatus.Failed && !other.Plan.AllowFailure);
        if (!job.Plan.IsWanted(job, before.All(other => other.PassesFor), hasFailed))
            Finish(job, CiStatus.Skipped, null);
        else if (job.Plan.When == StartWhen.Manual)
            Change(job, CiStatus.Manual);
        else
            Start(job);
        return true;
    }

    private void Start(SimulatedJob job)
    {
        if (job.Plan is DeclaredJobPlan declared)
        {
            job.StartedAt = forge.Now;
            job.Log = declared.Log;
            Finish(job, CiStatus.Failed, "script_failure");
            return;
        }
        Change(job, CiStatus.Pending);
        _ = RunAsync(job, forge.Activity.Begin());
    }

    private async Task RunAsync(SimulatedJob job, IDisposable activity)
    {
        // Whoever starts the job is still deciding about its neighbours, under the lock.
        await Task.Yield();
        using var work = activity;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(forge.Stopping, job.Cancellation.Token);
        var outcome = new JobOutcome(Passed: false, "runner_system_failure");
        var hasSlot = false;
        try
        {
            await slots.WaitAsync(stop.Token);
            hasSlot = true;
            lock (forge.Gate)
            {
                job.StartedAt = forge.Now;
                Change(job, CiStatus.Running);
                Advance(job.Pipeline);
            }
            outcome = await forge.RunJobAsync(job, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // cancelled by somebody, or the simulator is being stopped
        }
        catch (Exception problem) when (problem is IOException or GitFailedException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            job.Log.Append(System.Text.Encoding.UTF8.GetBytes($"ERROR: Job failed (system failure): {problem.Message}\n"));
        }
        finally
        {
            if (hasSlot)
                slots.Release();
        }
        lock (forge.Gate)
        {
            var status = stop.IsCancellationRequested ? CiStatus.Canceled : outcome.Passed ? CiStatus.Success : CiStatus.Failed;
            Finish(job, status, outcome.FailureReason);
            if (status == CiStatus.Failed && job.AutomaticRetries < job.Plan.MaxRetries)
                RetryJob(job, job.AutomaticRetries + 1);
            else
                Advance(job.Pipeline);
        }
    }

    private void Finish(SimulatedJob job, CiStatus status, string? reason)
    {
        job.FailureReason = status == CiStatus.Failed ? reason : null;
        job.FinishedAt = status == CiStatus.Skipped ? null : forge.Now;
        Change(job, status);
    }

    private void Change(SimulatedJob job, CiStatus status)
    {
        job.Status = status;
        forge.Hooks.JobChanged(job);
    }

    private static CiStatus StatusOf(SimulatedPipeline pipeline)
    {
        var jobs = pipeline.JobList;
        if (pipeline.ConfigError is not null)
            return CiStatus.Failed;
        if (jobs.Any(job => job.Status is CiStatus.Created or CiStatus.Pending or CiStatus.Running))
            return jobs.Any(job => job.Status == CiStatus.Running || job.StartedAt is not null) ? CiStatus.Running : CiStatus.Pending;
        if (jobs.Any(job => job.Status == CiStatus.Failed && !job.Plan.AllowFailure))
            return CiStatus.Failed;
        if (jobs.Any(job => job.Status == CiStatus.Canceled))
            return CiStatus.Canceled;
        if (jobs.Any(job => job.Status == CiStatus.Manual && !job.Plan.AllowFailure))
            return CiStatus.Manual;
        return jobs.All(job => job.Status is CiStatus.Skipped or CiStatus.Manual) ? CiStatus.Skipped : CiStatus.Success;
    }
}
