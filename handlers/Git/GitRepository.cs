using System.Globalization;
using System.Text;
using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Git;

/// <summary>What became of fetching a commit.</summary>
public abstract record FetchResult
{
    private FetchResult() { }

    /// <summary>The caller disposes the tree.</summary>
    public sealed record Fetched(WorkTree Tree) : FetchResult;

    /// <param name="Reason">For people: the repository holds what we do not take (too large, unsafe names, damaged).</param>
    public sealed record Refused(string Reason) : FetchResult;
}

/// <summary>Limits of one checkout.</summary>
public sealed record FetchLimits
{
    /// <summary>Longest time to fetch and to check out, each. Default 2 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Most files. Default 500,000.</summary>
    public int Files { get; init; } = 500_000;

    /// <summary>Most bytes of all files together, counted before they are written. Default 4 GiB.</summary>
    /// <remarks>The pack itself is held to 2 GiB by a file-size limit (prlimit); git has no setting for it.</remarks>
    public long Bytes { get; init; } = 4L << 30;
}

/// <summary>Takes single commits from a forge.</summary>
public sealed class GitRepository(TimeProvider clock, FetchLimits? limits = null)
{
    private readonly FetchLimits limits = limits ?? new FetchLimits();

    /// <summary>Fetches one commit without history and checks it out, byte for byte as it is stored: no line-ending conversion, no filters, no submodules.</summary>
    /// <exception cref="ForgeException">The forge could not be reached or did not let us in.</exception>
    public async Task<FetchResult> FetchAsync(GitAccess access, CommitSha sha, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(access.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0 || access.Url.Any(IsUnfit))
            return new FetchResult.Refused("The clone URL is not a plain http or https address.");
        if (access.HeaderName.Any(IsUnfit) || access.HeaderName.Contains(':', StringComparison.Ordinal) || access.HeaderValue.Any(char.IsControl))
            return new FetchResult.Refused("The git credentials do not fit into a header.");

        WorkTree tree;
        try
        {
            tree = await WorkTree.CreateAsync(sha.Value.Length, clock, cancellationToken);
        }
        catch (GitException exception)
        {
            return new FetchResult.Refused(exception.Message);
        }
        try
        {
            var refused = await FetchIntoAsync(tree, access, sha, cancellationToken) ?? await CheckOutAsync(tree, sha, cancellationToken);
            if (refused is null) return new FetchResult.Fetched(tree with { Head = sha });
            tree.Dispose();
            return new FetchResult.Refused(refused);
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    private async Task<string?> FetchIntoAsync(WorkTree tree, GitAccess access, CommitSha sha, CancellationToken cancellationToken)
    {
        try
        {
            await tree.GitAsync(
                ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance",
                    "--end-of-options", access.Url, $"{sha}:refs/qmoi/head"],
                cancellationToken, timeout: limits.Timeout, limitSizes: true,
                settings: access.HeaderName.Length == 0 ? null : [($"http.{access.Url}.extraHeader", $"{access.HeaderName}: {access.HeaderValue}")]);
            return null;
        }
        catch (GitException exception)
        {
            return Judge(exception.Message);
        }
    }

    // git has no exit codes for these; the words are from remote-curl.c, fetch-pack.c and fsck.c of git 2.39.
    private static string Judge(string message)
    {
        bool Says(params string[] words) => words.Any(word => message.Contains(word, StringComparison.OrdinalIgnoreCase));

        if (Says("Authentication failed", "could not read Username", "error: 401", "error: 403")) throw new ForgeException(ForgeProblem.Unauthorized, "The forge did not let git in.");
        if (Says("error: 404", "not found")) throw new ForgeException(ForgeProblem.NotFound, "The forge does not know the repository.");
        if (Says("not our ref", "couldn't find remote ref", "unadvertised object")) throw new ForgeException(ForgeProblem.NotFound, "The forge does not have the commit any more.");
        if (Says("error: 429")) throw new ForgeException(ForgeProblem.RateLimited, "The forge asked git to wait.");
        if (Says("error: 5")) throw new ForgeException(ForgeProblem.ServerError, "The forge failed while git fetched.");
        if (Says("fsck", "invalid path", "unresolved deltas", "bad object", "index-pack failed", "File size limit", "out of memory", "signal 25"))
            return "The repository holds what git's own checks refuse: " + message;
        throw new ForgeException(ForgeProblem.Unreachable, message);
    }

    private async Task<string?> CheckOutAsync(WorkTree tree, CommitSha sha, CancellationToken cancellationToken)
    {
        try
        {
            var listing = await tree.GitAsync(["ls-tree", "-r", "-l", "-z", sha.Value], cancellationToken, outputLimit: 512 << 20);
            if (TooMuch(listing) is { } problem) return problem;
            await tree.GitAsync(["read-tree", sha.Value], cancellationToken);
            var safe = SafePaths(listing);
            await tree.GitAsync(
                ["checkout-index", "--force", "--quiet", "--index", .. safe is null ? ["--all"] : (string[])["-z", "--stdin"]], cancellationToken, safe, timeout: limits.Timeout, limitSizes: true);
            return null;
        }
        catch (GitException exception)
        {
            return "The commit cannot be checked out: " + exception.Message;
        }
    }

    private string? TooMuch(ReadOnlyMemory<byte> listing)
    {
        long files = 0, bytes = 0;
        foreach (var line in GitCommand.Lines(listing))
        {
            // 100644 blob <sha> <size, right-aligned, "-" for a submodule>\t<path>
            files++;
            var head = line[..Math.Max(0, line.IndexOf('\t', StringComparison.Ordinal))].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (head.Length == 4 && long.TryParse(head[3], NumberStyles.None, CultureInfo.InvariantCulture, out var size)) bytes += size;
        }
        if (files > limits.Files) return $"The commit has {files} files, more than the {limits.Files} we take.";
        return bytes > limits.Bytes ? $"The commit's files are {bytes} bytes together, more than the {limits.Bytes} we take." : null;
    }

    /// <summary>Ended by NUL each; <c>null</c> where all are safe. A file whose name we never handle stays in git: no program of ours or of others has to cope with it.</summary>
    private static byte[]? SafePaths(ReadOnlyMemory<byte> listing)
    {
        var paths = GitCommand.Lines(listing).Select(line => line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..]).ToList();
        return paths.TrueForAll(RepositoryPath.IsSafe) ? null : Encoding.UTF8.GetBytes(string.Concat(paths.Where(RepositoryPath.IsSafe).Select(path => path + "\0")));
    }

    private static bool IsUnfit(char character) => char.IsControl(character) || char.IsWhiteSpace(character);
}
