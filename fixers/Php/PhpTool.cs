using System.Text.RegularExpressions;
using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Php;

/// <summary>Runs a formatter for PHP over the files that a log names, in the version that composer.lock pins where it does.</summary>
internal static partial class PhpTool
{
    private const int MostFiles = 200;

    public static async Task<FixResult> RunAsync(
        string package, IReadOnlyList<string> program, IReadOnlyList<string> logged, IReadOnlyList<int> expectedExitCodes, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in logged)
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of {program[0]} changed");
        var commands = new List<ToolCommand>();
        string[] start = [program[0]];
        if (await TextFile.ReadAsync(checkout, "composer.lock", cancellationToken) is { } locked && locked.Lines.Any(line => line.Contains($"\"name\": \"{package}\"", StringComparison.Ordinal)))
        {
            if (await TextFile.ReadAsync(checkout, ".gitignore", cancellationToken) is not { } ignored || !ignored.Lines.Any(line => IgnoredVendor().IsMatch(line)))
                return new FixResult.Declined($"{program[0]} comes with the packages of the project, and git would see them: `vendor` is not ignored");
            commands.Add(new ToolCommand(["composer", "install", "--no-scripts", "--no-plugins", "--no-interaction", "--no-progress"], NeedsRegistry: true));
            start = ["php", $"vendor/bin/{program[0]}"];
        }

        commands.Add(new ToolCommand([.. start, .. program.Skip(1), .. Options(diagnosis.Job.FailedCommand), "--", .. files], ExpectedExitCodes: expectedExitCodes));
        return new FixResult.NeedsTool(
            new ToolRun(commands, "", $"Ran `{string.Join(' ', program.Take(2))}` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."), [.. files.Select(ProjectFolder.Literal)]);
    }

    // The configuration that the job's command names.
    private static IEnumerable<string> Options(string? command) =>
        ShellWords.Split(command ?? "") is { } words ? words.Where(word => word.StartsWith("--config=", StringComparison.Ordinal) || word.StartsWith("--standard=", StringComparison.Ordinal)) : [];

    [GeneratedRegex(@"^/?vendor/?\*{0,2}\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IgnoredVendor();
}
