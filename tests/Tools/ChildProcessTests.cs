using System.Runtime.Versioning;
using QMoi.Handlers.Git;
using QMoi.Handlers.Tools;

namespace QMoi.Tests.Tools;

/// <summary>The bot runs a program: what it gets, and what comes back.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChildProcessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qmoi-test-").FullName;
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Folders.Remove(folder);

    [Fact]
    public async Task Arguments_arrive_as_they_are_and_the_environment_is_only_what_was_given()
    {
        var ran = await RunAsync(new ChildSpec("sh", ["-c", "printf '%s\\n' \"$@\"; env | grep -v ^PWD= | grep -v ^_= | grep -v ^SHLVL=", "x", "a b", "$(id)", "\"q\"", "", "*"], folder)
        {
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["ONE"] = "1" },
        });
        Assert.Equal(["a b", "$(id)", "\"q\"", "", "*"], ran.Output.Text.Split('\n')[..5]);
        Assert.Equal(["ONE=1", "PATH=/usr/bin:/bin"], ran.Output.Text.Trim().Split('\n')[5..].Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Input_is_what_was_given_or_ends_at_once()
    {
        Assert.Equal("hello", (await RunAsync(new ChildSpec("cat", [], folder) { Input = "hello"u8.ToArray() })).Output.Text);
        Assert.Equal("", (await RunAsync(new ChildSpec("cat", [], folder))).Output.Text);
        Assert.Equal(0, (await RunAsync(new ChildSpec("true", [], folder) { Input = new byte[10 << 20] })).ExitCode);
    }

    [Fact]
    public async Task Output_is_kept_to_the_limit_with_its_end_beside_it()
    {
        var ran = await RunAsync(new ChildSpec("sh", ["-c", "head -c 300000 /dev/zero | tr '\\0' x; echo end; echo err >&2; exit 3"], folder) { OutputLimit = 100_000 });
        Assert.Equal(100_000, ran.Output.Bytes.Length);
        Assert.True(ran.Output.IsCut);
        Assert.EndsWith("xend\n", System.Text.Encoding.ASCII.GetString(ran.Output.Tail.Span), StringComparison.Ordinal);
        Assert.False(ran.Errors.IsCut);
        Assert.Equal("err\n", ran.Errors.Text);
        Assert.Equal(3, ran.ExitCode);
        Assert.Null(ran.Stopped);
    }

    [Fact]
    public async Task A_missing_program_is_a_result()
    {
        Assert.IsType<ChildResult.Missing>(await ChildProcess.RunAsync(new ChildSpec("no-such-program", [], folder), TimeProvider.System, Cancelled));
        Assert.IsType<ChildResult.Missing>(await ChildProcess.RunAsync(new ChildSpec("/etc/passwd", [], folder), TimeProvider.System, Cancelled));
        await File.WriteAllTextAsync(Path.Combine(folder, "tool"), "#!/bin/sh\n", Cancelled);
        File.SetUnixFileMode(Path.Combine(folder, "tool"), (UnixFileMode)0b111_101_101);
        Assert.IsType<ChildResult.Missing>(await ChildProcess.RunAsync(new ChildSpec("tool", [], folder), TimeProvider.System, Cancelled));
    }

    [Fact]
    public async Task A_program_and_its_children_are_ended_in_time()
    {
        var ran = await RunAsync(new ChildSpec("sh", ["-c", "sleep 6543210 & sleep 6543210"], folder) { Timeout = TimeSpan.FromMilliseconds(300) });
        Assert.True(ran.HasTimedOut);
        Assert.False(ran.Succeeded);
        Assert.Contains("longer", ran.Stopped, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_watch_ends_a_program_with_its_reason()
    {
        var ran = await RunAsync(new ChildSpec("sleep", ["6543211"], folder) { Watch = (_, _) => Task.FromResult<string?>("enough") });
        Assert.Equal("enough", ran.Stopped);
        Assert.False(ran.HasTimedOut);
    }

    private static async Task<ChildResult.Ran> RunAsync(ChildSpec spec) =>
        Assert.IsType<ChildResult.Ran>(await ChildProcess.RunAsync(spec, TimeProvider.System, Cancelled));
}
