namespace QMoi.Fixers.Python;

/// <summary>Runs isort on the files whose imports it would sort, with the options of the job's command.</summary>
public sealed class IsortIncorrectlySortedFixer : IFixer
{
    private static readonly PythonTool Isort = new()
    {
        Name = "isort",
        Flags = new HashSet<string>(StringComparer.Ordinal) { "--tc", "--trailing-comma", "--sl", "--force-single-line-imports", "--fss", "--force-sort-within-sections", "--use-parentheses", "--up", "--ca", "--combine-as", "--float-to-top" },
        Values = new HashSet<string>(StringComparer.Ordinal) { "--profile", "-l", "-w", "--line-length", "--sp", "--settings-path", "--settings-file", "--settings", "-m", "--multi-line", "-p", "--project", "--src", "--src-path" },
    };

    public string FailureId => "isort-incorrectly-sorted";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return Isort.RunAsync([([], files)], diagnosis, checkout, cancellationToken);
    }
}
