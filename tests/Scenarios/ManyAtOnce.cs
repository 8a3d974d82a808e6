using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>Many repositories that fail at the same time.</summary>
public sealed class ManyAtOnce
{
    private static readonly string[] Kinds = ["mode", "comma", "transient", "secret"];

    [Fact]
    public async Task Repositories_that_fail_together_end_as_they_do_one_by_one()
    {
        var broken = (from kind in Kinds from forge in (string[])["gitlab", "github"] select (kind, forge)).ToList();
        // Beside each other, because both wait for what the bot allows itself to write in a minute.
        var ends = await Task.WhenAll(OneByOneAsync(broken), AtOnceAsync(broken));
        Assert.All(broken.Zip(ends[0], ends[1]), one => Assert.Equal(one.Second, one.Third));
        Assert.Equal(4, ends[0].Count(end => end.Contains("**Verified.**", StringComparison.Ordinal)));
    }

    private static async Task<List<string>> OneByOneAsync(List<(string Kind, string Forge)> broken)
    {
        await using var world = await World.StartAsync();
        var ends = new List<string>();
        foreach (var (kind, forge) in broken)
        {
            var repository = await BreakAsync(world.Forge(forge), kind);
            await world.SettleAsync();
            ends.Add(await repository.DescribeAsync());
        }
        return ends;
    }

    private static async Task<List<string>> AtOnceAsync(List<(string Kind, string Forge)> broken)
    {
        await using var world = await World.StartAsync();
        world.GitHub.HoldDeliveries();
        world.GitLab.HoldDeliveries();
        var repositories = new List<SimulatedRepository>();
        foreach (var (kind, forge) in broken)
            repositories.Add(await BreakAsync(world.Forge(forge), kind));
        await world.SimulatorIdleAsync();
        world.GitHub.ReleaseDeliveries(shuffled: true);
        world.GitLab.ReleaseDeliveries(shuffled: true);
        await world.SettleAsync();
        return [.. await Task.WhenAll(repositories.Select(repository => repository.DescribeAsync()))];
    }

    private static async Task<SimulatedRepository> BreakAsync(SimulatedForge forge, string kind)
    {
        var name = "acme/" + kind;
        switch (kind)
        {
            case "mode":
                return await forge.WithBrokenScriptAsync(name);
            case "comma":
                return await forge.WithCommaTooManyAsync(name);
            case "secret":
                return await forge.WithFilesAsync(name, World.Ci(forge, "bash send.sh"), ("send.sh", SimulatedFile.Text("if [ -z \"$REPORT_TOKEN\" ]; then echo \"Error: Environment variable REPORT_TOKEN is not set\"; exit 1; fi\n")));
            default:
                var flaky = await forge.WithFilesAsync(name, ("readme.md", SimulatedFile.Text("Feeds\n")));
                flaky.AddRunnerCommand("fetch-schema", World.FlakyDownload(failures: 1));
                var (path, ci) = World.Ci(forge, "fetch-schema");
                await flaky.PushAsync("main", new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { [path] = ci }, "Fetch");
                return flaky;
        }
    }
}
