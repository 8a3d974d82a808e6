using QMoi.Fixers.Npm;

namespace QMoi.Fixers.TypeScript;

/// <summary>
/// TS2307 and TS7016: adds the package that a source imports and package.json does not name, or the types of one that has none; corrects a relative import that differs
/// from the one file it can mean in case or in one letter. Declined where both kinds are mixed, and for everything that may be an alias or made in the job.
/// </summary>
public sealed class TscModuleNotFoundFixer : IFixer
{
    public string FailureId => "tsc-module-not-found";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var untyped = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("untyped")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var missing = diagnosis.Matches.Where(match => match.Captures.ContainsKey("module"))
            .Select(match => new MissingModules.Missing(match.Captures["module"], match.Captures.GetValueOrDefault("file"))).ToList();
        if (missing.Count > 0 && missing.TrueForAll(one => MissingModules.IsBuiltin(one.Module)) && untyped.Count == 0)
            return await MissingTypes.AddAsync(["@types/node"], diagnosis, checkout, cancellationToken);
        if (untyped.Count == 0)
            return await MissingModules.RepairAsync([.. missing.Where(one => !MissingModules.IsBuiltin(one.Module))], diagnosis, checkout, cancellationToken);
        return missing.Count == 0
            ? await MissingTypes.AddAsync([.. untyped.Select(MissingTypes.PackageFor)], diagnosis, checkout, cancellationToken)
            : new FixResult.Declined("both packages and types of packages are missing");
    }
}
