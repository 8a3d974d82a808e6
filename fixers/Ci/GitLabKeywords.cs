namespace QMoi.Fixers.Ci;

/// <summary>The keywords of .gitlab-ci.yml.</summary>
/// <remarks>docs.gitlab.com/ci/yaml (read 2026-11).</remarks>
internal static class GitLabKeywords
{
    public static IReadOnlySet<string> Root { get; } = Set("default include stages variables workflow image services cache before_script after_script spec types");

    public static IReadOnlySet<string> Job { get; } = Set(
        """
        after_script allow_failure artifacts before_script cache coverage dast_configuration dependencies environment except extends hooks id_tokens identity image
        inherit inputs interruptible manual_confirmation needs only pages parallel publish release resource_group retry rules run script secrets services stage
        start_in tags timeout trigger variables when
        """);

    // By the key that holds them.
    private static readonly Dictionary<string, IReadOnlySet<string>> Inner = new(StringComparer.Ordinal)
    {
        ["default"] = Set("after_script artifacts before_script cache hooks id_tokens identity image interruptible retry services tags timeout"),
        ["workflow"] = Set("auto_cancel name rules"),
        ["artifacts"] = Set("access exclude expire_in expose_as name paths public reports untracked when"),
        ["reports"] = Set(
            """
            accessibility annotations api_fuzzing browser_performance cluster_image_scanning codequality container_scanning coverage_fuzzing coverage_report cyclonedx
            dast dependency_scanning dotenv junit license_scanning load_performance lsif metrics repository_xray requirements requirements_v2 sast secret_detection terraform
            """),
        ["cache"] = Set("fallback_keys key paths policy unprotect untracked when"),
        ["retry"] = Set("exit_codes max when"),
        ["rule"] = Set("allow_failure changes exists if interruptible needs variables when"),
        ["rules"] = Set("allow_failure changes exists if interruptible needs variables when"),
        ["image"] = Set("docker entrypoint kubernetes name ports pull_policy"),
        ["service"] = Set("alias command docker entrypoint kubernetes name ports pull_policy variables"),
        ["services"] = Set("alias command docker entrypoint kubernetes name ports pull_policy variables"),
        ["environment"] = Set("action auto_stop_in deployment_tier kubernetes name on_stop url"),
        ["release"] = Set("assets description milestones name ref released_at tag_name tag_message"),
        ["trigger"] = Set("branch forward include inputs project strategy"),
        ["parallel"] = Set("matrix"),
        ["inherit"] = Set("default variables"),
        ["allow_failure"] = Set("exit_codes"),
        ["need"] = Set("artifacts job optional parallel pipeline project ref"),
        ["needs"] = Set("artifacts job optional parallel pipeline project ref"),
        ["only"] = Set("changes kubernetes refs variables"),
        ["except"] = Set("changes kubernetes refs variables"),
        ["coverage_report"] = Set("coverage_format path"),
        ["hooks"] = Set("pre_get_sources_script"),
    };

    public static IReadOnlySet<string>? Under(string key) => Inner.GetValueOrDefault(key);

    public static IReadOnlyList<string> WhenJob { get; } = ["on_success", "on_failure", "always", "manual", "delayed", "never"];

    private static HashSet<string> Set(string words) => new(words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
}
