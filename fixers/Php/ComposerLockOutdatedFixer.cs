using System.Text.RegularExpressions;
using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Php;

/// <summary>Lets Composer lock the packages that the lock file lacks, or only renew its hash where it lacks none. Nothing is installed and no script or plugin runs.</summary>
public sealed partial class ComposerLockOutdatedFixer : IFixer
{
    private const int MostPackages = 20;

    public string FailureId => "composer-lock-outdated";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await ProjectFolder.FindAsync(diagnosis, checkout, ["composer.json", "composer.lock"], cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with composer.json and composer.lock that the command can have meant");
        var packages = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("package")).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (packages.Count > MostPackages || packages.Find(package => !Package().IsMatch(package)) is not null)
            return new FixResult.Declined("the log names packages that are none of Composer, or too many");
        var path = CheckoutPaths.Join(folder, "composer.lock");
        string[] what = packages.Count == 0 ? ["--lock"] : [.. packages, "--with-dependencies"];
        var command = new ToolCommand(["composer", "update", .. what, "--no-install", "--no-scripts", "--no-plugins", "--no-interaction", "--no-progress"], NeedsRegistry: true);
        return new FixResult.NeedsTool(new ToolRun([command], folder, packages.Count == 0 ? $"Brought `{path}` in line with composer.json." : $"Locked {string.Join(", ", packages.Select(package => $"`{package}`"))} in `{path}`."), [path]);
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Package();
}
