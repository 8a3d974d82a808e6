using System.Runtime.Versioning;
using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Git;

namespace QMoi.Tests.Git;

/// <summary>A patch is shown and written; git itself says whether both mean the same.</summary>
[SupportedOSPlatform("linux")]
public sealed class PatchTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("qmoi-test-").FullName;
    private string Folder => Path.Combine(root, "tree");
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public PatchTests() => RealGit.NewRepository(Folder);

    public void Dispose() => Folders.Remove(root);

    public static TheoryData<string?, string> Pairs => new()
    {
        { null, "new\n" }, { null, "no end" }, { null, "" }, { "a\n", "b\n" }, { "a", "b" }, { "a\n", "a" }, { "a", "a\n" }, { "", "x\n" }, { "x\n", "" },
        { "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\nsixteen\n17\n18\n" },
        { "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n" },
        { "crlf\r\nline\r\n", "crlf\r\nother\r\n" }, { "cr\ronly\n", "cr\rmore\n" }, { "\uFEFFbom\n", "\uFEFFbom changed\n" }, { "- minus\n-- two\n", "+ plus\n++ two\n" },
    };

    [Theory, MemberData(nameof(Pairs))]
    public async Task Git_applies_what_is_shown(string? before, string after)
    {
        const string path = "some folder/file \"x\".txt";
        if (before is not null) Write(path, before);
        Write("untouched", "x");
        RealGit.Commit(Folder);
        var patch = new Patch([new FileEdit.Write(path, Bytes(before), Encoding.UTF8.GetBytes(after))]);
        RealGit.RunWith(Folder, UnifiedDiff.RenderBytes(patch), "apply", "--whitespace=nowarn");
        Assert.Equal(after, await File.ReadAllTextAsync(Path.Combine(Folder, path), new UTF8Encoding(false), Cancelled) is var text && after.StartsWith('\uFEFF') ? "\uFEFF" + text : text);
    }

    [Fact]
    public void Git_applies_random_edits()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 40; round++)
        {
            var before = Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(6) + "\n").ToList();
            var after = before.ToList();
            for (var i = random.Next(8); i > 0; i--)
            {
                var at = random.Next(after.Count + 1);
                if (random.Next(2) == 0) after.Insert(at, "new" + random.Next(3) + "\n");
                else if (at < after.Count) after.RemoveAt(at);
            }
            var (old, now) = (string.Concat(before), string.Concat(after));
            if (old == now) continue;
            Write("file", old);
            var patch = new Patch([new FileEdit.Write("file", Bytes(old), Encoding.UTF8.GetBytes(now))]);
            RealGit.RunWith(Folder, UnifiedDiff.RenderBytes(patch), "apply");
            Assert.True(now == File.ReadAllText(Path.Combine(Folder, "file")), $"seed {seed}");
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_of_ours_pass_unharmed()
    {
        byte[] before = [0xff, 0xe9, (byte)'\n', (byte)'a', (byte)'\n'], after = [0xff, 0xe9, (byte)'\n', 0xe8, (byte)'\n'];
        File.WriteAllBytes(Path.Combine(Folder, "latin"), before);
        RealGit.RunWith(Folder, UnifiedDiff.RenderBytes(new Patch([new FileEdit.Write("latin", before, after)])), "apply");
        Assert.Equal(after, File.ReadAllBytes(Path.Combine(Folder, "latin")));
    }

    [Fact]
    public void Modes_and_deletions_are_applied_and_binaries_only_named()
    {
        Write("run", "x\n");
        Write("gone", "one\ntwo");
        var patch = new Patch([new FileEdit.SetExecutable("run", true), new FileEdit.Delete("gone", Bytes("one\ntwo")!.Value)]);
        RealGit.RunWith(Folder, UnifiedDiff.RenderBytes(patch), "apply");
        Assert.True((File.GetUnixFileMode(Path.Combine(Folder, "run")) & UnixFileMode.UserExecute) != UnixFileMode.None);
        Assert.False(File.Exists(Path.Combine(Folder, "gone")));
        Assert.Equal("diff --git a/image b/image\nBinary files a/image and b/image differ\n",
            UnifiedDiff.Render(new Patch([new FileEdit.Write("image", new byte[] { 0, 1 }, new byte[] { 0, 2 })])));
    }

    [Fact]
    public void A_whole_new_lock_file_is_shown_in_moderate_time()
    {
        var before = string.Concat(Enumerable.Range(0, 60_000).Select(i => $"old {i}\n"));
        var after = string.Concat(Enumerable.Range(0, 60_000).Select(i => $"new {i}\n"));
        Assert.Contains("@@ -1,60000 +1,60000 @@", UnifiedDiff.Render(new Patch([new FileEdit.Write("lock", Bytes(before), Encoding.UTF8.GetBytes(after))])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Applying_writes_the_files_and_keeps_their_modes()
    {
        Write("run", "before\n");
        File.SetUnixFileMode(Path.Combine(Folder, "run"), (UnixFileMode)0b111_101_000);
        Write("gone", "x");
        Write("mode", "x");
        var patch = new Patch([Edit("run", "before\n", "after\n"), Edit("new/deep/file", null, "new\n"), new FileEdit.Delete("gone", Bytes("x")!.Value), new FileEdit.SetExecutable("mode", true)]);
        Assert.IsType<PatchWriteResult.Written>(await PatchWriter.ApplyAsync(patch, Folder, Cancelled));
        Assert.Equal("after\n", Read("run"));
        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(Path.Combine(Folder, "run")));
        Assert.Equal("new\n", Read("new/deep/file"));
        Assert.False(File.Exists(Path.Combine(Folder, "gone")));
        Assert.True((File.GetUnixFileMode(Path.Combine(Folder, "mode")) & UnixFileMode.UserExecute) != UnixFileMode.None);
        Assert.Equal(["mode", "new", "run"], Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).Where(name => name != ".git").Order(StringComparer.Ordinal));
        Assert.IsType<PatchWriteResult.Refused>(await PatchWriter.ApplyAsync(patch, Folder, Cancelled));
    }

    [Fact]
    public async Task A_rename_in_case_alone_leaves_the_new_name()
    {
        Write("readme", "x");
        Assert.IsType<PatchWriteResult.Written>(await PatchWriter.ApplyAsync(new Patch([Edit("README", null, "x"), new FileEdit.Delete("readme", Bytes("x")!.Value)]), Folder, Cancelled));
        Assert.Equal(["README"], Directory.EnumerateFiles(Folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_patch_that_does_not_fit_changes_nothing()
    {
        Write("a", "1");
        Write("b", "other");
        Assert.IsType<PatchWriteResult.Refused>(await PatchWriter.ApplyAsync(new Patch([Edit("a", "1", "2"), Edit("b", "1", "2")]), Folder, Cancelled));
        Assert.Equal("1", Read("a"));
    }

    [Fact]
    public async Task Nothing_is_written_through_a_symlink()
    {
        Directory.CreateDirectory(Path.Combine(root, "outside"));
        await File.WriteAllTextAsync(Path.Combine(root, "outside", "file"), "x", Cancelled);
        File.CreateSymbolicLink(Path.Combine(Folder, "folder"), Path.Combine(root, "outside"));
        File.CreateSymbolicLink(Path.Combine(Folder, "link"), Path.Combine(root, "outside", "file"));
        foreach (var edit in new FileEdit[]
        {
            Edit("folder/file", "x", "y"), Edit("folder/new", null, "y"), Edit("link", "x", "y"), Edit("link", null, "y"),
            new FileEdit.Delete("folder/file", Bytes("x")!.Value), new FileEdit.SetExecutable("link", true), Edit("../outside/file", "x", "y"), Edit(".git/hooks/x", null, "y"),
        })
            Assert.IsType<PatchWriteResult.Refused>(await PatchWriter.ApplyAsync(new Patch([edit]), Folder, Cancelled));
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(root, "outside", "file"), Cancelled));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(root, "outside")));
    }

    [Fact]
    public async Task A_folder_that_is_swapped_for_a_link_while_writing_lets_nothing_out()
    {
        var outside = Directory.CreateDirectory(Path.Combine(root, "outside")).FullName;
        var folder = new DirectoryInfo(Path.Combine(Folder, "folder"));
        folder.Create();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var swapping = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    try
                    {
                        folder.Delete(recursive: true);
                        folder.CreateAsSymbolicLink(outside);
                        File.Delete(folder.FullName);
                        folder.Create();
                    }
                    catch (IOException)
                    {
                        // The writer made the folder again meanwhile.
                        folder.Create();
                    }
                }
            },
            Cancelled);
        for (var round = 0; round < 300; round++)
            await PatchWriter.ApplyAsync(new Patch([Edit($"folder/file{round}", null, "x")]), Folder, Cancelled);
        await stop.CancelAsync();
        await swapping;
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(outside), entry => new FileInfo(entry).Length > 0);
    }

    [Fact]
    public async Task A_pipe_in_the_checkout_is_no_file_and_stops_nobody()
    {
        System.Diagnostics.Process.Start("mkfifo", [Path.Combine(Folder, "pipe")]).WaitForExit();
        Assert.Null(await new WorkTreeCheckout(Folder).ReadAsync("pipe", Cancelled));
    }

    [Fact]
    public void The_hash_knows_every_byte_and_no_order()
    {
        FileEdit a = Edit("a", "1", "2"), b = new FileEdit.SetExecutable("b", true);
        var hash = PatchHash.Of(new Patch([a, b]));
        Assert.Matches("^[0-9a-f]{64}$", hash);
        Assert.Equal(hash, PatchHash.Of(new Patch([b, a])));
        foreach (var other in new FileEdit[] { Edit("a", "1", "3"), Edit("a", "0", "2"), Edit("a", null, "2"), Edit("c", "1", "2"), new FileEdit.Delete("a", Bytes("1")!.Value) })
            Assert.NotEqual(hash, PatchHash.Of(new Patch([other, b])));
    }

    [Theory]
    [InlineData("a"), InlineData("a/b.c"), InlineData(".gitlab-ci.yml"), InlineData(".github/workflows/x.yml"), InlineData(".gitignore"), InlineData("a b/\u00fc"), InlineData("[id].js"), InlineData("src/-x")]
    public void A_usual_path_is_safe(string path) => Assert.True(RepositoryPath.IsSafe(path));

    [Theory]
    [InlineData(""), InlineData("/a"), InlineData("-a"), InlineData("a//b"), InlineData("a/"), InlineData("../a"), InlineData("a/../b"), InlineData("a/./b"), InlineData("."), InlineData("C:\\a"), InlineData("c:a")]
    [InlineData("a\\b"), InlineData(".git"), InlineData(".git/config"), InlineData("a/.GIT/x"), InlineData("GIT~1"), InlineData("git~1/x"), InlineData(".g\u200cit/x"), InlineData("\u200c.git"), InlineData(".git\uFEFF"), InlineData(".git.")]
    [InlineData(".git /x"), InlineData("a."), InlineData("a "), InlineData("a\nb"), InlineData("a\0b"), InlineData("a\u001bb"), InlineData(".git::$INDEX_ALLOCATION/x"), InlineData("a\u0085b"), InlineData("\u200d")]
    public void An_odd_path_is_not(string path) => Assert.False(RepositoryPath.IsSafe(path));

    [Fact]
    public void A_path_is_not_endless_and_no_broken_text()
    {
        Assert.False(RepositoryPath.IsSafe(new string('a', 4097)));
        Assert.False(RepositoryPath.IsSafe(string.Concat(Enumerable.Repeat("\u00fc", 2049))));
        Assert.False(RepositoryPath.IsSafe("a\ud800"));
    }

    private static FileEdit Edit(string path, string? before, string after) => new FileEdit.Write(path, Bytes(before), Encoding.UTF8.GetBytes(after));

    private static ReadOnlyMemory<byte>? Bytes(string? text) => text is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(text);

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Folder, path))!);
        File.WriteAllText(Path.Combine(Folder, path), content);
    }

    private string Read(string path) => File.ReadAllText(Path.Combine(Folder, path));
}
