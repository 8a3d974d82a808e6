namespace QMoi.Fixers.Npm;

internal enum PackageManager { Npm, YarnClassic, YarnBerry, Pnpm, Bun }

/// <summary>A folder with a package.json, and the package manager that its lock file belongs to.</summary>
/// <param name="Folder">Where package.json lies.</param>
/// <param name="Root">Where the lock file lies: the folder itself, or one above it that holds the workspaces.</param>
/// <param name="Lock">Path of the lock file; <c>null</c> where the project has none.</param>
/// <param name="Yarn">The Yarn that the repository brings with it, from the root; else <c>null</c>.</param>
internal sealed record NodeProject(string Folder, string Root, PackageManager Manager, string? Lock, PackageJson Package, string? Yarn)
{
    private static readonly (string Name, PackageManager Manager)[] Locks =
    [
        ("package-lock.json", PackageManager.Npm), ("npm-shrinkwrap.json", PackageManager.Npm), ("yarn.lock", PackageManager.YarnClassic),
        ("pnpm-lock.yaml", PackageManager.Pnpm), ("bun.lock", PackageManager.Bun), ("bun.lockb", PackageManager.Bun),
    ];

    public string PackagePath => Package.Path;

    /// <summary>The project that a file belongs to: that of the nearest package.json. <c>null</c> where there is none or its package manager is not clear.</summary>
    public static async Task<NodeProject?> OfFileAsync(ICheckout checkout, string path, CancellationToken cancellationToken)
    {
        for (var folder = Parent(path); folder is not null; folder = Parent(folder))
        {
            if (await PackageJson.ReadAsync(checkout, folder, cancellationToken) is not null)
                return await OfFolderAsync(checkout, folder, cancellationToken);
        }

        return null;
    }

    public static IReadOnlyList<string> LockNames { get; } = [.. Locks.Select(one => one.Name)];

    /// <summary>The project in which the job's command ran.</summary>
    public static async Task<NodeProject?> OfJobAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        await NpmFolders.FindAsync(diagnosis, checkout, ["package.json"], cancellationToken) is { } folder ? await OfFolderAsync(checkout, folder, cancellationToken) : null;

    public static async Task<NodeProject?> OfFolderAsync(ICheckout checkout, string folder, CancellationToken cancellationToken)
    {
        if (await PackageJson.ReadAsync(checkout, folder, cancellationToken) is not { } package)
            return null;
        for (var root = folder; root is not null; root = Parent(root))
        {
            // Listed and not read: a lock file may be longer than what is read.
            var entries = (await checkout.ListAsync(root, cancellationToken)).Where(entry => !entry.IsFolder).Select(entry => entry.Path).ToHashSet(StringComparer.Ordinal);
            var found = Locks.Select(one => (Path: CheckoutPaths.Join(root, one.Name), one.Manager)).Where(one => entries.Contains(one.Path)).ToList();
            if (found.Count == 0)
                continue;
            if (found.FindIndex(one => one.Manager == PackageManager.YarnClassic) is var yarn and >= 0 && await IsBerryAsync(checkout, root, found[yarn].Path, cancellationToken))
                found[yarn] = (found[yarn].Path, PackageManager.YarnBerry);
            var declared = Declared(root == folder ? package : await PackageJson.ReadAsync(checkout, root, cancellationToken));
            var fitting = found.Count == 1 ? found : found.Where(one => one.Manager == declared).ToList();
            return fitting is [var (path, chosen)] ? new NodeProject(folder, root, chosen, path, package, await YarnAsync(checkout, root, chosen, cancellationToken)) : null;
        }

        return new NodeProject(folder, folder, Declared(package) ?? PackageManager.Npm, null, package, null);
    }

    /// <summary>Runs a program of an installed package.</summary>
    public IReadOnlyList<string> Run(string program) => Manager == PackageManager.YarnBerry ? [.. Berry, "run", program] : ["npx", "--no-install", program];

    /// <summary>The folder above, <c>""</c> for the root; <c>null</c> above that.</summary>
    public static string? Parent(string path) => path.Length == 0 ? null : path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    /// <summary>Files that a change of dependencies may change.</summary>
    public IReadOnlyList<string> MayChange => [.. new[] { PackagePath, Lock }.OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>Adds a package, or gives one another version; <c>null</c> where this package manager cannot do it without installing it.</summary>
    /// <param name="spec">Name, or name and version: <c>ms@^2</c>.</param>
    public ToolCommand? Add(string spec, bool isDevelopment, bool isExact)
    {
        string[] workspace = Folder == Root ? [] : Manager switch
        {
            PackageManager.Npm => ["--workspace", Inside],
            PackageManager.Pnpm => ["--filter", "./" + Inside],
            _ => ["?"],
        };
        if (workspace is ["?"])
            return null;
        string[] exact = !isExact ? [] : Manager is PackageManager.Npm or PackageManager.Pnpm ? ["--save-exact"] : ["--exact"];
        string[] development = !isDevelopment ? [] : Manager is PackageManager.Npm or PackageManager.Pnpm ? ["--save-dev"] : ["--dev"];
        return Manager switch
        {
            PackageManager.Npm => Online(["npm", "install", spec, .. development, .. exact, .. workspace, Lock is null ? "--no-package-lock" : "--package-lock-only", .. Quiet]),
            PackageManager.Pnpm => Online(["pnpm", .. workspace, "add", spec, .. development, .. exact, "--lockfile-only", "--ignore-scripts"]),
            PackageManager.YarnClassic => Online(["yarn", "add", spec, .. development, .. exact, "--ignore-scripts", "--non-interactive"]),
            PackageManager.YarnBerry => Online([.. Berry, "add", spec, .. development, .. exact, "--mode=update-lockfile"]),
            PackageManager.Bun => Online(["bun", "add", spec, .. development, .. exact, "--lockfile-only", "--ignore-scripts"]),
            _ => null,
        };
    }

    /// <summary>Brings the lock file in line with package.json; scripts of packages stay off.</summary>
    public ToolCommand Relock() => Manager switch
    {
        PackageManager.Npm => Online(["npm", "install", "--package-lock-only", .. Quiet]),
        PackageManager.Pnpm => Online(["pnpm", "install", "--lockfile-only", "--no-frozen-lockfile", "--ignore-scripts"]),
        PackageManager.YarnClassic => Online(["yarn", "install", "--ignore-scripts", "--non-interactive"]),
        PackageManager.YarnBerry => Online([.. Berry, "install", "--no-immutable", "--mode=update-lockfile"]),
        _ => Online(["bun", "install", "--lockfile-only", "--ignore-scripts"]),
    };

    /// <summary>Installs exactly what the lock file says, so that a tool of the project's own version can run.</summary>
    public ToolCommand Install() => Manager switch
    {
        PackageManager.Npm => Online(["npm", "ci", .. Quiet]),
        PackageManager.Pnpm => Online(["pnpm", "install", "--frozen-lockfile", "--ignore-scripts"]),
        PackageManager.YarnClassic => Online(["yarn", "install", "--frozen-lockfile", "--ignore-scripts", "--non-interactive"]),
        PackageManager.YarnBerry => Online([.. Berry, "install", "--immutable", "--mode=skip-build"]),
        _ => Online(["bun", "install", "--frozen-lockfile", "--ignore-scripts"]),
    };

    private string Inside => Root.Length == 0 ? Folder : Folder[(Root.Length + 1)..];

    private string[] Berry => Yarn is null ? ["yarn"] : ["node", Yarn];

    // Scripts stay off: they belong to packages that nobody has looked at yet.
    private static string[] Quiet => ["--ignore-scripts", "--no-audit", "--no-fund"];

    private static ToolCommand Online(IReadOnlyList<string> arguments) => new(arguments, NeedsRegistry: true);

    private static PackageManager? Declared(PackageJson? package) => package?.PackageManager?.Split('@') switch
    {
        ["npm", ..] => PackageManager.Npm,
        ["pnpm", ..] => PackageManager.Pnpm,
        ["bun", ..] => PackageManager.Bun,
        ["yarn", var version, ..] => version.StartsWith("1.", StringComparison.Ordinal) ? PackageManager.YarnClassic : PackageManager.YarnBerry,
        _ => null,
    };

    private static async Task<bool> IsBerryAsync(ICheckout checkout, string root, string path, CancellationToken cancellationToken) =>
        await checkout.ReadAsync(path, cancellationToken) is { } file
            ? file.Content.Span.IndexOf("__metadata:"u8) >= 0
            : await checkout.ReadAsync(CheckoutPaths.Join(root, ".yarnrc.yml"), cancellationToken) is not null;

    private static async Task<string?> YarnAsync(ICheckout checkout, string root, PackageManager manager, CancellationToken cancellationToken)
    {
        if (manager != PackageManager.YarnBerry || await TextFile.ReadAsync(checkout, CheckoutPaths.Join(root, ".yarnrc.yml"), cancellationToken) is not { } settings)
            return null;
        var line = settings.Lines.FirstOrDefault(text => text.StartsWith("yarnPath:", StringComparison.Ordinal));
        var path = line?["yarnPath:".Length..].Trim().Trim('"', '\'');
        return path is { Length: > 0 } && !path.Split('/').Contains("..", StringComparer.Ordinal) && path.EndsWith(".cjs", StringComparison.Ordinal)
            && await checkout.ReadAsync(CheckoutPaths.Join(root, path), cancellationToken) is not null ? path : null;
    }
}
