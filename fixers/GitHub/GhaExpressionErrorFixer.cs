using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Corrects an expression of a workflow: a misspelt function or context, a string in double quotes, a single <c>=</c>, <c>&amp;</c> or <c>|</c>, a single closing brace. Declines a context that
/// exists but not at that place, such as <c>secrets</c> in an <c>if</c>.
/// </summary>
public sealed partial class GhaExpressionErrorFixer : IFixer
{
    private static readonly IReadOnlyList<string> Contexts = ["github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs", "inputs"];
    private static readonly IReadOnlyList<string> Functions =
        ["contains", "startsWith", "endsWith", "format", "join", "toJSON", "fromJSON", "hashFiles", "success", "always", "cancelled", "failure", "case"];

    public string FailureId => "gha-expression-error";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, TextFile>(StringComparer.Ordinal);
        foreach (var match in diagnosis.Matches.DistinctBy(match => match.Line))
        {
            if (!match.Captures.TryGetValue("message", out var message) || !int.TryParse(match.Captures.GetValueOrDefault("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var line))
                continue;
            if (await PathAsync(diagnosis, match, checkout, cancellationToken) is not { } path)
                return new FixResult.Declined("the log does not tell which workflow it is");
            if (!files.TryGetValue(path, out var file))
            {
                if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } read)
                    return new FixResult.Declined($"`{path}` is not a text file in UTF-8");
                files[path] = file = read;
            }

            if (!file.Has(line))
                return new FixResult.Declined($"`{path}` has no line {line}; the log is of another version of it");
            if (Repair(file, line, message) is { } refusal)
                return new FixResult.Declined(refusal);
        }

        var changed = files.Values.Where(file => file.IsChanged).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("the message names no mistake that can simply be corrected")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Corrected an expression in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static async Task<string?> PathAsync(Diagnosis diagnosis, SignatureMatch match, ICheckout checkout, CancellationToken cancellationToken)
    {
        if ((match.Captures.GetValueOrDefault("file") ?? diagnosis.Captures.GetValueOrDefault("file")) is { } named)
            return await CheckoutPaths.FindAsync(checkout, named, cancellationToken);
        return (await CiFiles.PathsAsync(diagnosis with { Job = diagnosis.Job with { Forge = "github" } }, checkout, cancellationToken)) is [var only] ? only : null;
    }

    private static string? Repair(TextFile file, int line, string message)
    {
        Func<string, string> change;
        if (Unknown().Match(message) is { Success: true } unknown)
        {
            var wrong = unknown.Groups["name"].Value;
            var isFunction = unknown.Groups["kind"].Value == "function";
            var known = isFunction ? Functions : Contexts;
            if (known.Contains(wrong, StringComparer.OrdinalIgnoreCase))
                return $"`{wrong}` exists, but not at that place of a workflow";
            if (Typo.Nearest(wrong, known) is not { } right)
                return $"`{wrong}` is not like any one {(isFunction ? "function" : "context")} there is";
            var behind = isFunction ? @"\s*\(" : @"\s*(?:\.|\[|\}\})";
            var place = new Regex($@"(?<![\w.'-]){Regex.Escape(wrong)}(?={behind})", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            change = text => place.Replace(text, right);
        }
        else if (message.StartsWith("The expression is not closed", StringComparison.Ordinal))
        {
            change = text => HalfClosed().Replace(text, "${{${inside}}}");
        }
        else if (Symbol().Match(message) is { Success: true } symbol)
        {
            var wrong = symbol.Groups["symbol"].Value;
            change = wrong switch
            {
                ['"', ..] => text => DoubleQuoted().Replace(text, "'${text}'"),
                ['=', ..] => text => SingleEquals().Replace(text, "=="),
                ['&', ..] => text => SingleAnd().Replace(text, "&&"),
                ['|', ..] => text => SingleOr().Replace(text, "||"),
                _ => text => text,
            };
        }
        else
        {
            return "the message names no mistake that can simply be corrected";
        }

        // A script of several lines is named by the line on which it begins.
        var indent = file.Indent(line).Length;
        for (var number = line; file.Has(number); number++)
        {
            if (number > line && file[number].Trim().Length > 0 && file.Indent(number).Length <= indent)
                break;
            var after = InExpressions(file[number], change);
            if (after == file[number])
                continue;
            file[number] = after;
            return null;
        }

        return $"line {line} of `{file.Path}` does not hold what the message means";
    }

    private static string InExpressions(string line, Func<string, string> change)
    {
        if (Condition().Match(line) is { Success: true } condition && !line.Contains("${{", StringComparison.Ordinal))
        {
            var text = condition.Groups["expression"];
            return text.Value[0] is '"' or '\'' || text.Value.Contains(" #", StringComparison.Ordinal) ? line : line[..text.Index] + change(text.Value);
        }

        var start = line.IndexOf("${{", StringComparison.Ordinal);
        // In a value in double quotes a quote would end the value.
        if (start < 0)
            return line;
        return HalfClosed().IsMatch(line) ? change(line) : Expression().Replace(line, match => change(match.Value));
    }

    [GeneratedRegex(@"^Unrecognized (?<kind>named-value|function): '(?<name>[A-Za-z_][\w-]*)'", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Unknown();

    [GeneratedRegex(@"^Unexpected symbol: '(?<symbol>[^']+)'", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Symbol();

    [GeneratedRegex(@"\$\{\{(?<inside>[^{}]*)\}(?!\})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HalfClosed();

    [GeneratedRegex(@"\$\{\{[^{}]*\}\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expression();

    [GeneratedRegex(@"^\s*(?:- )?if:\s+(?<expression>\S.*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Condition();

    [GeneratedRegex("""(?<!\\)"(?<text>[^"'\\]*)"(?!\\)""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DoubleQuoted();

    [GeneratedRegex("(?<![=!<>])=(?!=)(?=[^']*(?:'[^']*'[^']*)*$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SingleEquals();

    [GeneratedRegex("(?<!&)&(?!&)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SingleAnd();

    [GeneratedRegex(@"(?<!\|)\|(?!\|)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SingleOr();
}
