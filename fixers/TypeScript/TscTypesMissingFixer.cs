namespace QMoi.Fixers.TypeScript;

/// <summary>
/// TS2580, TS2582, TS2591, TS2593, TS2688: names of Node.js or of a test runner whose types are not installed: adds them to devDependencies. Of the test runners the one
/// that package.json lists; Vitest and Node.js bring their types and only want an import.
/// </summary>
public sealed class TscTypesMissingFixer : IFixer
{
    public string FailureId => "tsc-types-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var proposals in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("proposals")).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            var names = proposals.Split('`').Select(part => part.Split(' ')[^1]).Where(part => part.StartsWith("@types/", StringComparison.Ordinal)).ToList();
            if (names.Count > 1)
            {
                var runners = new List<string>();
                foreach (var name in names)
                    if (await Npm.NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is { } project && project.Package.SectionOf(name["@types/".Length..]) is not null)
                        runners.Add(name);
                if (runners.Count != 1)
                    return new FixResult.Declined("package.json does not tell which test runner's types are missing");
                names = runners;
            }
            wanted.UnionWith(names);
        }

        wanted.UnionWith(diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("typed")).OfType<string>().Select(name => "@types/" + name));
        return await MissingTypes.AddAsync([.. wanted], diagnosis, checkout, cancellationToken);
    }
}
