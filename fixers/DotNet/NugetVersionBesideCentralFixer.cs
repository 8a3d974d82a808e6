using System.Text.RegularExpressions;

namespace QMoi.Fixers.DotNet;

/// <summary>
/// A project names the version of a package although the repository keeps versions in one file (NU1008). Moves the version there, or removes it where that file has the
/// same or a higher one. Unsafe where the project wants a higher version than the others: to raise it for all is a decision.
/// </summary>
public sealed partial class NugetVersionBesideCentralFixer : IFixer
{
    public string FailureId => "nuget-version-beside-central";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, DotnetProject>(StringComparer.Ordinal);
        foreach (var match in diagnosis.Matches)
        {
            if (match.Captures.GetValueOrDefault("project") is not { } logged || match.Captures.GetValueOrDefault("packages") is not { } list)
                return new FixResult.Declined("the message does not name the project and the packages");
            if (await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is not { } path || await DotnetProject.ReadAsync(checkout, path, cancellationToken) is not { } project)
                return new FixResult.Declined($"`{logged}` is not a project of the repository");
            if (await project.AboveAsync(checkout, "Directory.Packages.props", cancellationToken) is not { } central)
                return new FixResult.Declined($"there is no Directory.Packages.props above `{path}`");
            if (await checkout.ReadAsync(CheckoutPaths.Join(project.Folder, "packages.lock.json"), cancellationToken) is not null)
                return new FixResult.Declined($"`{path}` has a lock file, which has to be written anew with the change");
            project = files.TryGetValue(path, out var known) ? known : files[path] = project;
            central = files.TryGetValue(central.Path, out known) ? known : files[central.Path] = central;
            foreach (var package in list.Split([';', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name => name.Trim('\'')))
                if (Move(project, central, package) is { } refusal)
                    return new FixResult.Declined(refusal);
        }

        var changed = files.Values.Select(file => file.File).Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("no project that the log names has a version of its own any more")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Left versions to Directory.Packages.props: {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static string? Move(DotnetProject project, DotnetProject central, string package)
    {
        var (name, version, line) = project.Items("PackageReference").FirstOrDefault(item => item.Name.Equals(package, StringComparison.OrdinalIgnoreCase));
        if (name is null || version is null)
            return null;
        if (!char.IsAsciiDigit(version.FirstOrDefault()))
            return $"the version of {package} in `{project.Path}` is no plain number";
        var shared = central.VersionOf("PackageVersion", package);
        if (shared is not null && (!char.IsAsciiDigit(shared.FirstOrDefault()) || PackageVersions.Compare(shared, version) < 0))
            return $"`{project.Path}` wants {package} {version}, `{central.Path}` has {shared}: to raise it for all projects is a decision";
        if (Version().Match(project.File[line]) is { Success: true } attribute)
            project.File[line] = project.File[line].Remove(attribute.Index, attribute.Length);
        else if (line < project.File.Count && VersionLine().IsMatch(project.File[line + 1]))
            project.File.Remove(line + 1);
        else
            return $"the version of {package} in `{project.Path}` is written in a way that is not edited";
        return shared is not null || central.TryAdd("PackageVersion", name, $" Version=\"{version}\"") ? null : $"`{central.Path}` is laid out in a way that is not edited";
    }

    [GeneratedRegex("""\s+Version\s*=\s*(?:"[^"]*"|'[^']*')""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Version();

    [GeneratedRegex("^\\s*<Version>[^<]*</Version>\\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionLine();
}
