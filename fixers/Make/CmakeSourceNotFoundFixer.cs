using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Make;

/// <summary>
/// Recognises source files that CMakeLists.txt lists and the repository has under another name: other case, another folder or ending, a slip of the finger. Corrects the name in the list.
/// Unsafe where more than one file fits, or where the file was removed: declined.
/// </summary>
public sealed partial class CmakeSourceNotFoundFixer : IFixer
{
    public string FailureId => "cmake-source-not-found";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("file", out var named) || await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } list)
            return new FixResult.Declined("the log does not name a CMakeLists.txt of the repository");
        var paths = await checkout.ListAllAsync(cancellationToken);
        var known = paths.ToHashSet(StringComparer.Ordinal);
        var folder = path.LastIndexOf('/') is >= 0 and var end ? path[..end] : "";
        var listed = Enumerable.Range(1, list.Count).SelectMany(line => Source().Matches(WithoutComment(list[line])).Select(match => (Line: line, match.Index, Name: match.Value))).ToList();
        var missing = listed.Where(source => !known.Contains(CheckoutPaths.Join(folder, source.Name)) && !source.Name.Contains("..", StringComparison.Ordinal)).ToList();
        if (missing.Count == 0)
            return new FixResult.Declined($"every source file that `{path}` names is there; the name comes from a variable");
        var corrected = new List<string>();
        foreach (var (line, at, name) in missing.OrderByDescending(source => source.Line).ThenByDescending(source => source.Index))
        {
            var free = paths.Where(file => folder.Length == 0 || file.StartsWith(folder + "/", StringComparison.Ordinal)).Select(file => folder.Length == 0 ? file : file[(folder.Length + 1)..])
                .Where(file => Source().IsMatch(file) && !listed.Exists(source => source.Name == file)).ToList();
            var found = Found(name, free);
            if (found is not [var only])
                return new FixResult.Declined(found.Count == 0 ? $"the repository has no file like `{name}`; it was removed, or is made by the build" : $"`{name}` may be any of {string.Join(", ", found.Select(file => $"`{file}`"))}");
            list[line] = list[line].Remove(at, name.Length).Insert(at, only);
            corrected.Add($"`{name}` to `{only}`");
        }

        corrected.Reverse();
        return new FixResult.Fixed(new Patch([list.ToEdit()]), $"Corrected {string.Join(", ", corrected)} in `{path}`.");
    }

    // The nearest kind of likeness that any file has.
    private static List<string> Found(string name, List<string> files)
    {
        var (folder, stem, ending) = Parts(name);
        Func<string, bool>[] likenesses =
        [
            file => string.Equals(file, name, StringComparison.OrdinalIgnoreCase),
            file => Parts(file) is var parts && parts.Folder == folder && parts.Stem == stem && IsCode(parts.Ending) && IsCode(ending),
            file => Parts(file) is var parts && parts.Stem == stem && parts.Ending == ending,
            file => Parts(file) is var parts && parts.Folder == folder && parts.Ending == ending && Slip.Of(stem, parts.Stem),
        ];
        return likenesses.Select(isLike => files.Where(isLike).ToList()).FirstOrDefault(found => found.Count > 0) ?? [];
    }

    private static (string Folder, string Stem, string Ending) Parts(string path) =>
        (path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "", System.IO.Path.GetFileNameWithoutExtension(path), System.IO.Path.GetExtension(path));

    private static bool IsCode(string ending) => ending is ".c" or ".cc" or ".cpp" or ".cxx" or ".C";

    private static string WithoutComment(string line) => line.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at ? line[..at] : line;

    [GeneratedRegex(@"(?<![\w./${}*-])[\w][\w./+-]*\.(?:c|cc|cpp|cxx|C|h|hh|hpp|hxx|cu|m|mm|s|S|asm)(?![\w./-])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Source();
}
