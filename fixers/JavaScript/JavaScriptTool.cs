using QMoi.Fixers.Npm;

namespace QMoi.Fixers.JavaScript;

/// <summary>Runs a formatter or linter of the project's own version over the files that a log names, and only over these.</summary>
internal static class JavaScriptTool
{
    /// <summary>More than these are a change of the tool, not of the code.</summary>
    private const int MostFiles = 200;

    public static async Task<FixResult> RunAsync(
        string tool, IReadOnlyList<string> options, IReadOnlyList<string> logged, IReadOnlyList<int> expectedExitCodes, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (logged.Count == 0)
            return new FixResult.Declined("the log names no file");
        if (logged.Count > MostFiles)
            return new FixResult.Declined($"the log names {logged.Count} files; so many at once rather mean that the version of {tool} changed");
        if (await NpmFolders.FindAsync(diagnosis, checkout, NodeProject.LockNames, cancellationToken) is not { } folder
            || await NodeProject.OfFolderAsync(checkout, folder, cancellationToken) is not { } project)
            return new FixResult.Declined($"there is not exactly one folder with package.json and a lock file to install {tool} from");

        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in logged)
        {
            if (await FindAsync(checkout, folder, name, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{name}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.FirstOrDefault(path => folder.Length > 0 && !path.StartsWith(folder + "/", StringComparison.Ordinal)) is { } outside)
            return new FixResult.Declined($"`{outside}` lies outside `{folder}`, where {tool} is installed");
        var arguments = files.Select(path => folder.Length == 0 ? path : path[(folder.Length + 1)..]);
        var run = new ToolRun(
            [
                project.Install(),
                new ToolCommand([.. project.Run(tool), .. options, "--", .. arguments], ExpectedExitCodes: expectedExitCodes),
            ],
            folder,
            $"Ran `{tool} {string.Join(' ', options)}` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}.");
        return new FixResult.NeedsTool(run, [.. files.Select(Literal)]);
    }

    private static async Task<string?> FindAsync(ICheckout checkout, string folder, string name, CancellationToken cancellationToken)
    {
        var inside = folder.Length > 0 && !name.StartsWith('/') ? await CheckoutPaths.FindAsync(checkout, CheckoutPaths.Join(folder, name), cancellationToken) : null;
        return inside ?? await CheckoutPaths.FindAsync(checkout, name, cancellationToken);
    }

    // The list is of globs, and routes of web frameworks are called [id].ts: in a glob only that file must match.
    private static string Literal(string path) => string.Concat(path.Select(character => character is '*' or '?' or '[' or ']' or '{' or '}' or '!' ? $"[{character}]" : character.ToString()));
}
