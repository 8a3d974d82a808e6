using System.Runtime.Versioning;
using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;

namespace QMoi.Tests.Git;

/// <summary>The bot takes a commit from a forge; whatever the repository holds, only files arrive.</summary>
[SupportedOSPlatform("linux")]
public sealed class GitRepositoryTests : IAsyncLifetime
{
    private const string Token = "token-word-9";
    private readonly string root = Directory.CreateTempSubdirectory("qmoi-test-").FullName;
    private GitServer server = null!;
    private string Source => Path.Combine(root, "app");
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        RealGit.NewRepository(Source);
        server = await GitServer.StartAsync(root, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Folders.Remove(root);
    }

    [Fact]
    public async Task One_commit_arrives_without_history_and_byte_for_byte()
    {
        Write("readme", "first\n");
        RealGit.Commit(Source);
        Write("readme", "second\n");
        Write("crlf.txt", "a\r\nb\n");
        Write(".gitattributes", "*.txt text eol=crlf\n*.sh text eol=crlf filter=evil ident\n");
        Write("run.sh", "# $Id$\n");
        File.SetUnixFileMode(Path.Combine(Source, "run.sh"), (UnixFileMode)0b111_101_101);
        RealGit.Run(Source, "-c", "core.autocrlf=false", "add", "--all");
        var sha = RealGit.Commit(Source);
        using var tree = await FetchAsync(sha);
        Assert.Equal(sha, tree.Head!.Value.Value);
        Assert.Equal("second\n", Read(tree, "readme"));
        Assert.Equal(RealGit.Run(Source, "cat-file", "blob", "HEAD:crlf.txt"), Read(tree, "crlf.txt").TrimEnd('\n'));
        Assert.Equal("# $Id$\n", Read(tree, "run.sh"));
        Assert.Equal("1", RealGit.Run(tree.Folder, "--git-dir=" + Path.Combine(tree.Root, "git"), "rev-list", "--count", sha));
        Assert.False(Path.Exists(Path.Combine(tree.Folder, ".git")));
        Assert.True((await tree.Checkout.ReadAsync("run.sh", Cancelled))!.IsExecutable);
        Assert.False((await tree.Checkout.ReadAsync("readme", Cancelled))!.IsExecutable);
    }

    [Fact]
    public async Task Hooks_filters_fsmonitor_and_submodules_of_a_hostile_repository_do_nothing()
    {
        var mark = Path.Combine(root, "ran");
        Write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
        Write("file", "content\n");
        // A bare repository inside the tree, whose configuration runs a program wherever git enters it.
        RealGit.NewRepository(Path.Combine(root, "inner"));
        CopyFolder(Path.Combine(root, "inner", ".git"), Path.Combine(Source, "bare"));
        Write("bare/config", $"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n\tfsmonitor = \"touch {mark}\"\n");
        Write(".gitmodules", $"[submodule \"x\"]\n\tpath = x\n\turl = {server.Url}/other\n");
        RealGit.Run(Source, "add", "--all");
        RealGit.Run(Source, "update-index", "--add", "--cacheinfo", "160000,1111111111111111111111111111111111111111,x");
        RealGit.Run(Source, "commit", "--quiet", "--message=change");
        using var tree = await FetchAsync(RealGit.Run(Source, "rev-parse", "HEAD"));
        Assert.Equal("content\n", Read(tree, "file"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(tree.Folder, "x")));
        Assert.DoesNotContain(server.Requests, request => request.Contains("other", StringComparison.Ordinal));
        Assert.False(File.Exists(mark));
    }

    [Theory]
    [InlineData(".git/config")]
    [InlineData(".GIT/config")]
    [InlineData("GIT~1/config")]
    [InlineData("../outside")]
    [InlineData(".g\u200cit/config")]
    public async Task A_tree_with_a_path_that_could_become_git_itself_is_refused(string path)
    {
        var blob = RealGit.RunWith(Source, "x"u8.ToArray(), "hash-object", "-w", "--stdin");
        var parts = path.Split('/');
        var id = blob;
        for (var i = parts.Length - 1; i >= 0; i--)
            id = RealGit.RunWith(Source, Tree(i == parts.Length - 1 ? "100644" : "40000", parts[i], id), "hash-object", "-w", "-t", "tree", "--stdin", "--literally");
        var sha = RealGit.Run(Source, "commit-tree", id, "-m", "x");
        RealGit.Run(Source, "update-ref", "refs/heads/evil", sha);
        var result = await new GitRepository(TimeProvider.System).FetchAsync(Access(), CommitSha.Parse(sha), Cancelled);
        Assert.IsType<FetchResult.Refused>(result);
    }

    [Fact]
    public async Task Symlinks_arrive_as_links_and_are_never_followed()
    {
        var secret = Path.Combine(root, "secret");
        await File.WriteAllTextAsync(secret, "hidden-word", Cancelled);
        File.CreateSymbolicLink(Path.Combine(Source, "link"), secret);
        File.CreateSymbolicLink(Path.Combine(Source, "folder"), root);
        Write("real/file", "x");
        using var tree = await FetchAsync(RealGit.Commit(Source));
        Assert.Null(await tree.Checkout.ReadAsync("link", Cancelled));
        Assert.Null(await tree.Checkout.ReadAsync("folder/secret", Cancelled));
        Assert.Empty(await tree.Checkout.ListAsync("folder", Cancelled));
        Assert.Equal([new TreeEntry("real", true)], await tree.Checkout.ListAsync("", Cancelled));
        Assert.Equal([new TreeEntry("real/file", false)], await tree.Checkout.ListAsync("real", Cancelled));
        Assert.Null(await tree.Checkout.ReadAsync("../" + Path.GetFileName(tree.Root) + "/git/config", Cancelled));
        Assert.Null(await tree.Checkout.ReadAsync("/etc/passwd", Cancelled));
    }

    [Fact]
    public async Task The_credentials_are_sent_to_the_forge_and_not_along_a_redirect()
    {
        Write("file", "x");
        var sha = RealGit.Commit(Source);
        await using var elsewhere = await GitServer.StartAsync(root, Token);
        server.RedirectTo = elsewhere.Url;
        var exception = await Assert.ThrowsAsync<ForgeException>(() => FetchAsync(sha));
        Assert.Empty(elsewhere.Requests);
        Assert.DoesNotContain(Token, exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trouble_of_the_forge_is_named()
    {
        Write("file", "x");
        var sha = RealGit.Commit(Source);
        var repository = new GitRepository(TimeProvider.System);
        await AssertProblem(ForgeProblem.Unauthorized, new GitAccess(server.Url + "/app", "Authorization", "Bearer wrong"), sha);
        await AssertProblem(ForgeProblem.NotFound, new GitAccess(server.Url + "/none", "Authorization", "Bearer " + Token), sha);
        await AssertProblem(ForgeProblem.NotFound, Access(), new string('1', 40));
        await AssertProblem(ForgeProblem.Unreachable, new GitAccess("http://127.0.0.1:1/app", "Authorization", "Bearer " + Token), sha);

        async Task AssertProblem(ForgeProblem problem, GitAccess access, string id) =>
            Assert.Equal(problem, (await Assert.ThrowsAsync<ForgeException>(() => repository.FetchAsync(access, CommitSha.Parse(id), Cancelled))).Problem);
    }

    [Theory]
    [InlineData("file:///tmp/x")]
    [InlineData("ext::sh -c x")]
    [InlineData("ssh://host/x")]
    [InlineData("-u")]
    [InlineData("http://user:password@127.0.0.1/x")]
    [InlineData("/tmp/x")]
    public async Task Only_http_addresses_without_credentials_are_taken(string url) =>
        Assert.IsType<FetchResult.Refused>(await new GitRepository(TimeProvider.System).FetchAsync(new GitAccess(url, "Authorization", "x"), CommitSha.Parse(new string('1', 40)), Cancelled));

    [Fact]
    public async Task A_commit_that_is_too_large_is_refused_before_it_is_written()
    {
        Write("zeros", new string('0', 100_000));
        Write("more", "x");
        var sha = CommitSha.Parse(RealGit.Commit(Source));
        var small = new GitRepository(TimeProvider.System, new FetchLimits { Bytes = 50_000 });
        Assert.Contains("bytes", Assert.IsType<FetchResult.Refused>(await small.FetchAsync(Access(), sha, Cancelled)).Reason, StringComparison.Ordinal);
        var few = new GitRepository(TimeProvider.System, new FetchLimits { Files = 1 });
        Assert.Contains("files", Assert.IsType<FetchResult.Refused>(await few.FetchAsync(Access(), sha, Cancelled)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_removes_everything_also_what_a_tool_made_read_only()
    {
        Write("file", "x");
        var tree = await FetchAsync(RealGit.Commit(Source));
        Directory.CreateDirectory(Path.Combine(tree.Folder, "locked", "inner"));
        File.CreateSymbolicLink(Path.Combine(tree.Folder, "locked", "out"), Source);
        File.SetUnixFileMode(Path.Combine(tree.Folder, "locked"), UnixFileMode.None);
        tree.Dispose();
        Assert.False(Directory.Exists(tree.Root));
        Assert.True(File.Exists(Path.Combine(Source, "file")));
    }

    [Fact]
    public async Task A_persons_own_checkout_is_copied_as_it_lies_there_and_only_read()
    {
        var mark = Path.Combine(root, "ran");
        Write(".gitignore", "ignored\n");
        Write("tracked", "committed\n");
        Write("gone", "x");
        var head = RealGit.Commit(Source);
        Write("tracked", "changed\n");
        Write("new", "untracked\n");
        Write("ignored", "no\n");
        File.Delete(Path.Combine(Source, "gone"));
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "tracked");
        RealGit.Run(Source, "config", "core.fsmonitor", $"touch {mark}");
        RealGit.Run(Source, "config", "filter.evil.clean", $"touch {mark}");
        var before = await File.ReadAllBytesAsync(Path.Combine(Source, ".git", "index"), Cancelled);
        using var tree = await WorkTree.OpenExistingAsync(Source, TimeProvider.System, Cancelled);
        Assert.Equal(head, tree.Head!.Value.Value);
        Assert.Equal(["file:.gitignore", "file:new", "file:tracked", "link:link"],
            new DirectoryInfo(tree.Folder).EnumerateFileSystemInfos().Select(info => (info.LinkTarget is null ? "file:" : "link:") + info.Name).Order(StringComparer.Ordinal));
        Assert.Equal("changed\n", Read(tree, "tracked"));
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(Source, ".git", "index"), Cancelled));
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task A_plain_folder_can_be_opened_too()
    {
        var plain = Path.Combine(root, "plain");
        Directory.CreateDirectory(plain);
        await File.WriteAllTextAsync(Path.Combine(plain, ".gitignore"), "ignored\n", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(plain, "ignored"), "x", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(plain, "a b"), "x", Cancelled);
        using var tree = await WorkTree.OpenExistingAsync(plain, TimeProvider.System, Cancelled);
        Assert.Null(tree.Head);
        Assert.Equal([".gitignore", "a b"], Directory.EnumerateFiles(tree.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private GitAccess Access() => new(server.Url + "/app", "Authorization", "Bearer " + Token);

    private async Task<WorkTree> FetchAsync(string sha)
    {
        var result = await new GitRepository(TimeProvider.System).FetchAsync(Access(), CommitSha.Parse(sha), Cancelled);
        return result is FetchResult.Refused refused ? throw new InvalidOperationException(refused.Reason) : Assert.IsType<FetchResult.Fetched>(result).Tree;
    }

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Source, path))!);
        File.WriteAllText(Path.Combine(Source, path), content);
    }

    private static string Read(WorkTree tree, string path) => File.ReadAllText(Path.Combine(tree.Folder, path));

    private static byte[] Tree(string mode, string name, string id) => [.. Encoding.UTF8.GetBytes($"{mode} {name}\0"), .. Convert.FromHexString(id)];

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.EnumerateDirectories(from)) CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
