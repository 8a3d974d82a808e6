using System.Text;
using QMoi.Fixers;

namespace QMoi.Tests.Fixers;

/// <summary>The files of a folder, to be patched without touching it.</summary>
internal sealed class MemoryCheckout : ICheckout
{
    private readonly SortedDictionary<string, RepositoryFile> _files = new(StringComparer.Ordinal);

    public static MemoryCheckout Of(string path, string text) => new() { _files = { [path] = new RepositoryFile(path, Encoding.UTF8.GetBytes(text), null) } };

    public static async Task<MemoryCheckout> ReadFolderAsync(string folder, Func<byte[], byte[]> convert, CancellationToken cancellationToken)
    {
        var checkout = new MemoryCheckout();
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories) : [])
        {
            var path = Path.GetRelativePath(folder, file).Replace('\\', '/');
            bool? isExecutable = OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(file).HasFlag(UnixFileMode.UserExecute);
            checkout._files[path] = new RepositoryFile(path, convert(await File.ReadAllBytesAsync(file, cancellationToken)), isExecutable);
        }

        return checkout;
    }

    public Task<RepositoryFile?> ReadAsync(string path, CancellationToken cancellationToken) => Task.FromResult(_files.GetValueOrDefault(path));

    public Task<IReadOnlyList<TreeEntry>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var prefix = folder.Length == 0 ? "" : folder + "/";
        IReadOnlyList<TreeEntry> entries =
        [
            .. from path in _files.Keys
               where path.StartsWith(prefix, StringComparison.Ordinal)
               let end = path.IndexOf('/', prefix.Length)
               group path by end < 0 ? path : path[..end] into entry
               select new TreeEntry(entry.Key, entry.First() != entry.Key),
        ];
        return Task.FromResult(entries);
    }

    public Task<IReadOnlyList<string>> ListAllAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([.. _files.Keys]);

    public MemoryCheckout Apply(Patch patch)
    {
        Assert.Equal(patch.Paths.Count, patch.Paths.Distinct(StringComparer.Ordinal).Count());
        var patched = new MemoryCheckout();
        foreach (var (path, file) in _files)
            patched._files[path] = file;
        foreach (var edit in patch.Edits)
        {
            if (edit is FileEdit.Write { Before: null } added)
            {
                Assert.DoesNotContain(edit.Path, _files.Keys);
                patched._files[edit.Path] = new RepositoryFile(edit.Path, added.After, false);
                continue;
            }
            var file = _files[edit.Path];
            if (edit is FileEdit.Delete deleted)
            {
                Assert.True(deleted.Before.Span.SequenceEqual(file.Content.Span));
                patched._files.Remove(edit.Path);
                continue;
            }
            patched._files[edit.Path] = edit switch
            {
                FileEdit.Write write when write.Before is { } before && before.Span.SequenceEqual(file.Content.Span) => file with { Content = write.After },
                FileEdit.SetExecutable mode => file with { IsExecutable = mode.IsExecutable },
                _ => throw new InvalidOperationException($"unexpected edit {edit}"),
            };
        }

        return patched;
    }

    public string Describe()
    {
        var text = new StringBuilder();
        foreach (var (path, file) in _files)
            text.Append("== ").Append(path).Append(file.IsExecutable == true ? " (executable)\n" : "\n").Append(Encoding.UTF8.GetString(file.Content.Span)).Append('\n');
        return text.ToString();
    }
}
