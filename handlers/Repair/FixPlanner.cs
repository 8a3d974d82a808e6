using System.Diagnostics.CodeAnalysis;
using QMoi.Fixers;
using QMoi.Handlers.Git;
using QMoi.Handlers.Tools;

namespace QMoi.Handlers.Repair;

public abstract record FixPlan
{
    private FixPlan() { }

    /// <param name="Summary">What the patch changes, one sentence.</param>
    /// <param name="IsVerified">The failing command was seen to fail in the sandbox without the patch and to pass with it.</param>
    /// <param name="NotVerified">Why it was not; <c>null</c> when it was, or when nobody tried.</param>
    public sealed record Ready(Patch Patch, string Summary, bool IsVerified = false, string? NotVerified = null) : FixPlan;

    /// <param name="Reason">Why nothing is offered, for people.</param>
    public sealed record None(string Reason) : FixPlan;
}

/// <summary>From a diagnosis to a patch that has passed the fixed rules. Changes nothing; used by the bot and by <c>qmoi fix</c> alike.</summary>
/// <param name="report">Told of each fixer that threw or did not end.</param>
/// <param name="find">The fixer of a failure; <see cref="FixerIndex"/> unless given.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle is never asked for holds nothing to dispose of.")]
public sealed class FixPlanner(SandboxSettings settings, TimeProvider clock, Action<FixerFault>? report = null, Func<string, IFixer?>? find = null)
{
    private readonly FixerRun run = new(report, clock);

    /// <summary>Tools use whole cores and the memory they may; waiting for a forge does not. So tools have places of their own.</summary>
    private readonly SemaphoreSlim places = new((int)Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / settings.MemoryBytes, 1, Environment.ProcessorCount));

    /// <summary>Looked for when the first tool is wanted, so that starting costs nothing.</summary>
    private readonly Lazy<Task<Sandbox>> sandbox = new(() => Sandbox.ProbeAsync(settings, clock, CancellationToken.None));

    /// <summary>A rule may repair it. The catalogue's action says what most failures of the kind need; a rule may know some of them all the same.</summary>
    public static bool HasFixer(Diagnosis diagnosis) => FixerIndex.Find(diagnosis.FailureId) is not null;

    /// <summary>What tools and checks run in; found out once.</summary>
    internal Task<Sandbox> SandboxAsync(CancellationToken cancellationToken) => sandbox.Value.WaitAsync(cancellationToken);

    /// <param name="openWorkTree">Gives a work tree at the failing commit, when a tool has to run.</param>
    public async Task<FixPlan> PlanAsync(
        Diagnosis diagnosis, ICheckout checkout, Func<CancellationToken, Task<FetchResult>> openWorkTree, CancellationToken cancellationToken)
    {
        if ((find ?? FixerIndex.Find)(diagnosis.FailureId) is not { } fixer)
            return new FixPlan.None("No rule repairs this kind of failure.");

        try
        {
            return await run.AskAsync(fixer, diagnosis, checkout, cancellationToken) switch
            {
                FixResult.Fixed @fixed => Check(@fixed.Patch, @fixed.Summary, RuleScope(diagnosis), diagnosis),
                FixResult.NeedsTool needed => await RunToolAsync(needed, diagnosis, openWorkTree, cancellationToken),
                FixResult.Declined declined => new FixPlan.None(declined.Reason),
                _ => throw new InvalidOperationException("FixResult is a closed set."),
            };
        }
        catch (GitException exception)
        {
            return new FixPlan.None($"git cannot work with what the repository holds: {exception.Message}");
        }
    }

    private async Task<FixPlan> RunToolAsync(
        FixResult.NeedsTool needed, Diagnosis diagnosis, Func<CancellationToken, Task<FetchResult>> openWorkTree, CancellationToken cancellationToken)
    {
        var ready = await SandboxAsync(cancellationToken);
        if (ready.Kind == SandboxKind.None)
            return new FixPlan.None($"The repair needs a tool, and tools are off here: {ready.Reason}");
        using var place = await TakePlaceAsync(cancellationToken);
        var fetched = await openWorkTree(cancellationToken);
        if (fetched is not FetchResult.Fetched { Tree: var tree })
            return new FixPlan.None($"The repository could not be fetched: {((FetchResult.Refused)fetched).Reason}");
        using var removedAtTheEnd = tree;
        return await new ToolRunner(ready).RunAsync(needed.Tool, tree, needed.MayChange, cancellationToken) switch
        {
            ToolOutcome.Changed changed => Check(changed.Patch, needed.Tool.Summary, new PatchScope(PatchAuthor.Tool, needed.MayChange), diagnosis),
            ToolOutcome.NothingChanged => new FixPlan.None("The tool that repairs this ran and changed nothing."),
            ToolOutcome.Failed failed => new FixPlan.None($"The tool that repairs this failed: {failed.Reason}"),
            ToolOutcome.MissingTool missing => new FixPlan.None($"{missing.Program} is not installed where the bot runs. {missing.HowToGetIt}"),
            ToolOutcome.NoSandbox none => new FixPlan.None(none.Reason),
            ToolOutcome.Overreached over => new FixPlan.None($"The tool also changed files it must not touch: {string.Join(", ", over.Paths.Take(5))}"),
            _ => throw new InvalidOperationException("ToolOutcome is a closed set."),
        };
    }

    internal async Task<Place> TakePlaceAsync(CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        return new Place(places);
    }

    internal readonly struct Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }

    private static PatchScope RuleScope(Diagnosis diagnosis)
    {
        if (diagnosis.MayChange.Count == 0) return new PatchScope(PatchAuthor.Rule);
        if (!diagnosis.MayChange.Any(path => PatchRules.IsCiFile(path))) return new PatchScope(PatchAuthor.Rule, diagnosis.MayChange);
        // The catalogue knows the CI file by its usual name; a project may keep it elsewhere.
        IReadOnlyList<string> ciFiles = diagnosis.Job.CiFile is { } file ? [file] : [];
        return new PatchScope(PatchAuthor.Rule, [.. diagnosis.MayChange, .. ciFiles.Select(ExactGlob.Of)], CiFileIsSubject: true, ciFiles);
    }

    private FixPlan Check(Patch patch, string summary, PatchScope scope, Diagnosis diagnosis)
    {
        try
        {
            return PatchRules.Check(patch, scope) is PatchVerdict.Refused refused
                ? new FixPlan.None($"A patch was made but breaks a fixed rule: {refused.Reason}")
                : new FixPlan.Ready(patch, summary);
        }
        // A patch that nobody could judge is none, and no reason to leave the other jobs alone.
        catch (Exception exception)
        {
            return new FixPlan.None(run.Told(diagnosis.FailureId, exception));
        }
    }
}
