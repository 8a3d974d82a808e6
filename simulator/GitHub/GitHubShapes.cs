using System.Text;
using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>Users, repositories, commits and merge requests in GitHub's JSON.</summary>
/// <param name="api">Base of the API's URLs.</param>
/// <param name="web">Base of the pages' URLs.</param>
internal sealed partial class GitHubShapes(string api, string web)
{
    public string RepositoryUrl(SimulatedRepository repository) => $"{api}/repos/{repository.FullName}";

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ");

    public static JsonNode? Time(DateTimeOffset? time) => time is { } known ? Time(known) : null;

    public static string NodeId(string kind, object id) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{kind}{id}"));

    /// <summary>The root, which names where things are; most of them are not simulated.</summary>
    public JsonObject Root() => new()
    {
        ["current_user_url"] = api + "/user",
        ["current_user_authorizations_html_url"] = web + "/settings/connections/applications{/client_id}",
        ["authorizations_url"] = api + "/authorizations",
        ["code_search_url"] = api + "/search/code?q={query}{&page,per_page,sort,order}",
        ["commit_search_url"] = api + "/search/commits?q={query}{&page,per_page,sort,order}",
        ["emails_url"] = api + "/user/emails",
        ["emojis_url"] = api + "/emojis",
        ["events_url"] = api + "/events",
        ["feeds_url"] = api + "/feeds",
        ["followers_url"] = api + "/user/followers",
        ["following_url"] = api + "/user/following{/target}",
        ["gists_url"] = api + "/gists{/gist_id}",
        ["hub_url"] = api + "/hub",
        ["issue_search_url"] = api + "/search/issues?q={query}{&page,per_page,sort,order}",
        ["issues_url"] = api + "/issues",
        ["keys_url"] = api + "/user/keys",
        ["label_search_url"] = api + "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
        ["notifications_url"] = api + "/notifications",
        ["organization_url"] = api + "/orgs/{org}",
        ["organization_repositories_url"] = api + "/orgs/{org}/repos{?type,page,per_page,sort}",
        ["organization_teams_url"] = api + "/orgs/{org}/teams",
        ["public_gists_url"] = api + "/gists/public",
        ["rate_limit_url"] = api + "/rate_limit",
        ["repository_url"] = api + "/repos/{owner}/{repo}",
        ["repository_search_url"] = api + "/search/repositories?q={query}{&page,per_page,sort,order}",
        ["current_user_repositories_url"] = api + "/user/repos{?type,page,per_page,sort}",
        ["starred_url"] = api + "/user/starred{/owner}{/repo}",
        ["starred_gists_url"] = api + "/gists/starred",
        ["topic_search_url"] = api + "/search/topics?q={query}{&page,per_page}",
        ["user_url"] = api + "/users/{user}",
        ["user_organizations_url"] = api + "/user/orgs",
        ["user_repositories_url"] = api + "/users/{user}/repos{?type,page,per_page,sort}",
        ["user_search_url"] = api + "/search/users?q={query}{&page,per_page,sort,order}",
    };

    public JsonObject User(SimulatedUser user)
    {
        var url = $"{api}/users/{Uri.EscapeDataString(user.Login)}";
        return new JsonObject
        {
            ["login"] = user.Login,
            ["id"] = user.Id,
            ["node_id"] = NodeId("User", user.Id),
            ["avatar_url"] = $"{web}/avatars/{user.Id}",
            ["gravatar_id"] = "",
            ["url"] = url,
            ["html_url"] = $"{web}/{Uri.EscapeDataString(user.Login)}",
            ["followers_url"] = url + "/followers",
            ["following_url"] = url + "/following{/other_user}",
            ["gists_url"] = url + "/gists{/gist_id}",
            ["starred_url"] = url + "/starred{/owner}{/repo}",
            ["subscriptions_url"] = url + "/subscriptions",
            ["organizations_url"] = url + "/orgs",
            ["repos_url"] = url + "/repos",
            ["events_url"] = url + "/events{/privacy}",
            ["received_events_url"] = url + "/received_events",
            ["type"] = user.Kind,
            ["site_admin"] = false,
        };
    }

    public JsonObject FullUser(SimulatedUser user, DateTimeOffset now)
    {
        var shape = User(user);
        shape["user_view_type"] = "public";
        shape["name"] = user.Name;
        foreach (var unknown in (string[])["company", "blog", "location", "hireable", "bio"])
            shape[unknown] = null;
        shape["email"] = user.Email;
        foreach (var count in (string[])["public_repos", "public_gists", "followers", "following"])
            shape[count] = 0;
        shape["created_at"] = Time(now);
        shape["updated_at"] = Time(now);
        return shape;
    }

    public JsonObject MinimalRepository(SimulatedRepository repository)
    {
        var url = RepositoryUrl(repository);
        var shape = new JsonObject
        {
            ["id"] = repository.Id,
            ["node_id"] = NodeId("Repository", repository.Id),
            ["name"] = repository.Name,
            ["full_name"] = repository.FullName,
            ["private"] = repository.IsPrivate,
            ["owner"] = User(repository.Owner),
            ["html_url"] = $"{web}/{repository.FullName}",
            ["description"] = null,
            ["fork"] = repository.ForkOf is not null,
            ["url"] = url,
        };
        foreach (var (name, path) in RepositoryLinks)
            shape[name] = url + path;
        return shape;
    }

    public JsonObject Repository(SimulatedRepository repository)
    {
        var shape = MinimalRepository(repository);
        shape["git_url"] = $"git://{new Uri(web).Authority}/{repository.FullName}.git";
        shape["ssh_url"] = $"git@{new Uri(web).Host}:{repository.FullName}.git";
        shape["clone_url"] = $"{web}/{repository.FullName}.git";
        shape["svn_url"] = $"{web}/{repository.FullName}";
        foreach (var unknown in (string[])["mirror_url", "homepage", "language", "license"])
            shape[unknown] = null;
        foreach (var count in (string[])["forks_count", "stargazers_count", "watchers_count", "size", "open_issues_count", "forks", "open_issues", "watchers",
            "subscribers_count", "network_count"])
            shape[count] = 0;
        foreach (var feature in (string[])["has_issues", "has_projects", "has_wiki"])
            shape[feature] = true;
        foreach (var feature in (string[])["has_pages", "has_discussions", "has_downloads", "archived", "disabled"])
            shape[feature] = false;
        shape["default_branch"] = repository.DefaultBranch;
        shape["visibility"] = repository.IsPrivate ? "private" : "public";
        shape["topics"] = new JsonArray();
        foreach (var time in (string[])["pushed_at", "created_at", "updated_at"])
            shape[time] = Time(repository.CreatedAt);
        return shape;
    }

    public JsonObject FullRepository(SimulatedRepository repository, SimulatedUser viewer)
    {
        var shape = Repository(repository);
        var level = repository.PermissionOf(viewer);
        shape["permissions"] = new JsonObject
        {
            ["admin"] = level >= AccessLevel.Admin,
            ["maintain"] = level >= AccessLevel.Maintain,
            ["push"] = level >= AccessLevel.Write,
            ["triage"] = level >= AccessLevel.Triage,
            ["pull"] = level >= AccessLevel.Read,
        };
        if (repository.ForkOf is { } origin)
            (shape["parent"], shape["source"]) = (Repository(origin), Repository(origin));
        shape["allow_merge_commit"] = true;
        shape["allow_squash_merge"] = false;
        shape["allow_rebase_merge"] = false;
        return shape;
    }

    public JsonObject Commit(SimulatedRepository repository, GitCommit commit)
    {
        var url = $"{RepositoryUrl(repository)}/commits/{commit.Sha}";
        return new JsonObject
        {
            ["sha"] = commit.Sha,
            ["node_id"] = NodeId("Commit", commit.Sha),
            ["commit"] = new JsonObject
            {
                ["author"] = Signature(commit.Author),
                ["committer"] = Signature(commit.Committer),
                ["message"] = commit.Message,
                ["tree"] = new JsonObject { ["sha"] = commit.Tree, ["url"] = $"{RepositoryUrl(repository)}/git/trees/{commit.Tree}" },
                ["url"] = $"{RepositoryUrl(repository)}/git/commits/{commit.Sha}",
                ["comment_count"] = repository.CommitComments.Count(comment => comment.CommitSha == commit.Sha),
                ["verification"] = Unverified(),
            },
            ["url"] = url,
            ["html_url"] = $"{web}/{repository.FullName}/commit/{commit.Sha}",
            ["comments_url"] = url + "/comments",
            ["author"] = Account(repository, commit.Author),
            ["committer"] = Account(repository, commit.Committer),
            ["parents"] = new JsonArray([.. commit.Parents.Select(parent => new JsonObject
            {
                ["sha"] = parent,
                ["url"] = $"{RepositoryUrl(repository)}/commits/{parent}",
                ["html_url"] = $"{web}/{repository.FullName}/commit/{parent}",
            })]),
        };
    }

    public JsonObject GitCommit(SimulatedRepository repository, GitCommit commit) => new()
    {
        ["sha"] = commit.Sha,
        ["node_id"] = NodeId("Commit", commit.Sha),
        ["url"] = $"{RepositoryUrl(repository)}/git/commits/{commit.Sha}",
        ["html_url"] = $"{web}/{repository.FullName}/commit/{commit.Sha}",
        ["author"] = Signature(commit.Author),
        ["committer"] = Signature(commit.Committer),
        ["tree"] = new JsonObject { ["sha"] = commit.Tree, ["url"] = $"{RepositoryUrl(repository)}/git/trees/{commit.Tree}" },
        ["message"] = commit.Message,
        ["parents"] = new JsonArray([.. commit.Parents.Select(parent => new JsonObject
        {
            ["sha"] = parent,
            ["url"] = $"{RepositoryUrl(repository)}/git/commits/{parent}",
            ["html_url"] = $"{web}/{repository.FullName}/commit/{parent}",
        })]),
        ["verification"] = Unverified(),
    };

    public JsonObject FileChange(SimulatedRepository repository, GitFileChange change, string head)
    {
        var shape = new JsonObject
        {
            ["sha"] = change.Status == "D" ? null : change.Sha,
            ["filename"] = change.Path,
            ["status"] = change.Status switch { "A" => "added", "D" => "removed", "R" => "renamed", "C" => "copied", _ => "modified" },
            ["additions"] = change.Additions,
            ["deletions"] = change.Deletions,
            ["changes"] = change.Additions + change.Deletions,
            ["blob_url"] = $"{web}/{repository.FullName}/blob/{head}/{EscapePath(change.Path)}",
            ["raw_url"] = $"{web}/{repository.FullName}/raw/{head}/{EscapePath(change.Path)}",
            ["contents_url"] = $"{RepositoryUrl(repository)}/contents/{EscapePath(change.Path)}?ref={head}",
        };
        if (change.Patch.Length > 0)
            shape["patch"] = change.Patch;
        if (change.Status == "R")
            shape["previous_filename"] = change.OldPath;
        return shape;
    }

    public JsonObject Reference(SimulatedRepository repository, string name, string sha) => new()
    {
        ["ref"] = name,
        ["node_id"] = NodeId("Ref", name),
        ["url"] = $"{RepositoryUrl(repository)}/git/{name}",
        ["object"] = new JsonObject { ["sha"] = sha, ["type"] = "commit", ["url"] = $"{RepositoryUrl(repository)}/git/commits/{sha}" },
    };

    public JsonObject Label(SimulatedRepository repository, string name)
    {
        var known = repository.Labels.FirstOrDefault(label => label.Name == name);
        return new JsonObject
        {
            ["id"] = known?.Id ?? 1,
            ["node_id"] = NodeId("Label", name),
            ["url"] = $"{RepositoryUrl(repository)}/labels/{Uri.EscapeDataString(name)}",
            ["name"] = name,
            ["color"] = known?.Color ?? "ededed",
            ["default"] = false,
            ["description"] = known?.Description ?? "",
        };
    }

    public static string EscapePath(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static JsonObject Signature(GitSignature signature) =>
        new() { ["name"] = signature.Name, ["email"] = signature.Email, ["date"] = Time(signature.When) };

    private static JsonObject Unverified() =>
        new() { ["verified"] = false, ["reason"] = "unsigned", ["signature"] = null, ["payload"] = null, ["verified_at"] = null };

    private JsonObject? Account(SimulatedRepository repository, GitSignature signature) =>
        repository.Forge.Users.FirstOrDefault(user => user.Email == signature.Email) is { } user ? User(user) : null;

    private static readonly (string Name, string Path)[] RepositoryLinks =
    [
        ("archive_url", "/{archive_format}{/ref}"), ("assignees_url", "/assignees{/user}"), ("blobs_url", "/git/blobs{/sha}"), ("branches_url", "/branches{/branch}"),
        ("collaborators_url", "/collaborators{/collaborator}"), ("comments_url", "/comments{/number}"), ("commits_url", "/commits{/sha}"),
        ("compare_url", "/compare/{base}...{head}"), ("contents_url", "/contents/{+path}"), ("contributors_url", "/contributors"), ("deployments_url", "/deployments"),
        ("downloads_url", "/downloads"), ("events_url", "/events"), ("forks_url", "/forks"), ("git_commits_url", "/git/commits{/sha}"), ("git_refs_url", "/git/refs{/sha}"),
        ("git_tags_url", "/git/tags{/sha}"), ("issue_comment_url", "/issues/comments{/number}"), ("issue_events_url", "/issues/events{/number}"),
        ("issues_url", "/issues{/number}"), ("keys_url", "/keys{/key_id}"), ("labels_url", "/labels{/name}"), ("languages_url", "/languages"), ("merges_url", "/merges"),
        ("milestones_url", "/milestones{/number}"), ("notifications_url", "/notifications{?since,all,participating}"), ("pulls_url", "/pulls{/number}"),
        ("releases_url", "/releases{/id}"), ("stargazers_url", "/stargazers"), ("statuses_url", "/statuses/{sha}"), ("subscribers_url", "/subscribers"),
        ("subscription_url", "/subscription"), ("tags_url", "/tags"), ("teams_url", "/teams"), ("trees_url", "/git/trees{/sha}"), ("hooks_url", "/hooks"),
    ];
}
