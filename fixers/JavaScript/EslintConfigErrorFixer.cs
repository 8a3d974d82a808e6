using System.Text;
using System.Text.RegularExpressions;
using QMoi.Fixers.Npm;

namespace QMoi.Fixers.JavaScript;

/// <summary>
/// The project's ESLint configuration names a plugin or a shared configuration that package.json does not: adds it to devDependencies. Declined where it is listed, where no
/// configuration of the repository names it, and for configurations that are missing altogether.
/// </summary>
public sealed partial class EslintConfigErrorFixer : IFixer
{
    public string FailureId => "eslint-config-error";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var package = diagnosis.Captures.GetValueOrDefault("plugin") ?? (diagnosis.Captures.TryGetValue("config", out var config) ? ConfigPackage(config) : null);
        if (package is null || !Package().IsMatch(package))
            return new FixResult.Declined("the log does not name a plugin or shared configuration of ESLint that could be installed");
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { } project)
            return new FixResult.Declined("which package.json is meant is not clear");
        if (project.Package.SectionOf(package) is not null)
            return new FixResult.Declined($"`{project.PackagePath}` lists `{package}` already; the job did not install it");
        var entries = await checkout.ListAsync(project.Folder, cancellationToken);
        var names = new[] { package, Short(package) };
        var isNamed = false;
        foreach (var entry in entries.Where(entry => !entry.IsFolder && (Settings().IsMatch(entry.Path) || entry.Path == project.PackagePath)))
            isNamed |= await checkout.ReadAsync(entry.Path, cancellationToken) is { } file && Encoding.UTF8.GetString(file.Content.Span) is var text
                && names.Any(name => Regex.IsMatch(text, $@"['""\s/:\[]{Regex.Escape(name)}['""\s/,\]]", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)));
        if (!isNamed)
            return new FixResult.Declined($"no configuration of ESLint in the repository names `{package}`");
        return project.Add(package, isDevelopment: true, project.Package.IsExact) is { } add
            ? new FixResult.NeedsTool(new ToolRun([add], project.Root, $"Added `{package}`, which the configuration of ESLint names, to the devDependencies of `{project.PackagePath}`."), project.MayChange)
            : new FixResult.Declined($"`{project.Folder}` is a workspace of a package manager that cannot add `{package}` to it without installing everything");
    }

    // airbnb, airbnb/hooks, @acme, @acme/base
    private static string ConfigPackage(string config)
    {
        var parts = config.Split('/');
        if (config.StartsWith('@'))
            return parts.Length == 1 ? $"{config}/eslint-config" : parts[1].StartsWith("eslint-config", StringComparison.Ordinal) ? config : $"{parts[0]}/eslint-config-{parts[1]}";
        return parts[0].StartsWith("eslint-config-", StringComparison.Ordinal) ? parts[0] : $"eslint-config-{parts[0]}";
    }

    // As it may be called in a configuration: react for eslint-plugin-react, @acme for @acme/eslint-plugin.
    private static string Short(string package)
    {
        var name = package.Replace("eslint-plugin-", "", StringComparison.Ordinal).Replace("eslint-config-", "", StringComparison.Ordinal);
        return name.EndsWith("/eslint-plugin", StringComparison.Ordinal) || name.EndsWith("/eslint-config", StringComparison.Ordinal) ? name[..name.IndexOf('/', StringComparison.Ordinal)] : name;
    }

    [GeneratedRegex(@"^(?:@[a-z0-9][a-z0-9._-]*/)?eslint-(?:plugin|config)(?:-[a-z0-9][a-z0-9._-]*)?$|^@[a-z0-9][a-z0-9._-]*/eslint-(?:plugin|config)(?:-[a-z0-9._-]+)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Package();

    [GeneratedRegex(@"(?:^|/)(?:\.eslintrc(?:\.\w+)?|eslint\.config\.\w+)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Settings();
}
