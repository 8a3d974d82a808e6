namespace QMoi.Fixers.DotNet;

/// <summary>
/// A project or solution that does not exist under the name given: by a command in the CI file (MSB1009), or by another project or a solution (MSB3202, MSB9008).
/// Corrects the path where exactly one file of the repository differs from it by case, by a slip of the finger, or by its folder. Unsafe where none or several do.
/// </summary>
public sealed class MsbuildProjectFileFixer : IFixer
{
    public string FailureId => "msbuild-project-file";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var wrong = diagnosis.Matches.Select(match => (Switch: match.Captures.GetValueOrDefault("switch"), Referenced: match.Captures.GetValueOrDefault("project"), By: match.Captures.GetValueOrDefault("by")))
            .Where(entry => entry.Switch is not null || entry.Referenced is not null).Distinct().ToList();
        if (wrong.Count == 0)
            return new FixResult.Declined("the message does not name the file that is missing");
        var files = (await checkout.ListAllAsync(cancellationToken)).Where(path => path.EndsWith("proj", StringComparison.Ordinal) || path.EndsWith(".sln", StringComparison.Ordinal) || path.EndsWith(".slnx", StringComparison.Ordinal)).ToList();
        var changed = new Dictionary<string, TextFile>(StringComparer.Ordinal);
        foreach (var (onCommand, referenced, by) in wrong)
        {
            if ((onCommand is not null ? await InCiFileAsync(diagnosis, checkout, files, changed, onCommand, cancellationToken) : await InProjectAsync(checkout, files, changed, referenced!, by, cancellationToken)) is { } refusal)
                return new FixResult.Declined(refusal);
        }

        var edited = changed.Values.Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return edited.Count == 0
            ? new FixResult.Declined("nothing is left to correct")
            : new FixResult.Fixed(new Patch([.. edited.Select(file => file.ToEdit())]), $"Corrected the path of a project in {string.Join(", ", edited.Select(file => $"`{file.Path}`"))}.");
    }

    private static async Task<string?> InCiFileAsync(Diagnosis diagnosis, ICheckout checkout, List<string> files, Dictionary<string, TextFile> changed, string named, CancellationToken cancellationToken)
    {
        if (files.Contains(DotnetProject.Resolve("", named) ?? "", StringComparer.Ordinal))
            return $"`{named}` is there now";
        var path = diagnosis.Job.CiFile ?? ".gitlab-ci.yml";
        if (await ReadAsync(checkout, changed, path, cancellationToken) is not { } file)
            return $"`{path}` is not there";
        // A command in another folder names the path from there.
        var isPlain = named.Contains('/', StringComparison.Ordinal) || !(diagnosis.Job.FailedCommand ?? "").Contains("cd ", StringComparison.Ordinal);
        if (!isPlain || DotnetProject.Resolve("", named) is not { } resolved || Nearest(files, resolved) is not { } right)
            return $"not exactly one project or solution of the repository is called like `{named}`";
        var text = (named.StartsWith("./", StringComparison.Ordinal) ? "./" : "") + right;
        return Replace(file, named, text, line => !line.TrimStart().StartsWith('#')) ? null : $"`{path}` does not name `{named}`";
    }

    private static async Task<string?> InProjectAsync(ICheckout checkout, List<string> files, Dictionary<string, TextFile> changed, string named, string? by, CancellationToken cancellationToken)
    {
        if (by is null || await CheckoutPaths.FindAsync(checkout, by, cancellationToken) is not { } referring || await ReadAsync(checkout, changed, referring, cancellationToken) is not { } file)
            return $"the log does not say which file of the repository refers to `{named}`";
        var folder = DotnetProject.FolderOf(referring);
        foreach (var written in Written(file))
        {
            if (DotnetProject.Resolve(folder, written) is not { } resolved || files.Contains(resolved, StringComparer.Ordinal) || !('/' + named.Replace('\\', '/')).EndsWith('/' + written.Replace('\\', '/').Split('/')[^1], StringComparison.Ordinal))
                continue;
            if (Nearest(files, resolved) is not { } right)
                return $"not exactly one project of the repository is called like `{named}`";
            var separator = written.Contains('\\', StringComparison.Ordinal) ? '\\' : '/';
            if (!Replace(file, written, DotnetProject.Relative(folder, right).Replace('/', separator), line => line.Contains($"\"{written}\"", StringComparison.Ordinal)))
                return $"`{referring}` does not name `{written}`";
        }

        return null;
    }

    // Paths of projects stand in quotes, in projects and in solutions.
    private static List<string> Written(TextFile file) =>
        [.. file.Lines.SelectMany(line => line.Split('"').Where((_, index) => index % 2 == 1)).Where(text => text.EndsWith("proj", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];

    private static async Task<TextFile?> ReadAsync(ICheckout checkout, Dictionary<string, TextFile> changed, string path, CancellationToken cancellationToken)
    {
        if (!changed.TryGetValue(path, out var file) && await TextFile.ReadAsync(checkout, path, cancellationToken) is { } read)
            changed[path] = file = read;
        return file;
    }

    private static string? Nearest(List<string> files, string wrong)
    {
        var kind = wrong[(wrong.LastIndexOf('.') + 1)..];
        var same = files.Where(path => path.EndsWith('.' + kind, StringComparison.OrdinalIgnoreCase)).ToList();
        foreach (var isLike in (Func<string, bool>[])
        [
            path => path.Equals(wrong, StringComparison.OrdinalIgnoreCase),
            path => Name(path).Equals(Name(wrong), StringComparison.OrdinalIgnoreCase),
            path => Spelling.Distance(path, wrong) <= 2,
        ])
        {
            var like = same.Where(isLike).Take(2).ToList();
            if (like.Count > 0)
                return like.Count == 1 ? like[0] : null;
        }

        return null;
    }

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static bool Replace(TextFile file, string wrong, string right, Func<string, bool> isMeant)
    {
        var found = false;
        for (var number = 1; number <= file.Count; number++)
        {
            if (!isMeant(file[number]))
                continue;
            for (var at = file[number].IndexOf(wrong, StringComparison.Ordinal); at >= 0; at = file[number].IndexOf(wrong, at + right.Length, StringComparison.Ordinal))
            {
                if (!IsEdge(file[number], at - 1) || !IsEdge(file[number], at + wrong.Length))
                    return false;
                file[number] = file[number].Remove(at, wrong.Length).Insert(at, right);
                found = true;
                if (at + right.Length > file[number].Length)
                    break;
            }
        }

        return found;
    }

    private static bool IsEdge(string line, int at) => at < 0 || at >= line.Length || char.IsWhiteSpace(line[at]) || line[at] is '"' or '\'' or ';' or ')' or '=';
}
