using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;
using QMoi.Handlers.Tools;
using QMoi.Simulator;

namespace QMoi.Functions.Demo;

public enum RowState { Waiting, Broken, Working, Healed, Explained, Failed, Skipped }

/// <summary>What the demo tells of one repository. Everything in it is read off the forge or the bot's store, nothing is told by the script.</summary>
public sealed class DemoRow(DemoRepository plan)
{
    public DemoRepository Plan { get; } = plan;
    public RowState State { get; set; } = RowState.Waiting;
    public string Cause { get; set; } = "";
    public string Action { get; set; } = "";
    public int ApiCalls { get; set; }
    public int SequentialCalls { get; set; }
    public TimeSpan? ToMergeRequest { get; set; }
    public TimeSpan? ToGreen { get; set; }
    internal SimulatedRepository? Repository { get; set; }
    internal DateTimeOffset? FailedAt { get; set; }

    public bool IsSettled => State is RowState.Healed or RowState.Explained or RowState.Failed or RowState.Skipped;
}

/// <summary>The bot and both simulated forges on loopback: repositories are pushed, their pipelines fail, and what happens then is watched from outside.</summary>
public sealed class DemoRun(TimeProvider clock)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(80);

    public IReadOnlyList<DemoRow> Rows { get; } = [.. DemoRepositories.All.Select(plan => new DemoRow(plan))];

    /// <summary>Pushes everything and returns when every row is settled or the time is up.</summary>
    /// <param name="changed">Called whenever a row may have changed.</param>
    public async Task RunAsync(ForgeSimulator simulator, Bot bot, Action changed, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        foreach (var row in Rows)
            await PrepareAsync(simulator, row);
        changed();
        await Task.WhenAll(Rows.Where(row => row.Repository is not null).Select(BreakAsync));

        try
        {
            while (!Rows.All(row => row.IsSettled))
            {
                foreach (var row in Rows.Where(row => row is { Repository: not null, IsSettled: false }))
                    await LookAsync(row, bot, stop.Token);
                changed();
                await Task.Delay(TimeSpan.FromMilliseconds(100), clock, stop.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            foreach (var row in Rows.Where(row => !row.IsSettled))
                (row.State, row.Action) = (RowState.Failed, $"not done after {Limit.TotalSeconds:0} s");
        }
        changed();
    }

    private static async Task PrepareAsync(ForgeSimulator simulator, DemoRow row)
    {
        var plan = row.Plan;
        if (plan.Programs.FirstOrDefault(program => Programs.Find(program, Environment.GetEnvironmentVariable("PATH") ?? "") is null) is { } missing)
        {
            (row.State, row.Action) = (RowState.Skipped, $"{missing} is not on this machine; install it to see this row");
            return;
        }
        SimulatedForge forge = plan.Forge == ForgeKind.GitHub ? simulator.GitHub : simulator.GitLab;
        row.Repository = await forge.CreateRepositoryAsync(plan.Name, Files(plan.Commits[0]), announce: plan.Commits.Count > 1);
        if (plan.Forge == ForgeKind.GitHub)
            simulator.GitHub.InstallApp(row.Repository, 1_000 + row.Repository.Id);
        foreach (var (name, script) in plan.RunnerPrograms)
            row.Repository.AddRunnerCommand(name, script);
    }

    private static async Task BreakAsync(DemoRow row)
    {
        var (plan, repository) = (row.Plan, row.Repository!);
        if (plan.Commits.Count == 1)
        {
            await repository.PushAsync("main", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["README.md"] = SimulatedFile.Text($"# {plan.Name}\n") }, plan.Commits[0].Message);
            return;
        }
        var branch = plan.IsOnMergeRequest ? "topic" : "main";
        if (plan.IsOnMergeRequest)
        {
            await repository.PushAsync(branch, "README.md", $"# {plan.Name}\n", "Say what this is");
            await repository.OpenMergeRequestAsync(branch, "main", plan.Commits[^1].Message);
        }
        foreach (var commit in plan.Commits.Skip(1))
            await repository.PushAsync(branch, Files(commit).ToDictionary(file => file.Key, file => (SimulatedFile?)file.Value, StringComparer.Ordinal), commit.Message);
    }

    private async Task LookAsync(DemoRow row, Bot bot, CancellationToken cancellationToken)
    {
        var repository = row.Repository!;
        var broken = repository.Pipelines.FirstOrDefault(pipeline => pipeline.IsFinished && pipeline.AllJobs.All(job => job.Status != CiStatus.Running)
            && (pipeline.ConfigError is not null || pipeline.AllJobs.Any(job => job.Status == CiStatus.Failed)));
        if (broken is null)
            return;
        row.FailedAt ??= broken.FinishedAt;
        if (row.State == RowState.Waiting)
            row.State = RowState.Broken;

        var attempts = await bot.Store.AttemptsAsync($"{(row.Plan.Forge == ForgeKind.GitHub ? "github" : "gitlab")}:{repository.Id}", cancellationToken);
        if (attempts.LastOrDefault(attempt => attempt.State != AttemptState.SameCause) is not { } attempt)
            return;
        row.State = RowState.Working;
        row.Cause = AttemptDetails.Of(attempt).Diagnosis.Title;
        row.Action = attempt.Summary;

        var fix = repository.MergeRequests.FirstOrDefault(request => request.SourceBranch.StartsWith(PipelineRepair.BranchPrefix, StringComparison.Ordinal));
        if (fix is not null)
        {
            row.ToMergeRequest = fix.CreatedAt - row.FailedAt;
            (row.ApiCalls, row.SequentialCalls) = (AttemptDetails.Of(attempt).ApiCalls, AttemptDetails.Of(attempt).SequentialApiCalls);
        }
        var isTold = repository.CommitComments.Count > 0 || repository.MergeRequests.Any(request => request.Comments.Count > 0);
        switch (row.Plan.Expects)
        {
            case Expectation.FixMergeRequest when fix is not null && attempt.State == AttemptState.Verified
                && repository.Pipelines.LastOrDefault(pipeline => pipeline.Ref == fix.SourceBranch) is { Status: CiStatus.Success } green:
                (row.State, row.ToGreen) = (RowState.Healed, green.FinishedAt - row.FailedAt);
                break;
            case Expectation.PassesOnRetry when attempt.State == AttemptState.Verified && broken.Status == CiStatus.Success:
                (row.State, row.ToGreen) = (RowState.Healed, broken.FinishedAt - row.FailedAt);
                CountCalls(row);
                break;
            case Expectation.ExplainedOnly when attempt.State == AttemptState.Explained && isTold && repository.Branches.Count == 1 && repository.MergeRequests.Count == 0:
                row.State = RowState.Explained;
                CountCalls(row);
                break;
            case Expectation.ExplainedOnly when fix is not null:
            case Expectation.FixMergeRequest or Expectation.PassesOnRetry when attempt.State is AttemptState.Declined or AttemptState.Explained or AttemptState.Failed && isTold:
                row.State = RowState.Failed;
                break;
        }
    }

    /// <summary>All calls that the forge saw for this repository, where there is no merge request to count them up to.</summary>
    private static void CountCalls(DemoRow row)
    {
        var repository = row.Repository!;
        var path = row.Plan.Forge == ForgeKind.GitHub ? $"/{repository.FullName}/" : $"/projects/{repository.Id}/";
        row.ApiCalls = repository.Forge.Requests.Count(call => call.PathAndQuery.Contains(path, StringComparison.Ordinal));
    }

    private static Dictionary<string, SimulatedFile> Files(DemoCommit commit) =>
        commit.Files.ToDictionary(file => file.Path, file => new SimulatedFile(file.Content, file.IsExecutable), StringComparer.Ordinal);
}
