namespace QMoi.Fixers.DotNet;

/// <summary>
/// A project refers to a lower version of a package than another package or project needs (NU1605, NU1109). Raises the version to the one that is needed, where it is
/// written as a plain number: in the project, or in the file of central versions. Unsafe for conflicts that no version settles (NU1107, NU1608).
/// </summary>
public sealed class NugetConflictDowngradeFixer : IFixer
{
    public string FailureId => "nuget-conflict-downgrade";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, DotnetProject>(StringComparer.Ordinal);
        var raised = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var match in diagnosis.Matches)
        {
            if (match.Captures.GetValueOrDefault("code") is not ("NU1605" or "NU1109"))
                return new FixResult.Declined("the packages do not agree on a version; to choose one is a decision");
            // The lines below a message show the chains of references.
            if (match.Captures.GetValueOrDefault("package") is not { } package || match.Captures.GetValueOrDefault("high") is not { } high || match.Captures.GetValueOrDefault("project") is not { } logged)
                continue;
            if (await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is not { } path || await DotnetProject.ReadAsync(checkout, path, cancellationToken) is not { } project)
                return new FixResult.Declined($"`{logged}` is not a project of the repository");
            if (await checkout.ReadAsync(CheckoutPaths.Join(project.Folder, "packages.lock.json"), cancellationToken) is not null)
                return new FixResult.Declined($"`{path}` has a lock file; raise {package} to {high} with `dotnet add package`, which writes both");
            var (home, kind) = await HomeAsync(checkout, project, package, cancellationToken);
            if (home is null)
                return new FixResult.Declined($"`{path}` does not refer to {package} itself with a plain version, so another package or project lowers it");
            home = files.TryGetValue(home.Path, out var known) ? known : files[home.Path] = home;
            if (PackageVersions.Compare(home.VersionOf(kind, package)!, high) >= 0)
                continue;
            if (!Raise(home, kind, package, high))
                return new FixResult.Declined($"the version of {package} in `{home.Path}` is written in a way that is not edited");
            raised[package] = high;
        }

        var changed = files.Values.Select(file => file.File).Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("no version in the repository is lower than the log demands")
            : new FixResult.Fixed(
                new Patch([.. changed.Select(file => file.ToEdit())]),
                $"Raised {string.Join(", ", raised.Select(pair => $"{pair.Key} to {pair.Value}"))} in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static async Task<(DotnetProject? Home, string Kind)> HomeAsync(ICheckout checkout, DotnetProject project, string package, CancellationToken cancellationToken)
    {
        if (project.VersionOf("PackageReference", package) is not null)
            return (project, "PackageReference");
        if (await project.AboveAsync(checkout, "Directory.Packages.props", cancellationToken) is { } central && central.VersionOf("PackageVersion", package) is not null)
            return (central, "PackageVersion");
        return await project.AboveAsync(checkout, "Directory.Build.props", cancellationToken) is { } build && build.VersionOf("PackageReference", package) is not null ? (build, "PackageReference") : (null, "");
    }

    private static bool Raise(DotnetProject home, string kind, string package, string high)
    {
        var (_, version, line) = home.Items(kind).First(item => item.Name.Equals(package, StringComparison.OrdinalIgnoreCase));
        for (var number = line; version is { Length: > 0 } && char.IsAsciiDigit(version[0]) && number <= Math.Min(line + 4, home.File.Count); number++)
        {
            foreach (var (before, after) in ((string, string)[])[("Version=\"", "\""), ("Version='", "'"), ("<Version>", "</Version>")])
            {
                if (!home.File[number].Contains(before + version + after, StringComparison.Ordinal))
                    continue;
                home.File[number] = home.File[number].Replace(before + version + after, before + high + after, StringComparison.Ordinal);
                return true;
            }
        }

        return false;
    }
}
