namespace QMoi.Fixers;

/// <summary>Finds the repository's file behind a path that a log names: absolute on the runner, or relative to a working folder.</summary>
internal static class CheckoutPaths
{
    private const int MostFolders = 200;

    /// <summary>The path in the repository, or <c>null</c> when there is none or more than one.</summary>
    public static async Task<string?> FindAsync(ICheckout checkout, string logged, CancellationToken cancellationToken)
    {
        var parts = logged.Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        if (parts.Length is 0 or > 40 || parts.Contains("..", StringComparer.Ordinal) || parts.Contains(".git", StringComparer.OrdinalIgnoreCase) || Array.Exists(parts, part => part.Any(char.IsControl)))
            return null;
        var isAbsolute = logged.StartsWith('/') || (logged.Length > 2 && logged[1] == ':');
        for (var start = 0; start < (isAbsolute ? parts.Length : 1); start++)
        {
            var path = string.Join('/', parts[start..]);
            if (await checkout.ReadAsync(path, cancellationToken) is not null)
                return path;
        }

        return isAbsolute ? null : await BelowAsync(checkout, string.Join('/', parts), cancellationToken);
    }

    /// <summary>Folders to a depth of 3 in which <paramref name="isWanted"/> holds; dot folders and installed packages are left out.</summary>
    public static async Task<IReadOnlyList<string>> FoldersAsync(ICheckout checkout, Func<string, Task<bool>> isWanted, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        var queue = new Queue<(string Folder, int Depth)>([("", 0)]);
        for (var seen = 0; seen < MostFolders && queue.TryDequeue(out var next); seen++)
        {
            if (await isWanted(next.Folder))
                found.Add(next.Folder);
            if (next.Depth == 3)
                continue;
            foreach (var entry in await checkout.ListAsync(next.Folder, cancellationToken))
                if (entry.IsFolder && NameOf(entry.Path) is var name && !name.StartsWith('.') && name is not ("node_modules" or "vendor"))
                    queue.Enqueue((entry.Path, next.Depth + 1));
        }

        return found;
    }

    public static string Join(string folder, string path) => folder.Length == 0 ? path : $"{folder}/{path}";

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static async Task<string?> BelowAsync(ICheckout checkout, string path, CancellationToken cancellationToken)
    {
        var folders = await FoldersAsync(checkout, async folder => await checkout.ReadAsync(Join(folder, path), cancellationToken) is not null, cancellationToken);
        return folders is [var folder] ? Join(folder, path) : null;
    }
}
