using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Handlers.Git;

/// <summary>How strict the settings of compilers, linters, test runners and coverage are, in whatever format: keys and the values after them, read without a parser so that
/// broken files and code (<c>eslint.config.js</c>) are read too.</summary>
internal static partial class Strictness
{
    private const int MaxList = 20_000;

    // What people write is far shorter; each value is read to the end of its line, so one endless line would be read again for each.
    private const int MaxFile = 128 * 1024;
    private const int MaxLine = 2000;

    /// <summary>What became less strict, for a sentence after the file's name; <c>null</c> where nothing did.</summary>
    public static string? Loosened(string path, string before, string after)
    {
        if (NumberLoosened(path, before, after) is { } number) return number;
        if (IgnoreFile().IsMatch(path)) return NewLine(before, after);
        if (!IsConfig(path)) return null;
        if (before != after && !Xml().IsMatch(path) && (IsTooLong(before) || IsTooLong(after))) return "the file is too long for its settings to be judged";
        var old = Read(path, before);
        var @new = Read(path, after);
        return SwitchLoosened(old, @new) ?? ListLoosened(path, old, @new) ?? Narrowed(path, old, @new) ?? ExclusionAdded(path, before, after) ?? LevelLowered(path, old, @new);
    }

    private static bool IsTooLong(string text)
    {
        if (text.Length > MaxFile) return true;
        foreach (var line in text.AsSpan().EnumerateLines())
            if (line.Length > MaxLine) return true;
        return false;
    }

    public static bool IsConfig(string path) => IsLinterConfig(path) || SharedConfig().IsMatch(path);

    private static bool IsLinterConfig(string path) => LinterConfig().IsMatch(path);

    private static string? NumberLoosened(string path, string before, string after)
    {
        var isConfig = IsConfig(path);
        bool MayFall(string key) => !MayNotFall().IsMatch(key) && !(isConfig && MayNotFallInConfig().IsMatch(key));
        bool IsLimit(string key) => !MayFall(key) || MayNotRise().IsMatch(key) || (isConfig && MayNotRiseInConfig().IsMatch(key));

        var old = Numbers(before, IsLimit);
        if (old.Count == 0) return null;
        var @new = Numbers(after, old.ContainsKey);
        foreach (var (key, numbers) in old)
        {
            var mayNotFall = !MayFall(key);
            if (path.Contains("codecov", StringComparison.OrdinalIgnoreCase) && key == "threshold") mayNotFall = false;
            var now = @new.GetValueOrDefault(key, []);
            for (var index = 0; index < Math.Min(numbers.Count, now.Count); index++)
                if (mayNotFall ? now[index] < numbers[index] : now[index] > numbers[index])
                    return string.Create(CultureInfo.InvariantCulture, $"the patch takes {key} from {numbers[index]} to {now[index]}");
            if (now.Count < numbers.Count && (mayNotFall || key is "max-warnings" or "maxwarnings")) return $"the patch drops {key}";
        }
        return null;
    }

    private static Dictionary<string, List<decimal>> Numbers(string text, Func<string, bool> isWanted) => Number().Matches(WithoutComments(text))
        .GroupBy(match => match.Groups["key"].Value.ToLowerInvariant().Replace('_', '-'), match => match.Groups["number"])
        .Where(group => isWanted(group.Key))
        .ToDictionary(group => group.Key, group => group.Select(number => decimal.Parse(number.Value, NumberStyles.Number, CultureInfo.InvariantCulture)).Order().ToList());

    private static string? NewLine(string before, string after)
    {
        var old = before.Split('\n').Select(line => line.Trim()).ToHashSet();
        return after.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && line[0] is not ('#' or '!') && !old.Contains(line)) is { } added
            ? $"\"{TestCode.OneLine(added)}\" takes files or findings out of the check" : null;
    }

    private static string? SwitchLoosened(List<Setting> old, List<Setting> @new)
    {
        foreach (var setting in old.Where(setting => StrictSwitch().IsMatch(setting.Key) && IsOn(setting.Word)))
            if (!@new.Any(other => other.IsSameKey(setting) && IsOn(other.Word))) return $"the patch takes \"{setting.Key}: {setting.Word}\" away";
        foreach (var setting in @new)
        {
            var isLoose = (StrictSwitch().IsMatch(setting.Key) && IsOff(setting.Word)) || (LooseSwitch().IsMatch(setting.Key) && IsOn(setting.Word));
            if (isLoose && @new.Count(setting.Equals) > old.Count(setting.Equals)) return $"\"{setting.Key}: {setting.Word}\" makes the check less strict";
        }
        return null;
    }

    private static string? ListLoosened(string path, List<Setting> old, List<Setting> @new)
    {
        var isShared = !IsLinterConfig(path);
        bool IsCheckers(Setting setting) => !isShared || CheckerSection().IsMatch(setting.Section) || CheckersOwnList().IsMatch(setting.Key);
        HashSet<string> Items(List<Setting> settings, Func<Setting, bool> isList) => [.. settings.Where(setting => isList(setting) && IsCheckers(setting)).SelectMany(setting => setting.Items)];
        // A file's name as the key stands in a list of what is ignored in which files.
        bool IsLoose(Setting setting) => LooseList().IsMatch(setting.Key) || setting.Key.EndsWith(".py", StringComparison.Ordinal) || setting.Key.Contains('*', StringComparison.Ordinal);
        bool IsStrict(Setting setting) => StrictList().IsMatch(setting.Key);

        if (Items(@new, IsLoose).Except(Items(old, IsLoose)).FirstOrDefault() is { } added)
            return $"the patch adds \"{TestCode.OneLine(added)}\" to what is not checked";
        return Items(old, IsStrict).Except(Items(@new, IsStrict)).FirstOrDefault() is { } removed ? $"the patch takes \"{TestCode.OneLine(removed)}\" out of what is checked" : null;
    }

    // Without the list everything is checked.
    private static string? Narrowed(string path, List<Setting> old, List<Setting> @new) =>
        TypeScriptConfig().IsMatch(path) && @new.FirstOrDefault(setting => FileList().IsMatch(setting.Key)) is { } list && !old.Any(setting => FileList().IsMatch(setting.Key))
            ? $"with \"{list.Key}\" less is checked than before" : null;

    /// <summary>golangci-lint's exclusions are maps in lists, which are compared line by line.</summary>
    private static string? ExclusionAdded(string path, string before, string after)
    {
        if (!path.Contains("golangci", StringComparison.Ordinal)) return null;
        var old = Exclusions(before).GroupBy(line => line, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        return Exclusions(after).FirstOrDefault(line => (old[line] = old.GetValueOrDefault(line) - 1) < 0) is { } added ? $"the patch adds \"{TestCode.OneLine(added)}\" to what is not checked" : null;
    }

    private static IEnumerable<string> Exclusions(string text)
    {
        var below = -1;
        foreach (var line in WithoutComments(text).Split('\n'))
        {
            var words = line.Trim();
            if (words.Length == 0) continue;
            var indent = Indent(line, 0);
            if (indent < below || (indent == below && words[0] != '-')) below = -1;
            if (below >= 0) yield return string.Concat(words.TrimStart('-', ' ').Where(letter => letter is not ('"' or '\'')));
            else if (ExclusionKey().IsMatch(words)) below = indent;
        }
    }

    private static string? LevelLowered(string path, List<Setting> old, List<Setting> @new)
    {
        foreach (var rules in @new.Where(setting => Rank(path, setting) is not null).GroupBy(setting => (setting.Section, setting.Key)))
        {
            var before = old.Where(setting => (setting.Section, setting.Key) == rules.Key && Rank(path, setting) is not null).ToList();
            var lowered = rules.Where(setting => !before.Contains(setting)).OrderBy(setting => Rank(path, setting)).FirstOrDefault();
            if (lowered is null) continue;
            var rank = Rank(path, lowered);
            if (before.Count == 0 ? rank < 2 : rank < before.Max(setting => Rank(path, setting))) return $"\"{lowered.Key}: {lowered.Word}\" makes the check less strict";
        }
        return old.FirstOrDefault(setting => Rank(path, setting) == 3 && !@new.Any(other => other.IsSameKey(setting) && Rank(path, other) == 3)) is { } dropped
            ? $"the patch takes the rule \"{dropped.Key}: {dropped.Word}\" away" : null;
    }

    /// <summary>0 = the rule is off, 3 = it fails the job; <c>null</c> = no rule's level.</summary>
    private static int? Rank(string path, Setting setting)
    {
        var word = setting.Word.ToLowerInvariant();
        var name = path.ToLowerInvariant();
        var isRule = setting.Key.AsSpan().ContainsAny('-', '/') || OneWordRule().IsMatch(setting.Key);
        if (name.EndsWith("config", StringComparison.Ordinal) || name.EndsWith(".ruleset", StringComparison.Ordinal)) // .editorconfig, .globalconfig
            return !setting.Key.Contains("severity", StringComparison.Ordinal) && !setting.Key.Contains("Action", StringComparison.Ordinal) ? null
                : word switch { "none" or "silent" or "hidden" => 0, "suggestion" or "info" => 1, "warning" => 2, "error" => 3, _ => null };
        if (setting.Section.Contains("lints", StringComparison.Ordinal)) return word switch { "allow" => 0, "warn" => 2, "deny" or "forbid" => 3, _ => null };
        if (setting.Key is "Enabled" or "active" or "enabled") return null;
        if (name.Contains("yamllint", StringComparison.Ordinal) || name.Contains("markdownlint", StringComparison.Ordinal))
            return word switch { "disable" or "false" => 0, "warning" => 1, "enable" or "true" => 2, "error" => 3, _ => null };
        return word switch
        {
            "off" => 0,
            "warn" => 1,
            "error" => 3,
            "0" when isRule => 0,
            "1" when isRule => 1,
            "2" when isRule => 3,
            _ => null,
        };
    }

    private static List<Setting> Read(string path, string text)
    {
        var isXml = Xml().IsMatch(path);
        var bare = WithoutComments(text);
        var sections = Section().Matches(bare).Select(match => (match.Index, Name: match.Groups["name"].Value.Trim())).ToList();
        var settings = new List<Setting>();
        var (next, section) = (0, "");
        foreach (Match match in (isXml ? Element() : Pair()).Matches(bare))
        {
            for (; next < sections.Count && sections[next].Index <= match.Index; next++) section = sections[next].Name;
            var items = isXml ? match.Groups["value"].Value.Split([';', ',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : Items(bare, match.Index + match.Length);
            settings.Add(new Setting(section, match.Groups["key"].Value, items.FirstOrDefault() ?? "", items));
        }
        return settings;
    }

    private static string[] Items(string text, int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t') at++;
        if (at >= text.Length) return [];
        if (text[at] == '[')
        {
            var depth = 0;
            var end = at;
            for (; end < text.Length && end < at + MaxList; end++)
                if (text[end] == '[') depth++;
                else if (text[end] == ']' && --depth == 0) break;
            return Split(text[(at + 1)..Math.Min(end, text.Length)], ',', '\n', '[', ']');
        }
        var lineEnd = text.IndexOf('\n', at) is >= 0 and var found ? found : text.Length;
        var items = text[at] is '"' or '\'' && text.IndexOf(text[at], at + 1, lineEnd - at - 1) is > 0 and var close
            ? Split(text[(at + 1)..close], ',', ';', ' ') : Split(text[at..lineEnd], ',', ';', ' ', '}', '{', ')');
        return text[at] is '{' or '"' or '\'' ? items : [.. items, .. Below(text, at, lineEnd)];
    }

    // A list of YAML, or the further lines of a value of an INI file: deeper than the key.
    private static IEnumerable<string> Below(string text, int at, int lineEnd)
    {
        var indent = Indent(text, text.LastIndexOf('\n', Math.Max(0, at - 1)) + 1);
        for (var start = lineEnd + 1; start < text.Length && start < at + MaxList;)
        {
            var end = text.IndexOf('\n', start) is >= 0 and var found ? found : text.Length;
            var line = text[start..end].Trim();
            var isItem = line.StartsWith("- ", StringComparison.Ordinal) && Indent(text, start) >= indent;
            if (line.Length > 0 && !isItem && (Indent(text, start) <= indent || Pair().IsMatch(line))) yield break;
            foreach (var item in Split(isItem ? line[2..] : line, ',', ';')) yield return item;
            start = end + 1;
        }
    }

    private static int Indent(string text, int lineStart)
    {
        var at = lineStart;
        while (at < text.Length && text[at] is ' ' or '\t') at++;
        return at - lineStart;
    }

    private static string[] Split(string list, params char[] separators) =>
        [.. list.Split(separators).Select(item => item.Trim().Trim('"', '\'', '`').Trim()).Where(item => item.Length > 0)];

    private static string WithoutComments(string text) => Comment().Replace(text, "");

    private static bool IsOn(string word) => word.ToLowerInvariant() is "true" or "1" or "yes" or "on" or "enable" or "enabled" or "error" or "all" or "strict" or "skip" or "silent";

    private static bool IsOff(string word) => word.ToLowerInvariant() is "false" or "0" or "no" or "off" or "disable" or "disabled" or "none";

    private sealed record Setting(string Section, string Key, string Word, string[] Items)
    {
        public bool IsSameKey(Setting other) => Key == other.Key && Section == other.Section;

        public bool Equals(Setting? other) => other is not null && IsSameKey(other) && Word == other.Word;

        public override int GetHashCode() => HashCode.Combine(Section, Key, Word);
    }

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline;
    private const RegexOptions IgnoringCase = Options | RegexOptions.IgnoreCase;

    [GeneratedRegex(@"(^|/)(\.?(eslintrc|stylelintrc|prettierrc|pylintrc|flake8|pycodestyle|ruff|mypy|rubocop|yamllint|clang-tidy|clang-format|golangci|swiftlint|shellcheckrc|markdownlint|hadolint|biome|phpstan|psalm|phpcs|phpmd|detekt|checkstyle|spotbugs|pmd|tslint|jshintrc|codecov|coveragerc|nycrc|c8rc|simplecov|bandit|tflint|checkov|credo|scalafix|oxlintrc|commitlint|clippy|pyright\w*|luacheckrc|codespellrc|typos|cspell|htmlhintrc|ansible-lint|sqlfluff|reek|erb-?lint|editorconfig|globalconfig|gitleaks|semgrep|trivy|sonar-project|tsconfig|jsconfig|jest|vitest|nyc|c8|eslint|stylelint|playwright|cypress|mocharc|karma)([._-][\w.-]*)?|[\w.-]*\.(ruleset|globalconfig|runsettings|dotsettings)|tsconfig[\w.-]*\.json|pytest\.ini|config/detekt[\w/.-]*|\.config/[\w-]*lint[\w.-]*)$", IgnoringCase)]
    private static partial Regex LinterConfig();

    [GeneratedRegex(@"(^|/)(package\.json|composer\.json|pyproject\.toml|setup\.cfg|tox\.ini|Cargo\.toml|\.cargo/config(\.toml)?|pom\.xml|build\.sbt|[\w.-]*\.(csproj|fsproj|vbproj|props|targets|gradle|gradle\.kts)|noxfile\.py|phpunit[\w.-]*\.xml[\w.]*|\.simplecov|gradle\.properties|analysis_options\.yaml|lib/tasks/[\w.]+)$", IgnoringCase)]
    private static partial Regex SharedConfig();

    [GeneratedRegex(@"(^|/)(\.(prettier|eslint|stylelint|gitleaks|trivy|semgrep|markdownlint|nsp|rubocop_todo|clang-format-|clang-tidy-|lint|jshint|snyk|dockle|remark|cfnlint|tfsec)-?(ignore|rc|yml|todo\.yml)?|\.rubocop_todo\.yml|[\w.-]*(phpstan|psalm|detekt|lint|mypy|checkstyle|spotbugs|pmd|ruff|pyright|cppcheck|dependency-?check|valgrind|[alt]san|ubsan)[\w.-]*(baseline|suppressions?|exclude)[\w.-]*\.(xml|neon|ya?ml|json|toml|txt)|GlobalSuppressions\.cs|\.secrets\.baseline)$", IgnoringCase)]
    private static partial Regex IgnoreFile();

    [GeneratedRegex(@"^(strict\w*|noImplicit\w+|noUnused\w+|noFallthrough\w*|noUnchecked\w+|noPropertyAccess\w*|exactOptional\w+|noEmitOnError|forceConsistent\w+|checkJs|TreatWarningsAsErrors|MSBuildTreatWarningsAsErrors|CodeAnalysisTreatWarningsAsErrors|EnforceCodeStyleInBuild|EnableNETAnalyzers|RunAnalyzers\w*|warnings?_?as_?errors|allWarningsAsErrors|warningsAsErrors|warn_(unused|redundant|return|unreachable|no_return)\w*|disallow_\w+|check_untyped_defs|no_implicit_\w+|strict_\w+|fail_?on_?\w+|abortOnError|check-coverage|xfail_strict|noImplicitAny|useUnknownInCatchVariables|typeCheckingMode|errorOnWarn\w*|Enabled|active|forbidOnly|report[A-Z]\w+)$", IgnoringCase)]
    private static partial Regex StrictSwitch();

    [GeneratedRegex(@"^(ignore_(missing_imports|errors)|follow_imports|skipLibCheck|skip_?\w*tests?|maven\.test\.(skip|failure\.ignore)|testFailureIgnore|ignoreFailures|ignore_?failures?|ignoreErrors|ignoreBuildErrors|ignoreDuringBuilds|allowUn\w+|allow_untyped_\w+|allowJs|suppress\w+|passWithNoTests|DisableFormat|SkipAnalyzers\w*|allow_?failure|quiet)$", IgnoringCase)]
    private static partial Regex LooseSwitch();

    [GeneratedRegex(@"^(lint\.)?(ignores?|extend-ignore|per-file-ignores|extend-per-file-ignores|exclude|exclude[_-](dir|files|paths|patterns)|exclude_rules|excludes|extend-exclude|extend[_-]skip|force-exclude|disable|disabled|disabled_rules|disable_error_code|NoWarn|WarningsNotAsErrors|omit|exclude_lines|exclude_also|ignorePatterns|ignorePaths|ignoreErrors|ignoreFiles|ignored?_?words(-list)?|skips?|allow(list|ed)?|norecursedirs|files-ignore|\w*IgnorePatterns|filterwarnings|suppress\w*|Exclude|sonar\.(exclusions|test\.exclusions|coverage\.exclusions))$", Options)]
    private static partial Regex LooseList();

    [GeneratedRegex(@"^(lint\.)?(select|extend-select|enable|enable_error_code|opt_in_rules|WarningsAsErrors|include|files)$", Options)]
    private static partial Regex StrictList();

    [GeneratedRegex(@"(^|/)[tj]sconfig[\w.-]*\.json$", IgnoringCase)]
    private static partial Regex TypeScriptConfig();

    [GeneratedRegex(@"^(include|files)$", Options)]
    private static partial Regex FileList();

    [GeneratedRegex(@"^(exclude-rules|exclusions|exclude-dirs|exclude-files)\s*:", Options)]
    private static partial Regex ExclusionKey();

    [GeneratedRegex(@"^(NoWarn|WarningsNotAsErrors|WarningsAsErrors|\w*IgnorePatterns|per-file-ignores|disable_error_code|sonar\.\w*)$", Options)]
    private static partial Regex CheckersOwnList();

    [GeneratedRegex(@"ruff|flake8|pylint|pycodestyle|pydocstyle|mypy|pyright|pytest|coverage|black|isort|bandit|codespell|lints|interrogate|vulture|deptry|yapf|typos|eslint", IgnoringCase)]
    private static partial Regex CheckerSection();

    [GeneratedRegex(@"^(eqeqeq|curly|semi|quotes|indent|camelcase|complexity|radix|yoda|strict)$", Options)]
    private static partial Regex OneWordRule();

    [GeneratedRegex(@"\b(?<key>[a-zA-Z][\w-]*)[""']?[ \t]*[:=> ][ \t]*[""'(]?(?<number>-?[0-9]{1,9}(\.[0-9]{1,9})?)\b", Options)]
    private static partial Regex Number();

    [GeneratedRegex(@"^(cov-)?fail-under|^min(imum)?-?coverage|^coverage-threshold|^min-?msi", IgnoringCase)]
    private static partial Regex MayNotFall();

    [GeneratedRegex(@"^(branches|functions|lines|statements|minimum|threshold|target|covered-?ratio|min-covered-msi|coverage)$", Options)]
    private static partial Regex MayNotFallInConfig();

    [GeneratedRegex(@"^(max-?warnings|max-line-length|line-length|max-complexity|reruns|testTimeout|hookTimeout)$", IgnoringCase)]
    private static partial Regex MayNotRise();

    [GeneratedRegex(@"^(max|max-(len|lines|lines-per-function|params|depth|statements|args|locals|branches|returns|attributes|issues|diff-pixels|diff-pixel-ratio)|retries|retry|timeout|tolerance|cyclomatic\w*)$", IgnoringCase)]
    private static partial Regex MayNotRiseInConfig();

    [GeneratedRegex(@"^[ \t]*(#|//|;|--[^\w]).*$|<!--.*-->|[ \t]//[ \t].*$|[ \t]#[ \t].*$", Options)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^[ \t]*\[+(?<name>[^\]\n""']+)\]+[ \t]*$", Options)]
    private static partial Regex Section();

    [GeneratedRegex(@"(?<key>[@\w*][\w./@*-]*)[""']?[ \t]*(=>|[:=])", Options)]
    private static partial Regex Pair();

    [GeneratedRegex(@"<(?<key>[\w.]+)>(?<value>[^<]*)</", Options)]
    private static partial Regex Element();

    [GeneratedRegex(@"\.(xml|csproj|fsproj|vbproj|props|targets|runsettings)$", IgnoringCase)]
    private static partial Regex Xml();
}
