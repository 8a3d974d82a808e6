using System.Text.Json;

namespace QMoi.Fixers.Npm;

/// <summary>
/// package.json asks for a version that was never published, and package-lock.json still holds the range it was installed with: puts that range back. Unsafe without such
/// evidence, and for versions that an installed package asks for.
/// </summary>
public sealed class NpmEtargetVersionNotFoundFixer : IFixer
{
    public string FailureId => "npm-etarget-version-not-found";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("package", out var name) || !diagnosis.Captures.TryGetValue("range", out var range))
            return new FixResult.Declined("the log does not name the package and its version");
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { Package: var package } project)
            return new FixResult.Declined("which package.json is meant is not clear");
        if (package.RangeOf(name) is not { } wanted || wanted != range)
            return new FixResult.Declined($"`{package.Path}` does not ask for {name}@{range}; one of its dependencies does");
        if (project is not { Manager: PackageManager.Npm, Lock: { } path } || project.Folder != project.Root || await checkout.ReadAsync(path, cancellationToken) is not { } file)
            return new FixResult.Declined($"no package-lock.json tells which version of {name} was installed before");
        if (Locked(file, package.SectionOf(name)!, name) is not { } before)
            return new FixResult.Declined($"`{path}` does not tell which version of {name} was installed before");
        if (before == wanted)
            return new FixResult.Declined($"`{path}` asks for {name}@{range} too; a mirror may not have it yet, or it was withdrawn");
        return package.Replace(package.SectionOf(name)!, name, before) is { } edit
            ? new FixResult.Fixed(new Patch([edit]), $"Put {name} in `{package.Path}` back to {before}, with which it is locked: {range} does not exist.")
            : new FixResult.Declined($"the version of {name} in `{package.Path}` is written in a way that is not edited");
    }

    private static string? Locked(RepositoryFile file, string section, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(file.Content);
            return document.RootElement.TryGetProperty("packages", out var packages) && packages.TryGetProperty("", out var own) && own.TryGetProperty(section, out var listed) && listed.TryGetProperty(name, out var range)
                && packages.TryGetProperty($"node_modules/{name}", out _) ? range.GetString() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
