using System.Text.Json;

namespace QMoi.Tests.Functions;

/// <summary>The README's first command.</summary>
public sealed class DemoTests
{
    [Fact, Trait("speed", "slow")]
    public async Task The_demo_heals_what_can_be_healed_on_both_forges_and_leaves_the_rest_alone()
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["demo", "--once", "--json"]);
        Assert.True(exitCode == 0, error);
        var rows = JsonDocument.Parse(output).RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.True(rows.Count >= 8);
        foreach (var forge in (string[])["github", "gitlab"])
        {
            var results = rows.Where(row => row.GetProperty("forge").GetString() == forge).Select(row => row.GetProperty("result").GetString()).ToList();
            Assert.Contains("healed", results);
            Assert.Contains("explained", results);
            Assert.DoesNotContain("failed", results);
        }
        Assert.All(rows.Where(row => row.GetProperty("secondsToMergeRequest").ValueKind == JsonValueKind.Number), row => Assert.InRange(row.GetProperty("sequentialCalls").GetInt32(), 3, 12));
    }
}
