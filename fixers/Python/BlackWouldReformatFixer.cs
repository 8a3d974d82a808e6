namespace QMoi.Fixers.Python;

/// <summary>Runs black on the files that it would reformat, with the options of the job's command.</summary>
public sealed class BlackWouldReformatFixer : IFixer
{
    private static readonly PythonTool Black = new()
    {
        Name = "black",
        Flags = new HashSet<string>(StringComparer.Ordinal) { "-S", "--skip-string-normalization", "-C", "--skip-magic-trailing-comma", "--preview", "--unstable", "--pyi" },
        Values = new HashSet<string>(StringComparer.Ordinal) { "-l", "--line-length", "-t", "--target-version", "--config" },
    };

    public string FailureId => "black-would-reformat";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return Black.RunAsync([([], files)], diagnosis, checkout, cancellationToken);
    }
}
