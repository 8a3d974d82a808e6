using System.Text.RegularExpressions;

namespace QMoi.Fixers.DotNet;

/// <summary>
/// A type, namespace or LINQ method that the compiler does not know. Adds the using directive of a well-known type or of one that the repository declares once,
/// or the reference to a package or project that the source already uses. Unsafe where a name may mean several things, where the type was renamed or removed,
/// and where one name stays unclear: what is repaired in part stays red.
/// </summary>
public sealed partial class DotnetNameNotFoundFixer : IFixer
{
    public string FailureId => "dotnet-name-not-found";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        var repair = new Repair(checkout);
        foreach (var place in found.Places)
            if (await repair.LookAsync(place, cancellationToken) is { } refusal)
                return new FixResult.Declined(refusal);
        // The compiler looks into methods only once all that stands outside of them is known.
        if (!found.Places.Any(place => place.Capture("member") is not null || place.Match.Text.Contains("CS0103", StringComparison.Ordinal)))
            await repair.LookIntoMethodsAsync(cancellationToken);
        return await repair.EndAsync(cancellationToken);
    }

    /// <summary>One repair while it is being worked out.</summary>
    private sealed class Repair(ICheckout checkout)
    {
        private readonly Dictionary<string, DotnetProject> projects = new(StringComparer.Ordinal);
        private readonly Dictionary<string, (TextFile File, SortedSet<string> Spaces)> usings = new(StringComparer.Ordinal);
        private readonly SortedSet<(string Project, string Package, string? Version)> packages = [];
        private readonly SortedSet<(string Project, string Reference)> references = [];
        private readonly HashSet<string> filesOfPackages = new(StringComparer.Ordinal);
        private readonly List<(string File, string Refusal)> unclear = [];
        private CsharpDeclarations? declarations;

        /// <returns>Why nothing can be done at all; <c>null</c> to go on.</returns>
        public async Task<string?> LookAsync(NamedPlaces.Place place, CancellationToken cancellationToken)
        {
            var file = place.File;
            if (!file.Path.EndsWith(".cs", StringComparison.Ordinal))
                return $"`{file.Path}` is no C# file";
            if (!file.Has(place.Line))
                return $"`{file.Path}` has no line {place.Line}; the log is of another version of it";
            if (await DotnetProject.OfAsync(checkout, place.Capture("project"), file.Path, cancellationToken) is not { } project)
                return $"there is not exactly one project that `{file.Path}` belongs to";
            project = projects.TryGetValue(project.Path, out var known) ? known : projects[project.Path] = project;

            if (place.Capture("member") is { } member)
                return Use(file, "System.Linq") ? null : $"`{file.Path}` uses System.Linq already, so `{member}` is missing for another reason";
            if (place.Capture("name") is not { } logged)
                return "the message does not name what is missing";
            var name = logged.Split('<')[0];
            var space = CsharpUsings.On(place.Text) ?? (place.Capture("space") is { } parent ? $"{parent}.{name}" : null);
            if ((space is null ? await TypeAsync(file, project, name, cancellationToken) : await SpaceAsync(file, project, space, cancellationToken)) is { } refusal)
                unclear.Add((file.Path, refusal));
            return null;
        }

        /// <summary>Directives that the methods of the files will lack next.</summary>
        public async Task LookIntoMethodsAsync(CancellationToken cancellationToken)
        {
            foreach (var (path, (file, spaces)) in usings)
            {
                if (await DotnetProject.OfAsync(checkout, null, path, cancellationToken) is not { IsOld: false } project || project.HasImplicitUsings || !spaces.All(DotnetTypes.IsOfFramework))
                    continue;
                var own = await OwnAsync(cancellationToken);
                foreach (var line in file.Lines.Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)))
                {
                    foreach (var name in Uses().Matches(line).Select(match => match.Groups["name"].Value))
                        if (DotnetTypes.NamespaceOf(name) is { } space && own.Of(name).Count == 0 && !file.Lines.Any(other => Declares(other, name)))
                            Use(file, space);
                    if (LinqCall().IsMatch(line))
                        Use(file, "System.Linq");
                }
            }
        }

        private static bool Declares(string line, string name) => line.Contains(name, StringComparison.Ordinal) && Declaration().Matches(line)
            .Any(match => match.Groups["name"].Value == name && match.Groups["before"].Value is not ("new" or "return" or "throw" or "await" or "is" or "as" or "in" or "case" or "not" or "or" or "and" or "else"));

        public async Task<FixResult> EndAsync(CancellationToken cancellationToken)
        {
            // In a file that lacks a package, the names of the package are missing too.
            if (unclear.Find(entry => !filesOfPackages.Contains(entry.File)).Refusal is { } refusal)
                return new FixResult.Declined(refusal);
            if (packages.Count + references.Count > 0 && await LockedAsync(cancellationToken) is { } locked)
                return locked;

            var words = new List<string>();
            foreach (var (project, package, version) in packages)
            {
                if (version is null)
                    return Fetch();
                if (!projects[project].TryAdd("PackageReference", package, version.Length == 0 ? "" : $" Version=\"{version}\""))
                    return new FixResult.Declined($"`{project}` is laid out in a way that is not edited");
                words.Add($"the reference to {package} to `{project}`");
            }

            foreach (var (project, reference) in references)
            {
                var separator = projects[project].Items("ProjectReference").Any(item => item.Name.Contains('\\', StringComparison.Ordinal)) ? '\\' : '/';
                if (!projects[project].TryAdd("ProjectReference", DotnetProject.Relative(projects[project].Folder, reference).Replace('/', separator), ""))
                    return new FixResult.Declined($"`{project}` is laid out in a way that is not edited");
                words.Add($"the reference to `{reference}` to `{project}`");
            }

            foreach (var (path, (file, spaces)) in usings.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                foreach (var space in spaces)
                    CsharpUsings.Add(file, space);
                words.Add($"`using {string.Join("; using ", spaces)};` to `{path}`");
            }

            List<TextFile> changed = [.. projects.Values.Select(project => project.File).Where(file => file.IsChanged), .. usings.Values.Select(entry => entry.File)];
            return changed.Count == 0
                ? new FixResult.Declined("nothing is left to add")
                : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Added {string.Join(", ", words)}.");
        }

        private async Task<string?> TypeAsync(TextFile file, DotnetProject project, string name, CancellationToken cancellationToken)
        {
            var plain = name.EndsWith("Attribute", StringComparison.Ordinal) ? name[..^"Attribute".Length] : name;
            var own = await OwnAsync(cancellationToken);
            var declared = own.Of(name).Concat(own.Of(plain + "Attribute")).DistinctBy(entry => entry.Space, StringComparer.Ordinal).ToList();
            var framework = DotnetTypes.NamespaceOf(name) ?? (project.IsWeb ? DotnetTypes.WebNamespaceOf(name) : null);
            if (framework is not null && project.IsOld && IsNew(framework))
                framework = null;
            if (declared.Count > 0)
                return framework is not null || declared.Count > 1 ? $"`{name}` may be any of {string.Join(", ", declared.Select(entry => entry.Space).Append(framework).OfType<string>().Distinct(StringComparer.Ordinal))}"
                    : await DeclaredAsync(file, project, name, declared[0], cancellationToken);
            var inPackage = DotnetTypes.PackageNamespaceOf(name);
            if (inPackage is not null)
            {
                var names = DotnetTypes.PackagesOf(inPackage);
                var isReferenced = await ReferencesAsync(project, names, cancellationToken);
                if (framework is not null && isReferenced)
                    return $"`{name}` may be that of {framework} or of {inPackage}";
                if (isReferenced)
                    return Use(file, inPackage) ? null : Again(file, name, inPackage);
                if (framework is null)
                {
                    Use(file, inPackage);
                    return await PackageAsync(file, project, inPackage, cancellationToken);
                }
            }

            if (framework is null)
                return $"`{name}` is no type of the framework that is known by its name alone, and the repository does not declare it";
            return Use(file, framework) ? null : Again(file, name, framework);
        }

        private async Task<string?> DeclaredAsync(TextFile file, DotnetProject project, string name, (string Space, string Path, bool IsPublic) declared, CancellationToken cancellationToken)
        {
            var home = await DotnetProject.OfAsync(checkout, null, declared.Path, cancellationToken);
            if (home is null)
                return $"it is not clear which project `{declared.Path}` belongs to";
            if (home.Path != project.Path && !await ReachesAsync(project, home.Path, cancellationToken))
                return CsharpUsings.Has(file, declared.Space) && declared.IsPublic ? Refer(file, project, home.Path) : $"`{name}` is declared in `{home.Path}`, to which `{project.Path}` does not refer";
            if (home.Path != project.Path && !declared.IsPublic)
                return $"`{name}` in `{declared.Path}` is not public";
            return Use(file, declared.Space) ? null : Again(file, name, declared.Space);
        }

        // The source says which namespace it wants, so only what holds it is missing.
        private async Task<string?> SpaceAsync(TextFile file, DotnetProject project, string space, CancellationToken cancellationToken)
        {
            var homes = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var path in (await OwnAsync(cancellationToken)).In(space).Take(50))
                if (await DotnetProject.OfAsync(checkout, null, path, cancellationToken) is { } home)
                    homes.Add(home.Path);
            if (homes.Count > 1)
                return $"the namespace `{space}` is declared in more than one project";
            if (homes.Min is { } only)
            {
                return only == project.Path || await ReachesAsync(project, only, cancellationToken)
                    ? $"`{project.Path}` has the namespace `{space}` already; it is missing for another reason"
                    : Refer(file, project, only);
            }

            return await PackageAsync(file, project, space, cancellationToken);
        }

        private async Task<string?> PackageAsync(TextFile file, DotnetProject project, string space, CancellationToken cancellationToken)
        {
            if (!project.IsSdkStyle)
                return $"`{project.Path}` is of the old style, in which packages are referred to otherwise";
            var names = DotnetTypes.PackagesOf(space);
            if (await ReferencesAsync(project, names, cancellationToken))
                return $"`{project.Path}` refers already to a package that has `{space}`; look whether it is restored";
            var versions = await VersionsAsync(project, cancellationToken);
            foreach (var name in names)
            {
                if (versions.Keys.FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { } package)
                    continue;
                packages.Add((project.Path, package, versions[package]));
                filesOfPackages.Add(file.Path);
                return null;
            }

            if (names.FirstOrDefault(DotnetTypes.IsWellKnown) is not { } wellKnown)
                return $"no package is known that has the namespace `{space}`";
            if (await CentralAsync(project, cancellationToken) is { } central)
                return $"`{central.Path}` has no version of {wellKnown}, which has the namespace `{space}`";
            packages.Add((project.Path, wellKnown, null));
            filesOfPackages.Add(file.Path);
            return null;
        }

        /// <summary>What the repository has versions of: of central versions the empty text, of other projects' references their highest version.</summary>
        private async Task<Dictionary<string, string>> VersionsAsync(DotnetProject project, CancellationToken cancellationToken)
        {
            if (await CentralAsync(project, cancellationToken) is { } central)
                return central.Items("PackageVersion").GroupBy(item => item.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(group => group.Key, _ => "", StringComparer.OrdinalIgnoreCase);
            var versions = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var path in (await OwnAsync(cancellationToken)).Projects)
            {
                if (await DotnetProject.ReadAsync(checkout, path, cancellationToken) is not { } other)
                    continue;
                foreach (var (name, version, _) in other.Items("PackageReference"))
                    if (version is not null && PlainVersion().IsMatch(version) && (!versions.TryGetValue(name, out var have) || PackageVersions.Compare(have, version) < 0))
                        versions[name] = version;
            }

            return versions;
        }

        private async Task<DotnetProject?> CentralAsync(DotnetProject project, CancellationToken cancellationToken)
        {
            if (await project.AboveAsync(checkout, "Directory.Packages.props", cancellationToken) is not { } central)
                return null;
            var build = await project.AboveAsync(checkout, "Directory.Build.props", cancellationToken);
            return central.ManagesVersionsCentrally || project.ManagesVersionsCentrally || build?.ManagesVersionsCentrally == true ? central : null;
        }

        private async Task<bool> ReferencesAsync(DotnetProject project, IReadOnlyList<string> names, CancellationToken cancellationToken)
        {
            var build = await project.AboveAsync(checkout, "Directory.Build.props", cancellationToken);
            return names.Any(name => project.Has("PackageReference", name) || build?.Has("PackageReference", name) == true);
        }

        private async Task<bool> ReachesAsync(DotnetProject project, string wanted, CancellationToken cancellationToken)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal) { project.Path };
            var queue = new Queue<DotnetProject>([project]);
            while (queue.TryDequeue(out var next))
            {
                foreach (var path in next.References())
                {
                    if (path == wanted)
                        return true;
                    if (seen.Count < 100 && seen.Add(path) && await DotnetProject.ReadAsync(checkout, path, cancellationToken) is { } further)
                        queue.Enqueue(further);
                }
            }

            return false;
        }

        private string? Refer(TextFile file, DotnetProject project, string other)
        {
            if (project.References().FirstOrDefault(path => path.Equals(other, StringComparison.OrdinalIgnoreCase)) is { } wrong)
                return $"`{project.Path}` refers to `{wrong}`, but the file is called `{other}`";
            references.Add((project.Path, other));
            filesOfPackages.Add(file.Path);
            return null;
        }

        private bool Use(TextFile file, string space)
        {
            if (CsharpUsings.Has(file, space))
                return false;
            if (usings.TryGetValue(file.Path, out var entry))
                entry.Spaces.Add(space);
            else
                usings[file.Path] = (file, [space]);
            return true;
        }

        private async Task<CsharpDeclarations> OwnAsync(CancellationToken cancellationToken) => declarations ??= await CsharpDeclarations.ReadAsync(checkout, cancellationToken);

        // A lock file is its tool's to write, and so is then the reference.
        private async Task<FixResult?> LockedAsync(CancellationToken cancellationToken)
        {
            foreach (var path in packages.Select(entry => entry.Project).Concat(references.Select(entry => entry.Project)))
            {
                if (await checkout.ReadAsync(CheckoutPaths.Join(projects[path].Folder, "packages.lock.json"), cancellationToken) is null)
                    continue;
                return references.Count == 0 && usings.Count == 0 ? Fetch() : new FixResult.Declined($"`{path}` has a lock file, and more than a package has to be added");
            }

            return null;
        }

        private FixResult Fetch()
        {
            if (references.Count > 0 || usings.Count > 0)
                return new FixResult.Declined("more than packages has to be added, and the repository has no version of them");
            var commands = packages.Select(entry => new ToolCommand(
                ["dotnet", "add", entry.Project, "package", entry.Package, .. entry.Version is { Length: > 0 } version ? new[] { "--version", version } : []], NeedsRegistry: true));
            var names = string.Join(", ", packages.Select(entry => $"{entry.Package} to `{entry.Project}`"));
            return new FixResult.NeedsTool(new ToolRun([.. commands], "", $"Added {names}."), [.. packages.Select(entry => entry.Project).Distinct(StringComparer.Ordinal).Select(ExactGlob.Of), "**/packages.lock.json"]);
        }

        private static bool IsNew(string space) => space is "System.Text.Json" or "System.Net.Http.Json" or "System.Threading.Channels" or "System.Collections.Frozen" or "System.Collections.Immutable" or "System.IO.Pipelines" or "System.Buffers"
            || space.StartsWith("System.Text.Json.", StringComparison.Ordinal) || space.StartsWith("System.Buffers.", StringComparison.Ordinal) || space == "System.Diagnostics.Metrics";

        private static string Again(TextFile file, string name, string space) => $"`{file.Path}` uses {space} already, so `{name}` is missing for another reason";
    }

    // new Stopwatch(), File.Exists, (List<int>: a type at its beginning, not a member.
    [GeneratedRegex(@"(?:\bnew\s+(?<name>[A-Z]\w*)\s*[(<\[{]|(?:^|[\s(!,\[=>])(?<name>[A-Z]\w*)\.[A-Z])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Uses();

    // A property, field, method or parameter of the name: then the name is not the type.
    [GeneratedRegex(@"(?<before>[\w>\]?]+)\s+(?<name>[A-Z]\w*)\s*(?:[{;=,)(]|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\.(?:Select|SelectMany|Where|OrderBy|OrderByDescending|GroupBy|FirstOrDefault|SingleOrDefault|ToDictionary|ToList|Distinct|Sum|Average)(?:<[^()]*>)?\(", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LinqCall();

    [GeneratedRegex(@"^\d[\w.+-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainVersion();
}
