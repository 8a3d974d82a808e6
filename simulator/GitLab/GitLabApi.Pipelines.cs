namespace QMoi.Simulator;

internal sealed partial class GitLabApi
{
    private void MapPipelines()
    {
        Router.Map($"GET {P}/pipelines", ListPipelines);
        Router.Map($"POST {P}/pipeline", CreatePipelineAsync);
        Router.Map($"GET {P}/pipelines/latest", call => Answer.Ok(Shapes(call).Pipeline(
            Project(call).Pipelines.LastOrDefault(pipeline => pipeline.Ref == (call.Query("ref") ?? Project(call).DefaultBranch)) ?? throw Message(403, "403 Forbidden"))));
        Router.Map($"GET {P}/pipelines/{{pipeline}}", call => Answer.Ok(Shapes(call).Pipeline(Pipeline(call))));
        Router.Map($"DELETE {P}/pipelines/{{pipeline}}", DeletePipeline);
        Router.Map($"GET {P}/pipelines/{{pipeline}}/jobs", call =>
            ListJobs(call, call.Query("include_retried") == "true" ? Pipeline(call).AllJobs : Pipeline(call).Jobs));
        Router.Map($"GET {P}/pipelines/{{pipeline}}/bridges", call => List(call, Array.Empty<SimulatedJob>(), job => Shapes(call).Job(job, call.User)));
        Router.Map($"GET {P}/pipelines/{{pipeline}}/variables", call => List(call, Array.Empty<SimulatedJob>(), job => Shapes(call).Job(job, call.User)));
        Router.Map($"POST {P}/pipelines/{{pipeline}}/retry", RetryPipeline);
        Router.Map($"POST {P}/pipelines/{{pipeline}}/cancel", CancelPipeline);
        Router.Map($"GET {P}/jobs", call => ListJobs(call, [.. Project(call).Pipelines.SelectMany(pipeline => pipeline.Jobs)]));
        Router.Map($"GET {P}/jobs/{{job}}", call => Answer.Ok(Shapes(call).Job(Job(call), call.User)));
        Router.Map($"GET {P}/jobs/{{job}}/trace", GetTrace);
        Router.Map($"POST {P}/jobs/{{job}}/retry", RetryJob);
        Router.Map($"POST {P}/jobs/{{job}}/cancel", CancelJob);
        Router.Map($"POST {P}/jobs/{{job}}/play", PlayJob);
    }

    private SimulatedPipeline Pipeline(Call call) => Project(call).Pipelines.FirstOrDefault(pipeline => pipeline.Id == call.Id("pipeline")) ?? throw Message(404, "404 Not found");

    private SimulatedJob Job(Call call) =>
        Project(call).Pipelines.SelectMany(pipeline => pipeline.AllJobs).FirstOrDefault(job => job.Id == call.Id("job")) ?? throw Message(404, "404 Not found");

    private Answer ListPipelines(Call call)
    {
        var found = Project(call).Pipelines.Where(pipeline =>
            (call.Query("ref") is not { } name || pipeline.Ref == name || GitLabShapes.RefOf(pipeline) == name)
            && (call.Query("sha") is not { } sha || pipeline.Sha == sha)
            && (call.Query("status") is not { } status || GitLabShapes.StatusWord(pipeline.Status) == status)
            && (call.Query("source") is not { } source || pipeline.Source == source)
            && IsUpdatedAfter(call, pipeline.UpdatedAt)
            && (call.Query("yaml_errors") is not "true" || pipeline.ConfigError is not null));
        return List(call, [.. Ordered(call, found.ToList())], pipeline => Shapes(call).PipelineInfo(pipeline));
    }

    private static Answer ListJobs(Call call, IReadOnlyList<SimulatedJob> jobs)
    {
        string[] scope = [.. call.Request.Query["scope[]"].Concat(call.Request.Query["scope"]).OfType<string>()];
        return List(call, [.. jobs.Where(job => scope.Length == 0 || scope.Contains(GitLabShapes.StatusWord(job.Status), StringComparer.Ordinal)).Reverse()],
            job => Shapes(call).Job(job, call.User));
    }

    private async Task<Answer> CreatePipelineAsync(Call call)
    {
        var repository = Writable(call);
        var branch = Demand(call, "ref");
        if (!repository.Branches.ContainsKey(branch))
            throw Message(400, new System.Text.Json.Nodes.JsonObject { ["base"] = new System.Text.Json.Nodes.JsonArray("Reference not found") });
        var trigger = await forge.TriggerForAsync(repository, branch, "api", call.User);
        var started = await forge.StartPipelinesAsync(repository, trigger);
        return started.Count > 0 ? Answer.Created(Shapes(call).Pipeline(started[0]))
            : throw Message(400, new System.Text.Json.Nodes.JsonObject { ["base"] = new System.Text.Json.Nodes.JsonArray("Missing CI config file") });
    }

    private Answer DeletePipeline(Call call)
    {
        Writable(call);
        var pipeline = Pipeline(call);
        lock (forge.Gate)
            pipeline.Repository.PipelineList.Remove(pipeline);
        return Answer.NoContent();
    }

    private Answer GetTrace(Call call)
    {
        var job = Job(call);
        return job.Log.IsMissing ? throw Message(404, "404 Not found") : Answer.Of(job.Log.Bytes, "text/plain; charset=utf-8");
    }

    private Answer RetryJob(Call call)
    {
        Writable(call);
        var job = Job(call);
        lock (forge.Gate)
        {
            if (!job.IsFinished || !job.Pipeline.JobList.Contains(job))
                throw Message(403, "403 Forbidden  - Job is not retryable");
            return Answer.Created(Shapes(call).Job(forge.Runner.RetryJob(job), call.User));
        }
    }

    private Answer RetryPipeline(Call call)
    {
        Writable(call);
        var pipeline = Pipeline(call);
        lock (forge.Gate)
        {
            foreach (var job in pipeline.JobList.Where(job => job.Status is CiStatus.Failed or CiStatus.Canceled).ToList())
                forge.Runner.RetryJob(job);
        }
        return Answer.Created(Shapes(call).Pipeline(pipeline));
    }

    private Answer CancelPipeline(Call call)
    {
        Writable(call);
        forge.Runner.Cancel(Pipeline(call));
        return Answer.Ok(Shapes(call).Pipeline(Pipeline(call)));
    }

    private Answer CancelJob(Call call)
    {
        Writable(call);
        forge.Runner.Cancel(Job(call));
        return Answer.Created(Shapes(call).Job(Job(call), call.User));
    }

    private Answer PlayJob(Call call)
    {
        Writable(call);
        var job = Job(call);
        if (job.Status != CiStatus.Manual)
            throw Message(400, "400 Bad request - Unplayable Job");
        forge.Runner.Play(job);
        return Answer.Ok(Shapes(call).Job(job, call.User));
    }
}
