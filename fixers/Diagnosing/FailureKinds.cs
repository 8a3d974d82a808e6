using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>What kind of thing went wrong, for a failure that the catalogue does not know: from the lines that tell it and from the command that ran.</summary>
internal static partial class FailureKinds
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase;
    private const int Limit = 50;
    private const int LongestText = 2048;

    internal static FailureCategory Of(IReadOnlyList<string> lines, string? command, FailureCategory sign)
    {
        var text = LogText.Short(string.Join('\n', lines), LongestText);
        if (OfTask(text) is { } task)
            return task;
        if (sign == FailureCategory.Test)
            return FailureCategory.Test;
        if (LogText.Matches(Infrastructure(), text, LongestText))
            return FailureCategory.Infrastructure;
        if (LogText.Matches(Resource(), text, LongestText))
            return FailureCategory.Resource;
        if (LogText.Matches(Network(), text, LongestText))
            return FailureCategory.Network;
        if (LogText.Matches(TimedOut(), text, LongestText))
            return FailureCategory.Timeout;
        if (LogText.Matches(Access(), text, LongestText))
            return FailureCategory.AuthSecret;
        if (LogText.Matches(Vcs(), text, LongestText))
            return FailureCategory.Vcs;
        if (sign == FailureCategory.Compile)
            return command is not null && LogText.Matches(LintCommand(), command, LongestText) ? FailureCategory.LintFormat : FailureCategory.Compile;
        if (LogText.Matches(Config(), text, LongestText))
            return FailureCategory.Config;
        if (LogText.Matches(Dependency(), text, LongestText))
            return FailureCategory.Dependency;
        if (LogText.Matches(Compile(), text, LongestText))
            return FailureCategory.Compile;
        if (LogText.Matches(Lint(), text, LongestText))
            return FailureCategory.LintFormat;
        if (LogText.Matches(Test(), text, LongestText))
            return FailureCategory.Test;
        if (sign == FailureCategory.LintFormat)
            return LogText.Matches(Compiled(), text, LongestText) && (command is null || !LogText.Matches(LintCommand(), command, LongestText)) ? FailureCategory.Compile : sign;
        if (sign != FailureCategory.Unknown)
            return sign;
        if (command is not null && LogText.Matches(LintCommand(), command, LongestText))
            return FailureCategory.LintFormat;
        if (command is not null && LogText.Matches(TestCommand(), command, LongestText))
            return FailureCategory.Test;
        if (command is not null && LogText.Matches(InstallCommand(), command, LongestText))
            return FailureCategory.Dependency;
        if (command is not null && LogText.Matches(BuildCommand(), command, LongestText))
            return FailureCategory.Compile;
        if (LogText.Matches(Usage(), text, LongestText))
            return FailureCategory.Config;

        // What throws and says no more is mostly a test.
        return LogText.Matches(Exception(), text, LongestText) ? FailureCategory.Test : FailureCategory.Unknown;
    }

    [GeneratedRegex(@"\b[A-Z]\w*(Error|Exception)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Limit)]
    private static partial Regex Exception();

    [GeneratedRegex(@"\b(invalid|illegal|unknown|unrecogni[sz]ed|unsupported|missing|required|not (set|found|supported|defined|exist)|does not exist|must be|expected|usage:)\b", Options, Limit)]
    private static partial Regex Usage();

    [GeneratedRegex(@"received (SIG(INT|TERM)|a shutdown signal)|shutdown signal|operation was cancell?ed|lost communication|runner (has|was|process)|hudson\.remoting|\bevicted\b|container implementation failed|self.hosted runner|no workspace for|\bpod\b.{0,60}(fail|unhealthy|pending)|rate limit", Options, Limit)]
    private static partial Regex Infrastructure();

    [GeneratedRegex(@"out ?of ?memory|no space left|cannot allocate memory|disk quota|\bOOM|heap out of", Options, Limit)]
    private static partial Regex Resource();

    [GeneratedRegex(@"timed out after|exceeded the (maximum|time)|time limit exceeded|no output (has been )?received|returning 124|took (>|longer than)", Options, Limit)]
    private static partial Regex TimedOut();

    [GeneratedRegex(@"syntax ?error|unexpected token|parse error|(cannot|could not) (compile|find symbol)|undefined (reference|symbol|variable|function)|invalid (css|syntax)|compilation (failed|error)|type ?error: .* is not assignable|unknown module|not in scope", Options, Limit)]
    private static partial Regex Compile();

    private static FailureCategory? OfTask(string text)
    {
        if (!LogText.Matches(NamedTask(), text, LongestText))
            return null;

        var task = NamedTask().Match(text);
        return task.Groups["compile"].Success ? FailureCategory.Compile : task.Groups["lint"].Success ? FailureCategory.LintFormat : FailureCategory.Test;
    }

    // > Task :app:checkstyleMain FAILED, FAIL example.com/x [build failed]
    [GeneratedRegex(@"Task \S*:((?<compile>compile\w*)|(?<lint>(checkstyle|pmd|spotbugs|spotless|ktlint|detekt|lint)\w*)|(?<test>\w*[tT]est\w*)) FAILED|(?<compile>\[(build|setup) failed\])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Limit)]
    private static partial Regex NamedTask();

    // A finding in a file of a language that is compiled.
    [GeneratedRegex(@"^\s*\S+\.(c|cc|cpp|cxx|h|hpp|m|mm|cs|fs|vb|d|erl|hs|go|rs|java|kt|scala|swift|ml|f90|proto|elm|nim|zig|v|sv|vhd):\d+", Options, Limit)]
    private static partial Regex Compiled();

    [GeneratedRegex(@"connection (refused|reset|timed out|closed)|could not resolve host|network is unreachable|\b50[234] (bad gateway|service unavailable|gateway)|empty reply from server|SSL connect error|TLS handshake|temporary failure in name resolution|couldn't establish|http connection|failed to download (action|archive|file|https?)|error downloading|failed to fetch|unable to access", Options, Limit)]
    private static partial Regex Network();

    [GeneratedRegex(@"\b(401|403)\b.{0,40}(unauthori[sz]ed|forbidden)|(unauthori[sz]ed|forbidden).{0,40}\b(401|403)\b|access ?denied|authentication (failed|required)|bad credentials|not authori[sz]ed|credentials could not", Options, Limit)]
    private static partial Regex Access();

    [GeneratedRegex(@"^(fatal|error): .*\b(repository|branch|pathspec|refspec|remote ref|merge base|submodule|commit|working tree|index file)\b|\bgit (clone|fetch|push|pull|checkout|merge|rebase|cherry-pick|submodule)\b|cloning remote|merge conflict", Options | RegexOptions.Multiline, Limit)]
    private static partial Regex Vcs();

    [GeneratedRegex(@"\bassert|\bexpect(ed|ation)?\b.*\b(got|but|actual|received|to (be|equal|have|match))\b|\b(test|spec)s?\b.{0,60}\bfail|\bfail.{0,60}\b(test|spec)s?\b|\d+ failures?\b|\d+/\d+ failed\b|^\W*regression\b|\bFAIL:", Options, Limit)]
    private static partial Regex Test();

    [GeneratedRegex(@"no such file or directory|command not found|permission denied|is not recognized as|unknown (option|flag|argument|command|switch)|(illegal|invalid|unrecognized) (option|switch|argument)|missing required|environment variable|not configured|no rakefile|missing script|yaml|not set\b|cannot stat|refusing to|more than the \d+ maximum|configure: error|custom build command|did not execute successfully", Options, Limit)]
    private static partial Regex Config();

    [GeneratedRegex(@"could not (find|resolve).{0,60}(package|dependenc|artifact|version|gem|module)|no matching (version|distribution)|packages? (not|could not be) found|unmet dependenc|dependenc(y|ies).{0,60}(conflict|fail|not found|could not)|requirements could not be resolved|requires? (a )?(newer|different|version)|lock ?file|unsatisfiable|no module named|cannot find (module|package)|failed to install|error occurr?ed while installing|cannot open shared object", Options, Limit)]
    private static partial Regex Dependency();

    [GeneratedRegex(@"\b(lint(er|ing)?|eslint|flake8|pylint|rubocop|checkstyle|spotbugs|pmd|clang-(tidy|format)|prettier|stylelint|standard|black|gofmt|offenses?|style|formatt(ed|ing)|indent(ation|ed)?|trailing (space|whitespace)|match(es)? (the )?format|is required (after|before)|undocumented|whitespace|duplicate links?)\b|files? (have |has |were |was )?(changed|modified)|checkout (is )?dirty|uncommitted (change|file)s?|(is|are) (not up.to.date|out of date|stale)", Options, Limit)]
    private static partial Regex Lint();

    [GeneratedRegex(@"lint|style|format|prettier|flake8|black|rubocop|standard|check(style|patch)|codespell|spell|docs?\b|html-?proofer|awesome_bot", Options, Limit)]
    private static partial Regex LintCommand();

    [GeneratedRegex(@"test|spec|check\b|\bct\b|eunit|rake$|bench|cover|verify|phpunit|pytest|tox\b|jest|mocha|karma|ctest|prove|rspec|cucumber", Options, Limit)]
    private static partial Regex TestCommand();

    [GeneratedRegex(@"\b(install|restore|npm (ci|i)|bundle|pip|composer|apt(-get)?|yarn$|deps|update|brew|conda|cabal (update|fetch)|luarocks)\b", Options, Limit)]
    private static partial Regex InstallCommand();

    [GeneratedRegex(@"build|make|compile|package|assemble|webpack|tsc\b|cargo|dist|bundle", Options, Limit)]
    private static partial Regex BuildCommand();
}
