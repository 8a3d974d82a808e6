using System.Globalization;
using System.Text;
using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Git;

/// <summary>Files of one commit in a folder of their own. Git's data lie beside the folder, not in it: nothing that runs on the files can reach them.</summary>
/// <param name="Root">Temporary folder of this tree, open to its owner only; removed when disposed.</param>
/// <param name="Head"><c>null</c> for a folder without commits.</param>
public sealed record WorkTree(string Root, CommitSha? Head, TimeProvider Clock) : IDisposable
{
    /// <summary>The files, without <c>.git</c>.</summary>
    public string Folder => Path.Combine(Root, "tree");

    /// <summary>Ours alone: objects, and the index of the state before any tool ran.</summary>
    internal string GitFolder => Path.Combine(Root, "git");

    public WorkTreeCheckout Checkout => new(Folder);

    /// <summary>A copy of somebody's own checkout: tracked files and those git does not ignore, as they lie there now. The original is only read.</summary>
    /// <remarks>A folder that is no repository gives all its files and no head. Symlinks are copied as links, submodules as empty folders.</remarks>
    /// <exception cref="GitException">git cannot read it.</exception>
    public static async Task<WorkTree> OpenExistingAsync(string folder, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder {folder}.");
        var source = Tools.Programs.Resolve(folder)!;
        var tree = await CreateAsync(40, clock, cancellationToken);
        try
        {
            var (paths, head) = await ListAsync(tree, source, cancellationToken);
            foreach (var path in paths) Copy(source, tree.Folder, path);
            await tree.RecordAsync(cancellationToken);
            return tree with { Head = head };
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Makes the present state the one that <see cref="ChangesAsync"/> compares with.</summary>
    internal async Task RecordAsync(CancellationToken cancellationToken) =>
        // Every file counts as big, which git writes into one pack instead of a file each.
        await GitAsync(["add", "--all", "--force", "--", "."], cancellationToken, timeout: TimeSpan.FromMinutes(5), settings: [("core.bigFileThreshold", "1")]);

    /// <summary>What package managers install is never a result, also where the repository forgot to ignore it.</summary>
    private static readonly string[] InstalledFolders = ["--exclude=node_modules/"];

    /// <summary>What differs from the recorded state: tracked files, and new ones that are not ignored.</summary>
    /// <remarks>Every tracked file is read. Git would pass over one whose size and times are as before, and a tool can put times back within the second
    /// that git counts them in; so the index first forgets what it knows of them.</remarks>
    internal async Task<IReadOnlyList<TreeChange>> ChangesAsync(CancellationToken cancellationToken)
    {
        var recorded = Encoding.ASCII.GetString((await GitAsync(["write-tree"], cancellationToken)).Span).Trim();
        await GitAsync(["read-tree", recorded], cancellationToken);
        await GitAsync(["update-index", "-q", "--refresh"], cancellationToken, timeout: TimeSpan.FromMinutes(5), mayFail: true);
        var changes = new List<TreeChange>();
        var raw = GitCommand.Lines(await GitAsync(["diff-files", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--no-abbrev"], cancellationToken));
        for (var i = 0; i + 1 < raw.Count; i += 2)
        {
            // :100644 100755 <sha> <sha> M  then the path
            var head = raw[i].Split(' ');
            var change = new TreeChange(raw[i + 1], head[0].TrimStart(':'), head[1], head[2]);
            // A file whose name we never handle was not put there.
            if (!change.IsGone || RepositoryPath.IsSafe(change.Path)) changes.Add(change);
        }
        foreach (var path in GitCommand.Lines(await GitAsync(["ls-files", "-z", "--others", "--exclude-standard", .. InstalledFolders], cancellationToken)))
            changes.Add(new TreeChange(path, "000000", path.EndsWith('/') ? "040000" : TreeFile.KindOf(Folder, path) == TreeFileKind.File ? "100644" : "120000", ""));
        return changes;
    }

    /// <summary>Every path of the recorded state.</summary>
    internal async Task<IReadOnlyList<string>> PathsAsync(CancellationToken cancellationToken) =>
        GitCommand.Lines(await GitAsync(["ls-files", "-z", "--cached"], cancellationToken));

    internal async Task<ReadOnlyMemory<byte>> BlobAsync(string id, CancellationToken cancellationToken) => await GitAsync(["cat-file", "blob", id], cancellationToken);

    /// <summary>The size of each blob, in their order.</summary>
    internal async Task<IReadOnlyList<long>> BlobSizesAsync(IEnumerable<string> ids, CancellationToken cancellationToken) =>
        [.. Encoding.ASCII.GetString((await GitAsync(["cat-file", "--batch-check=%(objectsize)"], cancellationToken, Encoding.ASCII.GetBytes(string.Concat(ids.Select(id => id + "\n"))))).Span)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(size => long.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture))];

    internal Task<ReadOnlyMemory<byte>> GitAsync(
        IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte>? input = null,
        IReadOnlyList<(string Key, string Value)>? settings = null, TimeSpan? timeout = null, int outputLimit = 64 << 20, bool limitSizes = false, bool mayFail = false) =>
        GitCommand.RunAsync(
            Folder, ["--git-dir=" + GitFolder, "--work-tree=" + Folder, .. arguments], Clock, cancellationToken, input, settings, timeout, outputLimit, limitSizes, mayFail, home: Root);

    internal static async Task<WorkTree> CreateAsync(int shaDigits, TimeProvider clock, CancellationToken cancellationToken)
    {
        var tree = new WorkTree(Directory.CreateTempSubdirectory("qmoi-tree-").FullName, null, clock);
        Directory.CreateDirectory(tree.Folder);
        await GitCommand.RunAsync(
            tree.Root, ["init", "--quiet", "--bare", "--template=", "--initial-branch=none", shaDigits == 64 ? "--object-format=sha256" : "--object-format=sha1", "git"], clock, cancellationToken);
        Directory.CreateDirectory(Path.Combine(tree.GitFolder, "info"));
        // Ranks above every .gitattributes: content stays byte for byte, no driver of any kind has a name to be called by.
        await File.WriteAllTextAsync(Path.Combine(tree.GitFolder, "info", "attributes"), "* -text !eol -ident -filter -working-tree-encoding -diff -merge\n", cancellationToken);
        return tree;
    }

    public void Dispose() => Folders.Remove(Root);

    private static async Task<(IReadOnlyList<string> Paths, CommitSha? Head)> ListAsync(WorkTree tree, string source, CancellationToken cancellationToken)
    {
        if (!Path.Exists(Path.Combine(source, ".git")))
        {
            // Our own empty index asks which files nobody ignores.
            var all = await GitCommand.RunAsync(
                tree.Root, ["--git-dir=" + tree.GitFolder, "--work-tree=" + source, "-C", source, "ls-files", "-z", "--others", "--exclude-standard"], tree.Clock, cancellationToken);
            return (GitCommand.Lines(all), null);
        }
        (string, string)[] trust = [("safe.directory", source)];
        string[] where = ["-C", source, "--no-optional-locks"];
        var paths = GitCommand.Lines(await GitCommand.RunAsync(
            tree.Root, [.. where, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], tree.Clock, cancellationToken, settings: trust));
        try
        {
            var head = await GitCommand.RunAsync(tree.Root, [.. where, "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}"], tree.Clock, cancellationToken, settings: trust);
            return (paths, CommitSha.TryParse(Encoding.ASCII.GetString(head.Span).Trim(), out var sha) ? sha : null);
        }
        catch (GitException)
        {
            return (paths, null); // no commit yet
        }
    }

    private static void Copy(string source, string target, string path)
    {
        if (path.EndsWith('/') || !RepositoryPath.IsSafe(path)) return; // a repository inside, or a name that we never handle
        var from = Path.Combine(source, path);
        var to = Path.Combine(target, path);
        switch (TreeFile.KindOf(source, path))
        {
            case TreeFileKind.File:
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(from, to);
                // Git keeps one bit of the mode, and a file that is read-only at home is for tools to write here.
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(to, TreeFile.IsExecutable(source, path) == true ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100);
                break;
            case TreeFileKind.Symlink:
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.CreateSymbolicLink(to, new FileInfo(from).LinkTarget!);
                break;
            case TreeFileKind.Folder: // a submodule
                Directory.CreateDirectory(to);
                break;
            default: // deleted in the work tree, or behind a link
                break;
        }
    }
}

/// <param name="OldMode">Git's mode, <c>000000</c> where the file is new.</param>
/// <param name="NewMode">Git's mode, <c>000000</c> where the file is gone; <c>040000</c> for a repository inside the tree.</param>
/// <param name="OldBlob">Empty where the file is new.</param>
internal sealed record TreeChange(string Path, string OldMode, string NewMode, string OldBlob)
{
    public bool IsNew => OldMode == "000000";
    public bool IsGone => NewMode == "000000";
}
