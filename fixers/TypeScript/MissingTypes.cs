using System.Text;
using System.Text.RegularExpressions;
using QMoi.Fixers.Npm;

namespace QMoi.Fixers.TypeScript;

/// <summary>Adds packages that hold only types, as the compiler proposes.</summary>
internal static partial class MissingTypes
{
    private const int Most = 5;

    /// <summary><c>@types/scope__name</c> for <c>@scope/name/part</c>.</summary>
    public static string PackageFor(string module)
    {
        var parts = module.Split('/');
        return "@types/" + (module.StartsWith('@') && parts.Length > 1 ? $"{parts[0][1..]}__{parts[1]}" : parts[0]);
    }

    public static async Task<FixResult> AddAsync(IReadOnlyList<string> packages, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var names = packages.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (names.Count is 0 or > Most || names.Find(name => !Types().IsMatch(name)) is not null)
            return new FixResult.Declined("the compiler does not name one to five packages of types");
        NodeProject? project = null;
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).Take(50))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            if (await NodeProject.OfFileAsync(checkout, path, cancellationToken) is not { } one || (project is not null && project.Folder != one.Folder))
                return new FixResult.Declined("the types are missing in more than one package of the repository, or no package.json with one lock file lies above the sources");
            project = one;
        }

        project ??= await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken);
        if (project is null)
            return new FixResult.Declined("which package.json is meant is not clear");
        if (names.Find(name => project.Package.SectionOf(name) is not null) is { } listed)
            return new FixResult.Declined($"`{project.PackagePath}` lists `{listed}` already; the job did not install it, or tsconfig.json leaves it out");
        if (await checkout.ReadAsync(CheckoutPaths.Join(project.Folder, "tsconfig.json"), cancellationToken) is { } settings
            && Chosen().Match(Encoding.UTF8.GetString(settings.Content.Span)) is { Success: true } chosen
            && names.Find(name => name == "@types/node" && !chosen.Value.Contains("\"node\"", StringComparison.Ordinal)) is not null)
            return new FixResult.Declined("`types` in tsconfig.json names which types are in force, and those of Node.js are not among them");

        var commands = new List<ToolCommand>();
        foreach (var name in names)
        {
            var spec = name == "@types/node" && OldCompiler().Match(project.Package.RangeOf("typescript") ?? "") is { Success: true } old ? $"{name}@ts{old.Groups["version"].Value}" : name;
            if (project.Add(spec, isDevelopment: true, project.Package.IsExact) is not { } command)
                return new FixResult.Declined($"`{project.Folder}` is a workspace of a package manager that cannot add `{name}` to it without installing everything");
            commands.Add(command);
        }

        return new FixResult.NeedsTool(new ToolRun(commands, project.Root, $"Added {string.Join(", ", names.Select(name => $"`{name}`"))} to the devDependencies of `{project.PackagePath}`."), project.MayChange);
    }

    [GeneratedRegex(@"^@types/[a-z0-9][a-z0-9._-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Types();

    [GeneratedRegex(@"""types""\s*:\s*\[[^\]]*\]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Chosen();

    // Types of today no longer compile with TypeScript 4; they are published for it under a tag of their own.
    [GeneratedRegex(@"^[\^~]?(?<version>4\.\d)(?:\.\d+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OldCompiler();
}
