using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitLab;

/// <summary>
/// Webhooks of projects (role Maintainer) and groups (role Owner, GitLab Premium): docs.gitlab.com/api/project_webhooks and /api/group_webhooks (2026-11). From 19.0 a signing token may be given;
/// an older GitLab takes no notice of it, and its answer does not say that there is one.
/// </summary>
internal sealed class GitLabPlacedHooks(ForgeHttp http, GitLabTokens tokens) : IForgeHooks
{
    private const string HookPath = "/webhooks/gitlab";

    private readonly CallLog calls = new();

    public async Task<HookPlace> FindAsync(string path, bool isGroup, CancellationToken cancellationToken)
    {
        if (isGroup)
        {
            var group = await http.SendAsync(tokens.Account, ForgeRequest.Get($"groups/{ApiPath.Whole(path)}?with_projects=false"), GitLabJson.Default.GitLabGroup, calls, cancellationToken);
            return new HookPlace(new HookOwner(ForgeKind.GitLab, IsGroup: true, group.Id), group.FullPath);
        }
        var project = await http.SendAsync(tokens.Account, ForgeRequest.Get($"projects/{ApiPath.Whole(path)}"), GitLabJson.Default.GitLabProject, calls, cancellationToken);
        return new HookPlace(new HookOwner(ForgeKind.GitLab, IsGroup: false, project.Id), project.PathWithNamespace);
    }

    /// <summary>Says whose it is: GitLab tells that in no header.</summary>
    public Uri Address(Uri bot, HookOwner owner) => new(bot, $"{HookPath}{(owner.IsGroup ? GitLabWebhookFormat.OfGroup : GitLabWebhookFormat.OfProject)}{owner.Id}");

    public async Task<IReadOnlyList<PlacedHook>> ListAsync(HookPlace place, Uri bot, CancellationToken cancellationToken)
    {
        List<PlacedHook> hooks = [];
        await foreach (var page in http.PagesAsync(tokens.Account, ForgeRequest.Get($"{Path(place)}?per_page=100"), GitLabJson.Default.IReadOnlyListGitLabProjectHook, calls, cancellationToken))
            hooks.AddRange(page.Select(Placed).OfType<PlacedHook>().Where(hook => RecordedJson.LeadsTo(HookPath, hook.Url.AbsoluteUri) && hook.Url.Authority == bot.Authority));
        return hooks;
    }

    public async Task<PlacedHook> PlaceAsync(HookPlace place, long? hookId, Uri bot, HookProof proof, CancellationToken cancellationToken)
    {
        var url = Address(bot, place.Owner);
        var wanted = new GitLabNewHook(
            url.AbsoluteUri, proof.Secret, proof.SigningToken, PipelineEvents: true, MergeRequestsEvents: true, NoteEvents: true, PushEvents: false, EnableSslVerification: url.Scheme == Uri.UriSchemeHttps);
        var request = hookId is { } id
            ? ForgeRequest.Set(HttpMethod.Put, $"{Path(place)}/{id}", wanted, GitLabJson.Default.GitLabNewHook)
            : ForgeRequest.Post(Path(place), wanted, GitLabJson.Default.GitLabNewHook);
        return Placed(await http.SendAsync(tokens.Account, request, GitLabJson.Default.GitLabProjectHook, calls, cancellationToken))
            ?? throw new ForgeException(ForgeProblem.ServerError, "GitLab's answer does not name the webhook's address.");
    }

    private static string Path(HookPlace place) => $"{(place.Owner.IsGroup ? "groups" : "projects")}/{place.Owner.Id}/hooks";

    private static PlacedHook? Placed(GitLabProjectHook hook) => Uri.TryCreate(hook.Url, UriKind.Absolute, out var url)
        ? new PlacedHook(hook.Id, url, hook.AlertStatus is null or "executable", [.. Missing(hook)], IsSigned: hook.SigningTokenPresent ?? false)
        : null;

    private static IEnumerable<string> Missing(GitLabProjectHook hook)
    {
        if (hook.PipelineEvents == false) yield return "pipeline_events";
        if (hook.MergeRequestsEvents == false) yield return "merge_requests_events";
        if (hook.NoteEvents == false) yield return "note_events";
    }
}
