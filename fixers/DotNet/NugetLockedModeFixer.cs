namespace QMoi.Fixers.DotNet;

/// <summary>
/// packages.lock.json is not in line with the projects (NU1004): NuGet writes it anew for the projects that the log names. Unsafe where the content of a package
/// differs from what was locked (NU1403): that may be an attack.
/// </summary>
public sealed class NugetLockedModeFixer : IFixer
{
    private const int MostProjects = 30;

    public string FailureId => "nuget-locked-mode";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Any(match => match.Captures.ContainsKey("content")))
            return new FixResult.Declined("a package differs from the one that was locked; find out why before the lock file is written anew");
        var projects = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var match in diagnosis.Matches)
        {
            // A restore of a solution names the solution, one of a project the project.
            if (match.Captures.GetValueOrDefault("project") is { } logged && await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is { } path)
                projects.Add(path);
        }

        if (projects.Count is 0 or > MostProjects)
            return new FixResult.Declined("the log does not name the projects whose lock files are out of line");
        // CI=true often switches the locked mode on in a project file.
        var commands = projects.Select(project => new ToolCommand(["dotnet", "restore", project, "--force-evaluate", "-p:RestoreLockedMode=false"], NeedsRegistry: true));
        return new FixResult.NeedsTool(
            new ToolRun([.. commands], "", $"Brought packages.lock.json in line with {string.Join(", ", projects.Select(project => $"`{project}`"))}."), ["**/packages.lock.json"]);
    }
}
