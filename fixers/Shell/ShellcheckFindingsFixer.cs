using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Shell;

/// <summary>
/// Recognises findings of ShellCheck whose remedy is small and plain: quotes, <c>$(…)</c> for backquotes, <c>cd … || exit</c> and the like. Makes these changes where ShellCheck points.
/// Unsafe where a variable holds several words on purpose (options, lists), and for findings that ask what was meant: the whole is declined then, for the job would stay red.
/// </summary>
public sealed partial class ShellcheckFindingsFixer : IFixer
{
    private const int TabStop = 8;

    public string FailureId => "shellcheck-findings";

    /// <summary>Text to put in place of some characters of a line.</summary>
    private sealed record Change(int At, int Length, string Text);

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var findings = diagnosis.Matches.Where(match => match.Captures.ContainsKey("rule")).ToList();
        var (places, reason) = await NamedPlaces.FindAsync(diagnosis with { Matches = findings }, checkout, cancellationToken);
        if (reason is not null)
            return new FixResult.Declined(reason);
        var rules = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var line in places.GroupBy(place => (place.File, place.Line)).OrderByDescending(group => group.Key.Line))
        {
            if (!line.Key.File.Has(line.Key.Line))
                return new FixResult.Declined($"`{line.Key.File.Path}` has no line {line.Key.Line}; the log is of another version of it");
            if (Repair(line.Key.File, line.Key.Line, [.. line]) is { } refusal)
                return new FixResult.Declined(refusal);
            rules.UnionWith(line.Select(place => place.Capture("rule")!));
        }

        var changed = places.Select(place => place.File).Distinct().Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("nothing is left to repair in the files that the log names")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Repaired what ShellCheck reports ({string.Join(", ", rules)}) in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static string? Repair(TextFile file, int number, IReadOnlyList<NamedPlaces.Place> findings)
    {
        var text = file[number];
        var changes = new List<Change>();
        var isSplit = false;
        foreach (var finding in findings)
        {
            var rule = finding.Capture("rule")!;
            var where = $"line {number} of `{file.Path}`";
            if (IndexOf(finding, text) is not { } at)
                return $"{where} is shorter than the log says; the log is of another version of it";
            isSplit |= rule == "SC2155";
            var (made, refusal) = Changes(file, finding, text, rule, at);
            if (refusal is not null || made is null)
                return refusal is null ? $"{rule} in {where}: {finding.Capture("message") ?? "what to do"} What was meant is for a person to say" : $"{rule} in {where}: {refusal}";
            changes.AddRange(made);
        }

        // From the end to the begin; at one place what is replaced before what is put before it.
        var ordered = changes.Distinct().OrderByDescending(change => change.At).ThenByDescending(change => change.Length).ToList();
        for (var at = 0; at + 1 < ordered.Count; at++)
            if (ordered[at + 1].At + ordered[at + 1].Length > ordered[at].At && ordered[at + 1].At != ordered[at].At)
                return $"the findings in line {number} of `{file.Path}` overlap";
        foreach (var change in ordered)
            text = text.Remove(change.At, change.Length).Insert(change.At, change.Text);
        file[number] = text;
        return isSplit ? Split(file, number) : null;
    }

    private static int? IndexOf(NamedPlaces.Place finding, string text)
    {
        if (finding.Column > 0)
            return finding.Column <= text.Length ? finding.Column - 1 : null;
        // Under the line as a terminal shows it.
        var wanted = finding.Match.Text.IndexOf('^', StringComparison.Ordinal);
        var shown = 0;
        for (var index = 0; index < text.Length; index++)
        {
            if (shown >= wanted)
                return index;
            shown += text[index] == '\t' ? TabStop - (shown % TabStop) : 1;
        }

        return null;
    }

    private static (IReadOnlyList<Change>? Changes, string? Refusal) Changes(TextFile file, NamedPlaces.Place finding, string text, string rule, int at)
    {
        switch (rule)
        {
            case "SC2086" or "SC2248" or "SC2231":
                return Quoted(file, text, at);
            case "SC2068":
                return Expansion().Match(text, at) is { Success: true } all ? Around(at, all.Length, "\"") : (null, null);
            case "SC2048":
                return Starts(text, at, "$*") ? ([new Change(at, 2, "\"$@\"")], null) : (null, null);
            case "SC2046":
                return Substitution(text, at) is { } length && OneWord().IsMatch(text.AsSpan(at, length)) ? Around(at, length, "\"") : (null, "whether the output is one word or several is for a person to say");
            case "SC2006":
                return Backquotes(text, at) is { } end ? ([new Change(at, 1, "$("), new Change(at + end - 1, 1, ")")], null) : (null, "the backquotes go on over several lines or hold others");
            case "SC2164":
                return EndOfCommand(finding, text, at) is { } after ? ([new Change(after, 0, " || exit")], null) : (null, null);
            case "SC2162":
                return Starts(text, at, "read ") || text[at..] == "read" ? ([new Change(at + 4, 0, " -r")], null) : (null, null);
            case "SC2004":
                return Plain().Match(text, at) is { Success: true } plain ? ([new Change(at, plain.Length, plain.Groups["name"].Value)], null) : (null, null);
            case "SC2035":
                return Files().IsMatch(text[..at]) ? ([new Change(at, 0, "./")], null) : (null, null);
            case "SC2236":
                return NotEmpty().Match(text, at) is { Success: true } empty ? ([new Change(at, empty.Length, "-n")], null) : (null, null);
            case "SC2196" or "SC2197":
                return Starts(text, at, rule == "SC2196" ? "egrep" : "fgrep") ? ([new Change(at, 5, rule == "SC2196" ? "grep -E" : "grep -F")], null) : (null, null);
            case "SC2155":
                return Declaration().IsMatch(text) ? ([], null) : (null, null);
            default:
                return (null, null);
        }
    }

    private static (IReadOnlyList<Change>? Changes, string? Refusal) Quoted(TextFile file, string text, int at)
    {
        if (Expansion().Match(text, at) is not { Success: true } expansion)
            return (null, "there is no expansion at its column; the log is of another version of the file");
        if (InQuotedBackquotes(text[..at]))
            return (null, "quotes inside backquotes inside quotes are read differently by different shells");
        var inner = expansion.Groups["inner"].Value;
        if (inner.Any(char.IsWhiteSpace) || inner.Contains('+', StringComparison.Ordinal))
            return (null, $"`{expansion.Value}` stands for several words or for none");
        var name = expansion.Groups["name"].Value;
        return HoldsWords(file, name) ? (null, $"`{name}` seems to hold several words on purpose; an array would be right") : Around(at, expansion.Length, "\"");
    }

    private static (IReadOnlyList<Change>, string?) Around(int at, int length, string quote) => ([new Change(at, 0, quote), new Change(at + length, 0, quote)], null);

    private static bool HoldsWords(TextFile file, string name)
    {
        if (ManyName().IsMatch(name))
            return true;
        var isPlural = name.EndsWith('s') && !name.EndsWith("ss", StringComparison.OrdinalIgnoreCase) || name.EndsWith('S');
        foreach (var line in file.Lines)
            foreach (Match set in Assignment().Matches(line))
                if (set.Groups["name"].Value == name)
                {
                    var value = set.Groups["value"].Value;
                    var bare = Substituted().Replace(value.Trim('"', '\''), "x");
                    if (set.Groups["more"].Success || bare.StartsWith('-') || bare.Any(char.IsWhiteSpace) || value.Contains("$*", StringComparison.Ordinal) || value.Contains("$@", StringComparison.Ordinal)
                        || (isPlural && value.Contains("$(", StringComparison.Ordinal)) || (isPlural && value.Contains('`', StringComparison.Ordinal)))
                        return true;
                }

        return false;
    }

    private static bool InQuotedBackquotes(string before)
    {
        var open = before.LastIndexOf('`');
        return before.Count(character => character == '`') % 2 == 1 && before[..open].Count(character => character == '"') % 2 == 1;
    }

    // Length of $( … ) or of backquotes.
    private static int? Substitution(string text, int at)
    {
        if (Starts(text, at, "`"))
            return Backquotes(text, at);
        var depth = 0;
        for (var index = at; Starts(text, at, "$(") && index < text.Length; index++)
        {
            depth += text[index] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0 && index > at + 1)
                return index - at + 1;
        }

        return null;
    }

    private static int? Backquotes(string text, int at) =>
        Starts(text, at, "`") && text.IndexOf('`', at + 1) is > 0 and var close && !text[at..close].Contains('\\', StringComparison.Ordinal) ? close - at + 1 : null;

    private static int? EndOfCommand(NamedPlaces.Place finding, string text, int at)
    {
        if (!Starts(text, at, "cd") && !Starts(text, at, "pushd") && !Starts(text, at, "popd"))
            return null;
        var arrow = Arrow().Match(finding.Match.Text);
        if (arrow.Success && at + arrow.Length <= text.Length)
            return at + arrow.Length;
        var end = CommandEnd().Match(text, at).Index;
        var command = text[at..end];
        return command.Count(character => character == '"') % 2 == 0 && !command.Contains('`', StringComparison.Ordinal) && !command.Contains("$(", StringComparison.Ordinal) ? at + command.TrimEnd().Length : null;
    }

    // local x=$(f) hides how f ended.
    private static string? Split(TextFile file, int number)
    {
        var match = Declaration().Match(file[number]);
        if (!match.Success)
            return $"SC2155 in line {number} of `{file.Path}`: the declaration is written in a way that is not edited";
        var (indent, word, name) = (match.Groups["indent"].Value, match.Groups["word"].Value, match.Groups["name"].Value);
        var set = $"{indent}{name}={match.Groups["value"].Value}";
        var declare = $"{indent}{word} {name}";
        var isBefore = word is "local" or "declare" or "typeset";
        file[number] = isBefore ? declare : set;
        file.Insert(number + 1, isBefore ? set : declare);
        return null;
    }

    private static bool Starts(string text, int at, string with) => string.CompareOrdinal(text, at, with, 0, with.Length) == 0;

    [GeneratedRegex(@"\G\$(?:\{(?<inner>(?<name>\w+|@|\*)?[^{}]*)\}|(?<name>[A-Za-z_]\w*|[0-9@*]))", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expansion();

    [GeneratedRegex(@"\G\$(?:\{(?<name>\w+)\}|(?<name>[A-Za-z_]\w*))", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Plain();

    [GeneratedRegex(@"\G!\s+-z\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NotEmpty();

    // Commands whose output is one word, whatever happens.
    [GeneratedRegex(@"^(?:\$\(|`)\s*(?:pwd|date|dirname|basename|hostname|whoami|id -u|id -g|nproc|mktemp|realpath|readlink|uname(?: -\w)?|git rev-parse|git describe|git merge-base|git symbolic-ref)\b[^|;&]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OneWord();

    [GeneratedRegex(@"(?i)(?:flags?|opts?|options?|args?|arguments|params?|extra|cmd|command|list|words|files|packages|pkgs|targets|modules)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ManyName();

    [GeneratedRegex(@"(?:^|[\s;&|(])(?<name>\w+)(?<more>\+)?=(?<value>""[^""]*""|'[^']*'|\$\([^)]*\)|`[^`]*`|[^\s;&|]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\$\([^()]*\)|`[^`]*`|\$\{[^}]*\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Substituted();

    // These mean the same file with ./ before it.
    [GeneratedRegex(@"(?:^|[;&|(]|\bthen|\bdo)\s*(?:sudo\s+)?(?:rm|chmod|chown|mv|cp|cat|touch|gzip)\s[^;&|]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Files();

    [GeneratedRegex(@"\^-+\^", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Arrow();

    [GeneratedRegex(@"\s*(?:;|&|\||\)|\}|\s#|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CommandEnd();

    [GeneratedRegex(@"^(?<indent>\s*)(?<word>local|export|readonly|declare|typeset)\s+(?<name>\w+)=(?<value>""[^""]*\$\(.*""|""?\$\(.*\)""?|`[^`]*`)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Declaration();
}
