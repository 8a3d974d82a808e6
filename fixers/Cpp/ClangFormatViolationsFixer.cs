using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>
/// Recognises files that clang-format would write otherwise. Lets clang-format write these files, with the style of the job's command or of the repository.
/// Unsafe where versions differ: the bot's clang-format may not be the job's; the job tells then.
/// </summary>
public sealed partial class ClangFormatViolationsFixer : IFixer
{
    private const int MostFiles = 200;

    public string FailureId => "clang-format-violations";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of clang-format changed");
        List<string> arguments = ["clang-format"];
        var version = Program().Match(diagnosis.Job.FailedCommand ?? "");
        if (Style().Match(diagnosis.Job.FailedCommand ?? "") is { Success: true } style)
            arguments.Add($"--style={style.Groups["style"].Value}");
        var note = version.Success ? $" The job runs {version.Value}." : "";
        var run = new ToolRun([new ToolCommand([.. arguments, "-i", "--", .. files])], "", $"Ran clang-format on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}.{note}");
        return new FixResult.NeedsTool(run, ToolFiles.Globs(files));
    }

    // Words such as Google or file; a style in braces is left to the file .clang-format.
    [GeneratedRegex(@"(?:^|\s)--?style[= ][""']?(?<style>file|LLVM|Google|Chromium|Mozilla|WebKit|Microsoft|GNU)\b", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Style();

    [GeneratedRegex(@"\bclang-format-\d+\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Program();
}
