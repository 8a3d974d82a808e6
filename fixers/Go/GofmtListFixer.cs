using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises files that gofmt, goimports or gofumpt would write otherwise. Lets the same tool write these files.
/// Generated files outside the repository and long lists are declined.
/// </summary>
public sealed partial class GofmtListFixer : IFixer
{
    private const int MostFiles = 200;

    public string FailureId => "gofmt-list";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var named = Tool().Match(diagnosis.Job.FailedCommand ?? "");
        var tool = diagnosis.Captures.GetValueOrDefault("formatter") ?? (named.Success ? named.Groups["tool"].Value : "gofmt");
        return RunAsync(tool, simplify: named.Groups["simplify"].Success, diagnosis, checkout, cancellationToken);
    }

    internal static async Task<FixResult> RunAsync(string tool, bool simplify, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of {tool} changed");
        List<string> options = simplify && tool == "gofmt" ? ["-s", "-w"] : ["-w"];
        var command = new ToolCommand([tool, .. options, "--", .. files]);
        return new FixResult.NeedsTool(new ToolRun([command], "", $"Ran `{tool} {string.Join(' ', options)}` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."), ToolFiles.Globs(files));
    }

    [GeneratedRegex(@"\b(?<tool>gofmt|goimports|gofumpt)\b(?:\s+-\w+)*?(?<simplify>\s+-s\b)?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Tool();
}
