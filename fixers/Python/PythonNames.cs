using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>Which import a name needs that a file uses and does not bind.</summary>
internal static partial class PythonNames
{
    private const int MostFiles = 400;
    private const int LongestFile = 256 * 1024;

    /// <summary>Modules of the standard library that are called like the function in them.</summary>
    private static readonly HashSet<string> CalledAsTheirModule = new(StringComparer.Ordinal) { "glob", "pprint" };

    private static readonly HashSet<string> Abstract = new(StringComparer.Ordinal)
    {
        "AsyncGenerator", "AsyncIterable", "AsyncIterator", "Awaitable", "Callable", "Coroutine", "Generator", "Iterable", "Iterator", "Mapping", "MutableMapping", "Sequence",
    };

    /// <param name="name">What Python does not know.</param>
    /// <param name="mayBeMisspelt">Python offered another name instead; then only an unmistakable use counts.</param>
    public static async Task<(PythonImport? Import, string? Reason)> ResolveAsync(TextFile file, string name, bool mayBeMisspelt, ICheckout checkout, CancellationToken cancellationToken)
    {
        var source = PythonSource.Of(file);
        if (IsBound(source, name))
            return (null, $"`{file.Path}` binds the name `{name}` already");
        var uses = Uses(file, source, name);
        if (uses.Count == 0)
            return (null, $"`{file.Path}` does not use the name `{name}`; the log is of another version of it");
        if (mayBeMisspelt && uses.Exists(use => use.Next is not ('.' or '(' or '[')) && !uses.Exists(use => use.IsDecorator))
            return (null, $"`{name}` in `{file.Path}` may as well be misspelt");
        if (Standard(source, name, uses) is { } standard)
            return (standard, null);
        return PythonStandardLibrary.Members.ContainsKey(name) || PythonStandardLibrary.Plain.Contains(name) || mayBeMisspelt
            ? (null, $"it is not clear what `{name}` in `{file.Path}` means")
            : await AsElsewhereAsync(file, name, checkout, cancellationToken);
    }

    /// <summary>Further names of the standard library that the file uses and binds nowhere: Python names only the first one that it comes to.</summary>
    public static IReadOnlyList<PythonImport> AlsoMissing(TextFile file)
    {
        var source = PythonSource.Of(file);
        var code = string.Join('\n', Enumerable.Range(1, source.Count).Select(source.Code));
        return StarImport().IsMatch(code)
            ? []
            : [
                .. Used().Matches(code).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal)
                    .Where(name => !IsBoundAnywhere(code, name))
                    .Select(name => Standard(source, name, Uses(file, source, name))).OfType<PythonImport>(),
            ];
    }

    // Whatever could give the name a value, in any block: rather one too many than one too few.
    private static bool IsBoundAnywhere(string code, string name) => Regex.IsMatch(
        code,
        $@"\b(?:import|from|as|def|class|for|lambda|global|nonlocal|del|case)\b[^\n]*\b{name}\b|(?:^|[^\w.]){name}\b\s*(?:=(?!=)|:=|:[^=\n]*=|,[^\n=()]*=(?!=))|^[^\n=(]*,\s*{name}\s*=(?!=)|^\s*\*{{0,2}}{name}\s*[,:=)]",
        RegexOptions.CultureInvariant | RegexOptions.Multiline,
        TimeSpan.FromSeconds(1));

    /// <summary>Names of the repository's own modules and packages as far as they lie at its root, in <c>src</c> or beside the file.</summary>
    public static async Task<IReadOnlySet<string>> OwnAsync(ICheckout checkout, string path, CancellationToken cancellationToken)
    {
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var folder in new[] { "", "src", FolderOf(path) }.Distinct(StringComparer.Ordinal))
            foreach (var entry in await checkout.ListAsync(folder, cancellationToken))
                if (entry.IsFolder || entry.Path.EndsWith(".py", StringComparison.Ordinal))
                    own.Add(Path.GetFileNameWithoutExtension(entry.Path));
        return own;
    }

    private static PythonImport? Standard(PythonSource source, string name, List<Use> uses)
    {
        var members = uses.Where(use => use.Member.Length > 0).Select(use => use.Member).ToList();
        var isCalled = uses.Exists(use => use.Next == '(' || use.IsDecorator);
        if (PythonStandardLibrary.OfClass.TryGetValue(name, out var ofClass))
        {
            var isClass = members.Exists(ofClass.Contains) || isCalled || (name == "datetime" && members.Count == 0);
            var isModule = name == "datetime" && members.Exists(PythonStandardLibrary.Members[name].Contains);
            return !members.TrueForAll(member => ofClass.Contains(member) || (isModule && PythonStandardLibrary.Members[name].Contains(member))) || isClass == isModule
                ? null
                : isModule ? new PythonImport(name) : new PythonImport("datetime", name);
        }

        if (CalledAsTheirModule.Contains(name) && isCalled)
            return members.Count == 0 ? new PythonImport(name, name) : null;
        if (PythonStandardLibrary.Members.TryGetValue(name, out var known))
            return members.Count > 0 && members.TrueForAll(known.Contains) && !isCalled ? new PythonImport(name) : null;
        if (PythonStandardLibrary.Plain.Contains(name))
            return members.Count > 0 && !isCalled ? new PythonImport(name) : null;
        if (!PythonStandardLibrary.Sources.TryGetValue(name, out var module) || (PythonStandardLibrary.OnlyCalled.Contains(name) && !isCalled))
            return null;

        bool Imports(string pattern) => Enumerable.Range(1, source.Count).Any(line => source.Code(line).StartsWith(pattern, StringComparison.Ordinal));
        if (module == "math" && (Imports("import numpy") || Imports("import cmath")))
            return null;
        return name == "sleep" && uses.Exists(use => use.IsAwaited) ? null : new PythonImport(Abstract.Contains(name) && Imports("from collections.abc import ") ? "collections.abc" : module, name);
    }

    // How the other files of the repository import it, where all agree.
    private static async Task<(PythonImport? Import, string? Reason)> AsElsewhereAsync(TextFile file, string name, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = new HashSet<PythonImport>();
        foreach (var path in (await checkout.ListAllAsync(cancellationToken)).Where(path => path.EndsWith(".py", StringComparison.Ordinal) && path != file.Path).Take(MostFiles))
        {
            if (await checkout.ReadAsync(path, cancellationToken) is not { Content.Length: < LongestFile } read || TextFile.Of(read) is not { } other)
                continue;
            foreach (var import in other.Lines.Where(line => line.Contains(name, StringComparison.Ordinal)).SelectMany(Parse).Where(import => import.Bound == name))
                if (import.Module[0] != '.' || FolderOf(path) == FolderOf(file.Path))
                    found.Add(import);
        }

        if (found.Count != 1)
            return (null, found.Count == 0 ? $"no other file of the repository imports `{name}`" : $"the files of the repository import `{name}` from different modules");
        var only = found.Single();
        // A module that is imported in turn by what it imports does not load; a test is imported by nothing.
        return only.Module[0] != '.' && !(await OwnAsync(checkout, file.Path, cancellationToken)).Contains(only.Root) || TestFile().IsMatch(file.Path)
            ? (only, null)
            : (null, $"`{only.Text}` is how other files get `{name}`; whether `{file.Path}` may do so without a circle is for a person to say");
    }

    /// <summary>The imports of one line at the left margin.</summary>
    private static IEnumerable<PythonImport> Parse(string line)
    {
        if (From().Match(line) is { Success: true } from)
        {
            foreach (var part in from.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                if (part.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: 1 or 3 } words)
                    yield return new PythonImport(from.Groups["module"].Value, words[0], words.Length == 3 ? words[2] : null);
        }
        else if (Import().Match(line) is { Success: true } import)
        {
            yield return new PythonImport(import.Groups["module"].Value, null, import.Groups["alias"].Success ? import.Groups["alias"].Value : null);
        }
    }

    // At the left margin, or by an import that is not one function's own.
    private static bool IsBound(PythonSource source, string name)
    {
        var binds = new Regex($@"^(?:(?:async\s+)?def|class)\s+{name}\b|^(?:[\w,\s()]*[\s,(])?{name}\s*(?:,[\w,\s()]*)?(?::[^=]+)?=(?:[^=]|$)|^for\s.*\b{name}\b.*\sin\s|\bas\s+{name}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var imports = new Regex($@"\b{name}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var block = "";
        for (var line = source.Next(0); line > 0; line = source.Next(source.EndOf(line)))
        {
            var code = string.Join(' ', Enumerable.Range(line, source.EndOf(line) - line + 1).Select(source.Code));
            var isInside = code[0] is ' ' or '\t';
            if (!isInside)
                block = code;
            if (!isInside && binds.IsMatch(code))
                return true;
            if (!Function().IsMatch(block) && AnyImport().IsMatch(code) && imports.IsMatch(code[(code.StartsWith("from", StringComparison.Ordinal) ? code.IndexOf("import", StringComparison.Ordinal) + 6 : 0)..]))
                return true;
        }

        return false;
    }

    private static List<Use> Uses(TextFile file, PythonSource source, string name)
    {
        var pattern = new Regex($@"(?<before>^|[^\w.])(?<name>{name})\b(?:\s*\.\s*(?<member>\w+)|\s*(?<next>\S))?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var uses = new List<Use>();
        for (var line = 1; line <= file.Count; line++)
        {
            // What stands in the braces of an f-string is code as well.
            var code = source.Code(line);
            var text = code.Contains("__", StringComparison.Ordinal) && FormatString().IsMatch(file[line]) && !source.IsInString(line) ? file[line] : code;
            foreach (Match match in pattern.Matches(text))
            {
                if (match.Groups["next"].Value == "=" && !text[match.Groups["next"].Index..].StartsWith("==", StringComparison.Ordinal))
                    continue; // the name of an argument
                var member = match.Groups["member"].Value;
                uses.Add(new Use(member, member.Length > 0 ? '.' : match.Groups["next"].Success ? match.Groups["next"].Value[0] : '\n', match.Groups["before"].Value == "@", text[..match.Groups["name"].Index].TrimEnd().EndsWith("await", StringComparison.Ordinal)));
            }
        }

        return uses;
    }

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";

    private sealed record Use(string Member, char Next, bool IsDecorator, bool IsAwaited);

    [GeneratedRegex(@"^from\s+(?<module>\.*[\w.]+)\s+import\s+(?<names>\w[\w,\s]*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex From();

    [GeneratedRegex(@"^import\s+(?<module>[\w.]+)(?:\s+as\s+(?<alias>\w+))?\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Import();

    [GeneratedRegex(@"^\s*(?:import|from)\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex AnyImport();

    [GeneratedRegex(@"^(?:(?:async\s+)?def|class)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Function();

    [GeneratedRegex(@"^\s*from\s+\S+\s+import\s+\*", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex StarImport();

    [GeneratedRegex(@"(?:^|[^\w.])(?<name>[A-Za-z]\w*)", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Used();

    [GeneratedRegex("""\b[rR]?[fF][rR]?["']""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FormatString();

    [GeneratedRegex(@"(?:^|/)(?:tests?/.*|test_[^/]*|[^/]*_test)\.py$|(?:^|/)conftest\.py$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TestFile();
}
