using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Rust;

/// <summary>
/// Recognises lints of Clippy that fail the job. Lets Clippy make the changes that it calls safe, over the same targets and features as the job; only files that the log names may change.
/// Unsafe lints it leaves to people: the job stays red then and says so.
/// </summary>
public sealed partial class RustWarningsDeniedFixer : IFixer
{
    private static readonly HashSet<string> Kept = new(StringComparer.Ordinal) { "--workspace", "--all", "--all-targets", "--all-features", "--no-default-features", "--lib", "--bins", "--tests", "--examples", "--benches" };

    private static readonly HashSet<string> KeptWithValue = new(StringComparer.Ordinal) { "-p", "--package", "-F", "--features", "--bin", "--test", "--target" };

    public string FailureId => "rust-warnings-denied";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var command = diagnosis.Job.FailedCommand ?? "";
        if (!RunsClippy(diagnosis))
            return new FixResult.Declined("the job does not run Clippy by a command that the log shows; a warning of the compiler needs its own repair");
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is { } path)
                files.Add(path);
        if (files.Count == 0)
            return new FixResult.Declined("the log names no file of the repository");
        if (await CargoFolders.FindAsync(diagnosis, checkout, cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with a Cargo.toml that the command can have meant");
        // What it builds does not belong in the work tree.
        var run = new ToolCommand(["cargo", "clippy", "--fix", "--allow-dirty", "--allow-staged", "--allow-no-vcs", "--target-dir", "/tmp/clippy", .. Options(command)], NeedsRegistry: true);
        return new FixResult.NeedsTool(new ToolRun([run], folder, $"Let Clippy correct {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."), ToolFiles.Globs(files));
    }

    internal static bool RunsClippy(Diagnosis diagnosis) => Clippy().IsMatch(diagnosis.Job.FailedCommand ?? "");

    // The options that choose what is looked at; lints that the command asks for are asked for as warnings.
    private static List<string> Options(string command)
    {
        var words = Clippy().Match(command).Groups["rest"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var options = new List<string>();
        var lints = new List<string>();
        var isBehind = false;
        for (var at = 0; at < words.Length; at++)
        {
            var word = words[at].Trim('"', '\'');
            if (word == "--")
                isBehind = true;
            else if (isBehind && word is "-D" or "-W" or "-A" or "-F" && at + 1 < words.Length && words[++at] is var lint && LintName().IsMatch(lint))
                lints.AddRange(lint == "warnings" ? [] : [word == "-A" ? "-A" : "-W", lint]);
            else if (!isBehind && (Kept.Contains(word) || PlainOption().IsMatch(word)))
                options.Add(word);
            else if (!isBehind && KeptWithValue.Contains(word) && at + 1 < words.Length && PlainValue().IsMatch(words[at + 1]))
                options.AddRange([word, words[++at]]);
        }

        return lints.Count == 0 ? options : [.. options, "--", .. lints];
    }

    [GeneratedRegex(@"\bcargo\s+(?:\+\S+\s+)?(?:--locked\s+)?clippy\b(?<rest>[^;&|>]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Clippy();

    [GeneratedRegex(@"^[a-z_:-]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LintName();

    [GeneratedRegex(@"^--(?:features|package|bin|test|target)=[\w,/.-]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainOption();

    [GeneratedRegex(@"^[\w,/.][\w,/.-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainValue();
}
