using System.Diagnostics;
using System.Text;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Tools;

namespace QMoi.Handlers.Git;

/// <summary>git did not do what was asked of it. The text is git's own, cleaned and shortened.</summary>
public sealed class GitException(string message) : Exception(message);

/// <summary>Runs git so that nothing of the machine's or a repository's configuration takes part: no hooks, filters, helpers, templates, submodules,
/// no protocol but HTTP.</summary>
internal static class GitCommand
{
    /// <summary>Later entries win over every file git reads: these come through the environment, which git ranks as its command line.</summary>
    private static readonly (string Key, string Value)[] Hardening =
    [
        ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("core.attributesFile", "/dev/null"), ("core.excludesFile", "/dev/null"),
        ("core.symlinks", "true"), ("core.protectNTFS", "true"), ("core.protectHFS", "true"), ("core.autocrlf", "false"), ("core.quotePath", "false"),
        ("core.pager", "cat"), ("core.sshCommand", "false"), ("core.gitProxy", ""), ("core.untrackedCache", "false"), ("core.checkStat", "default"),
        ("credential.helper", ""), ("credential.interactive", "false"), ("protocol.allow", "never"), ("protocol.http.allow", "always"),
        ("protocol.https.allow", "always"), ("protocol.version", "2"), ("transfer.fsckObjects", "true"), ("fetch.fsckObjects", "true"),
        // Old, harmless sins that real repositories carry; everything else that fsck knows is refused.
        ("fetch.fsck.zeroPaddedFilemode", "warn"), ("fetch.fsck.badTimezone", "warn"), ("fetch.fsck.missingSpaceBeforeDate", "warn"),
        ("transfer.bundleURI", "false"), ("fetch.unpackLimit", "1"), ("fetch.recurseSubmodules", "false"), ("submodule.recurse", "false"), ("http.followRedirects", "false"),
        ("safe.bareRepository", "explicit"), ("init.templateDir", ""), ("gc.auto", "0"), ("maintenance.auto", "false"), ("advice.detachedHead", "false"),
        // Our repositories live for minutes: nothing to save from a power cut, nothing to squeeze.
        ("core.fsync", "none"), ("core.fsyncObjectFiles", "false"), ("core.compression", "0"),
        ("diff.external", ""), ("uploadpack.packObjectsHook", ""), ("remote.pushDefault", ""),
    ];

    // Where a machine reaches the network only through a proxy, or trusts its own authorities, git has to as well.
    private static readonly string[] Inherited =
    [
        "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_EXEC_PATH",
    ];

    /// <summary>Runs git and returns what it printed.</summary>
    /// <param name="settings">More configuration, which may hold credentials: it travels in the environment, never on the command line.</param>
    /// <param name="mayFail">Exit code 1 is an answer, not a failure.</param>
    /// <exception cref="GitException">git is missing, failed or took too long.</exception>
    public static async Task<ReadOnlyMemory<byte>> RunAsync(
        string folder, IReadOnlyList<string> arguments, TimeProvider clock, CancellationToken cancellationToken,
        ReadOnlyMemory<byte>? input = null, IReadOnlyList<(string Key, string Value)>? settings = null, TimeSpan? timeout = null, int outputLimit = 64 << 20,
        bool limitSizes = false, bool mayFail = false, string? home = null)
    {
        using var span = Signals.Begin("git");
        if (span is not null) span.DisplayName = "git " + Signals.Word(Verb(arguments));
        var (program, all) = WithLimits(limitSizes, arguments);
        var result = await ChildProcess.RunAsync(
            new ChildSpec(program, all, folder)
            {
                Environment = EnvironmentWith(settings ?? [], home ?? folder),
                Input = input,
                OutputLimit = outputLimit,
                Timeout = timeout ?? TimeSpan.FromMinutes(2),
            },
            clock, cancellationToken);
        if (result is not ChildResult.Ran { Succeeded: true } && !(mayFail && result is ChildResult.Ran { ExitCode: 1 })) span?.SetStatus(ActivityStatusCode.Error);
        return result switch
        {
            ChildResult.Missing missing => throw new GitException($"git cannot be run on this machine: {missing.Program} {missing.Reason}."),
            ChildResult.Ran { Succeeded: true, Output.IsCut: true } => throw new GitException("git printed more than can be handled."),
            ChildResult.Ran { Succeeded: true } ran => ran.Output.Bytes,
            ChildResult.Ran { Stopped: { } reason } => throw new GitException($"git {Verb(arguments)} was stopped: {reason}."),
            ChildResult.Ran { ExitCode: 1 } ran when mayFail => ran.Output.Bytes,
            ChildResult.Ran ran => throw new GitException($"git {Verb(arguments)} failed: {Said(ran.Errors, settings ?? [])}"),
            _ => throw new InvalidOperationException("Unknown result."),
        };
    }

    /// <summary>The end of what git printed. It quotes the server, which was told our credentials.</summary>
    private static string Said(Captured errors, IReadOnlyList<(string Key, string Value)> settings)
    {
        var said = Redactor.Redact(PlainText.Tail(errors.Tail.Span, 4000));
        foreach (var (_, value) in settings)
        {
            // "Authorization: Basic <user:token>"
            var credential = value[(value.LastIndexOf(' ') + 1)..];
            var decoded = new byte[credential.Length];
            var token = Convert.TryFromBase64String(credential, decoded, out var length) ? Encoding.UTF8.GetString(decoded, 0, length).Split(':')[^1] : "";
            foreach (var secret in (string[])[credential, token])
                if (secret.Length >= 8) said = said.Replace(secret, Redactor.Mark, StringComparison.Ordinal);
        }
        return said.Length <= 500 ? said : said[^500..];
    }

    public static IReadOnlyList<string> Lines(ReadOnlyMemory<byte> zeroSeparated) =>
        Encoding.UTF8.GetString(zeroSeparated.Span).Split('\0', StringSplitOptions.RemoveEmptyEntries);

    private static string Verb(IReadOnlyList<string> arguments) => arguments.FirstOrDefault(argument => !argument.StartsWith('-')) ?? "";

    // What a stranger's server sends is unpacked here: no file over 2 GiB and no more than 4 GiB of memory (util-linux; without it the time limit is all).
    private static (string Program, IReadOnlyList<string> Arguments) WithLimits(bool limitSizes, IReadOnlyList<string> arguments) =>
        limitSizes && Programs.Find("prlimit", SearchPath) is { } prlimit && Programs.Find("git", SearchPath) is { } git
            ? (prlimit, ["--fsize=2147483648", "--data=4294967296", "--core=0", "--", git, .. arguments])
            : ("git", arguments);

    private static string SearchPath => Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";

    private static Dictionary<string, string> EnvironmentWith(IReadOnlyList<(string Key, string Value)> settings, string home)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = SearchPath,
            ["HOME"] = home,
            ["XDG_CONFIG_HOME"] = home,
            ["LC_ALL"] = "C.UTF-8",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_SYSTEM"] = "/dev/null",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_ATTR_NOSYSTEM"] = "1",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_ASKPASS"] = "/bin/false",
            ["SSH_ASKPASS"] = "/bin/false",
            ["GIT_OPTIONAL_LOCKS"] = "0",
            ["GIT_NO_LAZY_FETCH"] = "1",
            ["GIT_ALLOW_PROTOCOL"] = "http:https",
        };
        foreach (var name in Inherited)
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        var index = 0;
        foreach (var (key, value) in Hardening.Concat(settings))
        {
            environment[$"GIT_CONFIG_KEY_{index}"] = key;
            environment[$"GIT_CONFIG_VALUE_{index}"] = value;
            index++;
        }
        environment["GIT_CONFIG_COUNT"] = index.ToString();
        return environment;
    }
}
