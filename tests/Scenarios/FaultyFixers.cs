using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>One of the bot's own rules makes a mistake; whatever else is to be done is done.</summary>
public sealed partial class FaultyFixers
{
    [Theory, InlineData("github"), InlineData("gitlab")]
    public async Task A_fixer_that_throws_for_one_job_keeps_nothing_from_the_others(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true, fixers: id => FixerIndex.Find(id) is { } fixer ? new ThrowsForOneJob(fixer) : null);
        var (path, ci) = forge == "github"
            ? (".github/workflows/ci.yml", "name: CI\non: [push]\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: ./one.sh\n  two:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: ./two.sh\n")
            : (".gitlab-ci.yml", "one:\n  script:\n    - ./one.sh\ntwo:\n  script:\n    - ./two.sh\n");
        var repository = await world.RepositoryAsync(forge, (path, SimulatedFile.Text(ci)), ("one.sh", SimulatedFile.Text("#!/bin/sh\n")), ("two.sh", SimulatedFile.Text("#!/bin/sh\n")));
        await world.SettleAsync();

        var incident = Incident().Match(Assert.Single(world.Warnings)).Groups["id"].Value;
        Assert.NotEmpty(incident);
        Assert.All(await world.StatesAsync(), state => Assert.True(state is "done" or "ignored", state));
        var request = Assert.Single(repository.MergeRequests);
        Assert.Equal("100755", await repository.FileModeAsync(request.SourceBranch, "two.sh"));
        Assert.Equal("100644", await repository.FileModeAsync(request.SourceBranch, "one.sh"));
        Assert.Contains($"incident {incident}", Assert.Single(repository.CommitComments).Body, StringComparison.Ordinal);
    }

    [GeneratedRegex("Incident (?<id>[0-9a-f]{8}) ", RegexOptions.NonBacktracking)]
    private static partial Regex Incident();

    private sealed class ThrowsForOneJob(IFixer fixer) : IFixer
    {
        public string FailureId => fixer.FailureId;

        public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
            diagnosis.Job.JobName == "one" ? throw new InvalidOperationException("a mistake of ours") : fixer.FixAsync(diagnosis, checkout, cancellationToken);
    }
}
