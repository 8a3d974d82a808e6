using QMoi.Simulator;

namespace QMoi.Tests.Scenarios;

/// <summary>A merge request from <c>topic</c> whose pipeline fails, in a repository with settings of its own.</summary>
public static class RedMergeRequest
{
    public const string CommitMode = "fix: { deliver: { merge_request: commit } }\n";

    /// <summary>Passes wherever CI is not, fails there.</summary>
    public const string FailsInCiOnly = "#!/bin/sh\ncommand -v only-in-ci >/dev/null || exit 0\necho the pump gave up\nexit 3\n";

    /// <summary>The branch brings <c>check.sh</c> without its mode.</summary>
    public static Task<(SimulatedRepository Repository, SimulatedMergeRequest Request)> WithRedMergeRequestAsync(
        this World world, string forge, string settings, string script = "#!/bin/sh\necho better\n") => WithRedMergeRequestAsync(world.Forge(forge), settings, script);

    public static Task<(SimulatedRepository Repository, SimulatedMergeRequest Request)> WithRedMergeRequestAsync(
        SimulatedForge forge, string settings, string script = "#!/bin/sh\necho better\n") =>
        WithMergeRequestAsync(
            forge, settings, [World.Ci(forge, "./check.sh"), ("check.sh", SimulatedFile.Text("#!/bin/sh\necho ok\n", executable: true))],
            new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["check.sh"] = SimulatedFile.Text(script) });

    /// <param name="changes">What the branch brings.</param>
    public static Task<(SimulatedRepository Repository, SimulatedMergeRequest Request)> WithMergeRequestAsync(
        this World world, string forge, string settings, IEnumerable<(string Path, SimulatedFile File)> files, IReadOnlyDictionary<string, SimulatedFile?> changes) =>
        WithMergeRequestAsync(world.Forge(forge), settings, files, changes);

    private static async Task<(SimulatedRepository Repository, SimulatedMergeRequest Request)> WithMergeRequestAsync(
        SimulatedForge forge, string settings, IEnumerable<(string Path, SimulatedFile File)> files, IReadOnlyDictionary<string, SimulatedFile?> changes)
    {
        var all = files.Append((Path: ".qmoi.yml", File: SimulatedFile.Text(settings))).ToDictionary(file => file.Path, file => file.File, StringComparer.Ordinal);
        var repository = await forge.CreateRepositoryAsync("acme/app", all);
        repository.AddRunnerCommand("only-in-ci", "#!/bin/sh\n");
        await repository.PushAsync("topic", changes, "Start a topic");
        var request = await repository.OpenMergeRequestAsync("topic", "main", "Topic");
        return (repository, request);
    }

    /// <summary>The comment of the bot.</summary>
    public static SimulatedComment Told(this SimulatedMergeRequest request) => Assert.Single(request.Comments, comment => comment.Body.StartsWith("<!-- qmoi merge_request ", StringComparison.Ordinal));

    /// <summary>Somebody ticks the box in the bot's comment.</summary>
    public static void TickUndo(this SimulatedMergeRequest request, SimulatedUser? by = null)
    {
        var comment = request.Told();
        Assert.Contains("- [ ] Undo", comment.Body, StringComparison.Ordinal);
        request.EditComment(comment, comment.Body.Replace("- [ ] Undo", "- [x] Undo", StringComparison.Ordinal), by);
    }
}
