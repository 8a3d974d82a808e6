using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Rust;

/// <summary>
/// Recognises the differences that <c>cargo fmt --check</c> prints. Lets cargo fmt write the files; only those that the log names may change.
/// Unsafe where the bot's rustfmt formats otherwise than the job's: other files would change then, and the attempt ends.
/// </summary>
public sealed partial class RustfmtDiffFixer : IFixer
{
    public string FailureId => "rustfmt-diff";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count == 0)
            return new FixResult.Declined("the log names no file");
        var summary = $"Ran rustfmt on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}.";
        if (Direct().Match(diagnosis.Job.FailedCommand ?? "") is { Success: true } direct)
        {
            List<string> edition = direct.Groups["edition"] is { Success: true, Value: var year } ? ["--edition", year] : [];
            return new FixResult.NeedsTool(new ToolRun([new ToolCommand(["rustfmt", .. edition, "--", .. files])], "", summary), ToolFiles.Globs(files));
        }

        if (await CargoFolders.FindAsync(diagnosis, checkout, cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with a Cargo.toml that the command can have meant");
        return new FixResult.NeedsTool(new ToolRun([new ToolCommand(["cargo", "fmt", "--all"])], folder, summary), ToolFiles.Globs(files));
    }

    [GeneratedRegex(@"(?:^|[\s|;&])rustfmt\s(?:.*--edition[= ](?<edition>20\d\d))?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Direct();
}
