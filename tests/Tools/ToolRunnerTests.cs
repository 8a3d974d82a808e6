using System.Runtime.Versioning;
using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Git;
using QMoi.Handlers.Tools;
using QMoi.Tests.Git;

namespace QMoi.Tests.Tools;

/// <summary>A fixer asks for a tool; the bot runs it on a copy and takes the patch, or says why not.</summary>
[SupportedOSPlatform("linux")]
public sealed class ToolRunnerTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("qmoi-test-").FullName;
    private string Source => Path.Combine(root, "app");
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<SandboxKind> Kinds => SandboxTests.Kinds;

    public ToolRunnerTests() => RealGit.NewRepository(Source);

    public void Dispose() => Folders.Remove(root);

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_the_tool_changed_becomes_a_patch_and_the_original_stays(SandboxKind kind)
    {
        Write("edit", "before\n");
        Write("gone", "x\n");
        Write("mode", "x\n");
        Write("same", "x\n");
        Write(".gitignore", "node_modules\n");
        RealGit.Commit(Source);
        File.SetUnixFileMode(Path.Combine(Source, "edit"), UnixFileMode.UserRead);
        var outcome = await ShellAsync(kind, ["**"], "echo after > edit; rm gone; chmod +x mode; mkdir new; echo new > new/file; touch same; mkdir node_modules; echo x > node_modules/x");
        var changed = Assert.IsType<ToolOutcome.Changed>(outcome);
        Assert.Equal(["edit", "gone", "mode", "new/file"], changed.Files);
        Assert.Equal("before\n", Text(Assert.IsType<FileEdit.Write>(changed.Patch.Edits[0]).Before!.Value));
        Assert.Equal("after\n", Text(((FileEdit.Write)changed.Patch.Edits[0]).After));
        Assert.Equal("x\n", Text(Assert.IsType<FileEdit.Delete>(changed.Patch.Edits[1]).Before));
        Assert.True(Assert.IsType<FileEdit.SetExecutable>(changed.Patch.Edits[2]).IsExecutable);
        Assert.Null(Assert.IsType<FileEdit.Write>(changed.Patch.Edits[3]).Before);
        Assert.Equal("before\n", await File.ReadAllTextAsync(Path.Combine(Source, "edit"), Cancelled));
        Assert.IsType<PatchWriteResult.Written>(await PatchWriter.ApplyAsync(changed.Patch, Source, Cancelled));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Nothing_changed_is_said(SandboxKind kind)
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        Assert.IsType<ToolOutcome.NothingChanged>(await ShellAsync(kind, ["file"], "touch file; cp file copy; rm copy"));
    }

    [Theory]
    [InlineData("echo x > other", "other")]
    [InlineData("chmod +x other", "other")]
    [InlineData("rm other", "other")]
    [InlineData("echo x > new", "new")]
    [InlineData("rm file; ln -s /etc/passwd file", "file")]
    [InlineData("ln -s /etc/passwd file2", "file2")]
    [InlineData("mv sub away; ln -s away sub", "away/inner sub sub/inner")]
    [InlineData("mkdir .git; echo '[core] fsmonitor = x' > .git/config", ".git")]
    [InlineData("echo gitdir: /tmp > sub/.git", "sub/.git")]
    [InlineData("ln -s /tmp .git", ".git")]
    [InlineData("echo '*' > .gitignore; echo x > hidden", ".gitignore")]
    [InlineData("echo 'file filter=evil' > .gitattributes", ".gitattributes")]
    public async Task Going_too_far_is_found(string script, string named)
    {
        Write("file", "x\n");
        Write("other", "y\n");
        Write("sub/inner", "z\n");
        Write(".gitignore", "ignored\n");
        RealGit.Commit(Source);
        var outcome = await ShellAsync(await AnyAsync(), ["file", "file2"], "echo changed > file; " + script);
        Assert.Equal(named.Split(' '), Assert.IsType<ToolOutcome.Overreached>(outcome).Paths);
    }

    [Fact]
    public async Task A_repository_made_inside_is_found()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        var outcome = await ShellAsync(await AnyAsync(), ["file", "inner/**"], "mkdir inner; cd inner; git init --quiet .; echo x > x; true");
        Assert.Contains("inner/", Assert.IsType<ToolOutcome.Overreached>(outcome).Paths);
    }

    [Fact]
    public async Task Restoring_the_time_of_a_changed_file_hides_nothing()
    {
        Write("file", "x\n");
        Write("other", "y\n");
        RealGit.Commit(Source);
        var outcome = await ShellAsync(await AnyAsync(), ["file"], "touch -r other stamp; echo z > other; touch -r stamp other; rm stamp");
        Assert.Equal(["other"], Assert.IsType<ToolOutcome.Overreached>(outcome).Paths);
    }

    [Fact]
    public async Task A_pipe_in_place_of_a_file_holds_nobody_up()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        Assert.IsType<ToolOutcome.Failed>(await ShellAsync(await AnyAsync(), ["file"], "rm file; mkfifo file"));
    }

    [Fact]
    public async Task A_failing_tool_is_quoted_without_its_colours()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        var outcome = await ShellAsync(await AnyAsync(), ["file"], "printf 'first\\n\\033[31mred\\033[0m \\033]8;;http://x\\007link\\rover\\000write\\n' >&2; exit 3");
        var reason = Assert.IsType<ToolOutcome.Failed>(outcome).Reason;
        Assert.Contains("exit code 3", reason, StringComparison.Ordinal);
        Assert.EndsWith("first\nred link\noverwrite", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expected_exit_code_is_no_failure_and_the_next_command_runs()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        var run = new ToolRun([new ToolCommand(["sh", "-c", "echo 1 > file; exit 4"], ExpectedExitCodes: [4]), new ToolCommand(["sh", "-c", "echo 2 >> file"])], "", "x");
        var changed = Assert.IsType<ToolOutcome.Changed>(await RunAsync(await AnyAsync(), run, ["file"]));
        Assert.Equal("1\n2\n", Text(((FileEdit.Write)changed.Patch.Edits[0]).After));
    }

    [Fact]
    public async Task A_missing_tool_is_named_with_how_to_get_it()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        var missing = Assert.IsType<ToolOutcome.MissingTool>(await RunAsync(await AnyAsync(), new ToolRun([new ToolCommand(["no-such-tool", "x"])], "", "x"), ["file"]));
        Assert.Equal("no-such-tool", missing.Program);
        Assert.Contains("no-such-tool", missing.HowToGetIt, StringComparison.Ordinal);
        Assert.IsType<ToolOutcome.MissingTool>(await RunAsync(await AnyAsync(), new ToolRun([new ToolCommand(["./gradlew"])], "", "x"), ["file"]));
        Assert.IsType<ToolOutcome.Failed>(await RunAsync(await AnyAsync(), new ToolRun([new ToolCommand(["/bin/true"])], "", "x"), ["file"]));
        Assert.IsType<ToolOutcome.Failed>(await RunAsync(await AnyAsync(), new ToolRun([new ToolCommand(["../../bin/true"])], "", "x"), ["file"]));
    }

    [Fact]
    public async Task A_tool_of_the_repository_runs_in_its_folder()
    {
        Write("sub/tool", "#!/bin/sh\npwd > out\n");
        File.SetUnixFileMode(Path.Combine(Source, "sub/tool"), (UnixFileMode)0b111_101_101);
        RealGit.Commit(Source);
        var changed = Assert.IsType<ToolOutcome.Changed>(await RunAsync(await AnyAsync(), new ToolRun([new ToolCommand(["./tool"])], "sub", "x"), ["sub/out"]));
        Assert.Equal("/checkout/sub\n", Text(((FileEdit.Write)changed.Patch.Edits[0]).After));
    }

    [Fact]
    public async Task A_working_folder_behind_a_link_is_not_entered()
    {
        Directory.CreateSymbolicLink(Path.Combine(Source, "link"), "/tmp");
        RealGit.Commit(Source);
        foreach (var folder in new[] { "link", "../x", "none" })
            Assert.IsType<ToolOutcome.Failed>(await RunAsync(await AnyAsync(), new ToolRun([new ToolCommand(["true"])], folder, "x"), ["file"]));
    }

    [Fact]
    public async Task Without_a_sandbox_nothing_runs()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        var none = await Sandbox.ProbeAsync(new SandboxSettings { Only = SandboxKind.None }, TimeProvider.System, Cancelled);
        Assert.IsType<ToolOutcome.NoSandbox>(await ShellAsync(none, ["file"], "echo 2 > file"));
    }

    [Fact]
    public async Task Too_many_or_too_large_files_are_no_patch()
    {
        Write("file", "x\n");
        RealGit.Commit(Source);
        Assert.IsType<ToolOutcome.Failed>(await ShellAsync(await AnyAsync(), ["**"], "for i in $(seq 101); do echo > f$i; done"));
        Assert.IsType<ToolOutcome.Failed>(await ShellAsync(await AnyAsync(), ["file"], "head -c 6000000 /dev/zero > file"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Npm_brings_a_lock_file_up_to_date_without_a_network(SandboxKind kind)
    {
        if (Programs.Find("npm", Environment.GetEnvironmentVariable("PATH") ?? "") is null) Assert.Skip("npm is not installed");
        Write("package.json", """{ "name": "app", "version": "1.0.0", "dependencies": { "local": "file:./local" }, "scripts": { "preinstall": "touch /checkout/ran" } }""");
        Write("local/package.json", """{ "name": "local", "version": "2.3.4" }""");
        Write("package-lock.json", """{ "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "app", "version": "1.0.0" } } }""");
        RealGit.Commit(Source);
        var run = new ToolRun([new ToolCommand(["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], NeedsRegistry: true)], "", "Brings package-lock.json up to date.");
        var outcome = await RunAsync(await SandboxTests.SandboxAsync(kind), run, ["package-lock.json"]);
        Assert.True(outcome is ToolOutcome.Changed, outcome.ToString());
        var changed = (ToolOutcome.Changed)outcome;
        Assert.Equal(["package-lock.json"], changed.Files);
        Assert.Contains("2.3.4", Text(((FileEdit.Write)changed.Patch.Edits[0]).After), StringComparison.Ordinal);
        Assert.IsType<PatchVerdict.Allowed>(PatchRules.Check(changed.Patch, new PatchScope(PatchAuthor.Tool, ["package-lock.json"])));
    }

    private static async Task<Sandbox> AnyAsync()
    {
        var sandbox = await Sandbox.ProbeAsync(new SandboxSettings { Registries = [], Launcher = SandboxLauncher.Command }, TimeProvider.System, Cancelled);
        if (sandbox.Kind == SandboxKind.None) Assert.Skip(sandbox.Reason);
        return sandbox;
    }

    private async Task<ToolOutcome> ShellAsync(SandboxKind kind, string[] mayChange, string script) => await ShellAsync(await SandboxTests.SandboxAsync(kind), mayChange, script);

    private Task<ToolOutcome> ShellAsync(Sandbox sandbox, string[] mayChange, string script) => RunAsync(sandbox, new ToolRun([new ToolCommand(["sh", "-c", script])], "", "x"), mayChange);

    private async Task<ToolOutcome> RunAsync(Sandbox sandbox, ToolRun run, string[] mayChange)
    {
        using var tree = await WorkTree.OpenExistingAsync(Source, TimeProvider.System, Cancelled);
        return await new ToolRunner(sandbox).RunAsync(run, tree, mayChange, Cancelled);
    }

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Source, path))!);
        File.WriteAllText(Path.Combine(Source, path), content);
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
