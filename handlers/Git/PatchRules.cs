using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Handlers.Settings;

namespace QMoi.Handlers.Git;

/// <summary>Who made a patch. A rule is a class of this project, a tool somebody else's program, a model is nobody's word.</summary>
public enum PatchAuthor { Rule, Tool, Model }

/// <summary>What a patch may be about.</summary>
/// <param name="MayChange">Exact paths or globs; <c>null</c> = anything not closed to the author. Tools always name theirs.</param>
/// <param name="CiFileIsSubject">The failure that the rule repairs is in the CI file itself. Never true for models.</param>
/// <param name="CiFiles">Further paths that are CI configuration here: a custom CI file, included templates.</param>
/// <param name="ExpectedFilesAreSubject">The repair is the regeneration of snapshots and other expected files, and a person looks at it. Never true for models.</param>
public sealed record PatchScope(
    PatchAuthor Author, IReadOnlyList<string>? MayChange = null, bool CiFileIsSubject = false, IReadOnlyList<string>? CiFiles = null, bool ExpectedFilesAreSubject = false);

public abstract record PatchVerdict
{
    private PatchVerdict() { }
    public sealed record Allowed : PatchVerdict;

    /// <param name="Reason">For people, one sentence.</param>
    public sealed record Refused(string Reason) : PatchVerdict;
}

/// <summary>The guard every patch passes before it is shown, run or sent, whoever made it. It reads lines, not meanings: what it cannot judge it refuses.
/// What no author may do to tests and checks is in <see cref="Weakening"/>; models are held to more, line by line.</summary>
public static partial class PatchRules
{
    public const int MaxToolFiles = 100;
    public const long MaxToolBytes = 5L << 20;
    private const int MaxModelFiles = 10;
    private const int MaxModelLines = 400;
    private const long MaxModelBytes = 64L << 10;

    public static PatchVerdict Check(Patch patch, PatchScope scope) =>
        Problem(patch, scope) is { } reason ? new PatchVerdict.Refused(reason) : new PatchVerdict.Allowed();

    /// <summary>True where the path is one of the names or matches one of the globs (<c>*</c> and <c>?</c> within a folder, <c>**</c> across).</summary>
    public static bool Matches(IReadOnlyList<string> namesOrGlobs, string path) => namesOrGlobs.Any(pattern => pattern == path || Patterns.IsPath(pattern, path));

    /// <summary>True for a file that tells the forge what to run.</summary>
    public static bool IsCiFile(string path, IReadOnlyList<string>? more = null)
    {
        var lower = path.ToLowerInvariant();
        var name = lower[(lower.LastIndexOf('/') + 1)..];
        return name.EndsWith(".gitlab-ci.yml", StringComparison.Ordinal) || name.EndsWith(".gitlab-ci.yaml", StringComparison.Ordinal)
            || name is "action.yml" or "action.yaml" or "jenkinsfile" or "azure-pipelines.yml" or "bitbucket-pipelines.yml" or ".travis.yml" or "appveyor.yml"
            || HasFolder(lower, ".github") || HasFolder(lower, ".gitlab") || HasFolder(lower, ".circleci") || HasFolder(lower, ".buildkite")
            || (more ?? []).Contains(path, StringComparer.OrdinalIgnoreCase);
    }

    private static string? Problem(Patch patch, PatchScope scope)
    {
        var paths = patch.Paths;
        if (paths.Count == 0) return "The patch changes nothing.";
        if (paths.Any(path => !RepositoryPath.IsSafe(path))) return "The patch names a path that is not safe to write.";
        if (patch.Edits.GroupBy(edit => edit.Path, StringComparer.OrdinalIgnoreCase).Any(same => same.Count() > 1 && !IsRename([.. same]))) return "The patch names a file twice.";
        if (TooLarge(patch, scope.Author) is { } tooLarge) return tooLarge;
        foreach (var edit in patch.Edits)
            if ((PathProblem(edit.Path, scope) ?? ContentProblem(edit, scope)) is { } problem) return problem;
        return Weakening.Find(patch, scope);
    }

    /// <summary>One file goes and one comes whose name differs in case: an import in another case is repaired so.</summary>
    private static bool IsRename(IReadOnlyList<FileEdit> edits) =>
        edits.Count == 2 && edits[0].Path != edits[1].Path && edits.OfType<FileEdit.Delete>().Count() == 1 && edits.OfType<FileEdit.Write>().Count(write => write.Before is null) == 1;

    private static string? TooLarge(Patch patch, PatchAuthor author)
    {
        var (maxFiles, maxBytes) = author == PatchAuthor.Model ? (MaxModelFiles, MaxModelBytes) : (MaxToolFiles, MaxToolBytes);
        if (patch.Edits.Count > maxFiles) return $"The patch changes {patch.Edits.Count} files; {maxFiles} is the most.";
        // What a tool or rule changes is counted as whole files, for they rewrite them; of a model's edits only the changed lines, checked below.
        var bytes = author == PatchAuthor.Model ? 0 : Math.Max(patch.Edits.Sum(edit => edit is FileEdit.Write write ? (long)write.After.Length : 0), patch.Edits.Sum(Before));
        long lines = 0;
        if (author == PatchAuthor.Model)
        {
            foreach (var edit in patch.Edits)
            {
                var (removed, added) = Lines(edit);
                lines += removed.Count + added.Count;
                bytes += removed.Concat(added).Sum(line => (long)line.Length + 1);
            }
        }
        static long Before(FileEdit edit) => edit switch { FileEdit.Write { Before: { } before } => before.Length, FileEdit.Delete delete => delete.Before.Length, _ => 0 };
        if (bytes > maxBytes) return $"The patch has {bytes} bytes; {maxBytes} is the most.";
        return lines > MaxModelLines ? $"The patch changes {lines} lines; {MaxModelLines} is the most." : null;
    }

    private static string? PathProblem(string path, PatchScope scope)
    {
        if (scope.MayChange is { } mayChange && !Matches(mayChange, path)) return $"{path} is outside what this repair may change.";
        if (scope.MayChange is null && scope.Author == PatchAuthor.Tool) return "A tool's patch has to say what it may change.";
        if (IsOwnersOrBot(path)) return $"{path} decides who may do what; the bot does not touch it.";
        if (IsCiFile(path, scope.CiFiles) && (scope.Author != PatchAuthor.Rule || !scope.CiFileIsSubject)) return $"{path} is CI configuration; only a rule made for it may change it.";
        return scope.Author == PatchAuthor.Model && ClosedToModels(path) is { } what ? $"{path} is {what}; models may not change it." : null;
    }

    private static string? ContentProblem(FileEdit edit, PatchScope scope)
    {
        if (scope.Author == PatchAuthor.Model)
        {
            if (edit is FileEdit.SetExecutable) return $"A model may not change the mode of {edit.Path}.";
            if (edit is FileEdit.Delete) return $"A model may not delete {edit.Path}.";
            if (edit is FileEdit.Write write && (UnifiedDiff.IsBinary(write.After.Span) || (write.Before is { } before && UnifiedDiff.IsBinary(before.Span)))) return $"{edit.Path} is a binary file.";
        }
        if (edit is FileEdit.Write { Before: var old, After: var content } && ((old is { } pointer && IsLargeFilePointer(pointer.Span)) || IsLargeFilePointer(content.Span)))
            return $"{edit.Path} is kept by Git LFS: here lies only its pointer.";
        var isCiFile = IsCiFile(edit.Path, scope.CiFiles);
        if (isCiFile && edit is FileEdit.Delete) return $"{edit.Path} is CI configuration and stays.";
        if (!isCiFile && scope.Author != PatchAuthor.Model) return null;
        var (removed, added) = Lines(edit);
        if (isCiFile)
            foreach (var line in removed.Concat(added))
                if (Sensitive(line) is { } what) return $"{edit.Path}: the changed lines touch {what}.";
        if (scope.Author != PatchAuthor.Model) return null;
        foreach (var line in added)
        {
            if (Silencer().Match(line) is { Success: true } silencer) return $"{edit.Path}: \"{silencer.Value.Trim()}\" hides a failure instead of repairing it.";
            if (ModelLine(line) is { } what) return $"{edit.Path}: a model may not add {what}.";
        }
        if (removed.Count(IsAssert) > added.Count(IsAssert)) return $"{edit.Path}: the patch removes checks.";
        return removed.Count(line => TestStart().IsMatch(line)) > added.Count(line => TestStart().IsMatch(line)) ? $"{edit.Path}: the patch removes tests." : null;
    }

    // github.com/git-lfs/git-lfs/blob/main/docs/spec.md (read 2026-11)
    private static bool IsLargeFilePointer(ReadOnlySpan<byte> content) => content.StartsWith("version https://git-lfs.github.com/spec/"u8) || content.StartsWith("version https://hawser.github.com/spec/"u8);

    /// <summary>Written by a package manager; its words are names of packages.</summary>
    internal static bool IsLockFile(string path) => LockFile().IsMatch(path[(path.LastIndexOf('/') + 1)..]) && !TestCode.IsSource(path);

    private static (IReadOnlyList<string> Removed, IReadOnlyList<string> Added) Lines(FileEdit edit) => edit switch
    {
        FileEdit.Write write => UnifiedDiff.ChangedLines(write.Before is { } before ? before.Span : default, write.After.Span),
        FileEdit.Delete delete => UnifiedDiff.ChangedLines(delete.Before.Span, default),
        _ => ([], []),
    };

    private static bool IsOwnersOrBot(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.Equals("CODEOWNERS", StringComparison.OrdinalIgnoreCase) || name.Equals("OWNERS", StringComparison.OrdinalIgnoreCase)
            || name.Equals(".qmoi.yml", StringComparison.OrdinalIgnoreCase) || name.Equals(".qmoi.yaml", StringComparison.OrdinalIgnoreCase);
    }

    private static string? ClosedToModels(string path)
    {
        var lower = path.ToLowerInvariant();
        var name = lower[(lower.LastIndexOf('/') + 1)..];
        if (lower.Split('/').Any(part => part.StartsWith('.'))) return "a dotfile";
        if (LockFile().IsMatch(name)) return "a lock file";
        if (name is "nuget.config" or "settings.xml" or "pip.conf" or "bunfig.toml" or "directory.build.props" or "directory.build.targets" or "conftest.py" or "sitecustomize.py")
            return "configuration that loads packages or code";
        if (HasFolder(lower, "hooks") || HasFolder(lower, "githooks")) return "a hook";
        return name.StartsWith("licence", StringComparison.Ordinal) || name.StartsWith("license", StringComparison.Ordinal) || name.StartsWith("third-party", StringComparison.Ordinal)
            ? "a licence" : null;
    }

    private static string? Sensitive(string line) => CiSensitive().Match(line) is { Success: true } match
        ? match.Groups.Cast<Group>().Skip(1).First(group => group.Success).Name.Replace('_', ' ') : null;

    private static string? ModelLine(string line)
    {
        if (Address().IsMatch(line)) return "an address";
        if (Blob().IsMatch(line)) return "an encoded block";
        if (ShellCall().IsMatch(line)) return "a call of a shell or of downloaded code";
        if (SkippedTest().IsMatch(line)) return "a skipped test";
        return Suppression().IsMatch(line) ? "a suppressed warning" : null;
    }

    private static bool IsAssert(string line) => Assert().IsMatch(line);

    private static bool HasFolder(string lower, string folder) =>
        lower.StartsWith(folder + "/", StringComparison.Ordinal) || lower.Contains("/" + folder + "/", StringComparison.Ordinal);

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture;

    // Keys may be quoted in YAML, and stand in a flow mapping.
    [GeneratedRegex("""(?<permissions>\bpermissions['"]?\s*:|\bid-token\b|\bid_tokens\b)|(?<secrets>\bsecrets?\b|\bvault\b|\bmasked\b)|(?<allow_failure>\ballow_failure\b)|(?<continue_on_error>\bcontinue-on-error\b)|(?<when_manual_or_never>\bwhen['"]?\s*:\s*['"]?(manual|never)\b)|(?<a_condition_that_never_holds>\bif['"]?\s*:\s*['"]?(\$\{\{\s*)?(false|0)\b)|(?<ignored_exit_codes>\|\|\s*(true|:|exit\s+0)|\bset\s+\+e\b|;\s*true\s*$)|(?<environment>\benvironment['"]?\s*:)|(?<pull_request_target>\bpull_request_target\b|\bworkflow_run\b)""", Options)]
    private static partial Regex CiSensitive();

    [GeneratedRegex("""\|\|\s*(true\b|:(\s|$)|exit\s+0)|\ballow_failure\b|\bcontinue-on-error\b|\bset\s+\+e\b|--no-verify\b|--legacy-peer-deps\b|--break-system-packages\b|--passWithNoTests\b|\bNODE_TLS_REJECT_UNAUTHORIZED\b|\bsslverify\s*[=:]?\s*false|strict-ssl\s*[=:]\s*false""", Options)]
    private static partial Regex Silencer();

    [GeneratedRegex("""[a-z][a-z0-9+.-]*://[^\s]|\b\d{1,3}(\.\d{1,3}){3}\b|\bgit@""", Options)]
    private static partial Regex Address();

    [GeneratedRegex("""[A-Za-z0-9+/=_-]{120,}|(\\x[0-9a-f]{2}){16,}|(\\u[0-9a-f]{4}){16,}""", Options)]
    private static partial Regex Blob();

    [GeneratedRegex("""\bchild_process\b|\bos\.(system|popen|exec\w*|spawn\w*)\b|\bsubprocess\b|\bProcess\.Start\b|\bProcessBuilder\b|\bRuntime\.getRuntime\b|\bexec\.Command\b|\bCommand::new\b|\b(curl|wget)\s|\b(ba|z|da)?sh\s+-c\b|\beval\s*\(|\bpowershell\b|\bInvoke-(Expression|WebRequest)\b|\bshell_exec\b|\bpassthru\b""", Options)]
    private static partial Regex ShellCall();

    [GeneratedRegex("""\b(describe|it|test|context|suite)\.(skip|only|todo|fixme|failing)\b|\bx(it|describe|test)\s*\(|\bf(it|describe)\s*\(|@(pytest\.mark\.)?(skip|skipif|xfail)\b|\bunittest\.skip|\bpytest\.skip\b|@(Ignore|Disabled)\b|\[Ignore|\bSkip\s*=|#\[ignore|\bt\.Skip|\bpending\s*\(""", Options)]
    private static partial Regex SkippedTest();

    [GeneratedRegex("""\beslint-disable|\bnoqa\b|\btype:\s*ignore\b|#pragma\s+warning\s+disable|\bNoWarn\b|\brubocop:disable|#!?\[allow\(|@SuppressWarnings|\[SuppressMessage|@ts-(ignore|nocheck|expect-error)|\bnolint\b|\bNOSONAR\b|\bpragma:\s*no\s*cover|\bistanbul\s+ignore|\bpylint:\s*disable|\bshellcheck\s+disable""", Options)]
    private static partial Regex Suppression();

    [GeneratedRegex("""\b(assert\w*|expect|should|require\.\w+|verify)\s*[\(!.]|^\s*assert\s|\bAssert\.|\bt\.(Error|Fatal)""", Options)]
    private static partial Regex Assert();

    [GeneratedRegex("""^\s*(\[(Fact|Theory|Test|TestMethod|TestCase)\b|@(Test|ParameterizedTest)\b|(async\s+)?def\s+test_|func\s+Test\w|#\[(\w+::)?test\]|(it|test|describe|specify)\s*\()""", Options)]
    private static partial Regex TestStart();

    [GeneratedRegex("""(^|[.-])lock(\.\w+|b)?$|^(package-lock|npm-shrinkwrap)\.json$|^pnpm-lock\.yaml$|^go\.sum$|\.lock$|^packages\.lock\.json$|^gemfile\.lock$|^requirements.*\.lock$""", Options)]
    private static partial Regex LockFile();
}
