using System.Text;
using System.Text.RegularExpressions;
using QMoi.Fixers;
using YamlDotNet.RepresentationModel;

namespace QMoi.Handlers.Git;

/// <summary>Refuses a patch that makes a job green by checking less: tests that go or are skipped, checks that say less, expected files made to fit, warnings silenced,
/// failures hidden, rights widened. Whoever made the patch.</summary>
/// <remarks>
/// It compares how often each thing stands in a file before and after, so what only moves, is renamed or laid out anew passes, and what is taken back (a suppression, a skip) too.
/// Decided: a job or test that is run again until it passes hides a failure; a longer time limit weakens a test but not a CI job, where it is a resource; expected files may
/// lose entries, never change, unless the patch is their regeneration. Not seen: a test rewritten with as many checks and the same values.
/// </remarks>
internal static partial class Weakening
{
    /// <summary>For people, one sentence; <c>null</c> where nothing is weakened.</summary>
    public static string? Find(Patch patch, PatchScope scope)
    {
        foreach (var change in FileChange.Of(patch))
            if (Find(change, scope) is { } problem) return $"{change.Path}: {problem}.";
        return null;
    }

    private static string? Find(FileChange change, PatchScope scope)
    {
        // A lock file names what others wrote, and so does code that a tool copies in.
        if (PatchRules.IsLockFile(change.Path) || (scope.Author == PatchAuthor.Tool && CopiedIn().IsMatch(change.Path))) return null;
        if (ExpectedFile().IsMatch(change.Path)) return scope.ExpectedFilesAreSubject && scope.Author != PatchAuthor.Model ? null : ExpectedChanged(change, scope);
        return TestsLost(change) ?? Commands(change, scope) ?? Forced(change) ?? Words(change, scope) ?? Settings(change);
    }

    private static string? ExpectedChanged(FileChange change, PatchScope scope)
    {
        if (change.OldPath is null || change.IsSame) return null;
        const string because = "what a test expects is not made to fit the result";
        if (change.IsBinary) return because;
        if (JestSnapshots().IsMatch(change.Path))
        {
            var (old, @new) = (SnapshotEntries(change.Before), SnapshotEntries(change.After));
            if (change.IsDeleted) return scope.Author == PatchAuthor.Model ? because : null;
            return @new.FirstOrDefault(entry => !old.Contains(entry)) is { } entry ? $"\"{TestCode.OneLine(entry)}\" is new, and {because}" : null;
        }
        return change.IsDeleted || Bare(change.Before) != Bare(change.After) ? because : null;
    }

    private static HashSet<string> SnapshotEntries(string text) => [.. text.Split("\nexports[").Skip(1).Select(entry => "exports[" + entry.Trim())];

    private static string Bare(string text) => string.Concat(text.Where(character => !char.IsWhiteSpace(character)));

    private static string? TestsLost(FileChange change)
    {
        if (change.OldPath is not { } oldPath) return null;
        var isTest = TestCode.IsTestPath(oldPath);
        if (change.IsBinary) return change.IsDeleted && isTest ? "it belongs to the tests and stays" : null;
        var before = change.OldCode;
        isTest = isTest || before?.Tests.Count > 0;
        if (!isTest || string.IsNullOrWhiteSpace(change.Before)) return null;
        if (change.IsDeleted) return "it belongs to the tests and stays";
        if (string.IsNullOrWhiteSpace(change.After)) return "it belongs to the tests and is not emptied";
        if (TestCode.IsTestName(oldPath) && !TestCode.IsTestName(change.Path)) return $"under this name {oldPath} is no longer found as a test";
        return before is null || change.NewCode is not { } after ? null : TestsLost(before, after) ?? ChecksWeaker(before.Checks, after.Checks) ?? FailsOtherwise(Guards(change.Before, before), Guards(change.After, after)) ?? LimitsRaised(before.Code, after.Code);
    }

    private static string? TestsLost(TestCode before, TestCode after) =>
        after.Tests.Count < before.Tests.Count ? $"the patch removes a test, \"{Missing(before.Tests, after.Tests)}\"" : null;

    private static string? ChecksWeaker(IReadOnlyList<Check> before, IReadOnlyList<Check> after)
    {
        var (old, @new) = (Without(before, after, check => check.Text), Without(after, before, check => check.Text));
        static int Count(List<Check> checks, CheckStrength least) => checks.Count(check => check.Strength >= least);
        string Gone() => TestCode.OneLine(old[0].Text);

        if (Count(@new, CheckStrength.AlwaysHolds) < Count(old, CheckStrength.AlwaysHolds)) return $"the patch removes a check, \"{Gone()}\"";
        if (Count(@new, CheckStrength.Loose) < Count(old, CheckStrength.Loose)) return $"in place of \"{Gone()}\" stands a check that always holds";
        if (Count(@new, CheckStrength.Exact) < Count(old, CheckStrength.Exact)) return $"in place of \"{Gone()}\" stands a check that says less";

        List<string> asked = [.. old.SelectMany(check => check.Values)], asks = [.. @new.SelectMany(check => check.Values)];
        // Linters turn "is 0 long" into "is empty", leave the usual encoding out, and put strings together.
        var isShorter = Without(asks, asked).Count == 0;
        var lost = Without(asked, asks).FirstOrDefault(value => !isShorter || Letters(value) is not ("" or "0" or "1" or "utf-8" or "utf8"));
        return lost is null || Letters(string.Concat(asked)) == Letters(string.Concat(asks)) ? null : $"the tests no longer ask for \"{TestCode.OneLine(lost)}\"";
    }

    /// <summary>The conditions under which a test fails: <c>if got != want { t.Errorf(...) }</c>; a guard that became a call of a library is a check like others.</summary>
    private static List<string> Guards(string text, TestCode code) =>
        [.. Guard().Matches(code.Code).Select(match => match.Groups["condition"]).Select(condition => text.Substring(condition.Index, condition.Length).Trim())];

    // Names may change, and sides be swapped; what is compared how, and with which values, may not.
    private static string? FailsOtherwise(List<string> before, List<string> after)
    {
        static string Shape(string condition) => string.Concat(Comparison().Matches(condition).Select(match => match.Value));
        var (lost, added) = (Without(before, after, Shape), Without(after, before, Shape));
        return lost.Count > 0 && added.Count > 0 ? $"a test that fails if \"{TestCode.OneLine(lost[0])}\" would fail if \"{TestCode.OneLine(added[0])}\"" : null;
    }

    private static string Letters(string value) => string.Concat(Placeholder().Replace(value, "").Where(character => !char.IsWhiteSpace(character)));

    private static string? LimitsRaised(string before, string after)
    {
        List<string> old = [.. TimeLimit().Matches(before).Select(match => match.Value)], @new = [.. TimeLimit().Matches(after).Select(match => match.Value)];
        var (lost, added) = (Without(old, @new), Without(@new, old));
        static decimal Number(string limit) => decimal.Parse(string.Concat(limit.Where(char.IsAsciiDigit).TakeLast(12)), System.Globalization.CultureInfo.InvariantCulture);
        return added.FirstOrDefault(limit => RunnersLimit().IsMatch(limit) || lost.Count > 0) is { } raised && (lost.Count == 0 || lost.Max(Number) < Number(raised))
            ? $"\"{TestCode.OneLine(raised)}\" gives a test more time instead of repairing it" : null;
    }

    private static string? Words(FileChange change, PatchScope scope)
    {
        if (change.IsBinary || change.IsDeleted || Prose().IsMatch(change.Path)) return null;
        var (oldCode, newCode) = (change.OldCode, change.NewCode);
        var isTest = newCode is not null && (TestCode.IsTestPath(change.Path) || newCode.Tests.Count > 0);
        foreach (var word in AddedWords)
        {
            var applies = word.Where switch
            {
                In.Tests => isTest,
                In.Commands => HoldsCommands(change.Path, scope),
                In.CiFiles => PatchRules.IsCiFile(change.Path, scope.CiFiles),
                In.WrittenCode => scope.Author != PatchAuthor.Tool || !Generated().IsMatch(change.After[..Math.Min(2000, change.After.Length)]),
                _ => true,
            };
            if (!applies) continue;
            var inCode = word.Where == In.Tests;
            if (Added(word.Pattern, inCode ? oldCode!.Code : change.Before, inCode ? newCode!.Code : change.After) is { } added) return $"\"{added}\" {word.What}";
        }
        if (!HoldsCommands(change.Path, scope) && !BuildFile().IsMatch(change.Path) && !Strictness.IsConfig(change.Path)) return null;
        foreach (var (what, pattern) in StayingWords)
        {
            var old = pattern.Matches(change.Before);
            if (pattern.Count(change.After) < old.Count) return $"the patch takes \"{TestCode.OneLine(old[0].Value)}\" away, {what}";
        }
        return null;
    }

    /// <summary>The first that stands more often after than before. Where a pattern has codes (rules that are silenced), each code counts for itself.</summary>
    private static string? Added(Regex pattern, string before, string after)
    {
        var added = pattern.Matches(after);
        if (added.Count == 0) return null;
        var there = pattern.Matches(before);
        if (Without<Match>(added, there, match => match.Value).Count == 0) return null;
        Dictionary<string, int> old = Counts(there.SelectMany(Keys)), @new = Counts(added.SelectMany(Keys));
        foreach (var match in added.Cast<Match>())
            foreach (var key in Keys(match))
            {
                var all = key.Split(' ')[0]; // a suppression of everything may become one of something
                if (@new[key] > old.GetValueOrDefault(key) && old.GetValueOrDefault(all) <= @new.GetValueOrDefault(all)) return TestCode.OneLine(match.Value);
            }
        return null;
    }

    private static IEnumerable<string> Keys(Match match)
    {
        if (match.Groups["marker"] is not { Success: true, Value: var marker }) return [""];
        marker = string.Concat(marker.Where(character => !char.IsWhiteSpace(character)));
        var codes = ReasonAfterCodes().Replace(match.Groups["codes"].Value, "");
        var keys = Code().Matches(codes).Select(code => marker + " " + code.Value).Distinct().ToList();
        return keys.Count == 0 ? [marker] : keys;
    }

    private static string? Commands(FileChange change, PatchScope scope)
    {
        if (change.OldPath is null || change.IsBinary || !HoldsCommands(change.Path, scope)) return null;
        foreach (var pattern in (Regex[])[TestCommand(), LintCommand()])
        {
            List<string> old = [.. pattern.Matches(change.Before).Select(CommandText)], @new = [.. pattern.Matches(change.After).Select(CommandText)];
            if (@new.Count < old.Count) return $"the patch removes \"{Missing(old, @new)}\"";
            if (Narrowed(old, @new) is { } narrowed) return $"\"{narrowed}\" checks less than before";
        }
        if (Path.GetFileName(change.Path) == "package.json") return ScriptEmptied(change);
        if (Makefile().IsMatch(change.Path)) return Fewer(change, "target", text => [.. CheckTarget().Matches(text).Select(match => match.Groups["name"].Value)]) ?? Fewer(change, "command", text => Recipes(text));
        if (!PatchRules.IsCiFile(change.Path, scope.CiFiles) || !Yaml().IsMatch(change.Path)) return null;
        return RunsLessOften(change) ?? Fewer(change, "job", text => CiJobs(text)) ?? Fewer(change, "step", text => [.. Uses().Matches(text).Select(match => match.Value)])
            ?? Fewer(change, "command", text => CiCommands(text)) ?? Fewer(change, "trigger", text => [.. Trigger().Matches(text).Select(match => match.Value)])
            ?? Fewer(change, "matrix entry", text => CiMatrices(text).Runs) ?? ExcludedFromMatrix(change);
    }

    private static string? ExcludedFromMatrix(FileChange change) =>
        Without(CiMatrices(change.After).Exclusions, CiMatrices(change.Before).Exclusions) is [var excluded, ..] ? $"the patch excludes \"{TestCode.OneLine(excluded)}\" from a matrix" : null;

    private static string? RunsLessOften(FileChange change)
    {
        string[] before = change.Before.Split('\n'), after = change.After.Split('\n');
        var (lost, added) = (Without(before, after), Without(after, before).Where(line => Condition().IsMatch(line)).ToList());
        // A key whose spelling is put right takes nothing away from what already stood there.
        if (added.Count <= lost.Count(line => Condition().IsMatch(line))) return null;
        return added.FirstOrDefault(line => !lost.Any(old => AfterKey(old) == AfterKey(line))) is { } condition ? $"\"{TestCode.OneLine(condition)}\" lets a job run less often" : null;
    }

    private static string AfterKey(string line) => line.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? $"{line.Length - line.TrimStart().Length}{line[colon..].TrimEnd()}" : line;

    private static string? Fewer(FileChange change, string what, Func<string, IReadOnlyList<string>> list)
    {
        var (old, @new) = (list(change.Before), list(change.After));
        return @new.Count < old.Count ? $"the patch drops a {what}, \"{Missing(old, @new)}\"" : null;
    }

    private static string CommandText(Match match) => TestCode.OneLine(match.Groups["command"].Value);

    private static string? Narrowed(List<string> old, List<string> @new)
    {
        var (lost, added) = (Without(old, @new), Without(@new, old));
        if (added.FirstOrDefault(command => NarrowingOption().Count(command) > lost.Sum(NarrowingOption().Count)) is { } withOption && lost.Count > 0) return withOption;
        if (lost.Count != added.Count) return null;
        for (var index = 0; index < lost.Count; index++)
        {
            var (before, after) = (Targets(lost[index]), Targets(added[index]));
            if ((before == 0 && after > 0) || (after > 0 && after < before)) return added[index];
        }
        return null;
    }

    // What a command is to look at: its words that look like files or folders.
    private static int Targets(string command) => command.Split(' ').Skip(1).Count(word => word.Length > 1 && word[0] is not ('-' or '$' or '>') && word.AsSpan().ContainsAny('/', '.', '*') && !word.Contains('=', StringComparison.Ordinal));

    /// <summary>What is run of the matrices of jobs, and what of it is not.</summary>
    private static (List<string> Runs, List<string> Exclusions) CiMatrices(string text)
    {
        List<string> runs = [], exclusions = [];
        var (matrix, exclude) = (-1, -1); // the indents of the keys that the line stands below
        foreach (var line in text.Replace("\t", "    ", StringComparison.Ordinal).Split('\n'))
        {
            var words = line.Trim();
            if (words.Length == 0 || words[0] == '#') continue;
            var indent = line.Length - line.TrimStart().Length;
            if (indent < matrix || (indent == matrix && words[0] != '-')) matrix = -1;
            if (indent < exclude || (indent == exclude && words[0] != '-')) exclude = -1;
            if (MatrixKey().Match(line) is { Success: true } key) (matrix, exclude) = (key.Groups["before"].Length, -1);
            if (matrix < 0) continue;
            if (words.StartsWith("exclude:", StringComparison.Ordinal)) exclude = indent;
            var items = words.IndexOf('[', StringComparison.Ordinal) is >= 0 and var list ? words[(list + 1)..].TrimEnd(']', '}', ' ').Split(',') : words.StartsWith("- ", StringComparison.Ordinal) ? [words[2..]] : [];
            (exclude >= 0 ? exclusions : runs).AddRange(items.Select(item => item.Trim()).Where(item => item.Length > 0));
        }
        return (runs, exclusions);
    }

    /// <summary>Versions that a project forces upon what it depends on make an error of theirs go, seldom a mistake of its own.</summary>
    private static string? Forced(FileChange change)
    {
        if (change.IsBinary) return null;
        List<string>? before, after;
        switch (Path.GetFileName(change.Path))
        {
            case "package.json":
                (before, after) = (JsonOverrides(change.Before), JsonOverrides(change.After));
                break;
            case "pnpm-workspace.yaml":
                (before, after) = (YamlOverrides(change.Before), YamlOverrides(change.After));
                break;
            default:
                return null;
        }

        if (after is null) return "nobody can read any more which versions are forced upon what depends on it";
        // Of what could not be read before, a name counts wherever it stood.
        var forced = before is null ? after.Find(name => !change.Before.Contains(name, StringComparison.Ordinal)) : Without(after, before) is [var first, ..] ? first : null;
        return forced is null ? null : $"the patch forces a version of \"{TestCode.OneLine(forced)}\" upon what depends on it";
    }

    /// <summary><c>overrides</c> of npm, bun and (below <c>pnpm</c>) pnpm, <c>resolutions</c> of yarn.</summary>
    private static List<string> JsonOverrides(string text)
    {
        var names = new List<string>();
        for (var block = OverrideBlock().Match(text); block.Success;)
        {
            var inside = Braced(text, block.Index + block.Length);
            names.AddRange(JsonKey().Matches(inside).Select(key => key.Groups["name"].Value));
            block = OverrideBlock().Match(text, block.Index + block.Length + inside.Length);
        }
        return names;
    }

    /// <summary>pnpm's <c>overrides</c>; keys that are taken over from elsewhere count as a name of their own. <c>null</c> where it is no YAML.</summary>
    private static List<string>? YamlOverrides(string text)
    {
        if (OutsideYaml.Read(text.TrimStart('\uFEFF'), out _) is not { } documents) return null;
        return [.. documents.SelectMany(document => Keys(document.RootNode)).SelectMany(pair => Scalar(pair.Key) switch
        {
            "overrides" => pair.Value is YamlMappingNode ? Keys(pair.Value).Select(inner => Scalar(inner.Key)) : Scalar(pair.Value) is "" or "~" or "null" ? [] : [Scalar(pair.Value)],
            "<<" => ["<<"],
            _ => [],
        })];

        static IEnumerable<KeyValuePair<YamlNode, YamlNode>> Keys(YamlNode node) => node is YamlMappingNode mapping ? mapping.Children : [];

        static string Scalar(YamlNode node) => (node as YamlScalarNode)?.Value ?? (node is YamlScalarNode ? "" : "...");
    }

    private static string Braced(string text, int start)
    {
        var depth = 1;
        var end = start;
        while (end < text.Length && (depth += text[end] switch { '{' => 1, '}' => -1, _ => 0 }) > 0) end++;
        return text[start..end];
    }

    private static string? ScriptEmptied(FileChange change)
    {
        var now = Script().Matches(change.After).ToLookup(match => match.Groups["name"].Value, match => match.Groups["command"].Value);
        foreach (Match script in Script().Matches(change.Before))
        {
            var name = script.Groups["name"].Value;
            if (!now.Contains(name)) return $"the patch removes the script \"{name}\"";
            if (!Idle().IsMatch(script.Groups["command"].Value) && now[name].All(command => Idle().IsMatch(command))) return $"the script \"{name}\" would do nothing any more";
        }
        return null;
    }

    private static List<string> Recipes(string text) => [.. text.Split('\n').Where(line => line.StartsWith('\t')).Select(line => line.Trim().TrimStart('@')).Where(line => line.Length > 0 && line[0] != '#' && !Idle().IsMatch(line))];

    /// <summary>Every line that a job runs and that does something: below <c>script:</c>, <c>run:</c> and their like.</summary>
    private static List<string> CiCommands(string text)
    {
        var commands = new List<string>();
        var keyIndent = -1;
        foreach (var line in text.Replace("\t", "    ", StringComparison.Ordinal).Split('\n'))
        {
            var words = line.Trim();
            if (words.Length == 0 || words[0] == '#') continue;
            var indent = line.Length - line.TrimStart().Length;
            if (CommandKey().Match(line) is { Success: true } key)
            {
                keyIndent = key.Groups["before"].Length;
                words = BlockMark().Replace(key.Groups["rest"].Value.Trim(), "");
            }
            else if (indent < keyIndent || (indent == keyIndent && !words.StartsWith("- ", StringComparison.Ordinal)) || keyIndent < 0)
            {
                keyIndent = -1;
                continue;
            }
            words = words.TrimStart('-', ' ').Trim('"', '\'');
            if (words.Length > 0 && !Idle().IsMatch(words)) commands.Add(words);
        }
        return commands;
    }

    private static List<string> CiJobs(string text)
    {
        var jobs = new List<string>();
        var lines = text.Replace("\t", "    ", StringComparison.Ordinal).Split('\n');
        var start = Array.FindIndex(lines, line => line.TrimEnd() is "jobs:");
        var depth = 0;
        for (var index = Math.Max(start + 1, 0); index < lines.Length; index++)
        {
            if (JobKey().Match(lines[index]) is not { Success: true } match) continue;
            var indent = match.Groups["before"].Length;
            if (start >= 0 && indent == 0) break;
            if (start >= 0 && depth == 0) depth = indent;
            if (indent == depth) jobs.Add(match.Groups["name"].Value);
        }
        return [.. jobs.Distinct(StringComparer.Ordinal)];
    }

    private static string? Settings(FileChange change) =>
        change.IsBinary || Prose().IsMatch(change.Path) ? null : Strictness.Loosened(change.Path, change.Before, change.After);

    private static bool HoldsCommands(string path, PatchScope scope) => PatchRules.IsCiFile(path, scope.CiFiles) || CommandFile().IsMatch(path);

    private static string Missing(IReadOnlyList<string> before, IReadOnlyList<string> after) => Without(before, after) is [var first, ..] ? first : before[^1];

    private static List<string> Without(IReadOnlyList<string> items, IReadOnlyList<string> others) => Without(items, others, item => item);

    /// <summary>What is left when each of the others has taken one of its like away.</summary>
    private static List<T> Without<T>(IReadOnlyList<T> items, IReadOnlyList<T> others, Func<T, string> key)
    {
        var counts = Counts(others.Select(key));
        return [.. items.Where(item => (counts[key(item)] = counts.GetValueOrDefault(key(item)) - 1) < 0)];
    }

    private static Dictionary<string, int> Counts(IEnumerable<string> items) =>
        items.GroupBy(item => item, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    /// <summary>One file before and after. A deleted and a new file that mostly agree are one file that moved.</summary>
    /// <param name="OldPath"><c>null</c> for a new file.</param>
    private sealed record FileChange(string Path, string? OldPath, ReadOnlyMemory<byte> OldContent, ReadOnlyMemory<byte> NewContent, bool IsDeleted)
    {
        private TestCode? oldCode, newCode;

        public bool IsSame => OldContent.Span.SequenceEqual(NewContent.Span);
        public bool IsBinary { get; } = UnifiedDiff.IsBinary(OldContent.Span) || UnifiedDiff.IsBinary(NewContent.Span);
        public string Before { get; } = Text(OldContent.Span);
        public string After { get; } = Text(NewContent.Span);
        public TestCode? OldCode => oldCode ??= TestCode.Read(OldPath ?? Path, Before);
        public TestCode? NewCode => newCode ??= TestCode.Read(Path, After);

        public static IEnumerable<FileChange> Of(Patch patch)
        {
            var added = patch.Edits.OfType<FileEdit.Write>().Where(write => write.Before is null).ToList();
            foreach (var edit in patch.Edits)
            {
                if (edit is FileEdit.Write { Before: { } before } write) yield return new FileChange(write.Path, write.Path, before, write.After, IsDeleted: false);
                if (edit is not FileEdit.Delete delete) continue;
                var target = added.Select(candidate => (Write: candidate, Share: Agreement(delete.Before.Span, candidate.After.Span))).OrderByDescending(pair => pair.Share).FirstOrDefault();
                if (target.Share < 0.5)
                {
                    yield return new FileChange(delete.Path, delete.Path, delete.Before, default, IsDeleted: true);
                    continue;
                }
                added.Remove(target.Write);
                yield return new FileChange(target.Write.Path, delete.Path, delete.Before, target.Write.After, IsDeleted: false);
            }
            foreach (var write in added) yield return new FileChange(write.Path, null, default, write.After, IsDeleted: false);
        }

        private static double Agreement(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
        {
            if (before.SequenceEqual(after)) return 1;
            string[] old = [.. Text(before).Split('\n').Select(line => line.Trim())], @new = [.. Text(after).Split('\n').Select(line => line.Trim())];
            return 1 - ((double)Without(old, @new).Count / old.Length);
        }

        private static string Text(ReadOnlySpan<byte> content) => Encoding.UTF8.GetString(content).Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private enum In { AllText, WrittenCode, Tests, Commands, CiFiles }

    /// <summary>What may not become more.</summary>
    private static readonly IReadOnlyList<(string What, In Where, Regex Pattern)> AddedWords =
    [
        ("skips a test", In.Tests, Skip()),
        ("leaves the other tests out", In.Tests, Focus()),
        ("ends the run before its failures count", In.Tests, EarlyExit()),
        ("leaves a test before its checks", In.Tests, EarlyReturn()),
        ("runs a failing test again until it passes", In.Tests, RepeatedTest()),
        ("runs a failing job again until it passes", In.CiFiles, RepeatedJob()),
        ("silences a warning", In.WrittenCode, SilencedRule()),
        ("silences a warning", In.WrittenCode, Silenced()),
        ("swallows an error", In.WrittenCode, SwallowedError()),
        ("hides a failure instead of repairing it", In.AllText, HiddenFailure()),
        ("hides a failure instead of repairing it", In.Commands, HiddenExitCode()),
        ("switches off a check of certificates or signatures", In.AllText, Unchecked()),
        ("gives more rights than before", In.AllText, WiderRights()),
        ("prints a secret", In.Commands, PrintedSecret()),
        ("switches a compiler's warning off", In.AllText, WarningOff()),
    ];

    /// <summary>What may not become less.</summary>
    private static readonly IReadOnlyList<(string What, Regex Pattern)> StayingWords =
    [
        ("which makes warnings errors", WarningsAreErrors()),
        ("which asks for warnings", WarningsOn()),
        ("which finds errors at run time", Sanitizer()),
        ("which ends a script at the first failure", StopAtFailure()),
        ("which keeps an installation to the lock file", LockedInstall()),
        ("which makes a check fail", FailingCheck()),
    ];

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline;
    private const RegexOptions IgnoringCase = Options | RegexOptions.IgnoreCase;

    [GeneratedRegex(@"(^|/)(vendor|node_modules|third_party|bower_components|Pods|\.yarn)/", Options)]
    private static partial Regex CopiedIn();

    [GeneratedRegex(@"@generated\b|auto-?generated|\bcode generated\b|\bdo not edit\b|\bgenerated (by|from|with)\b", IgnoringCase)]
    private static partial Regex Generated();

    [GeneratedRegex(@"\.(md|markdown|rst|adoc|asciidoc)$", IgnoringCase)]
    private static partial Regex Prose();

    [GeneratedRegex(@"(^|/)(__snapshots__|[\w.-]+-snapshots|__image_snapshots__|goldens?|cassettes)/|\.snap$|[._-](golden|approved|verified|expected)(\.\w+)?$|(^|/)(tests?|__tests?__|specs?|testdata|e2e)/([^/]+/)*(expected|expectations?|baselines?|snapshots?)/|(^|/)tests?/([^/]+/)*[^/]+\.(stdout|stderr)$", IgnoringCase)]
    private static partial Regex ExpectedFile();

    [GeneratedRegex(@"\.[cm]?[jt]sx?\.snap$", IgnoringCase)]
    private static partial Regex JestSnapshots();

    [GeneratedRegex(@"\$?\{[^}]*\}|%[-+ #0-9.]*[a-z]|[""'`]", Options)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\b(setTimeout|testTimeout|hookTimeout|[\w.]*[tT]imeout\w*)[""']?\s*[:=(]\s*\(?\s*[0-9][0-9_]*", Options)]
    private static partial Regex TimeLimit();

    [GeneratedRegex(@"^(jest|this|vi|test|testInfo|\w*\.?mark)\.|^(test|hook)Timeout|^this\.timeout", Options)]
    private static partial Regex RunnersLimit();

    [GeneratedRegex(@"\b(describe|it|test|context|suite|specify|bench)(\.\w+)*\.(skip|skipIf|runIf|todo|fixme|failing|fails)\b|\b(xit|xdescribe|xtest|xcontext|xspecify|xscenario)\b|\btest\.info\(\)\.skip|@(unittest\.|pytest\.mark\.)?(skip\w*|xfail|expectedFailure)\b|\bpytest\.(mark\.)?(skip\w*|xfail|importorskip)\b|\bself\.skipTest\b|\bunittest\.skip\w*|\bSkipTest\b|\bcollect_ignore\w*|@(Ignore|Disabled\w*|EnabledIf\w*|Ignored)\b|[\[,]\s*(Ignore|Explicit)\b|\bSkip\w*\s*=\s*""|\bIgnore\w*\s*=\s*""|\bAssert\.(Ignore|Inconclusive|Skip\w*)\b|#\[\s*(cfg_attr\([^)]*)?ignore\b|\b[tb]\.Skip(f|Now)?\s*\(|\btesting\.Short\s*\(|^\s*(skip|pending)\b|\b(skip|pending)\s*:\s*(true|"")|,\s*:(skip|pending)\b|\bmarkTest(Skipped|Incomplete)\b|->(skip|todo)\s*\(|\bDISABLED_\w+|\bGTEST_SKIP\b|\bdoctest::skip\b|(?i:\b(DISABLED|WILL_FAIL)\s+(TRUE|ON|1)\b)|\bSKIP_RETURN_CODE\b|@(tag|moduletag|describetag)\s+:?skip|\bXCTSkip\w*|\.disabled\s*\(|@test_(skip|broken)\b|\bskip_(if\w*|on_\w+)?\s*\(|^\s*#\s*if\s+(0|false|FALSE)\b|\bif\s+False\s*:|\bif\s*\(\s*(false|0)\s*\)", Options)]
    private static partial Regex Skip();

    [GeneratedRegex(@"\b(describe|it|test|context|suite|specify)(\.\w+)*\.only\b|\b(fit|fdescribe|fcontext|ftest|fspecify)\s*[("" ]|,\s*:?focus\b|\bfocus:\s*true|\bsolo:\s*true", Options)]
    private static partial Regex Focus();

    [GeneratedRegex(@"\bprocess\.exit\s*\(|\bos\._exit\s*\(|\b(Environment|System|os|sys)\.[eE]xit\s*\(\s*0?\s*\)", Options)]
    private static partial Regex EarlyExit();

    [GeneratedRegex(@"\breturn[ \t]*(;|\}|$)", Options)]
    private static partial Regex EarlyReturn();

    // In Go and its like, and where a test throws by itself.
    [GeneratedRegex(@"\bif\b(?<condition>[^{}\n]*)[{:)]\s*((t|b|tb|f)\.(Error|Fatal|Fail)\w*\s*\(|throw\b|raise\b|panic!?\s*\(|(self\.|this\.|Assert\.|pytest\.)?[fF]ail\w*\s*\(|(process\.|sys\.|os\.)?[eE]xit\s*\(\s*[1-9]|abort\s*\()", Options)]
    private static partial Regex Guard();

    [GeneratedRegex(@"[=!<>]=+|&&|\|\||[<>!]|\b(not|and|or|is|in|true|false|True|False|nil|None|null)\b|\b[0-9][\w.]*|""[^""]*""|'[^']*'|`[^`]*`", Options)]
    private static partial Regex Comparison();

    [GeneratedRegex(@"^(?<before>\s*(-\s+)?)[""']?matrix[""']?\s*:", Options)]
    private static partial Regex MatrixKey();

    [GeneratedRegex(@"[""](overrides|resolutions)[""]\s*:\s*\{", Options)]
    private static partial Regex OverrideBlock();

    [GeneratedRegex(@"[""](?<name>[^""\n]*)[""]\s*:", Options)]
    private static partial Regex JsonKey();

    [GeneratedRegex(@"\bretryTimes\s*\(|@(pytest\.mark\.)?flaky\b|@(RetryingTest|RepeatedIfExceptions\w*|Retry\w*)\b|[\[,]\s*Retry(Fact|Theory)?\s*[(\],]|\.retries\s*\(|\b(retries|retry)[""']?\s*[:=]\s*[1-9]|\btest_retries\b|\bflaky_test\b", Options)]
    private static partial Regex RepeatedTest();

    [GeneratedRegex(@"^\s*-?\s*[""']?retry[""']?\s*:|\buses\s*:\s*[\w.-]+/[\w.-]*retry[\w.-]*|--reruns\b|\brerunFailingTestsCount|--retries\b|--flaky\b", Options)]
    private static partial Regex RepeatedJob();

    [GeneratedRegex(@"^\s*-?\s*[""']?(if|only|except|paths-ignore|branches-ignore|tags-ignore)[""']?\s*:|[{,]\s*(if|only|except)\s*:", Options)]
    private static partial Regex Condition();

    [GeneratedRegex(@"(?<marker>\b(eslint|oxlint|biome|stylelint|tslint|jshint|jscs)[-: ](disable|ignore)[\w-]*)([ \t]*[: ][ \t]*(?<codes>[^\n]*))?|(?<marker>#\s*noqa\b)(:\s*(?<codes>[A-Z0-9, ]+))?|(?<marker>#\s*(ruff|flake8)\s*:\s*noqa\b)(:\s*(?<codes>[A-Z0-9, ]+))?|(?<marker>#\s*(type|pyright|mypy|ty|pyre)\s*:\s*ignore[\w-]*)(\[(?<codes>[^\]\n]*)\])?|(?<marker>\bpylint\s*:\s*(disable|skip-file)[\w-]*)([ \t]*=[ \t]*(?<codes>[^\n]*))?|(?<marker>#\s*pragma\s+warning\s+disable\b)(?<codes>[^\n]*)?|(?<marker>\b(rubocop|standard)\s*:\s*(disable|todo))\b(?<codes>[^\n]*)?|(?<marker>#!?\[\s*(allow|expect)\s*\()\s*(?<codes>[^)]*)|(?<marker>@(file:)?(SuppressWarnings|SuppressLint|SuppressFBWarnings|Suppress)\b)\s*(\((?<codes>[^)]*)\))?|(?<marker>\bSuppressMessage\s*\()\s*(?<codes>[^,)]*,[^,)]*)|(?<marker>//\s*nolint\b)(:(?<codes>[\w, -]*))?|(?<marker>\bNOLINT(NEXTLINE|BEGIN)?\b)(\((?<codes>[^)\n]*)\))?|(?<marker>\bshellcheck\s+disable\s*=)(?<codes>[\w, ]*)|(?<marker>\byamllint\s+disable[\w-]*)(?<codes>[^\n]*)?|(?<marker>\bmarkdownlint-(disable|configure)[\w-]*)(?<codes>[^\n>]*)?|(?<marker>@?\b(phpstan-ignore|psalm-suppress|phpcs\s*:\s*(ignore|disable)|phan-suppress)[\w-]*)(?<codes>[^\n*]*)?|(?<marker>\bhadolint\s+ignore\s*=)(?<codes>[\w, ]*)|(?<marker>\bswiftlint\s*:\s*disable[\w:]*)(?<codes>[^\n]*)?|(?<marker>#\s*pragma\s+(GCC|clang)\s+diagnostic\s+ignored\b)(?<codes>[^\n]*)?|(?<marker>\b__?pragma\s*\(\s*warning\s*\(\s*disable\s*:|#\s*pragma\s+warning\s*\(\s*disable\s*:)(?<codes>[^)\n]*)?|(?<marker>\b(tfsec|trivy|checkov|tflint|kics|semgrep|gitleaks|credo|dart|sqlfluff)[-: ]*(ignore|skip|disable|allow)[\w-]*\s*[:=]?)(?<codes>[^\n]*)?", Options)]
    private static partial Regex SilencedRule();

    [GeneratedRegex(@"(?<marker>@ts-(ignore|nocheck|expect-error)|\bdeno-lint-ignore|\bflow(lint|-disable|fixme)|@noflow|\bprettier-ignore|\bclang-format\s+off|\bfmt\s*:\s*(off|skip)|\byapf\s*:\s*disable|\bisort\s*:\s*(skip|off)|\brustfmt(::|_)skip|@formatter:off|\bgofmt:ignore|\bNOSONAR\b|#\s*nosec\b|\bnosemgrep\b|\bpragma\s*:\s*(no\s*cover|allowlist)|\b(istanbul|c8|v8)\s+ignore|:nocov:|@codeCoverageIgnore|\bLCOV_EXCL_\w+|\bGCOV_EXCL_\w+|\bExcludeFromCodeCoverage\b|\bcoverage\s*\(\s*off\s*\)|\b(cspell|spell-?checker|codespell)\s*:\s*(ignore|disable)|\btypos:disable|\btype\s*:\s*ignore\b|@no_type_check\b|\bas\s+any\b|\bas\s+unknown\s+as\b|\bas\s+never\b)", Options)]
    private static partial Regex Silenced();

    [GeneratedRegex(@"\bexcept\b[^\n]*:\s*(\n\s*)?pass\b|\bcatch\s*(\([^)\n]*\))?\s*\{\s*\}|\brescue\s+nil\b|\bcontextlib\.suppress\s*\(", Options)]
    private static partial Regex SwallowedError();

    // What follows the codes of a suppression is somebody's reason.
    [GeneratedRegex(@"(\s--|//|\s#|\*/|-->|%>)[^\n]*", Options)]
    private static partial Regex ReasonAfterCodes();

    [GeneratedRegex(@"[\w@][\w@/.:-]*", Options)]
    private static partial Regex Code();

    [GeneratedRegex(@"\|\|\s*((/bin/)?true\b|:(\s|$|[""'])|exit\s+0\b|return\s+0\b|echo\b|printf\b)|\bset\s+\+(e|o\s+(errexit|pipefail))\b|\bcontinue-?on-?error[""']?\s*:\s*[""']?(true|yes|on|\$)|\ballow_failures?[""']?\s*:|\bwhen[""']?\s*:\s*[""']?(manual|never)\b|^\s*-?\s*[""']?if[""']?\s*:\s*[""']?(\$\{\{\s*)?(false|0)\b|--no-verify\b|\blegacy-peer-deps\b|--break-system-packages\b|--?pass-?with-?no-?tests\b|\bpassWithNoTests[""']?\s*[:=]\s*true|--exit-zero\b|--if-present\b|--(test-)?force-?exit\b|\bforceExit[""']?\s*:\s*true|-DskipTests\b|-Dmaven\.test\.(skip|failure)|--fail-never\b|\bignore_errors\s*[:=]\s*(true|yes)|\bignoreFailures\s*=?\s*true|\bfailOnError\s*[:=]\s*false|--ignore-platform-reqs?\b|\b(npm|yarn|pnpm|gem|composer|bundle|pip3?|uv)\s+(run\s+)?(i|ci|install|add|update|upgrade|audit|publish|pip)\b[^\n;&|]*\s--force\b|\bgit\s+push\b[^\n;&|]*\s(--force(-with-lease)?|-f)\b|\bHUSKY(_SKIP_HOOKS)?=\w|\bSKIP=[\w,-]+\s+\w|^\.IGNORE\b", IgnoringCase)]
    private static partial Regex HiddenFailure();

    [GeneratedRegex(@";\s*(true|:|exit\s+0)\s*[""']?,?\s*$|\bexit\s+0\b|^\t-\s*[\w./$@]|--ignore-errors?\b", Options)]
    private static partial Regex HiddenExitCode();

    [GeneratedRegex(@"\bcurl\b[^\n;&|]*\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(\s|$|[""'])|--no-check-certificate\b|\bGIT_SSL_NO_VERIFY\b|\bsslverify\b[""']?\s*[=:]?\s*[""']?(false|0)|\bstrict-ssl[""']?\s*[=: ]\s*[""']?false|\bNODE_TLS_REJECT_UNAUTHORIZED\b|--trusted-host\b|\btrusted-host\s*=|\bverify\s*=\s*False\b|\bInsecureSkipVerify\s*:\s*true|\brejectUnauthorized[""']?\s*:\s*false|--allow-unauthenticated\b|--no-gpg-checks?\b|\bgpgcheck\s*=\s*0|\bServerCertificateCustomValidationCallback\b|\bGOFLAGS=-insecure|\bGO(NOSUMDB|NOSUMCHECK|INSECURE)\b|\bGONOSUMDB\b|--disable-ssl\b|--no-verify-ssl\b|--insecure-\w+|\bstrict_ssl\s*[:=]\s*false|\bPYTHONHTTPSVERIFY=0", IgnoringCase)]
    private static partial Regex Unchecked();

    [GeneratedRegex(@"\bchmod\s+(-\w+\s+)*(0?[0-7]?777|0?[0-7]?666|a\+r?w?x?w|a\+rw\w*|ugo\+rwx|o\+\w*w\w*)\b|\bpermissions[""']?\s*:\s*[""']?write-all|\bprivileged[""']?\s*[:=]\s*[""']?(true|yes)|--privileged\b|\bpull_request_target\b|\bsecrets[""']?\s*:\s*[""']?inherit|^\s*[""']?(contents|packages|id-token|actions|deployments|pull-requests|issues|checks|statuses|security-events|pages|attestations)[""']?\s*:\s*[""']?write\b|\ballowPrivilegeEscalation[""']?\s*:\s*[""']?true|\bcap_add\b|--cap-add\b|\bNOPASSWD\b|\bumask\s+0+\b|\bsafe\.directory\s*=?\s*[""']?\*|\brunAsNonRoot[""']?\s*:\s*false|\bhost(Network|PID|IPC)[""']?\s*:\s*true|\bseccomp[=:]\s*unconfined|\bpublic-read(-write)?\b", Options)]
    private static partial Regex WiderRights();

    [GeneratedRegex(@"\b(echo|printf)\b[^\n|>]*\$\{?\{?\s*(secrets\.\w+|\w*(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY)\w*)[^\n|>]*$|\b(CI_DEBUG_TRACE|ACTIONS_(STEP|RUNNER)_DEBUG)\b|^\s*-?\s*printenv\s*$", Options)]
    private static partial Regex PrintedSecret();

    [GeneratedRegex(@"(?<marker>-Wno-[\w=+-]+|/wd[0-9]{4}|(FLAGS|options?)\b[^\n]*\s-w\b|-Xlint:-\w+|-nowarn\b|--nowarn\b|-A\s*(warnings|clippy::\w+|unused\w*|dead_code)|--cap-lints\b|-suppressWarnings\b)", Options)]
    private static partial Regex WarningOff();

    [GeneratedRegex(@"-Werror([^=\w-]|$)|/WX\b|-D\s*warnings\b|--deny[ =]warnings|#!\[\s*(deny|forbid)\b|-?-warn-?as-?error\b|--warnings-as-errors\b|--fatal-warnings\b|-Xlint:all\b|-Xfatal-warnings\b|\bCOMPILE_WARNING_AS_ERROR\s+ON|-W\s+error\b", Options)]
    private static partial Regex WarningsAreErrors();

    [GeneratedRegex(@"\s-(Wall|Wextra|Wpedantic|pedantic(-errors)?|Wconversion|Wshadow|Weverything)\b|/W[34]\b|--strict\b", Options)]
    private static partial Regex WarningsOn();

    [GeneratedRegex(@"-fsanitize=\w+|\s-race\b", Options)]
    private static partial Regex Sanitizer();

    [GeneratedRegex(@"\bset\s+-[a-z]*e[a-z]*\b|\bset\s+-o\s+(errexit|pipefail)\b|^#!\S*sh\s+-\w*e|\$ErrorActionPreference\s*=\s*.Stop", Options)]
    private static partial Regex StopAtFailure();

    [GeneratedRegex(@"\bnpm\s+ci\b|--(frozen-lockfile|immutable|frozen|locked-mode|locked|require-hashes|deployment)\b", Options)]
    private static partial Regex LockedInstall();

    [GeneratedRegex(@"\s--(check|check-only|exit-code|error-exitcode|verify-no-changes|ci|fail-[\w-]+|failOn\w*|error-on-[\w-]+|Werror|list-different)\b|\s--diff-filter\b|\bprettier\s+-c\b", Options)]
    private static partial Regex FailingCheck();

    [GeneratedRegex(@"(^|/)((GNU)?[Mm]akefile|[\w.-]*\.mk|[Jj]ustfile|Taskfile\.ya?ml|package\.json|composer\.json|tox\.ini|noxfile\.py|Rakefile|(Docker|Container)file[\w.-]*|[\w.-]*\.dockerfile|\.pre-commit-config\.yaml|lefthook\.ya?ml|dodo\.py|tasks\.py|build\.xml|magefile\.go|[\w.-]*\.(sh|bash|ps1|bat|cmd)|\.husky/[\w-]+|(ci|scripts|bin|tools)/[\w-]+)$", Options)]
    private static partial Regex CommandFile();

    [GeneratedRegex(@"(^|/)(CMakeLists\.txt|meson\.build|configure\.ac|[\w.-]*\.(cmake|rs|gn|bzl))$", Options)]
    private static partial Regex BuildFile();

    [GeneratedRegex(@"(^|/)((GNU)?[Mm]akefile|[\w.-]*\.mk)$", Options)]
    private static partial Regex Makefile();

    [GeneratedRegex(@"\.ya?ml$", IgnoringCase)]
    private static partial Regex Yaml();

    [GeneratedRegex(@"(^|[^\w./-])(?<command>((npm|yarn|pnpm|bun)(\s+-\S+)*\s+(run\s+|run-script\s+|exec\s+|workspaces?\s+\S+\s+)?(tests?|t|e2e|coverage|cov|verify)\b|jest|vitest|mocha|ava|karma\s+start|cypress\s+run|playwright\s+test|node\s+--test|pytest|py\.test|tox|nox|(python3?|coverage\s+run)\s+-m\s+(pytest|unittest|doctest|tox|nox)|manage\.py\s+test|dotnet\s+(test|vstest)|go\s+test|gotestsum|cargo\s+(\+\S+\s+)?(test|nextest|llvm-cov|tarpaulin)|(\./)?mvnw?\b[^\n;&|""']*\s(test|verify|install|package)|(\./)?gradlew?\b[^\n;&|""']*\s\S*([tT]est|check|build)|sbt\b[^\n;&|]*test|ctest|make\s+(-\S+\s+)*\S*(test|check|verify)|meson\s+test|bats|rspec|rake\s+(test|spec)|rails\s+test|phpunit|pest|mix\s+test|swift\s+test|xcodebuild\b[^\n]*\stest|flutter\s+test|dart\s+test|stack\s+test|cabal\s+test|busted|prove|bazel\s+test)\b[^\n;&|""']*)", Options)]
    private static partial Regex TestCommand();

    [GeneratedRegex(@"(^|[^\w./-])(?<command>((npm|yarn|pnpm|bun)(\s+-\S+)*\s+(run\s+|run-script\s+)?(lint|check|type-?check|format:check|fmt:check|audit|validate|analy[sz]e)\b|eslint|oxlint|biome\s+(check|lint|ci)|stylelint|prettier\s|tsc|vue-tsc|ruff|flake8|pylint|mypy|pyright|black|isort|bandit|pip-audit|safety|dotnet\s+format|go\s+vet|golangci-lint|staticcheck|gofmt|goimports|govulncheck|cargo\s+(\+\S+\s+)?(clippy|fmt|audit|deny|check)|rustfmt|make\s+(-\S+\s+)*\S*lint|shellcheck|shfmt|yamllint|hadolint|actionlint|markdownlint\S*|clang-format|clang-tidy|cppcheck|rubocop|brakeman|phpstan|psalm|phpcs|php-cs-fixer|mix\s+(credo|format|dialyzer)|swiftlint|swiftformat|ktlint|detekt|checkstyle|terraform\s+(validate|fmt)|tflint|tfsec|checkov|trivy|semgrep|gitleaks|codespell|typos|cspell|commitlint|ansible-lint|sqlfluff|buf\s+(lint|breaking)|git\s+diff\s+--exit-code|npm\s+audit)\b[^\n;&|""']*)", Options)]
    private static partial Regex LintCommand();

    [GeneratedRegex(@"\s(-k|--deselect|--ignore(-glob|-path|-pattern)?|-m\s*[""']?not|--testPathIgnorePatterns|--exclude(-\w+)?|-LE?|-E|--filter|--skip\w*|-short|-run|--grep|--invert|-x\s+test|--no-run|--collect-only|--list(-tests)?|--lib|--testNamePattern|-t|--shard|--changed\w*|--onlyChanged|--lf)\b", Options)]
    private static partial Regex NarrowingOption();

    [GeneratedRegex(@"""(?<name>(pre|post)?(tests?|lint|check|type-?check|tsc|format|coverage|e2e|verify|validate|audit|build|ci)(:[\w:-]+)?)""\s*:\s*""(?<command>(\\.|[^""\\\n])*)""", Options)]
    private static partial Regex Script();

    [GeneratedRegex(@"^\s*[@-]*\s*((/bin/)?true|:|exit(\s+0)?|echo\b[^\n;&|]*|printf\b[^\n;&|]*|sleep\s+\d+|node\s+-e\s+\S*)?\s*$", Options)]
    private static partial Regex Idle();

    [GeneratedRegex(@"^(?<name>(tests?|check|lint|verify|coverage|e2e|audit|ci|fmt-check|format-check)[\w-]*)\s*::?([^=]|$)", Options)]
    private static partial Regex CheckTarget();

    [GeneratedRegex(@"^\s*-?\s*[""']?(uses|template|component)[""']?\s*:[^\n]*", Options)]
    private static partial Regex Uses();

    [GeneratedRegex(@"^\s{0,4}(-\s+)?[""']?(push|pull_request|merge_group|schedule)[""']?\s*(:|$)|^[""']?on[""']?\s*:\s*(\[[^\]\n]*\]|\w+)", Options)]
    private static partial Regex Trigger();

    [GeneratedRegex(@"^(?<before>\s*(-\s+)?)[""']?(script|before_script|after_script|run|commands?|bash|pwsh|powershell|sh)[""']?\s*:(?<rest>(\s.*)?)$", Options)]
    private static partial Regex CommandKey();

    [GeneratedRegex(@"^(&\S+\s*)?([|>][+-]?[0-9]?[+-]?(\s+#.*)?|#.*)?$|^\[|\]$", Options)]
    private static partial Regex BlockMark();

    [GeneratedRegex(@"^(?<before>\s*)(?<name>[^\s#:'""-][^:#]*|""[^""]+""|'[^']+')\s*:(\s|$)", Options)]
    private static partial Regex JobKey();
}
