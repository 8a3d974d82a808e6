using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using QMoi.Handlers.Git;
using QMoi.Handlers.Tools;

namespace QMoi.Tests.Tools;

/// <summary>A stranger's program runs in the sandbox; afterwards the machine looks as before. Told for each kind that this machine offers.</summary>
[SupportedOSPlatform("linux")]
public sealed class SandboxTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qmoi-test-").FullName;
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<SandboxKind> Kinds => [SandboxKind.Bubblewrap, SandboxKind.Unshare];

    public void Dispose() => Folders.Remove(folder);

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_program_writes_into_its_checkout_and_nowhere_else(SandboxKind kind)
    {
        var outside = Directory.CreateTempSubdirectory("qmoi-outside-").FullName;
        try
        {
            var ran = await ShellAsync(kind, $"echo in > here; echo out > {outside}/there; echo out > /usr/there; echo out > /there; echo out > /dev/there; echo out > /etc/there; ls /");
            Assert.Equal("in\n", await File.ReadAllTextAsync(Path.Combine(folder, "here"), Cancelled));
            Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
            Assert.DoesNotContain("there", ran.Output.Text, StringComparison.Ordinal);
            Assert.False(File.Exists("/usr/there") || File.Exists("/etc/there") || File.Exists("/there"));
        }
        finally
        {
            Folders.Remove(outside);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Files_of_the_machine_and_of_others_do_not_exist_inside(SandboxKind kind)
    {
        var other = Directory.CreateTempSubdirectory("qmoi-other-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(other, "secret"), "hidden-word", Cancelled);
            var ran = await ShellAsync(kind, $"cat {other}/secret; cat /etc/shadow; ls /root /home /opt /tmp /var/tmp /run /srv /mnt /sys 2>/dev/null | cat; cat /proc/1/root{other}/secret");
            Assert.DoesNotContain("hidden-word", ran.Output.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("root:", ran.Output.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("qmoi-", ran.Output.Text, StringComparison.Ordinal);
        }
        finally
        {
            Folders.Remove(other);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_hidden_folder_stays_hidden_in_a_system_folder(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind, new SandboxSettings { HiddenFolders = ["/usr/share/perl5", "/usr/lib/git-core"] });
        var ran = await ShellAsync(sandbox, "ls /usr/lib/git-core | wc -l");
        Assert.Equal("0", ran.Output.Text.Trim());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Nothing_of_the_bots_environment_is_to_be_found(SandboxKind kind)
    {
        Environment.SetEnvironmentVariable("QMOI_TEST_SECRET", "secret-word-7");
        var ran = await ShellAsync(kind, "env; cat /proc/*/environ | tr '\\0' '\\n'; cat /proc/*/cmdline | tr '\\0' ' '");
        Assert.DoesNotContain("secret-word-7", ran.Output.Text, StringComparison.Ordinal);
        Assert.Contains("CI=true", ran.Output.Text, StringComparison.Ordinal);
        Assert.Contains("HOME=/tmp/home", ran.Output.Text, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task No_rights_are_left(SandboxKind kind)
    {
        var ran = await ShellAsync(kind, "cat /proc/self/status; mount -t tmpfs none /tmp/home && echo mounted; unshare --user --map-root-user mount -t tmpfs none /mnt && echo mounted");
        var text = ran.Output.Text;
        Assert.Contains("CapEff:\t0000000000000000", text, StringComparison.Ordinal);
        Assert.Contains("CapBnd:\t0000000000000000", text, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("mounted", text, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_network_is_unreachable_and_its_own_loopback_works(SandboxKind kind)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        var ran = await ShellAsync(kind, $"(echo hello > /dev/tcp/127.0.0.1/{port}) 2>&1 && echo reached; grep -c : /proc/net/dev; grep lo: /proc/net/dev; [ -d /sys/class/net/eth0 ] && echo reached", "bash");
        Assert.DoesNotContain("reached", ran.Output.Text, StringComparison.Ordinal);
        Assert.Contains("refused", ran.Output.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("lo:", ran.Output.Text, StringComparison.Ordinal);
        Assert.False(server.Pending());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_fork_bomb_is_bounded(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind, new SandboxSettings { Processes = 40, Timeout = TimeSpan.FromSeconds(60) });
        var ran = await ShellAsync(sandbox, "i=0; while [ $i -lt 200 ]; do sleep 100 & i=$((i+1)); done; echo unbounded");
        Assert.False(ran.Output.Text.Contains("unbounded", StringComparison.Ordinal), sandbox.Reason);
        Assert.Contains("fork", ran.Errors.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Endless_output_is_cut_and_ended(SandboxKind kind)
    {
        var ran = await RunAsync(await SandboxAsync(kind), ["yes"]);
        Assert.Equal(1 << 20, ran.Output.Bytes.Length);
        Assert.True(ran.Output.IsCut);
        Assert.Equal("it printed without end", ran.Stopped);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_program_that_takes_too_long_is_ended(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind, new SandboxSettings { Timeout = TimeSpan.FromSeconds(1) });
        var ran = await RunAsync(sandbox, ["sleep", "1000"]);
        Assert.True(ran.HasTimedOut);
        Assert.True(ran.Elapsed < TimeSpan.FromSeconds(20));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_child_that_went_into_the_background_is_dead_afterwards(SandboxKind kind)
    {
        var ran = await ShellAsync(kind, "setsid sh -c 'trap \"\" TERM HUP; exec 1>&- 2>&- 0<&-; echo > up; exec sleep 7654321' & until [ -e up ]; do :; done; echo started");
        Assert.Equal("started\n", ran.Output.Text);
        Assert.True(await GoneAsync("7654321"), "the daemon lives");
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Cancelling_ends_everything(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        using var session = await sandbox.OpenAsync(folder, Cancelled);
        var run = session.RunAsync(["sh", "-c", "echo > started; sleep 7654322 & sleep 7654322"], "", needsRegistry: false, cancel.Token);
        while (!File.Exists(Path.Combine(folder, "started"))) await Task.Yield();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.True(await GoneAsync("7654322"), "a child lives");
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Memory_of_one_and_of_many_is_bounded(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind, new SandboxSettings { MemoryBytes = 200 << 20, Timeout = TimeSpan.FromSeconds(60) });
        var one = await RunAsync(sandbox, ["perl", "-e", "my $x = 'a' x (1 << 30); print length $x"]);
        Assert.False(one.Succeeded);
        var many = await RunAsync(sandbox, ["perl", "-e", "for (1..8) { fork or do { my $x = 'a' x (60 << 20); sleep 1000 } } sleep 1000"]);
        Assert.Equal("it used too much memory", many.Stopped);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Disk_is_bounded(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind, new SandboxSettings { FileBytes = 100 << 20, DiskBytes = 200 << 20, TemporaryBytes = 1 << 20, Timeout = TimeSpan.FromSeconds(60) });
        var ran = await ShellAsync(sandbox, "head -c 5000000 /dev/zero > /tmp/home/large; stat -c %s /tmp/home/large; i=0; while true; do i=$((i+1)); head -c 150000000 /dev/zero > $i || [ $i -lt 20 ] || sleep 1000; done");
        Assert.Equal("it wrote too much to the disk", ran.Stopped);
        Assert.True(int.Parse(ran.Output.Text.Split('\n')[0]) <= 1 << 20);
        Assert.True(new FileInfo(Path.Combine(folder, "1")).Length <= 100 << 20);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_tool_under_a_home_folder_is_found_with_its_interpreter(SandboxKind kind)
    {
        // Beside the tool's folder lies something that is nobody's business.
        var home = Directory.CreateTempSubdirectory("qmoi-home-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(home, ".tool", "bin"));
            File.SetUnixFileMode(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var script = Path.Combine(home, ".tool", "bin", "greet");
            await File.WriteAllTextAsync(script, $"#!/usr/bin/env bash\necho hello; cat {home}/secret\n", Cancelled);
            await File.WriteAllTextAsync(Path.Combine(home, "secret"), "hidden-word", Cancelled);
            File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
            var ran = await RunAsync(await SandboxAsync(kind), [script]);
            Assert.Equal("hello\n", ran.Output.Text);
        }
        finally
        {
            Folders.Remove(home);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Node_and_dotnet_run_inside(SandboxKind kind)
    {
        var sandbox = await SandboxAsync(kind);
        foreach (var (program, argument) in new[] { ("node", "--version"), ("npm", "--version"), ("dotnet", "--version") })
        {
            if (Programs.Find(program, Environment.GetEnvironmentVariable("PATH") ?? "") is null) continue;
            var ran = await RunAsync(sandbox, [program, argument]);
            Assert.True(ran.Succeeded, program + ": " + ran.Errors.Text + ran.Output.Text);
            Assert.NotEmpty(ran.Output.Text);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Only_the_configured_registry_is_reached_and_only_by_a_command_that_needs_it(SandboxKind kind)
    {
        await using var registry = new TinyServer("registry says hello");
        await using var other = new TinyServer("other says hello");
        var sandbox = await SandboxAsync(kind, new SandboxSettings { Registries = [$"127.0.0.1:{registry.Port}"], Launcher = SandboxLauncher.Command });
        const string ask = "ask() { exec 3<>/dev/tcp/127.0.0.1/3128 || return; printf 'GET http://127.0.0.1:%s/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' $1 >&3; cat <&3; exec 3>&-; }; ";
        var with = await RunAsync(sandbox, ["bash", "-c", ask + $"ask {registry.Port}; ask {other.Port}; echo $HTTPS_PROXY; exit 7"], needsRegistry: true);
        Assert.Contains("registry says hello", with.Output.Text, StringComparison.Ordinal);
        Assert.Contains("403", with.Output.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("other says", with.Output.Text, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:3128", with.Output.Text, StringComparison.Ordinal);
        Assert.Equal(7, with.ExitCode);
        Assert.Equal(0, other.Requests);

        var without = await RunAsync(sandbox, ["bash", "-c", ask + $"ask {registry.Port}; echo $HTTPS_PROXY"]);
        Assert.DoesNotContain("hello", without.Output.Text, StringComparison.Ordinal);
        Assert.Equal(1, registry.Requests);
    }

    [Fact]
    public async Task Where_nothing_works_the_reason_is_said()
    {
        var sandbox = await Sandbox.ProbeAsync(new SandboxSettings { Only = SandboxKind.None }, TimeProvider.System, Cancelled);
        Assert.Equal(SandboxKind.None, sandbox.Kind);
        Assert.Contains("bubblewrap", sandbox.Reason, StringComparison.Ordinal);
    }

    internal static async Task<Sandbox> SandboxAsync(SandboxKind kind, SandboxSettings? settings = null)
    {
        var sandbox = await Sandbox.ProbeAsync((settings ?? new SandboxSettings { Registries = [] }) with { Only = kind, Launcher = SandboxLauncher.Command }, TimeProvider.System, Cancelled);
        if (sandbox.Kind == SandboxKind.None) Assert.Skip($"This machine has no {kind}: {sandbox.Reason}");
        return sandbox;
    }

    private async Task<ChildResult.Ran> ShellAsync(SandboxKind kind, string script, string shell = "sh") => await ShellAsync(await SandboxAsync(kind), script, shell);

    private Task<ChildResult.Ran> ShellAsync(Sandbox sandbox, string script, string shell = "sh") => RunAsync(sandbox, [shell, "-c", script]);

    private async Task<ChildResult.Ran> RunAsync(Sandbox sandbox, IReadOnlyList<string> arguments, bool needsRegistry = false)
    {
        using var session = await sandbox.OpenAsync(folder, Cancelled);
        return Assert.IsType<SandboxResult.Ran>(await session.RunAsync(arguments, "", needsRegistry, Cancelled)).Result;
    }

    // The kernel takes its moment to bury a process; we look until it is done, with an end.
    private static async Task<bool> GoneAsync(string argument)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!patience.IsCancellationRequested)
        {
            var isAlive = Directory.EnumerateDirectories("/proc").Where(entry => char.IsAsciiDigit(Path.GetFileName(entry)[0])).Any(entry =>
            {
                try { return File.ReadAllText(entry + "/cmdline").Contains("sleep\0" + argument, StringComparison.Ordinal); }
                catch (IOException) { return false; }
            });
            if (!isAlive) return true;
            await Task.Yield();
        }
        return false;
    }
}

/// <summary>Answers every HTTP request on loopback with the same words.</summary>
internal sealed class TinyServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Task serving;
    private int requests;

    public TinyServer(string words)
    {
        listener.Start();
        serving = ServeAsync(words);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;
    public int Requests => requests;
    public string LastRequest { get; private set; } = "";

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
    }

    private async Task ServeAsync(string words)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref requests);
                await using var stream = client.GetStream();
                var buffer = new byte[8192];
                var count = await stream.ReadAsync(buffer);
                LastRequest = Encoding.Latin1.GetString(buffer, 0, count);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {words.Length}\r\nConnection: close\r\n\r\n{words}"));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // Stopped.
        }
    }
}
