namespace QMoi.Fixers.Java;

/// <summary>Files that google-java-format would change. Runs the bot's google-java-format over them; unsafe where its version formats otherwise, which then shows in the job again.</summary>
public sealed class GoogleJavaFormatFixer : IFixer
{
    public string FailureId => "google-java-format";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        string[] style = (diagnosis.Job.FailedCommand ?? "").Contains("--aosp", StringComparison.Ordinal) ? ["--aosp"] : [];
        return JavaFormatterFiles.RunAsync(["google-java-format", .. style, "--replace"], [], diagnosis, checkout, cancellationToken);
    }
}
