namespace QMoi.Fixers.Npm;

/// <summary>
/// A module is missing when the code runs, is bundled or tested. A package that the repository's own sources import and package.json does not name is added by its package
/// manager; a relative import that differs from the one file it can mean in case or in one letter is corrected. Declined for aliases, names of the project's own scope,
/// names that are nearly those of another dependency, and modules that only an installed package asks for.
/// </summary>
public sealed class NodeModuleNotFoundFixer : IFixer
{
    public string FailureId => "node-module-not-found";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        MissingModules.RepairAsync(
            [.. from match in diagnosis.Matches where match.Captures.ContainsKey("module") select new MissingModules.Missing(match.Captures["module"], match.Captures.GetValueOrDefault("importer"))],
            diagnosis, checkout, cancellationToken);
}
