using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Handlers.Forges;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Contracts;

/// <summary>Whole stories, overheard: all that the bot asks of a forge and all that the simulated forge answers is as the real forge describes it.</summary>
public sealed class ForgeApiContractTests
{
    /// <summary>A story, and a call without which it would not have been told.</summary>
    private static readonly Dictionary<string, Story> Stories = new(StringComparer.Ordinal)
    {
        ["github: a script that is not executable"] = new(BrokenScriptAsync, "POST /repos/{owner}/{repo}/git/trees"),
        ["github: one file with a comma too many"] = new(CommaTooManyAsync, "POST /graphql"),
        ["github: the same without GraphQL"] = new(WithoutGraphQlAsync, "PUT /repos/{owner}/{repo}/contents/{path}"),
        ["github: a red merge request"] = new(RedMergeRequestAsync, "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}"),
        ["github: a passing failure"] = new(PassingFailureAsync, "POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs"),
        ["github: a fix that does not heal"] = new(FixInVainAsync, "DELETE /repos/{owner}/{repo}/git/refs/{ref}"),
        ["github: a job without a log"] = new(NoLogAsync, "GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs"),
        ["github: what was missed"] = new(MissedAsync, "GET /repos/{owner}/{repo}/actions/runs"),
        ["gitlab: what was missed"] = new(MissedAsync, "POST /api/v4/projects/{id}/hooks/{hook_id}/test/{event}"),
        ["gitlab: a script that is not executable"] = new(BrokenScriptAsync, "POST /api/v4/projects/{id}/merge_requests"),
        ["gitlab: one file with a comma too many"] = new(CommaTooManyAsync, "POST /api/v4/projects/{id}/repository/commits"),
        ["gitlab: a red merge request"] = new(RedMergeRequestAsync, "PUT /api/v4/projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}"),
        ["gitlab: a passing failure"] = new(PassingFailureAsync, "POST /api/v4/projects/{id}/jobs/{job_id}/retry"),
        ["gitlab: a fix that does not heal"] = new(FixInVainAsync, "DELETE /api/v4/projects/{id}/repository/branches/{branch}"),
        ["gitlab: a job without a log"] = new(NoLogAsync, "GET /api/v4/projects/{id}/jobs/{job_id}/trace"),
        ["github: a webhook of its own"] = new(InstalledAsync, "POST /repos/{owner}/{repo}/hooks"),
        ["gitlab: a webhook of its own"] = new(InstalledAsync, "POST /api/v4/projects/{id}/hooks"),
        ["gitlab: an unknown stage"] = new(UnknownStageAsync, "POST /api/v4/projects/{id}/ci/lint"),
    };

    public static TheoryData<string> AllStories => [.. Stories.Keys];

    [Theory, MemberData(nameof(AllStories))]
    public async Task What_the_bot_asks_and_what_it_is_told_are_as_the_forge_describes(string story)
    {
        var forge = story.Split(':')[0];
        var description = forge == "github" ? OpenApi.GitHub() : OpenApi.GitLab();
        RecordingProxy? proxy = null;
        World? world = null;
        try
        {
            world = await World.StartAsync(allowWarnings: story.EndsWith("missed", StringComparison.Ordinal), door: async simulated =>
            {
                if (simulated is GitHubForge != (forge == "github")) return simulated.ApiUrl;
                proxy = await RecordingProxy.StartAsync(simulated.Url);
                return proxy.Url + simulated.ApiUrl[simulated.Url.Length..];
            });
            await Stories[story].TellAsync(world, forge);
            var verdict = ContractVerdict.Of(description, proxy!.Exchanges);
            verdict.Report(story);
            Assert.Empty(verdict.Problems);
            Assert.Contains(Stories[story].Call, verdict.Checked.Keys);
        }
        finally
        {
            if (world is not null) await world.DisposeAsync();
            if (proxy is not null) await proxy.DisposeAsync();
        }
    }

    private static async Task BrokenScriptAsync(World world, string forge)
    {
        var repository = await world.WithBrokenScriptAsync(forge);
        await world.SettleAsync();
        Assert.Contains("**Verified.**", Assert.Single(repository.MergeRequests).Body, StringComparison.Ordinal);
    }

    private static async Task CommaTooManyAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "npm test"), ("package.json", SimulatedFile.Text("{\n  \"scripts\": { \"test\": \"echo ok\" }\n}\n")));
        await world.SettleAsync();
        await repository.PushAsync("main", "package.json", "{\n  \"scripts\": { \"test\": \"echo ok\", }\n}\n", "A comma too many");
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests);
    }

    private static Task WithoutGraphQlAsync(World world, string forge)
    {
        world.GitHub.TakesGraphQl = false;
        return CommaTooManyAsync(world, forge);
    }

    private static async Task RedMergeRequestAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true)));
        await world.SettleAsync();
        await repository.PushAsync("topic", "readme.md", "topic\n", "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        await world.SettleAsync();
        await repository.PushAsync("topic", "check.sh", "#!/bin/sh\necho better\n", "Lose the mode");
        await world.SettleAsync();
        Assert.Contains("Fix ready", Assert.Single(request.Comments).Body, StringComparison.Ordinal);
    }

    private static async Task PassingFailureAsync(World world, string forge)
    {
        var repository = await world.WithFlakyDownloadAsync(forge, failures: 1);
        await world.SettleAsync();
        Assert.Equal(CiStatus.Success, Assert.Single(repository.Pipelines).Status);
    }

    private static async Task FixInVainAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, World.Ci(forge, "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho 'assertion failed: 1 != 2'\nexit 3\n")));
        await world.SettleAsync();
        Assert.Equal(MergeRequestState.Closed, Assert.Single(repository.MergeRequests).State);
    }

    private static async Task InstalledAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, ("readme.md", SimulatedFile.Text("hello\n")));
        repository.SetPermission(repository.Forge.Bot, AccessLevel.Admin);
        using var forges = new QMoi.Forges.Forges(world.Bot.Settings.GitHub, world.Bot.Settings.GitLab, TimeProvider.System, NullLoggerFactory.Instance);
        var (hooks, bot, stop) = (forges.Hooks(forge == "github" ? ForgeKind.GitHub : ForgeKind.GitLab), new Uri("http://127.0.0.1:1"), TestContext.Current.CancellationToken);
        var place = await hooks.FindAsync(repository.FullName, isGroup: false, stop);
        // The description is of a GitLab without signing tokens.
        var made = await hooks.PlaceAsync(place, null, bot, new HookProof("a-secret-of-the-tests", null), stop);
        await hooks.PlaceAsync(place, made.Id, bot, new HookProof("another-secret-of-the-tests", null), stop);
        Assert.Empty(Assert.Single(await hooks.ListAsync(place, bot, stop)).MissingEvents);
    }

    private static async Task NoLogAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, ("readme.md", SimulatedFile.Text("hello\n")));
        await world.SettleAsync();
        await repository.FailPipelineAsync("main", "silent", JobLog.Missing());
        await world.SettleAsync();
    }

    private static async Task UnknownStageAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, (".gitlab-ci.yml", SimulatedFile.Text("stages: [build]\nunit:\n  stage: test\n  script: [echo ok]\n")));
        await world.SettleAsync();
        Assert.Single(repository.MergeRequests);
    }

    private static async Task MissedAsync(World world, string forge)
    {
        var repository = await world.RepositoryAsync(forge, World.Script);
        var hook = world.HookOf(repository);
        await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
        await world.SettleAsync();
        await world.CatchUpAsync();
        await world.StopBotAsync();
        await repository.FailPipelineAsync("main", "check", "$ ./check.sh\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n");
        await world.SimulatorIdleAsync();
        world.Leap(TimeSpan.FromHours(1));
        await world.StartBotAsync();
        Assert.NotNull(await world.CatchUpAsync());
        var fix = Assert.Single(repository.MergeRequests);

        // And by the state alone.
        (repository.Forge as GitLabForge)?.FailHook(hook, 40);
        await fix.MergeAsync();
        await repository.PushAsync("main", "check.sh", "#!/bin/sh\necho broken again\n", "Lose the mode");
        await world.SimulatorIdleAsync();
        world.Leap(TimeSpan.FromMinutes(10));
        await world.CatchUpAsync();
        repository.Forge.RemoveHook(hook);
        await repository.FailPipelineAsync("main", "check", "$ ./check.sh\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n");
        world.Leap(TimeSpan.FromMinutes(10));
        Assert.NotNull(await world.CatchUpAsync());
    }

    private sealed record Story(Func<World, string, Task> TellAsync, string Call);
}
