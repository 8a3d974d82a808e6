namespace QMoi.Simulator;

public sealed class GitLabForge : SimulatedForge
{
    internal GitLabForge(SimulatorOptions options, string root, SemaphoreSlim jobSlots, CancellationToken stopping)
        : base(options, root, jobSlots, stopping)
    {
        HookUrl = options.GitLabHookUrl;
        Hooks = new GitLabHooks(this);
        GlobalHookId = NextId();
    }

    public override string ApiUrl => Url + "/api/v4";

    public string WebhookSecret => Options.GitLabWebhookSecret;

    /// <summary>False: as GitLab before 19.0.</summary>
    public bool HasSigningTokens { get; set; } = true;

    /// <summary>As if a project's hook had failed so often in a row: 4 pause it, 40 switch it off.</summary>
    public void FailHook(SimulatedHook hook, int times) => Hooks.SetFailures(hook.Id, times);

    /// <summary>executable, temporarily_disabled or disabled.</summary>
    public string HookState(SimulatedHook hook) => Hooks.StateOf(hook.Id).Alert;

    internal long GlobalHookId { get; }
    internal override GitLabHooks Hooks { get; }
    internal override bool PublicMeansNoAccess => true;
    internal override bool TakesPushOptions => true;
    internal override string MergeRequestSource => "merge_request_event";
    internal override string DefaultConfigPath => ".gitlab-ci.yml";

    internal override SimulatedHook? GlobalHook =>
        HookUrl is { } url ? new SimulatedHook(GlobalHookId, url, Options.GitLabWebhookSecret, Options.GitLabSigningToken, null) : null;

    internal override string HeadRef(int number) => $"refs/merge-requests/{number}/head";

    internal override async Task<IReadOnlyList<PipelinePlan>> PlanAsync(SimulatedRepository repository, CiTrigger trigger)
    {
        if (await repository.Git.FileAsync(trigger.Commit.Sha, DefaultConfigPath) is not { } file)
            return [];
        if (trigger.Commit.Title.Contains("[skip ci]", StringComparison.OrdinalIgnoreCase) || trigger.Commit.Title.Contains("[ci skip]", StringComparison.OrdinalIgnoreCase))
            return [];
        var ci = new GitLabCi(System.Text.Encoding.UTF8.GetString(file));
        if (ci.Errors.Count > 0)
        {
            // The branch's own pipeline already says so.
            return trigger.Source == MergeRequestSource ? [] : [new PipelinePlan("", DefaultConfigPath, [], string.Join("\n", ci.Errors))];
        }
        var jobs = ci.Plan(Variables(repository, trigger));
        return jobs.Count == 0 ? [] : [new PipelinePlan("", DefaultConfigPath, jobs, null)];
    }

    internal override Task<JobOutcome> RunJobAsync(SimulatedJob job, CancellationToken cancellationToken) =>
        new GitLabJobRunner(job, (GitLabJobPlan)job.Plan).RunAsync(cancellationToken);

    private Dictionary<string, string> Variables(SimulatedRepository repository, CiTrigger trigger)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GITLAB_CI"] = "true",
            ["CI_API_V4_URL"] = ApiUrl,
            ["CI_SERVER_URL"] = Url,
            ["CI_SERVER_HOST"] = new Uri(Url).Host,
            ["CI_COMMIT_SHA"] = trigger.Commit.Sha,
            ["CI_COMMIT_SHORT_SHA"] = trigger.Commit.Sha[..8],
            ["CI_COMMIT_BEFORE_SHA"] = trigger.BeforeSha,
            ["CI_COMMIT_REF_NAME"] = trigger.Ref,
            ["CI_COMMIT_REF_SLUG"] = string.Concat(trigger.Ref.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-'),
            ["CI_COMMIT_TITLE"] = trigger.Commit.Title,
            ["CI_COMMIT_MESSAGE"] = trigger.Commit.Message,
            ["CI_DEFAULT_BRANCH"] = repository.DefaultBranch,
            ["CI_PIPELINE_SOURCE"] = trigger.Source,
            ["CI_PROJECT_ID"] = repository.Id.ToString(),
            ["CI_PROJECT_NAME"] = repository.Name,
            ["CI_PROJECT_NAMESPACE"] = repository.Namespace,
            ["CI_PROJECT_PATH"] = repository.FullName,
            ["CI_PROJECT_URL"] = repository.WebUrl,
            ["CI_REPOSITORY_URL"] = repository.CloneUrl,
            ["GITLAB_USER_LOGIN"] = trigger.Actor.Login,
        };
        if (trigger.Source == MergeRequestSource)
        {
            variables["CI_MERGE_REQUEST_IID"] = trigger.MergeRequest!.Number.ToString();
            variables["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"] = trigger.MergeRequest.SourceBranch;
            variables["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = trigger.MergeRequest.TargetBranch;
        }
        else
        {
            variables[trigger.IsTag ? "CI_COMMIT_TAG" : "CI_COMMIT_BRANCH"] = trigger.Ref;
            if (trigger.MergeRequest is { } mergeRequest)
                variables["CI_OPEN_MERGE_REQUESTS"] = $"{repository.FullName}!{mergeRequest.Number}";
        }
        return variables;
    }
}
