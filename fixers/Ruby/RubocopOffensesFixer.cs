using System.Text.RegularExpressions;
using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Ruby;

/// <summary>Runs RuboCop's safe corrections on the files that it names. An offense without one is for a person: then nothing is changed, since the job would stay red.</summary>
public sealed partial class RubocopOffensesFixer : IFixer
{
    private const int MostFiles = 200;

    // Packages of the project go where git does not look, its settings nowhere, and the lock file stays.
    private static readonly string[] Environment = ["env", "BUNDLE_PATH=vendor/bundle", "BUNDLE_APP_CONFIG=/tmp/bundle", "BUNDLE_FROZEN=true"];

    public string FailureId => "rubocop-offenses";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var offenses = diagnosis.Matches.Where(match => match.Captures.ContainsKey("cop")).ToList();
        // Old versions do not say which they can correct.
        if (offenses.Exists(match => match.Captures.ContainsKey("correctable_mark")) && offenses.Find(match => !match.Captures.ContainsKey("correctable_mark")) is { } decision)
            return new FixResult.Declined($"{decision.Captures["cop"]} in `{decision.Captures["file"]}` has no automatic correction");
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in offenses.Select(match => match.Captures["file"]).Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of RuboCop changed");
        if (await CommandsAsync(files, checkout, cancellationToken) is not { } commands)
            return new FixResult.Declined("RuboCop comes with the packages of the project, and git would see them: `vendor/bundle` is not ignored");
        return new FixResult.NeedsTool(
            new ToolRun(commands, "", $"Ran `rubocop -a` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."), [.. files.Select(ProjectFolder.Literal)]);
    }

    private static async Task<IReadOnlyList<ToolCommand>?> CommandsAsync(SortedSet<string> files, ICheckout checkout, CancellationToken cancellationToken)
    {
        string[] arguments = ["rubocop", "-a", "--", .. files];
        if (await TextFile.ReadAsync(checkout, "Gemfile.lock", cancellationToken) is not { } locked || !locked.Lines.Any(line => LockedRubocop().IsMatch(line)))
            return [new ToolCommand(arguments)];
        return await TextFile.ReadAsync(checkout, ".gitignore", cancellationToken) is { } ignored && ignored.Lines.Any(line => IgnoredBundle().IsMatch(line))
            ? [new ToolCommand([.. Environment, "bundle", "install"], NeedsRegistry: true), new ToolCommand([.. Environment, "bundle", "exec", .. arguments])]
            : null;
    }

    [GeneratedRegex(@"^\s+rubocop(?:-[\w-]+)? \(\d", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LockedRubocop();

    [GeneratedRegex(@"^/?vendor(?:/bundle)?/?\*{0,2}\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IgnoredBundle();
}
