using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Policy;

/// <summary>
/// Runs the generator that the log names, or that the job runs before it compares, and lets it change the stale files only. Unsafe where the generator is not part of the repository,
/// or where nobody says which files it writes.
/// </summary>
public sealed partial class GeneratedFilesOutOfDateFixer : IFixer
{
    private const int MostFiles = 100;

    public string FailureId => "generated-files-out-of-date";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var candidates = await CandidatesAsync(diagnosis, checkout, cancellationToken);
        if (candidates.Count == 0)
            return new FixResult.Declined("neither the log nor the CI file tells which command writes the generated files");
        string? reason = null;
        foreach (var candidate in candidates)
        {
            var (commands, refusal) = await GeneratorCommand.FindAsync(candidate, checkout, cancellationToken);
            if (commands is null)
            {
                reason ??= refusal;
                continue;
            }

            var mayChange = await StaleAsync(diagnosis, checkout, cancellationToken);
            if (mayChange.Count == 0)
                mayChange = await MarkedAsync(checkout, cancellationToken);
            return mayChange.Count is 0 or > MostFiles
                ? new FixResult.Declined("the log does not name the stale files, and no few files of the repository say that they are generated")
                : new FixResult.NeedsTool(new ToolRun(commands, "", $"Ran `{string.Join(' ', commands[^1].Arguments)}`, which writes {(mayChange.Count == 1 ? $"`{mayChange[0]}`" : "the generated files")}."), [.. mayChange.Select(ProjectFolder.Literal)]);
        }

        return new FixResult.Declined(reason!);
    }

    // The most direct first: what the log says, what stands before the comparison, the checking command without its option, what the CI file runs before.
    private static async Task<List<string>> CandidatesAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var failed = diagnosis.Job.FailedCommand ?? "";
        var named = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("command")).OfType<string>().Where(command => command != failed);
        var before = Comparison().Match(failed) is { Success: true } comparison ? Parts(failed[..comparison.Index]) : [];
        var candidates = named.Concat(before).Where(command => !CheckOption().IsMatch(command)).ToList();
        if (CheckOption().IsMatch(failed))
            candidates.Add(CheckOption().Replace(failed, " ").Trim());
        if (failed.Length > 0)
            foreach (var path in await CiFiles.PathsAsync(diagnosis, checkout, cancellationToken))
                if (await checkout.ReadAsync(path, cancellationToken) is { } file && YamlText.Parse(file.Content) is { } yaml)
                    candidates.AddRange(BeforeIn(yaml.Root, failed.Split('\n')[0].Trim()));
        return [.. candidates.Distinct(StringComparer.Ordinal)];
    }

    private static List<string> Parts(string commands) => [.. commands.Split(["&&", ";", "\n"], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Reverse()];

    // The line of a job's script, or of its steps, right above the one that failed, where all jobs that have it agree.
    private static List<string> BeforeIn(YamlMappingNode root, string failed)
    {
        var jobs = YamlText.Child(root, "jobs") is YamlMappingNode github ? github.Children.Values : root.Children.Values;
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            var blocks = YamlText.Child(job, "script") is YamlSequenceNode script ? script.Select(YamlText.Value)
                : YamlText.Child(job, "steps") is YamlSequenceNode steps ? steps.Select(step => YamlText.Value(YamlText.Child(step, "run"))) : [];
            var lines = blocks.OfType<string>().SelectMany(block => block.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToList();
            if (lines.FindIndex(line => line == failed || (line.StartsWith(failed, StringComparison.Ordinal) && Comparison().IsMatch(line))) is > 0 and var at)
                found.Add(lines[at - 1]);
        }

        return found.Count == 1 ? Parts(found.Single()) : [];
    }

    private static async Task<List<string>> StaleAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var stale = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>())
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is { } path)
                stale.Add(path);
            else if (PlainPath().IsMatch(named) && !named.Split('/').Contains("..", StringComparer.Ordinal))
                stale.Add(named); // not there yet
        }

        return [.. stale];
    }

    private static async Task<List<string>> MarkedAsync(ICheckout checkout, CancellationToken cancellationToken)
    {
        var marked = new List<string>();
        foreach (var path in await checkout.ListAllAsync(cancellationToken))
            if (await checkout.ReadAsync(path, cancellationToken) is { } read && TextFile.Of(read) is { } file && file.Lines.Take(10).Any(line => Mark().IsMatch(line)))
                marked.Add(path);
        return marked;
    }

    [GeneratedRegex(@"\bgit\s+(?:diff\b.*(?:--exit-code|--quiet)|status\s+(?:--porcelain|-s))", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Comparison();

    [GeneratedRegex(@"\s(?:--check(?:-only)?|--verify|--dry-run|--diff)(?:\s|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CheckOption();

    [GeneratedRegex(@"^[\w@-][\w@.+-]*(?:/[\w@.+-]+)*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainPath();

    [GeneratedRegex(@"(?i)\bgenerated\b.*\bdo not (?:edit|modify|change)|\bcode generated\b|@generated\b|\bauto-?generated (?:by|from|file)|^\W*generated (?:by|from)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Mark();
}
