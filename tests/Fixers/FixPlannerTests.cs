using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;

namespace QMoi.Tests.Fixers;

/// <summary>A fixer that throws, hangs or reads without end harms the attempt it was asked for and nothing else.</summary>
public sealed class FixPlannerTests
{
    private readonly ManualClock clock = new();
    private readonly List<FixerFault> faults = [];
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_fixer_that_throws_is_declined_with_an_incident_that_is_logged()
    {
        var plan = await PlanAsync((_, _) => throw new InvalidOperationException("of its own"));
        var fault = Assert.Single(faults);
        Assert.Equal("of its own", fault.Exception.Message);
        Assert.Matches("^[0-9a-f]{8}$", fault.Incident);
        Assert.EndsWith($"incident {fault.Incident}.", Assert.IsType<FixPlan.None>(plan).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forge_in_trouble_is_no_fault_of_the_fixer()
    {
        await Assert.ThrowsAsync<ForgeException>(() => PlanAsync((_, _) => throw new ForgeException(ForgeProblem.ServerError, "away")));
        Assert.Empty(faults);
    }

    [Fact]
    public async Task A_fixer_that_never_ends_is_left_behind_and_not_asked_again_until_it_has_ended()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        var asked = 0;
        var planner = Planner((_, _) =>
        {
            if (Interlocked.Increment(ref asked) > 1)
                return Task.FromResult<FixResult>(new FixResult.Declined("well again"));
            started.SetResult();
            release.Wait(CancellationToken.None);
            return Task.FromResult<FixResult>(new FixResult.Declined("too late"));
        });

        var plan = PlanAsync(planner);
        await started.Task;
        clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Contains("incident", Assert.IsType<FixPlan.None>(await plan).Reason, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(Assert.Single(faults).Exception);
        Assert.Contains("did not end", Assert.IsType<FixPlan.None>(await PlanAsync(planner)).Reason, StringComparison.Ordinal);
        Assert.Equal(1, asked);

        release.Set();
        string reason;
        while ((reason = Assert.IsType<FixPlan.None>(await PlanAsync(planner)).Reason).Contains("did not end", StringComparison.Ordinal))
            await Task.Yield();
        Assert.Equal("well again", reason);
    }

    [Fact]
    public async Task Waiting_for_files_is_not_the_fixers_time()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        var plan = PlanAsync(
            async (checkout, token) => new FixResult.Declined((await checkout.ReadAsync("file", token))!.Path),
            new SlowCheckout(async () =>
            {
                asked.SetResult();
                await answer.Task;
                return new RepositoryFile("file", default, null);
            }));
        await asked.Task;
        clock.Advance(TimeSpan.FromMinutes(10));
        answer.SetResult();
        Assert.Equal("file", Assert.IsType<FixPlan.None>(await plan).Reason);
        Assert.Empty(faults);
    }

    [Fact]
    public async Task A_fixer_that_reads_without_end_is_declined()
    {
        var plan = await PlanAsync(async (checkout, token) =>
        {
            while (true) await checkout.ReadAsync("file", token);
        });
        Assert.Contains("read more", Assert.IsType<FixPlan.None>(plan).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_file_is_not_given_to_a_fixer()
    {
        var plan = await PlanAsync(
            async (checkout, token) => new FixResult.Declined(await checkout.ReadAsync("file", token) is null ? "nothing" : "all of it"),
            new SlowCheckout(() => Task.FromResult(new RepositoryFile("file", new byte[(4 << 20) + 1], null))));
        Assert.Equal("nothing", Assert.IsType<FixPlan.None>(plan).Reason);
    }

    private FixPlanner Planner(Func<ICheckout, CancellationToken, Task<FixResult>> fix) => new(new(), clock, faults.Add, _ => new Fixer(fix));

    private Task<FixPlan> PlanAsync(Func<ICheckout, CancellationToken, Task<FixResult>> fix, ICheckout? checkout = null) => PlanAsync(Planner(fix), checkout);

    private static async Task<FixPlan> PlanAsync(FixPlanner planner, ICheckout? checkout = null)
    {
        var diagnosis = (await CatalogueTests.DiagnoseAsync("$ ./check.sh\n/bin/bash: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n")).Diagnoses[0];
        return await planner.PlanAsync(diagnosis, checkout ?? MemoryCheckout.Of("file", "x"), _ => Task.FromResult<FetchResult>(new FetchResult.Refused("no tool here")), Cancelled);
    }

    private sealed class Fixer(Func<ICheckout, CancellationToken, Task<FixResult>> fix) : IFixer
    {
        public string FailureId => "a-failure";

        public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) => fix(checkout, cancellationToken);
    }

    private sealed class SlowCheckout(Func<Task<RepositoryFile>> read) : ICheckout
    {
        public async Task<RepositoryFile?> ReadAsync(string path, CancellationToken cancellationToken) => await read();

        public Task<IReadOnlyList<TreeEntry>> ListAsync(string folder, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<TreeEntry>>([]);

        public Task<IReadOnlyList<string>> ListAllAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);
    }
}
