using System.Text.RegularExpressions;
using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Ruby;

/// <summary>Adds the platform of the runner to Gemfile.lock.</summary>
public sealed partial class BundlerPlatformFixer : IFixer
{
    public string FailureId => "bundler-platform";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("platform", out var platform) || !Platform().IsMatch(platform))
            return new FixResult.Declined("the log does not name the platform of the runner");
        if (await ProjectFolder.FindAsync(diagnosis, checkout, ["Gemfile", "Gemfile.lock"], cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with Gemfile and Gemfile.lock that the command can have meant");
        var path = CheckoutPaths.Join(folder, "Gemfile.lock");
        return new FixResult.NeedsTool(
            new ToolRun([new ToolCommand(["bundle", "lock", "--add-platform", platform], NeedsRegistry: true)], folder, $"Added the platform {platform} to `{path}`."), [path]);
    }

    [GeneratedRegex(@"^(?:ruby|java|(?:x86_64|x86|x64|aarch64|arm64|arm|armv7l|universal)-[a-z]\w*(?:-\w+)?)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Platform();
}
