using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>How much a line looks like the cause of a failure, and of what kind, without the catalogue.</summary>
/// <param name="Weight">On the scale of <see cref="CatalogueEntry.Priority"/>.</param>
/// <param name="IsFirst">True where the first such line tells the cause (compilers, test runners), false where the last does (shells).</param>
internal readonly record struct ErrorSign(int Weight, FailureCategory Category, bool IsFirst);

internal static partial class ErrorSigns
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private const int Limit = 50;

    // What the runner itself marks as an error.
    private const int Marked = 38;
    private const int VerdictWeight = 16;

    internal static ErrorSign Of(string text)
    {
        if (text.StartsWith("##[error]", StringComparison.Ordinal))
        {
            var sign = Of(text[9..]);
            return sign.Weight is > VerdictWeight and < Marked ? new ErrorSign(Marked, sign.Category, IsFirst: true) : sign;
        }

        if (LogText.Matches(LocatedWarning(), text))
            return new ErrorSign(17, FailureCategory.LintFormat, IsFirst: true);

        if (text.Length < 3 || IsWrapper(text) || IsPassed(text) || LogText.Matches(Harmless(), text) || IsWarning(text))
            return default;

        if (LogText.Matches(Crash(), text))
            return new ErrorSign(40, FailureCategory.Unknown, IsFirst: true);

        if (LogText.Matches(Verdict(), text))
            return new ErrorSign(LogText.Matches(Thrown(), text) ? 26 : VerdictWeight, LogText.Matches(FailedTest(), text) ? FailureCategory.Test : FailureCategory.Unknown, IsFirst: false);

        if (LogText.Matches(Located(), text))
            return new ErrorSign(44, FailureCategory.Compile, IsFirst: true);

        if (LogText.Matches(FailedTest(), text))
            return new ErrorSign(42, FailureCategory.Test, IsFirst: true);

        if (LogText.Matches(Finding(), text))
            return new ErrorSign(30, FailureCategory.LintFormat, IsFirst: true);

        if (LogText.Matches(Thrown(), text))
            return new ErrorSign(36, FailureCategory.Unknown, IsFirst: false);

        if (LogText.Matches(Announced(), text))
            return new ErrorSign(38, FailureCategory.Unknown, IsFirst: true);

        if (LogText.Matches(Stated(), text))
            return new ErrorSign(33, FailureCategory.Unknown, IsFirst: true);

        if (LogText.Matches(Likely(), text))
            return new ErrorSign(24, FailureCategory.Unknown, IsFirst: false);

        return LogText.Matches(Possible(), text) ? new ErrorSign(12, FailureCategory.Unknown, IsFirst: false) : default;
    }

    internal static bool IsWarning(string text) => LogText.Matches(Warning(), text);

    /// <summary>Reports a test, check or step that passed or was left out.</summary>
    internal static bool IsPassed(string text) => LogText.Matches(Passed(), text);

    /// <summary>Says that something failed and never what: the last words of runners and build tools.</summary>
    internal static bool IsWrapper(string text) => LogText.Matches(Wrapper(), text);

    // src/a.c:3:5: error: ..., A.java:[3,5] error, a.cs(3,5): error CS0103, File "a.py", line 3
    [GeneratedRegex(@"^\S.{0,300}?(:\d+(:\d+)?:? |\(\d+(,\d+)*\) ?: |:\[\d+,\d+\] )(fatal )?error\b|^\S+:\d+:\d+:? -? ?error\b|^error\[E\d+\]: |: undefined reference to |^(/\S+/)?ld: |^E: |^\S+\.\w+:\d+:\d+: (syntax error|error:)", Options, Limit)]
    private static partial Regex Located();

    [GeneratedRegex(@"^\s*(--- FAIL:|FAIL[: ]\s?\S|not ok \d|\d+\) \S|[\u2715\u2717\u2718\u2716\u25CF] \S|FAILED[ :]|\[FAIL|\[  FAILED  \]|Failure:|Failed tests?:)|\bFAILED$|<<< (FAILURE|ERROR)!|^thread '([^m].{0,200}|m[^a].{0,200})' (\(\d+\) )?panicked|^_{3,} \S.* _{3,}$|\[FAIL\]$|^(FAIL|ERROR): test\w* \(|Failed \d+/\d+ subtests|\*\*\* FAILED \*\*\*", Options, Limit)]
    private static partial Regex FailedTest();

    [GeneratedRegex(@"\bSIG(SEGV|BUS|ABRT|ILL|FPE)\b|[Ss]egmentation fault|\(core dumped\)|[Aa]ccess violation|took (>|longer than)|returning 124\b|\b(job|step|test|script|process|command|run) (has )?timed out\b", Options, Limit)]
    private static partial Regex Crash();

    // That something failed, how many, and no word of what: "Lint failed!", "** TEST FAILED **", "3 tests failed", "Failed to upload artifacts".
    [GeneratedRegex(@"^=+ (FAILURES|ERRORS) =+|\b\d+/\d+ failed|^\W*(\w[\w./-]*\s+){1,3}failed\. [A-Z]|^\W*((\w[\w./-]*\s+){1,4}(failed|failure|fails|failing)|failed|(build|test|check|lint)\w* (error|failure)s?)\W*$|\bTESTS? (RUN )?(FAILED|SUMMARY)|\b\d+ (tests?|specs?|examples?|assertions?|suites?|cases?|subtests)\b.{0,60}\b(failed|failing|failures?)|^\W*\d+ (failed|failing|failures?|errors?)\b|[Ff]ound \d+ (violation|error|problem|issue|offense)|fail\w* to (parse and )?upload|recipe for target|[Tt]here (was|were) \d+ (failure|error)s?|Tests? run:|Failed!? +- Failed:", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Verdict();

    // path:line:column: message, as most linters print it
    [GeneratedRegex(@"^\s{0,4}(\./)?[\w@/.+-]+\.\w{1,12}:\d+(:\d+)?:? +\S", Options, Limit)]
    private static partial Regex Finding();

    [GeneratedRegex(@"^\s{0,8}(Uncaught )?([\w$]+[.:]{1,2})*[A-Z]\w*(Error|Exception|Failure)\b( \[\w+\])?(:|$)|^\*\* \(\w+|^\s*Caused by: |rake aborted|^panic: |^thread 'main' (\(\d+\) )?panicked|^fatal error: ", Options, Limit)]
    private static partial Regex Thrown();

    [GeneratedRegex(@"^\W{0,6}(error|fatal|failed|failure|panic|critical)\b|^(\S+: ){1,2}(line \d+: )?\S+: (command )?not found$|^No such file or directory|^(\w\S*: ){1,3}\S.{0,200}: No such file or directory$", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Announced();

    [GeneratedRegex(@"^\W{0,6}abort(ed|ing)?\b|\b(ERROR|FATAL|FAILED|FAILURE)\b|\b(error|fatal|failure): |: (command )?not found$|: No such file or directory$|: [Pp]ermission denied$|\(core dumped\)|^Segmentation fault", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Stated();

    [GeneratedRegex(@"\b(errors?|fatal|panic(ked)?|fail(s|ed|ing|ures?)?|traceback|cannot|can't|could not|couldn't|unable to|not found|no such|denied|assert\w*|segmentation fault|abort(ed)?|killed|refused|timed out|exceeded)\b|(Error|Exception)\b", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Likely();

    [GeneratedRegex(@"\b(invalid|undefined|unexpected|missing|mismatch|differs?|unknown|illegal|violations?|stale|out of date|not allowed|not (set|empty|supported|valid|exist)|does not|doesn't|must (be|not)|should (be|not|have)|expected|incorrect|wrong|broken|bad|problems?|offenses?)\b", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Possible();

    // The cause only where a check fails for warnings and nothing worse is there.
    [GeneratedRegex(@"^(/|\./)?[\w@/.+-]+\.\w{1,12}:\d+(:\d+)?: warning: ", Options, Limit)]
    private static partial Regex LocatedWarning();

    [GeneratedRegex(@"^##\[warning\]|^\s*(\[?(warn|warning|info|debug|notice|deprecat\w*)\]?\b|npm (warn|notice)|W: )|: warning[: ]|\bwarning: |Warning: ", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Warning();

    [GeneratedRegex(@"^\s*([\u2713\u2714\u221A] |\[ +OK +\]|ok \d+\b|ok  +\S|PASS(ED)?\b|SKIP(PED)?\b)|\.{3,} ?(ok|skipped|passed|done|yes)\b|\bPASSED\b|[.\s]ok$", Options, Limit)]
    private static partial Regex Passed();

    [GeneratedRegex(@"^\s*>{0,3}\s*(\d+\s+){1,2}\| |^(ERROR|CRITICAL) +\S+:\S+\.py:\d+ |^(ERROR|CRITICAL):\w[\w.]*:\S|\b(fail\w*|errors?)\b[^,;]*\s0$|^(\S+ +>)?\s*>?\s*\d+ \| |\bXFAIL|EXPECTED FAIL|^\W{0,4}(download(ing|ed)|compiling|parsing|linting|unpacking|installing|preparing|fetching|building|selecting|setting up|using|get:\d|collecting|checking for|copying|adding|creating|extracting|inflating|linking|generating)\b(?!.*\b(failed|error:))|^\s*\[?--?[a-z]|\b(no|0|zero) (errors?|failures?|failed|failing|warnings?|problems?|offenses?)\b|\b(errors?|failures?|failed|failing): ?0\b(?!.*\b(errors?|failures?|failed): ?[1-9])|[-/\w](error|fail|exception)s?[-\w]*\.(js|ts|py|rb|go|java|o|c|h|cpp|html|css|md|class|cs|rs|ex|beam)\b(?!:\d)|-Werror|--fail|\bon[-_]?error\b|error[-_]?(log|page|handl|report|code)|allow[-_]fail|fail[-_]fast|\bset -e|^\+{0,3} ?(if|echo|test|return|export|then|elif) ", Options | RegexOptions.IgnoreCase, Limit)]
    private static partial Regex Harmless();

    [GeneratedRegex(@"^\s*(g?make(\[\d+\])?: \*\*\*|ninja: build stopped|cc1(plus)?: all warnings|collect2: |npm (ERR!|error)(\s*$| (Lifecycle script|A complete log|Exit status|Failed at|This is probably|Test failed|path|workspace|location|command|code|errno|signal|node|npm|argv|\S+@\S+ \w+: )\b)|yarn: |error Command failed|info Visit|error: (failed to run custom build|could not compile|aborting due|build failed|test failed|Recipe)|\[ERROR\] (\[Help|Re-run|Please refer|To see|For more|-> |After correcting|Failed to execute goal|\s*mvn|$)|The command |Done\. Your build|travis_|Process completed with|ERROR: Job failed|Build step '|Finished: |Exited with code|Command exited|ERROR: script returned|BUILD FAILED|FAILURE: Build failed|BUILD FAILURE|\* (Try|Get more|What went wrong)|> Run with|Cleaning up|Uploading artifacts|section_|\d+ errors?( generated)?\.?$|at \S+[ (]|rake aborted!|\(See full trace|Tasks: TOP|Sorry,|exit status \d+|exit code \d+|Error: Process completed|.{0,40}[Ss]cript exited with code|.{0,30}failed with (a )?(non-zero )?exit (code|status)|ERROR: ""|error: script ""|.{0,60}shell_session_update|\u2716? ?\d+ problems?\b|make: Target|Makefile:\d+: recipe|Build was aborted|script returned exit code)", Options, Limit)]
    private static partial Regex Wrapper();
}
