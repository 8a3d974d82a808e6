namespace QMoi.Fixers.DotNet;

/// <summary>Runs of <c>dotnet format</c> over the files that a log names, and only over these.</summary>
internal static class DotnetFormatting
{
    /// <summary>More than these are a change of the tool or of its settings.</summary>
    private const int MostFiles = 100;

    /// <summary>What to do with a file.</summary>
    private enum Part { Whitespace, Style, Analyzers }

    /// <summary>A run that repairs every match, each by the part of the tool that knows it.</summary>
    public static async Task<FixResult> RunAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var findings = new List<(string Path, string? Project, Part Part, string Rule)>();
        foreach (var match in diagnosis.Matches)
        {
            if (!match.Captures.TryGetValue("file", out var logged))
                continue;
            if (!found.TryGetValue(logged, out var path))
            {
                if (await CheckoutPaths.FindAsync(checkout, logged, cancellationToken) is not { } file)
                    return new FixResult.Declined($"`{logged}` is not a file of the repository, or more than one");
                found[logged] = path = file;
            }

            var rule = match.Captures.GetValueOrDefault("rule") ?? "";
            findings.Add((path, match.Captures.GetValueOrDefault("project"), PartOf(match.Captures.GetValueOrDefault("kind"), rule), rule));
        }

        var files = new SortedSet<string>(found.Values, StringComparer.Ordinal);
        if (files.Count is 0 or > MostFiles)
            return new FixResult.Declined(files.Count == 0 ? "the log names no file" : $"the log names {files.Count} files; so many at once rather mean that the version of dotnet format or its settings changed");

        var commands = new List<ToolCommand>();
        var restored = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in findings.Where(finding => finding.Part != Part.Whitespace).GroupBy(finding => (finding.Project, finding.Part)))
        {
            var paths = group.Select(finding => finding.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            if (await DotnetProject.OfAsync(checkout, group.Key.Project, paths[0], cancellationToken) is not { } project)
                return new FixResult.Declined($"there is not exactly one project that `{paths[0]}` belongs to");
            // The tool loads the project, and for that its packages have to be there.
            if (restored.Add(project.Path))
                commands.Add(new ToolCommand(["dotnet", "restore", project.Path], NeedsRegistry: true));
            var rules = group.Select(finding => finding.Rule).Where(rule => rule.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            commands.Add(new ToolCommand(
            [
                "dotnet", "format", group.Key.Part == Part.Style ? "style" : "analyzers", project.Path, "--no-restore",
                .. rules.Count > 0 ? ["--severity", "info", "--diagnostics", .. rules] : Array.Empty<string>(),
                "--include", .. paths,
            ]));
        }

        // Formatting needs no project: the settings of the folders are enough.
        var plain = findings.Where(finding => finding.Part == Part.Whitespace).Select(finding => finding.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (plain.Count > 0)
            commands.Add(new ToolCommand(["dotnet", "format", "whitespace", ".", "--folder", "--include", .. plain]));
        return new FixResult.NeedsTool(
            new ToolRun(commands, "", $"Ran `dotnet format` on {(files.Count == 1 ? $"`{files.Min}`" : $"{files.Count} files")}."),
            [.. files.Select(ExactGlob.Of)]);
    }

    private static Part PartOf(string? kind, string rule) => (kind, rule) switch
    {
        ("IMPORTS", _) => Part.Style,
        (not null, _) or (_, "IDE0055") => Part.Whitespace,
        _ when rule.StartsWith("IDE", StringComparison.Ordinal) => Part.Style,
        _ => Part.Analyzers,
    };
}
