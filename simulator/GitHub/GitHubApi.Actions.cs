using System.IO.Compression;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Workflow runs, their jobs and logs.</summary>
internal sealed partial class GitHubApi
{
    private void MapActions()
    {
        const string runs = "/repos/{owner}/{repo}/actions/runs";
        Router.Map($"GET {runs}", call => ListRuns(call, null));
        Router.Map($"GET {runs}/{{run}}", call => Answer.Ok(Shapes(call).Run(Run(call))));
        Router.Map($"DELETE {runs}/{{run}}", DeleteRun);
        Router.Map($"GET {runs}/{{run}}/jobs", call =>
            Page.Counted(call, call.Query("filter") == "all" ? Run(call).AllJobs : Run(call).Jobs, "jobs", job => Shapes(call).Job(job)));
        Router.Map($"GET {runs}/{{run}}/attempts/{{attempt}}", call => Answer.Ok(Attempt(call, out _)));
        Router.Map($"GET {runs}/{{run}}/attempts/{{attempt}}/jobs", call =>
        {
            Attempt(call, out var jobs);
            return Page.Counted(call, jobs, "jobs", job => Shapes(call).Job(job));
        });
        Router.Map($"GET {runs}/{{run}}/attempts/{{attempt}}/logs", call =>
        {
            Attempt(call, out var jobs);
            return Download(call, "logs.zip", () => Zip(jobs));
        });
        Router.Map($"GET {runs}/{{run}}/logs", GetRunLogs);
        Router.Map($"GET {runs}/{{run}}/artifacts", call => Page.Counted(call, Array.Empty<JsonNode>(), "artifacts", node => node));
        Router.Map($"POST {runs}/{{run}}/rerun", call => Rerun(call, Run(call), Run(call).Jobs));
        Router.Map($"POST {runs}/{{run}}/rerun-failed-jobs", call =>
            Rerun(call, Run(call), [.. Run(call).Jobs.Where(job => job.Status is CiStatus.Failed or CiStatus.Canceled)]));
        Router.Map($"POST {runs}/{{run}}/cancel", CancelRun);
        Router.Map("GET /repos/{owner}/{repo}/actions/jobs/{job}", call => Answer.Ok(Shapes(call).Job(Job(call))));
        Router.Map("GET /repos/{owner}/{repo}/actions/jobs/{job}/logs", GetJobLog);
        Router.Map("POST /repos/{owner}/{repo}/actions/jobs/{job}/rerun", call => Rerun(call, Job(call).Pipeline, [Job(call)]));
        Router.Map("GET /repos/{owner}/{repo}/actions/workflows", call => Page.Counted(call, Workflows(call), "workflows", run => Shapes(call).Workflow(run)));
        Router.Map("GET /repos/{owner}/{repo}/actions/workflows/{workflow}", call => Answer.Ok(Shapes(call).Workflow(Workflow(call))));
        Router.Map("GET /repos/{owner}/{repo}/actions/workflows/{workflow}/runs", call => ListRuns(call, Workflow(call).WorkflowId));
        Router.Map("POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches", DispatchAsync);
    }

    private SimulatedPipeline Run(Call call) => Repository(call).Pipelines.FirstOrDefault(run => run.Id == call.Id("run")) ?? throw NotFound();

    private SimulatedJob Job(Call call) => Repository(call).Pipelines.SelectMany(run => run.AllJobs).FirstOrDefault(job => job.Id == call.Id("job")) ?? throw NotFound();

    private List<SimulatedPipeline> Workflows(Call call) => [.. Repository(call).Pipelines.GroupBy(run => run.WorkflowId).Select(group => group.Last())];

    private SimulatedPipeline Workflow(Call call) => Workflows(call).Find(run =>
        run.WorkflowId.ToString() == call["workflow"] || run.Path == call["workflow"] || Path.GetFileName(run.Path) == call["workflow"]) ?? throw NotFound();

    private Answer ListRuns(Call call, long? workflow)
    {
        var runs = Repository(call).Pipelines.Where(run =>
            (workflow is null || run.WorkflowId == workflow)
            && (call.Query("branch") is not { } branch || run.Ref == branch)
            && (call.Query("head_sha") is not { } sha || run.Sha == sha)
            && (call.Query("event") is not { } source || run.Source == source)
            && (call.Query("created") is not { } created || !created.StartsWith(">=", StringComparison.Ordinal)
                || run.CreatedAt >= DateTimeOffset.Parse(created[2..], System.Globalization.CultureInfo.InvariantCulture))
            && (call.Query("actor") is not { } actor || run.Actor.Login == actor)
            && (call.Query("status") is not { } status || GitHubShapes.StatusWord(run.Status) == status || GitHubShapes.Conclusion(run.Status) == status));
        return Page.Counted(call, [.. runs.Reverse()], "workflow_runs", run => Shapes(call).Run(run));
    }

    private Answer DeleteRun(Call call)
    {
        var run = Run(call);
        Writable(call);
        lock (forge.Gate)
            run.Repository.PipelineList.Remove(run);
        return Answer.NoContent();
    }

    private JsonObject Attempt(Call call, out IReadOnlyList<SimulatedJob> jobs)
    {
        var run = Run(call);
        var attempt = (int)call.Id("attempt");
        if (attempt < 1 || attempt > run.Attempt)
            throw NotFound();
        jobs = attempt == run.Attempt ? run.Jobs : run.EarlierAttempts[attempt - 1];
        var shape = Shapes(call).Run(run);
        shape["run_attempt"] = attempt;
        if (attempt == run.Attempt)
            return shape;
        shape["status"] = "completed";
        shape["conclusion"] = jobs.Any(job => job.Status == CiStatus.Failed) ? "failure" : "success";
        return shape;
    }

    private Answer GetJobLog(Call call)
    {
        var job = Job(call);
        if (job.Log.IsMissing || (!job.IsFinished && job.StartedAt is null) || job.Status == CiStatus.Skipped)
            throw NotFound();
        return Download(call, $"job-{job.Id}.txt", () => job.Log.Bytes);
    }

    private Answer GetRunLogs(Call call)
    {
        var jobs = Run(call).Jobs;
        return jobs.Count == 0 || jobs.All(job => job.Log.IsMissing) ? throw NotFound() : Download(call, "logs.zip", () => Zip(jobs));
    }

    /// <summary>One file for each job, and one for each step in a folder named by the job.</summary>
    private static ReadOnlyMemory<byte> Zip(IReadOnlyList<SimulatedJob> jobs)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (index, job) in jobs.Where(job => job is { Log.IsMissing: false, StartedAt: not null }).Index())
            {
                var name = FileName(job.Name);
                Add(zip, $"{index}_{name}.txt", job.Log.Bytes);
                foreach (var step in job.Steps.Where(step => step.LogEnd > step.LogStart))
                    Add(zip, $"{name}/{step.Number}_{FileName(step.Name)}.txt", job.Log.Bytes[step.LogStart..step.LogEnd]);
            }
        }
        return buffer.ToArray();

        static string FileName(string name) => string.Concat(name.Where(c => c is not ('/' or ':' or '<' or '>' or '|' or '*' or '?' or '\\' or '"')));

        static void Add(ZipArchive zip, string name, ReadOnlyMemory<byte> content)
        {
            using var stream = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
            stream.Write(content.Span);
        }
    }

    private Answer Rerun(Call call, SimulatedPipeline run, IReadOnlyCollection<SimulatedJob> jobs)
    {
        Writable(call);
        if (!run.IsFinished)
            throw Forbidden(call.Request.Path.Value?.Contains("/jobs/", StringComparison.Ordinal) == true ? "This workflow job is already running" : "This workflow is already running");
        if (run.ConfigError is not null)
            throw Forbidden("Unable to retry this workflow run because it was created over a month ago or is invalid");
        if (jobs.Count == 0)
            throw Forbidden("This workflow run cannot be retried");
        forge.Runner.Rerun(run, jobs);
        return Answer.Created(new JsonObject());
    }

    private Answer CancelRun(Call call)
    {
        var run = Run(call);
        Writable(call);
        if (run.IsFinished)
            throw new ApiError(409, Message("Cannot cancel a workflow run that is completed.", "409"));
        forge.Runner.Cancel(run);
        return Answer.Accepted(new JsonObject());
    }

    private async Task<Answer> DispatchAsync(Call call)
    {
        var repository = Writable(call);
        var branch = Demand(call, "ref", "WorkflowDispatch").Replace("refs/heads/", "", StringComparison.Ordinal);
        if (!repository.Branches.ContainsKey(branch))
            throw Invalid($"No ref found for: {branch}");
        var trigger = await forge.TriggerForAsync(repository, branch, "workflow_dispatch", call.User);
        var file = call["workflow"].EndsWith("ml", StringComparison.Ordinal) ? call["workflow"] : Path.GetFileName(Workflow(call).Path);
        var plan = (await forge.PlanAsync(repository, trigger)).FirstOrDefault(plan => Path.GetFileName(plan.Path) == file)
            ?? throw Invalid("Workflow does not have 'workflow_dispatch' trigger");
        forge.Runner.Create(repository, trigger, plan);
        return Answer.NoContent();
    }
}
