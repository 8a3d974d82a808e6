using System.Globalization;

namespace QMoi.Simulator;

/// <summary>One simulated forge. What both have in common; <see cref="GitHubForge"/> and <see cref="GitLabForge"/> add their own words.</summary>
public abstract partial class SimulatedForge
{
    private readonly List<SimulatedRepository> repositories = [];
    private readonly List<SimulatedUser> users = [];
    private readonly List<RequestRecord> requests = [];
    private readonly List<Fault> faults = [];
    private readonly Dictionary<string, IssuedToken> tokens = new(StringComparer.Ordinal);
    private long lastId = 1000;
    private int lastRequest;

    private protected SimulatedForge(SimulatorOptions options, string root, SemaphoreSlim jobSlots, CancellationToken stopping)
    {
        (Options, Root, Stopping, Latency) = (options, Path.Combine(root, GetType().Name.ToLowerInvariant()), stopping, options.Latency);
        Runner = new PipelineRunner(this, jobSlots);
        Bot = AddUser(options.BotLogin);
        AppBot = AddUser(options.BotLogin + "[bot]", "Bot");
        Token = IssueToken(Bot);
    }

    /// <summary>Where the forge answers: git, and what its API links to.</summary>
    public string Url { get; internal set; } = "";

    /// <summary>What a client takes for the API's address.</summary>
    public abstract string ApiUrl { get; }

    /// <summary>Accepted everywhere; belongs to <see cref="Bot"/>.</summary>
    public string Token { get; }
    public SimulatedUser Bot { get; }

    /// <summary>Who acts when an App's installation token is used.</summary>
    public SimulatedUser AppBot { get; }

    /// <summary>Webhooks of every repository are posted here; null: nowhere.</summary>
    public string? HookUrl { get; set; }

    /// <summary>Added to every API answer; git over HTTP is not slowed down.</summary>
    public TimeSpan Latency { get; set; }

    public IReadOnlyList<SimulatedRepository> Repositories => Snapshot(repositories);
    public IReadOnlyList<RequestRecord> Requests => Snapshot(requests);
    public IReadOnlyList<DeliveryRecord> Deliveries => Hooks.Deliveries;

    internal SimulatorOptions Options { get; }
    internal string Root { get; }
    internal CancellationToken Stopping { get; }
    internal Lock Gate { get; } = new();
    internal Activity Activity { get; } = new();
    internal PipelineRunner Runner { get; }
    internal DateTimeOffset Now => Options.Clock.GetUtcNow();
    internal List<SimulatedHook> RepositoryHooks { get; } = [];
    internal abstract ForgeHooks Hooks { get; }
    internal abstract SimulatedHook? GlobalHook { get; }

    /// <summary>GitLab answers a stranger's membership with 404, GitHub with "read" on a public repository.</summary>
    internal abstract bool PublicMeansNoAccess { get; }

    public SimulatedUser AddUser(string login, string kind = "User")
    {
        lock (Gate)
        {
            if (users.FirstOrDefault(user => user.Login == login) is { } known)
                return known;
            var id = NextId();
            var user = new SimulatedUser(id, login, login, $"{id}+{login}@users.noreply.localhost", kind);
            users.Add(user);
            return user;
        }
    }

    /// <summary>A token that acts as this account, with the rights it has in each repository.</summary>
    public string IssueToken(SimulatedUser user, TimeSpan? lifetime = null, string prefix = "sim_")
    {
        var token = prefix + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(18));
        lock (Gate)
            tokens[token] = new IssuedToken(user, lifetime is { } time ? Now + time : null);
        return token;
    }

    /// <summary>All tokens of an account are worth nothing from now on.</summary>
    internal void RevokeTokens(SimulatedUser user)
    {
        lock (Gate)
            foreach (var token in tokens.Where(issued => issued.Value.User == user).Select(issued => issued.Key).ToList())
                tokens.Remove(token);
    }

    /// <summary>Makes a repository with an initial commit. Nobody is told and nothing runs, unless <paramref name="announce"/>.</summary>
    public async Task<SimulatedRepository> CreateRepositoryAsync(string fullName, IReadOnlyDictionary<string, SimulatedFile> files, bool announce = false)
    {
        var repository = await CreateEmptyRepositoryAsync(fullName, null);
        var changes = files.ToDictionary(file => file.Key, file => (SimulatedFile?)file.Value, StringComparer.Ordinal);
        var sha = await repository.CommitAsync(null, changes, "Initial commit", repository.Owner);
        await repository.Git.UpdateRefAsync($"refs/heads/{repository.DefaultBranch}", sha, null);
        await repository.NoticeRefsAsync(repository.Owner, quietly: !announce);
        return repository;
    }

    /// <summary>Its owner deletes it: from now on the API knows nothing of it, and nobody is told.</summary>
    public void DeleteRepository(SimulatedRepository repository)
    {
        lock (Gate)
        {
            repositories.Remove(repository);
            RepositoryHooks.RemoveAll(hook => hook.Repository == repository);
        }
    }

    public async Task<SimulatedRepository> ForkAsync(SimulatedRepository origin, SimulatedUser owner)
    {
        var fork = await CreateEmptyRepositoryAsync($"{owner.Login}/{origin.Name}", origin);
        foreach (var (branch, sha) in origin.Branches)
            await fork.Git.FetchAsync(origin.Git, sha, $"refs/heads/{branch}");
        await fork.NoticeRefsAsync(owner, quietly: true);
        return fork;
    }

    public SimulatedRepository? FindRepository(string fullName) =>
        Repositories.FirstOrDefault(repository => repository.FullName.Equals(fullName, StringComparison.OrdinalIgnoreCase));

    public SimulatedRepository? FindRepository(long id) => Repositories.FirstOrDefault(repository => repository.Id == id);

    public SimulatedUser? FindUser(string login) => Users.FirstOrDefault(user => user.Login.Equals(login, StringComparison.OrdinalIgnoreCase));

    public IReadOnlyList<SimulatedUser> Users => Snapshot(users);

    /// <summary>The next matching API requests fail; the first matching fault strikes.</summary>
    public Fault AddFault(Fault fault)
    {
        lock (Gate)
            faults.Add(fault);
        return fault;
    }

    public IReadOnlyList<Fault> Faults => Snapshot(faults);

    public void ClearFaults()
    {
        lock (Gate)
            faults.Clear();
    }

    private readonly List<SimulatedGroup> groups = [];

    /// <param name="key">Its path or id.</param>
    internal SimulatedGroup? FindGroup(string key)
    {
        lock (Gate)
        {
            if (groups.Find(group => group.Path == key || group.Id.ToString(CultureInfo.InvariantCulture) == key) is { } known)
                return known;
            var group = new SimulatedGroup(NextId(), key);
            if (!repositories.Exists(group.Holds))
                return null;
            groups.Add(group);
            return group;
        }
    }

    /// <summary>Who may administer all that lies below it.</summary>
    internal bool IsOwner(SimulatedGroup group, SimulatedUser user) => Repositories.Where(group.Holds).All(repository => repository.PermissionOf(user) == AccessLevel.Admin);

    /// <summary>A hook of one repository, as its admin makes it.</summary>
    public SimulatedHook AddHook(SimulatedRepository repository, string url, string secret)
    {
        var hook = new SimulatedHook(NextId(), url, secret, null, repository);
        lock (Gate)
            RepositoryHooks.Add(hook);
        return hook;
    }

    public void RemoveHook(SimulatedHook hook)
    {
        lock (Gate)
            RepositoryHooks.Remove(hook);
    }

    /// <summary>Sends a delivery again, as pressing the button does.</summary>
    public void Redeliver(string deliveryId) => Hooks.Redeliver(Deliveries.Last(delivery => delivery.DeliveryId == deliveryId));

    /// <summary>Webhooks are kept back until <see cref="ReleaseDeliveries"/>.</summary>
    public void HoldDeliveries() => Hooks.Hold();

    /// <param name="shuffled">In another order than they happened.</param>
    public void ReleaseDeliveries(bool shuffled = false) => Hooks.Release(shuffled);

    /// <summary>Waits until no pipeline runs and every webhook that is not held back was answered.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => Activity.IdleAsync(cancellationToken);

    internal async Task<SimulatedRepository> CreateEmptyRepositoryAsync(string fullName, SimulatedRepository? forkOf)
    {
        var id = NextId();
        var git = new GitRepository(Path.Combine(Root, "repositories", $"{id}.git"));
        await git.InitializeAsync("main");
        var owner = FindUser(fullName.Split('/')[0]) ?? AddUser(fullName.Split('/')[0], forkOf is null ? "Organization" : "User");
        var repository = new SimulatedRepository(this, id, fullName, owner, git) { ForkOf = forkOf };
        Directory.CreateDirectory(Path.Combine(repository.RunnerFolder, "bin"));
        Directory.CreateDirectory(repository.StateFolder);
        await repository.NoticeRefsAsync(owner, quietly: true);
        lock (Gate)
            repositories.Add(repository);
        return repository;
    }

    /// <summary>The repositories an earlier simulator left in the same root; what was only in memory is gone.</summary>
    internal async Task LoadRepositoriesAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, "repositories")).FullName;
        foreach (var repository in Directory.EnumerateDirectories(folder, "*.git", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            await CreateEmptyRepositoryAsync(Path.GetRelativePath(folder, repository)[..^".git".Length], null);
    }

    internal long NextId() => Interlocked.Increment(ref lastId);

    internal IReadOnlyList<T> Snapshot<T>(List<T> list)
    {
        lock (Gate)
            return [.. list];
    }

    internal SimulatedUser? UserOf(string token)
    {
        lock (Gate)
            return tokens.TryGetValue(token, out var issued) && (issued.ExpiresAt is not { } end || end > Now) ? issued.User : null;
    }

    internal int BeginRequest() => Interlocked.Increment(ref lastRequest);

    internal void EndRequest(RequestRecord request)
    {
        lock (Gate)
            requests.Add(request);
    }

    internal Fault? TakeFault(string method, string pathAndQuery)
    {
        lock (Gate)
        {
            return faults.FirstOrDefault(candidate => candidate.Matches(method, pathAndQuery) && candidate.TryStrike());
        }
    }

    private sealed record IssuedToken(SimulatedUser User, DateTimeOffset? ExpiresAt);
}
