namespace QMoi.Fixers.Terraform;

/// <summary>Files that <c>terraform fmt -check</c> names. Formats these with the tool that the job ran; unsafe where a name fits no file or several.</summary>
public sealed class TerraformFmtFixer : IFixer
{
    private const int MostFiles = 60;

    public string FailureId => "terraform-fmt";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var logged in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{logged}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of Terraform changed");
        var program = (diagnosis.Job.FailedCommand ?? "").Contains("tofu", StringComparison.Ordinal) ? "tofu" : "terraform";
        // Older versions take one file at a time.
        return new FixResult.NeedsTool(
            new ToolRun([.. files.Select(path => new ToolCommand([program, "fmt", path]))], "", $"Ran `{program} fmt` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."),
            [.. files.Select(ExactGlob.Of)]);
    }
}
