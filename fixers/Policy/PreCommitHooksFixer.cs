namespace QMoi.Fixers.Policy;

/// <summary>Does what the hooks for blanks at line ends and for the end of a file did in the job. Unsafe where another hook failed as well: what is repaired in part stays red.</summary>
public sealed class PreCommitHooksFixer : IFixer
{
    private const string Config = ".pre-commit-config.yaml";

    public string FailureId => "pre-commit-hooks";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var failed = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("hook_id")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (failed.Find(hook => hook is not ("trailing-whitespace" or "end-of-file-fixer")) is { } other)
            return new FixResult.Declined($"the hook `{other}` failed, and what it does is not known here");
        var keepsBreaks = await TextFile.ReadAsync(checkout, Config, cancellationToken) is { } config && config.Lines.Any(line => line.Contains("--markdown-linebreak-ext", StringComparison.Ordinal));

        var files = new SortedDictionary<string, TextFile>(StringComparer.Ordinal);
        foreach (var fixing in diagnosis.Matches.Where(match => match.Captures.ContainsKey("fixed")))
        {
            var named = fixing.Captures["fixed"];
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } read)
                return new FixResult.Declined($"`{named}` is not a text file of the repository, or more than one");
            var file = files.TryGetValue(path, out var known) ? known : read;
            files[path] = file;
            if (fixing.Captures.GetValueOrDefault("by") == "end-of-file-fixer")
                WhitespaceRepair.End(file);
            else
                WhitespaceRepair.Lines(file, keepsBreaks && Path.GetExtension(path) is ".md" or ".markdown");
        }

        var changed = files.Values.Where(file => file.IsChanged).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("the log does not name files that the hooks would change")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Removed blanks at the ends of lines and files in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }
}
