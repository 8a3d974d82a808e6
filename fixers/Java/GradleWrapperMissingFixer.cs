namespace QMoi.Fixers.Java;

/// <summary>The Gradle wrapper is not executable: sets its mode. Unsafe where a file of the wrapper is missing: it downloads and runs code, so a person takes it from a trusted source.</summary>
public sealed class GradleWrapperMissingFixer : IFixer
{
    public string FailureId => "gradle-wrapper-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Matches.Any(match => match.Captures.GetValueOrDefault("reason") == "Permission denied"))
            return new FixResult.Declined("a file of the wrapper is missing; commit it from a trusted source");
        var folders = await CheckoutPaths.FoldersAsync(checkout, async folder => await checkout.ReadAsync(CheckoutPaths.Join(folder, "gradlew"), cancellationToken) is not null, cancellationToken);
        if (folders is not [var only])
            return new FixResult.Declined(folders.Count == 0 ? "there is no gradlew in the repository" : "more than one folder has a gradlew");
        var path = CheckoutPaths.Join(only, "gradlew");
        var file = (await checkout.ReadAsync(path, cancellationToken))!;
        if (file.IsExecutable == true || !file.Content.Span.StartsWith("#!"u8))
            return new FixResult.Declined($"`{path}` is executable already, or no script");
        return new FixResult.Fixed(new Patch([new FileEdit.SetExecutable(path, IsExecutable: true)]), $"Made `{path}` executable.");
    }
}
