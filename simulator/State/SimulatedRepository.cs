using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <summary>A repository on a simulated forge: real git on disk, the rest in memory.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "A SemaphoreSlim whose wait handle is never asked for holds nothing.")]
public sealed partial class SimulatedRepository
{
    private readonly SemaphoreSlim noticing = new(1);
    private IReadOnlyDictionary<string, string> refs = new Dictionary<string, string>(StringComparer.Ordinal);

    internal SimulatedRepository(SimulatedForge forge, long id, string fullName, SimulatedUser owner, GitRepository git) =>
        (Forge, Id, FullName, Owner, Git, CreatedAt) = (forge, id, fullName, owner, git, forge.Now);

    public SimulatedForge Forge { get; }
    public long Id { get; }
    /// <summary>May be changed, as its owner does; the old name is then free for others and leads nowhere.</summary>
    public string FullName { get; set; }
    public string Name => FullName[(FullName.LastIndexOf('/') + 1)..];
    public string Namespace => FullName[..FullName.LastIndexOf('/')];
    public SimulatedUser Owner { get; }
    public string DefaultBranch { get; set; } = "main";
    public bool IsPrivate { get; set; }

    /// <summary>The repository this one is a fork of.</summary>
    public SimulatedRepository? ForkOf { get; internal init; }
    public string CloneUrl => $"{Forge.Url}/{FullName}.git";
    public DateTimeOffset CreatedAt { get; }

    /// <summary>GitHub: the App installation that covers the repository; webhooks then name it.</summary>
    public long? InstallationId { get; set; }

    /// <summary>Given to jobs: GitLab CI/CD variables, GitHub secrets.</summary>
    public IDictionary<string, string> Secrets { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What the runner machine itself sets for every job, such as the address of a package mirror.</summary>
    public IDictionary<string, string> RunnerEnvironment { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The runner machine: its bin/ comes first on the PATH of every job.</summary>
    public string RunnerFolder => Path.Combine(Forge.Root, "runners", Id.ToString());

    /// <summary>SIM_STATE_DIR of every job: what is written here outlives it.</summary>
    public string StateFolder => Path.Combine(RunnerFolder, "state");

    public IReadOnlyDictionary<string, string> Branches => WithPrefix("refs/heads/");
    public IReadOnlyDictionary<string, string> Tags => WithPrefix("refs/tags/");
    public IReadOnlyList<SimulatedMergeRequest> MergeRequests => Forge.Snapshot(MergeRequestList);
    public IReadOnlyList<SimulatedPipeline> Pipelines => Forge.Snapshot(PipelineList);
    public IReadOnlyList<SimulatedComment> CommitComments => Forge.Snapshot(CommitCommentList);
    public IReadOnlyList<SimulatedStatus> Statuses => Forge.Snapshot(StatusList);
    public IReadOnlyList<SimulatedHook> Hooks => [.. Forge.Snapshot(Forge.RepositoryHooks).Where(hook => hook.Repository == this)];
    public IReadOnlyList<SimulatedLabel> Labels => Forge.Snapshot(LabelList);

    /// <summary>The commit a ref of any kind stands at; null when there is none.</summary>
    public string? RefHead(string fullName) => refs.GetValueOrDefault(fullName);

    public async Task<IReadOnlyList<string>> CommitMessagesAsync(string branch) => [.. (await Git.LogAsync(branch, null, 0, 50)).Select(commit => commit.Message)];

    internal GitRepository Git { get; }
    internal List<SimulatedMergeRequest> MergeRequestList { get; } = [];
    internal List<SimulatedPipeline> PipelineList { get; } = [];
    internal List<SimulatedComment> CommitCommentList { get; } = [];
    internal List<SimulatedStatus> StatusList { get; } = [];
    internal List<SimulatedLabel> LabelList { get; } = [];
    internal Dictionary<string, AccessLevel> Permissions { get; } = new(StringComparer.OrdinalIgnoreCase);
    internal Dictionary<string, long> WorkflowIds { get; } = new(StringComparer.Ordinal);
    internal string WebUrl => $"{Forge.Url}/{FullName}";

    /// <summary>Commits changes and pushes them, as a person would: webhooks and pipelines follow. A null file is removed.</summary>
    /// <returns>The new commit.</returns>
    public async Task<string> PushAsync(string branch, IReadOnlyDictionary<string, SimulatedFile?> changes, string message, SimulatedUser? author = null)
    {
        var person = author ?? Owner;
        var parent = await Git.ResolveAsync($"refs/heads/{branch}") ?? await Git.ResolveAsync($"refs/heads/{DefaultBranch}");
        var sha = await CommitAsync(parent, changes, message, person);
        await Git.UpdateRefAsync($"refs/heads/{branch}", sha, null);
        await NoticeRefsAsync(person);
        return sha;
    }

    public Task<string> PushAsync(string branch, string path, string content, string message, SimulatedUser? author = null) =>
        PushAsync(branch, new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { [path] = SimulatedFile.Text(content) }, message, author);

    public async Task DeleteBranchAsync(string branch, SimulatedUser? by = null)
    {
        await Git.DeleteRefAsync($"refs/heads/{branch}");
        await NoticeRefsAsync(by ?? Owner);
    }

    public async Task<byte[]?> ReadFileAsync(string branch, string path) => await Git.FileAsync(branch, path);

    public async Task<string?> ReadTextAsync(string branch, string path) =>
        await Git.FileAsync(branch, path) is { } content ? System.Text.Encoding.UTF8.GetString(content) : null;

    /// <returns>100644, 100755, 120000; null when there is no such file.</returns>
    public async Task<string?> FileModeAsync(string branch, string path) => (await Git.EntryAsync(branch, path))?.Mode;

    public async Task<IReadOnlyList<string>> FilesAsync(string branch) =>
        [.. (await Git.TreeAsync(branch, "", recursive: true, withFolders: false) ?? []).Select(entry => entry.Path)];

    public Task<SimulatedMergeRequest> OpenMergeRequestAsync(string source, string target, string title, string body = "", SimulatedUser? author = null) =>
        Forge.OpenMergeRequestAsync(this, this, source, target, title, body, author ?? Owner);

    /// <summary>A stranger forks the repository, commits there and offers the change.</summary>
    public async Task<SimulatedMergeRequest> CreateForkMergeRequestAsync(SimulatedUser stranger, string branch,
        IReadOnlyDictionary<string, SimulatedFile?> changes, string title)
    {
        var fork = Forge.FindRepository($"{stranger.Login}/{Name}") ?? await Forge.ForkAsync(this, stranger);
        await fork.PushAsync(branch, changes, title, stranger);
        return await Forge.OpenMergeRequestAsync(this, fork, branch, DefaultBranch, title, "", stranger);
    }

    /// <summary>
    /// What a person finds here, as lines of text: the files of each branch, the state and texts of the merge requests, the comments, and how the pipelines of each branch ended.
    /// Numbers and hashes in texts and names are masked, so that two repositories to which the same happened read the same.
    /// </summary>
    public async Task<string> DescribeAsync()
    {
        var lines = new List<string>();
        foreach (var branch in Branches.Keys)
        {
            lines.Add($"branch {Masked(branch)}");
            lines.AddRange((await Git.TreeAsync(branch, "", recursive: true, withFolders: false) ?? []).Select(entry => $"  {entry.Mode} {entry.Sha} {entry.Path}"));
            lines.AddRange(Pipelines.Where(pipeline => pipeline.Ref == branch).Select(pipeline => $"  {pipeline.Status}: {string.Join(", ", pipeline.AllJobs.Select(job => $"{job.Name} {job.Status}"))}"));
        }
        foreach (var request in MergeRequests)
            lines.AddRange([$"{request.State} merge request {Masked(request.Title)}", Masked(request.Body), .. request.Comments.Select(comment => $"comment {Masked(comment.Body)}")]);
        lines.AddRange(CommitComments.Select(comment => $"commit comment {Masked(comment.Body)}"));
        return string.Join('\n', lines);
    }

    public SimulatedComment CommentOnCommit(string sha, string body, SimulatedUser? author = null) =>
        Forge.CommentOnCommit(this, sha, body, author ?? Owner, null, null);

    /// <summary>A finished pipeline with one failed job that printed this log; nothing is run.</summary>
    public Task<SimulatedPipeline> FailPipelineAsync(string branch, string jobName, byte[] log) => FailPipelineAsync(branch, jobName, JobLog.Of(log));

    public Task<SimulatedPipeline> FailPipelineAsync(string branch, string jobName, string log) =>
        FailPipelineAsync(branch, jobName, System.Text.Encoding.UTF8.GetBytes(log));

    public Task<SimulatedPipeline> FailPipelineAsync(string branch, string jobName, JobLog log) => Forge.FailPipelineAsync(this, branch, jobName, log);

    /// <summary>A pipeline whose configuration the forge refused.</summary>
    public Task<SimulatedPipeline> ConfigErrorPipelineAsync(string branch, string error) => Forge.ConfigErrorPipelineAsync(this, branch, error);

    public void SetPermission(SimulatedUser user, AccessLevel level)
    {
        lock (Forge.Gate)
            Permissions[user.Login] = level;
    }

    public AccessLevel PermissionOf(SimulatedUser user)
    {
        lock (Forge.Gate)
        {
            if (Permissions.TryGetValue(user.Login, out var level))
                return level;
            if (user.Login == Owner.Login || user.Id == Forge.Bot.Id || user.Id == Forge.AppBot.Id)
                return AccessLevel.Admin;
            return IsPrivate || Forge.PublicMeansNoAccess ? AccessLevel.None : AccessLevel.Read;
        }
    }

    /// <summary>An executable that jobs find before the machine's own, such as a network command that fails the first time.</summary>
    public void AddRunnerCommand(string name, string script)
    {
        var folder = Path.Combine(RunnerFolder, "bin");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, script);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    internal async Task<string> CommitAsync(string? parent, IReadOnlyDictionary<string, SimulatedFile?> changes, string message, SimulatedUser author)
    {
        var edits = new List<GitTreeEdit>();
        foreach (var (path, file) in changes)
            edits.Add(new GitTreeEdit(path, file is { Executable: true } ? GitRepository.ExecutableFile : GitRepository.RegularFile,
                file is null ? null : await Git.WriteBlobAsync(file.Content)));
        var tree = await Git.WriteTreeAsync(parent, edits);
        var signature = new GitSignature(author.Name, author.Email, Forge.Now);
        return await Git.WriteCommitAsync(tree, parent is null ? [] : [parent], message, signature, signature);
    }

    /// <summary>Looks which branches and tags moved since the last look, whoever moved them, and lets the forge react.</summary>
    internal async Task NoticeRefsAsync(SimulatedUser actor, bool quietly = false, bool skipCi = false)
    {
        await noticing.WaitAsync();
        try
        {
            var now = await Git.RefsAsync();
            var before = refs;
            refs = now;
            if (quietly)
                return;
            var names = before.Keys.Union(now.Keys, StringComparer.Ordinal)
                .Where(name => name.StartsWith("refs/heads/", StringComparison.Ordinal) || name.StartsWith("refs/tags/", StringComparison.Ordinal));
            foreach (var name in names)
            {
                var change = new RefChange(name, before.GetValueOrDefault(name, GitRepository.NoSha), now.GetValueOrDefault(name, GitRepository.NoSha));
                if (change.Before != change.After)
                    await Forge.RefChangedAsync(this, change, actor, skipCi);
            }
        }
        finally
        {
            noticing.Release();
        }
    }

    private static string Masked(string text) => Varying().Replace(text, "~");

    [GeneratedRegex(@"\b[0-9a-f]{7,40}\b|[0-9]+(?:[.:,][0-9]+)*", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Varying();

    private SortedDictionary<string, string> WithPrefix(string prefix) =>
        new(refs.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value),
            StringComparer.Ordinal);
}

internal sealed record RefChange(string Name, string Before, string After)
{
    public bool IsTag => Name.StartsWith("refs/tags/", StringComparison.Ordinal);
    public bool IsDeletion => After == GitRepository.NoSha;
    public bool IsCreation => Before == GitRepository.NoSha;
    public string ShortName => Name[(IsTag ? "refs/tags/" : "refs/heads/").Length..];
}
