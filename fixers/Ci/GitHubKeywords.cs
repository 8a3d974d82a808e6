namespace QMoi.Fixers.Ci;

/// <summary>The keywords of a workflow of GitHub Actions.</summary>
/// <remarks>docs.github.com/actions/reference/workflows-and-actions/workflow-syntax (read 2026-11).</remarks>
internal static class GitHubKeywords
{
    public static IReadOnlySet<string> Root { get; } = Set("name run-name on permissions env defaults concurrency jobs");

    public static IReadOnlySet<string> Job { get; } = Set(
        "name permissions needs if runs-on snapshot environment concurrency outputs env defaults steps timeout-minutes strategy continue-on-error container services uses with secrets");

    public static IReadOnlySet<string> Step { get; } = Set("id if name uses run working-directory shell with env continue-on-error timeout-minutes");

    public static IReadOnlySet<string> Events { get; } = Set(
        """
        branch_protection_rule check_run check_suite create delete deployment deployment_status discussion discussion_comment fork gollum image_version issue_comment issues label merge_group
        milestone page_build project project_card project_column public pull_request pull_request_review pull_request_review_comment pull_request_target push registry_package release
        repository_dispatch schedule status watch workflow_call workflow_dispatch workflow_run
        """);

    private static readonly Dictionary<string, IReadOnlySet<string>> Inner = new(StringComparer.Ordinal)
    {
        ["strategy"] = Set("matrix fail-fast max-parallel"),
        ["defaults"] = Set("run"),
        ["concurrency"] = Set("group cancel-in-progress"),
        ["container"] = Set("image credentials env ports volumes options"),
        ["environment"] = Set("name url deployment"),
        ["push"] = Set("branches branches-ignore tags tags-ignore paths paths-ignore"),
        ["pull_request"] = Set("types branches branches-ignore paths paths-ignore"),
        ["workflow_dispatch"] = Set("inputs"),
        ["workflow_call"] = Set("inputs outputs secrets"),
        ["on"] = Events,
    };

    public static IReadOnlySet<string>? Under(string key) => Inner.GetValueOrDefault(key);

    private static HashSet<string> Set(string words) => new(words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
}
