using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>
/// Modules that the repository's own code imports and that are not there: a package that package.json does not name is added, a path that is spelt otherwise is corrected.
/// </summary>
internal static partial class MissingModules
{
    private const int MostModules = 8;

    // From these versions on a package can no longer be loaded with require(); before them it can.
    private static readonly Dictionary<string, string> LastCommonJs = new(StringComparer.Ordinal)
    {
        ["chalk"] = "^4", ["node-fetch"] = "^2", ["nanoid"] = "^3", ["execa"] = "^5", ["got"] = "^11", ["ora"] = "^5", ["inquirer"] = "^8", ["globby"] = "^11", ["p-limit"] = "^3", ["p-map"] = "^4",
        ["p-queue"] = "^6", ["p-retry"] = "^4", ["escape-string-regexp"] = "^4", ["strip-ansi"] = "^6", ["ansi-regex"] = "^5", ["find-up"] = "^5", ["camelcase"] = "^6", ["del"] = "^6", ["open"] = "^8",
        ["file-type"] = "^16", ["boxen"] = "^5", ["log-symbols"] = "^4", ["wrap-ansi"] = "^7", ["string-width"] = "^4", ["meow"] = "^9", ["pkg-dir"] = "^5", ["read-pkg"] = "^5", ["uuid"] = "^11",
        ["serialize-error"] = "^8", ["query-string"] = "^7", ["slash"] = "^3", ["is-docker"] = "^2", ["tempy"] = "^1", ["mime"] = "^3", ["unified"] = "^9", ["remark"] = "^13",
    };

    private static readonly HashSet<string> Builtins = new(StringComparer.Ordinal)
    {
        "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector",
        "module", "net", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8",
        "vm", "wasi", "worker_threads", "zlib", "test", "sea", "sqlite",
    };

    private static readonly string[] Extensions = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".json", ".vue", ".svelte", ".css", ".scss", ".node"];

    /// <param name="Importer">The file, or with webpack the folder, that the log names.</param>
    public sealed record Missing(string Module, string? Importer);

    public static bool IsBuiltin(string module) => module.StartsWith("node:", StringComparison.Ordinal) || Builtins.Contains(module.Split('/')[0]);

    public static async Task<FixResult> RepairAsync(IReadOnlyList<Missing> all, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var missing = all.DistinctBy(one => (one.Module, one.Importer)).ToList();
        if (missing.Count == 0)
            return new FixResult.Declined("the log does not name the module");
        if (missing.Select(one => one.Module).Distinct(StringComparer.Ordinal).Count() > MostModules)
            return new FixResult.Declined($"the log names {missing.Count} modules; so many at once rather mean that nothing was installed");
        var paths = await checkout.ListAllAsync(cancellationToken);
        if (missing.TrueForAll(one => IsPath(one.Module)))
            return await CorrectPathsAsync(missing, paths, checkout, cancellationToken);
        return missing.Exists(one => IsPath(one.Module))
            ? new FixResult.Declined("both a package and a file of the repository are missing; they may be made in another job")
            : await AddPackagesAsync([.. missing.Select(one => PackageOf(one.Module)).Distinct(StringComparer.Ordinal)], paths, diagnosis, checkout, cancellationToken);
    }

    private static bool IsPath(string module) => module.StartsWith('.') || module.StartsWith('/') || (module.Length > 2 && module[1] == ':');

    private static string PackageOf(string module) => string.Join('/', module.Split('/').Take(module.StartsWith('@') ? 2 : 1));

    // ---- packages

    private static async Task<FixResult> AddPackagesAsync(IReadOnlyList<string> names, IReadOnlyList<string> paths, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var commands = new List<ToolCommand>();
        var files = new SortedSet<string>(StringComparer.Ordinal);
        var words = new List<string>();
        string? root = null;
        foreach (var name in names)
        {
            if (NotInstallable(name) is { } reason)
                return new FixResult.Declined(reason);
            var imports = await ScriptImports.FindAsync(checkout, paths, name, withParts: true, cancellationToken);
            var users = imports.Select(import => import.Path).Distinct(StringComparer.Ordinal).ToList();
            var isDevelopment = users.TrueForAll(ScriptImports.IsForDevelopment);
            if (users.Count == 0)
                users = await SettingsThatNameAsync(checkout, paths, name, cancellationToken);
            if (users.Count == 0)
                return new FixResult.Declined($"no source of the repository imports `{name}`; an installed package may, and forgot to say so");
            var projects = await ProjectsAsync(checkout, users, cancellationToken);
            var lacking = new List<NodeProject>();
            PackageJson? listed = null;
            foreach (var one in projects)
            {
                if (await ListedAsync(checkout, one, name, cancellationToken) is { } by)
                    listed = by;
                else
                    lacking.Add(one);
            }
            if (lacking.Count == 0 && listed is not null)
            {
                if (names.Count == 1 && !isDevelopment && projects is [var only] && listed.Path == only.PackagePath && listed.SectionOf(name) == PackageJson.Development && await InstallsWithoutDevelopmentAsync(diagnosis, checkout, cancellationToken))
                    return Move(only, name);
                return new FixResult.Declined($"`{listed.Path}` lists `{name}` already; the job did not install it");
            }
            if (lacking is not [var project])
                return new FixResult.Declined($"`{name}` is imported in more than one package of the repository, or no package.json with one lock file lies above it");
            if (root is not null && root != project.Root)
                return new FixResult.Declined("the modules are missing in more than one project of the repository");
            root = project.Root;
            if (imports.Count > 0)
                isDevelopment = users.Where(user => project.Folder.Length == 0 || user.StartsWith(project.Folder + "/", StringComparison.Ordinal)).All(ScriptImports.IsForDevelopment);
            if (await RefusalAsync(checkout, paths, project, name, cancellationToken) is { } refusal)
                return new FixResult.Declined(refusal);
            if (Misspelt(project.Package, name) is { } right)
                return names.Count == 1 && imports.Count > 0 && right.Length > 0
                    ? Correct(imports, name, right)
                    : new FixResult.Declined($"`{name}` is nearly the name of a package that `{project.PackagePath}` lists; it may be misspelt");

            var range = await RangeElsewhereAsync(checkout, paths, name, cancellationToken)
                ?? (LastCommonJs.TryGetValue(name, out var last) && await IsCommonJsAsync(checkout, project, imports, cancellationToken) ? last : null);
            if (project.Add(range is null ? name : $"{name}@{range}", isDevelopment, project.Package.IsExact) is not { } command)
                return new FixResult.Declined($"`{project.Folder}` is a workspace of a package manager that cannot add `{name}` to it without installing everything");
            commands.Add(command);
            files.UnionWith(project.MayChange);
            words.Add($"`{name}` to the {(isDevelopment ? "devDependencies" : "dependencies")} of `{project.PackagePath}`");
        }

        return new FixResult.NeedsTool(new ToolRun(commands, root!, $"Added {string.Join(", ", words)}."), [.. files]);
    }

    private static string? NotInstallable(string name) =>
        IsBuiltin(name) ? $"`{name}` is a part of Node.js, which this version of Node.js lacks or a bundler for browsers leaves out"
        : !PackageName().IsMatch(name) ? $"`{name}` is no name of a package; an alias for a path is not set up where the code runs"
        : null;

    // Empty where one of the files belongs to no project that can be told.
    private static async Task<IReadOnlyList<NodeProject>> ProjectsAsync(ICheckout checkout, List<string> users, CancellationToken cancellationToken)
    {
        var projects = new Dictionary<string, NodeProject>(StringComparer.Ordinal);
        foreach (var folder in users.Select(user => NodeProject.Parent(user)!).Distinct(StringComparer.Ordinal))
        {
            if (await NodeProject.OfFileAsync(checkout, CheckoutPaths.Join(folder, "file"), cancellationToken) is not { } one)
                return [];
            projects[one.Folder] = one;
        }

        return [.. projects.Values];
    }

    // The package.json of the project or of a folder above it: packages installed there are found too.
    private static async Task<PackageJson?> ListedAsync(ICheckout checkout, NodeProject project, string name, CancellationToken cancellationToken)
    {
        if (project.Package.SectionOf(name) is not null)
            return project.Package;
        for (var folder = NodeProject.Parent(project.Folder); folder is not null; folder = NodeProject.Parent(folder))
            if (await PackageJson.ReadAsync(checkout, folder, cancellationToken) is { } package && package.SectionOf(name) is not null)
                return package;
        return null;
    }

    // Names that are, or may be, the repository's own: a stranger could have taken the name in the public registry.
    private static async Task<string?> RefusalAsync(ICheckout checkout, IReadOnlyList<string> paths, NodeProject project, string name, CancellationToken cancellationToken)
    {
        var first = name.Split('/')[0];
        if (name.StartsWith('@') && project.Package.Name?.StartsWith(first + "/", StringComparison.Ordinal) == true)
            return $"`{name}` is of the project's own scope; where it comes from is not known";
        foreach (var path in paths.Where(path => path.EndsWith("/package.json", StringComparison.Ordinal) || path == "package.json").Take(200))
            if (await PackageJson.ReadAsync(checkout, NodeProject.Parent(path)!, cancellationToken) is { Name: { } own } package && (own == name || (first.StartsWith('@') && own.StartsWith(first + "/", StringComparison.Ordinal))))
                return own == name ? $"`{name}` is a package of this repository, in `{package.Path}`; it was not built or linked" : $"`{name}` is of the scope of `{own}` in this repository; where it comes from is not known";
        if (paths.Any(path => ($"/{path}").StartsWith($"/{CheckoutPaths.Join(project.Folder, first)}/", StringComparison.Ordinal) || ($"/{path}").StartsWith($"/{CheckoutPaths.Join(project.Folder, "src/" + first)}/", StringComparison.Ordinal)))
            return $"`{first}` is a folder of the repository; the import means that one, by a setting that is not in force here";
        foreach (var path in paths.Where(path => Aliases().IsMatch(path)).Take(50))
            if (await checkout.ReadAsync(path, cancellationToken) is { } file && Regex.IsMatch(Encoding.UTF8.GetString(file.Content.Span), $@"['""]\^?{Regex.Escape(first)}(?:/\*|/\(|['""/$])[^'""]*['""]?\s*:\s*[\['""{{]", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
                return $"`{path}` gives `{first}` a meaning of its own";
        return null;
    }

    // "" where two names are as near but it is not plain which is wrong.
    private static string? Misspelt(PackageJson package, string name)
    {
        var near = package.Dependencies.Concat(Builtins).Where(other => other.Length >= 5 && name.Length >= 5 && IsOneSlip(name, other)).ToList();
        return near switch
        {
            [] => null,
            [var only] when only[0] == name[0] && !char.IsDigit(name[^1]) => only,
            _ => "",
        };
    }

    /// <summary>One letter too many, too few, wrong, or two letters swapped.</summary>
    public static bool IsOneSlip(string one, string other) =>
        one != other && (Spelling.Distance(one, other) == 1
            || (one.Length == other.Length && Enumerable.Range(0, one.Length).Where(at => one[at] != other[at]).ToList() is [var first, var second] && second == first + 1 && one[first] == other[second] && one[second] == other[first]));

    private static FixResult.Fixed Correct(IReadOnlyList<ScriptImports.Import> imports, string name, string right)
    {
        foreach (var import in imports.OrderByDescending(import => import.Line).ThenByDescending(import => import.Column))
            import.File[import.Line] = import.File[import.Line][..import.Column] + right + import.File[import.Line][(import.Column + name.Length)..];
        return Result(imports.Select(import => import.File), $"Corrected the import of `{name}` to `{right}`");
    }

    private static FixResult.Fixed Result(IEnumerable<TextFile> files, string what)
    {
        var changed = files.DistinctBy(file => file.Path).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"{what} in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static async Task<string?> RangeElsewhereAsync(ICheckout checkout, IReadOnlyList<string> paths, string name, CancellationToken cancellationToken)
    {
        var ranges = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths.Where(path => path.EndsWith("/package.json", StringComparison.Ordinal)).Take(200))
            if (await PackageJson.ReadAsync(checkout, NodeProject.Parent(path)!, cancellationToken) is { } package && package.RangeOf(name) is { } range && PlainRange().IsMatch(range))
                ranges.Add(range);
        return ranges.Count == 1 ? ranges.First() : null;
    }

    private static async Task<bool> IsCommonJsAsync(ICheckout checkout, NodeProject project, IReadOnlyList<ScriptImports.Import> imports, CancellationToken cancellationToken) =>
        imports.Any(import => import.IsRequire)
        || (await checkout.ReadAsync(CheckoutPaths.Join(project.Folder, "tsconfig.json"), cancellationToken) is { } settings && CommonJs().IsMatch(Encoding.UTF8.GetString(settings.Content.Span)));

    private static async Task<List<string>> SettingsThatNameAsync(ICheckout checkout, IReadOnlyList<string> paths, string name, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var path in paths.Where(path => Settings().IsMatch(path)).Take(100))
            if (await checkout.ReadAsync(path, cancellationToken) is { } file && Encoding.UTF8.GetString(file.Content.Span) is var text
                && (text.Contains($"\"{name}\"", StringComparison.Ordinal) || text.Contains($"'{name}'", StringComparison.Ordinal)))
                found.Add(path);
        return found;
    }

    private static async Task<bool> InstallsWithoutDevelopmentAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        diagnosis.Job.CiFile is { } path && await checkout.ReadAsync(path, cancellationToken) is { } file && WithoutDevelopment().IsMatch(Encoding.UTF8.GetString(file.Content.Span));

    // Moved by name and range, so that the locked version stays.
    private static FixResult Move(NodeProject project, string name)
    {
        if (project.Manager != PackageManager.Npm || project.Folder != project.Root || project.Package.RangeOf(name) is not { } range)
            return new FixResult.Declined($"`{name}` is needed at run time and `{project.PackagePath}` lists it under devDependencies; move it to dependencies");
        var run = new ToolRun(
            [
                new ToolCommand(["npm", "pkg", "delete", $"{PackageJson.Development}[{name}]"]),
                new ToolCommand(["npm", "pkg", "set", $"{PackageJson.Runtime}[{name}]={range}"]),
                .. project.Lock is null ? Array.Empty<ToolCommand>() : [project.Relock()],
            ],
            project.Folder, $"Moved `{name}` from devDependencies to dependencies in `{project.PackagePath}`: the job installs without devDependencies.");
        return new FixResult.NeedsTool(run, project.MayChange);
    }

    // ---- paths

    private static async Task<FixResult> CorrectPathsAsync(List<Missing> missing, IReadOnlyList<string> paths, ICheckout checkout, CancellationToken cancellationToken)
    {
        var changed = new Dictionary<string, TextFile>(StringComparer.Ordinal);
        var done = new HashSet<(string, int, int)>();
        foreach (var one in missing)
        {
            var isEsm = !one.Module.StartsWith('.') && one.Importer is not null;
            var imports = one.Module.StartsWith('.')
                ? await ScriptImports.FindAsync(checkout, paths, one.Module, withParts: false, cancellationToken)
                : await ImportsOfFileAsync(one, paths, checkout, cancellationToken);
            imports = [.. imports.Where(import => IsImporter(import.Path, one.Importer) && !Exists(paths, import, isEsm))];
            if (imports.Count == 0)
                return new FixResult.Declined($"no source of the repository imports `{one.Module}` in vain; it may be made in another job");
            foreach (var import in imports)
            {
                var corrections = Corrections(paths, import, isEsm);
                if (corrections is not [var right])
                    return new FixResult.Declined(corrections.Count == 0
                        ? $"the repository has no file that `{import.Specifier}` in `{import.Path}` could mean"
                        : $"`{import.Specifier}` in `{import.Path}` may mean more than one file: {string.Join(", ", corrections.Select(path => $"`{path}`"))}");
                if (!done.Add((import.Path, import.Line, import.Column)))
                    continue;
                var file = changed.TryGetValue(import.Path, out var open) ? open : changed[import.Path] = import.File;
                var (text, specifier) = (file[import.Line], import.Specifier);
                if (import.Column + specifier.Length > text.Length || string.CompareOrdinal(text, import.Column, specifier, 0, specifier.Length) != 0)
                    return new FixResult.Declined($"`{import.Path}`, line {import.Line}, holds more than one import");
                file[import.Line] = text[..import.Column] + right + text[(import.Column + specifier.Length)..];
            }
        }

        return Result(changed.Values, "Corrected the path of an import");
    }

    // An absolute path is what the loader made of the import: every relative import that leads there is meant.
    private static async Task<IReadOnlyList<ScriptImports.Import>> ImportsOfFileAsync(Missing one, IReadOnlyList<string> paths, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (one.Importer is null || await CheckoutPaths.FindAsync(checkout, one.Importer, cancellationToken) is not { } importer)
            return [];
        var logged = one.Importer.Replace('\\', '/');
        var prefix = logged.EndsWith("/" + importer, StringComparison.Ordinal) ? logged[..^importer.Length] : null;
        if (prefix is null || !one.Module.StartsWith(prefix, StringComparison.Ordinal) || Relative(NodeProject.Parent(importer)!, one.Module[prefix.Length..]) is not { } relative)
            return [];
        return await ScriptImports.FindAsync(checkout, [.. paths.Where(path => path == importer)], relative, withParts: false, cancellationToken);
    }

    private static string? Relative(string folder, string target)
    {
        var (from, to) = (folder.Split('/', StringSplitOptions.RemoveEmptyEntries), target.Split('/', StringSplitOptions.RemoveEmptyEntries));
        var common = 0;
        while (common < from.Length && common < to.Length - 1 && from[common] == to[common])
            common++;
        var up = from.Length - common;
        return (up == 0 ? "./" : string.Concat(Enumerable.Repeat("../", up))) + string.Join('/', to[common..]);
    }

    private static bool IsImporter(string path, string? logged)
    {
        if (logged is null)
            return true;
        var named = "/" + logged.Replace('\\', '/').TrimStart('.', '/').TrimEnd('/');
        // webpack names the folder, the others the file.
        return Matches(named, "/" + path) || Matches(named, "/" + NodeProject.Parent(path));

        static bool Matches(string named, string own) => own.Length > 1 && (named.EndsWith(own, StringComparison.Ordinal) || own.EndsWith(named, StringComparison.Ordinal));
    }

    private static string? Target(ScriptImports.Import import)
    {
        var parts = new List<string>((NodeProject.Parent(import.Path) ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (var part in import.Specifier.Split('/').Where(part => part is not ("." or "")))
        {
            if (part != "..")
                parts.Add(part);
            else if (parts.Count == 0)
                return null;
            else
                parts.RemoveAt(parts.Count - 1);
        }

        return string.Join('/', parts);
    }

    // In ES modules of Node.js the extension is part of the name.
    private static bool Exists(IReadOnlyList<string> paths, ScriptImports.Import import, bool isEsm) =>
        Target(import) is not { } target || paths.Contains(target, StringComparer.Ordinal)
        || (!isEsm && Stems(target).ToList() is var stems && paths.Any(path => path.StartsWith(stems[^1], StringComparison.Ordinal) && StemOf(path).Any(stems.Contains)));

    private static IReadOnlyList<string> Corrections(IReadOnlyList<string> paths, ScriptImports.Import import, bool isEsm)
    {
        if (Target(import) is not { } target)
            return [];
        var stems = Stems(target).ToList();
        if (isEsm && paths.Where(path => StemOf(path).Contains(target, StringComparer.Ordinal) && Path.GetExtension(path) is ".js" or ".mjs" or ".cjs").ToList() is [var exact])
            return [import.Specifier.TrimEnd('/') + exact[target.Length..]];
        var found = paths.Where(path => StemOf(path).Append(path).Any(own => stems.Append(target).Contains(own, StringComparer.OrdinalIgnoreCase))).ToList();
        if (found.Count == 0)
        {
            var slash = target.LastIndexOf('/');
            var (folder, name) = (target[..(slash + 1)], stems[^1][(slash + 1)..]);
            found = [.. paths.Where(path => name.Length >= 4 && path != import.Path && StemOf(path).Any(own => own.StartsWith(folder, StringComparison.Ordinal) && !own[folder.Length..].Contains('/', StringComparison.Ordinal) && IsOneSlip(own[folder.Length..], name)))];
        }

        // A source and its style sheet or declaration share a stem and give one name.
        return [.. found.Select(path => Rewrite(import.Specifier, target, path)).OfType<string>().Where(right => right != import.Specifier).Distinct(StringComparer.Ordinal)];
    }

    // The named parts of the import, spelt as the file's path; how it begins and ends stays.
    private static string? Rewrite(string specifier, string target, string path)
    {
        var extension = Extensions.FirstOrDefault(one => specifier.EndsWith(one, StringComparison.OrdinalIgnoreCase), "");
        var depth = target.Count(character => character == '/');
        var own = StemOf(path).Append(path).FirstOrDefault(stem => stem.Count(character => character == '/') == depth && (extension.Length == 0 || stem != path));
        if (own is null)
            return null;
        // A style sheet or other file that is imported by its whole name.
        if (extension.Length > 0 && !IsScript(extension))
            (own, extension) = (path, "");
        var named = specifier.Split('/').Count(part => part is not ("." or ".." or ""));
        var tail = own.Split('/')[^named..];
        var head = specifier[..(specifier.Length - string.Join('/', specifier.TrimEnd('/').Split('/')[^named..]).Length - (specifier.EndsWith('/') ? 1 : 0))];
        return head + string.Join('/', tail) + extension;
    }

    private static bool IsScript(string extension) => extension is ".ts" or ".tsx" or ".mts" or ".cts" or ".js" or ".jsx" or ".mjs" or ".cjs";

    // What an import may call the file: without its extension, and as its folder where it is an index.
    private static IEnumerable<string> StemOf(string path)
    {
        foreach (var stem in Stems(path).Where(stem => stem != path))
        {
            yield return stem;
            if (stem.EndsWith("/index", StringComparison.Ordinal))
                yield return stem[..^"/index".Length];
        }
    }

    private static IEnumerable<string> Stems(string path)
    {
        yield return path;
        if (Extensions.FirstOrDefault(one => path.EndsWith(one, StringComparison.OrdinalIgnoreCase) && (one != ".ts" || !path.EndsWith(".d.ts", StringComparison.OrdinalIgnoreCase))) is { } extension)
            yield return path[..^extension.Length];
    }

    [GeneratedRegex(@"^(?:@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PackageName();

    [GeneratedRegex(@"^[\^~]?\d+(?:\.\d+){0,2}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainRange();

    [GeneratedRegex(@"(?:^|/)(?:tsconfig[\w.-]*\.json|jsconfig\.json|(?:jest|vite|vitest|webpack|rollup|babel)\.config\.[cm]?[jt]s|\.babelrc)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Aliases();

    [GeneratedRegex(@"(?:^|/)(?:\.babelrc(?:\.json)?|\.eslintrc(?:\.\w+)?|\.stylelintrc(?:\.\w+)?|\.prettierrc(?:\.\w+)?|(?:babel|eslint|jest|postcss|tailwind|webpack|rollup|vite|vitest|prettier|stylelint|commitlint|astro|svelte)\.config\.\w+|\.mocharc\.\w+|\.nycrc(?:\.json)?)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Settings();

    [GeneratedRegex(@"""module""\s*:\s*""commonjs""", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex CommonJs();

    [GeneratedRegex(@"\bnpm\s+(?:ci|install|i)\b[^\n]*(?:--omit[= ]dev|--production|--only[= ]prod)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex WithoutDevelopment();
}
