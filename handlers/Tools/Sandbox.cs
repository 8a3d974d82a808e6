using System.Diagnostics;
using System.Globalization;
using QMoi.Handlers.Git;

namespace QMoi.Handlers.Tools;

/// <summary>What became of one command in the sandbox.</summary>
public abstract record SandboxResult
{
    private SandboxResult() { }

    public sealed record Ran(ChildResult.Ran Result) : SandboxResult;

    public sealed record MissingProgram(string Program) : SandboxResult;
}

/// <summary>Runs strangers' code: no credentials, no network but the configured registries, nothing of the machine but its programs (read-only),
/// no rights, bounded in every direction, gone as a whole when the command is over.</summary>
/// <remarks>The command sees <c>/checkout</c> (the only thing of ours it can write), a home and temporary folder in memory, system programs and libraries, a few
/// harmless files of <c>/etc</c>, and the folders of the program itself. Everything else does not exist there.</remarks>
public sealed class Sandbox
{
    private const string Inside = "/checkout";
    private const string Socket = "/run/registries.sock";
    private const int ProxyPort = 3128; // in a network of its own: nothing else listens there
    private const int FirstUser = 61200; // no packager's range: between systemd's dynamic users and 65534
    private const int Users = 64;

    private static readonly string[] SystemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/gnu/store", "/nix/store"];

    private static readonly string[] SystemFiles =
    [
        "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/ca-trust", "/etc/pki/tls/certs",
        "/etc/pki/tls/openssl.cnf", "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/crypto-policies", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/protocols",
        "/etc/services", "/etc/localtime", "/etc/timezone", "/etc/os-release", "/etc/debian_version", "/etc/alpine-release", "/etc/mime.types", "/etc/terminfo",
        "/etc/dotnet", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/java-25-openjdk", "/etc/maven", "/etc/python3", "/etc/python3.11", "/etc/python3.12", "/etc/python3.13", "/etc/perl",
    ];

    // Certificates the machine trusts; without them a tool behind a company's proxy could not speak to the registry.
    private static readonly string[] CertificateSettings =
    [
        "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "CARGO_HTTP_CAINFO", "NUGET_CERT_REVOCATION_MODE",
    ];

    // A bare environment in which tools ask nothing, report nothing and run nobody's install scripts, even where a command forgets to say so.
    private static readonly (string Name, string Value)[] Quiet =
    [
        ("HOME", "/tmp/home"), ("TMPDIR", "/tmp/tmp"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("CI", "true"), ("NO_COLOR", "1"),
        ("USER", "tool"), ("LOGNAME", "tool"), ("SHELL", "/bin/sh"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_CONFIG_NOSYSTEM", "1"),
        ("npm_config_ignore_scripts", "true"), ("npm_config_audit", "false"), ("npm_config_fund", "false"), ("npm_config_update_notifier", "false"),
        ("npm_config_progress", "false"), ("npm_config_cache", "/tmp/home/.npm"), ("YARN_ENABLE_SCRIPTS", "false"), ("YARN_ENABLE_TELEMETRY", "0"),
        ("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0"), ("NEXT_TELEMETRY_DISABLED", "1"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("RUFF_NO_CACHE", "true"),
        ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"), ("DOTNET_NOLOGO", "1"), ("DOTNET_SKIP_FIRST_TIME_EXPERIENCE", "1"), ("DOTNET_GENERATE_ASPNET_CERTIFICATE", "false"),
        ("DOTNET_CLI_HOME", "/tmp/home"), ("DOTNET_EnableDiagnostics", "0"), ("MSBUILDDISABLENODEREUSE", "1"), ("NUGET_XMLDOC_MODE", "skip"),
        ("GOTOOLCHAIN", "local"), ("GOTELEMETRY", "off"), ("GOFLAGS", "-modcacherw"),
    ];

    private static readonly bool[] UsersTaken = new bool[Users];

    private readonly SandboxSettings settings;
    private readonly TimeProvider clock;
    private readonly bool hasOwnUser;
    private readonly NpmConfiguration npm;
    private readonly Lazy<Launcher> launcher;

    private Sandbox(SandboxKind kind, bool hasOwnUser, string reason, SandboxSettings settings, TimeProvider clock)
    {
        Kind = kind;
        Reason = reason;
        this.hasOwnUser = hasOwnUser;
        this.settings = settings;
        this.clock = clock;
        npm = new NpmConfiguration(clock);
        launcher = new Lazy<Launcher>(() => Launcher.Of(settings.Launcher));
    }

    public SandboxKind Kind { get; }

    /// <summary>What was found, or why there is no sandbox, in words for people.</summary>
    public string Reason { get; }

    /// <summary>Looks what this machine offers by really running a small program in each kind of sandbox until one holds. Once, at the start.</summary>
    public static async Task<Sandbox> ProbeAsync(SandboxSettings settings, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux()) return new Sandbox(SandboxKind.None, false, "Tools run only on Linux: there is no sandbox for this system.", settings, clock);
        var problems = new List<string>();
        foreach (var (kind, hasOwnUser) in Candidates(settings))
        {
            var found = Describe(kind, hasOwnUser) + (problems.Count == 0 ? "" : $" (not {string.Join("; not ", problems)})");
            var candidate = new Sandbox(kind, hasOwnUser, found, settings, clock);
            var problem = await candidate.TryAsync(cancellationToken);
            if (problem is null) return candidate;
            problems.Add($"{Describe(kind, hasOwnUser)}: {problem}");
        }
        var reason = "No sandbox works on this machine, so tools are off. Install bubblewrap, or allow user namespaces. Tried: " + string.Join("; ", problems.Distinct(StringComparer.Ordinal));
        return new Sandbox(SandboxKind.None, false, reason, settings, clock);
    }

    /// <summary>Takes a folder for a number of commands. The folder belongs to the sandbox's user from then on, where there is one.</summary>
    public async Task<SandboxSession> OpenAsync(string folder, CancellationToken cancellationToken)
    {
        if (Kind == SandboxKind.None) throw new InvalidOperationException(Reason);
        int? user = hasOwnUser ? TakeUser() : null;
        var own = Directory.CreateTempSubdirectory("qmoi-run-").FullName;
        var session = new SandboxSession(this, folder, own, user);
        try
        {
            await session.OwnAsync(clock, cancellationToken);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    internal async Task<SandboxResult> RunAsync(SandboxSession session, IReadOnlyList<string> arguments, string workingFolder, bool needsRegistry, IReadOnlyList<string> mayCall, CancellationToken cancellationToken)
    {
        if (arguments.Count == 0) throw new ArgumentException("A command has a program.", nameof(arguments));
        var searchPath = SearchPath;
        var isOfTree = arguments[0].Contains('/', StringComparison.Ordinal) && !Path.IsPathRooted(arguments[0]);
        if (isOfTree ? !File.Exists(Path.Combine(session.Folder, workingFolder, arguments[0])) : Programs.Find(arguments[0], searchPath) is null)
            return new SandboxResult.MissingProgram(arguments[0]);
        var program = isOfTree ? $"{Inside}/{(workingFolder.Length == 0 ? "" : workingFolder + "/")}{arguments[0]}" : Programs.Find(arguments[0], searchPath)!;

        var registries = needsRegistry ? await RegistriesAsync(arguments[0], cancellationToken) : [];
        var environment = await EnvironmentAsync(registries.Count > 0, cancellationToken);
        var proxySocket = Path.Combine(session.Own, "p" + session.NextNumber());
        await using var proxy = registries.Count > 0 ? RegistryProxy.Start(registries, proxySocket, clock) : null;

        var options = new MountOptions();
        AddSystem(options, session);
        if (!isOfTree)
            foreach (var folder in Programs.FoldersOf(program, searchPath)) options.ReadOnly(folder);
        foreach (var folder in mayCall.Select(name => Programs.Find(name, searchPath)).OfType<string>().SelectMany(found => Programs.FoldersOf(found, searchPath)).Distinct(StringComparer.Ordinal))
            options.ReadOnly(folder);
        foreach (var name in CertificateSettings)
            if (environment.TryGetValue(name, out var file) && Path.IsPathRooted(file) && Path.Exists(file)) options.ReadOnly(file);
        string[] command = [program, .. arguments.Skip(1)];
        if (proxy is not null)
        {
            options.Writable(proxySocket, Socket);
            options.ReadOnly(launcher.Value.Folder, Launcher.Inside);
            options.ReadOnly(Launcher.RuntimeFolder);
            environment["DOTNET_ROOT"] = Launcher.RuntimeFolder;
            command = [.. launcher.Value.CommandInside, ToolForward.Verb, Socket, ProxyPort.ToString(CultureInfo.InvariantCulture), "--", .. command];
        }
        Hide(options);
        options.Writable(session.Folder, Inside);
        options.Seal();

        string[] all = [.. options.Arguments, "--chdir", workingFolder.Length == 0 ? Inside : $"{Inside}/{workingFolder}", "--", .. Confinement(session), .. command];
        var (outer, outerArguments) = Outer(session, all);
        var watch = new SandboxWatch(settings, session.Folder, clock);
        var result = await ChildProcess.RunAsync(
            new ChildSpec(outer, outerArguments, session.Own) { Environment = environment, Timeout = settings.Timeout, Watch = watch.WatchAsync }, clock, cancellationToken);
        return result switch
        {
            ChildResult.Ran ran => new SandboxResult.Ran(ran),
            ChildResult.Missing missing => new SandboxResult.MissingProgram(missing.Program),
            _ => throw new InvalidOperationException("Unknown result."),
        };
    }

    internal static string SearchPath => Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : "/usr/local/bin:/usr/bin:/bin";

    internal void Return(int? user)
    {
        if (user is not { } taken) return;
        lock (UsersTaken) UsersTaken[taken - FirstUser] = false;
    }

    /// <summary>Registries that a program may read: where the setting is absent, the sources of this machine's NuGet for <c>dotnet</c>, and the registry of its npm for all others.</summary>
    public async Task<IReadOnlyList<RegistryHost>> RegistriesAsync(string program, CancellationToken cancellationToken)
    {
        if (settings.Registries is { } configured)
            return [.. configured.Select(text => RegistryHost.TryParse(text) ?? throw new FormatException($"\"{text}\" is no host or host:port."))];
        if (program == "dotnet") return NugetConfiguration.Hosts();
        return (await npm.ReadAsync(cancellationToken)).Host is { } host ? [host] : [];
    }

    private static IEnumerable<(SandboxKind Kind, bool HasOwnUser)> Candidates(SandboxSettings settings)
    {
        foreach (var kind in new[] { SandboxKind.Bubblewrap, SandboxKind.Unshare })
        {
            if (settings.Only is { } only && only != kind) continue;
            // Root's processes are not counted and root's files are open to it, so root lends each run a user of its own.
            if (Environment.IsPrivilegedProcess) yield return (kind, true);
            yield return (kind, false);
        }
    }

    private static string Describe(SandboxKind kind, bool hasOwnUser) =>
        (kind == SandboxKind.Bubblewrap ? "bubblewrap" : "unshare") + (hasOwnUser ? " with a user of its own" : " in a user namespace");

    private async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Kind == SandboxKind.Bubblewrap ? new[] { "bwrap", "prlimit" } : ["unshare", "setpriv", "prlimit"])
            if (Programs.Find(name, SearchPath) is null) return name + " is not installed";
        var folder = Directory.CreateTempSubdirectory("qmoi-probe-").FullName;
        try
        {
            using var session = await OpenAsync(folder, cancellationToken);
            return await RunAsync(session, ["touch", "works"], "", needsRegistry: false, mayCall: [], cancellationToken) switch
            {
                SandboxResult.Ran { Result.Succeeded: true } => File.Exists(Path.Combine(folder, "works")) ? null : "it does not let anything be written",
                SandboxResult.Ran { Result: var ran } => ran.Stopped ?? PlainText.Tail(ran.Errors.Tail.Span, 200),
                _ => "touch is missing",
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or GitException)
        {
            return exception.Message;
        }
        finally
        {
            Folders.Remove(folder);
        }
    }

    private static int TakeUser()
    {
        lock (UsersTaken)
        {
            var free = Array.IndexOf(UsersTaken, false);
            if (free < 0) throw new InvalidOperationException("Too many tools run at a time.");
            UsersTaken[free] = true;
            return FirstUser + free;
        }
    }

    private void AddSystem(MountOptions options, SandboxSession session)
    {
        options.Folder("/etc");
        options.Folder("/var");
        options.Folder("/run");
        foreach (var path in SystemFolders)
        {
            if (new FileInfo(path).LinkTarget is { } target) options.Link(target, path);
            else options.ReadOnly(path);
        }
        foreach (var path in SystemFiles) options.ReadOnly(path);
        foreach (var (name, content) in AccountFiles(session))
        {
            var file = Path.Combine(session.Own, name);
            if (!File.Exists(file)) File.WriteAllText(file, content);
            options.ReadOnly(file, "/etc/" + name);
        }
        options.System(settings.TemporaryBytes);
    }

    private static (string Name, string Content)[] AccountFiles(SandboxSession session)
    {
        var user = session.User ?? 0;
        return
        [
            ("passwd", (user == 0 ? "" : $"root:x:0:0:root:/nonexistent:/bin/false\n") + $"tool:x:{user}:{user}:tool:/tmp/home:/bin/sh\n"),
            ("group", (user == 0 ? "" : "root:x:0:\n") + $"tool:x:{user}:\n"),
            ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"),
            ("resolv.conf", ""),
        ];
    }

    private void Hide(MountOptions options)
    {
        // Beside the program lie its settings. A single file among other programs has none there, and they have to be seen.
        var own = File.Exists(Path.Combine(AppContext.BaseDirectory, typeof(Sandbox).Assembly.GetName().Name + ".dll")) ? [AppContext.BaseDirectory] : Array.Empty<string>();
        foreach (var folder in settings.HiddenFolders.Concat(own).Select(Programs.Resolve).OfType<string>().Where(Directory.Exists)) options.Hide(folder);
    }

    private string[] Confinement(SandboxSession session)
    {
        if (session.User is { } user)
            return [Tool("setpriv"), $"--reuid={user}", $"--regid={user}", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", .. Limits()];
        return Kind == SandboxKind.Bubblewrap ? Limits() : [Tool("setpriv"), "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", .. Limits()];
    }

    private string[] Limits() =>
    [
        Tool("prlimit"), $"--nproc={settings.Processes}", $"--nofile={settings.OpenFiles}", $"--fsize={settings.FileBytes}", $"--data={settings.MemoryBytes}",
        $"--cpu={(long)Math.Ceiling(settings.CpuTime.TotalSeconds)}", "--core=0", "--msgqueue=0", "--memlock=8388608", "--",
    ];

    private (string Program, IReadOnlyList<string> Arguments) Outer(SandboxSession session, string[] all)
    {
        if (Kind == SandboxKind.Bubblewrap)
        {
            string[] rights = session.User is null
                ? ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
                // Gone again before the tool starts: setpriv needs them to become the run's user, and to enter that user's folder.
                : ["--cap-drop", "ALL", "--cap-add", "CAP_DAC_READ_SEARCH", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"];
            return (Tool("bwrap"),
                ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "sandbox", .. rights, .. all]);
        }
        var root = Path.Combine(session.Own, "root");
        Directory.CreateDirectory(root);
        string[] user = session.User is null ? ["--user", "--map-root-user"] : [];
        string[] inner = session.User is null ? ["--disable-userns"] : [];
        return (Tool("setpriv"),
            ["--pdeathsig", "KILL", Tool("unshare"), .. user, "--mount", "--ipc", "--pid", "--net", "--uts", "--cgroup", "--fork", "--kill-child", "--",
                .. launcher.Value.Command, ToolEnter.Verb, "--root", root, "--hostname", "sandbox", .. inner, .. all]);
    }

    private static string Tool(string name) => Programs.Find(name, SearchPath) ?? throw new FileNotFoundException(name + " is not installed");

    private async Task<Dictionary<string, string>> EnvironmentAsync(bool hasRegistry, CancellationToken cancellationToken)
    {
        var environment = Quiet.ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);
        environment["PATH"] = SearchPath;
        foreach (var name in CertificateSettings)
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        foreach (var name in new[] { "RUSTUP_HOME", "JAVA_HOME", "PYENV_ROOT" }) // where a tool of this machine is, no more
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        if (!environment.ContainsKey("RUSTUP_HOME") && Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is var home && Directory.Exists(Path.Combine(home, ".rustup")))
            environment["RUSTUP_HOME"] = Path.Combine(home, ".rustup");

        if (!hasRegistry)
        {
            environment["npm_config_offline"] = "true";
            environment["PIP_NO_INDEX"] = "1";
            environment["CARGO_NET_OFFLINE"] = "true";
            environment["GOPROXY"] = "off";
            return environment;
        }
        var proxy = $"http://127.0.0.1:{ProxyPort}";
        foreach (var name in new[] { "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "npm_config_proxy", "npm_config_https_proxy", "YARN_HTTP_PROXY", "YARN_HTTPS_PROXY" })
            environment[name] = proxy;
        // Build tools on Java know none of these variables.
        foreach (var name in new[] { "MAVEN_OPTS", "GRADLE_OPTS" })
            environment[name] = string.Create(CultureInfo.InvariantCulture, $"-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={ProxyPort} -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={ProxyPort}");
        foreach (var name in new[] { "NO_PROXY", "no_proxy", "npm_config_noproxy" }) environment[name] = "";
        var machine = await npm.ReadAsync(cancellationToken);
        if (machine.Registry is { } registry) environment["npm_config_registry"] = registry;
        environment["npm_config_fetch_retries"] = "1";
        return environment;
    }
}

/// <summary>A folder lent to the sandbox for some commands.</summary>
public sealed class SandboxSession : IDisposable
{
    private readonly Sandbox sandbox;
    private int number;

    internal SandboxSession(Sandbox sandbox, string folder, string own, int? user)
    {
        this.sandbox = sandbox;
        Folder = folder;
        Own = own;
        User = user;
    }

    internal string Folder { get; }

    /// <summary>Our side's files of this session: account files, the proxy's socket.</summary>
    internal string Own { get; }

    internal int? User { get; }

    /// <summary>Runs one command to its end; nothing of it is alive afterwards.</summary>
    /// <param name="arguments">A program by its name, or by a relative path in the folder, and its arguments.</param>
    /// <param name="workingFolder">Relative to the folder, <c>""</c> for itself.</param>
    /// <param name="mayCall">Further programs that the command may call; those that this machine has are shown to it.</param>
    public async Task<SandboxResult> RunAsync(
        IReadOnlyList<string> arguments, string workingFolder, bool needsRegistry, CancellationToken cancellationToken, IReadOnlyList<string>? mayCall = null)
    {
        using var span = Signals.Begin("tool");
        var result = await sandbox.RunAsync(this, arguments, workingFolder, needsRegistry, mayCall ?? [], cancellationToken);
        if (result is SandboxResult.Ran { Result: var ran })
        {
            // What lies in the repository is named by a stranger.
            var tool = arguments[0].Contains('/', StringComparison.Ordinal) ? "repository" : Signals.Word(arguments[0]);
            Signals.ToolDuration.Record(ran.Elapsed.TotalSeconds, new KeyValuePair<string, object?>("tool", tool));
            if (span is not null) span.DisplayName = "tool " + tool;
            span?.SetTag("process.exit.code", ran.ExitCode);
            if (ran.Stopped is not null) span?.SetStatus(ActivityStatusCode.Error, "stopped");
        }
        return result;
    }

    internal int NextNumber() => Interlocked.Increment(ref number);

    internal async Task OwnAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        if (User is not { } user) return;
        var chown = await ChildProcess.RunAsync(
            new ChildSpec("chown", ["--recursive", "--no-dereference", "-P", $"{user}:{user}", "--", Folder], Folder), clock, cancellationToken);
        if (chown is not ChildResult.Ran { Succeeded: true }) throw new IOException("The checkout cannot be given to the sandbox's user.");
    }

    public void Dispose()
    {
        sandbox.Return(User);
        Folders.Remove(Own);
    }
}
