using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Shell;

/// <summary>
/// Recognises scripts that shfmt would write otherwise. Lets shfmt write these scripts with the options of the job's command (or of .editorconfig, which it reads itself).
/// Unsafe where the options stand in a file that the log does not show, such as a Makefile: declined then.
/// </summary>
public sealed partial class ShfmtDiffFixer : IFixer
{
    public string FailureId => "shfmt-diff";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (Command().Match(diagnosis.Job.FailedCommand ?? "") is not { Success: true } command)
            return new FixResult.Declined("the log does not show with what options shfmt is called");
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count == 0)
            return new FixResult.Declined("the log names no file");
        var options = Option().Matches(command.Groups["rest"].Value).SelectMany(option => option.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var run = new ToolRun([new ToolCommand(["shfmt", .. options, "-w", .. files])], "", $"Ran shfmt on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}.");
        return new FixResult.NeedsTool(run, ToolFiles.Globs(files));
    }

    [GeneratedRegex(@"\bshfmt\b(?<rest>[^;&|]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Command();

    [GeneratedRegex(@"(?<=^|\s)-(?:i[ =]?\d+|-indent[ =]\d+|ln[ =]\w+|-language-dialect[ =]\w+|ci|-case-indent|bn|-binary-next-line|sr|-space-redirects|kp|-keep-padding|fn|-func-next-line|s|-simplify|p|-posix)(?=\s|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Option();
}
