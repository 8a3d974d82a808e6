using System.Text.RegularExpressions;

namespace QMoi.Fixers.Docker;

/// <summary>
/// COPY or ADD names a file that the build context does not have. Corrects the path where exactly one file or folder differs from it by case or by a slip of the finger.
/// Unsafe where the file is made by an earlier step, left out by .dockerignore, or where the context is not clear.
/// </summary>
public sealed partial class DockerfileCopyMissingFixer : IFixer
{
    public string FailureId => "dockerfile-copy-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var missing = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("path")).OfType<string>().Select(path => path.Trim('/')).Distinct(StringComparer.Ordinal).ToList();
        if (missing is not [{ Length: > 0 } wrong] || wrong.Contains('*', StringComparison.Ordinal))
            return new FixResult.Declined("the log does not name one path that is missing");
        var places = (await Dockerfiles.ReadAsync(checkout, cancellationToken)).SelectMany(file => Sources(file).Where(source => Plain(source.Text) == wrong).Select(source => (File: file, source.Line, source.Index, source.Text))).ToList();
        if (places.Select(place => place.File).Distinct().ToList() is not [var dockerfile])
            return new FixResult.Declined(places.Count == 0 ? $"no Dockerfile copies `{wrong}`" : $"more than one Dockerfile copies `{wrong}`");

        var files = await checkout.ListAllAsync(cancellationToken);
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var context in new[] { "", Dockerfiles.FolderOf(dockerfile.Path) }.Distinct(StringComparer.Ordinal))
        {
            var tree = Tree(files, context);
            if (tree.Contains(wrong))
                return new FixResult.Declined($"`{CheckoutPaths.Join(context, wrong)}` is in the repository; look at .dockerignore and at the build context");
            if (Nearest(tree, wrong) is { } near)
                found.Add(near);
        }

        if (found is not { Count: 1 } || found.Min is not { } right)
            return new FixResult.Declined(found.Count == 0 ? $"nothing in the repository is called like `{wrong}`; an earlier step may have to make it" : $"`{wrong}` may be any of {string.Join(", ", found.Select(path => $"`{path}`"))}");
        if (Sources(dockerfile).Any(source => Plain(source.Text) == right))
            return new FixResult.Declined($"`{dockerfile.Path}` copies `{right}` too, so `{wrong}` is something else");
        if (await IsIgnoredAsync(checkout, dockerfile, right, cancellationToken))
            return new FixResult.Declined($"`{right}` may be left out by .dockerignore");
        foreach (var (_, line, index, text) in places.OrderByDescending(place => place.Line).ThenByDescending(place => place.Index))
        {
            var at = text.IndexOf(wrong, StringComparison.Ordinal);
            dockerfile[line] = dockerfile[line].Remove(index + at, wrong.Length).Insert(index + at, right);
        }

        return new FixResult.Fixed(new Patch([dockerfile.ToEdit()]), $"Corrected `{wrong}` to `{right}` in `{dockerfile.Path}`.");
    }

    // All words of COPY and ADD but flags and the last one, which is the target; what comes from another stage is not of the context.
    private static List<(int Line, int Index, string Text)> Sources(TextFile file)
    {
        var sources = new List<(int, int, string)>();
        for (var number = 1; number <= file.Count; number++)
        {
            if (!Copy().IsMatch(file[number]) || file[number].Contains("--from", StringComparison.Ordinal))
                continue;
            var words = new List<(int, int, string)>();
            var end = Dockerfiles.EndOf(file, number);
            for (var line = number; line <= end; line++)
                words.AddRange(Word().Matches(file[line]).Select(word => (line, word.Index, word.Value)));
            sources.AddRange(words.Skip(1).Where(word => !word.Item3.StartsWith("--", StringComparison.Ordinal)).SkipLast(1));
            number = end;
        }

        return sources;
    }

    private static string Plain(string text) => (text.StartsWith("./", StringComparison.Ordinal) ? text[2..] : text).Trim('/');

    private static HashSet<string> Tree(IReadOnlyList<string> files, string context)
    {
        var prefix = context.Length == 0 ? "" : context + "/";
        var tree = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in files.Where(path => path.StartsWith(prefix, StringComparison.Ordinal)))
            for (var part = path[prefix.Length..]; part.Length > 0 && tree.Add(part); part = Dockerfiles.FolderOf(part)) { }
        return tree;
    }

    // Folder by folder, as one reads it.
    private static string? Nearest(HashSet<string> tree, string wrong)
    {
        var found = "";
        foreach (var part in wrong.Split('/'))
        {
            var here = tree.Where(path => Dockerfiles.FolderOf(path) == found).Select(path => path[(path.LastIndexOf('/') + 1)..]).ToList();
            var exact = here.Contains(part, StringComparer.Ordinal) ? part : null;
            var cased = here.Where(name => name.Equals(part, StringComparison.OrdinalIgnoreCase)).Take(2).ToList();
            var near = here.Where(name => Spelling.Distance(name, part) <= (part.Length < 5 ? 0 : part.Length < 9 ? 1 : 2)).Take(2).ToList();
            var next = exact ?? (cased.Count > 0 ? Single(cased) : Single(near));
            if (next is null)
                return null;
            found = CheckoutPaths.Join(found, next);
        }

        return found;
    }

    private static string? Single(List<string> names) => names is [var only] ? only : null;

    // Only whether a line could be about it: a pattern that is read wrongly would let a build fail again.
    private static async Task<bool> IsIgnoredAsync(ICheckout checkout, TextFile dockerfile, string path, CancellationToken cancellationToken)
    {
        foreach (var name in new[] { ".dockerignore", CheckoutPaths.Join(Dockerfiles.FolderOf(dockerfile.Path), ".dockerignore"), dockerfile.Path + ".dockerignore" })
        {
            if (await TextFile.ReadAsync(checkout, name, cancellationToken) is { } ignore
                && ignore.Lines.Select(line => line.Trim().TrimStart('/')).Any(line => line is "*" or "**" || (line.Length > 0 && !line.StartsWith('#') && !line.StartsWith('!') && path.Split('/').Contains(line.TrimEnd('/', '*').Split('/')[^1], StringComparer.OrdinalIgnoreCase))))
                return true;
        }

        return false;
    }

    [GeneratedRegex(@"^\s*(?:COPY|ADD)\s", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Copy();

    [GeneratedRegex("""[^\s"\[\],\\]+""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();
}
