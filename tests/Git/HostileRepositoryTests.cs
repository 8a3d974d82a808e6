using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;
using QMoi.Handlers.Tools;
using QMoi.Tests.Fixers;
using QMoi.Tests.Tools;

namespace QMoi.Tests.Git;

/// <summary>Repositories that are large, odd or meant to do harm: a repair is right, or declined with a reason.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostileRepositoryTests : IAsyncLifetime
{
    private const string Token = "token-word-9";
    private const string Denied = "$ ./check.sh\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n";
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

    /// <summary>QMOI_TEST_FILES=200000 takes half a minute, and minutes where others use the disk as well.</summary>
    [Fact]
    public async Task A_repository_of_very_many_files_is_repaired()
    {
        var files = int.Parse(Environment.GetEnvironmentVariable("QMOI_TEST_FILES") ?? "20000");
        var import = new StringBuilder("blob\nmark :1\ndata 10\n#!/bin/sh\n\nblob\nmark :2\ndata 2\nx\n\ncommit refs/heads/main\ncommitter A <a@example.invalid> 0 +0000\ndata 1\nx\nM 100644 :1 check.sh\n");
        for (var file = 0; file < files; file++)
            import.Append("M 100644 :2 src/part").Append(file / 1000).Append("/group").Append(file / 100 % 10).Append("/file").Append(file).Append(".txt\n");
        RealGit.RunWith(Source, Encoding.ASCII.GetBytes(import.ToString()), "fast-import", "--quiet");
        var watch = Stopwatch.StartNew();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using (var tree = await FetchAsync(Head))
        {
            var fetched = watch.Elapsed;
            Assert.Equal(files + 1, (await tree.Checkout.ListAllAsync(Cancelled)).Count);
            var listed = watch.Elapsed;
            await AssertRepairedAsync(tree);
            TestContext.Current.SendDiagnosticMessage($"fetch {fetched.TotalSeconds:0.0} s, list {(listed - fetched).TotalSeconds:0.0} s, fix {(watch.Elapsed - listed).TotalSeconds:0.0} s, {(GC.GetTotalMemory(false) - before) >> 20} MiB, {server.BytesSent >> 20} MiB sent");
            watch.Restart();
        }
        TestContext.Current.SendDiagnosticMessage($"removed in {watch.Elapsed.TotalSeconds:0.0} s");
    }

    [Fact]
    public async Task A_long_history_is_not_downloaded()
    {
        using var import = new MemoryStream();
        void Say(string text) => import.Write(Encoding.ASCII.GetBytes(text));
        const int versions = 60, size = 2 << 20;
        var content = new byte[size];
        for (var version = 1; version <= versions; version++)
        {
            RandomNumberGenerator.Fill(content);
            Say($"blob\nmark :{version}\ndata {size}\n");
            import.Write(content);
            Say($"\ncommit refs/heads/main\ncommitter A <a@example.invalid> {version} +0000\ndata 1\nx\nM 100644 :{version} large.bin\nM 100644 inline check.sh\ndata 10\n#!/bin/sh\n\n");
        }
        RealGit.RunWith(Source, import.ToArray(), "-c", "core.compression=0", "fast-import", "--quiet");
        var packs = new DirectoryInfo(Path.Combine(Source, ".git", "objects", "pack")).EnumerateFiles("*.pack").Sum(file => file.Length);
        Assert.InRange(packs, versions * (long)size, long.MaxValue);
        using var tree = await FetchAsync(Head);
        Assert.InRange(server.BytesSent, size, size + (1 << 20));
        await AssertRepairedAsync(tree);
    }

    [Fact]
    public async Task Names_that_we_never_handle_stay_in_git_and_the_rest_is_repaired()
    {
        Write("check.sh", "#!/bin/sh\n");
        Write("-rf", "a\n");
        Write("src/line\nbreak", "b\n");
        Write("src/escape\u001b[31m", "c\n");
        Write("src/back\\slash", "d\n");
        Write("src/blank ", "e\n");
        Write("src/\u202egpj.txt", "f\n");
        RealGit.Run(Source, "add", "--all");
        var blob = RealGit.RunWith(Source, "g\n"u8.ToArray(), "hash-object", "-w", "--stdin");
        RealGit.RunWith(Source, [.. Encoding.ASCII.GetBytes($"100644 {blob}\tlatin-"), 0xe9, 0xff, 0], "update-index", "-z", "--index-info");
        RealGit.Run(Source, "commit", "--quiet", "--message=x");
        using (var tree = await FetchAsync(Head))
        {
            Assert.Equal(["check.sh", "src/\u202egpj.txt"], await tree.Checkout.ListAllAsync(Cancelled));
            await AssertRepairedAsync(tree);
            var changed = Assert.IsType<ToolOutcome.Changed>(await ToolAsync(tree, "echo more >> check.sh", "check.sh"));
            Assert.Equal(["check.sh"], changed.Files);
        }
        using (var again = await FetchAsync(Head))
            Assert.IsType<ToolOutcome.Overreached>(await ToolAsync(again, "printf x > \"$(printf 'new\\351')\"", "**"));
    }

    [Fact]
    public async Task A_folder_with_names_that_are_no_text_is_removed_and_counted()
    {
        Write("check.sh", "#!/bin/sh\n");
        RealGit.Commit(Source);
        var tree = await FetchAsync(Head);
        using (var process = Process.Start("sh", ["-c", "cd \"$0\" && mkdir -p \"$(printf 'a\\351')/b\" && : > \"$(printf 'a\\351')/b/c\"", tree.Folder]))
            await process.WaitForExitAsync(Cancelled);
        tree.Dispose();
        Assert.False(Directory.Exists(tree.Root));
    }

    [Fact]
    public async Task Names_that_differ_in_case_alone_are_two_files()
    {
        Write("README", "one\n");
        Write("readme", "two\n");
        Write("check.sh", "#!/bin/sh\n");
        RealGit.Commit(Source);
        using var tree = await FetchAsync(Head);
        Assert.Equal("one\n", Text(await tree.Checkout.ReadAsync("README", Cancelled)));
        Assert.Equal("two\n", Text(await tree.Checkout.ReadAsync("readme", Cancelled)));
        await AssertRepairedAsync(tree);
    }

    [Fact]
    public async Task Submodules_are_empty_folders_and_nothing_in_them_gets_into_a_patch()
    {
        Write("check.sh", "#!/bin/sh\n");
        Write(".gitmodules", $"[submodule \"x\"]\n\tpath = sub\n\turl = {server.Url}/other\n[submodule \"y\"]\n\tpath = \"sub2\\r\"\n\turl = ext::sh -c x\n");
        RealGit.Run(Source, "add", "--all");
        RealGit.Run(Source, "update-index", "--add", "--cacheinfo", "160000,1111111111111111111111111111111111111111,sub");
        RealGit.Run(Source, "commit", "--quiet", "--message=x");
        using (var tree = await FetchAsync(Head))
        {
            await AssertRepairedAsync(tree);
            Assert.Empty(await tree.Checkout.ListAsync("sub", Cancelled));
            Assert.Equal(["check.sh"], Assert.IsType<ToolOutcome.Changed>(await ToolAsync(tree, "echo x > sub/file", "**")).Files);
        }
        Assert.DoesNotContain(server.Requests, request => request.Contains("other", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pointer_to_a_large_file_is_not_followed_and_not_changed()
    {
        const string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
        Write("check.sh", "#!/bin/sh\n");
        Write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
        Write(".lfsconfig", $"[lfs]\n\turl = {server.Url}/other\n");
        Write("data.bin", pointer);
        RealGit.Run(Source, "-c", "filter.lfs.clean=cat", "add", "--all");
        RealGit.Run(Source, "-c", "filter.lfs.clean=cat", "commit", "--quiet", "--message=x");
        using var tree = await FetchAsync(Head);
        Assert.Equal(pointer, Text(await tree.Checkout.ReadAsync("data.bin", Cancelled)));
        await AssertRepairedAsync(tree);
        Assert.DoesNotContain(server.Requests, request => request.Contains("other", StringComparison.Ordinal));
        var changed = Assert.IsType<ToolOutcome.Changed>(await ToolAsync(tree, "printf 'real content' > data.bin", "**"));
        Assert.Contains("LFS", Assert.IsType<PatchVerdict.Refused>(PatchRules.Check(changed.Patch, new PatchScope(PatchAuthor.Tool, ["**"]))).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_that_a_persons_repository_configures_is_run()
    {
        var mark = Path.Combine(root, "ran");
        Write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
        Write("check.sh", "#!/bin/sh\n");
        RealGit.Commit(Source);
        foreach (var key in new[]
        {
            "core.fsmonitor", "core.editor", "core.pager", "core.sshCommand", "core.gitProxy", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.evil.command",
            "diff.external", "merge.evil.driver", "credential.helper", "gpg.program", "alias.ls-files", "uploadpack.packObjectsHook",
        })
            RealGit.Run(Source, "config", key, $"touch {mark}");
        foreach (var hook in new[] { "post-checkout", "post-index-change", "pre-commit", "fsmonitor-watchman", "reference-transaction", "post-merge" })
        {
            var file = Path.Combine(Source, ".git", "hooks", hook);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, $"#!/bin/sh\ntouch {mark}\n", Cancelled);
            File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
        }
        Write("check.sh", "#!/bin/sh\necho\n");
        using var tree = await WorkTree.OpenExistingAsync(Source, TimeProvider.System, Cancelled);
        await AssertRepairedAsync(tree);
        await ToolAsync(tree, "echo x >> check.sh", "**");
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task A_bundle_that_a_server_names_is_not_fetched()
    {
        Write("check.sh", "#!/bin/sh\n");
        RealGit.Commit(Source);
        foreach (var (key, value) in new[] { ("uploadpack.advertiseBundleURIs", "true"), ("bundle.version", "1"), ("bundle.mode", "all"), ("bundle.one.uri", server.Url + "/other.bundle") })
            RealGit.Run(Source, "config", key, value);
        using var tree = await FetchAsync(Head);
        Assert.DoesNotContain(server.Requests, request => request.Contains("other", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_of_submodules_that_is_a_link_is_refused_by_git_itself()
    {
        var link = RealGit.RunWith(Source, "elsewhere"u8.ToArray(), "hash-object", "-w", "--stdin");
        var content = RealGit.RunWith(Source, Encoding.ASCII.GetBytes($"120000 blob {link}\t.gitmodules\n"), "mktree");
        RealGit.Run(Source, "update-ref", "refs/heads/main", RealGit.Run(Source, "commit-tree", content, "-m", "x"));
        var result = await new GitRepository(TimeProvider.System).FetchAsync(new GitAccess(server.Url + "/app", "Authorization", "Bearer " + Token), CommitSha.Parse(Head), Cancelled);
        Assert.Contains("git's own checks", Assert.IsType<FetchResult.Refused>(result).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_in_the_place_of_the_file_to_repair_is_declined()
    {
        File.CreateSymbolicLink(Path.Combine(Source, "check.sh"), "/etc/passwd");
        RealGit.Commit(Source);
        using var tree = await FetchAsync(Head);
        Assert.IsType<FixPlan.None>(await PlanAsync(tree));
    }

    [Fact]
    public async Task A_large_file_that_a_tool_changes_is_a_reason_and_no_mistake()
    {
        await File.WriteAllBytesAsync(Path.Combine(Source, "large"), new byte[80 << 20], Cancelled);
        RealGit.Commit(Source);
        using var tree = await FetchAsync(Head);
        Assert.Contains("bytes", Assert.IsType<ToolOutcome.Failed>(await ToolAsync(tree, "echo x > large", "large")).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_says_is_told_without_the_token_it_was_shown()
    {
        var header = Convert.ToBase64String(Encoding.UTF8.GetBytes("oauth2:" + Token));
        server.Error = $"go away with {Token} and {header}";
        var access = new GitAccess(server.Url + "/app", "Authorization", "Basic " + header);
        var exception = await Assert.ThrowsAsync<ForgeException>(() => new GitRepository(TimeProvider.System).FetchAsync(access, CommitSha.Parse(new string('1', 40)), Cancelled));
        Assert.Contains("go away", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(header, exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_says_is_told_without_its_escapes()
    {
        server.Error = "go away\u001b]0;title\u0007\u001b[31m red\u009b5m\r now";
        var exception = await Assert.ThrowsAsync<ForgeException>(() => FetchAsync(new string('1', 40)));
        Assert.Contains("go away", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(exception.Message, character => char.IsControl(character) && character != '\n');
    }

    private string Head => RealGit.Run(Source, "rev-parse", "refs/heads/main");

    private static async Task AssertRepairedAsync(WorkTree tree)
    {
        var plan = await PlanAsync(tree);
        Assert.True(plan is FixPlan.Ready, (plan as FixPlan.None)?.Reason);
        Assert.Equal([new FileEdit.SetExecutable("check.sh", true)], ((FixPlan.Ready)plan).Patch.Edits);
        Assert.IsType<PatchWriteResult.Written>(await PatchWriter.ApplyAsync(((FixPlan.Ready)plan).Patch, tree.Folder, Cancelled));
    }

    private static async Task<FixPlan> PlanAsync(WorkTree tree) => await new FixPlanner(new(), TimeProvider.System).PlanAsync(
        (await CatalogueTests.DiagnoseAsync(Denied)).Diagnoses[0], tree.Checkout, _ => throw new InvalidOperationException("no tool here"), Cancelled);

    private static async Task<ToolOutcome> ToolAsync(WorkTree tree, string script, string mayChange)
    {
        var sandbox = await Sandbox.ProbeAsync(new SandboxSettings { Registries = [], Launcher = SandboxLauncher.Command }, TimeProvider.System, Cancelled);
        if (sandbox.Kind == SandboxKind.None) Assert.Skip(sandbox.Reason);
        return await new ToolRunner(sandbox).RunAsync(new ToolRun([new ToolCommand(["bash", "-c", script])], "", "x"), tree, [mayChange], Cancelled);
    }

    private async Task<WorkTree> FetchAsync(string sha)
    {
        var result = await new GitRepository(TimeProvider.System).FetchAsync(new GitAccess(server.Url + "/app", "Authorization", "Bearer " + Token), CommitSha.Parse(sha), Cancelled);
        return result is FetchResult.Refused refused ? throw new InvalidOperationException(refused.Reason) : Assert.IsType<FetchResult.Fetched>(result).Tree;
    }

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Source, path))!);
        File.WriteAllText(Path.Combine(Source, path), content);
    }

    private static string Text(RepositoryFile? file) => Encoding.UTF8.GetString(file!.Content.Span);
}
