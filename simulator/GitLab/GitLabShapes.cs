using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>The answers of GitLab's REST API.</summary>
internal sealed partial class GitLabShapes(string web)
{
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");

    public static JsonNode? Time(DateTimeOffset? time) => time is { } known ? Time(known) : null;

    public JsonObject User(SimulatedUser user) => new()
    {
        ["id"] = user.Id,
        ["username"] = user.Login,
        ["name"] = user.Name,
        ["state"] = "active",
        ["locked"] = false,
        ["avatar_url"] = $"{web}/uploads/user/avatar/{user.Id}/avatar.png",
        ["web_url"] = $"{web}/{user.Login}",
    };

    public JsonObject FullUser(SimulatedUser user, DateTimeOffset now)
    {
        var shape = User(user);
        shape["created_at"] = Time(now);
        shape["bot"] = user.Kind == "Bot";
        shape["email"] = user.Email;
        shape["public_email"] = "";
        shape["is_admin"] = false;
        shape["can_create_project"] = true;
        shape["can_create_group"] = true;
        return shape;
    }

    public JsonObject Project(SimulatedRepository repository, SimulatedUser viewer)
    {
        var level = (int)repository.PermissionOf(viewer);
        var shape = new JsonObject
        {
            ["id"] = repository.Id,
            ["description"] = null,
            ["name"] = repository.Name,
            ["name_with_namespace"] = $"{repository.Namespace.Replace("/", " / ", StringComparison.Ordinal)} / {repository.Name}",
            ["path"] = repository.Name,
            ["path_with_namespace"] = repository.FullName,
            ["created_at"] = Time(repository.CreatedAt),
            ["updated_at"] = Time(repository.CreatedAt),
            ["last_activity_at"] = Time(repository.CreatedAt),
            ["default_branch"] = repository.Branches.Count > 0 ? repository.DefaultBranch : null,
            ["tag_list"] = new JsonArray(),
            ["topics"] = new JsonArray(),
            ["ssh_url_to_repo"] = $"git@{new Uri(web).Host}:{repository.FullName}.git",
            ["http_url_to_repo"] = $"{web}/{repository.FullName}.git",
            ["web_url"] = $"{web}/{repository.FullName}",
            ["readme_url"] = $"{web}/{repository.FullName}/-/blob/{repository.DefaultBranch}/README.md",
            ["avatar_url"] = null,
            ["star_count"] = 0,
            ["forks_count"] = 0,
            ["visibility"] = repository.IsPrivate ? "private" : "public",
            ["empty_repo"] = repository.Branches.Count == 0,
            ["archived"] = false,
            ["namespace"] = Namespace(repository),
            ["issues_enabled"] = true,
            ["merge_requests_enabled"] = true,
            ["jobs_enabled"] = true,
            ["creator_id"] = repository.Owner.Id,
            ["merge_method"] = "merge",
            ["squash_option"] = "default_off",
            ["ci_config_path"] = "",
            ["ci_default_git_depth"] = 20,
            ["build_timeout"] = 3600,
            ["open_issues_count"] = 0,
            ["permissions"] = new JsonObject
            {
                ["project_access"] = level == 0 ? null : new JsonObject { ["access_level"] = level, ["notification_level"] = 3 },
                ["group_access"] = null,
            },
            ["_links"] = new JsonObject { ["self"] = $"{web}/api/v4/projects/{repository.Id}", ["merge_requests"] = $"{web}/api/v4/projects/{repository.Id}/merge_requests" },
        };
        if (repository.ForkOf is { } origin)
        {
            shape["forked_from_project"] = new JsonObject
            {
                ["id"] = origin.Id,
                ["name"] = origin.Name,
                ["path"] = origin.Name,
                ["path_with_namespace"] = origin.FullName,
                ["http_url_to_repo"] = $"{web}/{origin.FullName}.git",
                ["web_url"] = $"{web}/{origin.FullName}",
            };
        }
        return shape;
    }

    public JsonObject Commit(SimulatedRepository repository, GitCommit commit)
    {
        var shape = ShortCommit(repository, commit);
        shape["trailers"] = new JsonObject();
        shape["extended_trailers"] = new JsonObject();
        return shape;
    }

    /// <summary>With what only a single commit's page tells.</summary>
    public JsonObject FullCommit(SimulatedRepository repository, GitCommit commit, IReadOnlyList<GitFileChange> changes)
    {
        var shape = Commit(repository, commit);
        var (added, removed) = (changes.Sum(change => change.Additions), changes.Sum(change => change.Deletions));
        shape["stats"] = new JsonObject { ["additions"] = added, ["deletions"] = removed, ["total"] = added + removed };
        var last = repository.Pipelines.LastOrDefault(pipeline => pipeline.Sha == commit.Sha);
        shape["status"] = last is null ? null : StatusWord(last.Status);
        shape["project_id"] = repository.Id;
        shape["last_pipeline"] = last is null ? null : PipelineInfo(last);
        return shape;
    }

    public JsonObject Branch(SimulatedRepository repository, string name, GitCommit commit) => new()
    {
        ["name"] = name,
        ["commit"] = Commit(repository, commit),
        ["merged"] = false,
        ["protected"] = name == repository.DefaultBranch,
        ["developers_can_push"] = false,
        ["developers_can_merge"] = false,
        ["can_push"] = true,
        ["default"] = name == repository.DefaultBranch,
        ["web_url"] = $"{web}/{repository.FullName}/-/tree/{name}",
    };

    public static JsonObject Diff(GitFileChange change) => new()
    {
        ["diff"] = change.Patch.Length == 0 ? "" : change.Patch + "\n",
        ["new_path"] = change.Path,
        ["old_path"] = change.OldPath,
        ["a_mode"] = change.Status == "A" ? "0" : change.OldMode,
        ["b_mode"] = change.Status == "D" ? "0" : change.Mode,
        ["new_file"] = change.Status == "A",
        ["renamed_file"] = change.Status == "R",
        ["deleted_file"] = change.Status == "D",
    };

    public JsonObject Member(SimulatedRepository repository, SimulatedUser user)
    {
        var shape = User(user);
        shape["created_at"] = Time(repository.CreatedAt);
        shape["expires_at"] = null;
        shape["access_level"] = (int)repository.PermissionOf(user);
        shape["membership_state"] = "active";
        return shape;
    }

    public static JsonObject Label(SimulatedLabel label) => new()
    {
        ["id"] = label.Id,
        ["name"] = label.Name,
        ["description"] = label.Description,
        ["text_color"] = "#FFFFFF",
        ["color"] = label.Color,
        ["subscribed"] = false,
        ["priority"] = null,
        ["is_project_label"] = true,
    };

    private JsonObject ShortCommit(SimulatedRepository repository, GitCommit commit) => new()
    {
        ["id"] = commit.Sha,
        ["short_id"] = commit.Sha[..8],
        ["created_at"] = Time(commit.Committer.When),
        ["parent_ids"] = new JsonArray([.. commit.Parents.Select(parent => JsonValue.Create(parent))]),
        ["title"] = commit.Title,
        ["message"] = commit.Message,
        ["author_name"] = commit.Author.Name,
        ["author_email"] = commit.Author.Email,
        ["authored_date"] = Time(commit.Author.When),
        ["committer_name"] = commit.Committer.Name,
        ["committer_email"] = commit.Committer.Email,
        ["committed_date"] = Time(commit.Committer.When),
        ["web_url"] = $"{web}/{repository.FullName}/-/commit/{commit.Sha}",
    };

    private JsonObject Namespace(SimulatedRepository repository) => new()
    {
        ["id"] = repository.Owner.Id,
        ["name"] = repository.Namespace,
        ["path"] = repository.Namespace.Split('/')[^1],
        ["kind"] = repository.Owner.Kind == "Organization" ? "group" : "user",
        ["full_path"] = repository.Namespace,
        ["parent_id"] = null,
        ["avatar_url"] = null,
        ["web_url"] = $"{web}/{repository.Namespace}",
    };
}
