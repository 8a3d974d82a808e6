namespace QMoi.Simulator;

public sealed class GitHubForge : SimulatedForge
{
    private int tokensSentToStorage;

    internal GitHubForge(SimulatorOptions options, string root, SemaphoreSlim jobSlots, CancellationToken stopping)
        : base(options, root, jobSlots, stopping)
    {
        HookUrl = options.GitHubHookUrl;
        Hooks = new GitHubHooks(this);
        GlobalHookId = NextId();
    }

    /// <summary>The address a client uses in the place of api.github.com; the same routes are under /api/v3 too.</summary>
    public override string ApiUrl => Url;

    /// <summary>The second address, with TLS, when SimulatorOptions.GitHubHttps asked for it; gh finds /api/v3 there.</summary>
    public string? HttpsUrl { get; internal set; }

    /// <summary>The certificate of <see cref="HttpsUrl"/>: a client is told by SSL_CERT_FILE.</summary>
    public string? CertificatePem { get; internal set; }

    public string WebhookSecret => Options.GitHubWebhookSecret;

    /// <summary>False: writing below .github/workflows is refused, as it is for an App without that permission.</summary>
    public bool MayWriteWorkflows { get; set; } = true;

    /// <summary>False: the server has no GraphQL, or has it switched off.</summary>
    public bool TakesGraphQl { get; set; } = true;

    /// <summary>How often a client sent its token along when it followed the link to a log, which on the real forge leads to somebody else's host.</summary>
    public int TokensSentToStorage => Volatile.Read(ref tokensSentToStorage);

    /// <summary>The repository is covered by the App's installation: its webhooks and lookups name it.</summary>
    public void InstallApp(SimulatedRepository repository, long installationId) => repository.InstallationId = installationId;

    /// <summary>The App is taken off the repository; its tokens end with that.</summary>
    public void UninstallApp(SimulatedRepository repository)
    {
        repository.InstallationId = null;
        RevokeTokens(AppBot);
    }

    internal void NoteTokenSentToStorage() => Interlocked.Increment(ref tokensSentToStorage);

    internal long GlobalHookId { get; }
    internal override GitHubHooks Hooks { get; }
    internal override bool PublicMeansNoAccess => false;
    internal override bool TakesPushOptions => false;
    internal override string MergeRequestSource => "pull_request";
    internal override string DefaultConfigPath => ".github/workflows/ci.yml";

    internal override SimulatedHook? GlobalHook => HookUrl is { } url ? new SimulatedHook(GlobalHookId, url, Options.GitHubWebhookSecret, null, null) : null;

    internal override string HeadRef(int number) => $"refs/pull/{number}/head";

    internal override async Task<IReadOnlyList<PipelinePlan>> PlanAsync(SimulatedRepository repository, CiTrigger trigger)
    {
        if (trigger.Commit.Message.Contains("[skip ci]", StringComparison.OrdinalIgnoreCase) || trigger.Commit.Message.Contains("[ci skip]", StringComparison.OrdinalIgnoreCase))
            return [];
        var plans = new List<PipelinePlan>();
        foreach (var entry in await repository.Git.TreeAsync(trigger.Commit.Sha, ".github/workflows", recursive: false, withFolders: false) ?? [])
        {
            if (entry.Type != "blob" || !(entry.Name.EndsWith(".yml", StringComparison.Ordinal) || entry.Name.EndsWith(".yaml", StringComparison.Ordinal)))
                continue;
            var workflow = new GitHubWorkflow(entry.Path, System.Text.Encoding.UTF8.GetString(await repository.Git.BlobAsync(entry.Sha) ?? []));
            if (workflow.IsTriggeredBy(trigger))
                plans.Add(workflow.Plan());
        }
        return plans;
    }

    internal override Task<JobOutcome> RunJobAsync(SimulatedJob job, CancellationToken cancellationToken) =>
        new GitHubJobRunner(job, (GitHubJobPlan)job.Plan).RunAsync(cancellationToken);
}
