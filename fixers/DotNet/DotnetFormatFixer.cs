namespace QMoi.Fixers.DotNet;

/// <summary>Findings of <c>dotnet format --verify-no-changes</c>. The SDK of the bot formats the files named, with the repository's own settings; unsafe where files by the hundred are named.</summary>
public sealed class DotnetFormatFixer : IFixer
{
    public string FailureId => "dotnet-format";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) => DotnetFormatting.RunAsync(diagnosis, checkout, cancellationToken);
}
