using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>The bot's database is put back to what it was a day ago; what it did since then is not done twice.</summary>
public sealed class Restoring
{
    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task What_was_done_after_the_backup_is_found_on_the_forge_and_not_done_again(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        var bystander = await world.NamedRepositoryAsync(forge, "acme/bystander", ("readme.md", SimulatedFile.Text("read me\n")));
        await world.SettleAsync();
        Assert.True(await world.Bot.Care.BackUpAsync());
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        repository.AssertHealedOnce();

        await ComeBackAfterADayAsync(world, forge);
        repository.AssertHealedOnce();
        Assert.NotEmpty(await world.Bot.Store.AttemptsAsync($"{forge}:{repository.Id}", TestContext.Current.CancellationToken));
        Assert.Empty(bystander.MergeRequests);
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_job_that_was_run_again_after_the_backup_is_not_run_a_third_time(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        Assert.True(await world.Bot.Care.BackUpAsync());
        var repository = await world.WithFlakyDownloadAsync(forge, failures: 1);
        await world.SettleAsync();
        var runs = Downloads();
        Assert.Equal(2, runs);

        await ComeBackAfterADayAsync(world, forge);
        Assert.Equal(runs, Downloads());
        Assert.InRange(repository.CommitComments.Count, 0, 1);

        int Downloads() => File.ReadAllLines(Path.Combine(repository.StateFolder, "downloads")).Length;
    }

    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task A_commit_that_was_made_after_the_backup_is_not_made_again(string forge)
    {
        await using var world = await World.StartAsync(allowWarnings: true);
        Assert.True(await world.Bot.Care.BackUpAsync());
        var (repository, request) = await RedMergeRequest.WithRedMergeRequestAsync(world.Forge(forge), RedMergeRequest.CommitMode);
        await world.SettleAsync();
        Assert.Equal(2, (await repository.CommitMessagesAsync("main..topic")).Count);
        var before = (request.HeadSha, request.Comments.Count);

        await ComeBackAfterADayAsync(world, forge);
        Assert.Equal(before, (request.HeadSha, request.Comments.Count));
        Assert.Equal([request], repository.MergeRequests);
    }

    /// <summary>The backup is put in place, and everything that the forge has ever sent comes once more.</summary>
    private static async Task ComeBackAfterADayAsync(World world, string forge)
    {
        world.Leap(TimeSpan.FromDays(1));
        await world.RestoreBackupAsync();
        foreach (var delivery in world.Forge(forge).Deliveries.Where(delivery => !delivery.IsRedelivery).ToList())
            world.Forge(forge).Redeliver(delivery.DeliveryId);
        await world.SettleWithRetriesAsync();
        await world.CatchUpAsync();
    }
}
