using System.Text.RegularExpressions;

namespace QMoi.Fixers.Java;

/// <summary>
/// A public class in a file of another name. Renames the file where other sources use the class's name or none uses either; renames the class where others use the file's
/// name. Unsafe where both names are used, where a file of the name exists, and where only case differs: not every file system holds both names.
/// </summary>
public sealed partial class JavaPublicClassFilenameFixer : IFixer
{
    private const int MostFiles = 1000;

    public string FailureId => "java-public-class-filename";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var wrong = diagnosis.Matches.Select(match => (File: match.Captures.GetValueOrDefault("file"), Class: match.Captures.GetValueOrDefault("class"))).Where(entry => entry is { File: not null, Class: not null }).Distinct().ToList();
        if (wrong is not [var (logged, type)])
            return new FixResult.Declined(wrong.Count == 0 ? "the message does not name the file and the class" : "more than one file has another name than its class");
        if (await CheckoutPaths.FindAsync(checkout, logged!, cancellationToken) is not { } path || await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } file)
            return new FixResult.Declined($"`{logged}` is not a file of the repository, or more than one");
        var name = path[(path.LastIndexOf('/') + 1)..^".java".Length];
        if (name == type || !file.Lines.Any(line => TypeOf(line) == type))
            return new FixResult.Declined($"`{path}` does not declare a public class of another name any more");
        if (file.Lines.Any(line => TypeOf(line) is { } declared && declared == name))
            return new FixResult.Declined($"`{path}` declares both `{name}` and `{type}`");

        var all = await checkout.ListAllAsync(cancellationToken);
        var target = path[..^(name.Length + ".java".Length)] + type + ".java";
        var (usesFile, usesClass, others) = (false, false, false);
        foreach (var other in all.Where(other => other != path && IsText(other)).Take(MostFiles))
        {
            if (await TextFile.ReadAsync(checkout, other, cancellationToken) is not { } source)
                continue;
            var isSource = other.EndsWith(".java", StringComparison.Ordinal);
            foreach (var line in source.Lines)
            {
                usesFile |= isSource && HasWord(line, name);
                usesClass |= HasWord(line, type!);
                others |= !isSource && line.Contains(name + ".java", StringComparison.Ordinal);
            }
        }

        if (usesFile && usesClass)
            return new FixResult.Declined($"other files use `{name}` as well as `{type}`; which is right is a decision");
        if (usesFile)
            return RenameClass(file, name, type!);
        if (others)
            return new FixResult.Declined($"a file of the build names `{name}.java`, but the class is called `{type}`");
        if (string.Equals(name, type, StringComparison.OrdinalIgnoreCase))
            return new FixResult.Declined($"`{path}` and `{target}` differ only by case; rename it with `git mv`");
        if (await checkout.ReadAsync(target, cancellationToken) is { } || all.Contains(target, StringComparer.OrdinalIgnoreCase))
            return new FixResult.Declined($"`{target}` exists already");
        var content = (await checkout.ReadAsync(path, cancellationToken))!.Content;
        return new FixResult.Fixed(new Patch([new FileEdit.Delete(path, content), new FileEdit.Write(target, null, content)]), $"Renamed `{path}` to `{target}`, as the class in it is called.");
    }

    private static FixResult.Fixed RenameClass(TextFile file, string name, string type)
    {
        for (var number = 1; number <= file.Count; number++)
            file[number] = Words().Replace(file[number], word => word.Value == type ? name : word.Value);
        return new FixResult.Fixed(new Patch([file.ToEdit()]), $"Renamed the class `{type}` to `{name}` in `{file.Path}`, as other files call it.");
    }

    private static bool IsText(string path) => path.EndsWith(".java", StringComparison.Ordinal) || path.EndsWith(".xml", StringComparison.Ordinal) || path.EndsWith(".gradle", StringComparison.Ordinal) || path.EndsWith(".kts", StringComparison.Ordinal)
        || path.EndsWith(".kt", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal) || path.EndsWith(".yaml", StringComparison.Ordinal) || path.EndsWith(".sh", StringComparison.Ordinal) || path.EndsWith(".properties", StringComparison.Ordinal)
        || path.EndsWith(".mk", StringComparison.Ordinal) || path.EndsWith("Makefile", StringComparison.Ordinal) || path.EndsWith("Dockerfile", StringComparison.Ordinal);

    private static bool HasWord(string line, string word) => line.Contains(word, StringComparison.Ordinal) && !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && Words().Matches(line).Any(match => match.Value == word);

    private static string? TypeOf(string line) => Type().Match(line) is { Success: true } match ? match.Groups["name"].Value : null;

    [GeneratedRegex(@"^(?:(?:public|final|abstract|sealed|non-sealed|strictfp)\s+)*(?:class|interface|enum|record|@interface)\s+(?<name>\w+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Type();

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Words();
}
