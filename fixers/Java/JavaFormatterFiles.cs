namespace QMoi.Fixers.Java;

/// <summary>A formatter that is a program of its own, run over the files that a log names.</summary>
internal static class JavaFormatterFiles
{
    private const int MostFiles = 100;

    public static async Task<FixResult> RunAsync(IReadOnlyList<string> program, IReadOnlyList<int> expectedExitCodes, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var logged in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{logged}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of {program[0]} changed");
        return new FixResult.NeedsTool(
            new ToolRun([new ToolCommand([.. program, .. files], ExpectedExitCodes: expectedExitCodes)], "", $"Ran `{string.Join(' ', program)}` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."),
            [.. files.Select(ExactGlob.Of)]);
    }
}
