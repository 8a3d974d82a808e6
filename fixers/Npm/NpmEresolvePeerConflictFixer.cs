using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>
/// Two packages that package.json itself lists disagree on a peer. Raises the one that lags where that is plain: packages that are released together and demand their own version
/// of each other (react and react-dom), and ranges that only have to rise within the major version. Never lowers a version and never overrides; npm checks the result.
/// </summary>
public sealed partial class NpmEresolvePeerConflictFixer : IFixer
{
    public string FailureId => "npm-eresolve-peer-conflict";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (Capture(diagnosis, "found") is not { } found || Capture(diagnosis, "peer") is not { } peer || Capture(diagnosis, "range") is not { } range || Capture(diagnosis, "dependent") is not { } dependentAt)
            return new FixResult.Declined("the log does not say which two packages disagree");
        var at = dependentAt.LastIndexOf('@');
        var (dependent, version) = at > 0 ? (dependentAt[..at], Version(dependentAt[(at + 1)..])) : ("", null);
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { Package: var package } project || project.Folder != project.Root || project.Manager != PackageManager.Npm)
            return new FixResult.Declined("which package.json is meant is not clear");
        if (package.SectionOf(peer) is null or "peerDependencies" || package.SectionOf(dependent) is null or "peerDependencies")
            return new FixResult.Declined($"`{package.Path}` does not list both {peer} and {dependent}; one of them comes with another package");
        if (Capture(diagnosis, "foundname") != peer || Version(found) is not { } have || version is null || Floor().Match(range) is not { Success: true } floor || Version(floor.Groups["version"].Value) is not { } needed)
            return new FixResult.Declined($"{dependent} asks for {peer} {range}, and which versions agree with that is not plain");

        // react-dom 17.0.2 wants react 17.0.2: packages of one release.
        var isOneRelease = needed == version;
        if (isOneRelease && needed < have)
            return Raise(project, dependent, Spec(package.RangeOf(peer)!, found), $"{peer} {found}");
        if (needed > have && (isOneRelease || needed.Major == have.Major))
            return Raise(project, peer, isOneRelease ? Spec(package.RangeOf(dependent)!, dependentAt[(at + 1)..]) : Spec(package.RangeOf(peer)!, floor.Groups["version"].Value), $"{dependent} {version}");
        return new FixResult.Declined(
            needed > have
                ? $"{dependent} asks for {peer} {range}, a new major version of what is installed ({found}); somebody has to look at what changed in it"
                : $"{dependent} {version} does not know {peer} {found} yet; look for a newer version of {dependent}");
    }

    private static FixResult Raise(NodeProject project, string name, string spec, string other)
    {
        if (project.Package.RangeOf(name) == spec)
            return new FixResult.Declined($"`{project.PackagePath}` asks for {name} {spec} already");
        var run = new ToolRun(
            [
                new ToolCommand(["npm", "pkg", "set", $"{project.Package.SectionOf(name)}[{name}]={spec}"]),
                project.Lock is null
                    ? new ToolCommand(["npm", "install", "--dry-run", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"], NeedsRegistry: true)
                    : project.Relock(),
            ],
            project.Root, $"Raised `{name}` to {spec} in `{project.PackagePath}`, which goes with {other}.");
        return new FixResult.NeedsTool(run, project.MayChange);
    }

    // As the other one is written: pinned, or with its prefix.
    private static string Spec(string like, string version) => (like is ['^' or '~', ..] ? like[..1] : "") + version;

    private static string? Capture(Diagnosis diagnosis, string name) => diagnosis.Captures.GetValueOrDefault(name);

    private static Version? Version(string text) =>
        Plain().Match(text) is { Success: true } match
            ? new Version(
                int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture), Part(match.Groups["minor"]), Part(match.Groups["patch"]))
            : null;

    private static int Part(Group group) => group.Success ? int.Parse(group.Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?<major>\d{1,6})(?:\.(?<minor>\d{1,6}))?(?:\.(?<patch>\d{1,6}))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Plain();

    // The last alternative of a range is the newest: ^17.0.0 || ^18.2.0.
    [GeneratedRegex(@"(?:^|\|\|\s*)(?:\^|~|>=\s*)?(?<version>\d+(?:\.\d+){0,2})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Floor();
}
