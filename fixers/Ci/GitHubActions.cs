using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>The actions that a workflow's steps use.</summary>
internal static partial class GitHubActions
{
    /// <summary>Actions that are used widely enough for their names to be known by heart.</summary>
    public static IReadOnlyList<string> WellKnown { get; } =
    [
        "actions/cache", "actions/cache/restore", "actions/cache/save", "actions/checkout", "actions/configure-pages", "actions/create-github-app-token", "actions/delete-package-versions",
        "actions/dependency-review-action", "actions/deploy-pages", "actions/download-artifact", "actions/first-interaction", "actions/github-script", "actions/labeler",
        "actions/setup-dotnet", "actions/setup-go", "actions/setup-java", "actions/setup-node", "actions/setup-python", "actions/stale", "actions/upload-artifact",
        "actions/upload-pages-artifact", "azure/login", "codecov/codecov-action", "docker/bake-action", "docker/build-push-action", "docker/login-action", "docker/metadata-action",
        "docker/setup-buildx-action", "docker/setup-qemu-action", "dtolnay/rust-toolchain", "github/codeql-action/analyze", "github/codeql-action/init", "golangci/golangci-lint-action",
        "gradle/actions/setup-gradle", "hashicorp/setup-terraform", "microsoft/setup-msbuild", "pnpm/action-setup", "ruby/setup-ruby", "shivammathur/setup-php", "softprops/action-gh-release",
        "Swatinem/rust-cache",
    ];

    /// <param name="Node">The text behind <c>uses:</c>.</param>
    public sealed record Use(YamlScalarNode Node, string Name, string Version)
    {
        /// <summary>The major of a version such as <c>v4</c>, <c>v4.1.0</c> or <c>4</c>.</summary>
        public int? Major => MajorOf().Match(Version) is { Success: true } match ? int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>The action that a step uses; <c>null</c> for scripts, and for actions of the repository itself.</summary>
    public static Use? Of(YamlNode step) =>
        YamlText.Child(step, "uses") is YamlScalarNode { Value: { } value } node && value.Split('@') is [var name, var version] && !name.StartsWith('.') ? new Use(node, name, version) : null;

    [GeneratedRegex(@"^v?(?<major>\d{1,4})(?:\.\d+)*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MajorOf();
}
