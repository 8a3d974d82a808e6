using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace QMoi.Simulator;

/// <summary>A bare repository on disk, read and written through git's own plumbing. What git said of an object is remembered: a process each time would be most of what a forge costs here.</summary>
internal sealed class GitRepository(string folder)
{
    public const string NoSha = "0000000000000000000000000000000000000000";
    public const string EmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    public const string RegularFile = "100644";
    public const string ExecutableFile = "100755";

    // %x00 between fields, %x01 after a record: neither occurs in a commit.
    private const string CommitFormat = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01";

    private const int LargestRemembered = 64 << 10;

    private readonly ConcurrentDictionary<string, GitResult> remembered = new(StringComparer.Ordinal);

    public string Folder => folder;

    public async Task InitializeAsync(string defaultBranch)
    {
        Directory.CreateDirectory(folder);
        if (File.Exists(Path.Combine(folder, "HEAD")))
            return;
        await DemandAsync(["init", "--quiet", "--bare", "--initial-branch", defaultBranch]);
        await File.AppendAllTextAsync(Path.Combine(folder, "config"), """
            [http]
                receivepack = true
            [receive]
                advertisePushOptions = true
            [uploadpack]
                allowAnySHA1InWant = true
                allowFilter = true
            [gc]
                auto = 0

            """);
    }

    public Task<GitResult> TryAsync(params IReadOnlyList<string> arguments) => GitProcess.RunAsync(folder, arguments);

    public async Task<string?> ResolveAsync(string revision)
    {
        if (revision.StartsWith('-'))
            return null;
        if (IsOnDisk(revision, out var known))
            return known;
        var result = await RememberedAsync([revision], ["rev-parse", "--verify", "--quiet", $"{revision}^{{commit}}"]);
        return result.ExitCode == 0 ? result.Line : null;
    }

    public async Task<IReadOnlyDictionary<string, string>> RefsAsync()
    {
        var result = await DemandAsync(["for-each-ref", "--format=%(refname) %(objectname)"]);
        return result.Line.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
    }

    /// <summary>False when the ref no longer stands where the caller believes.</summary>
    public async Task<bool> UpdateRefAsync(string name, string sha, string? expected) =>
        (await TryAsync(expected is null ? ["update-ref", name, sha] : ["update-ref", name, sha, expected])).ExitCode == 0;

    public async Task<bool> DeleteRefAsync(string name) => (await TryAsync("update-ref", "-d", name)).ExitCode == 0;

    public async Task<bool> IsAncestorAsync(string ancestor, string descendant) =>
        (await TryAsync("merge-base", "--is-ancestor", ancestor, descendant)).ExitCode == 0;

    public async Task<string?> MergeBaseAsync(string one, string other)
    {
        var result = await TryAsync("merge-base", one, other);
        return result.ExitCode == 0 ? result.Line : null;
    }

    public async Task<int> CountAsync(string range) => int.Parse((await DemandAsync(["rev-list", "--count", range])).Line);

    public async Task<GitCommit?> CommitAsync(string revision) => await LogAsync(revision, null, 0, 1) is [var commit] ? commit : null;

    public async Task<IReadOnlyList<GitCommit>> LogAsync(string revision, string? path, int skip, int count)
    {
        List<string> arguments = ["log", CommitFormat, $"--skip={skip}", $"--max-count={count}", "--end-of-options", revision, "--"];
        if (path is not null)
            arguments.Add(path);
        var result = await RememberedAsync([revision], arguments);
        return result.ExitCode == 0 ? [.. result.Text.Split('\u0001').Where(record => record.Length > 1).Select(ParseCommit)] : [];
    }

    public async Task<IReadOnlyList<GitTreeEntry>?> TreeAsync(string revision, string path, bool recursive, bool withFolders)
    {
        List<string> arguments = ["ls-tree", "-z", "-l"];
        if (recursive)
            arguments.Add("-r");
        if (recursive && withFolders)
            arguments.Add("-t");
        arguments.Add(path.Length == 0 ? revision : $"{revision}:{path}");
        var result = await RememberedAsync([revision], arguments);
        if (result.ExitCode != 0)
            return null;
        var prefix = path.Length == 0 ? "" : path + "/";
        return [.. result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line => ParseEntry(line, prefix))];
    }

    public async Task<GitTreeEntry?> EntryAsync(string revision, string path)
    {
        var result = await RememberedAsync([revision], ["ls-tree", "-z", "-l", revision, "--", path]);
        var line = result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return result.ExitCode == 0 && line is not null ? ParseEntry(line, "") : null;
    }

    public async Task<byte[]?> BlobAsync(string sha)
    {
        var result = await RememberedAsync([sha], ["cat-file", "blob", sha]);
        return result.ExitCode == 0 ? result.Output : null;
    }

    public async Task<byte[]?> FileAsync(string revision, string path) =>
        await EntryAsync(revision, path) is { Type: "blob" } entry ? await BlobAsync(entry.Sha) : null;

    public async Task<string> WriteBlobAsync(ReadOnlyMemory<byte> content) =>
        (await DemandAsync(["hash-object", "-w", "--stdin"], content)).Line;

    public async Task<string> WriteTreeAsync(string? baseTree, IReadOnlyList<GitTreeEdit> edits)
    {
        var index = new Dictionary<string, string>(StringComparer.Ordinal) { ["GIT_INDEX_FILE"] = Path.Combine(folder, $"index-{Guid.NewGuid():N}") };
        try
        {
            await DemandAsync(baseTree is null ? ["read-tree", "--empty"] : ["read-tree", baseTree], environment: index);
            // Removals first, so that a folder can become a file in one commit.
            var lines = edits.OrderBy(edit => edit.Sha is not null)
                .Select(edit => edit.Sha is null ? $"0 {NoSha}\t{edit.Path}\0" : $"{edit.Mode} {edit.Sha}\t{edit.Path}\0");
            await DemandAsync(["update-index", "-z", "--index-info"], Encoding.UTF8.GetBytes(string.Concat(lines)), index);
            return (await DemandAsync(["write-tree"], environment: index)).Line;
        }
        finally
        {
            File.Delete(index["GIT_INDEX_FILE"]);
        }
    }

    public async Task<string> WriteCommitAsync(string tree, IReadOnlyList<string> parents, string message, GitSignature author, GitSignature committer)
    {
        var people = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GIT_AUTHOR_NAME"] = author.Name,
            ["GIT_AUTHOR_EMAIL"] = author.Email,
            ["GIT_AUTHOR_DATE"] = GitDate(author.When),
            ["GIT_COMMITTER_NAME"] = committer.Name,
            ["GIT_COMMITTER_EMAIL"] = committer.Email,
            ["GIT_COMMITTER_DATE"] = GitDate(committer.When),
        };
        return (await DemandAsync(["commit-tree", tree, .. parents.SelectMany(parent => (string[])["-p", parent])], Encoding.UTF8.GetBytes(message), people)).Line;
    }

    /// <summary>The merged tree, or null when the two conflict.</summary>
    public async Task<string?> MergedTreeAsync(string ours, string theirs)
    {
        var result = await TryAsync("merge-tree", "--write-tree", "--allow-unrelated-histories", ours, theirs);
        return result.ExitCode == 0 ? result.Line.Split('\n')[0] : null;
    }

    public Task FetchAsync(GitRepository from, string sha, string reference) =>
        DemandAsync(["fetch", "--quiet", "--no-tags", from.Folder, $"+{sha}:{reference}"]);

    public async Task<IReadOnlyList<GitFileChange>> ChangesAsync(string from, string to)
    {
        var raw = Demanded("diff", await RememberedAsync([from, to], ["diff", "-M", "--raw", "-z", "--no-abbrev", from, to])).Text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var patches = SplitPatches(Demanded("diff", await RememberedAsync([from, to], ["diff", "-M", "--no-color", from, to])).Text);
        var changes = new List<GitFileChange>();
        for (var i = 0; i < raw.Length;)
        {
            var facts = raw[i++].Split(' ');
            var oldPath = raw[i++];
            var path = facts[4][0] is 'R' or 'C' ? raw[i++] : oldPath;
            var patch = changes.Count < patches.Count ? patches[changes.Count] : "";
            var lines = patch.Split('\n');
            changes.Add(new GitFileChange(facts[4][..1], oldPath, path, facts[0].TrimStart(':'), facts[1], facts[3],
                lines.Count(line => line.StartsWith('+')), lines.Count(line => line.StartsWith('-')), patch));
        }
        return changes;
    }

    /// <summary>The hunks of each file, without git's header lines.</summary>
    private static List<string> SplitPatches(string diff)
    {
        var patches = new List<string>();
        foreach (var file in ("\n" + diff).Split("\ndiff --git ").Skip(1))
        {
            var hunks = file.IndexOf("\n@@", StringComparison.Ordinal);
            patches.Add(hunks < 0 ? "" : file[(hunks + 1)..].TrimEnd('\n'));
        }
        return patches;
    }

    private static GitCommit ParseCommit(string record)
    {
        var f = record.TrimStart('\n').Split('\0');
        return new GitCommit(f[0], f[1], f[2].Split(' ', StringSplitOptions.RemoveEmptyEntries),
            new GitSignature(f[3], f[4], DateTimeOffset.Parse(f[5], CultureInfo.InvariantCulture)),
            new GitSignature(f[6], f[7], DateTimeOffset.Parse(f[8], CultureInfo.InvariantCulture)), f[9].TrimEnd('\n'));
    }

    private static GitTreeEntry ParseEntry(string line, string prefix)
    {
        var tab = line.IndexOf('\t', StringComparison.Ordinal);
        var facts = line[..tab].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new GitTreeEntry(facts[0], facts[1], facts[2], long.TryParse(facts[3], out var size) ? size : null, prefix + line[(tab + 1)..]);
    }

    private static string GitDate(DateTimeOffset when) => $"{when.ToUnixTimeSeconds()} {when:zzz}".Replace(":", "", StringComparison.Ordinal);

    private async Task<GitResult> DemandAsync(IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input = default,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        return Demanded(string.Join(' ', arguments), await GitProcess.RunAsync(folder, arguments, input, environment));
    }

    private static GitResult Demanded(string command, GitResult result) => result.ExitCode == 0 ? result : throw new GitFailedException(command, result.Error);

    /// <summary>What is named by its hash never changes, once it is there.</summary>
    private async Task<GitResult> RememberedAsync(IReadOnlyList<string> revisions, IReadOnlyList<string> arguments)
    {
        if (!revisions.All(IsHash))
            return await TryAsync(arguments);
        var key = string.Join('\0', arguments);
        if (remembered.TryGetValue(key, out var known))
            return known;
        var result = await TryAsync(arguments);
        if (result.ExitCode == 0 && result.Output.Length <= LargestRemembered)
            remembered[key] = result;
        return result;
    }

    /// <summary>A branch of a plain name is a file with its hash, as long as nothing has been packed.</summary>
    private bool IsOnDisk(string revision, out string? sha)
    {
        sha = null;
        if (!IsPlainBranch(revision) || File.Exists(Path.Combine(folder, "packed-refs")))
            return false;
        try
        {
            sha = File.ReadAllText(Path.Combine(folder, revision)).TrimEnd('\n');
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return true;
        }
        return IsHash(sha);
    }

    private static bool IsHash(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    private static bool IsPlainBranch(string revision) => revision.StartsWith("refs/heads/", StringComparison.Ordinal)
        && Array.TrueForAll(revision.Split('/'), part => part.Length > 0 && part[0] != '.' && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') && !part.Contains("..", StringComparison.Ordinal));
}
