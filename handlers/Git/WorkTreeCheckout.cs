using QMoi.Fixers;

namespace QMoi.Handlers.Git;

/// <summary>The files below a folder, for fixers. Symlinks are neither followed nor listed; unsafe names do not exist.</summary>
public sealed class WorkTreeCheckout(string folder) : ICheckout
{
    private const long MaxBytes = 4L << 20;

    public string Folder { get; } = folder;

    // Also where git would ignore them: packages that happen to be installed are not the repository's.
    private static readonly string[] LeftOut = [".git", "node_modules"];

    public async Task<RepositoryFile?> ReadAsync(string path, CancellationToken cancellationToken) =>
        await TreeFile.ReadAsync(Folder, path, MaxBytes, cancellationToken) is { } content
            ? new RepositoryFile(path, content, TreeFile.IsExecutable(Folder, path))
            : null;

    public Task<IReadOnlyList<TreeEntry>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        if ((folder.Length > 0 && !RepositoryPath.IsSafe(folder)) || TreeFile.KindOf(Folder, folder) != TreeFileKind.Folder)
            return Task.FromResult<IReadOnlyList<TreeEntry>>([]);
        var entries = new DirectoryInfo(Path.Combine(Folder, folder)).EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = FileAttributes.None })
            .Where(info => info.LinkTarget is null)
            .Select(info => new TreeEntry(folder.Length == 0 ? info.Name : $"{folder}/{info.Name}", info is DirectoryInfo))
            .Where(entry => RepositoryPath.IsSafe(entry.Path))
            .OrderBy(entry => entry.Path, StringComparer.Ordinal);
        return Task.FromResult<IReadOnlyList<TreeEntry>>([.. entries]);
    }

    public async Task<IReadOnlyList<string>> ListAllAsync(CancellationToken cancellationToken)
    {
        var (paths, folders) = (new List<string>(), new Queue<string>([""]));
        while (folders.TryDequeue(out var folder))
            foreach (var entry in await ListAsync(folder, cancellationToken))
                if (!entry.IsFolder)
                    paths.Add(entry.Path);
                else if (!LeftOut.Contains(Path.GetFileName(entry.Path), StringComparer.Ordinal))
                    folders.Enqueue(entry.Path);
        paths.Sort(StringComparer.Ordinal);
        return paths;
    }
}
