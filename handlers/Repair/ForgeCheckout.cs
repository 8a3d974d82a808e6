using System.Collections.Concurrent;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;

namespace QMoi.Handlers.Repair;

/// <summary>The files of one commit, read over the forge's API, each once. What a fixer will probably want is read beside the job log, so that it costs no waiting.</summary>
/// <param name="openWorkTree">Clones the commit, for the list of all its files.</param>
internal sealed class ForgeCheckout(
    IForge forge, Repository repository, CommitSha commit, Func<CancellationToken, Task<FetchResult>> openWorkTree, CancellationToken lifetime) : ICheckout
{
    private readonly ConcurrentDictionary<string, Task<RepositoryFile?>> files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<IReadOnlyList<TreeEntry>>> folders = new(StringComparer.Ordinal);
    private IReadOnlyList<string>? all;

    /// <summary>Begins to read these files and the root folder's list. A guess that fails harms nobody: whoever needs the file meets the error when it reads it.</summary>
    public void Prefetch(IEnumerable<string> paths)
    {
        foreach (var path in paths)
            _ = FileAsync(path);
        _ = FolderAsync("");
    }

    public Task<RepositoryFile?> ReadAsync(string path, CancellationToken cancellationToken) => FileAsync(path).WaitAsync(cancellationToken);

    public Task<IReadOnlyList<TreeEntry>> ListAsync(string folder, CancellationToken cancellationToken) => FolderAsync(folder).WaitAsync(cancellationToken);

    public async Task<IReadOnlyList<string>> ListAllAsync(CancellationToken cancellationToken)
    {
        if (all is not null)
            return all;
        if (await openWorkTree(cancellationToken) is not FetchResult.Fetched { Tree: var tree })
            return all = [];
        using (tree)
            return all = await tree.Checkout.ListAllAsync(cancellationToken);
    }

    private Task<IReadOnlyList<TreeEntry>> FolderAsync(string folder) => folders.GetOrAdd(folder, key => forge.ListFolderAsync(repository, key, commit.Value, lifetime));

    private Task<RepositoryFile?> FileAsync(string path) => files.GetOrAdd(path, key => forge.ReadFileAsync(repository, key, commit.Value, lifetime));
}
