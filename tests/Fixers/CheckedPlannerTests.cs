using System.Runtime.Versioning;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Checks;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;
using QMoi.Tests.Git;

namespace QMoi.Tests.Fixers;

/// <summary>A repository that git cannot work with harms the attempt that met it and nothing else.</summary>
[SupportedOSPlatform("linux")]
public sealed class CheckedPlannerTests : IDisposable
{
    private const string Log = "$ ./check.sh\n/bin/bash: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n";

    private readonly string folder = Directory.CreateTempSubdirectory("qmoi-test-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Folders.Remove(folder);

    [Theory, InlineData(VerifyMode.Never), InlineData(VerifyMode.Needed)]
    public async Task A_tree_that_cannot_be_opened_is_declined_with_the_reason(VerifyMode verify)
    {
        var plan = await PlanAsync(verify, _ => throw new GitException("git checkout was stopped: it took too long."));
        Assert.Contains("git checkout was stopped", Assert.IsType<FixPlan.None>(plan).Reason, StringComparison.Ordinal);
    }

    /// <summary>The first fix was checked, and behind it stands another failure; the tree for that one is the fourth.</summary>
    [Fact]
    public async Task A_tree_that_cannot_be_opened_for_the_next_failure_leaves_the_fix_of_the_first()
    {
        RealGit.NewRepository(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, ".gitlab-ci.yml"), "check:\n  script:\n    - ./check.sh\n", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(folder, "check.sh"), "#!/bin/sh\n./inner.sh\n", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(folder, "inner.sh"), "#!/bin/sh\n", Cancelled);
        RealGit.Commit(folder);
        var opened = 0;
        var plan = await PlanAsync(VerifyMode.Always, async stop =>
            ++opened < 4 ? new FetchResult.Fetched(await WorkTree.OpenExistingAsync(folder, TimeProvider.System, stop)) : throw new GitException("git add was stopped: it took too long."));

        Assert.Equal(4, opened);
        var ready = Assert.IsType<FixPlan.Ready>(plan);
        Assert.Equal(["check.sh"], ready.Patch.Paths);
        Assert.Contains("inner.sh", ready.NotVerified, StringComparison.Ordinal);
    }

    private static async Task<FixPlan> PlanAsync(VerifyMode verify, Func<CancellationToken, Task<FetchResult>> open)
    {
        var diagnoser = new LogDiagnoser(Catalogue.Embedded);
        using var log = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Log));
        var diagnosis = (await diagnoser.DiagnoseAsync(log, new JobFacts("gitlab", "check", ".gitlab-ci.yml", null), Cancelled)).Diagnoses[0];
        var planner = new CheckedPlanner(new FixPlanner(new(), TimeProvider.System), new FixCheck(diagnoser), new RepairSettings { Verify = verify });
        return await planner.PlanAsync(diagnosis, open, _ => { }, Cancelled);
    }
}
