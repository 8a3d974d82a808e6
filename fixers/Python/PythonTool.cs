using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Python;

/// <summary>Runs a formatter over the files that a log names, and only over these, in the version that the repository pins where it pins one.</summary>
internal sealed partial class PythonTool
{
    /// <summary>More than these are a change of the tool, not of the code.</summary>
    private const int MostFiles = 200;

    /// <summary>Name of the package and of its program.</summary>
    public required string Name { get; init; }

    /// <summary>Options of the job's command that change what the tool writes, without and with a value.</summary>
    public required IReadOnlySet<string> Flags { get; init; }
    public required IReadOnlySet<string> Values { get; init; }

    /// <param name="runs">What comes behind the program's name, each with the files it is for.</param>
    public async Task<FixResult> RunAsync(IReadOnlyList<(string[] Arguments, IReadOnlyList<string> Logged)> runs, Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (runs.Sum(run => run.Logged.Count) is var count && count is 0 or > MostFiles)
            return new FixResult.Declined(count == 0 ? "the log names no file" : $"the log names {count} files; so many at once rather mean that the version of {Name} changed");
        var options = Options(diagnosis.Job.FailedCommand);
        var pin = await PinAsync(diagnosis, checkout, cancellationToken);
        var all = new SortedSet<string>(StringComparer.Ordinal);
        var commands = new List<ToolCommand>();
        foreach (var (arguments, logged) in runs.Where(run => run.Logged.Count > 0))
        {
            var files = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var name in logged)
            {
                if (await CheckoutPaths.FindAsync(checkout, name, cancellationToken) is not { } path)
                    return new FixResult.Declined($"`{name}` is not a file of the repository, or more than one");
                if (path.EndsWith(".ipynb", StringComparison.Ordinal))
                    return new FixResult.Declined($"`{path}` is a notebook");
                files.Add(path);
            }

            all.UnionWith(files);
            string[] program = pin is null ? [Name] : ["uv", "tool", "run", "--from", $"{Name}=={pin}", Name];
            commands.Add(new ToolCommand([.. program, .. arguments, .. options, "--", .. files], NeedsRegistry: pin is not null));
        }

        var what = string.Join(" and ", runs.Where(run => run.Logged.Count > 0).Select(run => $"`{string.Join(' ', [Name, .. run.Arguments])}`"));
        return new FixResult.NeedsTool(
            new ToolRun(commands, "", $"Ran {what} on {(all.Count == 1 ? $"`{all.Min}`" : $"{all.Count} files")}."), [.. all.Select(ProjectFolder.Literal)]);
    }

    private List<string> Options(string? command)
    {
        var options = new List<string>();
        foreach (var part in (command ?? "").Split(["&&", ";", "||"], StringSplitOptions.TrimEntries))
        {
            if (ShellWords.Split(part) is not { } words || !words.Contains(Name, StringComparer.Ordinal))
                continue;
            for (var at = words.TakeWhile(word => word != Name).Count() + 1; at < words.Count; at++)
            {
                if (Flags.Contains(words[at]) || (words[at].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && Values.Contains(words[at][..equals])))
                    options.Add(words[at]);
                else if (Values.Contains(words[at]) && at + 1 < words.Count)
                    options.AddRange([words[at], words[++at]]);
            }
        }

        return options;
    }

    // The nearer to the job the better: its own command, its CI file, what is installed for it, the lock file, pre-commit.
    private async Task<string?> PinAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var pinned = new Regex($@"(?im)(?:^|[\s""'\[,]){Name}(?:\[\w+\])?\s*(?:==|=\s*[""'](?:==)?)\s*(?<version>\d+(?:\.\d+)+\w*)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        if (pinned.Match(diagnosis.Job.FailedCommand ?? "") is { Success: true } named)
            return named.Groups["version"].Value;
        var locked = new Regex($@"(?m)^name = ""{Name}""\r?\nversion = ""(?<version>[\d.]+\w*)""", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var hook = new Regex($@"(?m)^\s*-?\s*repo:\s*\S*/{Name}(?:-pre-commit(?:-mirror)?)?(?:\.git)?\s*\r?\n(?:\s*#.*\r?\n)*\s*rev:\s*[""']?v?(?<version>\d+(?:\.\d+)+\w*)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var places = new List<(string Path, Regex Pattern)>();
        foreach (var path in new[] { diagnosis.Job.CiFile, ".gitlab-ci.yml" }.OfType<string>().Concat(await CiFiles.WorkflowsAsync(checkout, cancellationToken)).Distinct(StringComparer.Ordinal))
            places.Add((path, pinned));
        foreach (var path in (await BelowAsync(checkout, "", cancellationToken)).Concat(await BelowAsync(checkout, "requirements", cancellationToken)).Where(path => Requirements().IsMatch(path)))
            places.Add((path, pinned));
        places.AddRange([("pyproject.toml", pinned), ("setup.cfg", pinned), ("tox.ini", pinned), ("uv.lock", locked), ("poetry.lock", locked), ("pdm.lock", locked), (".pre-commit-config.yaml", hook)]);
        foreach (var (path, pattern) in places)
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file && pattern.Match(string.Join('\n', file.Lines)) is { Success: true } match)
                return match.Groups["version"].Value;
        return null;
    }

    private static async Task<IEnumerable<string>> BelowAsync(ICheckout checkout, string folder, CancellationToken cancellationToken) =>
        (await checkout.ListAsync(folder, cancellationToken)).Where(entry => !entry.IsFolder).Select(entry => entry.Path);

    [GeneratedRegex(@"(?:^|/)(?:requirements|constraints|dev|lint|test)[\w.-]*\.(?:txt|in)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Requirements();
}
