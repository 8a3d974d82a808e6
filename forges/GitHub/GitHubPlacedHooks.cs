using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>Webhooks of repositories and organisations: docs.github.com/rest/repos/webhooks and /rest/orgs/webhooks (2026-11). A plain token of an admin; an App has a webhook of its own.</summary>
internal sealed class GitHubPlacedHooks(ForgeHttp http, ForgeAccount account) : IForgeHooks
{
    private const string HookPath = "/webhooks/github";
    private static readonly string[] Events = ["workflow_run", "workflow_job", "pull_request", "issue_comment"];

    private readonly CallLog calls = new();

    public async Task<HookPlace> FindAsync(string path, bool isGroup, CancellationToken cancellationToken)
    {
        if (isGroup)
        {
            var organisation = await http.SendAsync(account, ForgeRequest.Get($"orgs/{ApiPath.Segments(path)}"), GitHubJson.Default.GitHubOrganization, calls, cancellationToken);
            return new HookPlace(new HookOwner(ForgeKind.GitHub, IsGroup: true, organisation.Id), organisation.Login);
        }
        var repository = await http.SendAsync(account, ForgeRequest.Get($"repos/{ApiPath.Segments(path)}"), GitHubJson.Default.GitHubRepository, calls, cancellationToken);
        return new HookPlace(new HookOwner(ForgeKind.GitHub, IsGroup: false, repository.Id), repository.FullName);
    }

    public Uri Address(Uri bot, HookOwner owner) => new(bot, HookPath);

    public async Task<IReadOnlyList<PlacedHook>> ListAsync(HookPlace place, Uri bot, CancellationToken cancellationToken)
    {
        List<PlacedHook> hooks = [];
        await foreach (var page in http.PagesAsync(account, ForgeRequest.Get($"{Path(place)}?per_page=100"), GitHubJson.Default.IReadOnlyListGitHubHook, calls, cancellationToken))
            hooks.AddRange(page.Select(Placed).OfType<PlacedHook>().Where(hook => RecordedJson.LeadsTo(HookPath, hook.Url.AbsoluteUri) && hook.Url.Authority == bot.Authority));
        return hooks;
    }

    public async Task<PlacedHook> PlaceAsync(HookPlace place, long? hookId, Uri bot, HookProof proof, CancellationToken cancellationToken)
    {
        var wanted = new GitHubNewHook(hookId is null ? "web" : null, Active: true, Events, new GitHubNewHookConfig(Address(bot, place.Owner).AbsoluteUri, "json", proof.Secret, "0"));
        var request = hookId is { } id
            ? ForgeRequest.Set(HttpMethod.Patch, $"{Path(place)}/{id}", wanted, GitHubJson.Default.GitHubNewHook)
            : ForgeRequest.Post(Path(place), wanted, GitHubJson.Default.GitHubNewHook);
        return Placed(await http.SendAsync(account, request, GitHubJson.Default.GitHubHook, calls, cancellationToken))
            ?? throw new ForgeException(ForgeProblem.ServerError, "GitHub's answer does not name the webhook's address.");
    }

    private static string Path(HookPlace place) => $"{(place.Owner.IsGroup ? "orgs" : "repos")}/{ApiPath.Segments(place.Path)}/hooks";

    private static PlacedHook? Placed(GitHubHook hook) => Uri.TryCreate(hook.Config?.Url, UriKind.Absolute, out var url)
        ? new PlacedHook(hook.Id, url, hook.Active, hook.Events?.Contains("*", StringComparer.Ordinal) == true ? [] : [.. Events.Except(hook.Events ?? [], StringComparer.Ordinal)], IsSigned: null)
        : null;
}
